/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_NEIGH_KERNEL_H
#define HWV_NEIGH_KERNEL_H 1

/* The kernel's neighbours
 * =======================
 *
 * The kernel has a device for the local port of each bridge, and neighbours of
 * its own behind it (ip neigh show dev BRIDGE): configured, or found by ARP
 * and ND that the kernel did.  For next hops that somebody watches
 * (lib/hwv-next-hop.h) they are a source of OVS's neighbour cache:
 *
 *   - A MAC that the kernel has not had before, for that neighbour, is taken
 *     over at once, as is each entry that is permanent or without ARP.
 *   - An entry that merely changes its state (reachable, stale, delay, probe)
 *     is not: the kernel may be the last to know of a new MAC.
 *   - What OVS does not know is looked for here before it is asked for.
 *
 * The kernel tells of changes by netlink.  When it could not tell of all
 * (ENOBUFS), everything is read again.
 *
 * Main thread only. */

#include <netinet/in.h>
#include <stdbool.h>

#include "packets.h"

/* Starts to follow the kernel. */
void hwv_neigh_kernel_register(void);

/* Does the kernel know neighbour 'ip' (IPv4 as IPv4-mapped) of bridge
 * 'bridge'?  If so, stores its MAC in '*mac'. */
bool hwv_neigh_kernel_find(const char *bridge, const struct in6_addr *ip,
                           struct eth_addr *mac);

/* Main loop. */
void hwv_neigh_kernel_run(void);
void hwv_neigh_kernel_wait(void);

#endif /* hwv-neigh-kernel.h */
