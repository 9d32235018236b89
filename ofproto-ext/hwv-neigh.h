/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_NEIGH_H
#define HWV_NEIGH_H 1

/* Neighbours
 * ==========
 *
 * Follows OVS's tunnel neighbour cache (tnl/neigh/show, fed by ARP, ND,
 * tnl/neigh/set and, if wanted, VXLAN packets' outer headers) and reports the
 * MAC of each next hop that a tunnel uses to the registry in
 * lib/hwv-next-hop.h: as soon as OVS has learned it, or in the main thread
 * before OVS notices the same change and starts to revalidate, so that the NIC
 * follows first.  So it follows routes, too, of which OVS tells likewise.
 *
 * An entry that expires or is flushed changes nothing: the tunnel keeps the
 * last MAC until OVS removes its flows. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "packets.h"

/* OVS would learn that 'ip' (IPv4 as IPv4-mapped) is at 'mac' on 'bridge',
 * from the outer header of a tunnel packet.  May it?  Not if it knows that
 * already, and, unless options:learn-next-hop says so, not otherwise: then we
 * ask for 'ip', if it is a next hop.  Any thread. */
bool hwv_neigh_may_learn(const char *bridge, const struct in6_addr *ip,
                         struct eth_addr mac);

/* OVS has learned just now where 'ip' (IPv4 as IPv4-mapped) is on 'bridge'.
 * Any thread. */
void hwv_neigh_learned(const char *bridge, const struct in6_addr *ip);

/* Tells OVS that 'ip' (IPv4 as IPv4-mapped) is at 'mac' on 'bridge'. */
void hwv_neigh_set(const char *bridge, const struct in6_addr *ip,
                   struct eth_addr mac);

/* A number that is another one after each change of OVS's neighbours or
 * routes, and a wait for that.  Main thread. */
uint64_t hwv_neigh_seqno(void);
void hwv_neigh_seqno_wait(uint64_t seqno);

/* Main loop. */
void hwv_neigh_run(void);
void hwv_neigh_wait(void);

#endif /* hwv-neigh.h */
