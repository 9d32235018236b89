/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb.h"

#include <errno.h>
#include <stdlib.h>

#include "hwv-fdb-private.h"
#include "util.h"

/* A segment's hmap of entries has the one in force of each address, and
 * "below" leads from there to the weaker ones. */

static bool dst_is_valid(const struct hwv_fdb_dst *);
static uint32_t mac_hash(const struct hwv_fdb *, struct eth_addr);
static struct hwv_fdb_entry *find_entry(const struct hwv_fdb *,
                                        const struct fdb_segment *,
                                        struct eth_addr);
static struct hwv_fdb_entry *entry_create(const struct fdb_segment *,
                                          struct eth_addr,
                                          const struct hwv_fdb_dst *,
                                          enum hwv_fdb_origin,
                                          long long int now);
static int entry_insert(struct hwv_fdb *, struct fdb_segment *,
                        struct hwv_fdb_entry *top, struct eth_addr,
                        const struct hwv_fdb_dst *, enum hwv_fdb_origin);
static int entry_update(struct hwv_fdb *, struct hwv_fdb_entry *,
                        struct hwv_fdb_entry *top, const struct hwv_fdb_dst *);
static void entry_free(struct hwv_fdb *, struct hwv_fdb_entry *);

int
hwv_fdb_add(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
            struct eth_addr mac, const struct hwv_fdb_dst *dst,
            enum hwv_fdb_origin origin)
{
    struct hwv_fdb_entry *top, *entry;
    struct fdb_segment *segment;
    int error;

    if (vtag->type == HWV_VTAG_NONE || eth_addr_is_multicast(mac)
        || eth_addr_is_zero(mac) || !dst_is_valid(dst)) {
        fdb->stats.refused_invalid += origin == HWV_FDB_LEARNED;
        return EINVAL;
    }

    segment = fdb_get_segment(fdb, vtag);
    top = find_entry(fdb, segment, mac);
    entry = fdb_find_origin(top, origin);
    if (origin == HWV_FDB_LEARNED && top && top->origin != HWV_FDB_LEARNED) {
        fdb->stats.refused_stronger++;
        error = EEXIST;
    } else if (entry) {
        error = entry_update(fdb, entry, top, dst);
        if (error == ENOSPC) {
            fdb_remove_entry(fdb, segment, entry);
            fdb->stats.forgotten++;
        }
    } else {
        error = entry_insert(fdb, segment, top, mac, dst, origin);
    }
    fdb_put_segment(fdb, segment);
    return error;
}

int
hwv_fdb_del(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
            struct eth_addr mac, enum hwv_fdb_origin origin)
{
    const struct hwv_fdb_entry *entry;
    struct fdb_segment *segment;

    entry = hwv_fdb_lookup_origin(fdb, vtag, mac, origin);
    if (!entry) {
        return ENOENT;
    }
    segment = fdb_entry_segment(entry);
    fdb_remove_entry(fdb, segment, CONST_CAST(struct hwv_fdb_entry *, entry));
    fdb_put_segment(fdb, segment);
    return 0;
}

const struct hwv_fdb_entry *
hwv_fdb_lookup(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
               struct eth_addr mac)
{
    const struct fdb_segment *segment = fdb_find_segment(fdb, vtag);

    return segment ? find_entry(fdb, segment, mac) : NULL;
}

const struct hwv_fdb_entry *
hwv_fdb_lookup_origin(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                      struct eth_addr mac, enum hwv_fdb_origin origin)
{
    return fdb_find_origin(hwv_fdb_lookup(fdb, vtag, mac), origin);
}

const struct hwv_fdb_entry *
hwv_fdb_next(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
             const struct hwv_fdb_entry *entry)
{
    const struct fdb_segment *segment = (entry ? fdb_entry_segment(entry)
                                         : fdb_find_segment(fdb, vtag));
    struct hmap_node *node;

    if (!segment) {
        return NULL;
    }
    node = (entry ? hmap_next(&segment->entries, &entry->node)
            : hmap_first(&segment->entries));
    return node ? CONTAINER_OF(node, struct hwv_fdb_entry, node) : NULL;
}

struct hwv_fdb_entry *
fdb_find_origin(const struct hwv_fdb_entry *top, enum hwv_fdb_origin origin)
{
    while (top && top->origin > origin) {
        top = top->below;
    }
    return (top && top->origin == origin
            ? CONST_CAST(struct hwv_fdb_entry *, top)
            : NULL);
}

void
fdb_remove_entry(struct hwv_fdb *fdb, struct fdb_segment *segment,
                 struct hwv_fdb_entry *entry)
{
    struct hwv_fdb_entry *top = find_entry(fdb, segment, entry->mac);

    if (entry == top) {
        fdb_queue_entry(fdb, entry);
        hmap_remove(&segment->entries, &entry->node);
        if (entry->below) {
            entry->below->queued = entry->queued;
            hmap_insert(&segment->entries, &entry->below->node,
                        mac_hash(fdb, entry->mac));
        }
    } else {
        while (top->below != entry) {
            top = top->below;
        }
        top->below = entry->below;
    }
    entry_free(fdb, entry);
}

void
fdb_clear_entries(struct hwv_fdb *fdb, struct fdb_segment *segment)
{
    struct hwv_fdb_entry *top, *entry;

    HMAP_FOR_EACH_POP (top, node, &segment->entries) {
        while ((entry = top) != NULL) {
            top = entry->below;
            entry_free(fdb, entry);
        }
    }
}

static bool
dst_is_valid(const struct hwv_fdb_dst *dst)
{
    return (hwv_fdb_dst_is_local(dst) ? dst->port != OFPP_NONE
            : dst->port == OFPP_NONE && hwv_fdb_is_vtep(&dst->vtep));
}

static uint32_t
mac_hash(const struct hwv_fdb *fdb, struct eth_addr mac)
{
    return hash_mac(mac, 0, fdb->basis);
}

static struct hwv_fdb_entry *
find_entry(const struct hwv_fdb *fdb, const struct fdb_segment *segment,
           struct eth_addr mac)
{
    struct hwv_fdb_entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, node, mac_hash(fdb, mac),
                             &segment->entries) {
        if (eth_addr_equals(entry->mac, mac)) {
            return entry;
        }
    }
    return NULL;
}

static struct hwv_fdb_entry *
entry_create(const struct fdb_segment *segment, struct eth_addr mac,
             const struct hwv_fdb_dst *dst, enum hwv_fdb_origin origin,
             long long int now)
{
    struct hwv_fdb_entry *entry;

    entry = xzalloc(origin == HWV_FDB_LEARNED ? sizeof(struct fdb_learned)
                    : sizeof *entry);
    entry->vtag = &segment->vtag;
    entry->created = entry->used = now;
    entry->dst = *dst;
    entry->mac = mac;
    entry->origin = origin;
    return entry;
}

/* Adds an entry of an origin that has none for 'mac' yet.  'top' is the entry
 * in force or NULL. */
static int
entry_insert(struct hwv_fdb *fdb, struct fdb_segment *segment,
             struct hwv_fdb_entry *top, struct eth_addr mac,
             const struct hwv_fdb_dst *dst, enum hwv_fdb_origin origin)
{
    struct hwv_fdb_entry *entry;

    if (origin == HWV_FDB_LEARNED
        && fdb_learned_admit(fdb, segment, dst, false)) {
        return ENOSPC;
    }

    entry = entry_create(segment, mac, dst, origin, fdb->now());
    fdb->stats.n_entries[origin]++;
    if (top && top->origin > origin) {
        while (top->below && top->below->origin > origin) {
            top = top->below;
        }
        entry->below = top->below;
        top->below = entry;
    } else {
        if (top) {
            hmap_remove(&segment->entries, &top->node);
            entry->below = top;
            entry->queued = top->queued;
        }
        hmap_insert(&segment->entries, &entry->node, mac_hash(fdb, mac));
        fdb_queue_entry(fdb, entry);
    }
    if (origin == HWV_FDB_LEARNED) {
        fdb_learned_enter(fdb, fdb_learned_cast(entry));
    }
    return 0;
}

/* The origin of 'entry' says that the address is at 'dst'. */
static int
entry_update(struct hwv_fdb *fdb, struct hwv_fdb_entry *entry,
             struct hwv_fdb_entry *top, const struct hwv_fdb_dst *dst)
{
    struct fdb_learned *learned = NULL;

    if (hwv_fdb_dst_equal(&entry->dst, dst)) {
        entry->used = fdb->now();
        return 0;
    }
    if (entry->origin == HWV_FDB_LEARNED) {
        int error;

        learned = fdb_learned_cast(entry);
        error = fdb_learned_may_move(fdb, learned);
        if (!error) {
            error = fdb_learned_admit(fdb, fdb_entry_segment(entry), dst,
                                      true);
        }
        if (error) {
            return error;
        }
        fdb_learned_move(fdb, learned);
        fdb_learned_leave(fdb, learned);
    }
    entry->dst = *dst;
    entry->created = entry->used = fdb->now();
    entry->n_moves++;
    if (learned) {
        fdb_learned_enter(fdb, learned);
    }
    if (entry == top) {
        fdb_queue_entry(fdb, entry);
    }
    return 0;
}

static void
entry_free(struct hwv_fdb *fdb, struct hwv_fdb_entry *entry)
{
    fdb->stats.n_entries[entry->origin]--;
    if (entry->origin == HWV_FDB_LEARNED) {
        struct fdb_learned *learned = fdb_learned_cast(entry);

        fdb_learned_leave(fdb, learned);
        free(learned);
    } else {
        free(entry);
    }
}
