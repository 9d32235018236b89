/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the software NIC's bursts of several packets, which wires of
 * type dummy never bring: order, and what leaves by which port; and of what it
 * leaves behind when it goes.
 *
 * The linker sends here what goes out. */

#include <config.h>
#undef NDEBUG

#include "dp-packet.h"
#include "hwv-netdev.h"
#include "hwv-nic.h"
#include "hwv-test-frames.h"
#include "hwv-test-port.h"
#include "hwv-unit.h"
#include "hwv-wire.h"
#include "nic-provider.h"

/* One NIC, pf0, with VFs.  Packets from vm1 to 50:54:00:00:00:0N go to vmN,
 * those to 50:54:00:00:00:0a to the uplink. */
static struct netdev *pf0, *vm1, *vm2, *vm3;
enum { TO_VM2 = 0x02, TO_VM3 = 0x03, TO_UPLINK = 0x0a };

/* What wires were given to send, in turn. */
static struct sent {
    const struct hwv_wire *wire;
    struct dp_packet_batch batch;
} sent[NETDEV_MAX_BURST];
static size_t n_sent;

size_t __wrap_hwv_wire_send(struct hwv_wire *, struct dp_packet_batch *);

size_t
__wrap_hwv_wire_send(struct hwv_wire *wire, struct dp_packet_batch *batch)
{
    HWV_CHECK(n_sent < ARRAY_SIZE(sent));
    sent[n_sent].wire = wire;
    sent[n_sent++].batch = *batch;
    return 0;
}

static void
add_flow(uint8_t dst, const char *output)
{
    ovs_u128 ufid = { .u32 = { 1, 2, 3, dst } };
    char *match = xasprintf("in_port(2),packet_type(ns=0,id=0),"
                            "eth(dst=50:54:00:00:00:%02x),eth_type(0x0800),"
                            "ipv4(frag=no)", dst);

    hwv_test_flow_add(&ufid, vm1, HWV_FLOW_VF, match, output);
    free(match);
}

static void
setup(void)
{
    hwv_test_ports_init();
    pf0 = hwv_test_port_add("pf0", ODP_PORT_C(1), -1);
    vm1 = hwv_test_port_add("vm1", ODP_PORT_C(2), 1);
    vm2 = hwv_test_port_add("vm2", ODP_PORT_C(3), 2);
    vm3 = hwv_test_port_add("vm3", ODP_PORT_C(4), 3);
    add_flow(TO_VM2, "3");
    add_flow(TO_VM3, "4");
    add_flow(TO_UPLINK, "1");
}

/* Adds to 'batch' a packet to each of the 'n' in 'dsts', which tells its place
 * in 'batch'. */
static void
add_packets(struct dp_packet_batch *batch, const uint8_t dsts[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t place = dp_packet_batch_size(batch);

        dp_packet_batch_add(batch, hwv_test_ip_packet(dsts[i], place));
    }
}

/* Fails unless 'batch' has the packets to 'dst' with the 'n' places in
 * 'places', in this order and as they were, and nothing else.  Frees them. */
static void
check_batch(struct dp_packet_batch *batch, uint8_t dst, const uint8_t places[],
            size_t n)
{
    struct dp_packet *packet;

    ck_assert_uint_eq(dp_packet_batch_size(batch), n);
    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        struct dp_packet *expected = hwv_test_ip_packet(dst, places[i]);

        ck_assert(dp_packet_equal(packet, expected));
        dp_packet_delete(expected);
    }
    dp_packet_delete_batch(batch, true);
}

/* The same of what the wire of 'netdev' sent, in one go, the 'i'th that any
 * wire sent; it is counted as all that 'netdev' has sent. */
static void
check_sent(size_t i, const struct netdev *netdev, uint8_t dst,
           const uint8_t places[], size_t n)
{
    const struct hwv_port *port = hwv_port_from_netdev(netdev);
    struct hwv_count count;

    ck_assert_uint_lt(i, n_sent);
    ck_assert_ptr_eq(sent[i].wire, port->wire);
    check_batch(&sent[i].batch, dst, places, n);
    hwv_counters_read(port->counters, HWV_TX_HITS, &count);
    ck_assert_uint_eq(count.packets, n);
    ck_assert_uint_eq(count.bytes, 60 * n);
}

static uint64_t
n_misses(enum hwv_miss miss)
{
    return hwv_test_counter(vm1, HWV_RX_MISS + miss);
}

#define BYTES(...) (const uint8_t[]) { __VA_ARGS__ }, \
    sizeof (uint8_t[]) { __VA_ARGS__ }

/* A packet that OVS has to finish goes to OVS, and so do those of its flow
 * behind it, lest they overtake it.  Others do not wait. */
START_TEST(test_behind_a_miss)
{
    struct dp_packet_batch batch;

    dp_packet_batch_init(&batch);
    add_packets(&batch, BYTES(TO_VM2, TO_VM2, TO_VM3, TO_VM2, TO_VM3, TO_VM2));
    dp_packet_hwol_set_csum_udp(batch.packets[1]);
    hwv_test_burst(vm1, &batch);

    ck_assert_uint_eq(n_sent, 2);
    check_sent(0, vm2, TO_VM2, BYTES(0));
    check_sent(1, vm3, TO_VM3, BYTES(2, 4));
    check_batch(&batch, TO_VM2, BYTES(1, 3, 5));
    ck_assert_uint_eq(hwv_test_counter(vm1, HWV_RX_HITS), 3);
    ck_assert_uint_eq(n_misses(HWV_MISS_HWOL), 1);
    ck_assert_uint_eq(n_misses(HWV_MISS_ORDER), 2);
    ck_assert_uint_eq(hwv_port_counters_misses(
                          hwv_port_from_netdev(vm1)->counters), 3);

    /* Not beyond the burst: OVS has sent what missed before the next one. */
    dp_packet_batch_init(&batch);
    add_packets(&batch, BYTES(TO_VM2));
    hwv_test_burst(vm1, &batch);
    ck_assert(dp_packet_batch_is_empty(&batch));
    ck_assert_uint_eq(n_sent, 3);
    check_batch(&sent[2].batch, TO_VM2, BYTES(0));
}
END_TEST

/* What leaves by one port leaves in one go and in order, however the burst is
 * mixed. */
START_TEST(test_egresses)
{
    static const uint8_t dsts[] = {
        TO_VM3, TO_UPLINK, TO_VM2, TO_VM2, TO_UPLINK, TO_VM3, TO_VM2, TO_VM3,
        TO_VM3, TO_VM3, TO_VM2, TO_UPLINK, TO_UPLINK, TO_VM2, TO_VM3, TO_VM2,
        TO_VM2, TO_VM2, TO_VM2, TO_VM2, TO_VM2, TO_VM2, TO_VM2, TO_VM2,
        TO_VM2, TO_VM2, TO_VM2, TO_VM2, TO_VM2, TO_VM2, TO_VM2, TO_UPLINK,
    };
    struct dp_packet_batch batch;

    BUILD_ASSERT(ARRAY_SIZE(dsts) == NETDEV_MAX_BURST);
    dp_packet_batch_init(&batch);
    add_packets(&batch, dsts, ARRAY_SIZE(dsts));
    hwv_test_burst(vm1, &batch);
    ck_assert(dp_packet_batch_is_empty(&batch));
    ck_assert_uint_eq(n_sent, 3);
    check_sent(0, vm3, TO_VM3, BYTES(0, 5, 7, 8, 9, 14));
    check_sent(1, pf0, TO_UPLINK, BYTES(1, 4, 11, 12, 31));
    check_sent(2, vm2, TO_VM2, BYTES(2, 3, 6, 10, 13, 15, 16, 17, 18, 19, 20,
                                     21, 22, 23, 24, 25, 26, 27, 28, 29, 30));
    ck_assert_uint_eq(hwv_test_counter(vm1, HWV_RX_HITS), NETDEV_MAX_BURST);
    ck_assert_uint_eq(hwv_port_counters_misses(
                          hwv_port_from_netdev(vm1)->counters), 0);
}
END_TEST

/* Lets the NIC have packets to vm2, which cannot send, and to vm3, and fails
 * unless OVS gets the former, and they are 'n' by then. */
static void
check_down(uint64_t n)
{
    struct dp_packet_batch batch;
    struct hwv_count count;
    ovs_u128 ufid = { .u32 = { 1, 2, 3, TO_VM2 } };

    n_sent = 0;
    dp_packet_batch_init(&batch);
    add_packets(&batch, BYTES(TO_VM2, TO_VM3, TO_VM2, TO_VM3, TO_VM2));
    hwv_test_burst(vm1, &batch);
    ck_assert_uint_eq(n_sent, 1);
    ck_assert_ptr_eq(sent[0].wire, hwv_port_from_netdev(vm3)->wire);
    check_batch(&sent[0].batch, TO_VM3, BYTES(1, 3));
    check_batch(&batch, TO_VM2, BYTES(0, 2, 4));
    ck_assert_uint_eq(n_misses(HWV_MISS_PORT_DOWN), n);
    ck_assert_uint_eq(hwv_port_counters_misses(
                          hwv_port_from_netdev(vm1)->counters), n);
    ck_assert_uint_eq(hwv_test_counter(vm2, HWV_TX_HITS), 0);

    /* It is OVS that counts them for the flow. */
    ovs_mutex_lock(&hwv_control_mutex);
    hwv_flow_count(hwv_flow_find(&ufid), &count);
    ovs_mutex_unlock(&hwv_control_mutex);
    ck_assert_uint_eq(count.packets, 0);
}

START_TEST(test_port_down)
{
    struct hwv_port *port = hwv_port_from_netdev(vm2);
    struct hwv_wire *wire = port->wire;
    struct dp_packet_batch batch;

    hwv_wire_stop(wire);
    check_down(3);
    hwv_nic_set_wire(port, NULL);
    check_down(6);
    ck_assert_uint_eq(hwv_test_counter(vm1, HWV_RX_HITS), 4);

    /* It starts again. */
    hwv_nic_set_wire(port, wire);
    ck_assert_int_eq(netdev_reconfigure(vm2), 0);
    n_sent = 0;
    dp_packet_batch_init(&batch);
    add_packets(&batch, BYTES(TO_VM2, TO_VM2));
    hwv_test_burst(vm1, &batch);
    ck_assert(dp_packet_batch_is_empty(&batch));
    ck_assert_uint_eq(n_sent, 1);
    check_sent(0, vm2, TO_VM2, BYTES(0, 1));
}
END_TEST

/* The bytes that have been allocated; 0 with AddressSanitizer, which finds
 * most leaks by itself. */
static size_t
n_allocated(void)
{
    struct mallinfo2 info;

    hwv_unit_settle();
    info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* A NIC's whole life, without packets. */
static void
live(void)
{
    static const struct hwv_nic_limits limits = { 64, 64 };
    static const struct hwv_count none = { .packets = 0 };
    const struct hwv_key key = hwv_key_from_words(1, 0, 0, 0);
    struct hwv_flow_value value = { .output = HWV_OUT_DROP };
    struct hwv_provider_nic *dev;

    ck_assert_int_eq(hwv_nic_soft.create("pf1", &limits, &dev), 0);
    hwv_nic_soft.port_set(dev, 1, NULL, NULL);
    ck_assert_int_eq(hwv_nic_soft.resize(dev, &limits), 0);
    ck_assert_int_eq(hwv_nic_soft.counter_alloc(dev, &value.counter), 0);
    ck_assert_int_eq(hwv_nic_soft.flow_set(dev, &key, &value), 0);
    hwv_nic_soft.flow_remove(dev, &key);
    hwv_nic_soft.counter_free(dev, value.counter, &none);
    hwv_nic_soft.destroy(dev);
}

/* NICs that have gone have left nothing behind. */
START_TEST(test_memory)
{
    enum { N = 50 };
    size_t before = 0;

    /* After the first half each thread has the free memory that malloc() keeps
     * for it: what it counts as allocated, too. */
    for (int i = 0; i < 2 * N; i++) {
        if (i == N) {
            before = n_allocated();
        }
        live();
    }
    ck_assert_uint_lt(n_allocated(), before + N * 256);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("nic-soft");
    TCase *tcase = hwv_unit_tcase(suite, "burst");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_behind_a_miss);
    tcase_add_test(tcase, test_egresses);
    tcase_add_test(tcase, test_port_down);

    tcase = hwv_unit_tcase(suite, "life");
    tcase_add_test(tcase, test_memory);
    return hwv_unit_run(argv[0], suite);
}
