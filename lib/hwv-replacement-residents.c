/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-replacement-residents.h"

#include "hwv-replacement-policy.h"
#include "util.h"

/* The priority in a heap, whose top is the highest, for 'rank'. */
static uint64_t
priority_from_rank(double rank)
{
    const double limit = INT64_C(1) << 62;
    double scaled = -rank * 1024;

    return ((uint64_t) INT64_MAX
            + (int64_t) MIN(MAX(scaled, -limit), limit - 1));
}

static uint64_t
priority(const struct hwv_replacement *r,
         const struct hwv_replacement_node *node)
{
    return r->policy->refuses
           ? 0 : priority_from_rank(r->policy->rank(node->group->state, node));
}

void
hwv_residents_add(struct hwv_replacement *r,
                  struct hwv_replacement_node *node)
{
    if (!r->policy->refuses) {
        node->hits = r->hits(node, r->aux);
        r->stats.reads++;
    }
    node->resident = true;
    if (r->policy->promoted) {
        r->policy->promoted(node->group->state, node);
    }
    ovs_list_push_back(&r->residents, &node->list);
    heap_insert(&node->group->residents, &node->heap, priority(r, node));
    hwv_residents_update(r, node->group);
    r->n_residents++;
    r->stats.promotions++;
}

void
hwv_residents_remove(struct hwv_replacement *r,
                     struct hwv_replacement_node *node)
{
    node->resident = false;
    ovs_list_remove(&node->list);
    heap_remove(&node->group->residents, &node->heap);
    hwv_residents_update(r, node->group);
    r->n_residents--;
}

void
hwv_residents_look(struct hwv_replacement *r,
                   struct hwv_replacement_node *node)
{
    uint64_t hits, n;

    if (r->policy->refuses) {
        return;
    }
    hits = r->hits(node, r->aux);
    n = hits > node->hits ? hits - node->hits : 0;
    node->hits = hits;
    r->stats.reads++;

    r->policy->count(node->group->state, node, n, 0, r->now);
    if (n) {
        hwv_groups_heard(&r->groups, node->group, r->now, r->round);
    }
    hwv_residents_rerank(r, node);
}

void
hwv_residents_rerank(struct hwv_replacement *r,
                     struct hwv_replacement_node *node)
{
    heap_change(&node->group->residents, &node->heap, priority(r, node));
    hwv_residents_update(r, node->group);
}

void
hwv_residents_rerank_group(struct hwv_replacement *r,
                           struct hwv_replacement_group *group)
{
    struct hwv_replacement_node *node;

    HEAP_FOR_EACH (node, heap, &group->residents) {
        heap_raw_change(&node->heap, priority(r, node));
    }
    heap_rebuild(&group->residents);
    hwv_residents_update(r, group);
}

bool
hwv_residents_recurs(const struct hwv_replacement *r,
                     const struct hwv_replacement_node *node)
{
    return r->policy->refuses || r->policy->recurs(node->group->state, node);
}

void
hwv_residents_update(struct hwv_replacement *r,
                     struct hwv_replacement_group *group)
{
    const struct hwv_replacement_node *lowest = hwv_group_lowest(group);
    bool idle = lowest && !hwv_residents_recurs(r, lowest);

    hwv_groups_update(&r->groups, group, idle);
    if (r->policy->set_room) {
        r->policy->set_room(group->state, hwv_groups_room(&r->groups, group));
    }
}

static void
look_at_next(struct hwv_replacement *r)
{
    struct hwv_replacement_node *node;

    node = CONTAINER_OF(ovs_list_pop_front(&r->residents),
                        struct hwv_replacement_node, list);
    ovs_list_push_back(&r->residents, &node->list);
    hwv_residents_look(r, node);
    if (++r->n_looked >= r->n_residents) {
        r->n_looked = 0;
        r->round++;
    }
}

void
hwv_residents_look_at_due(struct hwv_replacement *r)
{
    uint32_t n_due = MIN(r->now - r->due, r->n_residents);
    uint32_t n = MIN(n_due, HWV_REPLACEMENT_DUE_LOOKS);

    r->due = r->now - (n_due - n);
    for (uint32_t i = 0; i < n; i++) {
        look_at_next(r);
    }
}
