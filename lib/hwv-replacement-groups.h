/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_REPLACEMENT_GROUPS_H
#define HWV_REPLACEMENT_GROUPS_H 1

/* Groups of a replacement, and their fair shares: for hwv-replacement.c only.
 *
 * The residents of each group are in a heap, the lowest rank on top.  Groups
 * that hold more than their limit (fair share or quota, whichever is less) are
 * in another heap, "over", ordered by the rank of their lowest resident, and
 * all that have residents are in a third one, "all".  So who makes room is
 * found at the top of a heap.
 *
 * A change of who is active changes the share of all.  Passing it on takes a
 * time that is proportional to the number of groups, and so is not done more
 * often than once in as many decisions. */

#include <stdbool.h>
#include <stdint.h>

#include "heap.h"
#include "hwv-replacement.h"
#include "openvswitch/hmap.h"

struct hwv_replacement_group {
    struct hmap_node node;      /* In 'groups', by 'id'. */
    uint32_t id;
    uint32_t n_nodes;
    uint32_t quota;
    struct heap residents;      /* Of struct hwv_replacement_node. */
    struct heap_node over_node; /* In 'over', while 'over'. */
    struct heap_node all_node;  /* In 'all', while 'in_all'. */
    bool over;                  /* Holds more than its limit. */
    bool in_all;                /* Holds any. */
    bool active;
    uint64_t heard;             /* Time when last heard of. */
    uint64_t heard_round;       /* Round then. */
    uint64_t refused, quota_refused; /* Decisions. */
};

struct hwv_replacement_groups {
    struct hmap groups;
    struct heap over;
    struct heap all;
    uint32_t capacity;
    uint32_t n_active;
    uint32_t share;
    bool changed;               /* 'n_active' has, and 'share' has not yet. */
    uint64_t n_decisions;       /* Since hwv_groups_run() did anything. */
    uint64_t checked;           /* Time when it did so. */
};

void hwv_groups_init(struct hwv_replacement_groups *, uint32_t capacity,
                     uint64_t now);

/* Groups must not have nodes any more, but may have a quota. */
void hwv_groups_destroy(struct hwv_replacement_groups *);

/* Returns group 'id', or NULL. */
struct hwv_replacement_group *
hwv_groups_find(const struct hwv_replacement_groups *, uint32_t id);

/* Returns group 'id', which is created if there is none. */
struct hwv_replacement_group *
hwv_groups_get(struct hwv_replacement_groups *, uint32_t id);

/* Frees 'group' if nothing needs it any longer. */
void hwv_groups_put(struct hwv_replacement_groups *,
                    struct hwv_replacement_group *group);

/* There are packets of 'group', so that it is active.  'round' counts the
 * rounds over all residents. */
void hwv_groups_heard(struct hwv_replacement_groups *,
                      struct hwv_replacement_group *group, uint64_t now,
                      uint64_t round);

/* Once for each decision: groups that were not heard of for long are no longer
 * active, and shares follow. */
void hwv_groups_run(struct hwv_replacement_groups *, uint64_t now,
                    uint64_t round);

/* 'group' has other residents, or its lowest one has another rank, or it has
 * another quota: sorts it in. */
void hwv_groups_update(struct hwv_replacement_groups *,
                       struct hwv_replacement_group *group);

/* Returns how many entries 'group' may hold while others need room. */
uint32_t hwv_groups_limit(const struct hwv_replacement_groups *,
                          const struct hwv_replacement_group *group);

/* Return the resident with the lowest rank of 'group', of the groups that hold
 * more than their limit, or of all groups; NULL if there is none. */
struct hwv_replacement_node *
hwv_group_lowest(const struct hwv_replacement_group *group);
struct hwv_replacement_node *
hwv_groups_lowest_over(const struct hwv_replacement_groups *);
struct hwv_replacement_node *
hwv_groups_lowest(const struct hwv_replacement_groups *);

bool hwv_groups_check(const struct hwv_replacement_groups *);

#endif /* hwv-replacement-groups.h */
