/* SPDX-License-Identifier: Apache-2.0 */

/* The policies "lfu", "lru" and "none", which are there to compare with, and
 * for who wants exactly that.  None has a state of its own. */

#include <config.h>
#include "hwv-replacement-policy.h"

#include "util.h"

static struct hwv_replacement_state *
simple_create(uint32_t capacity OVS_UNUSED, uint64_t now OVS_UNUSED)
{
    return NULL;
}

static void
simple_destroy(struct hwv_replacement_state *state OVS_UNUSED)
{
}

static void
simple_add(struct hwv_replacement_state *state OVS_UNUSED,
           struct hwv_replacement_node *node, uint64_t now)
{
    hwv_frequency_init(&node->frequency, now);
}

/* Whoever comes has come last. */
static bool
simple_beats(const struct hwv_replacement_state *state OVS_UNUSED,
             const struct hwv_replacement_node *node OVS_UNUSED,
             const struct hwv_replacement_state *victims OVS_UNUSED,
             const struct hwv_replacement_node *victim OVS_UNUSED)
{
    return true;
}

static bool
simple_recurs(const struct hwv_replacement_state *state OVS_UNUSED,
              const struct hwv_replacement_node *node OVS_UNUSED)
{
    return true;
}

/* "lfu", the use count of EP 3273643: the count of an entry begins when it is
 * inserted, with the miss that did it.  It is kept in 'frequency.at', as no
 * time is needed. */

static void
lfu_count(struct hwv_replacement_state *state OVS_UNUSED,
          struct hwv_replacement_node *node, uint64_t n,
          uint64_t since OVS_UNUSED, uint64_t now OVS_UNUSED)
{
    if (node->resident) {
        node->frequency.at += n;
    }
}

static void
lfu_promoted(struct hwv_replacement_state *state OVS_UNUSED,
             struct hwv_replacement_node *node)
{
    node->frequency.at = 1;
}

static double
lfu_rank(const struct hwv_replacement_state *state OVS_UNUSED,
         const struct hwv_replacement_node *node)
{
    return node->frequency.at;
}

const struct hwv_replacement_policy hwv_replacement_lfu = {
    .name = "lfu",
    .create = simple_create,
    .destroy = simple_destroy,
    .add = simple_add,
    .count = lfu_count,
    .promoted = lfu_promoted,
    .rank = lfu_rank,
    .beats = simple_beats,
    .recurs = simple_recurs,
};

/* "lru": 'frequency.quiet' and 'frequency.at' as ever.  As nobody tells when a
 * packet was, the last of n between two looks is taken to be as far from the
 * second look as they would be from each other at equal distances. */

static void
lru_count(struct hwv_replacement_state *state OVS_UNUSED,
          struct hwv_replacement_node *node, uint64_t n, uint64_t since,
          uint64_t now)
{
    struct hwv_frequency *f = &node->frequency;

    f->quiet = (n ? hwv_frequency_distance(f, n, since, now)
                : f->quiet + (now - f->at));
    f->at = now;
}

static double
lru_rank(const struct hwv_replacement_state *state OVS_UNUSED,
         const struct hwv_replacement_node *node)
{
    return node->frequency.at - (double) node->frequency.quiet;
}

const struct hwv_replacement_policy hwv_replacement_lru = {
    .name = "lru",
    .create = simple_create,
    .destroy = simple_destroy,
    .add = simple_add,
    .count = lru_count,
    .rank = lru_rank,
    .beats = simple_beats,
    .recurs = simple_recurs,
};

const struct hwv_replacement_policy hwv_replacement_none = {
    .name = "none",
    .refuses = true,
};
