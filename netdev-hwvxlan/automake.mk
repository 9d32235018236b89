# SPDX-License-Identifier: Apache-2.0

noinst_LTLIBRARIES += netdev-hwvxlan/libhwvnetdev.la
netdev_hwvxlan_libhwvnetdev_la_SOURCES = \
	netdev-hwvxlan/hwv-actions.c \
	netdev-hwvxlan/hwv-actions.h \
	netdev-hwvxlan/hwv-announce.c \
	netdev-hwvxlan/hwv-announce.h \
	netdev-hwvxlan/hwv-bind.h \
	netdev-hwvxlan/hwv-blocked-vteps.c \
	netdev-hwvxlan/hwv-blocked-vteps.h \
	netdev-hwvxlan/hwv-config.c \
	netdev-hwvxlan/hwv-config.h \
	netdev-hwvxlan/hwv-dpdk.c \
	netdev-hwvxlan/hwv-dpdk.h \
	netdev-hwvxlan/hwv-dpif.c \
	netdev-hwvxlan/hwv-dpif.h \
	netdev-hwvxlan/hwv-dump-json.h \
	netdev-hwvxlan/hwv-dump-ports.c \
	netdev-hwvxlan/hwv-dump-rows.c \
	netdev-hwvxlan/hwv-dump-rows.h \
	netdev-hwvxlan/hwv-dump.c \
	netdev-hwvxlan/hwv-dump.h \
	netdev-hwvxlan/hwv-entry.c \
	netdev-hwvxlan/hwv-first-packet.c \
	netdev-hwvxlan/hwv-first-packet.h \
	netdev-hwvxlan/hwv-flow-bind.c \
	netdev-hwvxlan/hwv-flow-compile.c \
	netdev-hwvxlan/hwv-flow-reject.c \
	netdev-hwvxlan/hwv-flow.c \
	netdev-hwvxlan/hwv-flow.h \
	netdev-hwvxlan/hwv-learning.c \
	netdev-hwvxlan/hwv-learning.h \
	netdev-hwvxlan/hwv-match-outer.c \
	netdev-hwvxlan/hwv-match-work.c \
	netdev-hwvxlan/hwv-match-work.h \
	netdev-hwvxlan/hwv-match.c \
	netdev-hwvxlan/hwv-match.h \
	netdev-hwvxlan/hwv-netdev-info.c \
	netdev-hwvxlan/hwv-netdev-io.c \
	netdev-hwvxlan/hwv-netdev-qos.c \
	netdev-hwvxlan/hwv-netdev-reconf.c \
	netdev-hwvxlan/hwv-netdev.c \
	netdev-hwvxlan/hwv-netdev.h \
	netdev-hwvxlan/hwv-nic.c \
	netdev-hwvxlan/hwv-nic.h \
	netdev-hwvxlan/hwv-offload.c \
	netdev-hwvxlan/hwv-offload.h \
	netdev-hwvxlan/hwv-offload-thread.c \
	netdev-hwvxlan/hwv-offload-thread.h \
	netdev-hwvxlan/hwv-pmd-load.c \
	netdev-hwvxlan/hwv-pmd-load.h \
	netdev-hwvxlan/hwv-port-counters.c \
	netdev-hwvxlan/hwv-port-counters.h \
	netdev-hwvxlan/hwv-port.c \
	netdev-hwvxlan/hwv-reject.c \
	netdev-hwvxlan/hwv-reject.h \
	netdev-hwvxlan/hwv-reply.c \
	netdev-hwvxlan/hwv-reply.h \
	netdev-hwvxlan/hwv-residency.c \
	netdev-hwvxlan/hwv-residency.h \
	netdev-hwvxlan/hwv-segment.c \
	netdev-hwvxlan/hwv-segment.h \
	netdev-hwvxlan/hwv-source.c \
	netdev-hwvxlan/hwv-stats.c \
	netdev-hwvxlan/hwv-stats.h \
	netdev-hwvxlan/hwv-suspension.c \
	netdev-hwvxlan/hwv-suspension.h \
	netdev-hwvxlan/hwv-trace.c \
	netdev-hwvxlan/hwv-trace.h \
	netdev-hwvxlan/hwv-tunnel-use.c \
	netdev-hwvxlan/hwv-tx-flush.c \
	netdev-hwvxlan/hwv-tx-flush.h \
	netdev-hwvxlan/hwv-vport-offload.c \
	netdev-hwvxlan/hwv-vport-offload.h \
	netdev-hwvxlan/hwv-upcall-limit.c \
	netdev-hwvxlan/hwv-upcall-limit.h \
	netdev-hwvxlan/hwv-wire-class.c \
	netdev-hwvxlan/hwv-wire-class.h \
	netdev-hwvxlan/hwv-wire.c \
	netdev-hwvxlan/hwv-wire.h \
	netdev-hwvxlan/nic-provider.h \
	netdev-hwvxlan/nic-soft.c

# OVS's ovs-vswitchd with our objects added.  "-u" makes the linker take each
# __wrap_FUNCTION() from our libraries, whichever library calls it later.  It is
# installed in a directory of its own, as its name decides on that of its
# sockets and so has to stay.
hwvlibdir = $(libdir)/openvswitch-hwvxlan
hwvlib_PROGRAMS = vswitchd/ovs-vswitchd
vswitchd_ovs_vswitchd_SOURCES =
vswitchd_ovs_vswitchd_LDADD = \
	$(OVS_OBJECTS) \
	$(HWV_LIBS) \
	$(OVS_LDADD) \
	$(HWV_EXTERNAL_LIBS)
vswitchd_ovs_vswitchd_LDFLAGS = \
	$(AM_LDFLAGS) \
	$(HWV_WRAPS:%=-Wl,--wrap=%) \
	$(HWV_WRAPS:%=-Wl,-u,__wrap_%)
vswitchd_ovs_vswitchd_DEPENDENCIES = \
	$(OVS_OBJECTS) \
	$(HWV_LIBS) \
	$(filter %.la,$(OVS_LDADD))

# Our libraries, those that use others first.
HWV_LIBS = \
	ofproto-ext/libhwvofproto.la \
	netdev-hwvxlan/libhwvnetdev.la \
	lib/libhwv.la

# What they need beyond OVS's own libraries.
HWV_EXTERNAL_LIBS = $(LIBNL_ROUTE_LIBS) $(LIBNL_LIBS)
