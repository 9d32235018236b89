/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-shadow-table.h"

#include <errno.h>

#include "dp-packet.h"
#include "hwv-flow-table.h"
#include "hwv-pipeline.h"
#include "id-pool.h"
#include "mpsc-queue.h"
#include "netdev.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "seq.h"
#include "util.h"

/* How it works
 * ============
 *
 * The shadows are a flow table of their own, whose counters are slots of ours
 * and whose output is "drop", so that the pipeline's own classification finds
 * them: shadow and flow cannot mean different packets.  Nothing is dropped;
 * the verdict is only read.
 *
 * A slot lives in a page that stays where it is until the table goes, so that
 * the data path and the queue may know it for longer than it is in use.  A
 * miss that comes late may then be counted on the slot's next owner, which
 * does not matter for an estimate. */

#define PAGE_SLOTS 1024

struct slot {
    struct mpsc_queue_node node;    /* In 'missed', while 'queued'. */
    atomic_bool queued;
    atomic_uint32_t misses;         /* Not collected yet. */
    void *owner;                    /* NULL if not in use. */
};

struct hwv_shadow_table {
    struct hwv_tables tables;       /* Only 'flows' and 'sources'. */
    struct id_pool *ids;
    struct slot **pages;            /* NULL where none was needed so far. */
    size_t n_pages;
    struct mpsc_queue missed;       /* Slots with misses. */
    struct seq *wake;
    atomic_bool woken;              /* Since the queue was last read. */
};

static void shadow_table_free(struct hwv_shadow_table *);
static struct slot *get_slot(const struct hwv_shadow_table *, uint32_t id);
static void count(struct hwv_shadow_table *, const struct dp_packet_batch *,
                  const struct hwv_verdict verdicts[]);
static void count_miss(struct hwv_shadow_table *, struct slot *);

struct hwv_shadow_table *
hwv_shadow_table_create(uint32_t max, uint32_t max_domains,
                        uint32_t max_sources, struct seq *wake)
{
    struct hwv_shadow_table *table = xzalloc(sizeof *table);

    table->tables.flows = hwv_flow_table_create(max, max_domains);
    table->tables.sources = hwv_source_table_create(max_sources);
    table->ids = id_pool_create(0, max);
    table->n_pages = DIV_ROUND_UP(max, PAGE_SLOTS);
    table->pages = xcalloc(table->n_pages, sizeof *table->pages);
    mpsc_queue_init(&table->missed);
    table->wake = wake;
    atomic_init(&table->woken, false);
    return table;
}

void
hwv_shadow_table_destroy(struct hwv_shadow_table *table)
{
    hwv_flow_table_destroy(table->tables.flows);
    hwv_source_table_destroy(table->tables.sources);
    ovsrcu_postpone(shadow_table_free, table);
}

int
hwv_shadow_table_add(struct hwv_shadow_table *table, const struct hwv_key *key,
                     void *owner, uint32_t *id)
{
    struct hwv_flow_value value = { .output = HWV_OUT_DROP };
    struct slot **page;
    int error;

    *id = HWV_NO_SHADOW;
    if (!id_pool_alloc_id(table->ids, &value.counter)) {
        return ENOSPC;
    }

    page = &table->pages[value.counter / PAGE_SLOTS];
    if (!*page) {
        *page = xcalloc(PAGE_SLOTS, sizeof **page);
    }
    get_slot(table, value.counter)->owner = owner;
    atomic_store_relaxed(&get_slot(table, value.counter)->misses, 0);

    /* Who finds the key in the flow table finds the page, too. */
    error = hwv_flow_table_set(table->tables.flows, key, &value);
    if (error) {
        get_slot(table, value.counter)->owner = NULL;
        id_pool_free_id(table->ids, value.counter);
        return error;
    }
    *id = value.counter;
    return 0;
}

void
hwv_shadow_table_remove(struct hwv_shadow_table *table,
                        const struct hwv_key *key, uint32_t id)
{
    if (id != HWV_NO_SHADOW) {
        hwv_flow_table_remove(table->tables.flows, key);
        get_slot(table, id)->owner = NULL;
        id_pool_free_id(table->ids, id);
    }
}

uint32_t
hwv_shadow_table_n(const struct hwv_shadow_table *table)
{
    return hwv_flow_table_count(table->tables.flows);
}

void
hwv_shadow_table_set_source(struct hwv_shadow_table *table,
                            const struct hwv_source_key *key,
                            uint32_t source_id)
{
    const struct hwv_source_value value = {
        .id = source_id,
        .counter = HWV_NO_COUNTER,
    };

    hwv_source_table_set(table->tables.sources, key, &value);
}

void
hwv_shadow_table_remove_source(struct hwv_shadow_table *table,
                               const struct hwv_source_key *key)
{
    hwv_source_table_remove(table->tables.sources, key);
}

void
hwv_shadow_table_count_from_vf(struct hwv_shadow_table *table, uint16_t domain,
                               struct dp_packet_batch *batch)
{
    struct hwv_verdict verdicts[NETDEV_MAX_BURST];

    if (hwv_shadow_table_n(table)) {
        hwv_classify_from_vf(&table->tables, domain, batch, verdicts);
        count(table, batch, verdicts);
    }
}

void
hwv_shadow_table_count_from_uplink(struct hwv_shadow_table *table,
                                   struct dp_packet_batch *batch)
{
    struct hwv_verdict verdicts[NETDEV_MAX_BURST];

    if (hwv_shadow_table_n(table)) {
        hwv_classify_from_uplink(&table->tables, batch, verdicts);
        count(table, batch, verdicts);
    }
}

size_t
hwv_shadow_table_collect(struct hwv_shadow_table *table, size_t max,
                         hwv_shadow_cb *cb, void *aux)
{
    size_t n;

    /* Whoever puts something into the queue from now on wakes us again. */
    atomic_store(&table->woken, false);

    mpsc_queue_acquire(&table->missed);
    for (n = 0; n < max; n++) {
        struct mpsc_queue_node *node = mpsc_queue_pop(&table->missed);
        struct slot *slot;
        uint32_t misses;

        if (!node) {
            break;
        }
        slot = CONTAINER_OF(node, struct slot, node);

        /* A miss that is counted after this puts it into the queue again. */
        atomic_store(&slot->queued, false);
        misses = atomic_exchange(&slot->misses, 0);
        if (misses && slot->owner) {
            cb(slot->owner, misses, aux);
        }
    }
    mpsc_queue_release(&table->missed);
    return n;
}

static void
shadow_table_free(struct hwv_shadow_table *table)
{
    mpsc_queue_acquire(&table->missed);
    while (mpsc_queue_pop(&table->missed)) {
        continue;
    }
    mpsc_queue_release(&table->missed);
    mpsc_queue_destroy(&table->missed);

    for (size_t i = 0; i < table->n_pages; i++) {
        free(table->pages[i]);
    }
    free(table->pages);
    id_pool_destroy(table->ids);
    free(table);
}

static struct slot *
get_slot(const struct hwv_shadow_table *table, uint32_t id)
{
    return &table->pages[id / PAGE_SLOTS][id % PAGE_SLOTS];
}

/* Counts what 'verdicts' say about 'batch'. */
static void
count(struct hwv_shadow_table *table, const struct dp_packet_batch *batch,
      const struct hwv_verdict verdicts[])
{
    for (size_t i = 0; i < dp_packet_batch_size(batch); i++) {
        if (verdicts[i].type == HWV_VERDICT_DROP) {
            count_miss(table, get_slot(table, verdicts[i].counter));
        }
    }
}

static void
count_miss(struct hwv_shadow_table *table, struct slot *slot)
{
    bool queued;
    uint32_t orig;

    atomic_add_relaxed(&slot->misses, 1, &orig);
    atomic_read_relaxed(&slot->queued, &queued);
    if (queued || atomic_exchange(&slot->queued, true)) {
        return;
    }

    mpsc_queue_insert(&table->missed, &slot->node);
    if (!atomic_exchange(&table->woken, true)) {
        seq_change(table->wake);
    }
}
