/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_SOLICIT_H
#define HWV_SOLICIT_H 1

/* Asking for a neighbour
 * ======================
 *
 * An ARP request (RFC 826) or a neighbour solicitation (RFC 4861 section
 * 7.2.2) of our own, that takes the way of those that OVS sends when it misses
 * a neighbour: into the underlay bridge's OpenFlow pipeline from the port that
 * has the address.  So the bridge's rules, VLANs and bonds are respected, and
 * OVS snoops the answer.
 *
 * Main thread only. */

#include <netinet/in.h>

#include "openvswitch/types.h"

/* Asks for the neighbour 'ip' (IPv4 as IPv4-mapped) from port 'dev' of a
 * bridge: the station with MAC 'to', or everybody if that is zeros.  Over
 * IPv6, those are always asked whom RFC 4861 calls the neighbour's
 * solicited-node group.  Returns 0, ENODEV if there is no such port,
 * EADDRNOTAVAIL if it has no address to ask from, or what OVS returned. */
int hwv_solicit(const char *dev, const struct in6_addr *ip,
                struct eth_addr to);

#endif /* hwv-solicit.h */
