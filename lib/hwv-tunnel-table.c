/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-tunnel-table.h"

#include <errno.h>
#include <stdlib.h>

#include "hwv-key.h"
#include "id-pool.h"
#include "util.h"

/* An encapsulation over IPv4 reads one cache line of its tunnel. */
BUILD_ASSERT_DECL(offsetof(struct hwv_tunnel, encap.header) + 50
                  <= CACHE_LINE_SIZE);

/* How a tunnel goes
 * =================
 *
 * When hwv_tunnel_table_remove() is called, the tunnel's flows have left the
 * flow table, but threads that found one of them may be on their way here with
 * the tunnel's id.  After a first grace period there are none, and the slot is
 * emptied.  After a second one, nobody has the pointer that was in the slot,
 * not even from a walk over all ids, and memory and id are given back. */

struct tunnel {
    struct hwv_tunnel public;
    struct hwv_tunnel_table *table;
    uint32_t id;
    bool removed;               /* Writer only. */
};

static void tunnel_table_unref(struct hwv_tunnel_table *);
static void tunnel_unlink(struct tunnel *);
static void tunnel_give_back(struct tunnel *);
static bool alloc_id(struct hwv_tunnel_table *, uint32_t *id);
static struct tunnel *tunnel_get(const struct hwv_tunnel_table *, uint32_t id);
static void add_count(struct hwv_tunnel_table *, int delta);

struct hwv_tunnel_table *
hwv_tunnel_table_create(uint32_t max)
{
    struct hwv_tunnel_table *table;

    table = xzalloc(sizeof *table + max * sizeof table->slots[0]);
    ovs_refcount_init(&table->refs);
    table->max = max;
    ovs_mutex_init(&table->mutex);
    ovs_mutex_lock(&table->mutex);
    table->ids = id_pool_create(0, max);
    ovs_mutex_unlock(&table->mutex);
    for (uint32_t id = 0; id < max; id++) {
        ovsrcu_init(&table->slots[id], NULL);
    }
    return table;
}

void
hwv_tunnel_table_destroy(struct hwv_tunnel_table *table)
{
    if (table) {
        ovsrcu_postpone(tunnel_table_unref, table);
    }
}

int
hwv_tunnel_table_add(struct hwv_tunnel_table *table,
                     const struct hwv_encap *encap, struct eth_addr next_hop,
                     uint32_t *id)
{
    struct tunnel *tunnel;

    if (!alloc_id(table, id)) {
        return ENOSPC;
    }
    tunnel = xzalloc_cacheline(sizeof *tunnel);
    tunnel->public.encap = *encap;
    atomic_init(&tunnel->public.next_hop, hwv_mac_to_word(next_hop));
    tunnel->table = table;
    tunnel->id = *id;
    ovsrcu_set(&table->slots[tunnel->id], &tunnel->public);
    add_count(table, 1);
    return 0;
}

/* Replaces the bits of '*word' that are not in 'keep' by 'bits'.  Relaxed,
 * because the word says all there is to say. */
static void
replace_bits(atomic_uint64_t *word, uint64_t keep, uint64_t bits)
{
    uint64_t old;

    atomic_read_relaxed(word, &old);
    while (!atomic_compare_exchange_weak_relaxed(word, &old,
                                                 (old & keep) | bits)) {
        continue;
    }
}

void
hwv_tunnel_table_set_next_hop(struct hwv_tunnel_table *table, uint32_t id,
                              struct eth_addr next_hop)
{
    struct tunnel *tunnel = tunnel_get(table, id);

    if (tunnel) {
        replace_bits(&tunnel->public.next_hop, HWV_TUNNEL_BLOCKED,
                     hwv_mac_to_word(next_hop));
    }
}

void
hwv_tunnel_table_block(struct hwv_tunnel_table *table, uint32_t id,
                       bool blocked)
{
    struct tunnel *tunnel = tunnel_get(table, id);

    if (tunnel) {
        replace_bits(&tunnel->public.next_hop, ~HWV_TUNNEL_BLOCKED,
                     blocked ? HWV_TUNNEL_BLOCKED : 0);
    }
}

void
hwv_tunnel_table_remove(struct hwv_tunnel_table *table, uint32_t id)
{
    struct tunnel *tunnel = tunnel_get(table, id);

    if (tunnel && !tunnel->removed) {
        tunnel->removed = true;
        add_count(table, -1);
        ovs_refcount_ref(&table->refs);
        ovsrcu_postpone(tunnel_unlink, tunnel);
    }
}

uint32_t
hwv_tunnel_table_count(const struct hwv_tunnel_table *table)
{
    uint32_t n;

    atomic_read_relaxed(&CONST_CAST(struct hwv_tunnel_table *, table)->n, &n);
    return n;
}

uint32_t
hwv_tunnel_table_max(const struct hwv_tunnel_table *table)
{
    return table->max;
}

static void
tunnel_table_unref(struct hwv_tunnel_table *table)
{
    if (ovs_refcount_unref(&table->refs) != 1) {
        return;
    }

    for (uint32_t id = 0; id < table->max; id++) {
        free_cacheline(tunnel_get(table, id));
    }
    ovs_mutex_lock(&table->mutex);
    id_pool_destroy(table->ids);
    ovs_mutex_unlock(&table->mutex);
    ovs_mutex_destroy(&table->mutex);
    free(table);
}

/* RCU callback: nobody comes from the flow table for 'tunnel' any longer. */
static void
tunnel_unlink(struct tunnel *tunnel)
{
    ovsrcu_set(&tunnel->table->slots[tunnel->id], NULL);
    ovsrcu_postpone(tunnel_give_back, tunnel);
}

/* RCU callback: nobody has a pointer to 'tunnel' any longer. */
static void
tunnel_give_back(struct tunnel *tunnel)
{
    struct hwv_tunnel_table *table = tunnel->table;

    ovs_mutex_lock(&table->mutex);
    id_pool_free_id(table->ids, tunnel->id);
    ovs_mutex_unlock(&table->mutex);
    free_cacheline(tunnel);
    tunnel_table_unref(table);
}

static bool
alloc_id(struct hwv_tunnel_table *table, uint32_t *id)
{
    bool ok;

    ovs_mutex_lock(&table->mutex);
    ok = id_pool_alloc_id(table->ids, id);
    ovs_mutex_unlock(&table->mutex);
    return ok;
}

static struct tunnel *
tunnel_get(const struct hwv_tunnel_table *table, uint32_t id)
{
    const struct hwv_tunnel *public = hwv_tunnel_table_get(table, id);

    return (public
            ? CONTAINER_OF(CONST_CAST(struct hwv_tunnel *, public),
                           struct tunnel, public)
            : NULL);
}

/* Adds 'delta' to the number of tunnels; there is one writer. */
static void
add_count(struct hwv_tunnel_table *table, int delta)
{
    uint32_t n;

    atomic_read_relaxed(&table->n, &n);
    atomic_store_relaxed(&table->n, n + delta);
}
