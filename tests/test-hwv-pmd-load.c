/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of what OVS is told of a PMD thread's load. */

#include <config.h>
#undef NDEBUG
#include "hwv-pmd-load.h"

#include "dp-packet.h"
#include "hwv-unit.h"

#define USEC UINT64_C(1000)
#define OVS_WANTS (500 * USEC)

/* Where the NIC brings nothing, OVS knows best. */
START_TEST(test_idle)
{
    for (int i = 0; i < 3; i++) {
        hwv_pmd_load_add(0, 0);
        ck_assert_uint_eq(hwv_pmd_load_limit_sleep(OVS_WANTS), OVS_WANTS);
        ck_assert_uint_eq(hwv_pmd_load_limit_sleep(10000 * USEC),
                          10000 * USEC);
        ck_assert_uint_eq(hwv_pmd_load_take(), 0);
    }
}
END_TEST

/* After packets, sleeps begin anew, as OVS's do. */
START_TEST(test_ramp)
{
    for (int round = 0; round < 3; round++) {
        hwv_pmd_load_add(3, 3);
        hwv_pmd_load_add(NETDEV_MAX_BURST / 2, NETDEV_MAX_BURST / 2);
        hwv_pmd_load_add(0, 0);
        ck_assert_uint_eq(hwv_pmd_load_limit_sleep(OVS_WANTS), 0);
        ck_assert_uint_eq(hwv_pmd_load_take(), 3 + NETDEV_MAX_BURST / 2);
        for (uint64_t i = 1; i < 600; i++) {
            hwv_pmd_load_add(NETDEV_MAX_BURST / 2 - 1, 1);
            ck_assert_uint_eq(hwv_pmd_load_limit_sleep(OVS_WANTS),
                              MIN(i * USEC, OVS_WANTS));
            ck_assert_uint_eq(hwv_pmd_load_limit_sleep(0), 0);
            ck_assert_uint_eq(hwv_pmd_load_take(), 1);
        }
    }
}
END_TEST

/* Of half a burst some are hits, and OVS sees too few. */
START_TEST(test_mixed)
{
    hwv_pmd_load_add(NETDEV_MAX_BURST / 2, 1);
    ck_assert_uint_eq(hwv_pmd_load_limit_sleep(OVS_WANTS), 0);
    ck_assert_uint_eq(hwv_pmd_load_take(), 1);
    ck_assert_uint_eq(hwv_pmd_load_limit_sleep(OVS_WANTS), USEC);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("pmd-load");
    TCase *tcase = hwv_unit_tcase(suite, "one thread");

    tcase_add_test(tcase, test_idle);
    tcase_add_test(tcase, test_ramp);
    tcase_add_test(tcase, test_mixed);
    return hwv_unit_run(argv[0], suite);
}
