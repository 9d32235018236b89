/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the counters: nothing that is counted is lost. */

#include <config.h>
#undef NDEBUG
#include "hwv-counters.h"

#include <errno.h>

#include "hwv-unit.h"
#include "latch.h"
#include "openvswitch/poll-loop.h"
#include "ovs-atomic.h"
#include "ovs-thread.h"

/* More than a chunk, and not a whole number of chunks. */
#define MAX_COUNTERS 600

static void
count_add(struct hwv_count *count, uint64_t packets, uint64_t bytes,
          long long int now)
{
    count->packets += packets;
    count->bytes += bytes;
    count->used = now;
}

static void
assert_count_eq(const struct hwv_count *a, const struct hwv_count *b)
{
    ck_assert_uint_eq(a->packets, b->packets);
    ck_assert_uint_eq(a->bytes, b->bytes);
    ck_assert_int_eq(a->used, b->used);
}

/* The reference model: by slot, what is there.  A freed slot is reusable when
 * its grace period is over. */
struct model {
    enum { FREE, USED, FREED } states[MAX_COUNTERS];
    struct hwv_count counts[MAX_COUNTERS];
    struct hwv_count seen[MAX_COUNTERS];    /* At the last reading. */
    struct hwv_count late;      /* After the grace periods. */
    uint32_t n_used, n_freed;
};

static int
model_alloc(struct hwv_counters *counters, struct model *model)
{
    bool full = model->n_used + model->n_freed >= MAX_COUNTERS;
    struct hwv_count zero = { .packets = 0 };
    uint32_t slot;
    int error;

    error = hwv_counters_alloc(counters, &slot);
    ck_assert_int_eq(error, full ? ENOSPC : 0);
    if (!error) {
        struct hwv_count count;

        ck_assert_uint_lt(slot, MAX_COUNTERS);
        ck_assert_int_eq(model->states[slot], FREE);
        hwv_counters_read(counters, slot, &count);
        assert_count_eq(&count, &zero);
        model->states[slot] = USED;
        model->counts[slot] = model->seen[slot] = zero;
        model->n_used++;
    }
    return error;
}

static void
model_free(struct hwv_counters *counters, struct model *model, uint32_t slot)
{
    const struct hwv_count *count = &model->counts[slot];
    const struct hwv_count *seen = &model->seen[slot];

    hwv_counters_free(counters, slot, seen);
    model->states[slot] = FREED;
    model->n_used--;
    model->n_freed++;
    if (count->packets > seen->packets) {
        model->late.packets += count->packets - seen->packets;
        model->late.bytes += count->bytes - seen->bytes;
        model->late.used = MAX(model->late.used, count->used);
    }
}

static void
model_settle(const struct hwv_counters *counters, struct model *model)
{
    struct hwv_count late;

    hwv_unit_settle();
    for (uint32_t slot = 0; slot < MAX_COUNTERS; slot++) {
        if (model->states[slot] == FREED) {
            model->states[slot] = FREE;
        }
    }
    model->n_freed = 0;
    hwv_counters_late(counters, &late);
    assert_count_eq(&late, &model->late);
}

/* Does something to a random slot. */
static void
model_use(struct hwv_counters *counters, struct model *model, int i)
{
    struct hwv_lane *lane = hwv_counters_lane(counters);
    uint32_t slot = random_range(MAX_COUNTERS);
    struct hwv_count *count = &model->counts[slot];
    uint64_t n;

    hwv_lane_count(lane, HWV_NO_COUNTER, 1, 1, 1);
    if (model->states[slot] != USED) {
        return;
    }
    switch (random_range(8)) {
    case 0:
        hwv_counters_read(counters, slot, &model->seen[slot]);
        assert_count_eq(&model->seen[slot], count);
        break;
    case 1:
        if (i / 4000 % 2) {
            model_free(counters, model, slot);
        }
        break;
    default:
        n = random_range(3);
        hwv_lane_count(lane, slot, n, n * UINT64_C(0x100000000), i);
        count_add(count, n, n * UINT64_C(0x100000000), i);
        break;
    }
}

START_TEST(test_random)
{
    struct hwv_counters *counters = hwv_counters_create(MAX_COUNTERS);
    struct model model = { .n_used = 0 };
    int n_enospc = 0;

    random_set_seed(4000 + _i);
    for (int i = 1; i < 40000; i++) {
        if (random_range(i / 4000 % 2 ? 16 : 4) == 0) {
            n_enospc += model_alloc(counters, &model) == ENOSPC;
        }
        model_use(counters, &model, i);
        ck_assert_uint_eq(hwv_counters_in_use(counters), model.n_used);
        if (i % 1000 == 0) {
            model_settle(counters, &model);
        }
    }
    ck_assert_int_gt(n_enospc, 50);
    ck_assert_uint_gt(model.late.packets, 50);

    /* Frees outlast the set. */
    for (uint32_t slot = 0; slot < MAX_COUNTERS; slot++) {
        if (model.states[slot] == USED) {
            model_free(counters, &model, slot);
        }
    }
    hwv_counters_destroy(counters);
    hwv_unit_settle();
}
END_TEST

START_TEST(test_limits)
{
    static const uint32_t maxima[] = { 0, 1, 255, 256, 257 };
    uint32_t max = maxima[_i];
    struct hwv_counters *counters = hwv_counters_create(max);
    struct hwv_lane *lane = hwv_counters_lane(counters);
    uint32_t sum = 0, slot;

    for (uint32_t i = 0; i < max; i++) {
        struct hwv_count count;

        ck_assert_int_eq(hwv_counters_alloc(counters, &slot), 0);
        ck_assert_uint_lt(slot, max);
        sum += slot;
        hwv_lane_count(lane, slot, 1, slot, 1);
        hwv_counters_read(counters, slot, &count);
        ck_assert_uint_eq(count.packets, 1);
        ck_assert_uint_eq(count.bytes, slot);
    }
    ck_assert_uint_eq(sum, max * (max - 1) / 2);
    ck_assert_int_eq(hwv_counters_alloc(counters, &slot), ENOSPC);
    ck_assert_uint_eq(hwv_counters_in_use(counters), max);
    hwv_counters_destroy(counters);
    hwv_counters_destroy(NULL);
    hwv_unit_settle();
}
END_TEST

/* The lane that a thread gets.  Waits between getting it and ending. */
struct lane_thread {
    struct hwv_counters *counters;
    struct hwv_lane *lane;
    pthread_t thread;
    struct latch ready, go;
};

static void
latch_block(struct latch *latch)
{
    while (!latch_is_set(latch)) {
        latch_wait(latch);
        poll_block();
    }
}

static void *
take_lane(void *t_)
{
    struct lane_thread *t = t_;

    t->lane = hwv_counters_lane(t->counters);
    ovs_assert(hwv_counters_lane(t->counters) == t->lane);
    hwv_lane_count(t->lane, 0, 1, 2, 3);
    latch_set(&t->ready);
    latch_block(&t->go);
    return NULL;
}

static void
lane_thread_start(struct lane_thread *t, struct hwv_counters *counters)
{
    t->counters = counters;
    latch_init(&t->ready);
    latch_init(&t->go);
    t->thread = ovs_thread_create("lane", take_lane, t);
    latch_block(&t->ready);
}

static void
lane_thread_end(struct lane_thread *t)
{
    latch_set(&t->go);
    xpthread_join(t->thread, NULL);
    latch_destroy(&t->ready);
    latch_destroy(&t->go);
}

START_TEST(test_lanes)
{
    struct hwv_counters *counters = hwv_counters_create(1);
    struct hwv_counters *others = hwv_counters_create(1);
    struct hwv_lane *own = hwv_counters_lane(counters);
    struct lane_thread a, b, c, d;
    struct hwv_count count;
    uint32_t slot;

    ck_assert_ptr_ne(own, hwv_counters_lane(others));
    ck_assert_int_eq(hwv_counters_alloc(counters, &slot), 0);
    ck_assert_uint_eq(slot, 0);
    hwv_lane_count(own, slot, 1, 2, 1);

    lane_thread_start(&a, counters);
    lane_thread_start(&b, counters);
    ck_assert_ptr_ne(a.lane, own);
    ck_assert_ptr_ne(b.lane, own);
    ck_assert_ptr_ne(a.lane, b.lane);

    /* The next thread inherits the lane, and its counts stay. */
    lane_thread_end(&a);
    lane_thread_start(&c, counters);
    ck_assert_ptr_eq(c.lane, a.lane);
    lane_thread_start(&d, counters);
    ck_assert_ptr_ne(d.lane, a.lane);
    ck_assert_ptr_ne(d.lane, b.lane);
    ck_assert_ptr_ne(d.lane, own);
    hwv_counters_read(counters, slot, &count);
    ck_assert_uint_eq(count.packets, 5);
    ck_assert_uint_eq(count.bytes, 10);
    ck_assert_int_eq(count.used, 3);

    /* The set goes before the threads, and what it counts to its end is not
     * lost on a reader. */
    hwv_counters_destroy(counters);
    hwv_lane_count(own, slot, 1, 2, 3);
    hwv_counters_read(counters, slot, &count);
    ck_assert_uint_eq(count.packets, 6);
    hwv_unit_settle();
    lane_thread_end(&b);
    lane_thread_end(&c);
    lane_thread_end(&d);

    hwv_counters_destroy(others);
    hwv_unit_settle();
}
END_TEST

/* Several threads count on whatever slots are published, while the test's own
 * allocates, reads and frees them. */

#define N_THREADS 4
#define N_PUBLISHED 16

struct shared {
    struct hwv_counters *counters;
    atomic_uint32_t published[N_PUBLISHED]; /* Slots, or HWV_NO_COUNTER. */
    atomic_uint64_t packets, bytes;         /* What all threads counted. */
    atomic_bool stop;
};

static void *
count_published(void *shared_)
{
    struct shared *shared = shared_;
    uint64_t packets = 0, bytes = 0, orig;
    bool stop = false;

    while (!stop) {
        struct hwv_lane *lane = hwv_counters_lane(shared->counters);

        for (uint64_t i = 0; i < 1000; i++) {
            uint32_t slot;

            atomic_read(&shared->published[i % N_PUBLISHED], &slot);
            if (i == 500) {
                hwv_unit_pause();   /* So that this one is late. */
            }
            hwv_lane_count(lane, slot, 1, i, i);
            if (slot != HWV_NO_COUNTER) {
                packets++;
                bytes += i;
            }
        }
        ovsrcu_quiesce();
        atomic_read(&shared->stop, &stop);
    }
    atomic_add(&shared->packets, packets, &orig);
    atomic_add(&shared->bytes, bytes, &orig);
    return NULL;
}

/* Reads 'slot', which must not have less than '*seen', and keeps it there. */
static void
read_on(const struct hwv_counters *counters, uint32_t slot,
        struct hwv_count *seen)
{
    struct hwv_count old = *seen;

    hwv_counters_read(counters, slot, seen);
    ck_assert_uint_ge(seen->packets, old.packets);
    ck_assert_uint_ge(seen->bytes, old.bytes);
}

/* Puts another slot in the place of published slot 'i', if there is one, and
 * adds what was seen of the old one to '*done'. */
static void
republish(struct shared *shared, int i, struct hwv_count *seen,
          struct hwv_count *done)
{
    struct hwv_counters *counters = shared->counters;
    uint32_t old, new = HWV_NO_COUNTER;

    atomic_read(&shared->published[i], &old);
    if (hwv_counters_alloc(counters, &new)) {
        new = HWV_NO_COUNTER;
    }
    atomic_store(&shared->published[i], new);
    if (old != HWV_NO_COUNTER) {
        read_on(counters, old, seen);
        hwv_counters_free(counters, old, seen);
        count_add(done, seen->packets, seen->bytes, 0);
    }
    *seen = (struct hwv_count) { .packets = 0 };
}

START_TEST(test_threads)
{
    struct shared shared = { .counters = hwv_counters_create(MAX_COUNTERS) };
    struct hwv_count seen[N_PUBLISHED] = { { .packets = 0 } };
    struct hwv_count done = { .packets = 0 }, late;
    pthread_t threads[N_THREADS];
    uint64_t packets, bytes;

    for (int i = 0; i < N_PUBLISHED; i++) {
        atomic_init(&shared.published[i], HWV_NO_COUNTER);
    }
    atomic_init(&shared.packets, 0);
    atomic_init(&shared.bytes, 0);
    for (int run = 0; run < 2; run++) {
        long long int end = hwv_unit_cpu_msec() + HWV_UNIT_CHURN_MS;

        /* The second run's threads find the lanes of the first's. */
        atomic_store(&shared.stop, false);
        for (int i = 0; i < N_THREADS; i++) {
            threads[i] = ovs_thread_create("counter", count_published,
                                           &shared);
        }
        for (int i = 0; hwv_unit_cpu_msec() < end; i = (i + 1) % N_PUBLISHED) {
            uint32_t slot;

            republish(&shared, i, &seen[i], &done);
            atomic_read(&shared.published[(i + 5) % N_PUBLISHED], &slot);
            if (slot != HWV_NO_COUNTER) {
                read_on(shared.counters, slot, &seen[(i + 5) % N_PUBLISHED]);
            }
            ovsrcu_quiesce();
        }
        atomic_store(&shared.stop, true);
        for (int i = 0; i < N_THREADS; i++) {
            xpthread_join(threads[i], NULL);
        }
    }

    for (int i = 0; i < N_PUBLISHED; i++) {
        republish(&shared, i, &seen[i], &done);
    }
    hwv_unit_settle();
    hwv_counters_late(shared.counters, &late);
    atomic_read(&shared.packets, &packets);
    atomic_read(&shared.bytes, &bytes);
    ck_assert_uint_gt(late.packets, 10);
    ck_assert_uint_gt(done.packets, 10);
    ck_assert_uint_eq(done.packets + late.packets, packets);
    ck_assert_uint_eq(done.bytes + late.bytes, bytes);
    hwv_counters_destroy(shared.counters);
    hwv_unit_settle();
}
END_TEST

/* Threads end while the set does. */
static void *
count_and_end(void *shared_)
{
    struct shared *shared = shared_;
    uint64_t orig;

    hwv_lane_count(hwv_counters_lane(shared->counters), 0, 1, 1, 1);
    ovsrcu_quiesce_start();
    atomic_add(&shared->packets, 1, &orig);
    return NULL;
}

START_TEST(test_ends)
{
    for (int i = 0; i < 300; i++) {
        struct shared shared = { .counters = hwv_counters_create(300) };
        pthread_t threads[N_THREADS];
        uint64_t n = 0;

        atomic_init(&shared.packets, 0);
        for (int j = 0; j < N_THREADS; j++) {
            threads[j] = ovs_thread_create("ends", count_and_end, &shared);
        }
        while (n < N_THREADS) {
            atomic_read(&shared.packets, &n);
        }
        hwv_counters_destroy(shared.counters);
        if (i % 2) {
            hwv_unit_settle();
        }
        for (int j = 0; j < N_THREADS; j++) {
            xpthread_join(threads[j], NULL);
        }
    }
    hwv_unit_settle();
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("hwv-counters");
    TCase *tcase;

    tcase = hwv_unit_tcase(suite, "one thread");
    tcase_add_loop_test(tcase, test_random, 0, 3);
    tcase_add_loop_test(tcase, test_limits, 0, 5);

    tcase = hwv_unit_tcase(suite, "several threads");
    tcase_add_test(tcase, test_lanes);
    tcase_add_test(tcase, test_threads);
    tcase_add_test(tcase, test_ends);
    return hwv_unit_run(argv[0], suite);
}
