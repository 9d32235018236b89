/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FDB_PARSE_H
#define HWV_FDB_PARSE_H 1

/* The words that the FDB's commands and configuration are written in.
 *
 * Each function returns NULL, or a message that names the value and says what
 * is allowed, for the caller to free.  Safe from any thread. */

#include <netinet/in.h>

#include "hwv-vtag.h"
#include "openvswitch/types.h"

char *hwv_fdb_parse_vni(const char *s, struct hwv_vtag *vtag);

/* A VNI, "5001" or "vni:5001", or a VLAN id, "vlan:100". */
char *hwv_fdb_parse_vtag(const char *s, struct hwv_vtag *vtag);

/* The address of one station.  Zeros, which stand for the flood list, are
 * allowed only if 'zeros'. */
char *hwv_fdb_parse_mac(const char *s, bool zeros, struct eth_addr *mac);

/* The IPv4 (as IPv4-mapped) or IPv6 address of one host. */
char *hwv_fdb_parse_vtep(const char *s, struct in6_addr *vtep);

#endif /* hwv-fdb-parse.h */
