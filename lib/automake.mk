# SPDX-License-Identifier: Apache-2.0

noinst_LTLIBRARIES += lib/libhwv.la
lib_libhwv_la_SOURCES = \
	lib/hwv-codec.c \
	lib/hwv-codec.h \
	lib/hwv-counters.c \
	lib/hwv-counters.h \
	lib/hwv-flow-map.c \
	lib/hwv-flow-map.h \
	lib/hwv-flow-table.c \
	lib/hwv-flow-table.h \
	lib/hwv-frame.c \
	lib/hwv-frame.h \
	lib/hwv-frames.h \
	lib/hwv-frequency.c \
	lib/hwv-frequency.h \
	lib/hwv-half-life.c \
	lib/hwv-half-life.h \
	lib/hwv-hash.h \
	lib/hwv-key.h \
	lib/hwv-memory.c \
	lib/hwv-memory.h \
	lib/hwv-next-hop.c \
	lib/hwv-next-hop.h \
	lib/hwv-number.c \
	lib/hwv-number.h \
	lib/hwv-order.c \
	lib/hwv-order.h \
	lib/hwv-outers.h \
	lib/hwv-pipeline.c \
	lib/hwv-pipeline.h \
	lib/hwv-replacement-aged-lfu.c \
	lib/hwv-replacement-groups.c \
	lib/hwv-replacement-groups.h \
	lib/hwv-replacement-policy.h \
	lib/hwv-replacement-residents.c \
	lib/hwv-replacement-residents.h \
	lib/hwv-replacement-simple.c \
	lib/hwv-replacement.c \
	lib/hwv-replacement.h \
	lib/hwv-shadow-table.c \
	lib/hwv-shadow-table.h \
	lib/hwv-source-table.c \
	lib/hwv-source-table.h \
	lib/hwv-tunnel-table.c \
	lib/hwv-tunnel-table.h \
	lib/hwv-vector.c \
	lib/hwv-vector.h \
	lib/hwv-verdict.c \
	lib/hwv-verdict.h \
	lib/hwv-vtag.h
