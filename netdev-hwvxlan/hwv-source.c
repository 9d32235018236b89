/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-bind.h"

#include <errno.h>

#include "hash.h"
#include "id-pool.h"
#include "ovs-rcu.h"
#include "util.h"

static struct hwv_source *source_find(const struct hwv_flow *, uint32_t hash)
    OVS_REQUIRES(hwv_control_mutex);
static struct hwv_source *source_add(struct hwv_flow *, uint32_t hash)
    OVS_REQUIRES(hwv_control_mutex);
static void source_refresh(struct hwv_source *)
    OVS_REQUIRES(hwv_control_mutex);
static void source_set_rows(struct hwv_source *, struct hwv_source_row *rows,
                            size_t n)
    OVS_REQUIRES(hwv_control_mutex);
static void source_free(struct hwv_source *);

enum hwv_reject
hwv_source_get(struct hwv_flow *flow)
{
    uint32_t hash = hash_bytes(&flow->tunnel, sizeof flow->tunnel,
                               odp_to_u32(flow->in_port));
    struct hwv_source *source = source_find(flow, hash);

    if (!source) {
        source = source_add(flow, hash);
        if (!source) {
            return HWV_REJECT_SOURCES_FULL;
        }
    }
    source->n_flows++;
    flow->source = source;
    return HWV_ACCEPT;
}

void
hwv_source_put(struct hwv_flow *flow)
{
    struct hwv_source *source = flow->source;

    if (!source) {
        return;
    }

    flow->source = NULL;
    if (!--source->n_flows) {
        source_set_rows(source, NULL, 0);
        hmap_remove(&source->nic->sources, &source->node);

        /* A packet on its way may have found this id in the source table and
         * be about to look into the flow table: nobody else may have the id
         * before it has done so. */
        hwv_nic_use(source->nic);
        ovsrcu_postpone(source_free, source);
    }
}

void
hwv_source_refresh_all(struct hwv_nic *nic)
{
    struct hwv_source *source;

    HMAP_FOR_EACH (source, node, &nic->sources) {
        source_refresh(source);
    }
}

size_t
hwv_source_rows_of(const struct hwv_flow *pop)
{
    const struct hwv_source *source;
    size_t n = 0;

    if (!pop->nic) {
        return 0;
    }
    HMAP_FOR_EACH (source, node, &pop->nic->sources) {
        for (size_t i = 0; i < source->n_rows; i++) {
            n += source->rows[i].pop == pop;
        }
    }
    return n;
}

static struct hwv_source *
source_find(const struct hwv_flow *flow, uint32_t hash)
{
    struct hwv_source *source;

    HMAP_FOR_EACH_WITH_HASH (source, node, hash, &flow->nic->sources) {
        if (source->tnl_port == flow->in_port
            && !memcmp(&source->match, &flow->tunnel, sizeof source->match)) {
            return source;
        }
    }
    return NULL;
}

static struct hwv_source *
source_add(struct hwv_flow *flow, uint32_t hash)
{
    struct hwv_nic *nic = flow->nic;
    struct hwv_source *source;
    uint32_t id;

    if (!id_pool_alloc_id(nic->source_ids, &id)) {
        return NULL;
    }

    source = xzalloc(sizeof *source);
    source->nic = nic;
    source->match = flow->tunnel;
    source->tnl_port = flow->in_port;
    source->id = id;
    hmap_insert(&nic->sources, &source->node, hash);
    source_refresh(source);
    return source;
}

/* Gives 'source' a row for each installed tnl_pop flow that covers it.  Two
 * flows may make the same row: both are true then, and the first counts. */
static void
source_refresh(struct hwv_source *source)
{
    size_t n = 0, allocated = 0;
    struct hwv_source_row *rows = NULL;
    const struct hwv_flow *pop;

    LIST_FOR_EACH (pop, pop_node, &source->nic->pops) {
        struct hwv_source_key key;
        bool known = false;

        if (pop->action.port != source->tnl_port
            || !hwv_outer_match_covers(&pop->outer, &source->match, &key)) {
            continue;
        }
        for (size_t i = 0; i < n && !known; i++) {
            known = !memcmp(&rows[i].key, &key, sizeof key);
        }
        if (!known) {
            if (n >= allocated) {
                rows = x2nrealloc(rows, &allocated, sizeof *rows);
            }
            rows[n++] = (struct hwv_source_row) { .key = key, .pop = pop };
        }
    }
    source_set_rows(source, rows, n);
}

/* Replaces the rows of 'source', in the NIC too, by the 'n' rows at 'rows',
 * which it takes.  A row that the NIC has no room for is left out. */
static void
source_set_rows(struct hwv_source *source, struct hwv_source_row *rows,
                size_t n)
{
    struct hwv_nic *nic = source->nic;
    size_t n_set = 0;

    for (size_t i = 0; i < source->n_rows; i++) {
        bool kept = false;

        for (size_t j = 0; j < n && !kept; j++) {
            kept = !memcmp(&source->rows[i].key, &rows[j].key,
                           sizeof rows[j].key);
        }
        if (!kept) {
            nic->provider->source_remove(nic->dev, &source->rows[i].key);
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct hwv_source_value value = {
            .id = source->id,
            .counter = rows[i].pop->counter,
        };

        if (!nic->provider->source_set(nic->dev, &rows[i].key, &value)) {
            rows[n_set++] = rows[i];
        }
    }
    free(source->rows);
    source->rows = rows;
    source->n_rows = n_set;
}

/* RCU callback. */
static void
source_free(struct hwv_source *source)
{
    ovs_mutex_lock(&hwv_control_mutex);
    id_pool_free_id(source->nic->source_ids, source->id);
    hwv_nic_unuse(source->nic);
    ovs_mutex_unlock(&hwv_control_mutex);
    free(source);
}
