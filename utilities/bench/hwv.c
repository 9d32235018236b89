/* SPDX-License-Identifier: Apache-2.0 */

/* The product's policies, called as the control thread calls them: a key has a
 * shadow from its first miss on, misses are told when they are collected, and
 * hits only when they are asked for. */

#include <config.h>
#include "policies.h"

#include "hwv-replacement.h"
#include "util.h"

struct shadow {
    struct hwv_replacement_node node;
    uint64_t hits;
    uint32_t misses;            /* Not collected yet. */
    bool added;
};

struct sim {
    const struct trace *trace;
    struct hwv_replacement *replacement;
    struct shadow *shadows;     /* By key. */
    uint32_t *missed;           /* Keys with misses, in order. */
    size_t n_missed;
    uint64_t collected;         /* When misses were last collected. */
};

static size_t interval = 1;

static void miss(struct sim *, uint32_t key, uint64_t now);
static void collect(struct sim *, uint64_t now, uint64_t *inserts);

void
hwv_set_interval(size_t n)
{
    interval = n;
}

static uint64_t
read_hits(const struct hwv_replacement_node *node, void *aux OVS_UNUSED)
{
    return CONTAINER_OF(node, struct shadow, node)->hits;
}

struct sim *
hwv_create(const struct sim_policy *policy, const struct trace *trace,
           uint32_t table)
{
    const struct hwv_replacement_policy *hwv_policy;
    const char *name = policy->name;
    struct sim *sim = xzalloc(sizeof *sim);
    int error;

    /* "nic-lru" is the product's "lru". */
    name += !strncmp(name, "nic-", 4) ? 4 : 0;
    error = hwv_replacement_policy_from_name(name, &hwv_policy);
    ovs_assert(!error);
    sim->trace = trace;
    sim->shadows = xcalloc(trace->n_keys, sizeof *sim->shadows);
    sim->missed = xcalloc(MIN(interval, trace->n_keys), sizeof *sim->missed);
    error = hwv_replacement_create(hwv_policy, table, 0, read_hits, NULL,
                                   &sim->replacement);
    ovs_assert(!error);
    return sim;
}

void
hwv_destroy(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->trace->n_keys; i++) {
        if (sim->shadows[i].added) {
            hwv_replacement_remove(sim->replacement, &sim->shadows[i].node);
        }
    }
    hwv_replacement_destroy(sim->replacement);
    free(sim->shadows);
    free(sim->missed);
    free(sim);
}

bool
hwv_request(struct sim *sim, size_t i, uint64_t *inserts)
{
    uint32_t key = sim->trace->requests[i];
    struct shadow *shadow = &sim->shadows[key];
    bool hit = hwv_replacement_resident(&shadow->node);

    if (hit) {
        shadow->hits++;
    } else {
        miss(sim, key, i + 1);
    }
    if ((i + 1) % interval == 0) {
        collect(sim, i + 1, inserts);
    }
    return hit;
}

static void
miss(struct sim *sim, uint32_t key, uint64_t now)
{
    const struct trace *trace = sim->trace;
    struct shadow *shadow = &sim->shadows[key];

    if (!shadow->added) {
        hwv_replacement_add(sim->replacement, &shadow->node,
                            trace->groups ? trace->groups[key] : 0, now);
        shadow->added = true;
    }
    if (!shadow->misses++) {
        sim->missed[sim->n_missed++] = key;
    }
}

static void
collect(struct sim *sim, uint64_t now, uint64_t *inserts)
{
    uint64_t since = interval > 1 ? sim->collected : now;

    for (size_t i = 0; i < sim->n_missed; i++) {
        struct shadow *shadow = &sim->shadows[sim->missed[i]];
        struct hwv_replacement_decision decision;

        hwv_replacement_miss(sim->replacement, &shadow->node, shadow->misses,
                             since, now, &decision);
        *inserts += decision.verdict == HWV_REPLACEMENT_PROMOTED;
        shadow->misses = 0;
    }
    sim->n_missed = 0;
    sim->collected = now;
}
