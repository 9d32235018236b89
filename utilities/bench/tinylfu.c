/* SPDX-License-Identifier: Apache-2.0 */

/* W-TinyLFU: G. Einziger, R. Friedman, B. Manes, "TinyLFU: A Highly Efficient
 * Cache Admission Policy", ACM Transactions on Storage 13(4), 2017.
 *
 * As there: a window of 1 % of the table (least recently used), a main part
 * that is a segmented LRU, 80 % of it protected, and between them admission by
 * a count-min sketch of 4 rows of 4-bit counters, in which only the smallest
 * of a key's counters are incremented, and all are halved after 10 requests
 * for each entry.  It has 16 counters for each entry and row, so that
 * collisions are rare, and no "doorkeeper". */

#include <config.h>
#include "policies.h"

#include "openvswitch/list.h"
#include "util.h"

enum segment { OUTSIDE, WINDOW, PROBATION, PROTECTED, N_SEGMENTS };

#define ROWS 4
#define COUNTER_MAX 15

struct entry {
    struct ovs_list list;
    enum segment segment;
};

struct sim {
    const struct trace *trace;
    struct entry *entries;      /* By key. */
    struct ovs_list lists[N_SEGMENTS]; /* The least recently used first. */
    uint32_t n[N_SEGMENTS];
    uint32_t window_max, main_max, protected_max;

    uint8_t *counters;          /* ROWS rows of 'mask' + 1. */
    uint32_t mask;
    uint64_t n_counted, sample; /* Requests since counters were halved. */
};

struct sim *
tinylfu_create(const struct sim_policy *policy OVS_UNUSED,
               const struct trace *trace, uint32_t table)
{
    struct sim *sim = xzalloc(sizeof *sim);

    sim->trace = trace;
    sim->entries = xcalloc(trace->n_keys, sizeof *sim->entries);
    for (int i = 0; i < N_SEGMENTS; i++) {
        ovs_list_init(&sim->lists[i]);
    }
    sim->window_max = MAX(table / 100, 1);
    sim->main_max = table - sim->window_max;
    sim->protected_max = sim->main_max * 4 / 5;
    sim->mask = ROUND_UP_POW2(MAX(table, 16) * 16) - 1;
    sim->counters = xzalloc(ROWS * ((size_t) sim->mask + 1));
    sim->sample = (uint64_t) table * 10;
    return sim;
}

void
tinylfu_destroy(struct sim *sim)
{
    free(sim->counters);
    free(sim->entries);
    free(sim);
}

static uint8_t *
counter(struct sim *sim, uint32_t key, int row)
{
    uint64_t hash = (key + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15)
                    + row * UINT64_C(0xc2b2ae3d27d4eb4f);

    hash = (hash ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return &sim->counters[row * ((size_t) sim->mask + 1)
                          + ((hash >> 32) & sim->mask)];
}

static uint8_t
estimate(struct sim *sim, uint32_t key)
{
    uint8_t least = COUNTER_MAX;

    for (int row = 0; row < ROWS; row++) {
        least = MIN(least, *counter(sim, key, row));
    }
    return least;
}

static void
count(struct sim *sim, uint32_t key)
{
    uint8_t least = estimate(sim, key);

    for (int row = 0; row < ROWS && least < COUNTER_MAX; row++) {
        uint8_t *c = counter(sim, key, row);

        *c += *c == least;
    }
    if (++sim->n_counted >= sim->sample) {
        for (size_t i = 0; i < ROWS * ((size_t) sim->mask + 1); i++) {
            sim->counters[i] /= 2;
        }
        sim->n_counted /= 2;
    }
}

static void
put(struct sim *sim, struct entry *entry, enum segment segment)
{
    if (entry->segment != OUTSIDE) {
        ovs_list_remove(&entry->list);
        sim->n[entry->segment]--;
    }
    entry->segment = segment;
    if (segment != OUTSIDE) {
        ovs_list_push_back(&sim->lists[segment], &entry->list);
        sim->n[segment]++;
    }
}

static struct entry *
first(struct sim *sim, enum segment segment)
{
    return CONTAINER_OF(ovs_list_front(&sim->lists[segment]), struct entry,
                        list);
}

static void
hit(struct sim *sim, struct entry *entry)
{
    if (entry->segment == WINDOW) {
        put(sim, entry, WINDOW);
        return;
    }
    put(sim, entry, PROTECTED);
    if (sim->n[PROTECTED] > sim->protected_max) {
        put(sim, first(sim, PROTECTED), PROBATION);
    }
}

bool
tinylfu_request(struct sim *sim, size_t i, uint64_t *inserts)
{
    uint32_t key = sim->trace->requests[i];
    struct entry *entry = &sim->entries[key];
    struct entry *candidate, *victim;

    count(sim, key);
    if (entry->segment != OUTSIDE) {
        hit(sim, entry);
        return true;
    }
    put(sim, entry, WINDOW);
    (*inserts)++;
    if (sim->n[WINDOW] <= sim->window_max) {
        return false;
    }

    candidate = first(sim, WINDOW);
    if (sim->n[PROBATION] + sim->n[PROTECTED] < sim->main_max) {
        put(sim, candidate, PROBATION);
        return false;
    } else if (!sim->main_max) {
        put(sim, candidate, OUTSIDE);
        return false;
    }
    victim = first(sim, sim->n[PROBATION] ? PROBATION : PROTECTED);
    if (estimate(sim, candidate - sim->entries)
        > estimate(sim, victim - sim->entries)) {
        put(sim, victim, OUTSIDE);
        put(sim, candidate, PROBATION);
    } else {
        put(sim, candidate, OUTSIDE);
    }
    return false;
}
