/* SPDX-License-Identifier: Apache-2.0 */

/* The policy "aged-lfu": least frequently used, with ageing and admission.
 *
 * A plain use count keeps yesterday's heroes in the table for ever; so counts
 * age (struct hwv_frequency).  And a table that takes in every new flow is
 * full of those that never come back; so a flow has to have a higher count
 * than the one that makes room, as in G. Einziger, R. Friedman, B. Manes,
 * "TinyLFU: A Highly Efficient Cache Admission Policy", ACM Transactions on
 * Storage 13(4), 2017.  TinyLFU has to guess the counts of what is not in the
 * cache, by a sketch.  Here each flow has a shadow that counts its misses, so
 * that all counts are known, but for hits since a counter was last read.
 *
 * By a margin, so that equals do not take turns.  Not where memory is short
 * and the count of the one that makes room is below a single packet: then the
 * table is larger than what the policy remembers, and who came last is the
 * better guess.  Where memory is long, this guess is not worth the insertions.
 *
 * The half-life adapts itself (struct hwv_half_life), for each group of flows:
 * what one group sends does not change in what order another one's entries
 * make room.  Beside it there is one thing to notice that needs no half-life:
 * a flow that came every 100 packets and has been silent for 1000 is over,
 * whatever its count is.  The rank of a resident takes this into account, its
 * count does not: if it comes back, it is as good as it was. */

#include <config.h>
#include "hwv-replacement-policy.h"

#include "hwv-half-life.h"
#include "util.h"

/* A count has to be so many times that of the one that makes room. */
#define MARGIN 1.3

/* The count of a flow that is used again and again, in the middle scale or in
 * the active one, if that is longer. */
#define RECURS 1.5

/* Memory is short up to this scale. */
#define MIDDLE 2

/* So many flows end in a half-life, by assumption. */
#define END .001

struct hwv_replacement_state {
    struct hwv_half_life *half_life;
    uint64_t start;
};

static struct hwv_replacement_state *
aged_lfu_create(uint32_t capacity, uint64_t now)
{
    struct hwv_replacement_state *state = xmalloc(sizeof *state);

    state->half_life = hwv_half_life_create(capacity, now);
    state->start = now;
    return state;
}

static void
aged_lfu_destroy(struct hwv_replacement_state *state)
{
    hwv_half_life_destroy(state->half_life);
    free(state);
}

static void
aged_lfu_set_room(struct hwv_replacement_state *state, uint32_t n)
{
    hwv_half_life_set_room(state->half_life, n);
}

static void
aged_lfu_add(struct hwv_replacement_state *state,
             struct hwv_replacement_node *node, uint64_t now)
{
    hwv_frequency_init(&node->frequency, now);
    hwv_half_life_enter(state->half_life, &node->frequency);
}

static void
aged_lfu_remove(struct hwv_replacement_state *state,
                struct hwv_replacement_node *node)
{
    hwv_half_life_leave(state->half_life, &node->frequency);
}

static void
aged_lfu_count(struct hwv_replacement_state *state,
               struct hwv_replacement_node *node, uint64_t n, uint64_t since,
               uint64_t now)
{
    hwv_half_life_count(state->half_life, &node->frequency, n, since, now,
                        !node->resident);
}

static double
rank_by(const struct hwv_replacement_state *state,
        const struct hwv_replacement_node *node, int scale)
{
    const struct hwv_frequency_scales *scales
        = hwv_half_life_scales(state->half_life);
    const struct hwv_frequency *f = &node->frequency;

    return hwv_frequency_level(f, scales, scale)
           + hwv_frequency_alive(f, scales, scale,
                                 END / scales->half_life[scale],
                                 f->at - state->start);
}

static double
aged_lfu_rank(const struct hwv_replacement_state *state,
              const struct hwv_replacement_node *node)
{
    return rank_by(state, node, hwv_half_life_active(state->half_life));
}

static bool
aged_lfu_beats(const struct hwv_replacement_state *state,
               const struct hwv_replacement_node *node,
               const struct hwv_replacement_state *victims,
               const struct hwv_replacement_node *victim)
{
    const struct hwv_frequency_scales *scales
        = hwv_half_life_scales(state->half_life);
    int scale = MAX(hwv_half_life_active(state->half_life),
                    hwv_half_life_active(victims->half_life));
    double level = hwv_frequency_level(&node->frequency, scales, scale);
    double one = hwv_level(scales, scale, 1, node->frequency.at);
    double rank = rank_by(victims, victim, scale);
    double margin = scale <= MIDDLE && rank < one ? 0 : log2(MARGIN);

    return level > rank + margin;
}

static bool
aged_lfu_recurs(const struct hwv_replacement_state *state,
                const struct hwv_replacement_node *node)
{
    int scale = MAX(hwv_half_life_active(state->half_life), MIDDLE);

    return node->frequency.count[scale] >= RECURS;
}

static bool
aged_lfu_adapt(struct hwv_replacement_state *state)
{
    return hwv_half_life_choose(state->half_life);
}

static double
aged_lfu_half_life(const struct hwv_replacement_state *state)
{
    const struct hwv_half_life *half_life = state->half_life;

    return hwv_half_life_scales(half_life)
           ->half_life[hwv_half_life_active(half_life)];
}

const struct hwv_replacement_policy hwv_replacement_aged_lfu = {
    .name = "aged-lfu",
    .create = aged_lfu_create,
    .destroy = aged_lfu_destroy,
    .set_room = aged_lfu_set_room,
    .add = aged_lfu_add,
    .remove = aged_lfu_remove,
    .count = aged_lfu_count,
    .rank = aged_lfu_rank,
    .beats = aged_lfu_beats,
    .recurs = aged_lfu_recurs,
    .adapt = aged_lfu_adapt,
    .half_life = aged_lfu_half_life,
};
