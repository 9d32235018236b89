/* SPDX-License-Identifier: Apache-2.0 */

/* The product's policies, called as the control thread calls them: a key has a
 * shadow from its first miss on, misses are told one by one, and hits only
 * when they are asked for. */

#include <config.h>
#include "policies.h"

#include "hwv-replacement.h"
#include "util.h"

struct shadow {
    struct hwv_replacement_node node;
    uint64_t hits;
    bool added;
};

struct sim {
    const struct trace *trace;
    struct hwv_replacement *replacement;
    struct shadow *shadows;     /* By key. */
};

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
    free(sim);
}

bool
hwv_request(struct sim *sim, size_t i, uint64_t *inserts)
{
    const struct trace *trace = sim->trace;
    uint32_t key = trace->requests[i];
    struct shadow *shadow = &sim->shadows[key];
    struct hwv_replacement_decision decision;

    if (hwv_replacement_resident(&shadow->node)) {
        shadow->hits++;
        return true;
    }
    if (!shadow->added) {
        hwv_replacement_add(sim->replacement, &shadow->node,
                            trace->groups ? trace->groups[key] : 0, i + 1);
        shadow->added = true;
    }
    hwv_replacement_miss(sim->replacement, &shadow->node, 1, i + 1, &decision);
    *inserts += decision.verdict == HWV_REPLACEMENT_PROMOTED;
    return false;
}
