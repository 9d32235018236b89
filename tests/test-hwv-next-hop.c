/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of lib/hwv-next-hop.c. */

#include <config.h>

#include "hwv-next-hop.h"
#include "hwv-unit.h"
#include "packets.h"

static const struct eth_addr mac_a = ETH_ADDR_C(02, 00, 00, 00, 00, 0a);
static const struct eth_addr mac_b = ETH_ADDR_C(02, 00, 00, 00, 00, 0b);
static const struct eth_addr mac_c = ETH_ADDR_C(02, 00, 00, 00, 00, 0c);

/* What a watcher was told. */
struct told {
    int n;
    struct eth_addr mac;
};

static void
tell(struct eth_addr mac, void *told_)
{
    struct told *told = told_;

    told->n++;
    told->mac = mac;
}

static struct in6_addr
ip(uint32_t address)
{
    return in6_addr_mapped_ipv4(htonl(address));
}

START_TEST(test_watch_is_told_at_once)
{
    struct in6_addr nh = ip(0x0a000001);
    struct told told = { .n = 0 };
    struct hwv_next_hop_watch *watch;

    watch = hwv_next_hop_watch("br0", &nh, mac_a, tell, &told);
    ck_assert_int_eq(told.n, 1);
    ck_assert(eth_addr_equals(told.mac, mac_a));
    ck_assert(eth_addr_equals(hwv_next_hop_mac(watch), mac_a));
    hwv_next_hop_unwatch(watch);
    ck_assert_int_eq(hwv_next_hop_set("br0", &nh, mac_b), 0);
    ck_assert_int_eq(told.n, 1);
}
END_TEST

START_TEST(test_change_reaches_all_watchers)
{
    struct in6_addr nh = ip(0x0a000001);
    struct told told[3] = { { .n = 0 } };
    struct hwv_next_hop_watch *watches[3];

    for (int i = 0; i < 3; i++) {
        watches[i] = hwv_next_hop_watch("br0", &nh, mac_a, tell, &told[i]);
    }
    ck_assert_int_eq(hwv_next_hop_set("br0", &nh, mac_b), 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(told[i].n, 2);
        ck_assert(eth_addr_equals(told[i].mac, mac_b));
    }

    /* The same again is no change. */
    ck_assert_int_eq(hwv_next_hop_set("br0", &nh, mac_b), 0);
    ck_assert_int_eq(told[0].n, 2);

    hwv_next_hop_unwatch(watches[1]);
    ck_assert_int_eq(hwv_next_hop_set("br0", &nh, mac_c), 2);
    ck_assert_int_eq(told[1].n, 2);
    hwv_next_hop_unwatch(watches[0]);
    hwv_next_hop_unwatch(watches[2]);
}
END_TEST

/* A tunnel that comes later with an older MAC takes the one that is known. */
START_TEST(test_known_mac_counts)
{
    struct in6_addr nh = ip(0x0a000001);
    struct told first = { .n = 0 }, second = { .n = 0 };
    struct hwv_next_hop_watch *a, *b;

    a = hwv_next_hop_watch("br0", &nh, mac_a, tell, &first);
    hwv_next_hop_set("br0", &nh, mac_b);
    b = hwv_next_hop_watch("br0", &nh, mac_a, tell, &second);
    ck_assert(eth_addr_equals(second.mac, mac_b));
    ck_assert_int_eq(first.n, 2);
    hwv_next_hop_unwatch(a);
    hwv_next_hop_unwatch(b);
}
END_TEST

START_TEST(test_next_hops_are_told_apart)
{
    struct in6_addr nh1 = ip(0x0a000001), nh2 = ip(0x0a000002);
    struct told told[3] = { { .n = 0 } };
    struct hwv_next_hop_watch *watches[] = {
        hwv_next_hop_watch("br0", &nh1, mac_a, tell, &told[0]),
        hwv_next_hop_watch("br0", &nh2, mac_a, tell, &told[1]),
        hwv_next_hop_watch("br1", &nh1, mac_a, tell, &told[2]),
    };

    ck_assert_int_eq(hwv_next_hop_set("br0", &nh1, mac_b), 1);
    ck_assert_int_eq(told[0].n, 2);
    ck_assert_int_eq(told[1].n, 1);
    ck_assert_int_eq(told[2].n, 1);
    for (int i = 0; i < 3; i++) {
        hwv_next_hop_unwatch(watches[i]);
    }
}
END_TEST

static int n_asked;

static bool
only_br0(const char *bridge, const struct in6_addr *nh OVS_UNUSED,
         struct eth_addr *mac)
{
    n_asked++;
    if (strcmp(bridge, "br0")) {
        return false;
    }
    *mac = mac_c;
    return true;
}

START_TEST(test_refresh_asks_for_each_once)
{
    struct in6_addr nh = ip(0x0a000001);
    struct told told[3] = { { .n = 0 } };
    struct hwv_next_hop_watch *watches[] = {
        hwv_next_hop_watch("br0", &nh, mac_a, tell, &told[0]),
        hwv_next_hop_watch("br0", &nh, mac_a, tell, &told[1]),
        hwv_next_hop_watch("br1", &nh, mac_a, tell, &told[2]),
    };

    n_asked = 0;
    hwv_next_hop_refresh(only_br0);
    ck_assert_int_eq(n_asked, 2);
    ck_assert(eth_addr_equals(told[0].mac, mac_c));
    ck_assert(eth_addr_equals(told[1].mac, mac_c));
    ck_assert(eth_addr_equals(told[2].mac, mac_a));
    for (int i = 0; i < 3; i++) {
        hwv_next_hop_unwatch(watches[i]);
    }
}
END_TEST

START_TEST(test_mac_that_nobody_knows)
{
    struct in6_addr nh = ip(0x0a000001);
    struct told told[2] = { { .n = 0 } };
    struct hwv_next_hop_watch *watches[2];

    /* Who does not know is told by who does. */
    watches[0] = hwv_next_hop_watch("br0", &nh, eth_addr_zero, tell, &told[0]);
    ck_assert(eth_addr_is_zero(told[0].mac));
    watches[1] = hwv_next_hop_watch("br0", &nh, mac_a, tell, &told[1]);
    ck_assert(eth_addr_equals(told[0].mac, mac_a));
    ck_assert(eth_addr_equals(told[1].mac, mac_a));
    for (int i = 0; i < 2; i++) {
        hwv_next_hop_unwatch(watches[i]);
    }
}
END_TEST

START_TEST(test_differs)
{
    struct in6_addr nh = ip(0x0a000001);
    struct told told[2] = { { .n = 0 } };
    struct hwv_next_hop_watch *watches[2];

    ck_assert(!hwv_next_hop_differs(&nh, mac_a));
    watches[0] = hwv_next_hop_watch("br0", &nh, mac_a, tell, &told[0]);
    ck_assert(!hwv_next_hop_differs(&nh, mac_a));
    ck_assert(hwv_next_hop_differs(&nh, mac_b));
    nh = ip(0x0a000002);
    ck_assert(!hwv_next_hop_differs(&nh, mac_b));

    /* It is enough that it differs on one bridge. */
    nh = ip(0x0a000001);
    watches[1] = hwv_next_hop_watch("br1", &nh, mac_b, tell, &told[1]);
    ck_assert(hwv_next_hop_differs(&nh, mac_a));
    ck_assert(hwv_next_hop_differs(&nh, mac_b));
    for (int i = 0; i < 2; i++) {
        hwv_next_hop_unwatch(watches[i]);
    }
    ck_assert(!hwv_next_hop_differs(&nh, mac_c));
}
END_TEST

START_TEST(test_confirm)
{
    struct in6_addr nh = ip(0x0a000001), other = ip(0x0a000002);
    struct told told[2] = { { .n = 0 } };
    struct hwv_next_hop_watch *watches[] = {
        hwv_next_hop_watch("br0", &nh, mac_a, tell, &told[0]),
        hwv_next_hop_watch("br1", &nh, mac_b, tell, &told[1]),
    };

    ck_assert_uint_eq(hwv_next_hop_n_confirmed(watches[0]), 0);
    hwv_next_hop_confirm(&nh, mac_a);
    hwv_next_hop_confirm(&other, mac_a);
    ck_assert_uint_eq(hwv_next_hop_n_confirmed(watches[0]), 1);
    ck_assert_uint_eq(hwv_next_hop_n_confirmed(watches[1]), 0);
    hwv_next_hop_confirm(&nh, mac_b);
    hwv_next_hop_confirm(&nh, mac_c);
    ck_assert_uint_eq(hwv_next_hop_n_confirmed(watches[0]), 1);
    ck_assert_uint_eq(hwv_next_hop_n_confirmed(watches[1]), 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(told[i].n, 1);
        hwv_next_hop_unwatch(watches[i]);
    }
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("next-hop");
    TCase *tcase = hwv_unit_tcase(suite, "watch");

    tcase_add_test(tcase, test_watch_is_told_at_once);
    tcase_add_test(tcase, test_change_reaches_all_watchers);
    tcase_add_test(tcase, test_known_mac_counts);
    tcase_add_test(tcase, test_next_hops_are_told_apart);
    tcase_add_test(tcase, test_refresh_asks_for_each_once);
    tcase_add_test(tcase, test_mac_that_nobody_knows);
    tcase_add_test(tcase, test_differs);
    tcase_add_test(tcase, test_confirm);
    return hwv_unit_run(argv[0], suite);
}
