/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_REPLACEMENT_GROUPS_H
#define HWV_REPLACEMENT_GROUPS_H 1

/* Groups of a replacement, and their fair shares: for hwv-replacement.c only.
 *
 * The residents of each group are in a heap, the lowest rank on top.  A
 * group's excess is by how many entries it holds more than its fair share
 * (less, if it is negative).  Groups that have any are in another heap,
 * "over", the one with the most excess on top, and so are those whose lowest
 * resident does not recur, in a third one, "idle".  So who makes room is found
 * at the top of a heap.
 *
 * A change of who is active changes the share of all.  Passing it on takes a
 * time that is proportional to the number of groups, and so is not done more
 * often than once in as many decisions. */

#include <stdbool.h>
#include <stdint.h>

#include "heap.h"
#include "hwv-replacement.h"
#include "openvswitch/hmap.h"

struct hwv_replacement_state;

struct hwv_replacement_group {
    struct hmap_node node;      /* In 'groups', by 'id'. */
    uint32_t id;
    uint32_t n_nodes;
    uint32_t quota;
    struct hwv_replacement_state *state; /* The policy's. */
    struct heap residents;      /* Of struct hwv_replacement_node. */
    struct heap_node over_node; /* In 'over', while 'over'. */
    struct heap_node idle_node; /* In 'idle', while 'idle'. */
    bool over;                  /* Holds more than its share. */
    bool idle;                  /* Its lowest resident does not recur. */
    bool active;
    uint64_t heard;             /* Time when last heard of. */
    uint64_t heard_round;       /* Round then. */
    uint64_t refused, quota_refused; /* Decisions. */
};

struct hwv_replacement_groups {
    struct hmap groups;
    struct heap over;
    struct heap idle;
    uint32_t capacity;
    uint32_t n_active;
    uint32_t share;
    bool changed;               /* 'n_active' has, and 'share' has not yet. */
    uint64_t n_decisions;       /* Since hwv_groups_run() did anything. */
    uint64_t checked;           /* Time when it did so. */
};

void hwv_groups_init(struct hwv_replacement_groups *, uint32_t capacity,
                     uint64_t now);

/* All groups have been removed. */
void hwv_groups_destroy(struct hwv_replacement_groups *);

/* Returns group 'id', or NULL. */
struct hwv_replacement_group *
hwv_groups_find(const struct hwv_replacement_groups *, uint32_t id);

/* Adds group 'id', which there was not, without a 'state'.  'groups' owns it
 * until it is removed, which needs that it has no residents. */
struct hwv_replacement_group *
hwv_groups_add(struct hwv_replacement_groups *groups, uint32_t id);
void hwv_groups_remove(struct hwv_replacement_groups *groups,
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

/* 'group' has another number of residents, or another quota, or its lowest
 * resident, if any, has come to recur or not ('idle'): sorts it in. */
void hwv_groups_update(struct hwv_replacement_groups *,
                       struct hwv_replacement_group *group, bool idle);

/* Returns by how many entries 'group' exceeds what it may hold while others
 * need room.  What exceeds a quota counts for more than what exceeds a
 * share. */
int64_t hwv_groups_excess(const struct hwv_replacement_groups *,
                          const struct hwv_replacement_group *group);

/* Returns for how many entries 'group' may think that it has room: for those
 * that it has, or those that it could have. */
uint32_t hwv_groups_room(const struct hwv_replacement_groups *,
                         const struct hwv_replacement_group *group);

/* Returns the resident with the lowest rank of 'group', or NULL. */
struct hwv_replacement_node *
hwv_group_lowest(const struct hwv_replacement_group *group);

/* Return the group with the most excess, or the one with the most excess of
 * those whose lowest resident does not recur; NULL if there is none. */
struct hwv_replacement_group *
hwv_groups_most_over(const struct hwv_replacement_groups *);
struct hwv_replacement_group *
hwv_groups_most_idle(const struct hwv_replacement_groups *);

bool hwv_groups_check(const struct hwv_replacement_groups *);

#endif /* hwv-replacement-groups.h */
