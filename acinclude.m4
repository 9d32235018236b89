dnl SPDX-License-Identifier: Apache-2.0
dnl
dnl Checks of the machine we build on: compiler, packages, Python.
dnl What concerns the Open vSwitch we build against is in m4/ovs.m4.

dnl HWV_CHECK_COMPILER
dnl
dnl Looks for a C compiler and make before Autoconf does, which would not say
dnl where to get them.
AC_DEFUN([HWV_CHECK_COMPILER],
  [AS_IF([test -z "$CC" && ! { gcc --version || cc --version ||
                               clang --version; } > /dev/null 2>&1 ||
          ! make --version > /dev/null 2>&1],
     [AC_MSG_ERROR([a C compiler or make is missing; this brings them:
    apt-get install build-essential])])])

dnl HWV_CHECK_PYTHON
dnl
dnl Sets PYTHON3.  The system's own interpreter comes before whatever is first
dnl in PATH, because Python modules that packages bring are only in there.
AC_DEFUN([HWV_CHECK_PYTHON],
  [AC_ARG_VAR([PYTHON3], [Python 3 interpreter])
   AC_PATH_PROG([PYTHON3], [python3], [no], [/usr/bin:$PATH])])

dnl HWV_NEED_PACKAGE(PACKAGE)
dnl
dnl Notes that the Debian package PACKAGE has to be installed.
AC_DEFUN([HWV_NEED_PACKAGE],
  [hwv_missing="$hwv_missing $1"])

dnl HWV_CHECK_PC(MODULE, PACKAGE, VARIABLE-PREFIX)
dnl
dnl Looks for the pkg-config MODULE ("name" or "name >= version"), which the
dnl Debian package PACKAGE brings, and sets PREFIX_CFLAGS and PREFIX_LIBS.
AC_DEFUN([HWV_CHECK_PC],
  [AC_MSG_CHECKING([for $1])
   if test -n "$PKG_CONFIG" && "$PKG_CONFIG" --exists "$1"; then
     $3_CFLAGS=`"$PKG_CONFIG" --cflags "$1"`
     $3_LIBS=`"$PKG_CONFIG" --libs "$1"`
     AC_MSG_RESULT([yes])
   else
     AC_MSG_RESULT([no])
     HWV_NEED_PACKAGE([$2])
   fi
   AC_SUBST([$3_CFLAGS])
   AC_SUBST([$3_LIBS])])

dnl HWV_CHECK_PACKAGES
dnl
dnl Looks for everything that a package brings, then names all that is missing
dnl at once.
AC_DEFUN([HWV_CHECK_PACKAGES],
  [AC_ARG_VAR([PKG_CONFIG], [path of pkg-config])
   AC_PATH_PROG([PKG_CONFIG], [pkg-config])
   hwv_missing=
   AS_IF([test -z "$PKG_CONFIG" || test ! -x "$PKG_CONFIG"],
     [PKG_CONFIG=
      HWV_NEED_PACKAGE([pkg-config])])
   AS_IF([test "$PYTHON3" = no], [HWV_NEED_PACKAGE([python3])])
   AC_PATH_PROG([FLOCK], [flock])
   AS_IF([test -z "$FLOCK"], [HWV_NEED_PACKAGE([util-linux])])
   HWV_CHECK_PC([libdpdk], [libdpdk-dev], [DPDK])
   HWV_CHECK_PC([libnl-3.0], [libnl-3-dev], [LIBNL])
   HWV_CHECK_PC([libnl-route-3.0], [libnl-route-3-dev], [LIBNL_ROUTE])
   HWV_CHECK_PC([check >= 0.15], [check], [CHECK])
   AS_IF([test -n "$hwv_missing"],
     [AC_MSG_ERROR([packages are missing; this brings them:
    apt-get install$hwv_missing])])])

dnl HWV_CHECK_SANITIZERS
dnl
dnl --enable-sanitizers sets SANITIZER_FLAGS, for compiling and linking, and
dnl SANITIZER_LDFLAGS, for linking only: gcc's shared libubsan does not obey
dnl log_path beside libasan, so the reports of a daemon would get lost.
AC_DEFUN([HWV_CHECK_SANITIZERS],
  [AC_ARG_ENABLE([sanitizers],
     [AS_HELP_STRING([--enable-sanitizers],
        [build with the address and undefined behavior sanitizers])],
     [], [enable_sanitizers=no])
   SANITIZER_FLAGS=
   SANITIZER_LDFLAGS=
   AS_IF([test "$enable_sanitizers" != no],
     [SANITIZER_FLAGS="-fsanitize=address,undefined -fno-omit-frame-pointer"
      AC_MSG_CHECKING([whether $CC accepts $SANITIZER_FLAGS])
      hwv_save_CFLAGS=$CFLAGS
      CFLAGS="$CFLAGS $SANITIZER_FLAGS"
      AC_LINK_IFELSE([AC_LANG_PROGRAM([])],
        [AC_MSG_RESULT([yes])],
        [AC_MSG_RESULT([no])
         AC_MSG_ERROR([--enable-sanitizers needs the sanitizers' run-time
libraries for $CC: with gcc this brings them:
    apt-get install libasan8 libubsan1])])
      CFLAGS="$hwv_save_CFLAGS $SANITIZER_FLAGS -static-libubsan"
      AC_LINK_IFELSE([AC_LANG_PROGRAM([])],
        [SANITIZER_LDFLAGS=-static-libubsan])
      CFLAGS=$hwv_save_CFLAGS])
   AC_SUBST([SANITIZER_FLAGS])
   AC_SUBST([SANITIZER_LDFLAGS])])

dnl HWV_CHECK_WARNINGS
dnl
dnl Sets WARNING_FLAGS to those of our warnings that the compiler knows.
dnl
dnl OVS's headers are system headers to us and so stay quiet, but clang looks
dnl into OVS's macros where we use them, and VLOG compares int with enum.
AC_DEFUN([HWV_CHECK_WARNINGS],
  [AC_ARG_ENABLE([Werror],
     [AS_HELP_STRING([--enable-Werror], [treat warnings as errors])],
     [], [enable_Werror=no])
   WARNING_FLAGS=
   hwv_save_CFLAGS=$CFLAGS
   for hwv_flag in -Wall -Wextra -Wshadow -Wstrict-prototypes \
       -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
       -Wbad-function-cast -Wformat-security -Wswitch-enum -Wcast-align \
       -Wcast-align=strict -Wlogical-op -Wduplicated-cond -Wthread-safety; do
     CFLAGS="$hwv_save_CFLAGS -Werror $hwv_flag"
     AC_COMPILE_IFELSE([AC_LANG_PROGRAM([])],
       [WARNING_FLAGS="$WARNING_FLAGS $hwv_flag"])
   done
   CFLAGS=$hwv_save_CFLAGS
   AC_COMPILE_IFELSE(
     [AC_LANG_SOURCE([[#ifndef __clang__
                       #error not clang
                       #endif]])],
     [WARNING_FLAGS="$WARNING_FLAGS -Wno-sign-compare"])
   AS_IF([test "$enable_Werror" != no],
     [WARNING_FLAGS="$WARNING_FLAGS -Werror"])
   AC_SUBST([WARNING_FLAGS])])

dnl HWV_SUMMARY
dnl
dnl Says in the end what was chosen.
AC_DEFUN([HWV_SUMMARY],
  [AS_ECHO(["
ovs-hwvxlan $PACKAGE_VERSION
  Open vSwitch:  $OVS_VERSION, built in $OVS_BUILD
  its source:    $OVS_SRC
  compiler:      $CC $CFLAGS
  sanitizers:    ${SANITIZER_FLAGS:-no}
"])])
