/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-flow-map.h"

#include <errno.h>
#include <stdlib.h>

#include "hwv-memory.h"
#include "util.h"

/* Two thirds full are, in terms of entries and buckets of two: */
#define FULL_ENTRIES 4
#define FULL_BUCKETS 3
#define MIN_BUCKETS 64

/* Where an entry is. */
struct place {
    struct hwv_bucket *bucket;
    size_t i;
};

static struct hwv_flow_buckets *buckets_create(
    uint32_t n, const struct hwv_hash_secret *);
static void buckets_free(struct hwv_flow_buckets *);
static void buckets_insert(struct hwv_flow_buckets *, const struct hwv_key *,
                           const struct hwv_flow_value *);
static bool buckets_locate(const struct hwv_flow_buckets *,
                           const struct hwv_key *, struct place *);
static inline uint32_t next_bucket(const struct hwv_flow_buckets *,
                                   uint32_t bucket);
static uint32_t buckets_needed(size_t n_entries);
static void grow(struct hwv_flow_map *);
static inline bool is_used(struct hwv_bucket *, size_t i);
static inline bool has_key(struct hwv_bucket *, size_t i,
                           const struct hwv_key *);
static bool read_entry(struct hwv_bucket *, size_t i, struct hwv_key *,
                       struct hwv_flow_value *);
static void write_key(const struct place *, const struct hwv_key *);
static void write_value(const struct place *, const struct hwv_flow_value *);
static void begin_write(struct hwv_bucket *);
static void end_write(struct hwv_bucket *);
static void add_passed(struct hwv_bucket *, int delta);

static struct hwv_flow_buckets *
buckets_get(const struct hwv_flow_map *map)
{
    return ovsrcu_get_protected(struct hwv_flow_buckets *, &map->buckets);
}

void
hwv_flow_map_init(struct hwv_flow_map *map, uint32_t max)
{
    struct hwv_hash_secret secret;

    hwv_hash_secret_init(&secret);
    atomic_init(&map->n, 0);
    map->max = max;
    ovsrcu_init(&map->buckets,
                buckets_create(MIN(MIN_BUCKETS, buckets_needed(max)),
                               &secret));
}

void
hwv_flow_map_destroy(struct hwv_flow_map *map)
{
    buckets_free(buckets_get(map));
}

uint32_t
hwv_flow_map_count(const struct hwv_flow_map *map)
{
    uint32_t n;

    atomic_read_relaxed(&CONST_CAST(struct hwv_flow_map *, map)->n, &n);
    return n;
}

int
hwv_flow_map_set(struct hwv_flow_map *map, const struct hwv_key *key,
                 const struct hwv_flow_value *value)
{
    const uint32_t n = hwv_flow_map_count(map);
    struct place place;

    if (buckets_locate(buckets_get(map), key, &place)) {
        begin_write(place.bucket);
        write_value(&place, value);
        end_write(place.bucket);
        return 0;
    }
    if (n >= map->max) {
        return ENOSPC;
    }
    if (buckets_needed(n + 1) > buckets_get(map)->n) {
        grow(map);
    }
    buckets_insert(buckets_get(map), key, value);
    atomic_store_relaxed(&map->n, n + 1);
    return 0;
}

bool
hwv_flow_map_remove(struct hwv_flow_map *map, const struct hwv_key *key)
{
    struct hwv_flow_buckets *buckets = buckets_get(map);
    uint32_t i = hwv_flow_buckets_start(buckets, key);
    struct place place;

    if (!buckets_locate(buckets, key, &place)) {
        return false;
    }
    begin_write(place.bucket);
    atomic_store_relaxed(&place.bucket->values[place.i].what, 0);
    end_write(place.bucket);
    for (; &buckets->array[i] != place.bucket; i = next_bucket(buckets, i)) {
        add_passed(&buckets->array[i], -1);
    }
    atomic_store_relaxed(&map->n, hwv_flow_map_count(map) - 1);
    return true;
}

/* In the end it comes back to where it began: entries that passed all buckets
 * but one may have outlived those that were in their way. */
bool
hwv_flow_buckets_find_slowly(const struct hwv_flow_buckets *buckets,
                             uint32_t bucket, struct hwv_key key,
                             struct hwv_flow_value *value)
{
    for (uint32_t left = buckets->n; left;) {
        switch (hwv_bucket_probe(&buckets->array[bucket], &key, value)) {
        case HWV_PROBE_FOUND:
            return true;
        case HWV_PROBE_NONE:
            return false;
        case HWV_PROBE_PASSED:
            bucket = next_bucket(buckets, bucket);
            left--;
            break;
        case HWV_PROBE_BUSY:
            break;
        }
    }
    return false;
}

void
hwv_flow_map_for_each(const struct hwv_flow_map *map,
                      void (*cb)(const struct hwv_key *,
                                 const struct hwv_flow_value *, void *aux),
                      void *aux)
{
    const struct hwv_flow_buckets *buckets = hwv_flow_map_get(map);

    for (uint32_t b = 0; b < buckets->n; b++) {
        for (size_t i = 0; i < HWV_BUCKET_ENTRIES; i++) {
            struct hwv_flow_value value;
            struct hwv_key key;

            if (read_entry(&buckets->array[b], i, &key, &value)) {
                cb(&key, &value, aux);
            }
        }
    }
}

static struct hwv_flow_buckets *
buckets_create(uint32_t n, const struct hwv_hash_secret *secret)
{
    struct hwv_flow_buckets *buckets = xmalloc(sizeof *buckets);

    buckets->array = hwv_memory_alloc(n * sizeof *buckets->array);
    buckets->n = n;
    buckets->secret = *secret;
    return buckets;
}

static void
buckets_free(struct hwv_flow_buckets *buckets)
{
    hwv_memory_free(buckets->array);
    free(buckets);
}

/* Adds 'key', which is not there.  The order matters to lookups: who sees the
 * entry further on has to see that it passed. */
static void
buckets_insert(struct hwv_flow_buckets *buckets, const struct hwv_key *key,
               const struct hwv_flow_value *value)
{
    uint32_t i = hwv_flow_buckets_start(buckets, key);

    for (;; i = next_bucket(buckets, i)) {
        struct hwv_bucket *b = &buckets->array[i];
        struct place place = { .bucket = b, .i = is_used(b, 0) };

        if (!is_used(b, place.i)) {
            begin_write(b);
            write_key(&place, key);
            write_value(&place, value);
            end_write(b);
            return;
        }
        add_passed(b, 1);
    }
}

/* Stores where 'key' is into '*place'.  Returns false if it is nowhere. */
static bool
buckets_locate(const struct hwv_flow_buckets *buckets,
               const struct hwv_key *key, struct place *place)
{
    uint32_t i = hwv_flow_buckets_start(buckets, key);
    uint32_t passed;

    for (uint32_t left = buckets->n; left; left--) {
        struct hwv_bucket *b = &buckets->array[i];
        bool first = has_key(b, 0, key);
        bool second = has_key(b, 1, key);

        if (first | second) {
            *place = (struct place) { .bucket = b, .i = second };
            return true;
        }
        atomic_read_relaxed(&b->passed, &passed);
        if (!passed) {
            break;
        }
        i = next_bucket(buckets, i);
    }
    return false;
}

static inline uint32_t
next_bucket(const struct hwv_flow_buckets *buckets, uint32_t bucket)
{
    return bucket + 1 < buckets->n ? bucket + 1 : 0;
}

static uint32_t
buckets_needed(size_t n_entries)
{
    return DIV_ROUND_UP(n_entries * FULL_BUCKETS, FULL_ENTRIES);
}

/* Gives 'map' buckets for twice as many entries as it has, or for the most it
 * may have. */
static void
grow(struct hwv_flow_map *map)
{
    struct hwv_flow_buckets *old = buckets_get(map);
    size_t n = MIN(2 * ((size_t) hwv_flow_map_count(map) + 1), map->max);
    struct hwv_flow_buckets *new = buckets_create(buckets_needed(n),
                                                  &old->secret);

    for (uint32_t b = 0; b < old->n; b++) {
        for (size_t i = 0; i < HWV_BUCKET_ENTRIES; i++) {
            struct hwv_flow_value value;
            struct hwv_key key;

            if (read_entry(&old->array[b], i, &key, &value)) {
                buckets_insert(new, &key, &value);
            }
        }
    }
    ovsrcu_set(&map->buckets, new);
    ovsrcu_postpone(buckets_free, old);
}

/* These are for the writer, who needs not look at the version.  Nor do they
 * branch on what nobody could predict, so that the processor goes on to what
 * the caller wants next while it waits for the bucket. */

static inline bool
is_used(struct hwv_bucket *b, size_t i)
{
    uint32_t what;

    atomic_read_relaxed(&b->values[i].what, &what);
    return what != 0;
}

static inline bool
has_key(struct hwv_bucket *b, size_t i, const struct hwv_key *key)
{
    return !(hwv_bucket_compare(b, i, key) | !is_used(b, i));
}

/* Returns false if there is no such entry. */
static bool
read_entry(struct hwv_bucket *b, size_t i, struct hwv_key *key,
           struct hwv_flow_value *value)
{
    uint32_t what;

    atomic_read_relaxed(&b->values[i].what, &what);
    if (!what) {
        return false;
    }
    atomic_read_relaxed(&b->keys[i].dst, &key->dst);
    atomic_read_relaxed(&b->keys[i].src, &key->src);
    atomic_read_relaxed(&b->values[i].target, &value->target);
    atomic_read_relaxed(&b->values[i].counter, &value->counter);
    value->output = (what >> 24) - 1;
    value->vni = what & 0xffffff;
    return true;
}

static void
write_key(const struct place *place, const struct hwv_key *key)
{
    struct hwv_bucket *b = place->bucket;

    atomic_store_relaxed(&b->keys[place->i].dst, key->dst);
    atomic_store_relaxed(&b->keys[place->i].src, key->src);
}

static void
write_value(const struct place *place, const struct hwv_flow_value *value)
{
    struct hwv_bucket *b = place->bucket;

    atomic_store_relaxed(&b->values[place->i].what,
                         ((uint32_t) value->output + 1) << 24 | value->vni);
    atomic_store_relaxed(&b->values[place->i].target, value->target);
    atomic_store_relaxed(&b->values[place->i].counter, value->counter);
}

/* Between this and end_write() lookups wait. */
static void
begin_write(struct hwv_bucket *b)
{
    uint32_t version;

    atomic_read_relaxed(&b->version, &version);
    atomic_store_relaxed(&b->version, version + 1);
    atomic_thread_fence(memory_order_release);
}

static void
end_write(struct hwv_bucket *b)
{
    uint32_t version;

    atomic_read_relaxed(&b->version, &version);
    atomic_store_explicit(&b->version, version + 1, memory_order_release);
}

static void
add_passed(struct hwv_bucket *b, int delta)
{
    uint32_t passed;

    atomic_read_relaxed(&b->passed, &passed);
    atomic_store_explicit(&b->passed, passed + delta, memory_order_release);
}
