/* SPDX-License-Identifier: Apache-2.0 */

/* The way of the packets through a port. */

#include <config.h>
#include "hwv-netdev.h"

#include <errno.h>

#include "dp-packet.h"
#include "hwv-announce.h"
#include "hwv-pmd-load.h"
#include "hwv-port-counters.h"
#include "hwv-residency.h"
#include "hwv-tx-flush.h"
#include "hwv-wire.h"
#include "timeval.h"
#include "util.h"

struct hwv_rxq {
    struct netdev_rxq up;
    struct netdev_rxq *wire_rxq;
};

/* How many bursts a poll handles at most, while others wait. */
#define MAX_BURSTS 4

static void drop_all(struct hwv_netdev *, struct dp_packet_batch *);
static void drop_spoofed(struct hwv_netdev *, const struct eth_addr *,
                         struct dp_packet_batch *);
static void drop_too_long(struct hwv_netdev *, const struct hwv_wire *,
                          struct dp_packet_batch *);

struct netdev_rxq *
hwv_netdev_rxq_alloc(void)
{
    struct hwv_rxq *rxq = xzalloc(sizeof *rxq);

    return &rxq->up;
}

int
hwv_netdev_rxq_construct(struct netdev_rxq *rxq_)
{
    struct hwv_rxq *rxq = CONTAINER_OF(rxq_, struct hwv_rxq, up);
    struct netdev *wire = hwv_netdev_wire(rxq_->netdev);

    return wire ? netdev_rxq_open(wire, &rxq->wire_rxq, rxq_->queue_id)
                : ENODEV;
}

void
hwv_netdev_rxq_destruct(struct netdev_rxq *rxq_)
{
    netdev_rxq_close(CONTAINER_OF(rxq_, struct hwv_rxq, up)->wire_rxq);
}

void
hwv_netdev_rxq_dealloc(struct netdev_rxq *rxq_)
{
    free(CONTAINER_OF(rxq_, struct hwv_rxq, up));
}

bool
hwv_netdev_rxq_enabled(struct netdev_rxq *rxq_)
{
    return netdev_rxq_enabled(CONTAINER_OF(rxq_, struct hwv_rxq,
                                           up)->wire_rxq);
}

/* Handles 'batch', just received.  What is left in it is for OVS. */
static void
handle_burst(struct hwv_netdev *dev, const struct hwv_rx *rx,
             struct dp_packet_batch *batch)
{
    const struct eth_addr *mac = ovsrcu_get(struct eth_addr *, &dev->mac);
    bool closed;

    atomic_read_relaxed(&dev->port.segment_closed, &closed);
    if (closed) {
        drop_all(dev, batch);
        return;
    }
    if (mac) {
        drop_spoofed(dev, mac, batch);
    }
    if (rx && rx->nic->provider->burst) {
        rx->nic->provider->burst(rx->nic->dev, rx->id, rx->domain, batch,
                                 dev->port.counters);
    }
}

/* Hands 'batch' to OVS. */
static void
give_to_ovs(struct hwv_netdev *dev, const struct hwv_rx *rx,
            struct dp_packet_batch *batch)
{
    hwv_wire_init_packets(batch);
    if (rx) {
        hwv_residency_missed(rx, batch);
    }
    if (rx && rx->id == HWV_UPLINK) {
        hwv_announce_look(dev->port.name, batch);
    }
    hwv_tx_flush_needed();
}

/* As long as all packets are hits and more are waiting, a poll goes on: what
 * OVS does around it is then done once for several bursts. */
int
hwv_netdev_rxq_recv(struct netdev_rxq *rxq_, struct dp_packet_batch *batch,
                    int *qfill)
{
    struct hwv_rxq *rxq = CONTAINER_OF(rxq_, struct hwv_rxq, up);
    struct hwv_netdev *dev = hwv_netdev_cast(rxq_->netdev);
    struct hwv_wire *wire = ovsrcu_get(struct hwv_wire *, &dev->wire);
    const struct hwv_rx *rx = ovsrcu_get(struct hwv_rx *, &dev->port.rx);
    size_t n_handled = 0, n_all = 0;

    for (int i = 0; i < MAX_BURSTS; i++) {
        int error = hwv_wire_recv(wire, rxq->wire_rxq, batch, qfill);
        size_t n;

        if (error && !n_all) {
            return error;
        } else if (error) {
            break;
        }
        n = dp_packet_batch_size(batch);
        n_all += n;
        handle_burst(dev, rx, batch);
        n_handled += n - dp_packet_batch_size(batch);
        if (!dp_packet_batch_is_empty(batch)) {
            give_to_ovs(dev, rx, batch);
            break;
        }
        if (n < NETDEV_MAX_BURST) {
            break;
        }
    }
    hwv_pmd_load_add(n_all, n_handled);

    /* Also where the batch is empty: then OVS knows whose cycles those
     * were. */
    return 0;
}

void
hwv_netdev_rxq_wait(struct netdev_rxq *rxq_)
{
    netdev_rxq_wait(CONTAINER_OF(rxq_, struct hwv_rxq, up)->wire_rxq);
}

int
hwv_netdev_rxq_drain(struct netdev_rxq *rxq_)
{
    return netdev_rxq_drain(CONTAINER_OF(rxq_, struct hwv_rxq, up)->wire_rxq);
}

int
hwv_netdev_send(struct netdev *netdev, int qid OVS_UNUSED,
                struct dp_packet_batch *batch, bool concurrent_txq OVS_UNUSED)
{
    struct hwv_netdev *dev = hwv_netdev_cast(netdev);
    struct hwv_wire *wire = ovsrcu_get(struct hwv_wire *, &dev->wire);
    struct hwv_lane *lane = hwv_counters_lane(dev->port.counters);

    if (!wire || !hwv_wire_enter(wire)) {
        hwv_lane_count(lane, HWV_TX_DROP_DOWN, dp_packet_batch_size(batch), 0,
                       time_msec());
        dp_packet_delete_batch(batch, true);
        return 0;
    }

    drop_too_long(dev, wire, batch);
    if (!dp_packet_batch_is_empty(batch)) {
        const long long int now = time_msec();

        hwv_lane_count(lane, HWV_TX_SOFTWARE, dp_packet_batch_size(batch), 0,
                       now);
        hwv_port_count_full(lane, hwv_wire_send(wire, batch), now);
    }
    hwv_wire_leave(wire);
    return 0;
}

/* Drops the packets of 'batch', as the rules of the port's segment are not
 * there yet. */
static void
drop_all(struct hwv_netdev *dev, struct dp_packet_batch *batch)
{
    struct hwv_lane *lane = hwv_counters_lane(dev->port.counters);
    struct dp_packet *packet;

    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        hwv_lane_count(lane, HWV_RX_DROP_SEGMENT, 1, dp_packet_size(packet),
                       time_msec());
    }
    dp_packet_delete_batch(batch, true);
    dp_packet_batch_init(batch);
}

/* Drops the packets of 'batch' whose source MAC is not 'mac'. */
static void
drop_spoofed(struct hwv_netdev *dev, const struct eth_addr *mac,
             struct dp_packet_batch *batch)
{
    const size_t n = dp_packet_batch_size(batch);
    struct dp_packet *packet;
    size_t i;

    DP_PACKET_BATCH_REFILL_FOR_EACH (i, n, packet, batch) {
        const struct eth_header *eth = dp_packet_data(packet);

        if (dp_packet_size(packet) >= ETH_HEADER_LEN
            && eth_addr_equals(eth->eth_src, *mac)) {
            dp_packet_batch_refill(batch, packet, i);
        } else {
            hwv_lane_count(hwv_counters_lane(dev->port.counters),
                           HWV_RX_DROP_SPOOF, 1, dp_packet_size(packet),
                           time_msec());
            dp_packet_delete(packet);
        }
    }
}

/* Drops the packets of 'batch' that are too long for 'wire'.  A VLAN tag does
 * not count. */
static void
drop_too_long(struct hwv_netdev *dev, const struct hwv_wire *wire,
              struct dp_packet_batch *batch)
{
    const uint32_t max_frame = hwv_wire_max_frame(wire);
    const size_t n = dp_packet_batch_size(batch);
    struct dp_packet *packet;
    size_t i;

    DP_PACKET_BATCH_REFILL_FOR_EACH (i, n, packet, batch) {
        const struct eth_header *eth = dp_packet_data(packet);
        uint32_t size = dp_packet_size(packet);
        uint32_t tag = (size >= ETH_HEADER_LEN
                        && eth_type_vlan(eth->eth_type) ? VLAN_HEADER_LEN : 0);

        if (size - tag <= max_frame
            || dp_packet_hwol_is_tso(packet)) {
            dp_packet_batch_refill(batch, packet, i);
        } else {
            hwv_lane_count(hwv_counters_lane(dev->port.counters),
                           HWV_TX_DROP_MTU, 1, dp_packet_size(packet),
                           time_msec());
            dp_packet_delete(packet);
        }
    }
}
