/* SPDX-License-Identifier: Apache-2.0 */

/* Lookups in the flow table while a writer changes it. */

#include <config.h>
#undef NDEBUG
#include "hwv-flow-table.h"

#include "hwv-lookup.h"
#include "hwv-unit.h"
#include "ovs-atomic.h"
#include "ovs-thread.h"

/* More readers than most machines that build have processors, so that readers
 * are interrupted in the middle of a lookup, which is when things go wrong. */
#define N_READERS 4

/* How much each thread does between quiescent states, which are few, because
 * threads meet at a lock there instead of inside the table. */
#define N_LOOKUPS 50000
#define N_CHANGES 2000
#define N_PAUSED_CHANGES 50

struct shared {
    struct hwv_flow_table *table;
    atomic_bool stop;
    atomic_uint64_t n_hits;     /* Of all readers. */
};

static struct eth_addr
mac(uint32_t i)
{
    struct eth_addr ea;

    eth_addr_from_uint64(UINT64_C(0x020000000000) + i, &ea);
    return ea;
}

static void
set(struct hwv_flow_table *table, uint32_t dmac, uint32_t smac, uint8_t class,
    struct hwv_flow_value value)
{
    struct hwv_key key = hwv_key_make(0, mac(dmac), mac(smac), class);

    ck_assert_int_eq(hwv_flow_table_set(table, &key, &value), 0);
}

static void
unset(struct hwv_flow_table *table, uint32_t dmac, uint32_t smac,
      uint8_t class)
{
    struct hwv_key key = hwv_key_make(0, mac(dmac), mac(smac), class);

    ck_assert_int_eq(hwv_flow_table_remove(table, &key), 0);
}

/* Calls 'change' again and again while N_READERS threads run 'reader'. */
static void
churn(void *(*reader)(void *), void (*change)(struct hwv_flow_table *))
{
    struct shared shared = { .table = hwv_flow_table_create(10000, 1) };
    pthread_t threads[N_READERS];
    long long int end;
    uint64_t n_hits;

    atomic_init(&shared.stop, false);
    atomic_init(&shared.n_hits, 0);
    change(shared.table);
    for (int i = 0; i < N_READERS; i++) {
        threads[i] = ovs_thread_create("reader", reader, &shared);
    }
    end = hwv_unit_cpu_msec() + HWV_UNIT_CHURN_MS;
    while (hwv_unit_cpu_msec() < end) {
        change(shared.table);
        ovsrcu_quiesce();
    }
    atomic_store(&shared.stop, true);
    for (int i = 0; i < N_READERS; i++) {
        xpthread_join(threads[i], NULL);
    }
    atomic_read(&shared.n_hits, &n_hits);
    ck_assert_uint_gt(n_hits, 1000);
    hwv_flow_table_destroy(shared.table);
    hwv_unit_settle();
}

/* Each value is whole, its key's own, and not older than one seen before. */

#define N_KEYS 4                /* Of which the odd ones come and go. */
#define N_FILL 3000             /* Makes the map grow and shrink. */

static struct hwv_flow_value
value_of(uint32_t key, uint32_t version)
{
    return (struct hwv_flow_value) {
        .output = version % 4,
        .tunnel = version,
        .vni = (version * 31 + key) & 0xffffff,
        .counter = ~version - key,
    };
}

static void *
read_whole(void *shared_)
{
    struct shared *shared = shared_;
    uint32_t versions[N_KEYS] = { 0 };
    uint64_t n_hits = 0, orig;
    bool stop = false;

    while (!stop) {
        for (uint32_t i = 0; i < N_LOOKUPS; i++) {
            uint32_t key = i % N_KEYS;
            struct hwv_frame frame = { .dmac = hwv_mac_to_word(mac(key)) };
            struct hwv_flow_value value, expected;
            enum hwv_lookup result;

            result = hwv_look_up(shared->table, 0, 0, &frame,
                                 &value);
            if (result != HWV_LOOKUP_HIT) {
                ovs_assert(key % 2 && result == HWV_LOOKUP_NONE);
                continue;
            }
            expected = value_of(key, value.tunnel);
            ovs_assert(hwv_flow_value_equal(&value, &expected));
            ovs_assert(value.counter == expected.counter);
            ovs_assert(value.tunnel >= versions[key]);
            versions[key] = value.tunnel;
            n_hits++;
        }
        ovsrcu_quiesce();
        atomic_read(&shared->stop, &stop);
    }
    atomic_add(&shared->n_hits, n_hits, &orig);
    return NULL;
}

static void
change_whole(struct hwv_flow_table *table)
{
    static uint32_t version;
    bool fill = version / N_CHANGES % 8 == 0;

    for (uint32_t i = 0; fill && i < N_FILL; i++) {
        set(table, N_KEYS + i, 0, HWV_CLASS_DMAC, value_of(i, version));
    }
    for (int i = 0; i < N_CHANGES; i++) {
        version++;
        for (uint32_t key = 0; key < N_KEYS; key++) {
            set(table, key, 0, HWV_CLASS_DMAC, value_of(key, version));
        }
        for (uint32_t key = 1; key < N_KEYS; key += 2) {
            unset(table, key, 0, HWV_CLASS_DMAC);
        }
    }
    for (uint32_t i = 0; fill && i < N_FILL; i++) {
        unset(table, N_KEYS + i, 0, HWV_CLASS_DMAC);
    }
}

START_TEST(test_whole)
{
    churn(read_whole, change_whole);
}
END_TEST

/* A frame from 2 to 1 may go to the uplink as far as flow A says, which looks
 * at 1 alone.  A is never there without B, which drops that frame: the frame
 * must not be sent at any moment. */

static const struct hwv_flow_value uplink = { .output = HWV_OUT_UPLINK };
static const struct hwv_flow_value drop = { .output = HWV_OUT_DROP };

static void *
read_moment__(struct shared *shared, bool apart)
{
    struct hwv_frame frame = {
        .dmac = hwv_mac_to_word(mac(1)),
        .smac = hwv_mac_to_word(mac(2)),
    };
    uint64_t n_hits = 0, orig;
    bool stop = false;

    while (!stop) {
        for (int i = 0; i < N_LOOKUPS; i++) {
            struct hwv_flow_value value;
            enum hwv_lookup result;

            result = hwv_look_up(shared->table, 0, 0, &frame,
                                 &value);
            if (apart) {
                ovs_assert(result != HWV_LOOKUP_AMBIGUOUS);
            } else if (result == HWV_LOOKUP_HIT) {
                ovs_assert(value.output == HWV_OUT_DROP);
            }
            n_hits += result == HWV_LOOKUP_HIT;
        }
        ovsrcu_quiesce();
        atomic_read(&shared->stop, &stop);
    }
    atomic_add(&shared->n_hits, n_hits, &orig);
    return NULL;
}

static void *
read_moment_apart(void *shared_)
{
    return read_moment__(shared_, true);
}

static void *
read_moment(void *shared_)
{
    return read_moment__(shared_, false);
}

static void
change_moment(struct hwv_flow_table *table)
{
    for (int i = 0; i < N_CHANGES; i++) {
        set(table, 1, 2, HWV_CLASS_DMAC | HWV_CLASS_SMAC, drop);
        set(table, 1, 0, HWV_CLASS_DMAC, uplink);
        unset(table, 1, 0, HWV_CLASS_DMAC);
        unset(table, 1, 2, HWV_CLASS_DMAC | HWV_CLASS_SMAC);
    }
}

/* The same where the domain has both shapes all the time. */
static void
change_moment_same_shapes(struct hwv_flow_table *table)
{
    set(table, 3, 3, HWV_CLASS_DMAC, drop);
    set(table, 3, 3, HWV_CLASS_DMAC | HWV_CLASS_SMAC, drop);
    change_moment(table);
}

/* The same where A is there all the time but says something else. */
static void
change_moment_modify(struct hwv_flow_table *table)
{
    set(table, 1, 0, HWV_CLASS_DMAC, drop);
    for (int i = 0; i < N_CHANGES; i++) {
        set(table, 1, 2, HWV_CLASS_DMAC | HWV_CLASS_SMAC, drop);
        set(table, 1, 0, HWV_CLASS_DMAC, uplink);
        set(table, 1, 0, HWV_CLASS_DMAC, drop);
        unset(table, 1, 2, HWV_CLASS_DMAC | HWV_CLASS_SMAC);
    }
}

/* The other way round: B sends the frame and A, which is there as long as B,
 * drops it. */
static void
change_moment_swapped(struct hwv_flow_table *table)
{
    set(table, 3, 3, HWV_CLASS_DMAC, drop);
    set(table, 3, 3, HWV_CLASS_DMAC | HWV_CLASS_SMAC, drop);
    for (int i = 0; i < N_PAUSED_CHANGES; i++) {
        set(table, 1, 0, HWV_CLASS_DMAC, drop);
        hwv_unit_pause();
        set(table, 1, 2, HWV_CLASS_DMAC | HWV_CLASS_SMAC, uplink);
        hwv_unit_pause();
        unset(table, 1, 2, HWV_CLASS_DMAC | HWV_CLASS_SMAC);
        unset(table, 1, 0, HWV_CLASS_DMAC);
        hwv_unit_pause();
    }
}

/* Both are there all the time and never send the frame together. */
static void
change_moment_crossed(struct hwv_flow_table *table)
{
    set(table, 1, 0, HWV_CLASS_DMAC, drop);
    set(table, 1, 2, HWV_CLASS_DMAC | HWV_CLASS_SMAC, drop);
    for (int i = 0; i < N_PAUSED_CHANGES; i++) {
        set(table, 1, 2, HWV_CLASS_DMAC | HWV_CLASS_SMAC, uplink);
        hwv_unit_pause();
        set(table, 1, 2, HWV_CLASS_DMAC | HWV_CLASS_SMAC, drop);
        set(table, 1, 0, HWV_CLASS_DMAC, uplink);
        hwv_unit_pause();
        set(table, 1, 0, HWV_CLASS_DMAC, drop);
        hwv_unit_pause();
    }
}

/* A or B, never both: there is no moment of doubt. */
static void
change_moment_apart(struct hwv_flow_table *table)
{
    set(table, 3, 3, HWV_CLASS_DMAC, drop);
    set(table, 3, 3, HWV_CLASS_DMAC | HWV_CLASS_SMAC, drop);
    for (int i = 0; i < N_CHANGES; i++) {
        set(table, 1, 0, HWV_CLASS_DMAC, uplink);
        unset(table, 1, 0, HWV_CLASS_DMAC);
        set(table, 1, 2, HWV_CLASS_DMAC | HWV_CLASS_SMAC, drop);
        unset(table, 1, 2, HWV_CLASS_DMAC | HWV_CLASS_SMAC);
    }
}

static void (*const moment_changes[])(struct hwv_flow_table *) = {
    change_moment,
    change_moment_same_shapes,
    change_moment_modify,
    change_moment_swapped,
    change_moment_crossed,
};

START_TEST(test_moment)
{
    churn(read_moment, moment_changes[_i]);
}
END_TEST

START_TEST(test_moment_apart)
{
    churn(read_moment_apart, change_moment_apart);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("hwv-flow-table, threads");
    TCase *tcase = hwv_unit_tcase(suite, "several threads");

    tcase_add_loop_test(tcase, test_whole, 0, 3);
    tcase_add_loop_test(tcase, test_moment, 0, ARRAY_SIZE(moment_changes));
    tcase_add_test(tcase, test_moment_apart);
    return hwv_unit_run(argv[0], suite);
}
