/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#undef NDEBUG
#include "hwv-replacement-world.h"

#include "random.h"
#include "util.h"

void
world_init(struct world *world, const char *name, uint32_t capacity,
           uint32_t n_flows)
{
    const struct hwv_replacement_policy *policy;

    *world = (struct world) { .n_flows = n_flows, .now = 1 };
    world->flows = xcalloc(n_flows, sizeof *world->flows);
    ck_assert_int_eq(hwv_replacement_policy_from_name(name, &policy), 0);
    ck_assert_int_eq(hwv_replacement_create(policy, capacity, world->now,
                                            world_read, world, &world->r), 0);
}

void
world_destroy(struct world *world)
{
    for (uint32_t i = 0; i < world->n_flows; i++) {
        world_remove(world, i);
    }
    hwv_replacement_destroy(world->r);
    free(world->flows);
}

uint64_t
world_read(const struct hwv_replacement_node *node, void *world_)
{
    struct world *world = world_;
    struct world_flow *f = CONTAINER_OF(node, struct world_flow, node);

    world->reads[world->n_reads++ % ARRAY_SIZE(world->reads)] = f;
    return f->hits;
}

static void
leave(struct world *world, struct world_flow *f)
{
    ck_assert(f->inside);
    ck_assert(!hwv_replacement_resident(&f->node));
    f->inside = false;
    world->n_residents--;
}

static struct world_flow *
miss(struct world *world, uint32_t flow, uint64_t n,
     struct hwv_replacement_decision *decision)
{
    struct world_flow *f = &world->flows[flow], *evicted = NULL;
    uint64_t n_reads = world->n_reads;

    if (!f->added) {
        f->added = true;
        hwv_replacement_add(world->r, &f->node, world->group, world->now);
    }
    hwv_replacement_miss(world->r, &f->node, n, world->now - world->lag,
                         world->now, decision);
    ck_assert_uint_le(world->n_reads - n_reads, HWV_REPLACEMENT_MAX_READS);

    if (decision->evicted) {
        evicted = CONTAINER_OF(decision->evicted, struct world_flow, node);
        leave(world, evicted);
    }
    if (decision->verdict == HWV_REPLACEMENT_PROMOTED) {
        ck_assert(!f->inside);
        f->inside = true;
        world->n_residents++;
    } else {
        ck_assert_ptr_null(evicted);
        ck_assert_int_eq(decision->verdict == HWV_REPLACEMENT_ALREADY,
                         f->inside);
    }
    ck_assert_int_eq(hwv_replacement_resident(&f->node), f->inside);
    return evicted;
}

enum hwv_replacement_verdict
world_miss(struct world *world, uint32_t flow, uint64_t n)
{
    struct hwv_replacement_decision decision;

    miss(world, flow, n, &decision);
    return decision.verdict;
}

void
world_expect_evicted(struct world *world, uint32_t flow, uint64_t n,
                     uint32_t evicted)
{
    struct hwv_replacement_decision decision;

    ck_assert_ptr_eq(miss(world, flow, n, &decision), &world->flows[evicted]);
}

bool
world_packet(struct world *world, uint32_t flow)
{
    struct world_flow *f = &world->flows[flow];

    world->now++;
    if (f->inside) {
        f->hits++;
        return true;
    }
    world_miss(world, flow, 1);
    return false;
}

uint32_t
world_run(struct world *world, uint32_t n_flows, uint32_t from, uint32_t n)
{
    uint32_t n_hits = 0;

    for (uint32_t i = 0; i < n; i++) {
        double rank = pow(n_flows, random_uint32() / (double) UINT32_MAX) - 1;

        n_hits += world_packet(world, ((uint32_t) rank + from) % n_flows);
    }
    return n_hits;
}

void
world_remove(struct world *world, uint32_t flow)
{
    struct world_flow *f = &world->flows[flow];
    uint64_t n_reads = world->n_reads;

    if (f->added) {
        hwv_replacement_remove(world->r, &f->node);
        ck_assert_uint_eq(world->n_reads, n_reads);
        world->n_residents -= f->inside;
        f->added = f->inside = false;
    }
}

void
world_demote(struct world *world, uint32_t flow)
{
    struct world_flow *f = &world->flows[flow];
    uint64_t n_reads = world->n_reads;

    hwv_replacement_demote(world->r, &f->node, world->now);
    ck_assert_uint_le(world->n_reads - n_reads, f->inside);
    if (f->inside) {
        leave(world, f);
    }
}

void
world_random_change(struct world *world, uint32_t flow)
{
    struct world_flow *f = &world->flows[flow];

    switch (random_range(4)) {
    case 0:
        world_remove(world, flow);
        break;
    case 1:
        if (f->added) {
            world_demote(world, flow);
        }
        break;
    case 2:
        hwv_replacement_set_quota(world->r, random_range(6),
                                  random_range(20));
        if (random_range(3)) {
            hwv_replacement_set_quota(world->r, random_range(6),
                                      HWV_REPLACEMENT_NO_QUOTA);
        }
        break;
    case 3:
        if (!random_range(20)) {
            hwv_replacement_demote_all(world->r, world->now);
            for (uint32_t i = 0; i < world->n_flows; i++) {
                if (world->flows[i].inside) {
                    leave(world, &world->flows[i]);
                }
            }
        }
        break;
    }
}

uint32_t
world_held(const struct world *world, uint32_t group)
{
    struct hwv_replacement_group_stats stats;

    return hwv_replacement_group_stats(world->r, group, &stats)
           ? 0 : stats.residents;
}

double
world_half_life(const struct world *world, uint32_t group)
{
    struct hwv_replacement_group_stats stats;

    ck_assert_int_eq(hwv_replacement_group_stats(world->r, group, &stats), 0);
    return stats.half_life;
}
