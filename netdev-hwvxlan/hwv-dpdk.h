/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_DPDK_H
#define HWV_DPDK_H 1

/* Bursts on DPDK ports
 * ====================
 *
 * Where the wire is a DPDK port, bursts need not go through OVS's netdev, as
 * long as that would do nothing but pass them on: while it is up, does not
 * police what comes in, and has neither QoS nor segmentation (userspace-tso)
 * for what goes out.
 *
 * Thread-safety: a queue is for one thread at a time. */

#include <stdbool.h>
#include <stddef.h>

struct dp_packet_batch;
struct netdev;

/* Return the number of the DPDK port that bursts may come from, or go to, in
 * the place of 'netdev', of type "dpdk", or -1 if they may not.  'policed' is
 * whether OVS has set ingress policing. */
int hwv_dpdk_rx_port(struct netdev *netdev, bool policed);
int hwv_dpdk_tx_port(struct netdev *netdev);

/* Receives a burst into 'batch'.  Returns 0, or EAGAIN if there is none.  What
 * hwv_dpdk_init() does has not been done yet. */
int hwv_dpdk_recv(int port, int queue, struct dp_packet_batch *batch);

/* Initializes what of the packets in 'batch' DPDK knows nothing of.  OVS needs
 * that, the NIC does not. */
void hwv_dpdk_init(struct dp_packet_batch *batch);

/* Can 'batch' be sent on a DPDK port, as its packets are DPDK's?  They are all
 * of one kind. */
bool hwv_dpdk_can_send(const struct dp_packet_batch *batch);

/* Sends 'batch', for which hwv_dpdk_can_send(), and takes its packets.
 * Returns how many of them it has dropped, as the queue was full. */
size_t hwv_dpdk_send(int port, int queue, struct dp_packet_batch *batch);

#endif /* hwv-dpdk.h */
