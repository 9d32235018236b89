/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_NEIGH_H
#define HWV_NEIGH_H 1

/* Neighbours
 * ==========
 *
 * Follows OVS's tunnel neighbour cache (tnl/neigh/show, fed by ARP, ND, VXLAN
 * packets' outer headers and tnl/neigh/set) and reports the MAC of each next
 * hop that a tunnel uses to the registry in lib/hwv-next-hop.h: as soon as OVS
 * has learned it, or in the main thread before OVS notices the same change and
 * starts to revalidate, so that the NIC follows first.
 *
 * An entry that expires or is flushed changes nothing: the tunnel keeps the
 * last MAC until OVS removes its flows. */

#include <netinet/in.h>

/* OVS has learned just now where 'ip' (IPv4 as IPv4-mapped) is on 'bridge'.
 * Any thread. */
void hwv_neigh_learned(const char *bridge, const struct in6_addr *ip);

/* Main loop. */
void hwv_neigh_run(void);
void hwv_neigh_wait(void);

#endif /* hwv-neigh.h */
