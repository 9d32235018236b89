/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-dpdk.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dp-packet.h"
#include "netdev.h"
#include "netdev-dpdk.h"
#include "smap.h"
#include "userspace-tso.h"

/* Returns the number of the port that is behind 'netdev', or -1 if it is
 * down. */
static int
port_up(struct netdev *netdev)
{
    enum netdev_flags flags;

    return (netdev_get_flags(netdev, &flags)
            || !(flags & NETDEV_UP)
            ? -1
            : netdev_dpdk_get_port_id(netdev));
}

int
hwv_dpdk_rx_port(struct netdev *netdev, bool policed)
{
    return policed ? -1 : port_up(netdev);
}

int
hwv_dpdk_tx_port(struct netdev *netdev)
{
    struct smap details = SMAP_INITIALIZER(&details);
    const char *qos = "";
    int error;

    if (userspace_tso_enabled()) {
        return -1;
    }
    error = netdev_get_qos(netdev, &qos, &details);
    smap_destroy(&details);
    return error || qos[0] ? -1 : port_up(netdev);
}

static struct rte_mbuf **
mbufs(struct dp_packet_batch *batch)
{
    BUILD_ASSERT_DECL(offsetof(struct dp_packet, mbuf) == 0);

    return (struct rte_mbuf **) batch->packets;
}

int
hwv_dpdk_recv(int port, int queue, struct dp_packet_batch *batch)
{
    batch->count = rte_eth_rx_burst(port, queue, mbufs(batch),
                                    NETDEV_MAX_BURST);
    return batch->count ? 0 : EAGAIN;
}

void
hwv_dpdk_init(struct dp_packet_batch *batch)
{
    dp_packet_batch_init_packet_fields(batch);
}

bool
hwv_dpdk_can_send(const struct dp_packet_batch *batch)
{
    return batch->packets[0]->source == DPBUF_DPDK;
}

size_t
hwv_dpdk_send(int port, int queue, struct dp_packet_batch *batch)
{
    const size_t n = dp_packet_batch_size(batch);
    size_t n_sent = 0, n_now;

    do {
        n_now = rte_eth_tx_burst(port, queue, mbufs(batch) + n_sent,
                                 n - n_sent);
        n_sent += n_now;
    } while (n_now && n_sent < n);

    for (size_t i = n_sent; i < n; i++) {
        rte_pktmbuf_free(mbufs(batch)[i]);
    }
    return n - n_sent;
}
