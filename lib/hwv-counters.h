/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_COUNTERS_H
#define HWV_COUNTERS_H 1

/* Flow counters
 * =============
 *
 * A counter is a slot number.  Each thread that forwards packets has a "lane":
 * its own copy of every slot, that only it writes, so that counting needs no
 * atomic read-modify-write and no count is ever lost.  A reader adds up the
 * lanes.
 *
 * A slot's life:
 *
 *   1. hwv_counters_alloc() gives a slot whose sum is zero.
 *   2. The slot is published in a table entry; threads that find the entry
 *      in their RCU read-side section count with hwv_lane_count() or
 *      hwv_slot_count().
 *   3. The entry is removed from the table.
 *   4. hwv_counters_free() queues the slot behind an RCU grace period, after
 *      which no thread can count on it.  What was counted beyond 'seen' (what
 *      the caller has already taken into account) is then added to the
 *      set's "late" totals, so that no packet goes uncounted.
 *
 * Lanes outlive their threads: a thread that ends leaves its lane, with its
 * counts, to the next new thread.
 *
 * Thread-safety: hwv_lane_count() and hwv_slot_count() only with the lane of
 * the calling thread; everything else from any thread. */

#include <stdbool.h>
#include <stdint.h>

#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "util.h"

struct hwv_counters;
struct hwv_lane;

#define HWV_NO_COUNTER UINT32_MAX

struct hwv_count {
    uint64_t packets;
    uint64_t bytes;
    long long int used;         /* time_msec() of the last packet, or 0. */
};

/* Creates a set of at most 'max' counters.  The caller owns it. */
struct hwv_counters *hwv_counters_create(uint32_t max);

/* Frees 'counters' after an RCU grace period; slots still queued by
 * hwv_counters_free() may outlast the call.  No slot may be in use. */
void hwv_counters_destroy(struct hwv_counters *counters);

/* Stores a fresh slot into '*slot'.  Returns 0, or ENOSPC if 'max' slots are
 * in use or still behind their grace period. */
int hwv_counters_alloc(struct hwv_counters *counters, uint32_t *slot);

/* Gives 'slot' back, see "A slot's life".  'seen' is the last sum of which the
 * caller has disposed. */
void hwv_counters_free(struct hwv_counters *counters, uint32_t slot,
                       const struct hwv_count *seen);

/* Stores the sum of 'slot' over all lanes into '*sum'. Monotone until
 * hwv_counters_free(). */
void hwv_counters_read(const struct hwv_counters *counters, uint32_t slot,
                       struct hwv_count *sum);

/* Stores what was counted on freed slots after their last reading. */
void hwv_counters_late(const struct hwv_counters *counters,
                       struct hwv_count *late);

/* Returns the number of slots in use (not those behind a grace period). */
uint32_t hwv_counters_in_use(const struct hwv_counters *counters);

/* Returns the calling thread's lane, creating it at the first call. */
struct hwv_lane *hwv_counters_lane(struct hwv_counters *counters);

/* Memory
 * ======
 *
 * A lane is an array of slots, in chunks that are allocated when their first
 * slot is counted on.  Slots are given out so that those in use stay together,
 * so a lane is as large as the number of slots in use requires.
 *
 * Only the lane's thread writes a slot (apart from when it is retired, and
 * nobody uses it), so a plain load, addition and store do; they are atomic
 * because others read, relaxed because each number speaks for itself. */

/* A power of 2, so that a slot never straddles cache lines. */
struct hwv_slot {
    atomic_uint64_t packets;
    atomic_uint64_t bytes;
    atomic_llong used;
    uint64_t pad;
};
BUILD_ASSERT_DECL(sizeof(struct hwv_slot) == 32);

#define HWV_CHUNK_SLOTS 256     /* 8 kB, less in a set of fewer slots. */

struct hwv_lane {
    struct hwv_counters *counters;
    struct hwv_lane *next;      /* In 'lanes'; immutable. */
    bool idle;                  /* No thread's.  Under counters' 'mutex'. */
    OVSRCU_TYPE(struct hwv_slot *) chunks[];    /* NULL until counted on. */
};

/* Allocates the lane's copy of 'slot', and of those beside it. */
struct hwv_slot *hwv_lane_add_chunk(struct hwv_lane *lane, uint32_t slot);

/* Returns the lane's copy of 'slot', or NULL if it was never counted on. */
static inline struct hwv_slot *
hwv_lane_slot(const struct hwv_lane *lane, uint32_t slot)
{
    struct hwv_slot *chunk = ovsrcu_get(
        struct hwv_slot *, &lane->chunks[slot / HWV_CHUNK_SLOTS]);

    return chunk ? &chunk[slot % HWV_CHUNK_SLOTS] : NULL;
}

/* Has the processor fetch the lane's copy of 'slot', which may be
 * HWV_NO_COUNTER. */
static inline void
hwv_lane_prefetch(const struct hwv_lane *lane, uint32_t slot)
{
    if (slot != HWV_NO_COUNTER) {
        OVS_PREFETCH_WRITE(hwv_lane_slot(lane, slot));
    }
}

/* Counts 'packets' packets of 'bytes' bytes in all at time 'now' (msec) on
 * 's', which is of the calling thread's lane. */
static inline void
hwv_slot_count(struct hwv_slot *s, uint64_t packets, uint64_t bytes,
               long long int now)
{
    uint64_t n;

    atomic_read_relaxed(&s->packets, &n);
    atomic_store_relaxed(&s->packets, n + packets);
    atomic_read_relaxed(&s->bytes, &n);
    atomic_store_relaxed(&s->bytes, n + bytes);
    atomic_store_relaxed(&s->used, now);
}

/* Counts 'packets' packets of 'bytes' bytes in all at time 'now' (msec) on
 * 'slot', which may be HWV_NO_COUNTER (nothing is counted then). */
static inline void
hwv_lane_count(struct hwv_lane *lane, uint32_t slot, uint64_t packets,
               uint64_t bytes, long long int now)
{
    struct hwv_slot *s;

    if (slot == HWV_NO_COUNTER) {
        return;
    }
    s = hwv_lane_slot(lane, slot);
    if (OVS_UNLIKELY(!s)) {
        s = hwv_lane_add_chunk(lane, slot);
    }
    hwv_slot_count(s, packets, bytes, now);
}

#endif /* hwv-counters.h */
