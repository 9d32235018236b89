/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of how long OVS's offload threads may sleep. */

#include <config.h>
#undef NDEBUG
#include "hwv-offload-thread.h"

#include "hwv-unit.h"
#include "util.h"

#define MSEC UINT64_C(1000000)

/* The thread NAME sleeps for WANTED, and may for MAY. */
static void
check_sleep(const char *name, uint64_t wanted, uint64_t may)
{
    set_subprogram_name(name);
    ck_assert_uint_eq(hwv_offload_thread_limit_sleep(wanted), may);
}

/* As OVS 3.1 names them, and as it wants them to sleep. */
START_TEST(test_offload)
{
    for (uint64_t wanted = 1; wanted <= 64; wanted *= 2) {
        check_sleep("hw_offload0", wanted * MSEC, MSEC);
        check_sleep("hw_offload12", wanted * MSEC, MSEC);
    }
    check_sleep("hw_offload0", 0, 0);
    check_sleep("hw_offload0", MSEC - 1, MSEC - 1);
}
END_TEST

START_TEST(test_others)
{
    check_sleep("pmd-c01/id:7", 64 * MSEC, 64 * MSEC);
    check_sleep("", 64 * MSEC, 64 * MSEC);
    check_sleep("hw_off", 64 * MSEC, 64 * MSEC);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("offload-thread");
    TCase *tcase = hwv_unit_tcase(suite, "sleep");

    tcase_add_test(tcase, test_offload);
    tcase_add_test(tcase, test_others);
    return hwv_unit_run(argv[0], suite);
}
