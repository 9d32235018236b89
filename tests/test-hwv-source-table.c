/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the source table, against an array of all rows that there
 * could be. */

#include <config.h>
#undef NDEBUG
#include "hwv-source-table.h"

#include <errno.h>
#include <string.h>

#include "hwv-unit.h"
#include "ovs-atomic.h"
#include "ovs-thread.h"
#include "unaligned.h"

/* Each field of a key has two values, chosen by a bit of the row's number. */
enum {
    SRC, DST, VNI, UDP_DST, TOS, FLAGS, DMAC, SMAC, SMAC_MATCHED, N_FIELDS
};
#define N_ROWS (1 << N_FIELDS)
#define MAX_ROWS 300

static struct hwv_source_key
key_of(int row)
{
    const struct eth_addr mac = ETH_ADDR_C(02,00,00,00,00,01);
    struct hwv_source_key key;

#define BIT(FIELD) ((row >> (FIELD)) & 1)
    memset(&key, 0, sizeof key);
    key.src = in6_addr_mapped_ipv4(htonl(0x0a000001));
    key.src.s6_addr[15] ^= BIT(SRC);
    key.dst = in6_addr_mapped_ipv4(htonl(0x0a000002));
    key.dst.s6_addr[0] ^= BIT(DST);
    key.vni = BIT(VNI) << 23;
    key.udp_dst = htons(4789 + BIT(UDP_DST));
    key.tos = BIT(TOS) ? 0x80 : 0;
    key.flags = BIT(FLAGS) ? HWV_SOURCE_CSUM : 0;
    key.dmac = BIT(DMAC) ? mac : eth_addr_zero;
    key.smac = BIT(SMAC) ? mac : eth_addr_zero;
    key.smac_matched = BIT(SMAC_MATCHED);
#undef BIT
    return key;
}

static bool
look_up(const struct hwv_source_table *table, const struct hwv_source_key *key,
        struct hwv_source_value *value)
{
    struct hwv_source_lookups lookups;

    hwv_source_lookups_begin(&lookups, table);
    hwv_source_lookups_put(&lookups, 0, key);
    hwv_source_lookups_fetch(&lookups, 0);
    return (hwv_source_lookups_finish(&lookups, 0, value)
            && hwv_source_lookups_end(&lookups));
}

/* Rows that may exist: those that ignore the source MAC have none. */
static int
random_row(void)
{
    int row = random_range(N_ROWS);

    return row & 1 << SMAC_MATCHED ? row : row & ~(1 << SMAC);
}

struct model {
    bool present[N_ROWS];
    struct hwv_source_value values[N_ROWS];
    int n;
};

static int
random_set(struct hwv_source_table *table, struct model *model)
{
    static uint32_t counter;
    int row = random_row();
    struct hwv_source_key key = key_of(row);
    struct hwv_source_value value = {
        .id = random_range(3),
        .counter = counter++,
    };
    int error = !model->present[row] && model->n >= MAX_ROWS ? ENOSPC : 0;

    ck_assert_int_eq(hwv_source_table_set(table, &key, &value), error);
    if (!error) {
        model->n += !model->present[row];
        model->present[row] = true;
        model->values[row] = value;
    }
    return error;
}

static int
random_remove(struct hwv_source_table *table, struct model *model)
{
    int row = random_row();
    struct hwv_source_key key = key_of(row);
    int error = model->present[row] ? 0 : ENOENT;

    ck_assert_int_eq(hwv_source_table_remove(table, &key), error);
    if (!error) {
        model->n--;
        model->present[row] = false;
    }
    return error;
}

enum result { NONE, HIT, DISAGREE };

static enum result
compare_lookup(const struct hwv_source_table *table, const struct model *model)
{
    int exact = random_range(N_ROWS) | 1 << SMAC_MATCHED;
    int wild = exact & ~(1 << SMAC_MATCHED) & ~(1 << SMAC);
    bool both = model->present[exact] && model->present[wild];
    bool disagree = both && model->values[exact].id != model->values[wild].id;
    bool hit = (model->present[exact] || model->present[wild]) && !disagree;
    const struct hwv_source_key key = key_of(exact);
    struct hwv_source_value value;

    ck_assert_int_eq(look_up(table, &key, &value), hit);
    if (hit) {
        int row = model->present[exact] ? exact : wild;

        ck_assert_uint_eq(value.id, model->values[row].id);
        ck_assert_uint_eq(value.counter, model->values[row].counter);
    }
    return hit ? HIT : disagree ? DISAGREE : NONE;
}

struct walk {
    const struct model *model;
    int n;
};

static void
check_walked(const struct hwv_source_key *key,
             const struct hwv_source_value *value, void *walk_)
{
    struct walk *walk = walk_;

    for (int row = 0; row < N_ROWS; row++) {
        struct hwv_source_key expected = key_of(row);

        if (!memcmp(key, &expected, sizeof expected)) {
            ck_assert(walk->model->present[row]);
            ck_assert_uint_eq(value->id, walk->model->values[row].id);
            ck_assert_uint_eq(value->counter,
                              walk->model->values[row].counter);
            walk->n++;
        }
    }
}

static void
compare_all(const struct hwv_source_table *table, const struct model *model)
{
    struct walk walk = { .model = model };

    ck_assert_uint_eq(hwv_source_table_count(table), model->n);
    hwv_source_table_for_each(table, check_walked, &walk);
    ck_assert_int_eq(walk.n, model->n);
}

START_TEST(test_random)
{
    struct hwv_source_table *table = hwv_source_table_create(MAX_ROWS);
    struct model model = { .n = 0 };
    int n_results[3] = { 0 };
    int n_enospc = 0, n_enoent = 0, n_empty = 0;

    random_set_seed(3000 + _i);
    ck_assert_uint_eq(hwv_source_table_max(table), MAX_ROWS);
    for (int i = 0; i < 40000; i++) {
        /* Fills up, then runs empty, and so on. */
        bool removal = random_range(16) < (i / 5000 % 2 ? 16 : 1);

        if (removal) {
            n_enoent += random_remove(table, &model) == ENOENT;
        } else {
            n_enospc += random_set(table, &model) == ENOSPC;
        }
        n_empty += !model.n;
        n_results[compare_lookup(table, &model)]++;
        if (i % 500 == 0) {
            compare_all(table, &model);
            ovsrcu_quiesce();
        }
    }
    ck_assert_int_gt(n_enospc, 50);
    ck_assert_int_gt(n_enoent, 50);
    ck_assert_int_gt(n_empty, 5);
    ck_assert_int_gt(n_results[NONE], 1000);
    ck_assert_int_gt(n_results[HIT], 1000);
    ck_assert_int_gt(n_results[DISAGREE], 100);

    /* Readers may still be there. */
    random_set(table, &model);
    hwv_source_table_destroy(table);
    compare_all(table, &model);
    hwv_source_table_destroy(NULL);
    hwv_unit_settle();
}
END_TEST

/* No field is left out, and no two are mixed up. */
START_TEST(test_fields)
{
    struct hwv_source_table *table = hwv_source_table_create(1);
    const struct hwv_source_key key = key_of(1 << SMAC_MATCHED);
    const struct hwv_source_value value = { .id = 5, .counter = 6 };
    const uint8_t *end = (const uint8_t *) (&key + 1);

    ck_assert_int_eq(hwv_source_table_set(table, &key, &value), 0);
    for (const uint8_t *p = (const uint8_t *) &key; p < end; p++) {
        for (int bit = 0; bit < 8; bit++) {
            struct hwv_source_key probe = key;
            struct hwv_source_value found;

            ck_assert(look_up(table, &probe, &found));
            ((uint8_t *) &probe)[p - (const uint8_t *) &key] ^= 1 << bit;
            ck_assert(!look_up(table, &probe, &found));
        }
    }
    hwv_source_table_destroy(table);
    hwv_unit_settle();
}
END_TEST

static struct hwv_source_key
numbered_key(uint32_t i)
{
    struct hwv_source_key key = key_of(1 << SMAC_MATCHED);

    put_unaligned_u32((uint32_t *) &key.src, i * 0x9e3779b1);
    put_unaligned_u32((uint32_t *) &key.dst, i);
    return key;
}

/* Returns how many of 'n' lookups are wrong if each 'step'-th row of those
 * from 'first' is not there. */
static int
count_wrong(const struct hwv_source_table *table, uint32_t n, uint32_t first,
            uint32_t step)
{
    int n_wrong = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct hwv_source_key key = numbered_key(i);
        bool present = i < first || (i - first) % step;
        struct hwv_source_value value;

        n_wrong += look_up(table, &key, &value) != present
                   || (present && (value.id != i || value.counter != ~i));
    }
    return n_wrong;
}

/* The answers to a burst are good if there was no change since it began. */
START_TEST(test_burst)
{
    struct hwv_source_table *table = hwv_source_table_create(200);
    const struct hwv_source_value value = { .id = 5, .counter = 6 };
    struct hwv_source_lookups lookups;
    struct hwv_source_value found;

    for (uint32_t i = 0; i < 200; i++) {
        struct hwv_source_key key = numbered_key(i);
        struct hwv_source_key first = numbered_key(0);

        hwv_source_lookups_begin(&lookups, table);
        hwv_source_lookups_put(&lookups, 7, &first);
        ck_assert_int_eq(hwv_source_table_set(table, &key, &value), 0);
        hwv_source_lookups_finish(&lookups, 7, &found);
        ck_assert(!hwv_source_lookups_end(&lookups));

        hwv_source_lookups_begin(&lookups, table);
        for (uint32_t j = 0; j <= i; j++) {
            struct hwv_source_key probe = numbered_key(j);
            size_t lane = j % NETDEV_MAX_BURST;

            hwv_source_lookups_put(&lookups, lane, &probe);
            ck_assert(hwv_source_lookups_finish(&lookups, lane, &found));
            ck_assert_uint_eq(found.id, value.id);
        }
        ck_assert(hwv_source_lookups_end(&lookups));
    }
    for (uint32_t i = 0; i < 200; i++) {
        struct hwv_source_key key = numbered_key(i);

        hwv_source_lookups_begin(&lookups, table);
        ck_assert_int_eq(hwv_source_table_remove(table, &key), 0);
        ck_assert(!hwv_source_lookups_end(&lookups));
    }
    hwv_source_table_destroy(table);
    hwv_unit_settle();
}
END_TEST

/* Among so many rows there are some with the same hash, and many that others
 * are in the way of. */
START_TEST(test_collisions)
{
    enum { N = 300000 };
    struct hwv_source_table *table = hwv_source_table_create(N);
    int n_wrong = 0;

    for (uint32_t i = 0; i < N; i++) {
        const struct hwv_source_value value = { .id = i, .counter = ~i };
        const struct hwv_source_key key = numbered_key(i);

        n_wrong += hwv_source_table_set(table, &key, &value) != 0;
    }
    ck_assert_int_eq(n_wrong, 0);
    ck_assert_int_eq(count_wrong(table, N, N, 1), 0);
    for (uint32_t i = 1; i < N; i += 2) {
        const struct hwv_source_key key = numbered_key(i);

        n_wrong += hwv_source_table_remove(table, &key) != 0;
    }
    ck_assert_int_eq(n_wrong, 0);
    ck_assert_int_eq(count_wrong(table, N, 1, 2), 0);
    ck_assert_uint_eq(hwv_source_table_count(table), N / 2);
    hwv_source_table_destroy(table);
    hwv_unit_settle();
}
END_TEST

/* Several threads.  The row that ignores the source MAC and says 1 is never
 * there without the one that matches it and says something else: no moment
 * gives 1. */

#define N_READERS 4
#define N_LOOKUPS 20000         /* Between quiescent states. */
#define N_CHANGES 2000
#define N_PAUSED_CHANGES 50

#define EXACT (1 << SMAC_MATCHED | 1 << SMAC)
#define WILD 0
#define OTHER (1 << VNI)        /* Makes that both kinds are always there. */

struct shared {
    struct hwv_source_table *table;
    atomic_bool stop;
    atomic_uint64_t n_hits;     /* Of all readers. */
};

static void *
read_moment(void *shared_)
{
    const struct hwv_source_key key = key_of(EXACT);
    struct shared *shared = shared_;
    uint64_t n_hits = 0, orig;
    bool stop = false;

    while (!stop) {
        for (int i = 0; i < N_LOOKUPS; i++) {
            struct hwv_source_value value;

            if (look_up(shared->table, &key, &value)) {
                ovs_assert(value.id != 1);
                ovs_assert(value.counter == ~value.id);
                n_hits++;
            }
        }
        ovsrcu_quiesce();
        atomic_read(&shared->stop, &stop);
    }
    atomic_add(&shared->n_hits, n_hits, &orig);
    return NULL;
}

static void
set(struct hwv_source_table *table, int row, uint32_t id)
{
    const struct hwv_source_value value = { .id = id, .counter = ~id };
    const struct hwv_source_key key = key_of(row);

    ck_assert_int_eq(hwv_source_table_set(table, &key, &value), 0);
}

static void
unset(struct hwv_source_table *table, int row)
{
    const struct hwv_source_key key = key_of(row);

    ck_assert_int_eq(hwv_source_table_remove(table, &key), 0);
}

/* Rows come and go, the one that matches the source MAC first. */
static void
change_rows(struct hwv_source_table *table)
{
    for (int i = 0; i < N_CHANGES; i++) {
        set(table, EXACT, 2 + i);
        set(table, WILD, 1);
        unset(table, WILD);
        unset(table, EXACT);
    }
}

static void
change_rows_same_kinds(struct hwv_source_table *table)
{
    set(table, EXACT | OTHER, 2);
    set(table, WILD | OTHER, 2);
    change_rows(table);
}

/* The row that ignores the source MAC is there all the time. */
static void
change_values(struct hwv_source_table *table)
{
    set(table, WILD, 2);
    for (int i = 0; i < N_CHANGES; i++) {
        set(table, EXACT, 2);
        set(table, WILD, 1);
        set(table, WILD, 2);
        unset(table, EXACT);
    }
}

/* The other way round: the one that matches says 1. */
static void
change_rows_swapped(struct hwv_source_table *table)
{
    set(table, EXACT | OTHER, 2);
    set(table, WILD | OTHER, 2);
    for (int i = 0; i < N_PAUSED_CHANGES; i++) {
        set(table, WILD, 2 + i);
        hwv_unit_pause();
        set(table, EXACT, 1);
        hwv_unit_pause();
        unset(table, EXACT);
        unset(table, WILD);
        hwv_unit_pause();
    }
}

/* Both are there all the time and never say 1 together. */
static void
change_values_crossed(struct hwv_source_table *table)
{
    set(table, EXACT, 2);
    set(table, WILD, 2);
    for (int i = 0; i < N_PAUSED_CHANGES; i++) {
        set(table, EXACT, 1);
        hwv_unit_pause();
        set(table, EXACT, 2);
        set(table, WILD, 1);
        hwv_unit_pause();
        set(table, WILD, 2);
        hwv_unit_pause();
    }
}

static void (*const changes[])(struct hwv_source_table *) = {
    change_rows,
    change_rows_same_kinds,
    change_values,
    change_rows_swapped,
    change_values_crossed,
};

START_TEST(test_moment)
{
    struct shared shared = { .table = hwv_source_table_create(4) };
    pthread_t threads[N_READERS];
    long long int end;
    uint64_t n_hits;

    atomic_init(&shared.stop, false);
    atomic_init(&shared.n_hits, 0);
    changes[_i](shared.table);
    for (int i = 0; i < N_READERS; i++) {
        threads[i] = ovs_thread_create("reader", read_moment, &shared);
    }
    end = hwv_unit_cpu_msec() + HWV_UNIT_CHURN_MS;
    while (hwv_unit_cpu_msec() < end) {
        changes[_i](shared.table);
        ovsrcu_quiesce();
    }
    atomic_store(&shared.stop, true);
    for (int i = 0; i < N_READERS; i++) {
        xpthread_join(threads[i], NULL);
    }
    atomic_read(&shared.n_hits, &n_hits);
    ck_assert_uint_gt(n_hits, 1000);
    hwv_source_table_destroy(shared.table);
    hwv_unit_settle();
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("hwv-source-table");
    TCase *tcase;

    tcase = hwv_unit_tcase(suite, "one thread");
    tcase_add_loop_test(tcase, test_random, 0, 3);
    tcase_add_test(tcase, test_fields);
    tcase_add_test(tcase, test_burst);
    tcase_add_test(tcase, test_collisions);

    tcase = hwv_unit_tcase(suite, "several threads");
    tcase_add_loop_test(tcase, test_moment, 0, ARRAY_SIZE(changes));
    return hwv_unit_run(argv[0], suite);
}
