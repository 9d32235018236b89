/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-frequency.h"

#include "util.h"

/* Standard deviations that make sure. */
#define SURE 3.0

/* A count that has sunk so low is nothing. */
#define LEAST 1e-30f

void
hwv_frequency_init(struct hwv_frequency *f, uint64_t now)
{
    *f = (struct hwv_frequency) { .at = now };
}

/* Returns what remains, on average, of each of the packets that come at equal
 * distances in 'halvings' half-lives. */
static double
average_rest(double halvings)
{
    /* The two terms are where the formula would lose all its digits. */
    return halvings < 1e-3
           ? 1 - halvings * (M_LN2 / 2)
           : (1 - exp2(-halvings)) / (halvings * M_LN2);
}

void
hwv_frequency_add(struct hwv_frequency *f,
                  const struct hwv_frequency_scales *scales, uint64_t n,
                  uint64_t since, uint64_t now)
{
    double elapsed = now - f->at;
    double coming = now - MAX(since, f->at);

    for (int i = 0; i < HWV_FREQUENCY_SCALES; i++) {
        double half_life = scales->half_life[i];
        double count = (f->count[i] * exp2(-elapsed / half_life)
                        + n * average_rest(coming / half_life));

        f->count[i] = count < LEAST ? 0 : count;
    }

    f->quiet = (n ? hwv_frequency_distance(f, n, since, now)
                : f->quiet + elapsed);
    f->at = now;
}

void
hwv_frequency_catch_up(struct hwv_frequency *f,
                       const struct hwv_frequency_scales *scales)
{
    for (int i = 0; i < HWV_FREQUENCY_SCALES - 1; i++) {
        double sure = f->count[i] - SURE * sqrt(f->count[i]);

        if (sure <= 0) {
            continue;
        }
        for (int j = i + 1; j < HWV_FREQUENCY_SCALES; j++) {
            double least = sure * scales->half_life[j] / scales->half_life[i];

            if (f->count[j] < least) {
                f->count[j] = least;
            }
        }
    }
}

double
hwv_frequency_distance(const struct hwv_frequency *f, uint64_t n,
                       uint64_t since, uint64_t now)
{
    return (now - MAX(since, f->at)) / (n + 1.0);
}

double
hwv_level(const struct hwv_frequency_scales *scales, int scale, double count,
          double now)
{
    if (count <= 0) {
        return HWV_LEVEL_NONE;
    }
    return ((scale == HWV_FREQUENCY_RECENCY ? 0 : log2(count))
            + now / scales->half_life[scale]);
}

double
hwv_frequency_level(const struct hwv_frequency *f,
                    const struct hwv_frequency_scales *scales, int scale)
{
    if (scale == HWV_FREQUENCY_RECENCY) {
        /* The longest count tells whether there was a packet at all: the
         * shortest is soon nothing. */
        return hwv_level(scales, scale, f->count[HWV_FREQUENCY_SCALES - 1],
                         f->at - (double) f->quiet);
    }
    return hwv_level(scales, scale, f->count[scale], f->at);
}

double
hwv_frequency_alive(const struct hwv_frequency *f,
                    const struct hwv_frequency_scales *scales, int scale,
                    double hazard, double age)
{
    double half_life = scales->half_life[scale];
    double exposure = half_life / M_LN2 * (1 - exp2(-age / half_life));
    double rate, silence;

    if (scale == HWV_FREQUENCY_RECENCY || f->count[scale] <= 0
        || f->quiet <= 0 || exposure <= 0) {
        return 0;
    }

    /* What the rate was when the last packet had come. */
    rate = f->count[scale] * exp2(f->quiet / half_life) / exposure;

    /* So many packets should have come: beyond 40 it makes no difference. */
    silence = MIN((rate + hazard) * f->quiet, 40);
    return -log2(1 + hazard / (rate + hazard) * expm1(silence));
}
