/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-flow-table.h"

#include <errno.h>
#include <stdlib.h>

#include "cmap.h"
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
 * The writer's stores to the state release, and inserting into a cmap releases
 * too: who finds an entry finds the version that announced it. */

#define STATE_SHAPE(SHAPE) (UINT32_C(1) << (SHAPE))
#define STATE_SHAPES (STATE_SHAPE(HWV_N_SHAPES) - 1)
#define STATE_VERSION (STATE_SHAPES + 1)    /* Increment of the version. */

/* 48 bytes: exactly a malloc() chunk of 64 bytes on 64-bit machines.  Aligning
 * it to a cache line would more than double that. */
struct flow_entry {
    struct cmap_node node;
    const struct hwv_key key;
    const struct hwv_flow_value value;
};

struct hwv_flow_table {
    struct cmap entries;        /* Contains "struct flow_entry"s. */
    uint32_t max_flows;
    uint32_t max_domains;

    /* Per domain, see domain_index(): 20 bytes for each domain and direction,
     * of which the data path reads 4.  Pages of domains that are never used
     * take no memory. */
    atomic_uint32_t *states;
    uint32_t (*n_entries)[HWV_N_SHAPES];    /* Writer only: by shape. */
};

static void flow_table_free(struct hwv_flow_table *);
static struct flow_entry *flow_entry_create(const struct hwv_key *,
                                            const struct hwv_flow_value *);
static struct flow_entry *find_entry(const struct hwv_flow_table *,
                                     const struct hwv_key *, uint32_t hash);
static bool domain_valid(const struct hwv_flow_table *, uint8_t class,
                         uint32_t domain);
static size_t domain_index(const struct hwv_flow_table *, uint8_t class,
                           uint32_t domain);
static void announce_change(struct hwv_flow_table *, size_t domain,
                            uint8_t shape);
static void withdraw_shape(struct hwv_flow_table *, size_t domain,
                           uint8_t shape);
static enum hwv_lookup probe_shapes(const struct hwv_flow_table *,
                                    uint32_t shapes, uint32_t domain,
                                    const struct hwv_frame *, uint8_t class,
                                    struct hwv_flow_value *);

bool
hwv_flow_value_equal(const struct hwv_flow_value *a,
                     const struct hwv_flow_value *b)
{
    return a->output == b->output
           && a->vf == b->vf
           && a->tci == b->tci
           && a->tunnel == b->tunnel
           && a->vni == b->vni;
}

struct hwv_flow_table *
hwv_flow_table_create(uint32_t max_flows, uint32_t max_domains)
{
    struct hwv_flow_table *table = xmalloc(sizeof *table);
    size_t n = 2 * (size_t) max_domains + HWV_N_DOMAINS_TAGGED;

    cmap_init(&table->entries);
    table->max_flows = max_flows;
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
    uint32_t hash = hwv_key_hash(key);
    struct flow_entry *old, *new;
    size_t domain;

    if (!domain_valid(table, class, hwv_key_domain(key))) {
        return ERANGE;
    }
    domain = domain_index(table, class, hwv_key_domain(key));

    old = find_entry(table, key, hash);
    if (!old && cmap_count(&table->entries) >= table->max_flows) {
        return ENOSPC;
    }

    new = flow_entry_create(key, value);
    announce_change(table, domain, shape);
    if (old) {
        cmap_replace(&table->entries, &old->node, &new->node, hash);
        ovsrcu_postpone(free, old);
    } else {
        cmap_insert(&table->entries, &new->node, hash);
        table->n_entries[domain][shape]++;
    }
    return 0;
}

int
hwv_flow_table_remove(struct hwv_flow_table *table, const struct hwv_key *key)
{
    uint8_t class = hwv_key_class(key);
    uint8_t shape = class & HWV_CLASS_SHAPE;
    uint32_t hash = hwv_key_hash(key);
    struct flow_entry *entry = find_entry(table, key, hash);
    size_t domain;

    if (!entry) {
        return ENOENT;
    }
    domain = domain_index(table, class, hwv_key_domain(key));

    announce_change(table, domain, shape);
    cmap_remove(&table->entries, &entry->node, hash);
    ovsrcu_postpone(free, entry);
    if (!--table->n_entries[domain][shape]) {
        withdraw_shape(table, domain, shape);
    }
    return 0;
}

bool
hwv_flow_table_find(const struct hwv_flow_table *table,
                    const struct hwv_key *key, struct hwv_flow_value *value)
{
    const struct flow_entry *entry = find_entry(table, key, hwv_key_hash(key));

    if (!entry) {
        return false;
    }
    *value = entry->value;
    return true;
}

enum hwv_lookup
hwv_flow_table_lookup(const struct hwv_flow_table *table, uint8_t direction,
                      uint32_t domain, const struct hwv_frame *frame,
                      struct hwv_flow_value *value)
{
    uint8_t class = frame->class | direction;
    enum hwv_lookup result;
    uint32_t before, after;
    atomic_uint32_t *state;

    if (!domain_valid(table, direction, domain)) {
        return HWV_LOOKUP_NONE;
    }
    if (direction & HWV_CLASS_RX) {
        class &= ~HWV_CLASS_ECN;
    }

    state = &table->states[domain_index(table, direction, domain)];
    atomic_read_explicit(state, &after, memory_order_acquire);
    do {
        before = after;
        result = probe_shapes(table, before & STATE_SHAPES, domain, frame,
                              class, value);

        /* Keeps the second reading behind the probes. */
        atomic_thread_fence(memory_order_acquire);
        atomic_read_explicit(state, &after, memory_order_acquire);
    } while (OVS_UNLIKELY(before != after));

    return result;
}

uint32_t
hwv_flow_table_count(const struct hwv_flow_table *table)
{
    return cmap_count(&table->entries);
}

uint32_t
hwv_flow_table_max(const struct hwv_flow_table *table)
{
    return table->max_flows;
}

void
hwv_flow_table_for_each(const struct hwv_flow_table *table,
                        void (*cb)(const struct hwv_key *,
                                   const struct hwv_flow_value *, void *aux),
                        void *aux)
{
    const struct flow_entry *entry;

    CMAP_FOR_EACH (entry, node, &table->entries) {
        cb(&entry->key, &entry->value, aux);
    }
}

static void
flow_table_free(struct hwv_flow_table *table)
{
    struct flow_entry *entry;

    CMAP_FOR_EACH (entry, node, &table->entries) {
        free(entry);
    }
    cmap_destroy(&table->entries);
    free(table->states);
    free(table->n_entries);
    free(table);
}

static struct flow_entry *
flow_entry_create(const struct hwv_key *key,
                  const struct hwv_flow_value *value)
{
    struct flow_entry init = { .key = *key, .value = *value };

    return xmemdup(&init, sizeof init);
}

static struct flow_entry *
find_entry(const struct hwv_flow_table *table, const struct hwv_key *key,
           uint32_t hash)
{
    struct flow_entry *entry;

    CMAP_FOR_EACH_WITH_HASH (entry, node, hash, &table->entries) {
        if (hwv_key_equal(&entry->key, key)) {
            return entry;
        }
    }
    return NULL;
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

/* To be called after the last entry of 'shape' in 'domain' is removed. */
static void
withdraw_shape(struct hwv_flow_table *table, size_t domain, uint8_t shape)
{
    uint32_t state;

    atomic_read_relaxed(&table->states[domain], &state);
    state &= ~STATE_SHAPE(shape);
    atomic_store_explicit(&table->states[domain], state, memory_order_release);
}

static enum hwv_lookup
probe_shapes(const struct hwv_flow_table *table, uint32_t shapes,
             uint32_t domain, const struct hwv_frame *frame, uint8_t class,
             struct hwv_flow_value *value)
{
    /* Most MACs first: the first that is found is the answer. */
    static const uint8_t order[HWV_N_SHAPES] = {
        HWV_CLASS_DMAC | HWV_CLASS_SMAC, HWV_CLASS_DMAC, HWV_CLASS_SMAC, 0,
    };
    const struct flow_entry *found = NULL;

    for (int i = 0; i < HWV_N_SHAPES; i++) {
        const struct flow_entry *entry;
        struct hwv_key key;

        if (!(shapes & STATE_SHAPE(order[i]))) {
            continue;
        }
        key = hwv_key_make(domain, frame->dmac, frame->smac,
                           class | order[i]);
        entry = find_entry(table, &key, hwv_key_hash(&key));
        if (!entry) {
            continue;
        }
        if (!found) {
            found = entry;
        } else if (!hwv_flow_value_equal(&entry->value, &found->value)) {
            return HWV_LOOKUP_AMBIGUOUS;
        }
    }

    if (!found) {
        return HWV_LOOKUP_NONE;
    }
    *value = found->value;
    return HWV_LOOKUP_HIT;
}
