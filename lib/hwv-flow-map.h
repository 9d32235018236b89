/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FLOW_MAP_H
#define HWV_FLOW_MAP_H 1

/* Flow map
 * ========
 *
 * Flow key -> flow value, for the flow table: a hash table that is made for
 * the data path's lookup, which touches one cache line where it can.
 *
 * A bucket is a cache line with room for two entries, keys and values.  What
 * finds its own bucket full goes to the next one that has room, and each
 * bucket counts the entries that have passed it: a lookup goes on to the next
 * bucket only where that count is not zero.  Entries stay where they are until
 * they are removed, or until the map grows: then there are new buckets, and
 * the old ones are freed after an RCU grace period.
 *
 * Full means two thirds: 48 bytes for each entry then, and less than 1.5
 * cache lines on average for each that is found (tests/test-hwv-flow-map.c).
 *
 * Which bucket is a key's own is secret (hwv-hash.h).
 *
 * Thread-safety: lookups from any thread within an RCU read-side section; one
 * writer at a time (the caller's lock).  A lookup sees each entry whole, old
 * or new, and waits for a writer that is just then in the same bucket. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dp-packet.h"
#include "hwv-hash.h"
#include "hwv-key.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "util.h"

enum hwv_output {
    HWV_OUT_DROP,               /* Nowhere. */
    HWV_OUT_VF,                 /* VF 'vf', as it is: on receive after
                                 * decapsulation, or without its tag. */
    HWV_OUT_UPLINK,             /* The uplink, as it is. */
    HWV_OUT_VLAN,               /* The uplink, with a VLAN tag of 'tci'. */
    HWV_OUT_TUNNEL,             /* The uplink, encapsulated with 'tunnel'. */
};

struct hwv_flow_value {
    enum hwv_output output;
    uint32_t vni;               /* HWV_OUT_TUNNEL: 24-bit VNI, otherwise 0. */
    union {
        uint32_t target;        /* Any of these. */
        uint32_t vf;            /* HWV_OUT_VF. */
        uint32_t tci;           /* HWV_OUT_VLAN: priority and VLAN id in host
                                 * byte order, DEI 0. */
        uint32_t tunnel;        /* HWV_OUT_TUNNEL: tunnel id. */
    };                          /* 0 for other outputs. */
    uint32_t counter;           /* Slot of a struct hwv_counters. */
};

struct hwv_flow_map {
    OVSRCU_TYPE(struct hwv_flow_buckets *) buckets;
    atomic_uint32_t n;          /* Entries. */
    uint32_t max;
};

/* Makes 'map' an empty one for at most 'max' entries. */
void hwv_flow_map_init(struct hwv_flow_map *map, uint32_t max);

/* Frees what 'map' has, at once: nobody may look into it any longer. */
void hwv_flow_map_destroy(struct hwv_flow_map *map);

/* Returns the number of entries.  From any thread. */
uint32_t hwv_flow_map_count(const struct hwv_flow_map *map);

/* Inserts 'key' -> '*value', or replaces the value that 'key' has.  Returns 0,
 * or ENOSPC if there are 'max' entries and 'key' is not among them. */
int hwv_flow_map_set(struct hwv_flow_map *map, const struct hwv_key *key,
                     const struct hwv_flow_value *value);

/* Removes 'key'.  Returns false if it is not there. */
bool hwv_flow_map_remove(struct hwv_flow_map *map, const struct hwv_key *key);

/* Calls 'cb' for each entry.  For the writer only. */
void hwv_flow_map_for_each(const struct hwv_flow_map *map,
                           void (*cb)(const struct hwv_key *,
                                      const struct hwv_flow_value *,
                                      void *aux),
                           void *aux);

/* The data path's lookup, in steps, so that a burst can have all its cache
 * lines fetched before it looks at the first:
 *
 *    1. hwv_flow_map_get() once.
 *    2. hwv_flow_buckets_start() for each key, or ->find_buckets() of
 *       hwv_vector for all keys of a burst at once: where it is, if it is
 *       there.
 *    3. hwv_flow_buckets_find() for each. */

#define HWV_BUCKET_ENTRIES 2

struct hwv_bucket {
    atomic_uint32_t version;    /* Odd while the writer is here. */
    atomic_uint32_t passed;     /* Entries further on that are due here, or
                                 * came past. */
    struct {
        atomic_uint64_t dst;
        atomic_uint64_t src;
    } keys[HWV_BUCKET_ENTRIES];
    struct {
        atomic_uint32_t what;   /* Output and VNI, 0 if there is no entry. */
        atomic_uint32_t target;
        atomic_uint32_t counter;
    } values[HWV_BUCKET_ENTRIES];
};
BUILD_ASSERT_DECL(sizeof(struct hwv_bucket) == 64);

struct hwv_flow_buckets {
    struct hwv_bucket *array;
    uint32_t n;
    struct hwv_hash_secret secret;
};

/* The keys of a burst, a struct hwv_key in each lane. */
struct hwv_flow_keys {
    uint64_t dst[NETDEV_MAX_BURST];
    uint64_t src[NETDEV_MAX_BURST];
    uint32_t bucket[NETDEV_MAX_BURST];  /* Their own buckets. */
};

/* Returns the buckets of 'map' for lookups until the end of the RCU read-side
 * section. */
static inline const struct hwv_flow_buckets *
hwv_flow_map_get(const struct hwv_flow_map *map)
{
    return ovsrcu_get(struct hwv_flow_buckets *, &map->buckets);
}

/* Returns the bucket of key 'dst', 'src'. */
static inline uint32_t
hwv_flow_buckets_index(const struct hwv_flow_buckets *buckets, uint64_t dst,
                       uint64_t src)
{
    return hwv_hash2(&buckets->secret, dst, src) * buckets->n >> 32;
}

/* Returns the bucket of 'key', and has the processor fetch it. */
static inline uint32_t
hwv_flow_buckets_start(const struct hwv_flow_buckets *buckets,
                       const struct hwv_key *key)
{
    uint32_t bucket = hwv_flow_buckets_index(buckets, key->dst, key->src);

    OVS_PREFETCH(&buckets->array[bucket]);
    return bucket;
}

/* What a probe of one bucket says. */
enum hwv_probe {
    HWV_PROBE_FOUND,
    HWV_PROBE_NONE,             /* Nowhere. */
    HWV_PROBE_PASSED,           /* Not here, but perhaps further on. */
    HWV_PROBE_BUSY,             /* The writer was here. */
};

/* Returns 0 if entry 'i' of bucket 'b' has 'key'. */
static inline ALWAYS_INLINE uint64_t
hwv_bucket_compare(struct hwv_bucket *b, size_t i, const struct hwv_key *key)
{
    uint64_t dst, src;

    atomic_read_relaxed(&b->keys[i].dst, &dst);
    atomic_read_relaxed(&b->keys[i].src, &src);
    return (dst ^ key->dst) | (src ^ key->src);
}

/* Looks for 'key' in bucket 'b'.  Without a branch on which entry it is, which
 * nobody could predict. */
static inline ALWAYS_INLINE enum hwv_probe
hwv_bucket_probe(struct hwv_bucket *b, const struct hwv_key *key,
                 struct hwv_flow_value *value)
{
    uint32_t before, after, passed, what;
    uint64_t differs[HWV_BUCKET_ENTRIES], entry;

    BUILD_ASSERT_DECL(HWV_BUCKET_ENTRIES == 2);

    atomic_read_explicit(&b->version, &before, memory_order_acquire);
    differs[0] = hwv_bucket_compare(b, 0, key);
    differs[1] = hwv_bucket_compare(b, 1, key);

    /* An entry that has been removed, whose 'what' is 0, may still have the
     * key. */
    atomic_read_relaxed(&b->values[1].what, &what);
    entry = !differs[1] & (what != 0);
    differs[0] &= entry - 1;
    atomic_read_relaxed(&b->values[entry].what, &what);
    atomic_read_relaxed(&b->values[entry].target, &value->target);
    atomic_read_relaxed(&b->values[entry].counter, &value->counter);
    atomic_read_relaxed(&b->passed, &passed);

    /* Keeps the second reading behind all the others. */
    atomic_thread_fence(memory_order_acquire);
    atomic_read_relaxed(&b->version, &after);
    if (OVS_UNLIKELY(before & 1 || before != after)) {
        return HWV_PROBE_BUSY;
    }
    if (OVS_UNLIKELY(differs[0] || !what)) {
        return passed ? HWV_PROBE_PASSED : HWV_PROBE_NONE;
    }
    value->output = (what >> 24) - 1;
    value->vni = what & 0xffffff;
    return HWV_PROBE_FOUND;
}

/* Does what hwv_flow_buckets_find() does, also where the answer is not in the
 * key's own bucket. */
bool hwv_flow_buckets_find_slowly(const struct hwv_flow_buckets *buckets,
                                  uint32_t bucket, struct hwv_key key,
                                  struct hwv_flow_value *value);

/* Copies the value of 'key', whose bucket is 'bucket', into '*value'.  Returns
 * false if there is none.  No function but inline ones gets 'key' or 'value',
 * so that both can stay in registers. */
static inline ALWAYS_INLINE bool
hwv_flow_buckets_find(const struct hwv_flow_buckets *buckets, uint32_t bucket,
                      const struct hwv_key *key, struct hwv_flow_value *value)
{
    enum hwv_probe probe = hwv_bucket_probe(&buckets->array[bucket], key,
                                            value);
    struct hwv_flow_value elsewhere;

    if (OVS_LIKELY(probe == HWV_PROBE_FOUND)) {
        return true;
    }
    if (probe == HWV_PROBE_NONE
        || !hwv_flow_buckets_find_slowly(buckets, bucket, *key, &elsewhere)) {
        return false;
    }
    *value = elsewhere;
    return true;
}

#endif /* hwv-flow-map.h */
