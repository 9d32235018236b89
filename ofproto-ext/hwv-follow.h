/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FOLLOW_H
#define HWV_FOLLOW_H 1

/* Following next hops that move
 * =============================
 *
 * Who says on an uplink that it has a next hop's address, but with another MAC
 * than the one we know, makes a *claim*.  What becomes of it:
 *
 *   - An ARP reply, a gratuitous ARP request or reply, or a neighbour
 *     advertisement with a link-layer address: OVS learns from these where its
 *     OpenFlow pipeline delivers them to the port that has our address.  So
 *     the frame is translated once more, in the main thread, for nothing but
 *     what OVS learns on the way: VLANs and rules are respected as ever.
 *   - Anything else (an ordinary ARP request, a neighbour solicitation, the
 *     outer header of a tunnel packet, and a neighbour advertisement to all
 *     nodes) OVS does not learn from, or must not.  It makes us ask for the
 *     next hop, and OVS learn from the answer.
 *
 * Of several claims for the same address only the latest counts.  So there are
 * never more of them than next hops.  We ask for an address at most every
 * HWV_FOLLOW_PAUSE, however often it is claimed. */

#include <netinet/in.h>

#include "packets.h"

#define HWV_FOLLOW_PAUSE 500    /* msec. */

/* Registers with hwv-announce.h.  Main thread, before there are ports. */
void hwv_follow_register(void);

/* Somebody with 'mac' may have taken over 'ip' (IPv4 as IPv4-mapped).  Any
 * thread. */
void hwv_follow_suspect(const struct in6_addr *ip, struct eth_addr mac);

/* Main loop. */
void hwv_follow_run(void);
void hwv_follow_wait(void);

#endif /* hwv-follow.h */
