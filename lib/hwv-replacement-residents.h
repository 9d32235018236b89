/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_REPLACEMENT_RESIDENTS_H
#define HWV_REPLACEMENT_RESIDENTS_H 1

/* The residents of a replacement, and their order: for hwv-replacement.c only.
 *
 * Each is in the heap of its group, by the rank that it had when it was last
 * heard of, and in a list of all, whose first one was not looked at for the
 * longest time. */

#include "hwv-replacement.h"
#include "hwv-replacement-groups.h"

struct hwv_replacement {
    const struct hwv_replacement_policy *policy;
    hwv_replacement_hits_cb *hits;
    void *aux;
    uint64_t now;               /* The latest that there was. */
    uint32_t capacity;
    uint32_t n_nodes;

    struct ovs_list residents;
    uint32_t n_residents;
    uint64_t due;               /* Time at which the first one's turn was. */
    uint32_t n_looked;          /* Residents looked at in this round. */
    uint64_t round;             /* Rounds over all residents. */

    struct hwv_replacement_groups groups;
    struct hwv_replacement_stats stats; /* Only what counts up. */
};

/* 'node' becomes a resident, or is none any longer. */
void hwv_residents_add(struct hwv_replacement *,
                       struct hwv_replacement_node *);
void hwv_residents_remove(struct hwv_replacement *,
                          struct hwv_replacement_node *);

/* Looks at the hit count of 'node', a resident. */
void hwv_residents_look(struct hwv_replacement *,
                        struct hwv_replacement_node *);

/* Looks at those whose turn it is, one for each packet that there was, but not
 * at more than HWV_REPLACEMENT_DUE_LOOKS now. */
void hwv_residents_look_at_due(struct hwv_replacement *);

/* 'node' has been heard of; or the ranks of all of 'group' have changed. */
void hwv_residents_rerank(struct hwv_replacement *,
                          struct hwv_replacement_node *);
void hwv_residents_rerank_group(struct hwv_replacement *,
                                struct hwv_replacement_group *group);

/* 'group' may have another number of residents, or share, or quota. */
void hwv_residents_update(struct hwv_replacement *,
                          struct hwv_replacement_group *group);

/* Is 'node' used again and again?  Where nobody counts, it may be. */
bool hwv_residents_recurs(const struct hwv_replacement *,
                          const struct hwv_replacement_node *);

#endif /* hwv-replacement-residents.h */
