/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-flow-table.h"

#include <errno.h>
#include <stdlib.h>

#include "hwv-vector.h"
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
static bool domain_valid(const struct hwv_flow_table *, uint8_t class,
                         uint32_t domain);
static void announce_change(struct hwv_flow_table *, size_t domain,
                            uint8_t shape);
static void withdraw_if_empty(struct hwv_flow_table *, size_t domain,
                              uint8_t shape);
static enum hwv_lookup probe_shapes(const struct hwv_flow_buckets *,
                                    const struct hwv_flow_domain *,
                                    const struct hwv_frame *,
                                    struct hwv_flow_value *);

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

    if (!domain_valid(table, class, hwv_key_domain(key))) {
        return ERANGE;
    }

    domain = hwv_flow_domain_index(table, class, hwv_key_domain(key));
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
    struct hwv_flow_value value;
    size_t domain;

    if (!hwv_flow_table_find(table, key, &value)) {
        return ENOENT;
    }

    domain = hwv_flow_domain_index(table, class, hwv_key_domain(key));
    announce_change(table, domain, shape);
    hwv_flow_map_remove(&table->map, key);
    table->n_entries[domain][shape]--;
    withdraw_if_empty(table, domain, shape);
    return 0;
}

bool
hwv_flow_table_find(const struct hwv_flow_table *table,
                    const struct hwv_key *key, struct hwv_flow_value *value)
{
    const struct hwv_flow_buckets *buckets = hwv_flow_map_get(&table->map);

    return hwv_flow_buckets_find(buckets, hwv_flow_buckets_start(buckets, key),
                                 key, value);
}

void
hwv_flow_domain_read(const struct hwv_flow_table *table,
                     struct hwv_flow_domain *domain)
{
    /* Of each set of shapes the first, in the order of shapes[]. */
    static const uint8_t first[HWV_STATE_SHAPES + 1] = {
        0, 0, 1, 1, 2, 2, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3,
    };
    uint32_t shapes;
    uint8_t shape;

    domain->class_mask = (domain->direction & HWV_CLASS_RX
                          ? (uint8_t) ~HWV_CLASS_ECN : UINT8_MAX);
    domain->before = 0;
    domain->state = NULL;
    if (domain_valid(table, domain->direction, domain->id)) {
        domain->state = &table->states[hwv_flow_domain_index(
            table, domain->direction, domain->id)];
        atomic_read_explicit(domain->state, &domain->before,
                             memory_order_acquire);
    }
    shapes = domain->before & HWV_STATE_SHAPES;
    domain->one_shape = shapes && !(shapes & (shapes - 1));
    shape = first[shapes];
    domain->mask = hwv_key_from_words(0, UINT64_MAX, UINT64_MAX, shape);
    domain->key = hwv_key_from_words(domain->id, 0, 0,
                                     domain->direction | shape);
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
    struct hwv_flow_domain domain = {
        .id = lookups->domain[i]->id,
        .direction = lookups->domain[i]->direction,
    };
    enum hwv_lookup result;
    uint32_t after;

    do {
        const struct hwv_flow_buckets *buckets;

        hwv_flow_domain_read(lookups->table, &domain);
        if (!domain.state) {
            return HWV_LOOKUP_NONE;
        }
        buckets = hwv_flow_map_get(&lookups->table->map);
        result = probe_shapes(buckets, &domain, &frame, value);

        /* Keeps the second reading behind the probes. */
        atomic_thread_fence(memory_order_acquire);
        atomic_read_explicit(domain.state, &after, memory_order_acquire);
    } while (domain.before != after);
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

static bool
domain_valid(const struct hwv_flow_table *table, uint8_t class,
             uint32_t domain)
{
    return (domain < table->max_domains
            || (class & HWV_CLASS_RX
                && domain >= HWV_DOMAIN_TAGGED
                && domain < HWV_DOMAIN_TAGGED + HWV_N_DOMAINS_TAGGED));
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
             const struct hwv_flow_domain *domain,
             const struct hwv_frame *frame, struct hwv_flow_value *value)
{
    const uint8_t class = ((frame->class & domain->class_mask)
                           | domain->direction);
    enum hwv_lookup result = HWV_LOOKUP_NONE;

    for (int i = 0; i < HWV_N_SHAPES; i++) {
        struct hwv_flow_value other;
        struct hwv_key key;
        uint32_t bucket;

        if (!(domain->before & HWV_STATE_SHAPE(shapes[i]))) {
            continue;
        }
        key = hwv_key_from_words(domain->id, frame->dmac, frame->smac,
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
