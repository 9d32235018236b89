/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of ofproto-ext/hwv-hold.c.  The bridge is not here: what would be
 * sent is recorded. */

#include <config.h>

#include "dp-packet.h"
#include "hwv-hold.h"
#include "hwv-unit.h"
#include "ofproto/ofproto-dpif.h"
#include "openvswitch/ofp-actions.h"
#include "ovs-thread.h"
#include "uuid.h"

#define N_THREADS 3
#define N_EACH 20000
#define N_PACKETS (N_THREADS * (size_t) N_EACH)

/* The data of a packet, behind an Ethernet header. */
struct payload {
    uint32_t thread;
    uint32_t number;
};

static struct ofproto_dpif bridge = { .uuid = { .parts = { 1, 2, 3, 4 } } };

/* What was sent, in this order.  'sent_mutex' is also what serialises threads
 * that send, so that the record is in the order of sending. */
static struct ovs_mutex sent_mutex = OVS_MUTEX_INITIALIZER;
static struct payload sent[N_PACKETS] OVS_GUARDED_BY(sent_mutex);
static size_t n_sent OVS_GUARDED_BY(sent_mutex);
static struct flow last_flow OVS_GUARDED_BY(sent_mutex);

/* Is called for each packet that is sent. */
static void (*on_sent)(void);

struct ofproto_dpif *
ofproto_dpif_lookup_by_uuid(const struct uuid *uuid)
{
    return uuid_equals(uuid, &bridge.uuid) ? &bridge : NULL;
}

struct ofport *
ofproto_get_port(const struct ofproto *ofproto OVS_UNUSED,
                 ofp_port_t port OVS_UNUSED)
{
    return NULL;
}

ovs_version_t
ofproto_dpif_get_tables_version(struct ofproto_dpif *ofproto OVS_UNUSED)
{
    return OVS_VERSION_MIN;
}

int
ofproto_dpif_execute_actions(struct ofproto_dpif *ofproto,
                             ovs_version_t version OVS_UNUSED,
                             const struct flow *flow, struct rule_dpif *rule,
                             const struct ofpact *ofpacts, size_t ofpacts_len,
                             struct dp_packet *packet)
{
    const struct ofpact_resubmit *resubmit = ofpact_get_RESUBMIT(ofpacts);
    const char *data = dp_packet_data(packet);

    ovs_assert(ofproto == &bridge);
    ovs_assert(!rule);
    ovs_assert(ofpacts_len == sizeof *resubmit);
    ovs_assert(resubmit->table_id == 254);
    ovs_assert(resubmit->in_port == OFPP_IN_PORT);

    ovs_mutex_lock(&sent_mutex);
    memcpy(&sent[n_sent++], data + ETH_HEADER_LEN, sizeof *sent);
    last_flow = *flow;
    ovs_mutex_unlock(&sent_mutex);
    if (on_sent) {
        on_sent();
    }
    return 0;
}

static void
put_from(uint16_t port, uint32_t vtep, uint32_t thread, uint32_t number)
{
    struct payload payload = { .thread = thread, .number = number };
    char data[ETH_HEADER_LEN + sizeof payload];
    struct flow metadata;

    memset(&metadata, 0, sizeof metadata);
    metadata.regs[13] = vtep;
    metadata.regs[15] = 0xabcd;
    metadata.in_port.ofp_port = u16_to_ofp(port);
    memset(data, 0, sizeof data);
    data[11] = 5;               /* The source MAC's last byte. */
    memcpy(data + ETH_HEADER_LEN, &payload, sizeof payload);
    hwv_hold_put(&bridge, vtep, data, sizeof data, &metadata);
}

static void
put(uint32_t vtep, uint32_t thread, uint32_t number)
{
    put_from(7, vtep, thread, number);
}

static size_t
get_n_sent(void)
{
    size_t n;

    ovs_mutex_lock(&sent_mutex);
    n = n_sent;
    ovs_mutex_unlock(&sent_mutex);
    return n;
}

/* Checks that of each thread the packets from 0 on went, in this order. */
static void
check_order(size_t n)
{
    uint32_t next[N_THREADS] = { 0 };

    ck_assert_uint_eq(get_n_sent(), n);
    ovs_mutex_lock(&sent_mutex);
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_lt(sent[i].thread, N_THREADS);
        ck_assert_uint_eq(sent[i].number, next[sent[i].thread]);
        next[sent[i].thread]++;
    }
    ovs_mutex_unlock(&sent_mutex);
}

static void
check_stats(uint32_t vtep, uint64_t held, uint64_t n, uint64_t dropped)
{
    struct hwv_hold_stats stats;

    hwv_hold_get_stats(vtep, &stats);
    ck_assert_uint_eq(stats.held, held);
    ck_assert_uint_eq(stats.sent, n);
    ck_assert_uint_eq(stats.dropped, dropped);
}

START_TEST(test_waits_and_goes_in_order)
{
    hwv_hold_create(1, false);
    hwv_hold_create(2, false);
    for (uint32_t i = 0; i < 10; i++) {
        put(1, 0, i);
        put(2, 1, i);
    }
    ck_assert_uint_eq(get_n_sent(), 0);
    check_stats(1, 10, 0, 0);
    hwv_hold_release(1);
    check_order(10);
    check_stats(1, 0, 10, 0);
    check_stats(2, 10, 0, 0);
    hwv_hold_release(2);
    check_order(20);

    /* What comes late goes at once. */
    put(1, 0, 10);
    check_order(21);

    /* The VTEP is lost again. */
    hwv_hold_start(1);
    put(1, 0, 11);
    check_order(21);
    hwv_hold_release(1);
    check_order(22);
}
END_TEST

START_TEST(test_metadata_stays)
{
    hwv_hold_create(1, false);
    put(1, 0, 0);
    hwv_hold_release(1);
    ovs_mutex_lock(&sent_mutex);
    ck_assert_uint_eq(last_flow.regs[13], 1);
    ck_assert_uint_eq(last_flow.regs[14], 0);
    ck_assert_uint_eq(last_flow.regs[15], 0xabcd);
    ck_assert_uint_eq(ofp_to_u16(last_flow.in_port.ofp_port),
                      ofp_to_u16(OFPP_NONE));
    ck_assert_uint_eq(last_flow.dl_src.ea[5], 5);
    ovs_mutex_unlock(&sent_mutex);
}
END_TEST

/* What a port may have for one VTEP, and for all. */
START_TEST(test_limits_of_a_port)
{
    const uint32_t max = HWV_HOLD_MAX_PACKETS;
    const uint32_t n_vteps = HWV_HOLD_MAX_PORT / max;

    for (uint32_t vtep = 1; vtep <= n_vteps + 1; vtep++) {
        hwv_hold_create(vtep, false);
    }

    /* One too many for the VTEP: the newest is dropped. */
    for (uint32_t i = 0; i <= max; i++) {
        put(1, 0, i);
    }
    check_stats(1, max, 0, 1);

    /* Another port is not concerned. */
    put_from(8, 1, 1, 0);
    check_stats(1, max + 1, 0, 1);

    /* One too many for all VTEPs. */
    for (uint32_t vtep = 2; vtep <= n_vteps; vtep++) {
        for (uint32_t i = 0; i < max; i++) {
            put(vtep, 2, i);
        }
    }
    put(n_vteps + 1, 2, 0);
    check_stats(n_vteps + 1, 0, 0, 1);
    put_from(8, n_vteps + 1, 2, 0);
    check_stats(n_vteps + 1, 1, 0, 1);

    /* What is sent makes room. */
    hwv_hold_release(1);
    check_order(max + 1);
    put(n_vteps + 1, 2, 1);
    check_stats(n_vteps + 1, 2, 0, 1);

    /* So does what waits for a VTEP that is withdrawn. */
    hwv_hold_destroy(2);
    check_stats(2, 0, 0, 0);
    put(2, 2, 0);
    hwv_hold_create(2, false);
    for (uint32_t i = 0; i < max; i++) {
        put(2, 2, i);
    }
    check_stats(2, max, 0, 0);
    check_order(max + 1);
}
END_TEST

/* However much others have, each port has room for some. */
START_TEST(test_reserve)
{
    const uint32_t each = HWV_HOLD_MAX_PACKETS - HWV_HOLD_RESERVED;
    const uint32_t n_hogs = HWV_HOLD_MAX_TOTAL / each + 1;
    struct hwv_hold_stats stats;

    hwv_hold_create(1, false);
    for (uint32_t i = 0; i < n_hogs; i++) {
        for (uint32_t j = 0; j < HWV_HOLD_MAX_PACKETS; j++) {
            put_from(100 + i, 1, 0, j);
        }
    }
    hwv_hold_get_stats(1, &stats);
    ck_assert_uint_eq(stats.held,
                      HWV_HOLD_MAX_TOTAL + n_hogs * HWV_HOLD_RESERVED);
    ck_assert_uint_gt(stats.dropped, 0);

    hwv_hold_create(2, false);
    for (uint32_t i = 0; i < HWV_HOLD_RESERVED; i++) {
        put(2, 1, i);
    }
    check_stats(2, HWV_HOLD_RESERVED, 0, 0);
    put(2, 1, HWV_HOLD_RESERVED);
    check_stats(2, HWV_HOLD_RESERVED, 0, 1);

    /* All room comes back. */
    hwv_hold_destroy(1);
    for (uint32_t i = HWV_HOLD_RESERVED; i < HWV_HOLD_MAX_PACKETS; i++) {
        put(2, 1, i);
    }
    check_stats(2, HWV_HOLD_MAX_PACKETS, 0, 1);
}
END_TEST

static uint32_t n_late;

static void
put_late(void)
{
    if (n_late < 20) {
        put(1, 0, n_late++);
    }
}

/* Packets that come while those that waited are sent go behind them. */
START_TEST(test_late_packets_queue_up)
{
    hwv_hold_create(1, false);
    for (n_late = 0; n_late < 10; n_late++) {
        put(1, 0, n_late);
    }
    on_sent = put_late;
    hwv_hold_release(1);
    on_sent = NULL;
    check_order(20);
}
END_TEST

static void
put_late_always(void)
{
    if (n_late < 100 * HWV_HOLD_MAX_PACKETS) {
        put(1, 0, n_late++);
    }
}

/* A packet for each that is sent, so that the queue never empties by itself:
 * it is sent all the same, and what is too much is dropped. */
START_TEST(test_release_ends)
{
    const size_t max = HWV_HOLD_MAX_PACKETS;

    hwv_hold_create(1, false);
    for (n_late = 0; n_late < 10; n_late++) {
        put(1, 0, n_late);
    }
    on_sent = put_late_always;
    hwv_hold_release(1);
    on_sent = NULL;
    check_order(max);
    check_stats(1, 0, max, n_late - max);

    /* The next time it starts anew. */
    hwv_hold_start(1);
    n_late = max;
    on_sent = put_late;
    put(1, 0, n_late++);
    check_stats(1, 1, max, 10);
    hwv_hold_release(1);
    on_sent = NULL;
    check_order(max + 1);
}
END_TEST

static atomic_count n_ready = ATOMIC_COUNT_INIT(0);

static void *
putter(void *thread_)
{
    uint32_t *thread = thread_;

    for (uint32_t i = 0; i < N_EACH; i++) {
        put(1, *thread, i);
        if (i == HWV_HOLD_MAX_PACKETS / N_THREADS - 1) {
            atomic_count_inc(&n_ready);
            while (atomic_count_get(&n_ready) <= N_THREADS) {
                hwv_unit_pause();
            }
        }
    }
    return NULL;
}

/* Threads go on putting packets while the VTEP comes up. */
START_TEST(test_threads)
{
    uint32_t numbers[N_THREADS];
    pthread_t threads[N_THREADS];

    hwv_hold_create(1, false);
    for (uint32_t i = 0; i < N_THREADS; i++) {
        numbers[i] = i;
        threads[i] = ovs_thread_create("putter", putter, &numbers[i]);
    }
    while (atomic_count_get(&n_ready) < N_THREADS) {
        hwv_unit_pause();
    }
    ck_assert_uint_eq(get_n_sent(), 0);

    /* A full queue would drop what comes in between: leave them no time. */
    hwv_hold_release(1);
    atomic_count_inc(&n_ready);
    for (uint32_t i = 0; i < N_THREADS; i++) {
        xpthread_join(threads[i], NULL);
    }
    check_order(N_PACKETS);
    check_stats(1, 0, N_PACKETS, 0);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("hold");
    TCase *tcase = hwv_unit_tcase(suite, "hold");

    tcase_add_test(tcase, test_waits_and_goes_in_order);
    tcase_add_test(tcase, test_metadata_stays);
    tcase_add_test(tcase, test_limits_of_a_port);
    tcase_add_test(tcase, test_reserve);
    tcase_add_test(tcase, test_late_packets_queue_up);
    tcase_add_test(tcase, test_release_ends);
    tcase_add_test(tcase, test_threads);
    return hwv_unit_run(argv[0], suite);
}
