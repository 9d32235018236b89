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
 *   - What OVS does not know is looked for here, too.  Where the kernel does
 *     not vouch for a MAC (stale, delay, probe) it is only a hint: it is used,
 *     and asked for at once.
 *
 * The kernel tells of changes by netlink, of its devices' going, too.  When it
 * could not tell of all (ENOBUFS), everything is read again, and what is not
 * there any more is forgotten.
 *
 * Main thread only. */

#include <netinet/in.h>
#include <stdbool.h>

#include "packets.h"

/* Starts to follow the kernel. */
void hwv_neigh_kernel_register(void);

enum hwv_neigh_kernel_says {
    HWV_NEIGH_KERNEL_NOTHING,
    HWV_NEIGH_KERNEL_HINT,      /* STALE, DELAY, PROBE. */
    HWV_NEIGH_KERNEL_CONFIRMED, /* REACHABLE, PERMANENT, NOARP. */
};

/* What does the kernel say about neighbour 'ip' (IPv4 as IPv4-mapped) of
 * bridge 'bridge'?  Unless nothing, stores its MAC in '*mac'. */
enum hwv_neigh_kernel_says
hwv_neigh_kernel_find(const char *bridge, const struct in6_addr *ip,
                      struct eth_addr *mac);

/* Main loop. */
void hwv_neigh_kernel_run(void);
void hwv_neigh_kernel_wait(void);

#endif /* hwv-neigh-kernel.h */
