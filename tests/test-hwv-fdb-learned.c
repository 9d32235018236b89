/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the FDB (ofproto-ext/hwv-fdb.h): limits, moves and age of
 * learned entries. */

#include <config.h>

#include <errno.h>
#include <limits.h>

#include "hwv-fdb-world.h"
#include "hwv-unit.h"

static const struct hwv_vtag v1 = { HWV_VTAG_VXLAN, 5001 };
static const struct hwv_vtag v2 = { HWV_VTAG_VXLAN, 5002 };
static const struct eth_addr a = ETH_ADDR_C(02, 00, 00, 00, 00, 0a);
static const struct eth_addr b = ETH_ADDR_C(02, 00, 00, 00, 00, 0b);

static int
learn(int m, int n)
{
    return add(&v1, mac(m), vtep(n), HWV_FDB_LEARNED);
}

START_TEST(test_move)
{
    ck_assert_int_eq(learn(1, 1), 0);
    clock_ms += 500;
    ck_assert_int_eq(learn(1, 2), 0);
    check_in_force(&v1, mac(1), vtep(2), HWV_FDB_LEARNED);
    ck_assert_int_eq(hwv_fdb_lookup(fdb, &v1, mac(1))->n_moves, 1);
    ck_assert_int_eq(hwv_fdb_lookup(fdb, &v1, mac(1))->created, clock_ms);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->moves, 1);

    /* Home to one of our ports. */
    ck_assert_int_eq(add(&v1, mac(1), hwv_fdb_dst_port(7), HWV_FDB_LEARNED),
                     0);
    check_in_force(&v1, mac(1), hwv_fdb_dst_port(7), HWV_FDB_LEARNED);
    check_change(&v1, mac(1));
    check_no_change();
}
END_TEST

START_TEST(test_flapping_is_held)
{
    const struct hwv_fdb_settings *s = hwv_fdb_settings(fdb);
    long long int held;

    learn(1, 0);
    for (unsigned int i = 1; i <= s->max_moves; i++) {
        ck_assert_int_eq(learn(1, i % 2), 0);
        clock_ms += 100;
    }
    held = clock_ms;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(learn(1, 0), EAGAIN);
        check_in_force(&v1, mac(1), vtep(1), HWV_FDB_LEARNED);
        clock_ms += 1000;
    }
    ck_assert_int_eq(hwv_fdb_stats(fdb)->holds, 1);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->refused_held, 3);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->moves, s->max_moves);

    /* Where it is, it may be learned. */
    ck_assert_int_eq(learn(1, 1), 0);
    ck_assert_int_eq(hwv_fdb_lookup(fdb, &v1, mac(1))->used, clock_ms);

    clock_ms = held + s->hold_time * 1000LL - 1;
    ck_assert_int_eq(learn(1, 0), EAGAIN);
    clock_ms++;
    ck_assert_int_eq(learn(1, 0), 0);
    check_in_force(&v1, mac(1), vtep(0), HWV_FDB_LEARNED);
}
END_TEST

/* Moves that are far apart are not flapping. */
START_TEST(test_slow_moves_are_not_held)
{
    const struct hwv_fdb_settings *s = hwv_fdb_settings(fdb);

    learn(1, 0);
    for (int i = 1; i <= 20; i++) {
        ck_assert_int_eq(learn(1, i % 2), 0);
        clock_ms += s->move_time * 1000 / s->max_moves;
    }
    ck_assert_int_eq(hwv_fdb_stats(fdb)->moves, 20);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->holds, 0);
}
END_TEST

START_TEST(test_limits)
{
    struct hwv_fdb_settings s = *hwv_fdb_settings(fdb);
    const struct hwv_fdb_stats *stats = hwv_fdb_stats(fdb);

    s.max_per_vtep = 3;
    s.max_per_port = 2;
    s.max_per_vtag = 6;
    s.max_learned = 8;
    hwv_fdb_set_settings(fdb, &s);

    /* A VTEP is one place in all VTAGs; a port is not. */
    ck_assert_int_eq(learn(1, 1), 0);
    ck_assert_int_eq(learn(2, 1), 0);
    ck_assert_int_eq(add(&v2, a, vtep(1), HWV_FDB_LEARNED), 0);
    ck_assert_int_eq(learn(3, 1), ENOSPC);
    ck_assert_int_eq(stats->refused_vtep, 1);
    ck_assert_int_eq(learn(1, 1), 0);
    ck_assert_int_eq(add(&v1, mac(4), hwv_fdb_dst_port(1), HWV_FDB_LEARNED),
                     0);
    ck_assert_int_eq(add(&v1, mac(5), hwv_fdb_dst_port(1), HWV_FDB_LEARNED),
                     0);
    ck_assert_int_eq(add(&v1, mac(6), hwv_fdb_dst_port(1), HWV_FDB_LEARNED),
                     ENOSPC);
    ck_assert_int_eq(stats->refused_port, 1);
    ck_assert_int_eq(add(&v2, b, hwv_fdb_dst_port(1), HWV_FDB_LEARNED), 0);

    /* A move must have room where it goes, but takes no more in all. */
    ck_assert_int_eq(learn(4, 1), ENOSPC);
    ck_assert_int_eq(stats->refused_vtep, 2);

    /* It is not where it was, either. */
    ck_assert_ptr_null(hwv_fdb_lookup(fdb, &v1, mac(4)));
    ck_assert_int_eq(stats->forgotten, 1);
    ck_assert_int_eq(add(&v1, mac(4), hwv_fdb_dst_port(1), HWV_FDB_LEARNED),
                     0);
    ck_assert_int_eq(learn(7, 2), 0);
    ck_assert_int_eq(learn(8, 2), 0);
    ck_assert_int_eq(learn(9, 2), ENOSPC);
    ck_assert_int_eq(learn(9, 3), ENOSPC);
    ck_assert_int_eq(stats->refused_total, 2);
    s.max_learned = 9;
    hwv_fdb_set_settings(fdb, &s);
    ck_assert_int_eq(learn(9, 3), ENOSPC);
    ck_assert_int_eq(stats->refused_vtag, 1);
    ck_assert_int_eq(learn(4, 2), 0);
    ck_assert_int_eq(add(&v1, mac(9), hwv_fdb_dst_port(1), HWV_FDB_LEARNED),
                     ENOSPC);
    ck_assert_int_eq(stats->refused_vtag, 2);

    /* Who does not learn is not limited; what goes makes room. */
    ck_assert_int_eq(add(&v1, mac(9), vtep(1), HWV_FDB_KERNEL), 0);
    ck_assert_int_eq(hwv_fdb_del(fdb, &v1, mac(4), HWV_FDB_LEARNED), 0);
    ck_assert_int_eq(learn(10, 3), 0);
    ck_assert_int_eq(stats->n_entries[HWV_FDB_LEARNED], 8);
}
END_TEST

START_TEST(test_ageing)
{
    long long int start = clock_ms;

    learn(1, 1);
    clock_ms += 100 * 1000LL;
    learn(2, 1);
    add(&v1, mac(3), vtep(1), HWV_FDB_KERNEL);
    run_until(start + 299 * 1000LL);
    ck_assert_ptr_nonnull(hwv_fdb_lookup(fdb, &v1, mac(1)));
    run_until(start + 302 * 1000LL);
    ck_assert_ptr_null(hwv_fdb_lookup(fdb, &v1, mac(1)));
    ck_assert_ptr_nonnull(hwv_fdb_lookup(fdb, &v1, mac(2)));
    learn(2, 1);
    run_until(start + 601 * 1000LL);
    ck_assert_ptr_nonnull(hwv_fdb_lookup(fdb, &v1, mac(2)));
    run_until(start + 605 * 1000LL);
    ck_assert_ptr_null(hwv_fdb_lookup(fdb, &v1, mac(2)));
    ck_assert_ptr_nonnull(hwv_fdb_lookup(fdb, &v1, mac(3)));
    ck_assert_int_eq(hwv_fdb_stats(fdb)->aged, 2);
    ck_assert(hwv_fdb_next_run(fdb) == LLONG_MAX);
}
END_TEST

/* Longer than the wheel reaches, and time that jumps. */
START_TEST(test_ageing_time)
{
    struct hwv_fdb_settings s = *hwv_fdb_settings(fdb);
    long long int start = clock_ms;

    learn(1, 1);
    s.aging_time = 2000;
    hwv_fdb_set_settings(fdb, &s);
    for (int i = 0; i <= 19; i++) {
        run_until(start + i * 100 * 1000LL);
        ck_assert_ptr_nonnull(hwv_fdb_lookup(fdb, &v1, mac(1)));
    }
    run_until(start + 2001 * 1000LL);
    ck_assert_ptr_null(hwv_fdb_lookup(fdb, &v1, mac(1)));

    start = clock_ms;
    learn(1, 1);
    s.aging_time = 0;
    hwv_fdb_set_settings(fdb, &s);
    run_until(start + 1000000LL * 1000);
    ck_assert_ptr_nonnull(hwv_fdb_lookup(fdb, &v1, mac(1)));
    s.aging_time = 10;
    hwv_fdb_set_settings(fdb, &s);
    run_until(clock_ms + 1000);
    ck_assert_ptr_null(hwv_fdb_lookup(fdb, &v1, mac(1)));
}
END_TEST

static long long int
used_by_rules(const struct hwv_fdb_entry *entry, void *n_asked_)
{
    int *n_asked = n_asked_;

    *n_asked += 1;
    return eth_addr_equals(entry->mac, mac(1)) ? clock_ms - 10 * 1000LL : 0;
}

/* Use by rules keeps what is in force; what is underneath has no rules. */
START_TEST(test_use_keeps)
{
    long long int start = clock_ms;
    int n_asked = 0;

    hwv_fdb_set_used_cb(fdb, used_by_rules, &n_asked);
    learn(1, 1);
    learn(2, 1);
    run_until(start + 301 * 1000LL);
    ck_assert_int_eq(n_asked, 2);
    ck_assert_ptr_nonnull(hwv_fdb_lookup(fdb, &v1, mac(1)));
    ck_assert_ptr_null(hwv_fdb_lookup(fdb, &v1, mac(2)));
    run_until(start + 590 * 1000LL);
    ck_assert_int_eq(n_asked, 2);
    run_until(start + 593 * 1000LL);
    ck_assert_int_eq(n_asked, 3);
    add(&v1, mac(1), vtep(2), HWV_FDB_STATIC);
    run_until(start + 900 * 1000LL);
    ck_assert_int_eq(n_asked, 3);
    ck_assert_ptr_null(hwv_fdb_lookup_origin(fdb, &v1, mac(1),
                                             HWV_FDB_LEARNED));
}
END_TEST

/* So many go at once that it takes several turns. */
START_TEST(test_ageing_in_turns)
{
    struct hwv_fdb_settings s = *hwv_fdb_settings(fdb);
    int n_turns = 0;

    s.max_per_vtep = s.max_per_vtag = 100000;
    hwv_fdb_set_settings(fdb, &s);
    for (int i = 0; i < 20000; i++) {
        ck_assert_int_eq(learn(i, 1), 0);
    }
    clock_ms += 400 * 1000LL;
    while (hwv_fdb_next_run(fdb) <= clock_ms) {
        hwv_fdb_run(fdb);
        n_turns++;
    }
    ck_assert_int_ge(n_turns, 3);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->n_entries[HWV_FDB_LEARNED], 0);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->aged, 20000);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("fdb-learned");
    TCase *tcase = hwv_unit_tcase(suite, "fdb-learned");

    tcase_add_checked_fixture(tcase, hwv_fdb_world_setup,
                              hwv_fdb_world_teardown);
    tcase_add_test(tcase, test_move);
    tcase_add_test(tcase, test_flapping_is_held);
    tcase_add_test(tcase, test_slow_moves_are_not_held);
    tcase_add_test(tcase, test_limits);
    tcase_add_test(tcase, test_ageing);
    tcase_add_test(tcase, test_ageing_time);
    tcase_add_test(tcase, test_use_keeps);
    tcase_add_test(tcase, test_ageing_in_turns);
    return hwv_unit_run(argv[0], suite);
}
