/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_HALF_LIFE_H
#define HWV_HALF_LIFE_H 1

/* Which half-life is the right one?
 * =================================
 *
 * A long memory knows best which flows are the most frequent, as long as that
 * does not change; a short one follows when it does.  Which of the scales of
 * struct hwv_frequency serves best is found out by asking, each time that
 * packets of a flow are heard of: would this flow have been in the table now,
 * had the table always held the flows with the highest counts of that scale?
 * As all flows have counts, whether or not they are in the table, this needs
 * no second table, only the level that a flow must have to be among the first
 * that there is room for: it comes from a histogram of the levels of all
 * flows.
 *
 * Each scale is credited with the packets that it would have served, less a
 * little for the flows that it would have had to insert; credit ages, too.
 * The scale with the highest credit is active, a longer one in case of doubt,
 * but recency if it is almost as good.
 *
 * Thread-safety: none, the caller serialises. */

#include <stdbool.h>
#include <stdint.h>

#include "hwv-frequency.h"

struct hwv_half_life;

/* Creates the choice for a table of 'capacity' > 0 entries, all of which there
 * is room in, for counting from time 'now' on.  The caller owns it. */
struct hwv_half_life *hwv_half_life_create(uint32_t capacity, uint64_t now);
void hwv_half_life_destroy(struct hwv_half_life *);

/* The half-lives: all are proportional to the table's capacity. */
const struct hwv_frequency_scales *
hwv_half_life_scales(const struct hwv_half_life *);

/* These flows have room for 'n' > 0 entries of the table, from now on. */
void hwv_half_life_set_room(struct hwv_half_life *, uint32_t n);

/* Flow 'f' comes, with whatever counts it has, or goes. */
void hwv_half_life_enter(struct hwv_half_life *,
                         const struct hwv_frequency *f);
void hwv_half_life_leave(struct hwv_half_life *,
                         const struct hwv_frequency *f);

/* Does hwv_frequency_add() to a flow that has entered, and credits the
 * scales; and hwv_frequency_catch_up() if they are 'misses', not hits. */
void hwv_half_life_count(struct hwv_half_life *, struct hwv_frequency *f,
                         uint64_t n, uint64_t since, uint64_t now,
                         bool misses);

/* The scale to go by now: hwv_half_life_choose() looks at the credits and
 * returns true if the active scale has changed, which it does at most once in
 * about as many packets of these flows as the table has entries. */
int hwv_half_life_active(const struct hwv_half_life *);
bool hwv_half_life_choose(struct hwv_half_life *);

#endif /* hwv-half-life.h */
