/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_ANNOUNCE_H
#define HWV_ANNOUNCE_H 1

/* Frames that tell where a neighbour is
 * =====================================
 *
 * OVS learns a neighbour only from a packet that comes up from its datapath,
 * not from one that a datapath flow covers: of two announcements within ten
 * seconds that look the same, it misses the second.  So the PF shows those
 * frames to whoever follows neighbours, before OVS gets them as ever.
 *
 * Thread-safe, but hwv_announce_set_cb(). */

struct dp_packet;
struct dp_packet_batch;

/* Is called in the thread that received 'packet', ARP or a neighbour
 * solicitation or advertisement, perhaps with VLAN tags, on the wire of the PF
 * called 'port'.  'packet' must stay as it is. */
typedef void hwv_announce_cb(const char *port, const struct dp_packet *packet);

/* From now on, 'cb' is shown the frames.  To be called before there are
 * ports. */
void hwv_announce_set_cb(hwv_announce_cb *cb);

/* Looks for such frames in 'batch', which the PF called 'port' received. */
void hwv_announce_look(const char *port, struct dp_packet_batch *batch);

#endif /* hwv-announce.h */
