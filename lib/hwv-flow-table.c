/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-flow-table.h"

#include <errno.h>
#include <stdlib.h>

#include "dp-packet.h"
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

#define STATE_SHAPE(SHAPE) (UINT32_C(1) << (SHAPE))
#define STATE_SHAPES (STATE_SHAPE(HWV_N_SHAPES) - 1)
#define STATE_VERSION (STATE_SHAPES + 1)    /* Increment of the version. */

struct hwv_flow_table {
    struct hwv_flow_map map;
    uint32_t max_domains;

    /* Per domain, see domain_index(): 20 bytes for each domain and direction,
     * of which the data path reads 4.  Pages of domains that are never used
     * take no memory. */
    atomic_uint32_t *states;
    uint32_t (*n_entries)[HWV_N_SHAPES];    /* Writer only: by shape. */
};

/* A lookup on its way. */
struct lookup {
    const struct hwv_flow_buckets *buckets;
    struct hwv_key key;         /* Of the first shape that the domain has. */
    uint32_t bucket;            /* Of 'key'. */
    uint32_t before;            /* The domain's state at the start. */
    atomic_uint32_t *state;     /* NULL if there is no such domain. */
    uint8_t class;
};

static void flow_table_free(struct hwv_flow_table *);
static bool domain_valid(const struct hwv_flow_table *, uint8_t class,
                         uint32_t domain);
static size_t domain_index(const struct hwv_flow_table *, uint8_t class,
                           uint32_t domain);
static void announce_change(struct hwv_flow_table *, size_t domain,
                            uint8_t shape);
static void withdraw_if_empty(struct hwv_flow_table *, size_t domain,
                              uint8_t shape);
static void start(const struct hwv_flow_table *,
                  const struct hwv_flow_query *, struct lookup *);
static void finish(const struct hwv_flow_table *,
                   const struct hwv_flow_query *, struct lookup *,
                   struct hwv_flow_answer *);
static void probe_shapes(const struct lookup *,
                         const struct hwv_flow_query *,
                         struct hwv_flow_answer *);

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

    domain = domain_index(table, class, hwv_key_domain(key));
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

    domain = domain_index(table, class, hwv_key_domain(key));
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
hwv_flow_table_lookup(const struct hwv_flow_table *table,
                      const struct hwv_flow_query queries[], size_t n,
                      struct hwv_flow_answer answers[])
{
    struct lookup lookups[NETDEV_MAX_BURST];

    for (size_t i = 0; i < n; i++) {
        start(table, &queries[i], &lookups[i]);
    }
    for (size_t i = 0; i < n; i++) {
        finish(table, &queries[i], &lookups[i], &answers[i]);
    }
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

/* Index into the arrays by domain: first those of VFs, then of sources, then
 * of VLAN tags. */
static size_t
domain_index(const struct hwv_flow_table *table, uint8_t class,
             uint32_t domain)
{
    if (domain >= HWV_DOMAIN_TAGGED) {
        return (2 * (size_t) table->max_domains
                + (domain - HWV_DOMAIN_TAGGED));
    }
    return domain + (class & HWV_CLASS_RX ? (size_t) table->max_domains : 0);
}

/* To be called before an entry of 'shape' in 'domain' is inserted, replaced or
 * removed. */
static void
announce_change(struct hwv_flow_table *table, size_t domain, uint8_t shape)
{
    uint32_t state;

    atomic_read_relaxed(&table->states[domain], &state);
    state = (state + STATE_VERSION) | STATE_SHAPE(shape);
    atomic_store_explicit(&table->states[domain], state, memory_order_release);
}

/* To be called after a change of entries of 'shape' in 'domain'. */
static void
withdraw_if_empty(struct hwv_flow_table *table, size_t domain, uint8_t shape)
{
    uint32_t state;

    if (!table->n_entries[domain][shape]) {
        atomic_read_relaxed(&table->states[domain], &state);
        state &= ~STATE_SHAPE(shape);
        atomic_store_explicit(&table->states[domain], state,
                              memory_order_release);
    }
}

/* Most MACs first: the first that is found is the answer. */
static const uint8_t shapes[HWV_N_SHAPES] = {
    HWV_CLASS_DMAC | HWV_CLASS_SMAC, HWV_CLASS_DMAC, HWV_CLASS_SMAC, 0,
};

/* Reads the state of the domain, and has the processor fetch the bucket where
 * the answer is.  (Where the domain has several shapes, the others' are not
 * fetched in advance: most domains have one.) */
static void
start(const struct hwv_flow_table *table, const struct hwv_flow_query *q,
      struct lookup *lookup)
{
    const struct hwv_frame *frame = q->frame;
    uint8_t class = frame->class | q->direction;

    if (!domain_valid(table, q->direction, q->domain)) {
        lookup->state = NULL;
        return;
    }
    if (q->direction & HWV_CLASS_RX) {
        class &= ~HWV_CLASS_ECN;
    }

    lookup->state = &table->states[domain_index(table, q->direction,
                                                q->domain)];
    atomic_read_explicit(lookup->state, &lookup->before, memory_order_acquire);
    lookup->class = class;
    lookup->buckets = hwv_flow_map_get(&table->map);
    for (int i = 0; i < HWV_N_SHAPES; i++) {
        if (lookup->before & STATE_SHAPE(shapes[i])) {
            lookup->key = hwv_key_make(q->domain, frame->dmac, frame->smac,
                                       class | shapes[i]);
            lookup->bucket = hwv_flow_buckets_start(lookup->buckets,
                                                    &lookup->key);
            break;
        }
    }
}

static void
finish(const struct hwv_flow_table *table, const struct hwv_flow_query *q,
       struct lookup *lookup, struct hwv_flow_answer *answer)
{
    uint32_t after;

    answer->result = HWV_LOOKUP_NONE;
    if (!lookup->state) {
        return;
    }
    for (;;) {
        uint32_t has = lookup->before & STATE_SHAPES;

        if (OVS_UNLIKELY(!is_pow2(has))) {
            probe_shapes(lookup, q, answer);
        } else {
            answer->result = (has && hwv_flow_buckets_find(lookup->buckets,
                                                           lookup->bucket,
                                                           &lookup->key,
                                                           &answer->value)
                              ? HWV_LOOKUP_HIT : HWV_LOOKUP_NONE);
        }

        /* Keeps the second reading behind the probes. */
        atomic_thread_fence(memory_order_acquire);
        atomic_read_explicit(lookup->state, &after, memory_order_acquire);
        if (OVS_LIKELY(lookup->before == after)) {
            return;
        }
        start(table, q, lookup);
    }
}

static void
probe_shapes(const struct lookup *lookup, const struct hwv_flow_query *q,
             struct hwv_flow_answer *answer)
{
    answer->result = HWV_LOOKUP_NONE;
    for (int i = 0; i < HWV_N_SHAPES; i++) {
        struct hwv_flow_value value;
        struct hwv_key key;
        uint32_t bucket;

        if (!(lookup->before & STATE_SHAPE(shapes[i]))) {
            continue;
        }
        key = hwv_key_make(q->domain, q->frame->dmac, q->frame->smac,
                           lookup->class | shapes[i]);
        bucket = hwv_flow_buckets_start(lookup->buckets, &key);
        if (!hwv_flow_buckets_find(lookup->buckets, bucket, &key, &value)) {
            continue;
        }
        if (answer->result == HWV_LOOKUP_NONE) {
            answer->result = HWV_LOOKUP_HIT;
            answer->value = value;
        } else if (!hwv_flow_value_equal(&value, &answer->value)) {
            answer->result = HWV_LOOKUP_AMBIGUOUS;
            return;
        }
    }
}
