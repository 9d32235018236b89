/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_REPLACEMENT_POLICY_H
#define HWV_REPLACEMENT_POLICY_H 1

/* What a replacement needs of a policy: for hwv-replacement.c and the
 * policies' own files only.
 *
 * A policy gives each resident a rank, and the one with the lowest rank makes
 * room.  The ranks are kept in heaps as they were when the node was last heard
 * of.  That a rank is higher by now, with hits that nobody has told, is found
 * out by looking at the hit count of who is to make room; that it is lower,
 * because there were none, when it is the node's turn to be looked at. */

#include <stdbool.h>
#include <stdint.h>

#include "hwv-replacement.h"

/* State of a policy, of which each group has one. */
struct hwv_replacement_state;

struct hwv_replacement_policy {
    const char *name;

    /* A full table refuses: nothing below is called, and may be NULL. */
    bool refuses;

    struct hwv_replacement_state *(*create)(uint32_t capacity, uint64_t now);
    void (*destroy)(struct hwv_replacement_state *);

    /* The group has room for 'n' > 0 entries, from now on.  May be NULL. */
    void (*set_room)(struct hwv_replacement_state *, uint32_t n);

    /* 'node' comes or goes, as a shadow.  Either may be NULL. */
    void (*add)(struct hwv_replacement_state *, struct hwv_replacement_node *,
                uint64_t now);
    void (*remove)(struct hwv_replacement_state *,
                   struct hwv_replacement_node *);

    /* 'n' packets of 'node', which may be 0, have come after 'since' and after
     * it was last heard of: hits if it is resident, else misses. */
    void (*count)(struct hwv_replacement_state *,
                  struct hwv_replacement_node *, uint64_t n, uint64_t since,
                  uint64_t now);

    /* 'node' has just become resident.  May be NULL. */
    void (*promoted)(struct hwv_replacement_state *,
                     struct hwv_replacement_node *);

    double (*rank)(const struct hwv_replacement_state *,
                   const struct hwv_replacement_node *);

    /* Does 'node' deserve the place of 'victim', which may be of another
     * group, whose state is 'victims'?  Both have been heard of now. */
    bool (*beats)(const struct hwv_replacement_state *,
                  const struct hwv_replacement_node *node,
                  const struct hwv_replacement_state *victims,
                  const struct hwv_replacement_node *victim);

    /* Is 'node' used again and again? */
    bool (*recurs)(const struct hwv_replacement_state *,
                   const struct hwv_replacement_node *node);

    /* Returns true if all ranks have changed, which must be rare, as it takes
     * a time that is proportional to the number of the group's residents.  May
     * be NULL. */
    bool (*adapt)(struct hwv_replacement_state *);

    /* May be NULL. */
    double (*half_life)(const struct hwv_replacement_state *);
};

extern const struct hwv_replacement_policy hwv_replacement_aged_lfu;
extern const struct hwv_replacement_policy hwv_replacement_lfu;
extern const struct hwv_replacement_policy hwv_replacement_lru;
extern const struct hwv_replacement_policy hwv_replacement_none;

#endif /* hwv-replacement-policy.h */
