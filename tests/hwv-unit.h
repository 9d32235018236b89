/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_UNIT_H
#define HWV_UNIT_H 1

/* What the unit tests of the tables share.
 *
 * Assertions of libcheck may be used by the test's own thread only; other
 * threads use ovs_assert(), which libcheck reports as an abort. */

#include <check.h>
#include <malloc.h>
#include <stdlib.h>
#include <time.h>

#include "ovs-rcu.h"
#include "random.h"
#include "timeval.h"
#include "util.h"

/* How long tests with several threads let them run, in msec of CPU time: on a
 * busy machine each of them gets its share all the same. */
#define HWV_UNIT_CHURN_MS 1000

/* The CPU time of all threads so far, in msec. */
static inline long long int
hwv_unit_cpu_msec(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return timespec_to_msec(&ts);
}

/* A test case that may take long: valgrind slows it down by far. */
static inline TCase *
hwv_unit_tcase(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return tcase;
}

/* Runs 'suite' and returns what main() is to return. */
static inline int
hwv_unit_run(const char *program, Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int n_failed;

    /* Memory that is used before it is written or after it is freed shows. */
    mallopt(M_PERTURB, 0xa5);

    set_program_name(program);
    srunner_run_all(runner, CK_ENV);
    n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Lets grace periods pass until all RCU callbacks queued so far have run, and
 * those that they queued, and those that these queued. */
static inline void
hwv_unit_settle(void)
{
    for (int i = 0; i < 3; i++) {
        ovsrcu_barrier();
    }
}

/* Lets other threads run, and interrupts one of them in the middle of what it
 * does when the caller goes on.  The caller's RCU read-side section goes on,
 * too: xnanosleep() would end it. */
static inline void
hwv_unit_pause(void)
{
    xnanosleep_no_quiesce(1);
}

#endif /* hwv-unit.h */
