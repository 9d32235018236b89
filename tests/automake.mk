# SPDX-License-Identifier: Apache-2.0

# Unit tests: one libcheck program each, run by "make check".  UNIT_TEST_LIBS
# is what a program links with to reach the code under test and OVS's library.
UNIT_TESTS = \
	tests/test-hwv-actions \
	tests/test-hwv-actions-lossless \
	tests/test-hwv-codec \
	tests/test-hwv-codec-ovs \
	tests/test-hwv-counters \
	tests/test-hwv-dpdk \
	tests/test-hwv-fdb \
	tests/test-hwv-fdb-learned \
	tests/test-hwv-fdb-model \
	tests/test-hwv-flow \
	tests/test-hwv-flow-map \
	tests/test-hwv-flow-table \
	tests/test-hwv-flow-table-threads \
	tests/test-hwv-frame \
	tests/test-hwv-full \
	tests/test-hwv-residency \
	tests/test-hwv-shadow-table \
	tests/test-hwv-hold \
	tests/test-hwv-match \
	tests/test-hwv-match-soundness \
	tests/test-hwv-next-hop \
	tests/test-hwv-nic-soft \
	tests/test-hwv-offload-thread \
	tests/test-hwv-packet-in \
	tests/test-hwv-pipeline \
	tests/test-hwv-pmd-load \
	tests/test-hwv-replacement \
	tests/test-hwv-replacement-groups \
	tests/test-hwv-source-table \
	tests/test-hwv-tunnel-table \
	tests/test-hwv-vector \
	tests/test-hwv-vport-offload
UNIT_TEST_LIBS = \
	ofproto-ext/libhwvofproto.la \
	netdev-hwvxlan/libhwvnetdev.la \
	lib/libhwv.la \
	$(OVS_LDADD) \
	$(HWV_EXTERNAL_LIBS) \
	$(CHECK_LIBS)
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)

tests_test_hwv_dpdk_SOURCES = \
	tests/hwv-unit.h \
	tests/test-hwv-dpdk.c
tests_test_hwv_dpdk_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_fdb_SOURCES = \
	tests/hwv-fdb-world.c \
	tests/hwv-fdb-world.h \
	tests/hwv-unit.h \
	tests/test-hwv-fdb.c
tests_test_hwv_fdb_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_fdb_learned_SOURCES = \
	tests/hwv-fdb-world.c \
	tests/hwv-fdb-world.h \
	tests/hwv-unit.h \
	tests/test-hwv-fdb-learned.c
tests_test_hwv_fdb_learned_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_fdb_model_SOURCES = \
	tests/hwv-fdb-world.c \
	tests/hwv-fdb-world.h \
	tests/hwv-unit.h \
	tests/test-hwv-fdb-model.c
tests_test_hwv_fdb_model_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_codec_SOURCES = \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h \
	tests/hwv-unit.h \
	tests/hwv-vectors.c \
	tests/hwv-vectors.h \
	tests/test-hwv-codec.c
tests_test_hwv_codec_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_codec_ovs_SOURCES = \
	tests/hwv-codec-ovs.c \
	tests/hwv-codec-ovs.h \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h \
	tests/hwv-unit.h \
	tests/test-hwv-codec-ovs.c
tests_test_hwv_codec_ovs_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_frame_SOURCES = \
	tests/hwv-frame-ovs.c \
	tests/hwv-frame-ovs.h \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h \
	tests/hwv-unit.h \
	tests/test-hwv-frame.c
tests_test_hwv_frame_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_full_SOURCES = \
	tests/hwv-odp-string.c \
	tests/hwv-odp-string.h \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h \
	tests/hwv-test-port.c \
	tests/hwv-test-port.h \
	tests/hwv-unit.h \
	tests/test-hwv-full.c
tests_test_hwv_full_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_residency_SOURCES = \
	tests/hwv-odp-string.c \
	tests/hwv-odp-string.h \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h \
	tests/hwv-test-port.c \
	tests/hwv-test-port.h \
	tests/hwv-unit.h \
	tests/test-hwv-residency.c
tests_test_hwv_residency_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_shadow_table_SOURCES = \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h \
	tests/hwv-unit.h \
	tests/test-hwv-shadow-table.c
tests_test_hwv_shadow_table_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_hold_SOURCES = \
	tests/hwv-unit.h \
	tests/test-hwv-hold.c
tests_test_hwv_hold_LDADD = ofproto-ext/libhwvofproto.la $(UNIT_TEST_LIBS)

tests_test_hwv_offload_thread_SOURCES = \
	tests/hwv-unit.h \
	tests/test-hwv-offload-thread.c
tests_test_hwv_offload_thread_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_packet_in_SOURCES = \
	tests/hwv-unit.h \
	tests/test-hwv-packet-in.c
tests_test_hwv_packet_in_LDADD = \
	ofproto-ext/libhwvofproto.la $(UNIT_TEST_LIBS)

tests_test_hwv_next_hop_SOURCES = \
	tests/hwv-unit.h \
	tests/test-hwv-next-hop.c
tests_test_hwv_next_hop_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_nic_soft_SOURCES = \
	tests/hwv-odp-string.c \
	tests/hwv-odp-string.h \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h \
	tests/hwv-test-port.c \
	tests/hwv-test-port.h \
	tests/hwv-unit.h \
	tests/test-hwv-nic-soft.c
tests_test_hwv_nic_soft_LDADD = $(UNIT_TEST_LIBS)
tests_test_hwv_nic_soft_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=hwv_wire_send

tests_test_hwv_pipeline_SOURCES = \
	tests/hwv-burst.c \
	tests/hwv-burst.h \
	tests/hwv-random-world.c \
	tests/hwv-random-world.h \
	tests/hwv-reference.c \
	tests/hwv-reference.h \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h \
	tests/hwv-unit.h \
	tests/test-hwv-pipeline.c
tests_test_hwv_pipeline_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_pmd_load_SOURCES = \
	tests/hwv-unit.h \
	tests/test-hwv-pmd-load.c
tests_test_hwv_pmd_load_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_replacement_SOURCES = \
	tests/hwv-replacement-world.c \
	tests/hwv-replacement-world.h \
	tests/hwv-unit.h \
	tests/test-hwv-replacement.c
tests_test_hwv_replacement_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_replacement_groups_SOURCES = \
	tests/hwv-replacement-world.c \
	tests/hwv-replacement-world.h \
	tests/hwv-unit.h \
	tests/test-hwv-replacement-groups.c
tests_test_hwv_replacement_groups_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_actions_SOURCES = \
	tests/hwv-odp-string.c \
	tests/hwv-odp-string.h \
	tests/hwv-unit.h \
	tests/test-hwv-actions.c
tests_test_hwv_actions_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_actions_lossless_SOURCES = \
	tests/hwv-lossless.c \
	tests/hwv-lossless.h \
	tests/hwv-odp-string.c \
	tests/hwv-odp-string.h \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h \
	tests/hwv-unit.h \
	tests/test-hwv-actions-lossless.c
tests_test_hwv_actions_lossless_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_match_SOURCES = \
	tests/hwv-odp-string.c \
	tests/hwv-odp-string.h \
	tests/hwv-unit.h \
	tests/test-hwv-match.c
tests_test_hwv_match_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_match_soundness_SOURCES = \
	tests/hwv-agreement.c \
	tests/hwv-agreement.h \
	tests/hwv-odp-string.c \
	tests/hwv-odp-string.h \
	tests/hwv-samples.c \
	tests/hwv-samples.h \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h \
	tests/hwv-unit.h \
	tests/test-hwv-match-soundness.c
tests_test_hwv_match_soundness_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_flow_SOURCES = \
	tests/hwv-odp-string.c \
	tests/hwv-odp-string.h \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h \
	tests/hwv-test-port.c \
	tests/hwv-test-port.h \
	tests/hwv-unit.h \
	tests/test-hwv-flow.c
tests_test_hwv_flow_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_flow_map_SOURCES = \
	tests/hwv-unit.h \
	tests/test-hwv-flow-map.c
tests_test_hwv_flow_map_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_flow_table_SOURCES = \
	tests/hwv-lookup.h \
	tests/hwv-unit.h \
	tests/test-hwv-flow-table.c
tests_test_hwv_flow_table_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_flow_table_threads_SOURCES = \
	tests/hwv-lookup.h \
	tests/hwv-unit.h \
	tests/test-hwv-flow-table-threads.c
tests_test_hwv_flow_table_threads_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_source_table_SOURCES = \
	tests/hwv-unit.h \
	tests/test-hwv-source-table.c
tests_test_hwv_source_table_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_tunnel_table_SOURCES = \
	tests/hwv-unit.h \
	tests/test-hwv-tunnel-table.c
tests_test_hwv_tunnel_table_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_vector_SOURCES = \
	tests/hwv-unit.h \
	tests/test-hwv-vector.c
tests_test_hwv_vector_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_counters_SOURCES = \
	tests/hwv-unit.h \
	tests/test-hwv-counters.c
tests_test_hwv_counters_LDADD = $(UNIT_TEST_LIBS)

tests_test_hwv_vport_offload_SOURCES = \
	tests/hwv-odp-string.c \
	tests/hwv-odp-string.h \
	tests/hwv-test-frames.c \
	tests/hwv-test-frames.h \
	tests/hwv-test-port.c \
	tests/hwv-test-port.h \
	tests/hwv-unit.h \
	tests/test-hwv-vport-offload.c
tests_test_hwv_vport_offload_LDADD = $(UNIT_TEST_LIBS)
tests_test_hwv_vport_offload_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=dpdk_available

include tests/fuzz/automake.mk

# Tables by themselves.  Not a part of any suite.
EXTRA_PROGRAMS = tests/bench-hwv-fdb tests/bench-hwv-flow-table
tests_bench_hwv_fdb_SOURCES = tests/bench-hwv-fdb.c
tests_bench_hwv_fdb_LDADD = $(UNIT_TEST_LIBS)
tests_bench_hwv_flow_table_SOURCES = tests/bench-hwv-flow-table.c
tests_bench_hwv_flow_table_LDADD = $(UNIT_TEST_LIBS)
CLEANFILES += tests/bench-hwv-fdb tests/bench-hwv-flow-table
.PHONY: bench-fdb bench-flow-table
bench-fdb: tests/bench-hwv-fdb
	tests/bench-hwv-fdb
bench-flow-table: tests/bench-hwv-flow-table
	tests/bench-hwv-flow-table

# The autotest suites: "make check" runs the first, which needs no privileges,
# and "make check-system" the second, which makes network namespaces.
TESTSUITE_AT = \
	tests/testsuite.at \
	tests/hwv-macros.at \
	tests/hwv-segment-macros.at \
	tests/hwv-stream-macros.at \
	tests/hwv-version.at \
	tests/hwv-dpdk.at \
	tests/hwv-encap.at \
	tests/hwv-segment.at \
	tests/hwv-segment-flood.at \
	tests/hwv-segment-learn.at \
	tests/hwv-segment-model.at \
	tests/hwv-segment-ovs.at \
	tests/hwv-segment-remote.at \
	tests/hwv-segment-vlan.at \
	tests/hwv-switch.at \
	tests/hwv-vlan.at \
	tests/hwv-first-packet.at \
	tests/hwv-options.at \
	tests/hwv-control.at \
	tests/hwv-ports.at \
	tests/hwv-replacement.at \
	tests/hwv-dump.at \
	tests/hwv-decap.at \
	tests/hwv-roles.at \
	tests/hwv-hostile.at \
	tests/hwv-hostile-uplink.at \
	tests/hwv-soundness.at \
	tests/hwv-refused.at \
	tests/hwv-stats.at \
	tests/hwv-faults.at \
	tests/hwv-sflow.at \
	tests/hwv-fdb-macros.at \
	tests/hwv-fdb.at \
	tests/hwv-underlay.at \
	tests/hwv-upcall-limit.at \
	tests/hwv-neigh.at \
	tests/hwv-vtep.at \
	tests/hwv-wires.at \
	tests/hwv-wrap.at \
	tests/hwv-bench.at \
	tests/hwv-bench-datapath.at \
	tests/hwv-bench-latency.at
SYSTEM_TESTSUITE_AT = \
	tests/system-testsuite.at \
	tests/hwv-fdb-macros.at \
	tests/hwv-macros.at \
	tests/hwv-segment-macros.at \
	tests/system-macros.at \
	tests/system-memif.at \
	tests/system-traffic.at \
	tests/system-acl.at \
	tests/system-base.at \
	tests/system-faults.at \
	tests/system-fdb.at \
	tests/system-hits.at \
	tests/system-idle.at \
	tests/system-migration.at \
	tests/system-neigh.at \
	tests/system-next-hop.at \
	tests/system-reconfigure.at \
	tests/system-replacement.at \
	tests/system-sandbox.at \
	tests/system-segment.at \
	tests/system-share.at \
	tests/system-vhost.at

# Random pipelines and frames, our ovs-vswitchd against itself without offload
# and against OVS's own: see tests/differential/run --help.
DIFFERENTIAL = \
	tests/differential/churn.py \
	tests/differential/compare.py \
	tests/differential/control.py \
	tests/differential/coverage.py \
	tests/differential/frames.py \
	tests/differential/generate.py \
	tests/differential/live.py \
	tests/differential/model.py \
	tests/differential/rules.py \
	tests/differential/run \
	tests/differential/runner.py \
	tests/differential/segment_cases.py \
	tests/differential/segment_check.py \
	tests/differential/segments.py \
	tests/differential/session.py \
	tests/differential/shrink.py \
	tests/differential/switch.py \
	tests/differential/traffic.py
# The first cases of this seed have all kinds of flows.
DIFFERENTIAL_FLAGS = --quick --seed 9

TESTSUITE = tests/testsuite
SYSTEM_TESTSUITE = tests/system-testsuite
EXTRA_DIST += \
	$(TESTSUITE_AT) \
	$(SYSTEM_TESTSUITE_AT) \
	$(DIFFERENTIAL) \
	tests/hwv-frame.py \
	tests/hwv-frames.py \
	tests/hwv-probe.py \
	tests/hwv-segment-model.py \
	tests/hwv-short-pool.c \
	tests/hwv-traffic.py \
	tests/vectors/encap.txt \
	tests/vectors/make-vectors.py \
	tests/vectors/outer.txt
CLEANFILES += \
	$(SYSTEM_TESTSUITE) \
	$(TESTSUITE) \
	tests/hwv-frames.pyc \
	tests/hwv-short-pool.so \
	tests/package.m4
DISTCLEANFILES += \
	tests/atconfig \
	tests/atlocal

# OVS's test macros come from its source tree and its programs from its build,
# or from another one, e.g. of "build-ovs --tools", with programs that start
# faster.  Only ovs-vswitchd is ours, and found first.
OVS_TOOLS = $(OVS_BUILD)
AUTOTEST = $(AUTOM4TE) --language=autotest \
	-I tests -I '$(srcdir)' -I '$(srcdir)/tests' -I '$(OVS_SRC)'
AUTOTEST_PATH = vswitchd:$(OVS_TOOLS)/utilities:$(OVS_TOOLS)/ovsdb:$(OVS_BUILD)/utilities:$(OVS_BUILD)/ovsdb:$(OVS_BUILD)/tests
RUN_TESTSUITE = CONFIG_SHELL=/bin/sh /bin/sh ./$(1) -C tests AUTOTEST_PATH='$(AUTOTEST_PATH)'
OVS_MACROS_AT = \
	$(OVS_SRC)/tests/ofproto-macros.at \
	$(OVS_SRC)/tests/ovs-macros.at \
	$(OVS_SRC)/tests/ovsdb-macros.at
TESTSUITE_NEEDS = \
	tests/atconfig \
	tests/atlocal \
	tests/hwv-frames.pyc \
	tests/hwv-short-pool.so \
	utilities/hwvxlan-bench-cache \
	vswitchd/ovs-vswitchd

tests/package.m4: $(top_builddir)/config.status
	$(AM_V_GEN){ \
	  echo 'm4_define([AT_PACKAGE_NAME], [$(PACKAGE_NAME)])' && \
	  echo 'm4_define([AT_PACKAGE_TARNAME], [$(PACKAGE_TARNAME)])' && \
	  echo 'm4_define([AT_PACKAGE_VERSION], [$(PACKAGE_VERSION)])' && \
	  echo 'm4_define([AT_PACKAGE_STRING], [$(PACKAGE_STRING)])' && \
	  echo 'm4_define([AT_PACKAGE_BUGREPORT], [$(PACKAGE_BUGREPORT)])' && \
	  echo 'm4_define([AT_PACKAGE_URL], [$(PACKAGE_URL)])'; \
	} > $@.tmp && mv $@.tmp $@

$(TESTSUITE): tests/package.m4 $(TESTSUITE_AT) $(OVS_MACROS_AT)
	$(AM_V_GEN)$(AUTOTEST) -o $@.tmp '$(srcdir)/$@.at' && mv $@.tmp $@

$(SYSTEM_TESTSUITE): tests/package.m4 $(SYSTEM_TESTSUITE_AT) $(OVS_MACROS_AT)
	$(AM_V_GEN)$(AUTOTEST) -o $@.tmp '$(srcdir)/$@.at' && mv $@.tmp $@

# Compiled, as each test runs it dozens of times.
tests/hwv-frames.pyc: $(srcdir)/tests/hwv-frames.py
	$(AM_V_GEN)$(PYTHON3) -c 'import py_compile, sys; \
	    py_compile.compile(sys.argv[1], sys.argv[2], doraise=True)' \
	    '$(srcdir)/tests/hwv-frames.py' $@

tests/hwv-short-pool.so: $(srcdir)/tests/hwv-short-pool.c
	$(AM_V_CCLD)$(CC) $(DPDK_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) \
	    -shared -fPIC -o $@ '$(srcdir)/tests/hwv-short-pool.c'

# All that the tests need, for building it with "-j" before a quiet run.
.PHONY: check-programs
check-programs: $(check_PROGRAMS) $(TESTSUITE) $(TESTSUITE_NEEDS)

check-local: $(TESTSUITE) $(TESTSUITE_NEEDS)
	$(call RUN_TESTSUITE,$(TESTSUITE)) $(TESTSUITEFLAGS)

# Each test is in network namespaces of its own.
.PHONY: check-system
check-system: $(SYSTEM_TESTSUITE) $(TESTSUITE_NEEDS)
	$(call RUN_TESTSUITE,$(SYSTEM_TESTSUITE)) $(TESTSUITEFLAGS)

.PHONY: check-differential
check-differential: vswitchd/ovs-vswitchd
	$(PYTHON3) '$(srcdir)/tests/differential/run' \
		--build '$(abs_top_builddir)' $(DIFFERENTIAL_FLAGS)

# Benchmarks that run whole switches.
BENCHMARKS = \
	tests/bench/common.py \
	tests/bench/next_hop.py \
	tests/bench/scan.py \
	tests/bench/segments.py
EXTRA_DIST += $(BENCHMARKS)
BENCH_FLAGS =
.PHONY: bench-next-hop bench-scan bench-segments
bench-next-hop: vswitchd/ovs-vswitchd
	$(PYTHON3) '$(srcdir)/tests/bench/next_hop.py' \
		--build '$(abs_top_builddir)' $(BENCH_FLAGS)
bench-scan: vswitchd/ovs-vswitchd
	$(PYTHON3) '$(srcdir)/tests/bench/scan.py' \
		--build '$(abs_top_builddir)' $(BENCH_FLAGS)
bench-segments: vswitchd/ovs-vswitchd
	$(PYTHON3) '$(srcdir)/tests/bench/segments.py' \
		--build '$(abs_top_builddir)' $(BENCH_FLAGS)

# OVS's own tests with our ovs-vswitchd.
EXTRA_DIST += \
	tests/check-ovs \
	tests/ovs-ports/differs \
	tests/ovs-ports/ovs-appctl
.PHONY: check-ovs
check-ovs: vswitchd/ovs-vswitchd
	'$(abs_srcdir)/tests/check-ovs' '$(OVS_BUILD)' '$(abs_builddir)/vswitchd' \
		$(TESTSUITEFLAGS)

# How much of the product do the tests run?
COVERAGE_PERCENT = 85
EXTRA_DIST += tests/check-coverage
.PHONY: check-coverage
check-coverage:
	'$(abs_srcdir)/tests/check-coverage' '$(abs_srcdir)' \
		'$(abs_builddir)' '$(COVERAGE_PERCENT)'

# Do the tests notice mistakes in the product?
MUTANTS = \
	tests/mutants/equivalent \
	tests/mutants/mutate.py \
	tests/mutants/run
EXTRA_DIST += $(MUTANTS)
MUTANTS_FLAGS =
.PHONY: check-mutants
check-mutants: $(TESTSUITE_NEEDS)
	$(PYTHON3) '$(srcdir)/tests/mutants/run' \
		--build '$(abs_top_builddir)' $(MUTANTS_FLAGS)

clean-local:
	rm -rf $(TESTSUITE).dir $(TESTSUITE).log
	rm -rf $(SYSTEM_TESTSUITE).dir $(SYSTEM_TESTSUITE).log
	rm -rf $(FUZZ_BUILD) coverage
