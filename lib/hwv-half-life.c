/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-half-life.h"

#include "util.h"

/* Half-lives by the table's capacity, in packets per entry.  The first is
 * that of recency, see hwv-frequency.h; the longest sees a flow at the edge of
 * a table that fits the traffic often enough to tell it from its neighbours.
 * Those between are about where measured drifts are followed best. */
static const double half_lives[HWV_FREQUENCY_SCALES] = {
    .3, 2, 12, 60, 300
};

/* None is shorter than this, in packets, however small the table. */
#define SHORTEST 16

/* The scale to begin with: short, as there is nothing to remember yet. */
#define FIRST_ACTIVE 1

/* To insert a flow costs as much as so many misses. */
#define INSERTION .01

/* A longer memory is preferred if it serves this part less of the packets. */
#define DOUBT .0001

/* Recency is preferred to the others unless they serve this part of what it
 * does not, or of what it does, if that is less: where it serves nothing, it
 * would insert all that comes for nothing.  Where all that comes goes into the
 * table anyhow, a histogram promises a little more than counts can keep that
 * are looked at now and then; of when a flow was last used that is known well
 * enough. */
#define RECENCY .01

/* The lag is the average of so many misses of late, and a half-life is so many
 * times as long, at least. */
#define LAG_MEMORY 64
#define LAGS 4

/* The half-life of credits, in packets of these flows: so many for each entry
 * that they have room for, and so many. */
#define CREDIT_PER_ENTRY 4
#define CREDIT_LEAST 16000

/* Levels in the histogram: each octave has STEPS, and only the last N_BUCKETS
 * are told apart.  Their end is RESERVE above the level of one packet that
 * comes now, for counts of up to 2^32. */
#define STEPS 8
#define N_BUCKETS 1024
#define RESERVE 256

struct histogram {
    long long int base;         /* Levels below have no bucket. */
    long long int edge;         /* Bucket of the 'room'th highest level. */
    int64_t above;              /* Flows in 'edge' and above. */
    uint32_t n[N_BUCKETS];      /* Flows, by bucket modulo N_BUCKETS. */
};

struct hwv_half_life {
    struct hwv_frequency_scales scales;
    struct histogram histograms[HWV_FREQUENCY_SCALES];
    double credits[HWV_FREQUENCY_SCALES];
    double total;               /* Packets that could have been served. */
    double lag;                 /* Packets between two times at which misses
                                 * are told, on average. */
    uint64_t n_told;            /* Packets since the last choice. */
    uint32_t room;              /* For entries. */
    int active;
};

static void histogram_advance(struct histogram *, double now_level);
static void histogram_add(struct histogram *, double level, int sign,
                          uint32_t room);
static double histogram_share(const struct histogram *, double level,
                              uint32_t room);

struct hwv_half_life *
hwv_half_life_create(uint32_t capacity, uint64_t now)
{
    struct hwv_half_life *hl = xzalloc(sizeof *hl);

    hl->room = capacity;
    hl->active = FIRST_ACTIVE;
    for (int i = 0; i < HWV_FREQUENCY_SCALES; i++) {
        struct histogram *h = &hl->histograms[i];
        double half_life = MAX(half_lives[i] * capacity, SHORTEST << i);

        hl->scales.half_life[i] = half_life;
        h->base = h->edge = (long long int) (now / half_life * STEPS)
                            + RESERVE - N_BUCKETS;
    }
    return hl;
}

void
hwv_half_life_destroy(struct hwv_half_life *hl)
{
    free(hl);
}

const struct hwv_frequency_scales *
hwv_half_life_scales(const struct hwv_half_life *hl)
{
    return &hl->scales;
}

void
hwv_half_life_set_room(struct hwv_half_life *hl, uint32_t n)
{
    hl->room = n;
}

static double
credit_half_life(const struct hwv_half_life *hl)
{
    return (double) CREDIT_PER_ENTRY * hl->room + CREDIT_LEAST;
}

static void
move(struct hwv_half_life *hl, const struct hwv_frequency *f, int sign)
{
    for (int i = 0; i < HWV_FREQUENCY_SCALES; i++) {
        histogram_add(&hl->histograms[i],
                      hwv_frequency_level(f, &hl->scales, i), sign,
                      hl->room);
    }
}

void
hwv_half_life_enter(struct hwv_half_life *hl, const struct hwv_frequency *f)
{
    move(hl, f, 1);
}

void
hwv_half_life_leave(struct hwv_half_life *hl, const struct hwv_frequency *f)
{
    move(hl, f, -1);
}

/* What scale 'i' would have made of 'n' packets of 'f' that came at distances
 * of 'gap', the last one as long before 'now'. */
static double
credit(const struct hwv_half_life *hl, const struct hwv_frequency *f, int i,
       uint64_t n, double gap, double now)
{
    const struct histogram *h = &hl->histograms[i];
    double half_life = hl->scales.half_life[i];
    double level = hwv_frequency_level(f, &hl->scales, i);
    double first = now - n * gap;
    double served, rest;

    /* The edge is that of 'now', and was lower before. */
    served = histogram_share(h, level + (now - first) / half_life,
                             hl->room);
    if (n == 1) {
        return served - INSERTION * (1 - served);
    }

    /* The second and all that follow find the flow as the first left it. */
    level = hwv_level(&hl->scales, i, 1 + f->count[i]
                      * exp2(-(first - f->at) / half_life), first);
    rest = histogram_share(h, level + (now - first - gap) / half_life,
                           hl->room);
    return served - INSERTION * (1 - served)
           + (n - 1) * (rest - INSERTION * (1 - rest));
}

void
hwv_half_life_count(struct hwv_half_life *hl, struct hwv_frequency *f,
                    uint64_t n, uint64_t since, uint64_t now, bool misses)
{
    double gap = hwv_frequency_distance(f, n, since, now);
    double age = exp2(-(double) n / credit_half_life(hl));

    hwv_half_life_leave(hl, f);
    hl->total = hl->total * age + n;
    hl->n_told += n;
    for (int i = 0; i < HWV_FREQUENCY_SCALES; i++) {
        histogram_advance(&hl->histograms[i], now / hl->scales.half_life[i]);
        hl->credits[i] *= age;
        if (n) {
            hl->credits[i] += credit(hl, f, i, n, gap, now);
        }
    }
    hwv_frequency_add(f, &hl->scales, n, since, now);
    if (misses) {
        hl->lag += (now - MIN(since, now) - hl->lag) / LAG_MEMORY;
        hwv_frequency_catch_up(f, &hl->scales);
    }
    hwv_half_life_enter(hl, f);
}

int
hwv_half_life_active(const struct hwv_half_life *hl)
{
    return hl->active;
}

/* Returns the shortest scale that means something.  Of those that are much
 * shorter than the lag none can tell who came last: whoever misses are told of
 * first looks so. */
static int
shortest(const struct hwv_half_life *hl)
{
    int i = 0;

    while (i < HWV_FREQUENCY_SCALES - 1
           && hl->scales.half_life[i] < LAGS * hl->lag) {
        i++;
    }
    return i;
}

/* The credit of scale 'i' as the choice sees it. */
static double
weight(const struct hwv_half_life *hl, int i)
{
    double served = hl->credits[i];

    return served + (i == HWV_FREQUENCY_RECENCY
                     ? RECENCY * MIN(hl->total - served, MAX(served, 0)) : 0);
}

bool
hwv_half_life_choose(struct hwv_half_life *hl)
{
    double doubt = DOUBT * hl->total;
    int choice = shortest(hl);
    double best = weight(hl, choice);

    if (hl->n_told < credit_half_life(hl) / 4) {
        return false;
    }
    hl->n_told = 0;
    if (hl->histograms[hl->active].above < hl->room) {
        /* While all flows have room, they are all the same. */
        return false;
    }

    for (int i = choice; i < HWV_FREQUENCY_SCALES; i++) {
        best = MAX(best, weight(hl, i));
    }
    for (int i = choice; i < HWV_FREQUENCY_SCALES; i++) {
        if (weight(hl, i) >= best - doubt) {
            choice = i;
        }
    }

    /* What is active stays if it is hardly worse. */
    if (choice == hl->active
        || (hl->active >= shortest(hl)
            && weight(hl, hl->active) >= best - doubt
            && weight(hl, choice) < best - doubt / 2)) {
        return false;
    }
    hl->active = choice;
    return true;
}

static uint32_t *
bucket(struct histogram *h, long long int i)
{
    return &h->n[(unsigned long long int) i % N_BUCKETS];
}

/* The last of the buckets is for all that is above. */
static long long int
level_bucket(const struct histogram *h, double level)
{
    double i = floor(level * STEPS);

    return i < h->base ? h->base - 1
           : i >= h->base + N_BUCKETS ? h->base + N_BUCKETS - 1
           : (long long int) i;
}

/* Makes room for what comes at a time when one packet has 'now_level'. */
static void
histogram_advance(struct histogram *h, double now_level)
{
    long long int base = (long long int) (now_level * STEPS)
                         + RESERVE - N_BUCKETS;

    if (base - h->base >= N_BUCKETS) {
        memset(h->n, 0, sizeof h->n);
        h->base = h->edge = base;
        h->above = 0;
    }
    while (h->base < base) {
        if (h->edge == h->base) {
            h->above -= *bucket(h, h->edge++);
        }
        *bucket(h, h->base++) = 0;
    }
}

/* Adds one flow at 'level', or takes it out with a 'sign' of -1, and moves the
 * edge. */
static void
histogram_add(struct histogram *h, double level, int sign, uint32_t room)
{
    long long int i = level_bucket(h, level);

    /* What has come before the histogram advanced may be gone, or elsewhere
     * (beyond the top). */
    if (i < h->base || (sign < 0 && !*bucket(h, i))) {
        return;
    }
    *bucket(h, i) += sign;
    if (i >= h->edge) {
        h->above += sign;
    }
    while (h->above - *bucket(h, h->edge) >= room) {
        h->above -= *bucket(h, h->edge++);
    }
    while (h->above < room && h->edge > h->base) {
        h->above += *bucket(h, --h->edge);
    }
}

/* Returns the probability that a flow at 'level', which is not counted in 'h',
 * would be among the first 'room': something between only in the bucket
 * where the edge is. */
static double
histogram_share(const struct histogram *h, double level, uint32_t room)
{
    long long int i = level_bucket(h, level);

    if (i != h->edge || h->above < room) {
        return i >= h->edge;
    } else {
        uint32_t n = *bucket(CONST_CAST(struct histogram *, h), i);

        return n ? (room - (h->above - n)) / (double) n : .5;
    }
}
