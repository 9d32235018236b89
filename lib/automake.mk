# SPDX-License-Identifier: Apache-2.0

noinst_LTLIBRARIES += lib/libhwv.la
lib_libhwv_la_SOURCES =
