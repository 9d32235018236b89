/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_HOLD_H
#define HWV_HOLD_H 1

/* Packets that wait for a VTEP
 * ============================
 *
 * While a VTEP's next hop is being resolved, packets to it are put here, and
 * sent once each and in order when it is known.  A VTEP's hold is in one of
 * two modes:
 *
 *     holding   What is put waits in a queue.
 *     direct    What is put is sent at once, by the thread that puts it.
 *
 * Order: the main thread takes one packet after the other off the queue and
 * sends it while packets that are put still join the queue; when it finds the
 * queue empty it switches to direct in the same critical section.  Only after
 * that may the rules be changed so that packets are not put here any more.  So
 * of the packets that one thread has for a VTEP, first go those that waited,
 * then those that it put late, then those that never came here.  A guest that
 * sends faster than the main thread does cannot make that last for ever: until
 * it is over, what has been sent counts as if it waited for the VTEP.
 *
 * "Sent" means that the packet goes to OVS's internal table
 * (resubmit(,254)) with the metadata that it was put with, but not from its
 * port: it has come from there before.  That must not lead to where packets
 * are put here: in direct mode it would never end.
 *
 * Limits: of the packets that came from one port, HWV_HOLD_MAX_PACKETS may
 * wait for one VTEP and HWV_HOLD_MAX_PORT for all; of all ports'
 * HWV_HOLD_MAX_TOTAL, not counting the first HWV_HOLD_RESERVED of each port,
 * which always have room: so no guest, nor many of them, can take the room for
 * another one's first packets.  A packet waits for HWV_HOLD_MAX_AGE.  What is
 * beyond is dropped, newest first, and counted: for the VTEP
 * (hwvxlan/vtep-show) and by reason (coverage/show, hwv_hold_drop_*).
 *
 * Thread-safety: hwv_hold_put() from any thread, and it does not wait for
 * others to send; all else from the main thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/flow.h"

struct ofproto_dpif;

#define HWV_HOLD_MAX_PACKETS 256
#define HWV_HOLD_MAX_PORT 512
#define HWV_HOLD_RESERVED 32
#define HWV_HOLD_MAX_TOTAL 8192
#define HWV_HOLD_MAX_AGE 5000   /* msec. */

struct hwv_hold_stats {
    uint64_t held;              /* Waiting now. */
    uint64_t sent;              /* Ever, in either mode. */
    uint64_t dropped;           /* Ever. */
};

/* A VTEP's packets: holding, or direct from the start. */
void hwv_hold_create(uint32_t vtep_id, bool direct);

/* Drops what waits. */
void hwv_hold_destroy(uint32_t vtep_id);

/* Sends what waits, and then switches to direct; or to holding. */
void hwv_hold_release(uint32_t vtep_id);
void hwv_hold_start(uint32_t vtep_id);

/* Takes a copy of a packet of 'size' bytes at 'data', which is for the VTEP
 * with 'vtep_id', from the in_port of '*metadata'.  It is sent in 'ofproto',
 * with the registers, tunnel and other metadata. */
void hwv_hold_put(struct ofproto_dpif *ofproto, uint32_t vtep_id,
                  const void *data, size_t size, const struct flow *metadata);

void hwv_hold_get_stats(uint32_t vtep_id, struct hwv_hold_stats *);

/* Main loop. */
void hwv_hold_run(void);
void hwv_hold_wait(void);

#endif /* hwv-hold.h */
