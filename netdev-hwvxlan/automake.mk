# SPDX-License-Identifier: Apache-2.0

noinst_LTLIBRARIES += netdev-hwvxlan/libhwvnetdev.la
netdev_hwvxlan_libhwvnetdev_la_SOURCES = \
	netdev-hwvxlan/hwv-actions.c \
	netdev-hwvxlan/hwv-actions.h \
	netdev-hwvxlan/hwv-match-outer.c \
	netdev-hwvxlan/hwv-match-work.c \
	netdev-hwvxlan/hwv-match-work.h \
	netdev-hwvxlan/hwv-match.c \
	netdev-hwvxlan/hwv-match.h \
	netdev-hwvxlan/hwv-plugin.c \
	netdev-hwvxlan/hwv-plugin.h \
	netdev-hwvxlan/hwv-reject.c \
	netdev-hwvxlan/hwv-reject.h

# The functions of OVS that we stand in front of: each call of FUNCTION from
# another object file than its own goes to our __wrap_FUNCTION(), which may
# call __real_FUNCTION().
HWV_WRAPS = \
	bridge_init \
	daemonize_complete \
	ovs_print_version

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
