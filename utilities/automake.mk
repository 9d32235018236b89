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
benchdatapathdir = $(pkgdatadir)/bench/datapath
dist_benchdatapath_DATA = \
	utilities/bench/datapath/arguments.py \
	utilities/bench/datapath/callgrind.py \
	utilities/bench/datapath/check.py \
	utilities/bench/datapath/interrupt.py \
	utilities/bench/datapath/latency.py \
	utilities/bench/datapath/latency_measure.py \
	utilities/bench/datapath/latency_options.py \
	utilities/bench/datapath/latency_report.py \
	utilities/bench/datapath/machine.py \
	utilities/bench/datapath/main.py \
	utilities/bench/datapath/measure.py \
	utilities/bench/datapath/network.py \
	utilities/bench/datapath/options.py \
	utilities/bench/datapath/output.py \
	utilities/bench/datapath/ovs.py \
	utilities/bench/datapath/packets.py \
	utilities/bench/datapath/pcap.py \
	utilities/bench/datapath/probe.py \
	utilities/bench/datapath/processes.py \
	utilities/bench/datapath/report.py \
	utilities/bench/datapath/sample.py \
	utilities/bench/datapath/system.py \
	utilities/bench/datapath/systems.py \
	utilities/bench/datapath/testpmd.py \
	utilities/bench/datapath/traffic.py
pkglibexec_PROGRAMS = \
	utilities/hwvxlan-bench-cache \
	utilities/hwvxlan-bench-probe
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
utilities_hwvxlan_bench_probe_SOURCES = \
	utilities/bench/probe/loop.c \
	utilities/bench/probe/loop.h \
	utilities/bench/probe/main.c
utilities_hwvxlan_bench_probe_LDADD = $(OVS_LDADD)
