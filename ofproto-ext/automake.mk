# SPDX-License-Identifier: Apache-2.0

noinst_LTLIBRARIES += ofproto-ext/libhwvofproto.la
ofproto_ext_libhwvofproto_la_SOURCES = \
	ofproto-ext/hwv-hooks.c
