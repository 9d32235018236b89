/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-flow-table.h"

#include <errno.h>
#include <stdlib.h>

#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "util.h"

/* How a lookup sees one moment
 * ============================
 *
 * A lookup of a domain with several shapes probes the map several times, and a
 * writer may come in between.  Consider a domain whose flow A sends a frame to
 * a tunnel, and where B, which matches more of the frame, drops it.  A lookup
 * that probes for B before B is inserted, and for A after A has been modified,
 * would find an A that was never there without B, and let the frame through.
 *
 * So each domain has a "state" word, with the shapes that it has and a version
 * that the writer increments *before* it changes one entry of the domain.  A
 * lookup reads the state before and after its probes.  If both are the same
 * then at most one entry (the one of which the increment gave notice) changed
 * during the probes, hence the probes saw the domain either as it was before
 * that change or as it was after.  Otherwise the lookup starts again; that
 * happens only as often as a writer changes this very domain.
 *
 * A shape is in the state before its first entry is in the map and until after
 * its last entry has left, so that no entry is ever out of a lookup's reach.
 *
 * The writer's stores to the state release, and so do the map's: who finds an
 * entry finds the version that announced it. */

#define STATE_VERSION (HWV_STATE_SHAPES + 1)    /* Increment. */

static void flow_table_free(struct hwv_flow_table *);
static bool find_domain(const struct hwv_flow_table *, const struct hwv_key *,
                        size_t *domain);
static void announce_change(struct hwv_flow_table *, size_t domain,
                            uint8_t shape);
static void withdraw_if_empty(struct hwv_flow_table *, size_t domain,
                              uint8_t shape);
static enum hwv_lookup probe_shapes(const struct hwv_flow_buckets *,
                                    uint32_t state, uint32_t domain,
                                    uint8_t direction,
                                    const struct hwv_frame *,
                                    struct hwv_flow_value *);

/* Of each set of shapes, the first is the one that probe_shapes() tries
 * first. */
#define BOTH (HWV_CLASS_DMAC | HWV_CLASS_SMAC)
#define FIRST(SET)                                                      \
    ((SET) & HWV_STATE_SHAPE(BOTH) ? BOTH                               \
     : (SET) & HWV_STATE_SHAPE(HWV_CLASS_DMAC) ? HWV_CLASS_DMAC         \
     : (SET) & HWV_STATE_SHAPE(HWV_CLASS_SMAC) ? HWV_CLASS_SMAC : 0)
#define MAC_MASK ((UINT64_C(1) << 48) - 1)
#define SHAPES(DIRECTION, SET)                                          \
    {                                                                   \
        .one = (SET) && !((SET) & ((SET) - 1)),                         \
        .class_mask = ((DIRECTION) ? (uint8_t) ~HWV_CLASS_ECN           \
                       : UINT8_MAX),                                    \
        .dmac_mask = FIRST(SET) & HWV_CLASS_DMAC ? MAC_MASK : 0,        \
        .smac_mask = FIRST(SET) & HWV_CLASS_SMAC ? MAC_MASK : 0,        \
        .class = (uint64_t) ((DIRECTION) | FIRST(SET)) << 56,           \
    }
#define FOUR_SETS(DIRECTION, SET)                                       \
    SHAPES(DIRECTION, SET), SHAPES(DIRECTION, (SET) + 1),               \
    SHAPES(DIRECTION, (SET) + 2), SHAPES(DIRECTION, (SET) + 3)
#define ALL_SETS(DIRECTION)                                             \
    {                                                                   \
        FOUR_SETS(DIRECTION, 0), FOUR_SETS(DIRECTION, 4),               \
        FOUR_SETS(DIRECTION, 8), FOUR_SETS(DIRECTION, 12),              \
    }
const struct hwv_flow_shapes hwv_flow_shapes[2][HWV_STATE_SHAPES + 1] = {
    ALL_SETS(0), ALL_SETS(HWV_CLASS_RX),
};

const atomic_uint32_t hwv_flow_no_state = ATOMIC_VAR_INIT(0);

bool
hwv_flow_value_equal(const struct hwv_flow_value *a,
                     const struct hwv_flow_value *b)
{
    return a->output == b->output
           && a->vni == b->vni
           && a->target == b->target;
}

struct hwv_flow_table *
hwv_flow_table_create(uint32_t max_flows, uint32_t max_domains)
{
    struct hwv_flow_table *table = xmalloc(sizeof *table);
    size_t n = 2 * (size_t) max_domains + HWV_N_DOMAINS_TAGGED;

    hwv_flow_map_init(&table->map, max_flows);
    table->max_domains = max_domains;
    table->states = xcalloc(n, sizeof *table->states);
    table->n_entries = xcalloc(n, sizeof *table->n_entries);
    return table;
}

void
hwv_flow_table_destroy(struct hwv_flow_table *table)
{
    if (table) {
        ovsrcu_postpone(flow_table_free, table);
    }
}

int
hwv_flow_table_set(struct hwv_flow_table *table, const struct hwv_key *key,
                   const struct hwv_flow_value *value)
{
    uint8_t class = hwv_key_class(key);
    uint8_t shape = class & HWV_CLASS_SHAPE;
    const uint32_t n = hwv_flow_map_count(&table->map);
    size_t domain;
    int error;

    if (!find_domain(table, key, &domain)) {
        return ERANGE;
    }

    announce_change(table, domain, shape);
    error = hwv_flow_map_set(&table->map, key, value);
    table->n_entries[domain][shape] += hwv_flow_map_count(&table->map) - n;
    withdraw_if_empty(table, domain, shape);
    return error;
}

int
hwv_flow_table_remove(struct hwv_flow_table *table, const struct hwv_key *key)
{
    uint8_t class = hwv_key_class(key);
    uint8_t shape = class & HWV_CLASS_SHAPE;
    size_t domain;
    bool removed;

    if (!find_domain(table, key, &domain)) {
        return ENOENT;
    }

    announce_change(table, domain, shape);
    removed = hwv_flow_map_remove(&table->map, key);
    table->n_entries[domain][shape] -= removed;
    withdraw_if_empty(table, domain, shape);
    return removed ? 0 : ENOENT;
}

/* Where a domain has several shapes, the others' buckets are not fetched in
 * advance: most domains have one.  The buckets are taken after all states have
 * been read: entries of a domain that have changed since are not in older
 * ones, while its state would not tell. */
void
hwv_flow_lookups_start(struct hwv_flow_lookups *lookups)
{
    const struct hwv_flow_buckets *buckets
        = hwv_flow_map_get(&lookups->table->map);

    lookups->buckets = buckets;
    hwv_vector->find_buckets(buckets, &lookups->keys, lookups->n);
    for (size_t i = 0; i < lookups->n; i++) {
        OVS_PREFETCH(&buckets->array[lookups->keys.bucket[i]]);
    }
}

enum hwv_lookup
hwv_flow_lookups_finish_slowly(const struct hwv_flow_lookups *lookups,
                               size_t i, struct hwv_flow_value *value)
{
    const struct hwv_frame frame = hwv_frames_get(&lookups->frames, i);
    const struct hwv_key key = {
        .dst = lookups->keys.dst[i],
        .src = lookups->keys.src[i],
    };
    atomic_uint32_t *state = lookups->states[i];
    enum hwv_lookup result;
    uint32_t before, after;

    do {
        const struct hwv_flow_buckets *buckets;

        atomic_read_explicit(state, &before, memory_order_acquire);
        buckets = hwv_flow_map_get(&lookups->table->map);
        result = probe_shapes(buckets, before, hwv_key_domain(&key),
                              hwv_flow_lookups_direction(lookups, i), &frame,
                              value);

        /* Keeps the second reading behind the probes. */
        atomic_thread_fence(memory_order_acquire);
        atomic_read_explicit(state, &after, memory_order_acquire);
    } while (before != after);
    return result;
}

uint32_t
hwv_flow_table_count(const struct hwv_flow_table *table)
{
    return hwv_flow_map_count(&table->map);
}

uint32_t
hwv_flow_table_max(const struct hwv_flow_table *table)
{
    return table->map.max;
}

void
hwv_flow_table_for_each(const struct hwv_flow_table *table,
                        void (*cb)(const struct hwv_key *,
                                   const struct hwv_flow_value *, void *aux),
                        void *aux)
{
    hwv_flow_map_for_each(&table->map, cb, aux);
}

static void
flow_table_free(struct hwv_flow_table *table)
{
    hwv_flow_map_destroy(&table->map);
    free(table->states);
    free(table->n_entries);
    free(table);
}

/* Stores the index of the domain of 'key' into '*domain'.  Returns false if
 * there is no such domain. */
static bool
find_domain(const struct hwv_flow_table *table, const struct hwv_key *key,
            size_t *domain)
{
    const atomic_uint32_t *state
        = hwv_flow_table_state(table, hwv_key_class(key) & HWV_CLASS_RX,
                               hwv_key_domain(key));

    if (state == &hwv_flow_no_state) {
        return false;
    }
    *domain = state - table->states;
    return true;
}

/* To be called before an entry of 'shape' in 'domain' is inserted, replaced or
 * removed. */
static void
announce_change(struct hwv_flow_table *table, size_t domain, uint8_t shape)
{
    uint32_t state;

    atomic_read_relaxed(&table->states[domain], &state);
    state = (state + STATE_VERSION) | HWV_STATE_SHAPE(shape);
    atomic_store_explicit(&table->states[domain], state, memory_order_release);
}

/* To be called after a change of entries of 'shape' in 'domain'. */
static void
withdraw_if_empty(struct hwv_flow_table *table, size_t domain, uint8_t shape)
{
    uint32_t state;

    if (!table->n_entries[domain][shape]) {
        atomic_read_relaxed(&table->states[domain], &state);
        state &= ~HWV_STATE_SHAPE(shape);
        atomic_store_explicit(&table->states[domain], state,
                              memory_order_release);
    }
}

/* Most MACs first: the first that is found is the answer. */
static const uint8_t shapes[HWV_N_SHAPES] = {
    HWV_CLASS_DMAC | HWV_CLASS_SMAC, HWV_CLASS_DMAC, HWV_CLASS_SMAC, 0,
};

static enum hwv_lookup
probe_shapes(const struct hwv_flow_buckets *buckets,
             uint32_t state, uint32_t domain, uint8_t direction,
             const struct hwv_frame *frame, struct hwv_flow_value *value)
{
    const uint8_t class = direction | (direction
                                       ? frame->class & ~HWV_CLASS_ECN
                                       : frame->class);
    enum hwv_lookup result = HWV_LOOKUP_NONE;

    for (int i = 0; i < HWV_N_SHAPES; i++) {
        struct hwv_flow_value other;
        struct hwv_key key;
        uint32_t bucket;

        if (!(state & HWV_STATE_SHAPE(shapes[i]))) {
            continue;
        }
        key = hwv_key_from_words(domain, frame->dmac, frame->smac,
                                 class | shapes[i]);
        bucket = hwv_flow_buckets_start(buckets, &key);
        if (!hwv_flow_buckets_find(buckets, bucket, &key, &other)) {
            continue;
        }
        if (result == HWV_LOOKUP_NONE) {
            result = HWV_LOOKUP_HIT;
            *value = other;
        } else if (!hwv_flow_value_equal(&other, value)) {
            return HWV_LOOKUP_AMBIGUOUS;
        }
    }
    return result;
}
