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
 *       in that lane of 'frames', and parsed; or hwv_flow_lookups_add_all().
 *    3. hwv_flow_lookups_start(), behind which no more are added: their
 *       domains would be newer than the buckets.
 *    4. hwv_flow_lookups_finish() for each that has been added.
 *
 * The essay in hwv-flow-table.c has what a domain's state is about. */

struct hwv_flow_table {
    struct hwv_flow_map map;
    uint32_t max_domains;

    /* Per domain, see hwv_flow_table_state(): 20 bytes for each domain and
     * direction, of which the data path reads 4.  Pages of domains that are
     * never used take no memory. */
    atomic_uint32_t *states;
    uint32_t (*n_entries)[HWV_N_SHAPES];    /* Writer only: by shape. */
};

#define HWV_STATE_SHAPE(SHAPE) (UINT32_C(1) << (SHAPE))
#define HWV_STATE_SHAPES (HWV_STATE_SHAPE(HWV_N_SHAPES) - 1)

/* What is the same for all domains that have the same shapes. */
struct hwv_flow_shapes {
    bool one;                   /* Exactly one? */
    uint8_t class_mask;         /* Of a frame's class, what matters: on receive
                                 * not its ECN bits. */
    uint64_t dmac_mask;         /* Of its MACs, what matters to the first */
    uint64_t smac_mask;         /* of the shapes. */
    uint64_t class;             /* HWV_CLASS_RX or 0, and the first shape,
                                 * where a key has its class. */
};

/* By whether it is on receive, and by HWV_STATE_SHAPES of a state. */
extern const struct hwv_flow_shapes
    hwv_flow_shapes[2][HWV_STATE_SHAPES + 1];

/* What is the same for all lookups in a domain. */
struct hwv_flow_domain {
    atomic_uint32_t *state;
    uint32_t before;            /* What that was. */
    const struct hwv_flow_shapes *shapes;       /* What that means. */
    struct hwv_key key;         /* Of all keys, apart from what the frame
                                 * has. */
};

struct hwv_flow_lookups {
    const struct hwv_flow_table *table;
    const struct hwv_flow_buckets *buckets;
    size_t n;                   /* Lanes. */

    /* In each lane: */
    struct hwv_frames frames;
    const struct hwv_flow_shapes *shapes[NETDEV_MAX_BURST]; /* Of the frame's
                                                             * domain; NULL: it
                                                             * is not looked
                                                             * up. */
    atomic_uint32_t *states[NETDEV_MAX_BURST];  /* Of the domain. */
    uint32_t before[NETDEV_MAX_BURST];          /* What that was. */
    struct hwv_flow_keys keys;  /* For the first shape. */
};

/* The state of domains that do not exist: 0. */
extern const atomic_uint32_t hwv_flow_no_state;

/* Returns the state of 'domain' in 'direction' (0 or HWV_CLASS_RX).  The array
 * has those of VFs, then of sources, then of VLAN tags. */
static inline atomic_uint32_t *
hwv_flow_table_state(const struct hwv_flow_table *table, uint8_t direction,
                     uint32_t domain)
{
    if (OVS_LIKELY(domain < table->max_domains)) {
        return &table->states[domain + (direction ? table->max_domains : 0)];
    }
    domain -= HWV_DOMAIN_TAGGED;
    return (direction && domain < HWV_N_DOMAINS_TAGGED
            ? &table->states[2 * (size_t) table->max_domains + domain]
            : CONST_CAST(atomic_uint32_t *, &hwv_flow_no_state));
}

/* Makes '*lookups' one for 'n' lanes, at most NETDEV_MAX_BURST, in none of
 * which anything is looked up. */
static inline void
hwv_flow_lookups_init(struct hwv_flow_lookups *lookups,
                      const struct hwv_flow_table *table, size_t n)
{
    lookups->table = table;
    lookups->n = n;
    memset(lookups->shapes, 0, n * sizeof lookups->shapes[0]);
}

/* Returns 'domain' of 'direction' (0 or HWV_CLASS_RX) as it is now. */
static inline struct hwv_flow_domain
hwv_flow_domain_read(const struct hwv_flow_table *table, uint8_t direction,
                     uint32_t domain)
{
    struct hwv_flow_domain d = {
        .state = hwv_flow_table_state(table, direction, domain),
        .key = hwv_key_from_words(domain, 0, 0, 0),
    };

    atomic_read_explicit(d.state, &d.before, memory_order_acquire);
    d.shapes = &hwv_flow_shapes[direction != 0][d.before & HWV_STATE_SHAPES];
    d.key.src |= d.shapes->class;
    return d;
}

/* The two halves of a lookup of lane 'i' in 'domain': what is the same for all
 * its lookups, and the key.  'shapes' are those of 'domain', or a copy, for
 * vector code, which must know that they do not change meanwhile. */
static inline ALWAYS_INLINE void
hwv_flow_lookups_put_domain(struct hwv_flow_lookups *lookups, size_t i,
                            const struct hwv_flow_domain *domain)
{
    lookups->shapes[i] = domain->shapes;
    lookups->states[i] = domain->state;
    lookups->before[i] = domain->before;
}

static inline ALWAYS_INLINE void
hwv_flow_lookups_put_key(struct hwv_flow_lookups *lookups, size_t i,
                         const struct hwv_flow_domain *domain,
                         const struct hwv_flow_shapes *shapes)
{
    const struct hwv_frames *frames = &lookups->frames;
    uint64_t class = frames->class[i] & shapes->class_mask;

    lookups->keys.dst[i] = ((frames->dmac[i] & shapes->dmac_mask)
                            | domain->key.dst);
    lookups->keys.src[i] = ((frames->smac[i] & shapes->smac_mask)
                            | domain->key.src | class << 56);
}

/* Has the frame of lane 'i' looked up in 'domain' of 'direction' (0 or
 * HWV_CLASS_RX). */
static inline void
hwv_flow_lookups_add(struct hwv_flow_lookups *lookups, size_t i,
                     uint8_t direction, uint32_t domain)
{
    const struct hwv_flow_domain d
        = hwv_flow_domain_read(lookups->table, direction, domain);

    hwv_flow_lookups_put_domain(lookups, i, &d);
    hwv_flow_lookups_put_key(lookups, i, &d, d.shapes);
}

/* Has the frames of all lanes looked up in one domain. */
static inline void
hwv_flow_lookups_add_all(struct hwv_flow_lookups *lookups, uint8_t direction,
                         uint32_t domain)
{
    const struct hwv_flow_domain d
        = hwv_flow_domain_read(lookups->table, direction, domain);

    hwv_vector->add_all(lookups, &d, lookups->n);
}

/* Does not have anything looked up in lane 'i'. */
static inline void
hwv_flow_lookups_skip(struct hwv_flow_lookups *lookups, size_t i)
{
    lookups->shapes[i] = NULL;
}

/* Returns the direction of lane 'i'. */
static inline uint8_t
hwv_flow_lookups_direction(const struct hwv_flow_lookups *lookups, size_t i)
{
    return lookups->keys.src[i] >> 56 & HWV_CLASS_RX;
}

/* Has the processor fetch the buckets where the answers are. */
void hwv_flow_lookups_start(struct hwv_flow_lookups *lookups);

/* Finishes a lookup in a domain that has several shapes, or that has changed
 * since the lookup began. */
enum hwv_lookup hwv_flow_lookups_finish_slowly(
    const struct hwv_flow_lookups *lookups, size_t i,
    struct hwv_flow_value *value);

/* Returns the answer for lane 'i', which has been added.  On HWV_LOOKUP_HIT,
 * '*value' is from the entry that matches the most MACs, the destination MAC
 * rather than the source MAC. */
static inline ALWAYS_INLINE enum hwv_lookup
hwv_flow_lookups_finish(const struct hwv_flow_lookups *lookups, size_t i,
                        struct hwv_flow_value *value)
{
    const struct hwv_key key = {
        .dst = lookups->keys.dst[i],
        .src = lookups->keys.src[i],
    };
    struct hwv_flow_value other;
    enum hwv_lookup result;

    if (OVS_LIKELY(lookups->shapes[i]->one)) {
        bool found = hwv_flow_buckets_find(lookups->buckets,
                                           lookups->keys.bucket[i], &key,
                                           value);
        uint32_t after;

        /* Keeps the second reading behind the probe. */
        atomic_thread_fence(memory_order_acquire);
        atomic_read_explicit(lookups->states[i], &after, memory_order_acquire);
        if (OVS_LIKELY(lookups->before[i] == after)) {
            return found ? HWV_LOOKUP_HIT : HWV_LOOKUP_NONE;
        }
    } else if (!(lookups->before[i] & HWV_STATE_SHAPES)) {
        return HWV_LOOKUP_NONE;
    }
    result = hwv_flow_lookups_finish_slowly(lookups, i, &other);
    if (result == HWV_LOOKUP_HIT) {
        *value = other;
    }
    return result;
}

#endif /* hwv-flow-table.h */
