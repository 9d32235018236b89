/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-blocked-vteps.h"

#include "cmap.h"
#include "hash.h"
#include "hwv-nic.h"
#include "ovs-rcu.h"
#include "packets.h"
#include "util.h"

struct blocked {
    struct cmap_node node;      /* In 'all_blocked'. */
    struct in6_addr vtep;
};

/* Only the main thread writes. */
static struct cmap all_blocked = CMAP_INITIALIZER;

static struct blocked *find(const struct in6_addr *);

static uint32_t
vtep_hash(const struct in6_addr *vtep)
{
    return hash_bytes(vtep, sizeof *vtep, 0);
}

/* A tunnel is either there when hwv_nic_block_tunnels() looks, or comes after
 * and finds the VTEP among those that are blocked: see hwv-tunnel-use.c. */
void
hwv_block_vtep(const struct in6_addr *vtep, bool blocked)
{
    struct blocked *b = find(vtep);

    if (blocked && !b) {
        b = xmalloc(sizeof *b);
        b->vtep = *vtep;
        cmap_insert(&all_blocked, &b->node, vtep_hash(vtep));
    } else if (!blocked && b) {
        cmap_remove(&all_blocked, &b->node, vtep_hash(vtep));
        ovsrcu_postpone(free, b);
    }
    hwv_nic_block_tunnels(vtep, blocked);
}

bool
hwv_vtep_is_blocked(const struct in6_addr *vtep)
{
    return find(vtep) != NULL;
}

bool
hwv_vteps_are_blocked(void)
{
    return !cmap_is_empty(&all_blocked);
}

static struct blocked *
find(const struct in6_addr *vtep)
{
    struct blocked *b;

    CMAP_FOR_EACH_WITH_HASH (b, node, vtep_hash(vtep), &all_blocked) {
        if (ipv6_addr_equals(&b->vtep, vtep)) {
            return b;
        }
    }
    return NULL;
}
