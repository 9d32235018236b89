/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-replacement.h"

#include <errno.h>

#include "hwv-replacement-groups.h"
#include "hwv-replacement-policy.h"
#include "util.h"

struct hwv_replacement {
    const struct hwv_replacement_policy *policy;
    hwv_replacement_hits_cb *hits;
    void *aux;
    uint64_t now;               /* The latest that there was. */
    uint32_t capacity;
    uint32_t n_nodes;

    struct ovs_list residents;  /* Who was not looked at for long is first. */
    uint32_t n_residents;
    uint32_t n_looked;          /* Residents looked at in this round. */
    uint64_t round;             /* Rounds over all residents. */

    struct hwv_replacement_groups groups;
    struct hwv_replacement_stats stats; /* Only what counts up. */
};

static void promote(struct hwv_replacement *, struct hwv_replacement_node *);
static void unpromote(struct hwv_replacement *, struct hwv_replacement_node *);
static void look(struct hwv_replacement *, struct hwv_replacement_node *);
static void rerank(struct hwv_replacement *, struct hwv_replacement_node *);
static void rerank_all(struct hwv_replacement *,
                       struct hwv_replacement_group *);
static void sort_in(struct hwv_replacement *, struct hwv_replacement_group *);
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
    r->now = now;
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
        unpromote(r, node);
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
    sort_in(r, node->group);
    if (node->resident) {
        rerank(r, node);
        return;
    }

    decision->verdict = decide(r, node, &victim);
    switch (decision->verdict) {
    case HWV_REPLACEMENT_PROMOTED:
        if (victim) {
            unpromote(r, victim);
            r->stats.evictions++;
        }
        promote(r, node);
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
        look(r, node);
        unpromote(r, node);
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
    sort_in(r, group);
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

static void
promote(struct hwv_replacement *r, struct hwv_replacement_node *node)
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
    sort_in(r, node->group);
    r->n_residents++;
    r->stats.promotions++;
}

static void
unpromote(struct hwv_replacement *r, struct hwv_replacement_node *node)
{
    node->resident = false;
    ovs_list_remove(&node->list);
    heap_remove(&node->group->residents, &node->heap);
    sort_in(r, node->group);
    r->n_residents--;
}

/* Looks at the hit count of 'node', a resident. */
static void
look(struct hwv_replacement *r, struct hwv_replacement_node *node)
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
    rerank(r, node);
}

static void
rerank(struct hwv_replacement *r, struct hwv_replacement_node *node)
{
    heap_change(&node->group->residents, &node->heap, priority(r, node));
    sort_in(r, node->group);
}

static void
rerank_all(struct hwv_replacement *r, struct hwv_replacement_group *group)
{
    struct hwv_replacement_node *node;

    HEAP_FOR_EACH (node, heap, &group->residents) {
        heap_raw_change(&node->heap, priority(r, node));
    }
    heap_rebuild(&group->residents);
    sort_in(r, group);
}

static bool
recurs(const struct hwv_replacement *r,
       const struct hwv_replacement_node *node)
{
    return r->policy->refuses || r->policy->recurs(node->group->state, node);
}

/* Sorts in 'group', whose residents, or their counts, have changed. */
static void
sort_in(struct hwv_replacement *r, struct hwv_replacement_group *group)
{
    const struct hwv_replacement_node *lowest = hwv_group_lowest(group);

    hwv_groups_update(&r->groups, group, lowest && !recurs(r, lowest));
    if (r->policy->set_room) {
        r->policy->set_room(group->state, hwv_groups_room(&r->groups, group));
    }
}

/* Looks at the resident whose turn it is. */
static void
look_at_next(struct hwv_replacement *r)
{
    struct hwv_replacement_node *node;

    if (!r->n_residents) {
        return;
    }
    node = CONTAINER_OF(ovs_list_pop_front(&r->residents),
                        struct hwv_replacement_node, list);
    ovs_list_push_back(&r->residents, &node->list);
    look(r, node);
    if (++r->n_looked >= r->n_residents) {
        r->n_looked = 0;
        r->round++;
    }
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
        return !recurs(r, victim);
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
        look(r, victim);
        --*looks;
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
    bool again = recurs(r, node);

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
            rerank_all(r, group);
        }
        for (int i = 0; i < HWV_REPLACEMENT_DUE_LOOKS; i++) {
            look_at_next(r);
        }
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
