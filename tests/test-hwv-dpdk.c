/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of bursts on DPDK ports, on DPDK's own ring device, where what is
 * sent waits to be received. */

#include <config.h>
#undef NDEBUG
#include "hwv-dpdk.h"

#include <errno.h>
#include <sched.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dp-packet.h"
#include "hwv-unit.h"
#include "util.h"

#define N_MBUFS 4095

static struct rte_mempool *pool;

static void
init_packet(struct rte_mempool *mp OVS_UNUSED, void *arg OVS_UNUSED,
            void *mbuf, unsigned int i OVS_UNUSED)
{
    dp_packet_init_dpdk(mbuf);
}

/* Starts DPDK with a port, and returns its number. */
static int
start_port(void)
{
    char *lcores = xasprintf("--lcores=0@%d", sched_getcpu());
    char *argv[] = {
        CONST_CAST(char *, "test"), CONST_CAST(char *, "--no-huge"),
        CONST_CAST(char *, "--no-shconf"), CONST_CAST(char *, "--no-pci"),
        CONST_CAST(char *, "--no-telemetry"), CONST_CAST(char *, "-m"),
        CONST_CAST(char *, "64"), lcores,
        CONST_CAST(char *, "--vdev=net_ring0"),
    };
    struct rte_eth_conf conf = { .rxmode = { .mq_mode = RTE_ETH_MQ_RX_NONE } };
    uint16_t port;

    ck_assert_int_ge(rte_eal_init(ARRAY_SIZE(argv), argv), 0);
    free(lcores);
    ck_assert_int_eq(rte_eth_dev_get_port_by_name("net_ring0", &port), 0);
    pool = rte_pktmbuf_pool_create("packets", N_MBUFS, 0,
                                   sizeof(struct dp_packet)
                                   - sizeof(struct rte_mbuf),
                                   RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    ck_assert_ptr_nonnull(pool);
    rte_mempool_obj_iter(pool, init_packet, NULL);
    ck_assert_int_eq(rte_eth_dev_configure(port, 1, 1, &conf), 0);
    ck_assert_int_eq(rte_eth_rx_queue_setup(port, 0, 64, 0, NULL, pool), 0);
    ck_assert_int_eq(rte_eth_tx_queue_setup(port, 0, 64, 0, NULL), 0);
    ck_assert_int_eq(rte_eth_dev_start(port), 0);
    return port;
}

static void
fill(struct dp_packet_batch *batch, size_t n)
{
    dp_packet_batch_init(batch);
    for (size_t i = 0; i < n; i++) {
        struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

        ck_assert_ptr_nonnull(mbuf);
        dp_packet_batch_add(batch, CONTAINER_OF(mbuf, struct dp_packet, mbuf));
    }
}

/* What the ring has no room for is dropped, and the rest comes back. */
START_TEST(test_full)
{
    size_t n_sent = 0, n_dropped = 0, n_received = 0, n_now;
    struct dp_packet_batch batch;
    int port = start_port();

    do {
        fill(&batch, NETDEV_MAX_BURST);
        ck_assert(hwv_dpdk_can_send(&batch));
        n_now = hwv_dpdk_send(port, 0, &batch);
        n_dropped += n_now;
        n_sent += NETDEV_MAX_BURST;
        ck_assert_uint_lt(n_sent, N_MBUFS);
    } while (n_now < NETDEV_MAX_BURST);
    ck_assert_uint_gt(n_dropped, 0);
    ck_assert_uint_eq(rte_mempool_in_use_count(pool), n_sent - n_dropped);

    while (!hwv_dpdk_recv(port, 0, &batch)) {
        n_received += dp_packet_batch_size(&batch);
        for (size_t i = 0; i < dp_packet_batch_size(&batch); i++) {
            batch.packets[i]->packet_type = htonl(PT_ETH) ^ OVS_BE32_MAX;
            batch.packets[i]->cutlen = 1;
        }
        hwv_dpdk_init(&batch);
        for (size_t i = 0; i < dp_packet_batch_size(&batch); i++) {
            ck_assert_uint_eq(ntohl(batch.packets[i]->packet_type), PT_ETH);
            ck_assert_uint_eq(dp_packet_get_cutlen(batch.packets[i]), 0);
        }
        dp_packet_delete_batch(&batch, true);
    }
    ck_assert_uint_eq(n_received, n_sent - n_dropped);
    ck_assert_uint_eq(rte_mempool_in_use_count(pool), 0);
    ck_assert_int_eq(hwv_dpdk_recv(port, 0, &batch), EAGAIN);
}
END_TEST

/* A packet of a wire that is not DPDK's. */
START_TEST(test_other_packets)
{
    struct dp_packet *packet = dp_packet_new(60);
    struct dp_packet_batch batch;

    dp_packet_batch_init_packet(&batch, packet);
    ck_assert(!hwv_dpdk_can_send(&batch));
    dp_packet_delete(packet);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("dpdk");
    TCase *tcase = hwv_unit_tcase(suite, "ring");

    tcase_add_test(tcase, test_full);
    tcase_add_test(tcase, test_other_packets);
    return hwv_unit_run(argv[0], suite);
}
