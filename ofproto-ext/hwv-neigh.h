/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_NEIGH_H
#define HWV_NEIGH_H 1

/* Neighbours
 * ==========
 *
 * Follows OVS's tunnel neighbour cache (tnl/neigh/show, fed by ARP, ND and
 * tnl/neigh/set) and reports the MAC of each next hop that a tunnel uses to
 * the registry in lib/hwv-next-hop.h: as soon as OVS has learned it, or in the
 * main thread before OVS notices the same change and starts to revalidate, so
 * that the NIC follows first.
 *
 * An entry that expires or is flushed changes nothing: the tunnel keeps the
 * last MAC until OVS removes its flows. */

/* OVS has learned just now from 'flow', an ARP or ND packet, on 'bridge'.  Any
 * thread. */
struct flow;
void hwv_neigh_learned(const struct flow *flow, const char *bridge);

/* Main loop. */
void hwv_neigh_run(void);
void hwv_neigh_wait(void);

#endif /* hwv-neigh.h */
