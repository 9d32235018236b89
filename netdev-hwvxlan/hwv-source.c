/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-bind.h"

#include <errno.h>

#include "hash.h"
#include "hwv-residency.h"
#include "id-pool.h"
#include "ovs-rcu.h"
#include "util.h"

static struct hwv_source *source_find(const struct hwv_flow *, uint32_t hash)
    OVS_REQUIRES(hwv_control_mutex);
static struct hwv_source *source_add(struct hwv_flow *, uint32_t hash)
    OVS_REQUIRES(hwv_control_mutex);
static bool source_in(struct hwv_source *) OVS_REQUIRES(hwv_control_mutex);
static void source_out(struct hwv_source *) OVS_REQUIRES(hwv_control_mutex);
static void source_add_row(struct hwv_source *, struct hwv_flow *pop)
    OVS_REQUIRES(hwv_control_mutex);
static void source_drop_rows(struct hwv_source *, const struct hwv_flow *pop)
    OVS_REQUIRES(hwv_control_mutex);
static void source_add_rows(struct hwv_source *)
    OVS_REQUIRES(hwv_control_mutex);
static bool row_in(struct hwv_source *, struct hwv_source_row *)
    OVS_REQUIRES(hwv_control_mutex);
static void row_out(struct hwv_source *, struct hwv_source_row *)
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
        ovs_assert(!source->n_residents);
        if (source->in_nic) {
            source_out(source);
        }
        source_drop_rows(source, NULL);
        hmap_remove(&source->nic->sources, &source->node);

        /* A packet on its way may have found this id in the source table and
         * be about to look into the flow table: nobody else may have the id
         * before it has done so. */
        hwv_nic_use(source->nic);
        ovsrcu_postpone(source_free, source);
    }
}

bool
hwv_source_may_enter(const struct hwv_source *source)
{
    struct hwv_nic *nic = source->nic;
    struct hwv_nic_usage usage;

    nic->provider->usage(nic->dev, &usage);
    return (source->in_nic || !ovs_list_is_empty(&nic->idle_sources)
            || usage.max_sources - usage.sources >= source->n_rows);
}

bool
hwv_source_enter(struct hwv_source *source)
{
    if (!source->in_nic && !source_in(source)) {
        return false;
    }
    if (!source->n_residents++) {
        ovs_list_remove(&source->idle_node);
    }
    return true;
}

void
hwv_source_leave(struct hwv_source *source)
{
    if (!--source->n_residents) {
        ovs_list_push_back(&source->nic->idle_sources, &source->idle_node);
        if (hwv_flow_waits_for_room()) {
            hwv_nic_has_room(source->nic);
        }
    }
}

void
hwv_source_add_pop(struct hwv_flow *pop)
{
    struct hwv_source *source;

    HMAP_FOR_EACH (source, node, &pop->nic->sources) {
        source_add_row(source, pop);
    }
}

void
hwv_source_remove_pop(struct hwv_flow *pop)
{
    struct hwv_nic *nic = pop->nic;
    struct hwv_source *source;

    ovs_list_remove(&pop->pop_node);
    pop->lacks_row = false;
    HMAP_FOR_EACH (source, node, &nic->sources) {
        source_drop_rows(source, pop);
    }
}

void
hwv_source_refresh_all(struct hwv_nic *nic)
{
    struct hwv_flow *pop;

    LIST_FOR_EACH (pop, pop_node, &nic->pops) {
        if (pop->lacks_row) {
            pop->lacks_row = false;
            hwv_source_add_pop(pop);
            hwv_flow_update_reject(pop);
        }
    }
}

/* Puts 'source' with all its rows into the NIC, where it is idle.  Returns
 * false if there is no room. */
static bool
source_in(struct hwv_source *source)
{
    for (size_t i = 0; i < source->n_rows; i++) {
        if (!row_in(source, &source->rows[i])) {
            while (i) {
                row_out(source, &source->rows[--i]);
            }
            return false;
        }
    }
    source->in_nic = true;
    ovs_list_push_back(&source->nic->idle_sources, &source->idle_node);
    return true;
}

/* Takes 'source', which is idle, out of the NIC. */
static void
source_out(struct hwv_source *source)
{
    for (size_t i = 0; i < source->n_rows; i++) {
        row_out(source, &source->rows[i]);
    }
    source->in_nic = false;
    ovs_list_remove(&source->idle_node);
    if (hwv_flow_waits_for_room()) {
        hwv_nic_has_room(source->nic);
    }
}

static struct hwv_source *
source_find(const struct hwv_flow *flow, uint32_t hash)
{
    struct hwv_source *source;

    HMAP_FOR_EACH_WITH_HASH (source, node, hash, &flow->nic->sources) {
        if (source->tnl_port == flow->in_port
            && source->dpif_type == flow->dpif_type
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
    source->dpif_type = flow->dpif_type;
    source->id = id;
    hmap_insert(&nic->sources, &source->node, hash);
    source_add_rows(source);
    return source;
}

static struct hwv_source_row *
source_find_row(const struct hwv_source *source,
                const struct hwv_source_key *key)
{
    for (size_t i = 0; i < source->n_rows; i++) {
        if (!memcmp(&source->rows[i].key, key, sizeof *key)) {
            return &source->rows[i];
        }
    }
    return NULL;
}

/* Gives 'source' a row for the tnl_pop flow 'pop', if it covers the source.
 * Two flows may make the same row: both are true then, and the first counts.
 * A row that resident entries need and the NIC has no room for is left out,
 * and 'pop' waits for it. */
static void
source_add_row(struct hwv_source *source, struct hwv_flow *pop)
{
    struct hwv_source_row *row;
    struct hwv_source_key key;

    if (pop->action.port != source->tnl_port
        || pop->dpif_type != source->dpif_type
        || !hwv_outer_match_covers(&pop->outer, &source->match, &key)) {
        return;
    }

    row = source_find_row(source, &key);
    if (!row) {
        if (source->in_nic && !source->n_residents) {
            source_out(source); /* It comes in again with all its rows. */
        }
        if (source->n_rows >= source->allocated_rows) {
            source->rows = x2nrealloc(source->rows, &source->allocated_rows,
                                      sizeof *source->rows);
        }
        row = &source->rows[source->n_rows++];
        *row = (struct hwv_source_row) { .key = key, .pop = pop };
        hwv_residency_set_source(source->nic, &key, source->id);
    }
    if (row->pop == pop && !row->in_nic && source->n_residents
        && !row_in(source, row)) {
        pop->lacks_row = true;
        hwv_flow_update_reject(pop);
    }
}

/* Takes the rows of 'pop' away from 'source', or all rows if NULL. */
static void
source_drop_rows(struct hwv_source *source, const struct hwv_flow *pop)
{
    bool dropped = false;
    size_t i = 0;

    while (i < source->n_rows) {
        struct hwv_source_row *row = &source->rows[i];

        if (pop && row->pop != pop) {
            i++;
            continue;
        }
        row_out(source, row);
        hwv_residency_remove_source(source->nic, &row->key);
        *row = source->rows[--source->n_rows];
        dropped = true;
    }
    if (pop && dropped) {
        source_add_rows(source);
    }
}

/* Gives 'source' a row for each installed tnl_pop flow that covers it. */
static void
source_add_rows(struct hwv_source *source)
{
    struct hwv_flow *pop;

    LIST_FOR_EACH (pop, pop_node, &source->nic->pops) {
        source_add_row(source, pop);
    }
}

/* Puts 'row' of 'source' into the NIC.  If there is no room, the sources that
 * have been idle for the longest time leave.  Returns false if that is not
 * enough. */
static bool
row_in(struct hwv_source *source, struct hwv_source_row *row)
{
    const struct hwv_source_value value = {
        .id = source->id,
        .counter = row->pop->counter,
    };
    struct hwv_nic *nic = source->nic;

    while (nic->provider->source_set(nic->dev, &row->key, &value)) {
        if (ovs_list_is_empty(&nic->idle_sources)) {
            return false;
        }
        source_out(CONTAINER_OF(ovs_list_front(&nic->idle_sources),
                                struct hwv_source, idle_node));
    }
    row->in_nic = true;
    row->pop->n_rows++;
    return true;
}

/* Takes 'row' of 'source' out of the NIC, unless it is not there. */
static void
row_out(struct hwv_source *source, struct hwv_source_row *row)
{
    if (row->in_nic) {
        source->nic->provider->source_remove(source->nic->dev, &row->key);
        row->in_nic = false;
        row->pop->n_rows--;
    }
}

/* RCU callback. */
static void
source_free(struct hwv_source *source)
{
    ovs_mutex_lock(&hwv_control_mutex);
    id_pool_free_id(source->nic->source_ids, source->id);
    if (hwv_flow_waits_for_room()) {
        hwv_nic_has_room(source->nic);
    }
    hwv_nic_unuse(source->nic);
    ovs_mutex_unlock(&hwv_control_mutex);
    free(source->rows);
    free(source);
}
