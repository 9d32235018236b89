/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FIRST_PACKET_H
#define HWV_FIRST_PACKET_H 1

/* Who encapsulates a miss
 * =======================
 *
 * Once OVS has answered a miss of a VF with tnl_push, either OVS puts the
 * outer header on (options:first-packet=cpu on the PF, the default), or the
 * NIC's own encapsulator does (options:first-packet=nic), with the header that
 * OVS has built.  Either way it happens where OVS would do it, between the
 * same two actions, and gives the same bytes in the same order.
 *
 * What the NIC's encapsulator cannot make exactly (another kind of header,
 * outer CE, a packet that asks for offload) is left to OVS.
 *
 * Both are counted on the VF (first_packet_nic, first_packet_cpu).
 *
 * What a VF of a segment has for a VTEP that was withdrawn a moment ago is
 * dropped here, and counted as hwv_push_drop_withdrawn (coverage/show): see
 * hwv-blocked-vteps.h.
 *
 * Thread-safe; called by PMD threads, takes no lock. */

#include <stdbool.h>

struct dp_packet_batch;
struct netdev;
struct ovs_action_push_tnl;

/* OVS is about to do tnl_push with 'data' to 'batch'.  Returns true if that is
 * done, or the packets were dropped, false if it is for OVS. */
bool hwv_first_packet_push(struct dp_packet_batch *batch,
                           const struct ovs_action_push_tnl *data);

/* What this thread sends from now on is from 'vf', which must stay, whatever
 * input port OVS says; or, if that is NULL, from where OVS says. */
void hwv_first_packet_set_origin(const struct netdev *vf);

#endif /* hwv-first-packet.h */
