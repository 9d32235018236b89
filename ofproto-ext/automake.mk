# SPDX-License-Identifier: Apache-2.0

noinst_LTLIBRARIES += ofproto-ext/libhwvofproto.la
ofproto_ext_libhwvofproto_la_SOURCES = \
	ofproto-ext/hwv-fdb-cmd.c \
	ofproto-ext/hwv-fdb-cmd.h \
	ofproto-ext/hwv-fdb-config.c \
	ofproto-ext/hwv-fdb-config.h \
	ofproto-ext/hwv-fdb-devices.c \
	ofproto-ext/hwv-fdb-devices.h \
	ofproto-ext/hwv-fdb-entry.c \
	ofproto-ext/hwv-fdb-flood.c \
	ofproto-ext/hwv-fdb-instance.c \
	ofproto-ext/hwv-fdb-instance.h \
	ofproto-ext/hwv-fdb-kernel.c \
	ofproto-ext/hwv-fdb-kernel.h \
	ofproto-ext/hwv-fdb-learned.c \
	ofproto-ext/hwv-fdb-netlink.c \
	ofproto-ext/hwv-fdb-netlink.h \
	ofproto-ext/hwv-fdb-parse.c \
	ofproto-ext/hwv-fdb-parse.h \
	ofproto-ext/hwv-fdb-private.h \
	ofproto-ext/hwv-fdb-rows.c \
	ofproto-ext/hwv-fdb-rows.h \
	ofproto-ext/hwv-fdb-settings.c \
	ofproto-ext/hwv-fdb-settings.h \
	ofproto-ext/hwv-fdb.c \
	ofproto-ext/hwv-fdb.h \
	ofproto-ext/hwv-follow.c \
	ofproto-ext/hwv-follow.h \
	ofproto-ext/hwv-hold.c \
	ofproto-ext/hwv-hold.h \
	ofproto-ext/hwv-neigh-kernel.c \
	ofproto-ext/hwv-neigh-kernel.h \
	ofproto-ext/hwv-neigh.c \
	ofproto-ext/hwv-neigh.h \
	ofproto-ext/hwv-neighbor.c \
	ofproto-ext/hwv-neighbor.h \
	ofproto-ext/hwv-packet-in.c \
	ofproto-ext/hwv-packet-in.h \
	ofproto-ext/hwv-plugin.c \
	ofproto-ext/hwv-plugin.h \
	ofproto-ext/hwv-port-counts.c \
	ofproto-ext/hwv-port-counts.h \
	ofproto-ext/hwv-route.c \
	ofproto-ext/hwv-route.h \
	ofproto-ext/hwv-rule-store.c \
	ofproto-ext/hwv-rule-store.h \
	ofproto-ext/hwv-segment-bridge.c \
	ofproto-ext/hwv-segment-cmd.c \
	ofproto-ext/hwv-segment-drops.c \
	ofproto-ext/hwv-segment-flood.c \
	ofproto-ext/hwv-segment-learn.c \
	ofproto-ext/hwv-segment-mac.c \
	ofproto-ext/hwv-segment-member.c \
	ofproto-ext/hwv-segment-rules.c \
	ofproto-ext/hwv-segment-rules.h \
	ofproto-ext/hwv-segment-setup.c \
	ofproto-ext/hwv-segment-vtep.c \
	ofproto-ext/hwv-segments-private.h \
	ofproto-ext/hwv-segments.c \
	ofproto-ext/hwv-segments.h \
	ofproto-ext/hwv-solicit.c \
	ofproto-ext/hwv-solicit.h \
	ofproto-ext/hwv-vtep-cmd.c \
	ofproto-ext/hwv-vtep-cmd.h \
	ofproto-ext/hwv-vtep.c \
	ofproto-ext/hwv-vtep.h \
	ofproto-ext/hwv-withdraw.c \
	ofproto-ext/hwv-withdraw.h \
	ofproto-ext/hwv-wrap.c

# The functions of OVS that we stand in front of: each call of FUNCTION from
# another object file than its own goes to our __wrap_FUNCTION(), which may
# call __real_FUNCTION().
HWV_WRAPS = \
	bridge_exit \
	bridge_init \
	bridge_run \
	bridge_wait \
	connmgr_flushed \
	daemonize_complete \
	dpif_close \
	dpif_flow_del \
	dpif_flow_dump_next \
	dpif_flow_get \
	dpif_flow_put \
	dpif_operate \
	dpif_register_upcall_cb \
	dpif_set_config \
	netdev_ports_get \
	netdev_ports_insert \
	netdev_ports_remove \
	netdev_push_header \
	netdev_register_flow_api_provider \
	ofproto_create \
	ofproto_destroy \
	ofproto_dpif_send_async_msg \
	ovs_print_version \
	ovsrec_interface_set_error \
	pmd_perf_end_iteration \
	tnl_neigh_set \
	tnl_neigh_snoop \
	xnanosleep \
	xnanosleep_no_quiesce
