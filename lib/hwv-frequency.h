/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FREQUENCY_H
#define HWV_FREQUENCY_H 1

/* How often a flow is used
 * ========================
 *
 * A count of packets that ages: each packet counts 1 when it comes, and half
 * of that a half-life later.  With a half-life of next to nothing such counts
 * order flows by when they were last used, with an endless one by how often
 * they ever were, and everything between is the family of "least recently or
 * frequently used" policies: D. Lee et al., "LRFU: A Spectrum of Policies that
 * Subsumes the Least Recently Used and Least Frequently Used Policies", IEEE
 * Transactions on Computers 50(12), 2001.  Here a flow has several counts at
 * once, one for each "scale", that is, with half-lives from short to long.
 * The first scale goes to the end of the spectrum: its level is that of one
 * packet, the last one, however many there were before.
 *
 * Time is the number of packets, of all flows, that have been looked up; it
 * never goes back.
 *
 * The level of a count is its logarithm as it would be at time 0.  It stays
 * the same while no packet comes, however much time passes, so that levels of
 * different flows can be compared although they were last updated at different
 * times.
 *
 * Thread-safety: none, the caller serialises. */

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define HWV_FREQUENCY_SCALES 5
#define HWV_FREQUENCY_RECENCY 0 /* The first scale. */

/* Half-lives, in packets, from short to long. */
struct hwv_frequency_scales {
    double half_life[HWV_FREQUENCY_SCALES];
};

/* The counts of a flow: 32 bytes. */
struct hwv_frequency {
    uint64_t at;                /* When they were last updated. */
    float count[HWV_FREQUENCY_SCALES]; /* As of 'at'. */
    float quiet;                /* Packets, of all flows, between this flow's
                                 * last, as far as known, and 'at'. */
};

/* Level of a count of nothing. */
#define HWV_LEVEL_NONE (-INFINITY)

/* Starts to count from nothing. */
void hwv_frequency_init(struct hwv_frequency *f, uint64_t now);

/* 'n' packets, which may be none, have come after 'since', or after 'f->at' if
 * that is later, and until 'now', which 'f->at' becomes.  Nobody knows when,
 * so they are taken to have come at equal distances. */
void hwv_frequency_add(struct hwv_frequency *f,
                       const struct hwv_frequency_scales *scales, uint64_t n,
                       uint64_t since, uint64_t now);

/* Raises each count to what a shorter scale's makes sure, by three standard
 * deviations, that it would be if what came lately had come always: a flow
 * that has just become frequent need not wait for the longer scales. */
void hwv_frequency_catch_up(struct hwv_frequency *f,
                            const struct hwv_frequency_scales *scales);

/* Returns the distance that hwv_frequency_add() takes 'n' packets, 'n' > 0, to
 * have had from each other, from when they began to come, and from 'now'. */
double hwv_frequency_distance(const struct hwv_frequency *f, uint64_t n,
                              uint64_t since, uint64_t now);

/* Returns the level of the count of 'scale', HWV_LEVEL_NONE if it is 0. */
double hwv_frequency_level(const struct hwv_frequency *f,
                           const struct hwv_frequency_scales *scales,
                           int scale);

/* Returns the level that 'count' has at 'now', if it is that of a flow whose
 * last packet comes 'now'. */
double hwv_level(const struct hwv_frequency_scales *scales, int scale,
                 double count, double now);

/* Returns by how many octaves (a value of at most 0) the level of 'scale' is
 * to be lowered because of the silence since the flow's last packet: the
 * logarithm of the probability that the flow is not over.  (Of recency, 0:
 * its level is about nothing but silence.)
 *
 * For a flow whose packets come by chance at a constant rate until it ends,
 * which happens with a constant probability 'hazard' for each packet of all
 * flows, this is Bayes' rule; cf. D. Schmittlein, D. Morrison, R. Colombo,
 * "Counting Your Customers", Management Science 33(1), 1987.  'age' is for how
 * long counting has been going on, in packets. */
double hwv_frequency_alive(const struct hwv_frequency *f,
                           const struct hwv_frequency_scales *scales,
                           int scale, double hazard, double age);

#endif /* hwv-frequency.h */
