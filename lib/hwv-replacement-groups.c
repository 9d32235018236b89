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
    heap_init(&groups->idle);
}

void
hwv_groups_destroy(struct hwv_replacement_groups *groups)
{
    ovs_assert(hmap_is_empty(&groups->groups));
    hmap_destroy(&groups->groups);
    heap_destroy(&groups->over);
    heap_destroy(&groups->idle);
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
hwv_groups_add(struct hwv_replacement_groups *groups, uint32_t id)
{
    struct hwv_replacement_group *group = xzalloc(sizeof *group);

    group->id = id;
    group->quota = HWV_REPLACEMENT_NO_QUOTA;
    heap_init(&group->residents);
    hmap_insert(&groups->groups, &group->node, hash_int(id, 0));
    return group;
}

void
hwv_groups_remove(struct hwv_replacement_groups *groups,
                  struct hwv_replacement_group *group)
{
    ovs_assert(heap_is_empty(&group->residents));
    if (group->active) {
        groups->n_active--;
        groups->changed = true;
    }
    hmap_remove(&groups->groups, &group->node);
    heap_destroy(&group->residents);
    free(group);
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
            hwv_groups_update(groups, group, group->idle);
        }
    }
    groups->changed = false;
    groups->n_decisions = 0;
    groups->checked = now;
}

/* The priority in a heap, whose top is the highest, for 'excess'. */
static uint64_t
priority_from_excess(int64_t excess)
{
    return (uint64_t) INT64_MAX + excess;
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
                  struct hwv_replacement_group *group, bool idle)
{
    int64_t excess = hwv_groups_excess(groups, group);
    uint64_t priority = priority_from_excess(excess);

    sort_in(&groups->over, &group->over_node, &group->over, excess > 0,
            priority);
    sort_in(&groups->idle, &group->idle_node, &group->idle, idle, priority);
}

/* Returns how many entries 'group' may hold while others need room. */
static uint32_t
limit(const struct hwv_replacement_groups *groups,
      const struct hwv_replacement_group *group)
{
    return group->active ? MIN(groups->share, group->quota) : 0;
}

int64_t
hwv_groups_excess(const struct hwv_replacement_groups *groups,
                  const struct hwv_replacement_group *group)
{
    int64_t n = heap_count(&group->residents);

    return (n - limit(groups, group)
            + (n > group->quota ? groups->capacity : 0));
}

uint32_t
hwv_groups_room(const struct hwv_replacement_groups *groups,
                const struct hwv_replacement_group *group)
{
    uint32_t n = heap_count(&group->residents);

    return MAX(MAX(n, limit(groups, group)), 1);
}

struct hwv_replacement_node *
hwv_group_lowest(const struct hwv_replacement_group *group)
{
    const struct heap *heap = &group->residents;

    return heap_is_empty(heap)
           ? NULL
           : CONTAINER_OF(heap_max(heap), struct hwv_replacement_node, heap);
}

struct hwv_replacement_group *
hwv_groups_most_over(const struct hwv_replacement_groups *groups)
{
    return heap_is_empty(&groups->over)
           ? NULL
           : CONTAINER_OF(heap_max(&groups->over),
                          struct hwv_replacement_group, over_node);
}

struct hwv_replacement_group *
hwv_groups_most_idle(const struct hwv_replacement_groups *groups)
{
    return heap_is_empty(&groups->idle)
           ? NULL
           : CONTAINER_OF(heap_max(&groups->idle),
                          struct hwv_replacement_group, idle_node);
}

bool
hwv_groups_check(const struct hwv_replacement_groups *groups)
{
    const struct hwv_replacement_group *group;
    size_t n_active = 0, n_over = 0, n_idle = 0;

    HMAP_FOR_EACH (group, node, &groups->groups) {
        size_t n = heap_count(&group->residents);
        int64_t excess = hwv_groups_excess(groups, group);
        uint64_t priority = priority_from_excess(excess);

        n_active += group->active;
        n_over += group->over;
        n_idle += group->idle;
        if (n > group->n_nodes || (group->idle && !n)
            || (!groups->changed
                && (group->over != (excess > 0)
                    || (group->over && group->over_node.priority != priority)
                    || (group->idle
                        && group->idle_node.priority != priority)))) {
            return false;
        }
    }
    return n_active == groups->n_active
           && n_over == heap_count(&groups->over)
           && n_idle == heap_count(&groups->idle)
           && (groups->changed
               || groups->share == groups->capacity / MAX(n_active, 1));
}
