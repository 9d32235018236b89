/* SPDX-License-Identifier: Apache-2.0 */

/* Measures the flow table (lib/hwv-flow-table.h) by itself, with 1,000, 65,536
 * and a million entries: processor time to add one, to look one up, in bursts
 * and in a random order, and to remove one, and memory.  Lookups also while
 * another thread adds and removes entries of the same domain.  Tables of all
 * sizes take turns; shown is the median of the rounds, with the least and the
 * greatest. */

#include <config.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dp-packet.h"
#include "hwv-flow-table.h"
#include "openvswitch/thread.h"
#include "openvswitch/vlog.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "packets.h"
#include "random.h"
#include "timeval.h"
#include "util.h"

#define N_ROUNDS 9
#define N_LOOKUPS (1 << 20)     /* In each round. */

/* What the writer beside lookups does in each of its turns: so 100,000 entries
 * come and go each second. */
#define TURN_MS 1
#define TURN_ENTRIES 100

enum { ADD, LOOK_UP, LOOK_UP_BESIDE, REMOVE, N_WHATS };
static const char *const names[N_WHATS] = {
    "add", "look up", "beside a writer", "remove",
};

struct bench {
    uint32_t n;                 /* Entries. */
    size_t bytes;               /* Of all. */
    double ns[N_WHATS][N_ROUNDS];
};

static struct eth_addr
mac(uint32_t i)
{
    struct eth_addr ea = ETH_ADDR_C(02, 00, 00, 00, 00, 00);

    ea.be16[1] = htons(i >> 16);
    ea.be16[2] = htons(i);
    return ea;
}

static struct hwv_key
key(uint32_t i)
{
    return hwv_key_make(1, mac(i), eth_addr_zero, HWV_CLASS_DMAC);
}

/* Returns the processor time of this thread, in ns. */
static long long int
cpu_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static size_t
memory(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static void
add_all(struct hwv_flow_table *table, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct hwv_flow_value value = {
            .output = HWV_OUT_TUNNEL, .vni = 1, .tunnel = i % 16, .counter = i,
        };
        struct hwv_key k = key(i);

        if (hwv_flow_table_set(table, &k, &value)) {
            ovs_fatal(0, "entry %"PRIu32" was refused", i);
        }
    }
}

static void
look_up_all(const struct hwv_flow_table *table,
            const struct hwv_frame frames[N_LOOKUPS])
{
    struct hwv_flow_lookups lookups;

    for (size_t i = 0; i < N_LOOKUPS; i += NETDEV_MAX_BURST) {
        hwv_flow_lookups_init(&lookups, table, NETDEV_MAX_BURST);
        for (size_t j = 0; j < NETDEV_MAX_BURST; j++) {
            hwv_frames_put(&lookups.frames, j, &frames[i + j]);
            hwv_flow_lookups_add(&lookups, j, 0, 1);
        }
        hwv_flow_lookups_start(&lookups);
        for (size_t j = 0; j < NETDEV_MAX_BURST; j++) {
            struct hwv_flow_value value;

            if (hwv_flow_lookups_finish(&lookups, j,
                                        &value) != HWV_LOOKUP_HIT) {
                ovs_fatal(0, "an entry is missing");
            }
        }
    }
}

struct writer {
    struct hwv_flow_table *table;
    uint32_t n;                 /* Entries that stay. */
    atomic_bool done;
};

static void *
writer_main(void *writer_)
{
    struct writer *writer = writer_;
    long long int next = time_msec();
    bool done = false;

    while (!done) {
        for (uint32_t i = 0; i < TURN_ENTRIES; i++) {
            struct hwv_flow_value value = { .output = HWV_OUT_DROP };
            struct hwv_key k = key(writer->n + i);

            hwv_flow_table_set(writer->table, &k, &value);
        }
        for (uint32_t i = 0; i < TURN_ENTRIES; i++) {
            struct hwv_key k = key(writer->n + i);

            hwv_flow_table_remove(writer->table, &k);
        }
        next += TURN_MS;
        xnanosleep(MAX(next - time_msec(), 0) * 1000000ULL);
        atomic_read_relaxed(&writer->done, &done);
    }
    return NULL;
}

/* Returns the time of each. */
static double
look_up_beside_writer(struct hwv_flow_table *table, uint32_t n,
                      const struct hwv_frame frames[N_LOOKUPS])
{
    struct writer writer = { .table = table, .n = n };
    long long int start;
    pthread_t thread;
    double ns;

    atomic_init(&writer.done, false);
    thread = ovs_thread_create("writer", writer_main, &writer);
    xnanosleep(10 * 1000000);   /* Until it is at work. */
    start = cpu_ns();
    look_up_all(table, frames);
    ns = (cpu_ns() - start) / (double) N_LOOKUPS;
    atomic_store_relaxed(&writer.done, true);
    xpthread_join(thread, NULL);
    return ns;
}

static void
remove_all(struct hwv_flow_table *table, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct hwv_key k = key(i);

        if (hwv_flow_table_remove(table, &k)) {
            ovs_fatal(0, "entry %"PRIu32" is not there", i);
        }
    }
}

/* Tables of few entries are filled many times in a round. */
static void
run(struct bench *b, int round, struct hwv_frame frames[N_LOOKUPS])
{
    const uint32_t n_tables = MAX(N_LOOKUPS / b->n, 1);
    long long int t0, t1, t2, t3, add = 0, remove = 0;

    for (size_t i = 0; i < N_LOOKUPS; i++) {
        frames[i].dmac = hwv_mac_to_word(mac(random_range(b->n)));
    }
    for (uint32_t i = 0; i < n_tables; i++) {
        struct hwv_flow_table *table = hwv_flow_table_create(
            b->n + TURN_ENTRIES, 2);
        size_t before = memory();

        t0 = cpu_ns();
        add_all(table, b->n);
        t1 = cpu_ns();
        ovsrcu_barrier();       /* Smaller arrays of buckets are freed. */
        b->bytes = memory() - before;
        if (i == n_tables - 1) {
            t2 = cpu_ns();
            look_up_all(table, frames);
            b->ns[LOOK_UP][round] = (cpu_ns() - t2) / (double) N_LOOKUPS;
            b->ns[LOOK_UP_BESIDE][round] = look_up_beside_writer(table, b->n,
                                                                 frames);
        }
        t2 = cpu_ns();
        remove_all(table, b->n);
        t3 = cpu_ns();
        hwv_flow_table_destroy(table);
        ovsrcu_barrier();
        add += t1 - t0;
        remove += t3 - t2;
    }
    b->ns[ADD][round] = add / (double) n_tables / b->n;
    b->ns[REMOVE][round] = remove / (double) n_tables / b->n;
}

static int
compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

int
main(int argc OVS_UNUSED, char *argv[])
{
    struct bench benches[] = { { .n = 1000 }, { .n = 65536 },
                               { .n = 1000000 } };
    struct hwv_frame *frames = xcalloc(N_LOOKUPS, sizeof *frames);

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    for (int round = 0; round < N_ROUNDS; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(benches); i++) {
            run(&benches[i], round, frames);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(benches); i++) {
        struct bench *b = &benches[i];

        printf("%7"PRIu32" entries:", b->n);
        for (int what = 0; what < N_WHATS; what++) {
            double *ns = b->ns[what];

            qsort(ns, N_ROUNDS, sizeof *ns, compare);
            printf(" %s %.1f ns (%.1f to %.1f),", names[what],
                   ns[N_ROUNDS / 2], ns[0], ns[N_ROUNDS - 1]);
        }
        printf(" %.1f bytes each\n", b->bytes / (double) b->n);
    }
    free(frames);
    return 0;
}
