/* SPDX-License-Identifier: Apache-2.0 */

/* To compare with: policies that are told of each hit, as no NIC does.  Each
 * takes in every key that misses, but Belady's optimum. */

#include <config.h>
#include "policies.h"

#include "heap.h"
#include "openvswitch/list.h"
#include "util.h"

struct entry {
    struct ovs_list list;       /* LRU: in 'order'. */
    struct heap_node heap;      /* Others: in 'heap'. */
    uint64_t count;             /* LFU. */
    bool inside;
};

struct sim {
    const struct trace *trace;
    uint32_t table, n;
    struct entry *entries;      /* By key. */
    struct ovs_list order;      /* The least recently used first. */
    struct heap heap;           /* Who has to leave first on top. */
    uint32_t *next;             /* Belady: by request, the next request for
                                 * the same key, or 'trace->n'. */
};

const struct sim_policy sim_policies[] = {
    { "aged-lfu", "least frequently used with ageing and admission (product)",
      hwv_create, hwv_destroy, hwv_request },
    { "nic-lfu", "plain use count, hits looked up (product: lfu)",
      hwv_create, hwv_destroy, hwv_request },
    { "nic-lru", "least recently used, hits looked up (product: lru)",
      hwv_create, hwv_destroy, hwv_request },
    { "none", "a full table refuses (product)",
      hwv_create, hwv_destroy, hwv_request },
    { "lru", "least recently used, told of each hit",
      lru_create, lru_destroy, lru_request },
    { "lfu", "plain use count of keys in the table, told of each hit",
      ranked_create, ranked_destroy, lfu_request },
    { "w-tinylfu", "window 1 %, SLRU, 4-bit sketch with reset",
      tinylfu_create, tinylfu_destroy, tinylfu_request },
    { "belady", "the optimum, which knows the future",
      ranked_create, ranked_destroy, belady_request },
    { NULL, NULL, NULL, NULL, NULL },
};

struct sim *
lru_create(const struct sim_policy *policy OVS_UNUSED,
           const struct trace *trace, uint32_t table)
{
    struct sim *sim = xzalloc(sizeof *sim);

    sim->trace = trace;
    sim->table = table;
    sim->entries = xcalloc(trace->n_keys, sizeof *sim->entries);
    ovs_list_init(&sim->order);
    return sim;
}

void
lru_destroy(struct sim *sim)
{
    free(sim->entries);
    free(sim);
}

bool
lru_request(struct sim *sim, size_t i, uint64_t *inserts)
{
    struct entry *entry = &sim->entries[sim->trace->requests[i]];
    bool hit = entry->inside;

    if (hit) {
        ovs_list_remove(&entry->list);
    } else {
        if (sim->n < sim->table) {
            sim->n++;
        } else {
            CONTAINER_OF(ovs_list_pop_front(&sim->order), struct entry,
                         list)->inside = false;
        }
        entry->inside = true;
        (*inserts)++;
    }
    ovs_list_push_back(&sim->order, &entry->list);
    return hit;
}

struct sim *
ranked_create(const struct sim_policy *policy, const struct trace *trace,
              uint32_t table)
{
    struct sim *sim = lru_create(policy, trace, table);

    heap_init(&sim->heap);
    if (!strcmp(policy->name, "belady")) {
        uint32_t *last = xmalloc(trace->n_keys * sizeof *last);

        sim->next = xmalloc(trace->n * sizeof *sim->next);
        for (uint32_t key = 0; key < trace->n_keys; key++) {
            last[key] = trace->n;
        }
        for (size_t i = trace->n; i-- > 0;) {
            sim->next[i] = last[trace->requests[i]];
            last[trace->requests[i]] = i;
        }
        free(last);
    }
    return sim;
}

void
ranked_destroy(struct sim *sim)
{
    heap_destroy(&sim->heap);
    free(sim->next);
    lru_destroy(sim);
}

/* Puts 'entry' into the table, in the place of the first to leave if it is
 * full. */
static void
ranked_insert(struct sim *sim, struct entry *entry, uint64_t priority,
              uint64_t *inserts)
{
    if (sim->n < sim->table) {
        sim->n++;
    } else {
        struct heap_node *first = heap_max(&sim->heap);

        heap_remove(&sim->heap, first);
        CONTAINER_OF(first, struct entry, heap)->inside = false;
    }
    entry->inside = true;
    heap_insert(&sim->heap, &entry->heap, priority);
    (*inserts)++;
}

bool
lfu_request(struct sim *sim, size_t i, uint64_t *inserts)
{
    struct entry *entry = &sim->entries[sim->trace->requests[i]];

    if (entry->inside) {
        heap_change(&sim->heap, &entry->heap, UINT64_MAX - ++entry->count);
        return true;
    }
    entry->count = 1;
    ranked_insert(sim, entry, UINT64_MAX - 1, inserts);
    return false;
}

/* L. Belady, "A study of replacement algorithms for a virtual-storage
 * computer", IBM Systems Journal 5(2), 1966; a key that is needed later than
 * all that are there is not taken in. */
bool
belady_request(struct sim *sim, size_t i, uint64_t *inserts)
{
    struct entry *entry = &sim->entries[sim->trace->requests[i]];
    uint32_t next = sim->next[i];

    if (entry->inside) {
        heap_change(&sim->heap, &entry->heap, next);
        return true;
    }
    if (next < sim->trace->n
        && (sim->n < sim->table || heap_max(&sim->heap)->priority > next)) {
        ranked_insert(sim, entry, next, inserts);
    }
    return false;
}
