/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb.h"

#include <errno.h>
#include <stdlib.h>

#include "hash.h"
#include "hwv-fdb-private.h"
#include "util.h"

static uint32_t vtep_hash(const struct hwv_fdb *, const struct in6_addr *);
static struct hwv_fdb_flood *find_flood(const struct hwv_fdb *,
                                        const struct fdb_segment *,
                                        const struct in6_addr *);
static bool flood_remove(struct hwv_fdb *, struct fdb_segment *,
                         struct hwv_fdb_flood *, enum hwv_fdb_origin);
static size_t segment_flush(struct hwv_fdb *, struct fdb_segment *,
                            enum hwv_fdb_origin);

int
hwv_fdb_flood_add(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                  const struct in6_addr *vtep, enum hwv_fdb_origin origin)
{
    struct fdb_segment *segment;
    struct hwv_fdb_flood *flood;

    if (vtag->type == HWV_VTAG_NONE || !hwv_fdb_is_vtep(vtep)) {
        return EINVAL;
    }
    segment = fdb_get_segment(fdb, vtag);
    flood = find_flood(fdb, segment, vtep);
    if (!flood) {
        flood = xzalloc(sizeof *flood);
        flood->vtep = *vtep;
        hmap_insert(&segment->floods, &flood->node, vtep_hash(fdb, vtep));
        fdb->stats.n_flood++;
        fdb_queue_flood(fdb, segment);
    }
    flood->origins |= 1u << origin;
    return 0;
}

int
hwv_fdb_flood_del(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                  const struct in6_addr *vtep, enum hwv_fdb_origin origin)
{
    struct fdb_segment *segment = fdb_find_segment(fdb, vtag);
    struct hwv_fdb_flood *flood;

    flood = segment ? find_flood(fdb, segment, vtep) : NULL;
    if (!flood || !flood_remove(fdb, segment, flood, origin)) {
        return ENOENT;
    }
    fdb_put_segment(fdb, segment);
    return 0;
}

const struct hwv_fdb_flood *
hwv_fdb_flood_lookup(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                     const struct in6_addr *vtep)
{
    const struct fdb_segment *segment = fdb_find_segment(fdb, vtag);

    return segment ? find_flood(fdb, segment, vtep) : NULL;
}

size_t
hwv_fdb_flood_count(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag)
{
    const struct fdb_segment *segment = fdb_find_segment(fdb, vtag);

    return segment ? hmap_count(&segment->floods) : 0;
}

const struct hwv_fdb_flood *
hwv_fdb_flood_next(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                   const struct hwv_fdb_flood *flood)
{
    const struct fdb_segment *segment = fdb_find_segment(fdb, vtag);
    struct hmap_node *node;

    if (!segment) {
        return NULL;
    }
    node = (flood ? hmap_next(&segment->floods, &flood->node)
            : hmap_first(&segment->floods));
    return node ? CONTAINER_OF(node, struct hwv_fdb_flood, node) : NULL;
}

size_t
hwv_fdb_flood_flush(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                    enum hwv_fdb_origin origin)
{
    struct fdb_segment *segment;
    size_t n = 0;

    if (vtag) {
        segment = fdb_find_segment(fdb, vtag);
        return segment ? segment_flush(fdb, segment, origin) : 0;
    }
    HMAP_FOR_EACH_SAFE (segment, node, &fdb->segments) {
        n += segment_flush(fdb, segment, origin);
    }
    return n;
}

bool
hwv_fdb_is_vtep(const struct in6_addr *ip)
{
    ovs_be32 ip4 = in6_addr_get_mapped_ipv4(ip);

    if (IN6_IS_ADDR_V4MAPPED(ip)) {
        return ip4 && !ip_is_multicast(ip4) && ip4 != OVS_BE32_MAX;
    }
    return ipv6_addr_is_set(ip) && !ipv6_addr_is_multicast(ip);
}

void
fdb_clear_floods(struct fdb_segment *segment)
{
    struct hwv_fdb_flood *flood;

    HMAP_FOR_EACH_POP (flood, node, &segment->floods) {
        free(flood);
    }
}

static uint32_t
vtep_hash(const struct hwv_fdb *fdb, const struct in6_addr *vtep)
{
    return hash_bytes(vtep, sizeof *vtep, fdb->basis);
}

static struct hwv_fdb_flood *
find_flood(const struct hwv_fdb *fdb, const struct fdb_segment *segment,
           const struct in6_addr *vtep)
{
    struct hwv_fdb_flood *flood;

    HMAP_FOR_EACH_WITH_HASH (flood, node, vtep_hash(fdb, vtep),
                             &segment->floods) {
        if (ipv6_addr_equals(&flood->vtep, vtep)) {
            return flood;
        }
    }
    return NULL;
}

/* 'origin' does not say that 'flood' is in the list any longer.  Returns true,
 * or false if it did not say so. */
static bool
flood_remove(struct hwv_fdb *fdb, struct fdb_segment *segment,
             struct hwv_fdb_flood *flood, enum hwv_fdb_origin origin)
{
    uint8_t bit = 1u << origin;

    if (!(flood->origins & bit)) {
        return false;
    }
    flood->origins &= ~bit;
    if (!flood->origins) {
        hmap_remove(&segment->floods, &flood->node);
        free(flood);
        fdb->stats.n_flood--;
        fdb_queue_flood(fdb, segment);
    }
    return true;
}

/* May free 'segment'. */
static size_t
segment_flush(struct hwv_fdb *fdb, struct fdb_segment *segment,
              enum hwv_fdb_origin origin)
{
    struct hwv_fdb_flood *flood;
    size_t n = 0;

    HMAP_FOR_EACH_SAFE (flood, node, &segment->floods) {
        n += flood_remove(fdb, segment, flood, origin);
    }
    fdb_put_segment(fdb, segment);
    return n;
}
