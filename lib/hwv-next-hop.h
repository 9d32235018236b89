/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_NEXT_HOP_H
#define HWV_NEXT_HOP_H 1

/* Next hops
 * =========
 *
 * Who owns the MAC address of a tunnel's next hop: not the flow that was put
 * with it, but the neighbour.  This registry sits between those who know
 * neighbours (ofproto-ext) and those who have tunnels (the offload layer), so
 * that neither knows the other: a tunnel watches (bridge, IP address), and a
 * change of MAC reaches all watchers at once, in the thread that reports it.
 *
 * Thread-safe.  Callbacks run with the registry's lock held and must not call
 * back into it. */

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "packets.h"

struct hwv_next_hop_watch;

/* Watches the next hop 'ip' (IPv4 as IPv4-mapped) on 'bridge'.  'mac' is what
 * the caller takes it to be, all zeros if it does not know; if others watch
 * the same next hop already and know, their MAC counts instead.  'cb' is
 * called with 'aux' and the MAC at once, and again at each change.  The caller
 * owns the watch. */
struct hwv_next_hop_watch *
hwv_next_hop_watch(const char *bridge, const struct in6_addr *ip,
                   struct eth_addr mac,
                   void (*cb)(struct eth_addr mac, void *aux), void *aux);

/* Ends and frees 'watch', which may be NULL. */
void hwv_next_hop_unwatch(struct hwv_next_hop_watch *watch);

/* Returns the MAC of the next hop that 'watch' watches. */
struct eth_addr hwv_next_hop_mac(const struct hwv_next_hop_watch *watch);

/* The MAC of next hop 'ip' on 'bridge' is 'mac'.  Returns the number of
 * watchers told, 0 if it was so already or nobody watches. */
int hwv_next_hop_set(const char *bridge, const struct in6_addr *ip,
                     struct eth_addr mac);

/* Does anybody watch next hop 'ip', on whatever bridge, whose MAC is another
 * one than 'mac'? */
bool hwv_next_hop_differs(const struct in6_addr *ip, struct eth_addr mac);

/* Somebody says, now, that 'ip' is at 'mac': confirms the next hops, on
 * whatever bridge, for which that is so. */
void hwv_next_hop_confirm(const struct in6_addr *ip, struct eth_addr mac);

/* Returns how often the next hop that 'watch' watches was confirmed. */
unsigned int hwv_next_hop_n_confirmed(const struct hwv_next_hop_watch *watch);

/* Looks up the MAC of a next hop.  Returns true and stores it into '*mac' if
 * it is known. */
typedef bool hwv_next_hop_lookup_cb(const char *bridge,
                                    const struct in6_addr *ip,
                                    struct eth_addr *mac);

/* Looks each watched next hop up with 'cb', or only one.  What
 * 'cb' finds becomes the next hop's MAC, as by hwv_next_hop_set().  As it is
 * called with the registry's lock held, what was looked up earlier never takes
 * the place of what was looked up later. */
void hwv_next_hop_refresh(hwv_next_hop_lookup_cb *cb);
void hwv_next_hop_refresh_one(const char *bridge, const struct in6_addr *ip,
                              hwv_next_hop_lookup_cb *cb);

/* Looks a next hop up in OVS's tunnel neighbour cache (tnl/neigh/show). */
hwv_next_hop_lookup_cb hwv_next_hop_lookup;

#endif /* hwv-next-hop.h */
