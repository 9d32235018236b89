dnl SPDX-License-Identifier: Apache-2.0
dnl
dnl The Open vSwitch that we build against.
dnl
dnl Our objects are linked with OVS's own, so both must agree on the layout of
dnl every struct they share.  What decides that (config.h, definitions, forced
dnl includes, machine options) is therefore read out of the Makefile of OVS's
dnl build and never guessed.

dnl HWV_CHECK_OVS
dnl
dnl Finds or makes a build of OVS and sets:
dnl
dnl   OVS_BUILD, OVS_SRC    its build and its source directory
dnl   OVS_VERSION           its version
dnl   OVS_CPPFLAGS          include directories and definitions
dnl   OVS_CFLAGS            machine and code generation options
dnl   OVS_OBJECTS           the objects of ovs-vswitchd
dnl   OVS_LDADD             what ovs-vswitchd is linked with
dnl   OVS_LDFLAGS           and how
AC_DEFUN([HWV_CHECK_OVS],
  [AC_ARG_WITH([ovs-build],
     [AS_HELP_STRING([--with-ovs-build=DIR],
        [use the complete build of Open vSwitch in DIR])],
     [], [with_ovs_build=no])
   AC_ARG_WITH([ovs-source],
     [AS_HELP_STRING([--with-ovs-source=DIR|TARBALL],
        [without --with-ovs-build: build this Open vSwitch, once, in
         ~/.cache/ovs-hwvxlan (or $OVS_HWVXLAN_CACHE)
         (default: /usr/src/openvswitch/openvswitch.tar.gz)])],
     [], [with_ovs_source=/usr/src/openvswitch/openvswitch.tar.gz])
   AS_CASE([$with_ovs_build],
     [yes | ''], [AC_MSG_ERROR([--with-ovs-build needs a directory])],
     [no], [HWV_BUILD_OVS],
     [OVS_BUILD=`cd "$with_ovs_build" 2> /dev/null && pwd` ||
        AC_MSG_ERROR([--with-ovs-build=$with_ovs_build: no such directory;
HWV_OVS_REMEDY])])
   HWV_READ_OVS
   AC_SUBST([OVS_BUILD])
   AC_SUBST([OVS_SRC])
   AC_SUBST([OVS_VERSION])
   AC_SUBST([OVS_CPPFLAGS])
   AC_SUBST([OVS_CFLAGS])
   AC_SUBST([OVS_OBJECTS])
   AC_SUBST([OVS_LDADD])
   AC_SUBST([OVS_LDFLAGS])])

dnl What helps when --with-ovs-build does not.
m4_define([HWV_OVS_REMEDY],
  [give the directory of a complete build of Open vSwitch 3.1, or leave
--with-ovs-build out to have one made of --with-ovs-source])

dnl HWV_BUILD_OVS
dnl
dnl Sets OVS_BUILD to a build in the cache, which is made if need be.
AC_DEFUN([HWV_BUILD_OVS],
  [AS_CASE([$with_ovs_source],
     [yes | no | ''],
       [AC_MSG_ERROR([--with-ovs-source needs a directory or tarball])])
   AS_IF([test ! -e "$with_ovs_source"],
     [AC_MSG_ERROR([no Open vSwitch source at $with_ovs_source; either
    apt-get install openvswitch-source
or give --with-ovs-source=DIR|TARBALL or --with-ovs-build=DIR])])
   AC_MSG_NOTICE([looking for a build of $with_ovs_source in the cache])
   hwv_options=
   AS_IF([test "$enable_sanitizers" != no], [hwv_options=--sanitizers])
   OVS_BUILD=`CC="$CC" PYTHON3="$PYTHON3" \
     "$srcdir/build-aux/build-ovs" $hwv_options "$with_ovs_source"` ||
     AC_MSG_ERROR([--with-ovs-source=$with_ovs_source could not be built;
give the source of Open vSwitch 3.1, a directory or tarball, or a complete
build of it by --with-ovs-build=DIR])])

dnl HWV_READ_OVS
dnl
dnl Reads from $OVS_BUILD what the rest of the build needs to know.
AC_DEFUN([HWV_READ_OVS],
  [AC_MSG_CHECKING([the Open vSwitch build in $OVS_BUILD])
   hwv_ovs=`SED="$SED" "$srcdir/build-aux/read-ovs" "$OVS_BUILD"` ||
     AC_MSG_ERROR([cannot use the Open vSwitch build in $OVS_BUILD;
HWV_OVS_REMEDY])
   eval "$hwv_ovs"
   AC_MSG_RESULT([$OVS_VERSION])
   AS_CASE([$OVS_VERSION],
     [3.1.*], [],
     [AC_MSG_ERROR([Open vSwitch $OVS_VERSION is not supported; 3.1 is])])])
