/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_ORDER_H
#define HWV_ORDER_H 1

/* Order
 * =====
 *
 * The NIC sends the hits of a burst before OVS sees the misses.  So that no
 * packet overtakes another one of the same inner flow, a hit becomes a miss
 * (HWV_MISS_ORDER) if there is a miss before it in its burst that might be of
 * the same inner flow.
 *
 * Thread-safe. */

#include "dp-packet.h"
#include "hwv-verdict.h"

/* Sees to it for 'batch', received from one VF, whose packets have
 * 'verdicts'. */
void hwv_order_keep_from_vf(const struct dp_packet_batch *batch,
                            struct hwv_verdict verdicts[]);

/* The same for packets from the uplink. */
void hwv_order_keep_from_uplink(const struct dp_packet_batch *batch,
                                struct hwv_verdict verdicts[]);

#endif /* hwv-order.h */
