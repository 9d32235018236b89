/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FLOW_TABLE_H
#define HWV_FLOW_TABLE_H 1

/* Flow table
 * ==========
 *
 * The MAC forwarding table: flow key -> what to do, and the counter to count
 * it on.  Readers are lock-free and see each entry whole, old or new.
 *
 * The flows of a domain (a VF, a source, a VLAN tag) may match different MACs
 * ("shapes").  The table knows which shapes a domain has and a lookup tries
 * each of them; where several entries are found and say different things, the
 * packet is ambiguous and nothing is returned.
 *
 * Thread-safety: lookups from any thread within an RCU read-side section; one
 * writer at a time (the caller's lock). */

#include <stdbool.h>
#include <stdint.h>

#include "hwv-flow-map.h"
#include "hwv-frame.h"
#include "hwv-key.h"
#include "hwv-vector.h"
#include "ovs-atomic.h"
#include "util.h"

struct hwv_flow_table;

/* Do 'a' and 'b' send a packet the same way?  The counter does not matter. */
bool hwv_flow_value_equal(const struct hwv_flow_value *a,
                          const struct hwv_flow_value *b);

enum hwv_lookup {
    HWV_LOOKUP_HIT,
    HWV_LOOKUP_NONE,            /* No entry. */
    HWV_LOOKUP_AMBIGUOUS,       /* Entries of several shapes disagree. */
};

/* Creates a table of at most 'max_flows' entries, for domains less than
 * 'max_domains' (at most HWV_DOMAIN_TAGGED) in either direction, and for those
 * of VLAN tags on receive. */
struct hwv_flow_table *hwv_flow_table_create(uint32_t max_flows,
                                             uint32_t max_domains);

/* Frees 'table' after an RCU grace period. */
void hwv_flow_table_destroy(struct hwv_flow_table *table);

/* Inserts 'key' -> '*value' or replaces the value that 'key' has.  Returns 0,
 * or ENOSPC if the table is full (a replacement never fails), or ERANGE if the
 * key's domain is out of range. */
int hwv_flow_table_set(struct hwv_flow_table *table, const struct hwv_key *key,
                       const struct hwv_flow_value *value);

/* Removes 'key'.  Returns 0, or ENOENT if it is not there. */
int hwv_flow_table_remove(struct hwv_flow_table *table,
                          const struct hwv_key *key);

/* Copies the value of exactly 'key' into '*value'.  Returns true if there is
 * one. */
bool hwv_flow_table_find(const struct hwv_flow_table *table,
                         const struct hwv_key *key,
                         struct hwv_flow_value *value);

/* Number of entries, and the limit. */
uint32_t hwv_flow_table_count(const struct hwv_flow_table *table);
uint32_t hwv_flow_table_max(const struct hwv_flow_table *table);

/* Calls 'cb' for each entry.  For the writer only. */
void hwv_flow_table_for_each(const struct hwv_flow_table *table,
                             void (*cb)(const struct hwv_key *,
                                        const struct hwv_flow_value *,
                                        void *aux),
                             void *aux);

/* The data path's lookup, of the frames of a burst, in steps, so that all its
 * cache lines can be fetched before it looks at the first, and within one RCU
 * read-side section:
 *
 *    1. hwv_flow_lookups_init().
 *    2. hwv_flow_lookups_add() for each frame, at most NETDEV_MAX_BURST, which
 *       has been parsed into hwv_flow_lookups_frame().
 *    3. hwv_flow_lookups_start().
 *    4. hwv_flow_lookups_finish() for each, by its number.
 *
 * The essay in hwv-flow-table.c has what a domain's state is about. */

struct hwv_flow_table {
    struct hwv_flow_map map;
    uint32_t max_domains;

    /* Per domain, see hwv_flow_domain_index(): 20 bytes for each domain and
     * direction, of which the data path reads 4.  Pages of domains that are
     * never used take no memory. */
    atomic_uint32_t *states;
    uint32_t (*n_entries)[HWV_N_SHAPES];    /* Writer only: by shape. */
};

#define HWV_STATE_SHAPE(SHAPE) (UINT32_C(1) << (SHAPE))
#define HWV_STATE_SHAPES (HWV_STATE_SHAPE(HWV_N_SHAPES) - 1)

/* A domain, as lookups have found it. */
struct hwv_flow_domain {
    uint32_t id;
    uint8_t direction;          /* 0, or HWV_CLASS_RX: then the frame's ECN
                                 * bits do not matter. */
    uint8_t class_mask;         /* Of the frame's class, what matters. */
    uint32_t before;            /* Its state then. */
    atomic_uint32_t *state;     /* NULL if there is no such domain. */
    struct hwv_key mask;        /* Of the MACs, what matters: those of the
                                 * first shape that the domain has. */
    struct hwv_key key;         /* All but the MACs and the frame's class. */
};

struct hwv_flow_lookups {
    const struct hwv_flow_table *table;
    const struct hwv_flow_buckets *buckets;
    struct hwv_flow_domain domains[NETDEV_MAX_BURST];
    size_t n_domains;

    /* Of each frame: */
    struct hwv_frame frames[NETDEV_MAX_BURST];
    const struct hwv_flow_domain *domain[NETDEV_MAX_BURST];
    struct hwv_flow_keys keys;  /* For the first shape of its domain. */
    size_t n;
};

/* Index into the arrays by domain: first those of VFs, then of sources, then
 * of VLAN tags. */
static inline size_t
hwv_flow_domain_index(const struct hwv_flow_table *table, uint8_t direction,
                      uint32_t domain)
{
    if (OVS_UNLIKELY(domain >= HWV_DOMAIN_TAGGED)) {
        return (2 * (size_t) table->max_domains
                + (domain - HWV_DOMAIN_TAGGED));
    }
    return (domain
            + (direction & HWV_CLASS_RX ? (size_t) table->max_domains : 0));
}

/* Reads the state of the domain that 'domain' names. */
void hwv_flow_domain_read(const struct hwv_flow_table *table,
                          struct hwv_flow_domain *domain);

static inline void
hwv_flow_lookups_init(struct hwv_flow_lookups *lookups,
                      const struct hwv_flow_table *table)
{
    lookups->table = table;
    lookups->n_domains = 0;
    lookups->n = 0;
}

/* Returns where the next frame is to be parsed into. */
static inline struct hwv_frame *
hwv_flow_lookups_frame(struct hwv_flow_lookups *lookups)
{
    return &lookups->frames[lookups->n];
}

/* Returns the domain 'id' of 'direction': where the frame before was of the
 * same one, as that has found it. */
static inline const struct hwv_flow_domain *
hwv_flow_lookups_domain(struct hwv_flow_lookups *lookups, uint8_t direction,
                        uint32_t id)
{
    size_t n = lookups->n_domains;
    struct hwv_flow_domain *domain;

    if (n) {
        domain = &lookups->domains[n - 1];
        if (domain->id == id && domain->direction == direction) {
            return domain;
        }
    }
    domain = &lookups->domains[n];
    domain->id = id;
    domain->direction = direction;
    hwv_flow_domain_read(lookups->table, domain);
    lookups->n_domains++;
    return domain;
}

/* Looks up the frame behind the last one in the domain 'id' of 'direction'. */
static inline void
hwv_flow_lookups_add(struct hwv_flow_lookups *lookups, uint8_t direction,
                     uint32_t id)
{
    const struct hwv_flow_domain *domain
        = hwv_flow_lookups_domain(lookups, direction, id);
    size_t i = lookups->n++;
    const struct hwv_frame *frame = &lookups->frames[i];
    uint64_t class = frame->class & domain->class_mask;

    lookups->domain[i] = domain;
    lookups->keys.dst[i] = (frame->dmac & domain->mask.dst) | domain->key.dst;
    lookups->keys.src[i] = ((frame->smac & domain->mask.src)
                            | domain->key.src | class << 56);
}

/* Has the processor fetch the buckets where the answers are.  (Where a domain
 * has several shapes, the others' are not fetched in advance: most domains
 * have one.)  The buckets are taken after all states have been read: entries
 * of a domain that have changed since are not in older ones, while its state
 * would not tell. */
static inline void
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

/* Finishes a lookup in a domain with several shapes, or which has changed
 * since the lookup began. */
enum hwv_lookup hwv_flow_lookups_finish_slowly(
    const struct hwv_flow_lookups *lookups, size_t i,
    struct hwv_flow_value *value);

/* Returns the answer to lookup 'i'.  On HWV_LOOKUP_HIT, '*value' is from the
 * entry that matches the most MACs, the destination MAC rather than the source
 * MAC. */
static inline enum hwv_lookup
hwv_flow_lookups_finish(const struct hwv_flow_lookups *lookups, size_t i,
                        struct hwv_flow_value *value)
{
    const struct hwv_flow_domain *domain = lookups->domain[i];
    uint32_t has = domain->before & HWV_STATE_SHAPES;
    const struct hwv_key key = {
        .dst = lookups->keys.dst[i],
        .src = lookups->keys.src[i],
    };
    uint32_t after;
    bool found;

    if (OVS_UNLIKELY(!has)) {
        return HWV_LOOKUP_NONE;
    }
    if (OVS_UNLIKELY(has & (has - 1))) {
        return hwv_flow_lookups_finish_slowly(lookups, i, value);
    }
    found = hwv_flow_buckets_find(lookups->buckets, lookups->keys.bucket[i],
                                  &key, value);

    /* Keeps the second reading behind the probe. */
    atomic_thread_fence(memory_order_acquire);
    atomic_read_explicit(domain->state, &after, memory_order_acquire);
    if (OVS_UNLIKELY(domain->before != after)) {
        return hwv_flow_lookups_finish_slowly(lookups, i, value);
    }
    return found ? HWV_LOOKUP_HIT : HWV_LOOKUP_NONE;
}

#endif /* hwv-flow-table.h */
