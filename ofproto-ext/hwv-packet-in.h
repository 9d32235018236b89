/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_PACKET_IN_H
#define HWV_PACKET_IN_H 1

/* Packets that the rules of segments send up
 * ==========================================
 *
 * OVS has no packet-in for code in its own process.  But a rule can have a
 * "controller" action with user data, and OVS makes a message of each packet
 * that gets there and passes it to ofproto_dpif_send_async_msg(), which the
 * linker has call us.  Messages of our rules, that is, from the internal table
 * and with our user data, are taken; all others are the controllers'.
 *
 * In the userspace datapath this happens in the PMD thread that has received
 * the packet.  There are two kinds:
 *
 *   - LEARN: the packet goes on by itself; all that matters is where its
 *     source MAC address was seen.  That is put into a queue for the main
 *     thread, which learns.  Until then each further packet from there comes
 *     up as well: what waits in the queue already is not put there again.
 *
 *   - HOLD: the packet waits here for the next hop of its VTEP.  A handler
 *     gets the whole message, at once, in the thread it comes from.
 *
 * A hostile guest can invent addresses as fast as it can send.  So the queue
 * is bounded, for each place where addresses are seen, and in all; what does
 * not fit is counted and forgotten, and comes again with the next packet. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/types.h"
#include "openvswitch/uuid.h"

struct ofpbuf;
struct ofproto_async_msg;
struct ofproto_dpif;

enum hwv_packet_in_kind {
    HWV_PACKET_IN_LEARN = 1,
    HWV_PACKET_IN_HOLD = 2,
};

/* How many addresses may wait to be learned: from one place, and in all. */
#define HWV_LEARN_MAX_PER_PLACE 512
#define HWV_LEARN_MAX 4096

/* Where a source address was seen. */
struct hwv_learn {
    struct uuid bridge;         /* Of the ofproto_dpif. */
    uint32_t vtag_reg;          /* Register HWV_SEGMENT_REG_VTAG. */
    ofp_port_t in_port;
    struct eth_addr mac;
    struct in6_addr tun_src;    /* Outer source, IPv4 as mapped, or zeros if
                                 * there is no tunnel; "::" as 0.0.0.0. */
};

/* Numbers since the start. */
struct hwv_packet_in_stats {
    uint64_t queued;            /* Went into the queue. */
    uint64_t repeated;          /* Was there already. */
    uint64_t overflow;          /* Did not fit, */
    uint64_t overflow_place;    /* or too many from the same place. */
};

/* Appends the action that sends the packet up as 'kind'. */
void hwv_packet_in_put_action(struct ofpbuf *ofpacts,
                              enum hwv_packet_in_kind kind);

/* Takes 'msg' from 'ofproto' if it is ours, and returns true, or leaves it
 * alone and returns false.  Any thread. */
bool hwv_packet_in_take(struct ofproto_dpif *ofproto,
                        struct ofproto_async_msg *msg);

/* Sets who gets the messages of kind HOLD; they become the handler's, for
 * ofproto_async_msg_free() to free.  Main thread, before the first packet. */
typedef void hwv_packet_in_hold_cb(struct ofproto_dpif *,
                                   struct ofproto_async_msg *);
void hwv_packet_in_set_hold(hwv_packet_in_hold_cb *);

/* Passes what waits to be learned to 'learn', up to 'max' times, and returns
 * how often.  Main thread. */
typedef void hwv_learn_cb(const struct hwv_learn *, void *aux);
unsigned int hwv_packet_in_run(unsigned int max, hwv_learn_cb *learn,
                               void *aux);
void hwv_packet_in_wait(void);

/* Forgets what waits.  Main thread. */
void hwv_packet_in_flush(void);

/* Any thread. */
void hwv_packet_in_get_stats(struct hwv_packet_in_stats *stats);

#endif /* hwv-packet-in.h */
