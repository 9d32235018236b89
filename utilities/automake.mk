# SPDX-License-Identifier: Apache-2.0

EXTRA_DIST += \
	utilities/quickstart \
	utilities/quickstart-count.bash

dist_bin_SCRIPTS = \
	utilities/hwvxlan-restart-time \
	utilities/hwvxlan-sandbox \
	utilities/hwvxlan-top
sandboxdir = $(pkgdatadir)/sandbox
dist_sandbox_DATA = \
	utilities/sandbox/network.bash \
	utilities/sandbox/process.bash \
	utilities/sandbox/segment.bash \
	utilities/sandbox/tcp.py \
	utilities/sandbox/traffic.bash

# hwvxlan-bench runs a program for each of its commands.
dist_bin_SCRIPTS += utilities/hwvxlan-bench
pkglibexec_PROGRAMS = utilities/hwvxlan-bench-cache
utilities_hwvxlan_bench_cache_SOURCES = \
	utilities/bench/cache.c \
	utilities/bench/hwv.c \
	utilities/bench/options.c \
	utilities/bench/options.h \
	utilities/bench/peers.c \
	utilities/bench/policies.h \
	utilities/bench/report.c \
	utilities/bench/report.h \
	utilities/bench/tinylfu.c \
	utilities/bench/trace-file.c \
	utilities/bench/trace.c \
	utilities/bench/trace.h
utilities_hwvxlan_bench_cache_LDADD = \
	lib/libhwv.la \
	$(OVS_LDADD) \
	$(HWV_EXTERNAL_LIBS)
