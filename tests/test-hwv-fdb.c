/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the FDB (ofproto-ext/hwv-fdb.h): origins, changes, flood
 * lists. */

#include <config.h>

#include <errno.h>

#include "hwv-fdb-world.h"
#include "hwv-unit.h"

static const struct hwv_vtag v1 = { HWV_VTAG_VXLAN, 5001 };
static const struct hwv_vtag v2 = { HWV_VTAG_VXLAN, 5002 };
static const struct hwv_vtag vlan1 = { HWV_VTAG_VLAN, 5001 & 0xfff };
static const struct hwv_vtag none = { HWV_VTAG_NONE, 0 };
static const struct eth_addr a = ETH_ADDR_C(02, 00, 00, 00, 00, 0a);
static const struct eth_addr b = ETH_ADDR_C(02, 00, 00, 00, 00, 0b);

static void
check_flood_change(const struct hwv_vtag *vtag)
{
    struct hwv_fdb_change change;

    ck_assert(hwv_fdb_next_change(fdb, &change));
    ck_assert(hwv_vtag_equal(&change.vtag, vtag));
    ck_assert(change.flood);
    ck_assert_ptr_null(change.entry);
}

START_TEST(test_vtags_are_told_apart)
{
    ck_assert_int_eq(add(&v1, a, vtep(1), HWV_FDB_STATIC), 0);
    ck_assert_int_eq(add(&v2, a, vtep(2), HWV_FDB_STATIC), 0);
    ck_assert_int_eq(add(&vlan1, a, hwv_fdb_dst_port(3), HWV_FDB_STATIC), 0);
    check_in_force(&v1, a, vtep(1), HWV_FDB_STATIC);
    check_in_force(&v2, a, vtep(2), HWV_FDB_STATIC);
    check_in_force(&vlan1, a, hwv_fdb_dst_port(3), HWV_FDB_STATIC);
    ck_assert_ptr_null(hwv_fdb_lookup(fdb, &v1, b));
    ck_assert_int_eq(hwv_fdb_stats(fdb)->n_vtags, 3);
    ck_assert_int_eq(hwv_fdb_del(fdb, &v1, a, HWV_FDB_STATIC), 0);
    ck_assert_int_eq(hwv_fdb_del(fdb, &v1, a, HWV_FDB_STATIC), ENOENT);
    ck_assert_ptr_null(hwv_fdb_lookup(fdb, &v1, a));
    check_in_force(&v2, a, vtep(2), HWV_FDB_STATIC);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->n_vtags, 2);
}
END_TEST

START_TEST(test_invalid)
{
    struct in6_addr multicast = in6_addr_mapped_ipv4(htonl(0xe0000001));
    struct in6_addr broadcast = in6_addr_mapped_ipv4(OVS_BE32_MAX);
    struct in6_addr zero4 = in6_addr_mapped_ipv4(0);
    struct in6_addr ff02 = in6addr_any;
    struct hwv_fdb_dst both = vtep(1);
    struct eth_addr group = ETH_ADDR_C(01, 00, 5e, 00, 00, 01);
    struct hwv_fdb_dst nowhere = hwv_fdb_dst_port(OFPP_NONE);

    ff02.s6_addr[0] = 0xff;
    both.port = OFP_PORT_C(3);
    ck_assert_int_eq(add(&v1, a, both, HWV_FDB_STATIC), EINVAL);
    ck_assert_int_eq(add(&v1, a, hwv_fdb_dst_vtep(&broadcast), HWV_FDB_STATIC),
                     EINVAL);
    ck_assert_int_eq(add(&none, a, vtep(1), HWV_FDB_STATIC), EINVAL);
    ck_assert_int_eq(add(&v1, group, vtep(1), HWV_FDB_STATIC), EINVAL);
    ck_assert_int_eq(add(&v1, eth_addr_zero, vtep(1), HWV_FDB_STATIC), EINVAL);
    ck_assert_int_eq(add(&v1, a, nowhere, HWV_FDB_STATIC), EINVAL);
    ck_assert_int_eq(add(&v1, a, hwv_fdb_dst_vtep(&multicast), HWV_FDB_STATIC),
                     EINVAL);
    ck_assert_int_eq(add(&v1, a, hwv_fdb_dst_vtep(&zero4), HWV_FDB_STATIC),
                     EINVAL);
    ck_assert_int_eq(add(&v1, a, hwv_fdb_dst_vtep(&ff02), HWV_FDB_STATIC),
                     EINVAL);
    ck_assert_int_eq(hwv_fdb_flood_add(fdb, &v1, &multicast, HWV_FDB_STATIC),
                     EINVAL);
    ck_assert_int_eq(hwv_fdb_flood_add(fdb, &v1, &in6addr_any, HWV_FDB_STATIC),
                     EINVAL);
    ck_assert_int_eq(hwv_fdb_flood_add(fdb, &none, &in6addr_loopback,
                                       HWV_FDB_STATIC), EINVAL);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->n_vtags, 0);
    ck_assert_ptr_null(hwv_fdb_flood_next(fdb, &v1, NULL));
    check_no_change();

    /* Only what others sent is counted. */
    ck_assert_int_eq(hwv_fdb_stats(fdb)->refused_invalid, 0);
    ck_assert_int_eq(add(&v1, a, nowhere, HWV_FDB_LEARNED), EINVAL);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->refused_invalid, 1);
}
END_TEST

START_TEST(test_stronger_origin_wins)
{
    for (int origin = 0; origin < HWV_FDB_N_ORIGINS; origin++) {
        ck_assert_int_eq(add(&v1, a, vtep(10 + origin), origin), 0);
        check_in_force(&v1, a, vtep(10 + origin), origin);
        ck_assert_int_eq(hwv_fdb_stats(fdb)->n_entries[origin], 1);
    }

    /* Those underneath may change, too. */
    ck_assert_int_eq(add(&v1, a, vtep(20), HWV_FDB_KERNEL), 0);
    check_in_force(&v1, a, vtep(10 + HWV_FDB_LOCAL), HWV_FDB_LOCAL);
    ck_assert_int_eq(hwv_fdb_del(fdb, &v1, a, HWV_FDB_CONFIG), 0);

    ck_assert_int_eq(hwv_fdb_del(fdb, &v1, a, HWV_FDB_LOCAL), 0);
    check_in_force(&v1, a, vtep(10 + HWV_FDB_STATIC), HWV_FDB_STATIC);
    ck_assert_int_eq(hwv_fdb_del(fdb, &v1, a, HWV_FDB_STATIC), 0);
    check_in_force(&v1, a, vtep(20), HWV_FDB_KERNEL);
    ck_assert_int_eq(hwv_fdb_del(fdb, &v1, a, HWV_FDB_KERNEL), 0);
    check_in_force(&v1, a, vtep(10 + HWV_FDB_LEARNED), HWV_FDB_LEARNED);
    ck_assert_int_eq(hwv_fdb_del(fdb, &v1, a, HWV_FDB_LEARNED), 0);
    ck_assert_ptr_null(hwv_fdb_lookup(fdb, &v1, a));
}
END_TEST

/* One that comes later goes underneath. */
START_TEST(test_weaker_origin_goes_underneath)
{
    ck_assert_int_eq(add(&v1, a, vtep(1), HWV_FDB_LOCAL), 0);
    ck_assert_int_eq(add(&v1, a, vtep(2), HWV_FDB_KERNEL), 0);
    ck_assert_int_eq(add(&v1, a, vtep(3), HWV_FDB_CONFIG), 0);
    check_in_force(&v1, a, vtep(1), HWV_FDB_LOCAL);
    ck_assert_ptr_nonnull(hwv_fdb_lookup_origin(fdb, &v1, a, HWV_FDB_CONFIG));
    ck_assert_ptr_null(hwv_fdb_lookup_origin(fdb, &v1, a, HWV_FDB_STATIC));
    ck_assert_int_eq(hwv_fdb_del(fdb, &v1, a, HWV_FDB_LOCAL), 0);
    check_in_force(&v1, a, vtep(3), HWV_FDB_CONFIG);
    ck_assert_int_eq(hwv_fdb_del(fdb, &v1, a, HWV_FDB_CONFIG), 0);
    check_in_force(&v1, a, vtep(2), HWV_FDB_KERNEL);
}
END_TEST

/* Nothing is learned about what a stronger origin has, not even underneath. */
START_TEST(test_learning_yields)
{
    ck_assert_int_eq(add(&v1, a, vtep(1), HWV_FDB_KERNEL), 0);
    ck_assert_int_eq(add(&v1, a, vtep(2), HWV_FDB_LEARNED), EEXIST);
    ck_assert_int_eq(add(&v1, a, vtep(1), HWV_FDB_LEARNED), EEXIST);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->refused_stronger, 2);
    ck_assert_int_eq(hwv_fdb_del(fdb, &v1, a, HWV_FDB_KERNEL), 0);
    ck_assert_ptr_null(hwv_fdb_lookup(fdb, &v1, a));

    ck_assert_int_eq(add(&v1, a, vtep(2), HWV_FDB_LEARNED), 0);
    ck_assert_int_eq(add(&v1, a, vtep(1), HWV_FDB_STATIC), 0);
    ck_assert_int_eq(add(&v1, a, vtep(3), HWV_FDB_LEARNED), EEXIST);
    ck_assert_int_eq(hwv_fdb_del(fdb, &v1, a, HWV_FDB_STATIC), 0);
    check_in_force(&v1, a, vtep(2), HWV_FDB_LEARNED);
}
END_TEST

START_TEST(test_changes)
{
    ck_assert_int_eq(add(&v1, a, vtep(1), HWV_FDB_KERNEL), 0);
    check_change(&v1, a);
    check_no_change();

    /* The same again, and what is underneath, is no change. */
    add(&v1, a, vtep(1), HWV_FDB_KERNEL);
    add(&v1, a, vtep(1), HWV_FDB_LEARNED);
    check_no_change();
    add(&v1, a, vtep(1), HWV_FDB_STATIC);
    check_change(&v1, a);
    add(&v1, a, vtep(2), HWV_FDB_KERNEL);
    hwv_fdb_del(fdb, &v1, a, HWV_FDB_KERNEL);
    check_no_change();

    /* However often it changes, it is told once, in the order in which it
     * changed first. */
    add(&v1, a, vtep(3), HWV_FDB_STATIC);
    add(&v2, b, vtep(3), HWV_FDB_STATIC);
    add(&v1, a, vtep(4), HWV_FDB_LOCAL);
    hwv_fdb_del(fdb, &v1, a, HWV_FDB_LOCAL);
    check_change(&v1, a);
    check_change(&v2, b);
    check_no_change();

    hwv_fdb_del(fdb, &v1, a, HWV_FDB_STATIC);
    check_change(&v1, a);
    check_no_change();
}
END_TEST

/* The queue grows, and wraps around. */
START_TEST(test_many_changes)
{
    int told = 0, changed = 0;

    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 97; i++) {
            add(&v1, mac(changed++), vtep(1), HWV_FDB_KERNEL);
        }
        for (int i = 0; i < 50; i++) {
            check_change(&v1, mac(told++));
        }
    }
    while (told < changed) {
        check_change(&v1, mac(told++));
    }
    check_no_change();
}
END_TEST

START_TEST(test_flood_list_is_a_union)
{
    struct in6_addr ip1 = ip(1), ip2 = ip(2);

    ck_assert_int_eq(hwv_fdb_flood_add(fdb, &v1, &ip1, HWV_FDB_KERNEL), 0);
    check_flood_change(&v1);
    ck_assert_int_eq(hwv_fdb_flood_add(fdb, &v1, &ip1, HWV_FDB_STATIC), 0);
    ck_assert_int_eq(hwv_fdb_flood_add(fdb, &v1, &ip1, HWV_FDB_STATIC), 0);
    check_no_change();
    ck_assert_int_eq(hwv_fdb_flood_add(fdb, &v1, &ip2, HWV_FDB_KERNEL), 0);
    ck_assert_int_eq(hwv_fdb_flood_count(fdb, &v1), 2);
    ck_assert_int_eq(hwv_fdb_flood_count(fdb, &v2), 0);
    ck_assert_int_eq(hwv_fdb_flood_lookup(fdb, &v1, &ip1)->origins,
                     1 << HWV_FDB_KERNEL | 1 << HWV_FDB_STATIC);
    check_flood_change(&v1);

    ck_assert_int_eq(hwv_fdb_flood_del(fdb, &v1, &ip1, HWV_FDB_KERNEL), 0);
    ck_assert_int_eq(hwv_fdb_flood_del(fdb, &v1, &ip1, HWV_FDB_KERNEL),
                     ENOENT);
    ck_assert_int_eq(hwv_fdb_flood_del(fdb, &v2, &ip1, HWV_FDB_KERNEL),
                     ENOENT);
    check_no_change();
    ck_assert_ptr_nonnull(hwv_fdb_flood_lookup(fdb, &v1, &ip1));
    ck_assert_int_eq(hwv_fdb_flood_del(fdb, &v1, &ip1, HWV_FDB_STATIC), 0);
    check_flood_change(&v1);
    check_no_change();
    ck_assert_ptr_null(hwv_fdb_flood_lookup(fdb, &v1, &ip1));
    ck_assert_int_eq(hwv_fdb_flood_flush(fdb, NULL, HWV_FDB_STATIC), 0);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->n_flood, 1);
    ck_assert_int_eq(hwv_fdb_flood_flush(fdb, &v1, HWV_FDB_KERNEL), 1);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->n_flood, 0);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->n_vtags, 0);
}
END_TEST

START_TEST(test_flush)
{
    struct hwv_fdb_dst dst = vtep(1);

    for (int i = 0; i < 100; i++) {
        add(&v1, mac(i), vtep(1 + i % 2), HWV_FDB_LEARNED);
        add(&v2, mac(i), vtep(1), HWV_FDB_LEARNED);
        if (i < 50) {
            add(&v1, mac(i), vtep(3), HWV_FDB_STATIC);
        }
    }
    ck_assert_int_eq(hwv_fdb_flush(fdb, &v1, HWV_FDB_STATIC), 50);
    check_in_force(&v1, mac(0), vtep(1), HWV_FDB_LEARNED);
    ck_assert_int_eq(hwv_fdb_flush_dst(fdb, &v1, &dst), 50);
    ck_assert_ptr_null(hwv_fdb_lookup(fdb, &v1, mac(0)));
    check_in_force(&v1, mac(1), vtep(2), HWV_FDB_LEARNED);
    ck_assert_int_eq(hwv_fdb_flush(fdb, &v1, HWV_FDB_KERNEL), 0);
    ck_assert_int_eq(hwv_fdb_flush(fdb, NULL, HWV_FDB_LEARNED), 150);
    ck_assert_int_eq(hwv_fdb_stats(fdb)->n_vtags, 0);
}
END_TEST

START_TEST(test_iterate)
{
    const struct hwv_fdb_entry *entry = NULL;
    const struct hwv_fdb_flood *flood = NULL;
    const struct hwv_vtag *vtag = NULL;
    int sum = 0, n_vtags = 0;

    for (int i = 1; i <= 100; i++) {
        struct in6_addr address = ip(i);

        ck_assert_int_eq(add(&v1, mac(i), vtep(1), HWV_FDB_LEARNED), 0);
        hwv_fdb_flood_add(fdb, &v1, &address, HWV_FDB_KERNEL);
    }
    add(&v2, a, vtep(1), HWV_FDB_STATIC);
    while ((entry = hwv_fdb_next(fdb, &v1, entry)) != NULL) {
        sum += ntohs(entry->mac.be16[2]);
    }
    ck_assert_int_eq(sum, 5050);
    sum = 0;
    while ((flood = hwv_fdb_flood_next(fdb, &v1, flood)) != NULL) {
        sum += flood->vtep.s6_addr[15];
    }
    ck_assert_int_eq(sum, 5050);
    while ((vtag = hwv_fdb_next_vtag(fdb, vtag)) != NULL) {
        n_vtags++;
    }
    ck_assert_int_eq(n_vtags, 2);
    ck_assert_ptr_null(hwv_fdb_next(fdb, &none, NULL));
    ck_assert_ptr_null(hwv_fdb_flood_next(fdb, &v2, NULL));
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("fdb");
    TCase *tcase = hwv_unit_tcase(suite, "fdb");

    tcase_add_checked_fixture(tcase, hwv_fdb_world_setup,
                              hwv_fdb_world_teardown);
    tcase_add_test(tcase, test_vtags_are_told_apart);
    tcase_add_test(tcase, test_invalid);
    tcase_add_test(tcase, test_stronger_origin_wins);
    tcase_add_test(tcase, test_weaker_origin_goes_underneath);
    tcase_add_test(tcase, test_learning_yields);
    tcase_add_test(tcase, test_changes);
    tcase_add_test(tcase, test_many_changes);
    tcase_add_test(tcase, test_flood_list_is_a_union);
    tcase_add_test(tcase, test_flush);
    tcase_add_test(tcase, test_iterate);
    return hwv_unit_run(argv[0], suite);
}
