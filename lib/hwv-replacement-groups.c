/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-replacement-groups.h"

#include "hash.h"
#include "util.h"

/* A group is active for at least so many packets, for each entry of the table,
 * and rounds after it was heard of. */
#define ACTIVE_PER_ENTRY 64
#define ACTIVE_ROUNDS 2

static void run(struct hwv_replacement_groups *, uint64_t now, uint64_t round);

void
hwv_groups_init(struct hwv_replacement_groups *groups, uint32_t capacity,
                uint64_t now)
{
    *groups = (struct hwv_replacement_groups) {
        .capacity = capacity, .share = capacity, .checked = now,
    };
    hmap_init(&groups->groups);
    heap_init(&groups->over);
    heap_init(&groups->all);
}

static void
group_free(struct hwv_replacement_groups *groups,
           struct hwv_replacement_group *group)
{
    if (group->active) {
        groups->n_active--;
        groups->changed = true;
    }
    hmap_remove(&groups->groups, &group->node);
    heap_destroy(&group->residents);
    free(group);
}

void
hwv_groups_destroy(struct hwv_replacement_groups *groups)
{
    struct hwv_replacement_group *group;

    HMAP_FOR_EACH_SAFE (group, node, &groups->groups) {
        ovs_assert(!group->n_nodes);
        group_free(groups, group);
    }
    hmap_destroy(&groups->groups);
    heap_destroy(&groups->over);
    heap_destroy(&groups->all);
}

struct hwv_replacement_group *
hwv_groups_find(const struct hwv_replacement_groups *groups, uint32_t id)
{
    struct hwv_replacement_group *group;

    HMAP_FOR_EACH_WITH_HASH (group, node, hash_int(id, 0), &groups->groups) {
        if (group->id == id) {
            return group;
        }
    }
    return NULL;
}

struct hwv_replacement_group *
hwv_groups_get(struct hwv_replacement_groups *groups, uint32_t id)
{
    struct hwv_replacement_group *group = hwv_groups_find(groups, id);

    if (!group) {
        group = xzalloc(sizeof *group);
        group->id = id;
        group->quota = HWV_REPLACEMENT_NO_QUOTA;
        heap_init(&group->residents);
        hmap_insert(&groups->groups, &group->node, hash_int(id, 0));
    }
    return group;
}

void
hwv_groups_put(struct hwv_replacement_groups *groups,
               struct hwv_replacement_group *group)
{
    if (!group->n_nodes && group->quota == HWV_REPLACEMENT_NO_QUOTA) {
        group_free(groups, group);
    }
}

void
hwv_groups_heard(struct hwv_replacement_groups *groups,
                 struct hwv_replacement_group *group, uint64_t now,
                 uint64_t round)
{
    group->heard = now;
    group->heard_round = round;
    if (!group->active) {
        group->active = true;
        groups->n_active++;
        groups->changed = true;
    }
}

void
hwv_groups_run(struct hwv_replacement_groups *groups, uint64_t now,
               uint64_t round)
{
    groups->n_decisions++;
    if (groups->n_decisions >= hmap_count(&groups->groups)
        && (groups->changed || now - groups->checked >= groups->capacity)) {
        run(groups, now, round);
    }
}

static void
run(struct hwv_replacement_groups *groups, uint64_t now, uint64_t round)
{
    uint64_t enough = (uint64_t) ACTIVE_PER_ENTRY * groups->capacity;
    struct hwv_replacement_group *group;

    HMAP_FOR_EACH (group, node, &groups->groups) {
        if (group->active && now - group->heard > enough
            && round - group->heard_round > ACTIVE_ROUNDS) {
            group->active = false;
            groups->n_active--;
            groups->changed = true;
        }
    }
    if (groups->changed) {
        groups->share = groups->capacity / MAX(groups->n_active, 1);
        HMAP_FOR_EACH (group, node, &groups->groups) {
            hwv_groups_update(groups, group);
        }
    }
    groups->changed = false;
    groups->n_decisions = 0;
    groups->checked = now;
}

/* Puts '*node' into 'heap', or takes it out, or gives it another priority. */
static void
sort_in(struct heap *heap, struct heap_node *node, bool *inside, bool in,
        uint64_t priority)
{
    if (!*inside) {
        if (in) {
            heap_insert(heap, node, priority);
        }
    } else if (!in) {
        heap_remove(heap, node);
    } else if (node->priority != priority) {
        heap_change(heap, node, priority);
    }
    *inside = in;
}

void
hwv_groups_update(struct hwv_replacement_groups *groups,
                  struct hwv_replacement_group *group)
{
    size_t n = heap_count(&group->residents);
    uint64_t priority = n ? heap_max(&group->residents)->priority : 0;

    sort_in(&groups->over, &group->over_node, &group->over,
            n > hwv_groups_limit(groups, group), priority);
    sort_in(&groups->all, &group->all_node, &group->in_all, n > 0, priority);
}

uint32_t
hwv_groups_limit(const struct hwv_replacement_groups *groups,
                 const struct hwv_replacement_group *group)
{
    return group->active ? MIN(groups->share, group->quota) : 0;
}

struct hwv_replacement_node *
hwv_group_lowest(const struct hwv_replacement_group *group)
{
    const struct heap *heap = &group->residents;

    return heap_is_empty(heap)
           ? NULL
           : CONTAINER_OF(heap_max(heap), struct hwv_replacement_node, heap);
}

struct hwv_replacement_node *
hwv_groups_lowest_over(const struct hwv_replacement_groups *groups)
{
    return heap_is_empty(&groups->over)
           ? NULL
           : hwv_group_lowest(CONTAINER_OF(heap_max(&groups->over),
                                           struct hwv_replacement_group,
                                           over_node));
}

struct hwv_replacement_node *
hwv_groups_lowest(const struct hwv_replacement_groups *groups)
{
    return heap_is_empty(&groups->all)
           ? NULL
           : hwv_group_lowest(CONTAINER_OF(heap_max(&groups->all),
                                           struct hwv_replacement_group,
                                           all_node));
}

bool
hwv_groups_check(const struct hwv_replacement_groups *groups)
{
    const struct hwv_replacement_group *group;
    size_t n_active = 0, n_over = 0, n_all = 0;

    HMAP_FOR_EACH (group, node, &groups->groups) {
        size_t n = heap_count(&group->residents);

        n_active += group->active;
        n_over += group->over;
        n_all += group->in_all;
        if (n > group->n_nodes || group->in_all != (n > 0)
            || (group->in_all && group->all_node.priority
                                 != heap_max(&group->residents)->priority)
            || (group->over && group->over_node.priority
                               != group->all_node.priority)
            || (!groups->changed
                && group->over != (n > hwv_groups_limit(groups, group)))) {
            return false;
        }
    }
    return n_active == groups->n_active
           && n_over == heap_count(&groups->over)
           && n_all == heap_count(&groups->all)
           && (groups->changed
               || groups->share == groups->capacity / MAX(n_active, 1));
}
