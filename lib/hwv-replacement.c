/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-replacement.h"

#include <errno.h>

#include "hwv-replacement-groups.h"
#include "hwv-replacement-policy.h"
#include "hwv-replacement-residents.h"
#include "util.h"

static enum hwv_replacement_verdict
decide(struct hwv_replacement *, struct hwv_replacement_node *,
       struct hwv_replacement_node **victim);

const struct hwv_replacement_policy *const hwv_replacement_policies[] = {
    &hwv_replacement_aged_lfu,
    &hwv_replacement_lfu,
    &hwv_replacement_lru,
    &hwv_replacement_none,
    NULL,
};

int
hwv_replacement_policy_from_name(const char *name,
                                 const struct hwv_replacement_policy **policyp)
{
    for (size_t i = 0; hwv_replacement_policies[i]; i++) {
        if (!strcmp(hwv_replacement_policies[i]->name, name)) {
            *policyp = hwv_replacement_policies[i];
            return 0;
        }
    }
    return EINVAL;
}

const char *
hwv_replacement_policy_name(const struct hwv_replacement_policy *policy)
{
    return policy->name;
}

int
hwv_replacement_create(const struct hwv_replacement_policy *policy,
                       uint32_t capacity, uint64_t now,
                       hwv_replacement_hits_cb *hits, void *aux,
                       struct hwv_replacement **rp)
{
    struct hwv_replacement *r;

    if (!capacity) {
        return EINVAL;
    }
    r = xzalloc(sizeof *r);
    r->policy = policy;
    r->hits = hits;
    r->aux = aux;
    r->now = r->due = now;
    r->capacity = capacity;
    ovs_list_init(&r->residents);
    hwv_groups_init(&r->groups, capacity, now);
    *rp = r;
    return 0;
}

/* Returns group 'id', which is created if there is none. */
static struct hwv_replacement_group *
group_get(struct hwv_replacement *r, uint32_t id)
{
    struct hwv_replacement_group *group = hwv_groups_find(&r->groups, id);

    if (!group) {
        group = hwv_groups_add(&r->groups, id);
        if (r->policy->create) {
            group->state = r->policy->create(r->capacity, r->now);
        }
    }
    return group;
}

static void
group_destroy(struct hwv_replacement *r, struct hwv_replacement_group *group)
{
    if (r->policy->destroy) {
        r->policy->destroy(group->state);
    }
    hwv_groups_remove(&r->groups, group);
}

/* Destroys 'group' if nothing needs it any longer. */
static void
group_put(struct hwv_replacement *r, struct hwv_replacement_group *group)
{
    if (!group->n_nodes && group->quota == HWV_REPLACEMENT_NO_QUOTA) {
        group_destroy(r, group);
    }
}

void
hwv_replacement_destroy(struct hwv_replacement *r)
{
    if (r) {
        struct hwv_replacement_group *group;

        ovs_assert(!r->n_nodes);
        HMAP_FOR_EACH_SAFE (group, node, &r->groups.groups) {
            group_destroy(r, group);
        }
        hwv_groups_destroy(&r->groups);
        free(r);
    }
}

void
hwv_replacement_add(struct hwv_replacement *r,
                    struct hwv_replacement_node *node, uint32_t group,
                    uint64_t now)
{
    r->now = MAX(r->now, now);
    memset(node, 0, sizeof *node);
    node->group = group_get(r, group);
    node->group->n_nodes++;
    r->n_nodes++;
    if (r->policy->add) {
        r->policy->add(node->group->state, node, r->now);
    }
}

void
hwv_replacement_remove(struct hwv_replacement *r,
                       struct hwv_replacement_node *node)
{
    if (node->resident) {
        hwv_residents_remove(r, node);
        r->stats.demotions++;
    }
    if (r->policy->remove) {
        r->policy->remove(node->group->state, node);
    }
    node->group->n_nodes--;
    group_put(r, node->group);
    r->n_nodes--;
}

void
hwv_replacement_miss(struct hwv_replacement *r,
                     struct hwv_replacement_node *node, uint64_t n,
                     uint64_t since, uint64_t now,
                     struct hwv_replacement_decision *decision)
{
    struct hwv_replacement_node *victim = NULL;

    r->now = MAX(r->now, now);
    r->stats.misses += n;
    *decision = (struct hwv_replacement_decision) {
        .verdict = HWV_REPLACEMENT_ALREADY,
    };
    if (!r->policy->refuses) {
        r->policy->count(node->group->state, node, n, since, r->now);
    }
    hwv_groups_heard(&r->groups, node->group, r->now, r->round);
    hwv_groups_run(&r->groups, r->now, r->round);
    hwv_residents_update(r, node->group);
    if (node->resident) {
        hwv_residents_rerank(r, node);
        return;
    }

    decision->verdict = decide(r, node, &victim);
    switch (decision->verdict) {
    case HWV_REPLACEMENT_PROMOTED:
        if (victim) {
            hwv_residents_remove(r, victim);
            r->stats.evictions++;
        }
        hwv_residents_add(r, node);
        decision->evicted = victim;
        break;
    case HWV_REPLACEMENT_QUOTA:
        node->group->quota_refused++;
        r->stats.quota++;
        break;
    case HWV_REPLACEMENT_REFUSED:
    case HWV_REPLACEMENT_ALREADY:
    default:
        node->group->refused++;
        r->stats.refused++;
        break;
    }
}

void
hwv_replacement_demote(struct hwv_replacement *r,
                       struct hwv_replacement_node *node, uint64_t now)
{
    r->now = MAX(r->now, now);
    if (node->resident) {
        hwv_residents_look(r, node);
        hwv_residents_remove(r, node);
        r->stats.demotions++;
    }
}

void
hwv_replacement_demote_all(struct hwv_replacement *r, uint64_t now)
{
    while (!ovs_list_is_empty(&r->residents)) {
        hwv_replacement_demote(r, CONTAINER_OF(ovs_list_front(&r->residents),
                                               struct hwv_replacement_node,
                                               list), now);
    }
}

void
hwv_replacement_set_quota(struct hwv_replacement *r, uint32_t id, uint32_t max)
{
    struct hwv_replacement_group *group = group_get(r, id);

    group->quota = max;
    hwv_residents_update(r, group);
    group_put(r, group);
}

void
hwv_replacement_stats(const struct hwv_replacement *r,
                      struct hwv_replacement_stats *stats)
{
    *stats = r->stats;
    stats->nodes = r->n_nodes;
    stats->residents = r->n_residents;
    stats->capacity = r->capacity;
    stats->groups = hmap_count(&r->groups.groups);
    stats->active_groups = r->groups.n_active;
    stats->share = r->groups.share;
}

int
hwv_replacement_group_stats(const struct hwv_replacement *r, uint32_t id,
                            struct hwv_replacement_group_stats *stats)
{
    const struct hwv_replacement_group *group = hwv_groups_find(&r->groups,
                                                                id);

    if (!group) {
        return ENOENT;
    }
    *stats = (struct hwv_replacement_group_stats) {
        .nodes = group->n_nodes,
        .residents = heap_count(&group->residents),
        .quota = group->quota,
        .active = group->active,
        .half_life = (r->policy->half_life ? r->policy->half_life(group->state)
                      : 0),
        .refused = group->refused,
        .quota_refused = group->quota_refused,
    };
    return 0;
}

bool
hwv_replacement_check(const struct hwv_replacement *r)
{
    const struct hwv_replacement_group *group;
    const struct hwv_replacement_node *node;
    size_t n = 0, n_of_groups = 0;

    LIST_FOR_EACH (node, list, &r->residents) {
        const struct heap *heap = &node->group->residents;

        n++;
        if (!node->resident || node->heap.idx > heap_count(heap)
            || heap->array[node->heap.idx] != &node->heap) {
            return false;
        }
    }
    HMAP_FOR_EACH (group, node, &r->groups.groups) {
        n_of_groups += heap_count(&group->residents);
    }
    return n == r->n_residents && n == n_of_groups && n <= r->capacity
           && n == r->stats.promotions - r->stats.evictions
                   - r->stats.demotions
           && hwv_groups_check(&r->groups);
}

/* What it takes for a resident to make room. */
enum claim {
    CLAIM_ANYHOW,               /* Nothing. */
    CLAIM_IDLE,                 /* That it does not recur, */
    CLAIM_BEATEN,               /* or that it is beaten. */
};

static bool
makes_room(const struct hwv_replacement *r,
           const struct hwv_replacement_node *node,
           const struct hwv_replacement_node *victim, enum claim claim)
{
    switch (claim) {
    case CLAIM_ANYHOW:
        return true;
    case CLAIM_IDLE:
        return !hwv_residents_recurs(r, victim);
    case CLAIM_BEATEN:
    default:
        return r->policy->beats(node->group->state, node,
                                victim->group->state, victim);
    }
}

/* Returns who of 'group' makes room for 'node', or NULL: the one with the
 * lowest rank, or at least the lowest of those '*looks' that had low ones
 * before their hits were looked at. */
static struct hwv_replacement_node *
find_in(struct hwv_replacement *r, const struct hwv_replacement_node *node,
        const struct hwv_replacement_group *group, enum claim claim,
        int *looks)
{
    struct hwv_replacement_node *best = NULL;

    while (*looks > 0) {
        struct hwv_replacement_node *victim = hwv_group_lowest(group);

        if (!victim || !makes_room(r, node, victim, claim)) {
            break;
        }
        hwv_residents_look(r, victim);
        (*looks)--;
        if (!best || victim->heap.priority > best->heap.priority) {
            best = victim;
        }
        if (hwv_group_lowest(group) == victim) {
            break;
        }
    }
    return best && makes_room(r, node, best, claim) ? best : NULL;
}

/* Returns who makes room for 'node' in a full table, or NULL.  See "Groups" in
 * hwv-replacement.h. */
static struct hwv_replacement_node *
find_victim(struct hwv_replacement *r, const struct hwv_replacement_node *node,
            bool own_only)
{
    const struct hwv_replacement_group *own = node->group;
    int64_t excess = hwv_groups_excess(&r->groups, own);
    struct hwv_replacement_node *victim = NULL;
    int looks = HWV_REPLACEMENT_MAX_LOOKS;
    bool again = hwv_residents_recurs(r, node);

    if (!own_only && (again || excess < 0)) {
        const struct hwv_replacement_group *other;
        int64_t more;

        other = hwv_groups_most_over(&r->groups);
        more = other ? hwv_groups_excess(&r->groups, other) - excess : 0;
        if (more > 0) {
            victim = find_in(r, node, other,
                             !again ? CLAIM_IDLE
                             : more > 1 ? CLAIM_ANYHOW : CLAIM_BEATEN, &looks);
        }

        other = again && !victim ? hwv_groups_most_idle(&r->groups) : NULL;
        if (other && other != own) {
            victim = find_in(r, node, other, CLAIM_IDLE, &looks);
        }
    }
    return victim ? victim : find_in(r, node, own, CLAIM_BEATEN, &looks);
}

/* Decides about 'node', a shadow that has just missed. */
static enum hwv_replacement_verdict
decide(struct hwv_replacement *r, struct hwv_replacement_node *node,
       struct hwv_replacement_node **victim)
{
    struct hwv_replacement_group *group = node->group;
    bool room = r->n_residents < r->capacity;
    size_t held = heap_count(&group->residents);
    bool quota;

    if (!r->policy->refuses) {
        if (r->policy->adapt && r->policy->adapt(group->state)) {
            hwv_residents_rerank_group(r, group);
        }
        hwv_residents_look_at_due(r);
    }

    quota = held >= group->quota;
    if (room && !quota) {
        return HWV_REPLACEMENT_PROMOTED;
    }
    if (!r->policy->refuses) {
        *victim = find_victim(r, node, quota);
    }
    return *victim ? HWV_REPLACEMENT_PROMOTED
           : quota ? HWV_REPLACEMENT_QUOTA : HWV_REPLACEMENT_REFUSED;
}
