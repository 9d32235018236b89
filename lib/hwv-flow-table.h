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
#include "hwv-frames.h"
#include "hwv-key.h"
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
 *    2. hwv_flow_lookups_add() for each frame that is to be looked up: it is
 *       in that lane of 'frames', parsed, and of a domain that
 *       hwv_flow_lookups_domain() has found.
 *    3. hwv_flow_lookups_start(), behind which no more domains are found: they
 *       would be newer than the buckets.
 *    4. hwv_flow_lookups_finish() for each that has been added.
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
    bool one_shape;             /* Has it exactly one? */
    uint32_t before;            /* Its state then. */
    atomic_uint32_t *state;     /* NULL if there is no such domain. */
    struct hwv_key mask;        /* Of the MACs, what matters: those of the
                                 * first shape that the domain has. */
    struct hwv_key key;         /* All but the MACs and the frame's class. */
};

struct hwv_flow_lookups {
    const struct hwv_flow_table *table;
    const struct hwv_flow_buckets *buckets;
    size_t n;                   /* Lanes. */
    struct hwv_flow_domain domains[NETDEV_MAX_BURST];
    size_t n_domains;
    uint8_t numbers[NETDEV_MAX_BURST];  /* By remainder of the id: the number
                                         * of the last such domain in
                                         * 'domains', plus 1, or 0. */

    /* In each lane: */
    struct hwv_frames frames;
    const struct hwv_flow_domain *domain[NETDEV_MAX_BURST]; /* NULL: nothing is
                                                             * looked up. */
    struct hwv_flow_keys keys;  /* For the first shape of its domain. */
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

/* Makes '*lookups' one for 'n' lanes, at most NETDEV_MAX_BURST, in none of
 * which anything is looked up. */
static inline void
hwv_flow_lookups_init(struct hwv_flow_lookups *lookups,
                      const struct hwv_flow_table *table, size_t n)
{
    lookups->table = table;
    lookups->buckets = NULL;
    lookups->n = n;
    lookups->n_domains = 0;
    memset(lookups->numbers, 0, sizeof lookups->numbers);
    memset(lookups->domain, 0, n * sizeof lookups->domain[0]);
}

/* Returns the domain 'id' of 'direction'.  To be called at most once for each
 * lane, and before hwv_flow_lookups_start().  A domain that has been found for
 * another lane is mostly not read again. */
static inline const struct hwv_flow_domain *
hwv_flow_lookups_domain(struct hwv_flow_lookups *lookups, uint8_t direction,
                        uint32_t id)
{
    const size_t place = id % NETDEV_MAX_BURST;
    const size_t number = lookups->numbers[place];
    struct hwv_flow_domain *domain;

    if (number) {
        domain = &lookups->domains[number - 1];
        if (domain->id == id && domain->direction == direction) {
            return domain;
        }
    }
    ovs_assert(!lookups->buckets);
    domain = &lookups->domains[lookups->n_domains++];
    domain->id = id;
    domain->direction = direction;
    hwv_flow_domain_read(lookups->table, domain);
    lookups->numbers[place] = lookups->n_domains;
    return domain;
}

/* Has the frame of lane 'i' looked up in 'domain'. */
static inline void
hwv_flow_lookups_add(struct hwv_flow_lookups *lookups, size_t i,
                     const struct hwv_flow_domain *domain)
{
    const struct hwv_frames *frames = &lookups->frames;
    uint64_t class = frames->class[i] & domain->class_mask;

    lookups->domain[i] = domain;
    lookups->keys.dst[i] = ((frames->dmac[i] & domain->mask.dst)
                            | domain->key.dst);
    lookups->keys.src[i] = ((frames->smac[i] & domain->mask.src)
                            | domain->key.src | class << 56);
}

/* Has the processor fetch the buckets where the answers are. */
void hwv_flow_lookups_start(struct hwv_flow_lookups *lookups);

/* Finishes a lookup in a domain that has several shapes, or that has changed
 * since the lookup began. */
enum hwv_lookup hwv_flow_lookups_finish_slowly(
    const struct hwv_flow_lookups *lookups, size_t i,
    struct hwv_flow_value *value);

/* Returns the answer for lane 'i', to which something has been added.  On
 * HWV_LOOKUP_HIT, '*value' is from the entry that matches the most MACs, the
 * destination MAC rather than the source MAC. */
static inline ALWAYS_INLINE enum hwv_lookup
hwv_flow_lookups_finish(const struct hwv_flow_lookups *lookups, size_t i,
                        struct hwv_flow_value *value)
{
    const struct hwv_flow_domain *domain = lookups->domain[i];
    const struct hwv_key key = {
        .dst = lookups->keys.dst[i],
        .src = lookups->keys.src[i],
    };
    uint32_t after;
    bool found;

    if (OVS_UNLIKELY(!domain->one_shape)) {
        return !(domain->before & HWV_STATE_SHAPES)
               ? HWV_LOOKUP_NONE
               : hwv_flow_lookups_finish_slowly(lookups, i, value);
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
