/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-counters.h"

#include <errno.h>
#include <stdlib.h>

#include "id-fpool.h"
#include "openvswitch/thread.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "util.h"

/* Locking
 * =======
 *
 * OVS runs lane_release() under its lock for thread-specific data.  Therefore
 * no function of the ovsthread_key family is called with 'mutex' held. */

struct hwv_counters {
    /* One reference for the owner and one for each slot behind its grace
     * period: callbacks of different threads run in any order, so that a
     * slot's may come after the owner's. */
    struct ovs_refcount refs;
    uint32_t max;
    size_t n_chunks;            /* Per lane. */
    atomic_uint32_t in_use;
    struct id_fpool *ids;
    ovsthread_key_t key;        /* A thread's "struct hwv_lane *". */

    /* Lanes are only ever added, so that reading needs no lock. */
    OVSRCU_TYPE(struct hwv_lane *) lanes;

    struct ovs_mutex mutex;     /* Also for adding to 'lanes'. */
    struct hwv_count late OVS_GUARDED;
};

/* A slot behind its grace period. */
struct retired {
    struct hwv_counters *counters;
    uint32_t slot;
    struct hwv_count seen;
};

static void counters_unref(struct hwv_counters *);
static void slot_retire(struct retired *);
static struct hwv_lane *lane_acquire(struct hwv_counters *);
static void lane_release(void *lane);
static void lane_free(struct hwv_lane *, size_t n_chunks);
static void slot_add(struct hwv_slot *, struct hwv_count *sum);
static void slot_clear(struct hwv_slot *);

struct hwv_counters *
hwv_counters_create(uint32_t max)
{
    struct hwv_counters *counters = xzalloc(sizeof *counters);

    ovs_refcount_init(&counters->refs);
    counters->max = max;
    counters->n_chunks = DIV_ROUND_UP((size_t) max, HWV_CHUNK_SLOTS);
    atomic_init(&counters->in_use, 0);
    counters->ids = id_fpool_create(1, 0, max);
    ovsthread_key_create(&counters->key, lane_release);
    ovsrcu_init(&counters->lanes, NULL);
    ovs_mutex_init(&counters->mutex);
    return counters;
}

void
hwv_counters_destroy(struct hwv_counters *counters)
{
    if (counters) {
        ovsrcu_postpone(counters_unref, counters);
    }
}

int
hwv_counters_alloc(struct hwv_counters *counters, uint32_t *slot)
{
    uint32_t orig;

    if (!id_fpool_new_id(counters->ids, 0, slot)) {
        return ENOSPC;
    }
    atomic_add_relaxed(&counters->in_use, 1, &orig);
    return 0;
}

void
hwv_counters_free(struct hwv_counters *counters, uint32_t slot,
                  const struct hwv_count *seen)
{
    struct retired *retired = xmalloc(sizeof *retired);
    uint32_t orig;

    atomic_sub_relaxed(&counters->in_use, 1, &orig);
    ovs_refcount_ref(&counters->refs);
    retired->counters = counters;
    retired->slot = slot;
    retired->seen = *seen;
    ovsrcu_postpone(slot_retire, retired);
}

void
hwv_counters_read(const struct hwv_counters *counters, uint32_t slot,
                  struct hwv_count *sum)
{
    const struct hwv_lane *lane;

    *sum = (struct hwv_count) { .packets = 0 };
    for (lane = ovsrcu_get(struct hwv_lane *, &counters->lanes); lane;
         lane = lane->next) {
        struct hwv_slot *s = hwv_lane_slot(lane, slot);

        if (s) {
            slot_add(s, sum);
        }
    }
}

void
hwv_counters_late(const struct hwv_counters *counters_, struct hwv_count *late)
{
    struct hwv_counters *counters = CONST_CAST(struct hwv_counters *,
                                               counters_);

    ovs_mutex_lock(&counters->mutex);
    *late = counters->late;
    ovs_mutex_unlock(&counters->mutex);
}

uint32_t
hwv_counters_in_use(const struct hwv_counters *counters)
{
    uint32_t n;

    atomic_read_relaxed(&CONST_CAST(struct hwv_counters *, counters)->in_use,
                        &n);
    return n;
}

struct hwv_lane *
hwv_counters_lane(struct hwv_counters *counters)
{
    struct hwv_lane *lane = ovsthread_getspecific(counters->key);

    if (OVS_UNLIKELY(!lane)) {
        lane = lane_acquire(counters);
        ovsthread_setspecific(counters->key, lane);
    }
    return lane;
}

struct hwv_slot *
hwv_lane_add_chunk(struct hwv_lane *lane, uint32_t slot)
{
    uint32_t first = ROUND_DOWN(slot, HWV_CHUNK_SLOTS);
    size_t n = MIN(HWV_CHUNK_SLOTS, lane->counters->max - first);
    struct hwv_slot *chunk = xzalloc_cacheline(n * sizeof *chunk);

    ovsrcu_set(&lane->chunks[slot / HWV_CHUNK_SLOTS], chunk);
    return &chunk[slot % HWV_CHUNK_SLOTS];
}

static void
counters_unref(struct hwv_counters *counters)
{
    struct hwv_lane *lane, *next;

    if (ovs_refcount_unref(&counters->refs) != 1) {
        return;
    }

    /* From here on no thread that exits releases its lane. */
    ovsthread_key_delete(counters->key);
    for (lane = ovsrcu_get_protected(struct hwv_lane *, &counters->lanes);
         lane; lane = next) {
        next = lane->next;
        lane_free(lane, counters->n_chunks);
    }
    id_fpool_destroy(counters->ids);
    ovs_mutex_destroy(&counters->mutex);
    free(counters);
}

/* RCU callback: nobody counts on the slot any longer. */
static void
slot_retire(struct retired *retired)
{
    struct hwv_counters *counters = retired->counters;
    struct hwv_count sum, *late;
    struct hwv_lane *lane;

    hwv_counters_read(counters, retired->slot, &sum);
    ovs_mutex_lock(&counters->mutex);
    late = &counters->late;
    late->packets += sum.packets - retired->seen.packets;
    late->bytes += sum.bytes - retired->seen.bytes;
    if (sum.packets != retired->seen.packets) {
        late->used = MAX(late->used, sum.used);
    }
    ovs_mutex_unlock(&counters->mutex);

    for (lane = ovsrcu_get(struct hwv_lane *, &counters->lanes); lane;
         lane = lane->next) {
        struct hwv_slot *s = hwv_lane_slot(lane, retired->slot);

        if (s) {
            slot_clear(s);
        }
    }
    id_fpool_free_id(counters->ids, 0, retired->slot);
    free(retired);
    counters_unref(counters);
}

/* Returns a lane for the calling thread: one that a thread has left, or a new
 * one. */
static struct hwv_lane *
lane_acquire(struct hwv_counters *counters)
{
    struct hwv_lane *lanes, *lane;

    ovs_mutex_lock(&counters->mutex);
    lanes = ovsrcu_get_protected(struct hwv_lane *, &counters->lanes);
    for (lane = lanes; lane && !lane->idle; lane = lane->next) {
        continue;
    }
    if (!lane) {
        lane = xzalloc_cacheline(sizeof *lane
                                 + (counters->n_chunks
                                    * sizeof lane->chunks[0]));
        lane->counters = counters;
        lane->next = lanes;
        for (size_t i = 0; i < counters->n_chunks; i++) {
            ovsrcu_init(&lane->chunks[i], NULL);
        }
        ovsrcu_set(&counters->lanes, lane);
    }
    lane->idle = false;
    ovs_mutex_unlock(&counters->mutex);
    return lane;
}

/* Called when the lane's thread ends. */
static void
lane_release(void *lane_)
{
    struct hwv_lane *lane = lane_;
    struct hwv_counters *counters = lane->counters;

    ovs_mutex_lock(&counters->mutex);
    lane->idle = true;
    ovs_mutex_unlock(&counters->mutex);
}

static void
lane_free(struct hwv_lane *lane, size_t n_chunks)
{
    for (size_t i = 0; i < n_chunks; i++) {
        free_cacheline(ovsrcu_get_protected(struct hwv_slot *,
                                            &lane->chunks[i]));
    }
    free_cacheline(lane);
}

static void
slot_add(struct hwv_slot *s, struct hwv_count *sum)
{
    long long int used;
    uint64_t n;

    atomic_read_relaxed(&s->packets, &n);
    sum->packets += n;
    atomic_read_relaxed(&s->bytes, &n);
    sum->bytes += n;
    atomic_read_relaxed(&s->used, &used);
    sum->used = MAX(sum->used, used);
}

static void
slot_clear(struct hwv_slot *s)
{
    atomic_store_relaxed(&s->packets, 0);
    atomic_store_relaxed(&s->bytes, 0);
    atomic_store_relaxed(&s->used, 0);
}
