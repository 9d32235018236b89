# SPDX-License-Identifier: Apache-2.0

noinst_LTLIBRARIES += ofproto-ext/libhwvofproto.la
ofproto_ext_libhwvofproto_la_SOURCES = \
	ofproto-ext/hwv-neigh.c \
	ofproto-ext/hwv-neigh.h \
	ofproto-ext/hwv-plugin.c \
	ofproto-ext/hwv-plugin.h \
	ofproto-ext/hwv-wrap.c

# The functions of OVS that we stand in front of: each call of FUNCTION from
# another object file than its own goes to our __wrap_FUNCTION(), which may
# call __real_FUNCTION().
HWV_WRAPS = \
	bridge_exit \
	bridge_init \
	bridge_run \
	bridge_wait \
	daemonize_complete \
	dpif_close \
	dpif_flow_del \
	dpif_flow_dump_next \
	dpif_flow_get \
	dpif_flow_put \
	dpif_operate \
	dpif_set_config \
	netdev_ports_get \
	netdev_ports_insert \
	netdev_ports_remove \
	netdev_register_flow_api_provider \
	ovs_print_version \
	ovsrec_interface_set_error \
	tnl_neigh_set \
	tnl_neigh_snoop
