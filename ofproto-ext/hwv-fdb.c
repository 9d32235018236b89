/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb.h"

#include <stdlib.h>
#include <string.h>

#include "hwv-fdb-private.h"
#include "random.h"
#include "util.h"

static size_t segment_flush(struct hwv_fdb *, struct fdb_segment *,
                            enum hwv_fdb_origin, const struct hwv_fdb_dst *);
static size_t flush(struct hwv_fdb *, const struct hwv_vtag *,
                    enum hwv_fdb_origin, const struct hwv_fdb_dst *);
static void queue_put(struct fdb_queue *, const struct fdb_change *);

const char *
hwv_fdb_origin_name(enum hwv_fdb_origin origin)
{
    switch (origin) {
    case HWV_FDB_LEARNED: return "learned";
    case HWV_FDB_KERNEL: return "kernel";
    case HWV_FDB_CONFIG: return "config";
    case HWV_FDB_STATIC: return "static";
    case HWV_FDB_LOCAL: return "local";
    case HWV_FDB_N_ORIGINS:
    default: OVS_NOT_REACHED();
    }
}

struct hwv_fdb_dst
hwv_fdb_dst_vtep(const struct in6_addr *vtep)
{
    return (struct hwv_fdb_dst) { .vtep = *vtep, .port = OFPP_NONE };
}

struct hwv_fdb_dst
hwv_fdb_dst_port(ofp_port_t port)
{
    return (struct hwv_fdb_dst) { .vtep = in6addr_any, .port = port };
}

bool
hwv_fdb_dst_is_local(const struct hwv_fdb_dst *dst)
{
    return !ipv6_addr_is_set(&dst->vtep);
}

bool
hwv_fdb_dst_equal(const struct hwv_fdb_dst *a, const struct hwv_fdb_dst *b)
{
    return a->port == b->port && ipv6_addr_equals(&a->vtep, &b->vtep);
}

struct hwv_fdb *
hwv_fdb_create(long long int (*now)(void))
{
    struct hwv_fdb *fdb = xzalloc(sizeof *fdb);

    hmap_init(&fdb->segments);
    hmap_init(&fdb->places);
    fdb->now = now;
    fdb->basis = random_uint32();
    fdb->settings = (struct hwv_fdb_settings) HWV_FDB_SETTINGS_DEFAULT;
    fdb_learned_init(fdb);
    return fdb;
}

void
hwv_fdb_destroy(struct hwv_fdb *fdb)
{
    struct fdb_segment *segment;

    if (!fdb) {
        return;
    }
    HMAP_FOR_EACH_SAFE (segment, node, &fdb->segments) {
        fdb_clear_entries(fdb, segment);
        fdb_clear_floods(segment);
        fdb_put_segment(fdb, segment);
    }
    ovs_assert(hmap_is_empty(&fdb->places));
    hmap_destroy(&fdb->places);
    hmap_destroy(&fdb->segments);
    free(fdb->queue.items);
    free(fdb);
}

const struct hwv_vtag *
hwv_fdb_next_vtag(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag)
{
    struct hmap_node *node;

    if (vtag) {
        const struct fdb_segment *segment;

        segment = CONTAINER_OF(vtag, struct fdb_segment, vtag);
        node = hmap_next(&fdb->segments, &segment->node);
    } else {
        node = hmap_first(&fdb->segments);
    }
    return node ? &CONTAINER_OF(node, struct fdb_segment, node)->vtag : NULL;
}

size_t
hwv_fdb_flush(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
              enum hwv_fdb_origin origin)
{
    return flush(fdb, vtag, origin, NULL);
}

size_t
hwv_fdb_flush_dst(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                  const struct hwv_fdb_dst *dst)
{
    return flush(fdb, vtag, HWV_FDB_LEARNED, dst);
}

bool
hwv_fdb_next_change(struct hwv_fdb *fdb, struct hwv_fdb_change *change)
{
    struct fdb_queue *q = &fdb->queue;
    const struct fdb_change *c;

    if (q->head == q->tail) {
        free(q->items);
        memset(q, 0, sizeof *q);
        return false;
    }
    c = &q->items[q->tail++ & (q->allocated - 1)];
    *change = (struct hwv_fdb_change) {
        .vtag = c->vtag, .mac = c->mac, .flood = c->flood,
    };
    if (change->flood) {
        struct fdb_segment *segment = fdb_find_segment(fdb, &change->vtag);

        if (segment) {
            segment->flood_queued = false;
        }
    } else {
        struct hwv_fdb_entry *entry = CONST_CAST(
            struct hwv_fdb_entry *,
            hwv_fdb_lookup(fdb, &change->vtag, change->mac));

        if (entry) {
            entry->queued = false;
        }
        change->entry = entry;
    }
    return true;
}

bool
hwv_fdb_has_changes(const struct hwv_fdb *fdb)
{
    return fdb->queue.head != fdb->queue.tail;
}

const struct hwv_fdb_stats *
hwv_fdb_stats(const struct hwv_fdb *fdb)
{
    return &fdb->stats;
}

/* Segments
 * -------- */

struct fdb_segment *
fdb_find_segment(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag)
{
    struct fdb_segment *segment;

    HMAP_FOR_EACH_WITH_HASH (segment, node, hwv_vtag_hash(vtag, fdb->basis),
                             &fdb->segments) {
        if (hwv_vtag_equal(&segment->vtag, vtag)) {
            return segment;
        }
    }
    return NULL;
}

struct fdb_segment *
fdb_get_segment(struct hwv_fdb *fdb, const struct hwv_vtag *vtag)
{
    struct fdb_segment *segment = fdb_find_segment(fdb, vtag);

    if (!segment) {
        segment = xzalloc(sizeof *segment);
        segment->vtag = *vtag;
        hmap_init(&segment->entries);
        hmap_init(&segment->floods);
        hmap_insert(&fdb->segments, &segment->node,
                    hwv_vtag_hash(vtag, fdb->basis));
        fdb->stats.n_vtags++;
    }
    return segment;
}

void
fdb_put_segment(struct hwv_fdb *fdb, struct fdb_segment *segment)
{
    if (hmap_is_empty(&segment->entries) && hmap_is_empty(&segment->floods)) {
        hmap_remove(&fdb->segments, &segment->node);
        hmap_destroy(&segment->entries);
        hmap_destroy(&segment->floods);
        free(segment);
        fdb->stats.n_vtags--;
    }
}

/* Removes the entries of 'origin', those at 'dst' if that is not NULL.  May
 * free 'segment'. */
static size_t
segment_flush(struct hwv_fdb *fdb, struct fdb_segment *segment,
              enum hwv_fdb_origin origin, const struct hwv_fdb_dst *dst)
{
    struct hwv_fdb_entry *top, *entry;
    size_t n = 0;

    HMAP_FOR_EACH_SAFE (top, node, &segment->entries) {
        entry = fdb_find_origin(top, origin);
        if (entry && (!dst || hwv_fdb_dst_equal(&entry->dst, dst))) {
            fdb_remove_entry(fdb, segment, entry);
            n++;
        }
    }
    fdb_put_segment(fdb, segment);
    return n;
}

static size_t
flush(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
      enum hwv_fdb_origin origin, const struct hwv_fdb_dst *dst)
{
    struct fdb_segment *segment;
    size_t n = 0;

    if (vtag) {
        segment = fdb_find_segment(fdb, vtag);
        return segment ? segment_flush(fdb, segment, origin, dst) : 0;
    }
    HMAP_FOR_EACH_SAFE (segment, node, &fdb->segments) {
        n += segment_flush(fdb, segment, origin, dst);
    }
    return n;
}

/* Changes
 * ------- */

static void
queue_put(struct fdb_queue *q, const struct fdb_change *change)
{
    if (q->head - q->tail == q->allocated) {
        size_t n = q->allocated ? q->allocated * 2 : 64;
        struct fdb_change *items = xmalloc(n * sizeof *items);

        for (size_t i = q->tail; i != q->head; i++) {
            items[i & (n - 1)] = q->items[i & (q->allocated - 1)];
        }
        free(q->items);
        q->items = items;
        q->allocated = n;
    }
    q->items[q->head++ & (q->allocated - 1)] = *change;
}

void
fdb_queue_entry(struct hwv_fdb *fdb, struct hwv_fdb_entry *entry)
{
    if (!entry->queued) {
        queue_put(&fdb->queue, &(struct fdb_change) {
                      .vtag = *entry->vtag, .mac = entry->mac });
        entry->queued = true;
    }
}

void
fdb_queue_flood(struct hwv_fdb *fdb, struct fdb_segment *segment)
{
    if (!segment->flood_queued) {
        queue_put(&fdb->queue, &(struct fdb_change) {
                      .vtag = segment->vtag, .flood = true });
        segment->flood_queued = true;
    }
}
