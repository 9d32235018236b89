/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the tunnel table. */

#include <config.h>
#undef NDEBUG
#include "hwv-tunnel-table.h"

#include <errno.h>
#include <string.h>

#include "hwv-key.h"
#include "hwv-unit.h"
#include "ovs-atomic.h"
#include "ovs-thread.h"

/* An encapsulation and a next hop that can be told from any other's. */
static struct hwv_encap
encap_of(uint32_t stamp)
{
    struct hwv_encap encap = {
        .len = stamp % 2 ? HWV_ENCAP_MAX : 50,
        .udp_csum = stamp % 3 == 0,
    };

    for (size_t i = 0; i < sizeof encap.header; i++) {
        encap.header[i] = stamp * 0x9e3779b1 >> (i % 4 * 8) ^ i;
    }
    return encap;
}

static bool
encap_is(const struct hwv_encap *a, uint32_t stamp)
{
    struct hwv_encap b = encap_of(stamp);

    return a->len == b.len && a->udp_csum == b.udp_csum
           && !memcmp(a->header, b.header, sizeof a->header);
}

static struct eth_addr
mac_of(uint64_t i)
{
    struct eth_addr ea;

    eth_addr_from_uint64(i * UINT64_C(0x9e3779b97f4b) & 0xffffffffffff, &ea);
    return ea;
}

static struct eth_addr
next_hop(const struct hwv_tunnel *tunnel)
{
    uint64_t mac;

    atomic_read_relaxed(&CONST_CAST(struct hwv_tunnel *, tunnel)->next_hop,
                        &mac);
    return hwv_mac_from_word(mac);
}

/* The reference model: by id, what is there, and since how many grace periods
 * it is not. */
#define MAX_TUNNELS 20

enum state { FREE, USED, REMOVED, UNLINKED };

struct model {
    enum state states[MAX_TUNNELS];
    uint32_t stamps[MAX_TUNNELS];       /* Encapsulation. */
    uint32_t macs[MAX_TUNNELS];         /* Next hop. */
};

static void
compare_all(const struct hwv_tunnel_table *table, const struct model *model)
{
    uint32_t n = 0;

    for (uint32_t id = 0; id < MAX_TUNNELS; id++) {
        const struct hwv_tunnel *tunnel = hwv_tunnel_table_get(table, id);

        if (model->states[id] == FREE || model->states[id] == UNLINKED) {
            ck_assert_ptr_null(tunnel);
            continue;
        }
        n += model->states[id] == USED;
        ck_assert_ptr_nonnull(tunnel);
        ck_assert(encap_is(&tunnel->encap, model->stamps[id]));
        ck_assert(eth_addr_equals(next_hop(tunnel),
                                  mac_of(model->macs[id])));
    }
    ck_assert_uint_eq(hwv_tunnel_table_count(table), n);
    ck_assert_ptr_null(hwv_tunnel_table_get(table, MAX_TUNNELS));
    ck_assert_ptr_null(hwv_tunnel_table_get(table, UINT32_MAX));
}

static int
random_add(struct hwv_tunnel_table *table, struct model *model, uint32_t stamp)
{
    struct hwv_encap encap = encap_of(stamp);
    uint32_t expected, id;
    int error;

    for (expected = 0; expected < MAX_TUNNELS; expected++) {
        if (model->states[expected] == FREE) {
            break;
        }
    }
    error = hwv_tunnel_table_add(table, &encap, mac_of(stamp), &id);
    ck_assert_int_eq(error, expected < MAX_TUNNELS ? 0 : ENOSPC);
    if (!error) {
        ck_assert_uint_eq(id, expected);
        model->states[id] = USED;
        model->stamps[id] = model->macs[id] = stamp;
    }
    return error;
}

/* Lets every grace period pass. */
static void
settle(struct model *model)
{
    hwv_unit_settle();
    for (int id = 0; id < MAX_TUNNELS; id++) {
        if (model->states[id] != USED) {
            model->states[id] = FREE;
        }
    }
}

START_TEST(test_random)
{
    struct hwv_tunnel_table *table = hwv_tunnel_table_create(MAX_TUNNELS);
    struct model model = { .stamps = { 0 } };
    int n_enospc = 0;

    random_set_seed(2000 + _i);
    ck_assert_uint_eq(hwv_tunnel_table_max(table), MAX_TUNNELS);
    for (uint32_t i = 1; i < 5000; i++) {
        uint32_t id = random_range(MAX_TUNNELS + 1);

        switch (random_range(4)) {
        case 0:
        case 1:
            n_enospc += random_add(table, &model, i) == ENOSPC;
            break;
        case 2:
            hwv_tunnel_table_remove(table, id);
            if (id < MAX_TUNNELS && model.states[id] == USED) {
                model.states[id] = REMOVED;
            }
            break;
        case 3:
            hwv_tunnel_table_set_next_hop(table, id, mac_of(i));
            if (id < MAX_TUNNELS) {
                model.macs[id] = i;
            }
            break;
        }
        compare_all(table, &model);
        if (random_range(50) == 0) {
            settle(&model);
        }
    }
    ck_assert_int_gt(n_enospc, 50);

    /* Some tunnels are there, and some are going; none may leak. */
    hwv_tunnel_table_destroy(table);
    hwv_unit_settle();
}
END_TEST

/* A removed tunnel is found for one grace period and readable for two.  With
 * one thread, a quiescent state is a grace period. */
START_TEST(test_remove)
{
    struct hwv_tunnel_table *table = hwv_tunnel_table_create(1);
    struct hwv_encap encap = encap_of(1);
    const struct hwv_tunnel *tunnel;
    uint32_t id;

    ck_assert_int_eq(hwv_tunnel_table_add(table, &encap, mac_of(1), &id), 0);
    tunnel = hwv_tunnel_table_get(table, id);
    hwv_tunnel_table_remove(table, id);
    ck_assert_ptr_eq(hwv_tunnel_table_get(table, id), tunnel);
    ck_assert_uint_eq(hwv_tunnel_table_count(table), 0);

    ovsrcu_quiesce();
    ck_assert_ptr_null(hwv_tunnel_table_get(table, id));
    ck_assert(encap_is(&tunnel->encap, 1));
    ck_assert(eth_addr_equals(next_hop(tunnel), mac_of(1)));
    ck_assert_int_eq(hwv_tunnel_table_add(table, &encap, mac_of(2), &id),
                     ENOSPC);

    ovsrcu_quiesce();
    ck_assert_int_eq(hwv_tunnel_table_add(table, &encap, mac_of(2), &id), 0);

    /* Readers may still be there. */
    hwv_tunnel_table_destroy(table);
    ck_assert(encap_is(&hwv_tunnel_table_get(table, id)->encap, 1));

    hwv_tunnel_table_destroy(NULL);
    table = hwv_tunnel_table_create(0);
    ck_assert_int_eq(hwv_tunnel_table_add(table, &encap, mac_of(2), &id),
                     ENOSPC);
    hwv_tunnel_table_destroy(table);
    hwv_unit_settle();
}
END_TEST

/* Several threads.  The writer puts tunnels up and takes them down; "flows"
 * name some of them.  Who follows a flow finds its tunnel, always. */

#define N_READERS 4
#define N_FLOWS 7
#define N_TUNNELS 12            /* Some more, for those that are going. */

struct shared {
    struct hwv_tunnel_table *table;
    atomic_uint64_t flows[N_FLOWS]; /* Stamp and tunnel id, 0 at first. */
    atomic_bool stop;
    atomic_uint64_t n_found;    /* Of all readers. */
};

static void *
follow_flows(void *shared_)
{
    struct shared *shared = shared_;
    uint64_t n_found = 0, orig;
    bool stop = false;

    while (!stop) {
        for (int i = 0; i < 5000; i++) {
            const struct hwv_tunnel *tunnel;
            uint64_t flow;
            uint32_t stamp;

            atomic_read(&shared->flows[i % N_FLOWS], &flow);
            if (!flow) {
                continue;
            }
            stamp = flow >> 32;
            tunnel = hwv_tunnel_table_get(shared->table, flow & UINT32_MAX);
            ovs_assert(tunnel);
            ovs_assert(encap_is(&tunnel->encap, stamp));
            ovs_assert(eth_addr_equals(next_hop(tunnel), mac_of(stamp))
                       || eth_addr_equals(next_hop(tunnel), eth_addr_zero));
            n_found++;
        }
        ovsrcu_quiesce();
        atomic_read(&shared->stop, &stop);
    }
    atomic_add(&shared->n_found, n_found, &orig);
    return NULL;
}

/* Walks over all ids, as a dump does, and reads whatever there is. */
static void *
walk_tunnels(void *shared_)
{
    struct shared *shared = shared_;
    bool stop = false;

    while (!stop) {
        for (uint32_t id = 0; id < N_TUNNELS; id++) {
            const struct hwv_tunnel *tunnel;

            tunnel = hwv_tunnel_table_get(shared->table, id);
            if (tunnel) {
                size_t len = tunnel->encap.len;

                ovs_assert(len == 50 || len == HWV_ENCAP_MAX);
                hwv_tunnel_table_set_next_hop(shared->table, id,
                                              eth_addr_zero);
            }
        }
        ovsrcu_quiesce();
        atomic_read(&shared->stop, &stop);
    }
    return NULL;
}

/* Makes flow 'i' lead through a new tunnel, unless all ids wait for their
 * grace periods. */
static void
change_flow(struct shared *shared, int i, uint32_t stamp)
{
    struct hwv_encap encap = encap_of(stamp);
    uint64_t old;
    uint32_t id;

    if (hwv_tunnel_table_add(shared->table, &encap, mac_of(stamp), &id)) {
        return;
    }
    atomic_read(&shared->flows[i], &old);
    atomic_store(&shared->flows[i], (uint64_t) stamp << 32 | id);
    if (old) {
        hwv_tunnel_table_remove(shared->table, old & UINT32_MAX);
    }
}

START_TEST(test_threads)
{
    struct shared shared = { .table = hwv_tunnel_table_create(N_TUNNELS) };
    pthread_t threads[N_READERS];
    uint32_t stamp = 0;
    long long int end;
    uint64_t n_found;

    for (int i = 0; i < N_FLOWS; i++) {
        atomic_init(&shared.flows[i], 0);
    }
    atomic_init(&shared.stop, false);
    atomic_init(&shared.n_found, 0);
    for (int i = 0; i < N_READERS; i++) {
        threads[i] = ovs_thread_create("reader",
                                       i ? follow_flows : walk_tunnels,
                                       &shared);
    }
    end = hwv_unit_cpu_msec() + HWV_UNIT_CHURN_MS;
    while (hwv_unit_cpu_msec() < end) {
        stamp++;
        change_flow(&shared, stamp % N_FLOWS, stamp);
        ovsrcu_quiesce();
    }
    atomic_store(&shared.stop, true);
    for (int i = 0; i < N_READERS; i++) {
        xpthread_join(threads[i], NULL);
    }
    atomic_read(&shared.n_found, &n_found);
    ck_assert_uint_gt(n_found, 1000);
    hwv_tunnel_table_destroy(shared.table);
    hwv_unit_settle();
}
END_TEST

static uint64_t
next_hop_bits(const struct hwv_tunnel *tunnel)
{
    uint64_t bits;

    atomic_read_relaxed(&CONST_CAST(struct hwv_tunnel *, tunnel)->next_hop,
                        &bits);
    return bits;
}

/* Blocking and the next hop's MAC do not disturb each other. */
START_TEST(test_blocked)
{
    struct hwv_tunnel_table *table = hwv_tunnel_table_create(2);
    struct hwv_encap encap = encap_of(1);
    const struct hwv_tunnel *tunnels[2];
    uint32_t ids[2];

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(hwv_tunnel_table_add(table, &encap, mac_of(i),
                                              &ids[i]), 0);
        tunnels[i] = hwv_tunnel_table_get(table, ids[i]);
        ck_assert(!hwv_tunnel_is_blocked(tunnels[i]));
    }
    hwv_tunnel_table_block(table, ids[0], true);
    ck_assert(hwv_tunnel_is_blocked(tunnels[0]));
    ck_assert(!hwv_tunnel_is_blocked(tunnels[1]));
    ck_assert_uint_eq(next_hop_bits(tunnels[0]),
                      hwv_mac_to_word(mac_of(0)) | HWV_TUNNEL_BLOCKED);
    hwv_tunnel_table_set_next_hop(table, ids[0], mac_of(7));
    ck_assert(hwv_tunnel_is_blocked(tunnels[0]));
    hwv_tunnel_table_block(table, ids[0], false);
    ck_assert_uint_eq(next_hop_bits(tunnels[0]),
                      hwv_mac_to_word(mac_of(7)));
    hwv_tunnel_table_destroy(table);
    hwv_unit_settle();
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("hwv-tunnel-table");
    TCase *tcase;

    tcase = hwv_unit_tcase(suite, "one thread");
    tcase_add_loop_test(tcase, test_random, 0, 3);
    tcase_add_test(tcase, test_remove);

    tcase = hwv_unit_tcase(suite, "several threads");
    tcase_add_test(tcase, test_threads);
    tcase_add_test(tcase, test_blocked);
    return hwv_unit_run(argv[0], suite);
}
