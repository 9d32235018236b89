/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb-rows.h"

#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "hwv-fdb.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "packets.h"
#include "timeval.h"
#include "util.h"

/* A growing array. */
struct items {
    const void **elems;
    size_t n, allocated;
};

static void add_segment(const struct hwv_fdb *, const struct hwv_vtag *,
                        struct json *rows);
static void items_add(struct items *, const void *);
static int compare_vtags(const void *, const void *);
static int compare_entries(const void *, const void *);
static int compare_floods(const void *, const void *);
static struct json *flood_row(const struct hwv_vtag *,
                              const struct hwv_fdb_flood *);
static struct json *entry_row(const struct hwv_fdb *,
                              const struct hwv_fdb_entry *, bool in_force);

struct json *
hwv_fdb_rows(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag)
{
    struct json *rows = json_array_create_empty();
    const struct hwv_vtag *next = NULL;
    struct items vtags = { .n = 0 };

    if (vtag) {
        add_segment(fdb, vtag, rows);
        return rows;
    }
    while ((next = hwv_fdb_next_vtag(fdb, next)) != NULL) {
        items_add(&vtags, next);
    }
    if (vtags.n) {
        qsort(vtags.elems, vtags.n, sizeof *vtags.elems, compare_vtags);
    }
    for (size_t i = 0; i < vtags.n; i++) {
        add_segment(fdb, vtags.elems[i], rows);
    }
    free(vtags.elems);
    return rows;
}

static void
put_number(struct json *row, const char *name, uint64_t value)
{
    json_object_put(row, name, json_integer_create(value));
}

struct json *
hwv_fdb_stats_row(const struct hwv_fdb *fdb)
{
    const struct hwv_fdb_settings *settings = hwv_fdb_settings(fdb);
    const struct hwv_fdb_stats *stats = hwv_fdb_stats(fdb);
    struct json *row = json_object_create();

    for (int i = 0; i < HWV_FDB_N_ORIGINS; i++) {
        put_number(row, hwv_fdb_origin_name(i), stats->n_entries[i]);
    }
    put_number(row, "flood", stats->n_flood);
    put_number(row, "vtags", stats->n_vtags);
    put_number(row, "moves", stats->moves);
    put_number(row, "holds", stats->holds);
    put_number(row, "refused_invalid", stats->refused_invalid);
    put_number(row, "refused_held", stats->refused_held);
    put_number(row, "refused_stronger", stats->refused_stronger);
    put_number(row, "refused_vtag", stats->refused_vtag);
    put_number(row, "refused_vtep", stats->refused_vtep);
    put_number(row, "refused_port", stats->refused_port);
    put_number(row, "refused_total", stats->refused_total);
    put_number(row, "aged", stats->aged);
    put_number(row, "forgotten", stats->forgotten);
    put_number(row, "aging_time", settings->aging_time);
    put_number(row, "limit_total", settings->max_learned);
    put_number(row, "limit_vtag", settings->max_per_vtag);
    put_number(row, "limit_vtep", settings->max_per_vtep);
    put_number(row, "limit_port", settings->max_per_port);
    return row;
}

static void
add_segment(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
            struct json *rows)
{
    const struct hwv_fdb_entry *entry = NULL;
    const struct hwv_fdb_flood *flood = NULL;
    struct items items = { .n = 0 };

    while ((flood = hwv_fdb_flood_next(fdb, vtag, flood)) != NULL) {
        items_add(&items, flood);
    }
    if (items.n) {
        qsort(items.elems, items.n, sizeof *items.elems, compare_floods);
    }
    for (size_t i = 0; i < items.n; i++) {
        json_array_add(rows, flood_row(vtag, items.elems[i]));
    }

    items.n = 0;
    while ((entry = hwv_fdb_next(fdb, vtag, entry)) != NULL) {
        items_add(&items, entry);
    }
    if (items.n) {
        qsort(items.elems, items.n, sizeof *items.elems, compare_entries);
    }
    for (size_t i = 0; i < items.n; i++) {
        const struct hwv_fdb_entry *top = items.elems[i];

        for (entry = top; entry; entry = entry->below) {
            json_array_add(rows, entry_row(fdb, entry, entry == top));
        }
    }
    free(items.elems);
}

static void
items_add(struct items *items, const void *item)
{
    if (items->n >= items->allocated) {
        items->elems = x2nrealloc(items->elems, &items->allocated,
                                  sizeof *items->elems);
    }
    items->elems[items->n++] = item;
}

static int
compare_vtags(const void *a_, const void *b_)
{
    const struct hwv_vtag *const *a = a_;
    const struct hwv_vtag *const *b = b_;

    if ((*a)->type != (*b)->type) {
        return (*a)->type < (*b)->type ? -1 : 1;
    }
    return (*a)->id < (*b)->id ? -1 : (*a)->id > (*b)->id;
}

static int
compare_entries(const void *a_, const void *b_)
{
    const struct hwv_fdb_entry *const *a = a_;
    const struct hwv_fdb_entry *const *b = b_;

    return eth_addr_compare_3way((*a)->mac, (*b)->mac);
}

static int
compare_floods(const void *a_, const void *b_)
{
    const struct hwv_fdb_flood *const *a = a_;
    const struct hwv_fdb_flood *const *b = b_;

    return memcmp(&(*a)->vtep, &(*b)->vtep, sizeof (*a)->vtep);
}

static struct json *
start_row(const struct hwv_vtag *vtag, struct eth_addr mac,
          const struct in6_addr *vtep)
{
    struct json *row = json_object_create();

    json_object_put_string(row, "attribute", hwv_vtag_attribute(vtag));
    put_number(row, "vtag", vtag->id);
    json_object_put_format(row, "mac", ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
    if (ipv6_addr_is_set(vtep)) {
        struct ds s = DS_EMPTY_INITIALIZER;

        ipv6_format_mapped(vtep, &s);
        json_object_put_string(row, "vtep", ds_cstr(&s));
        ds_destroy(&s);
    }
    return row;
}

static struct json *
flood_row(const struct hwv_vtag *vtag, const struct hwv_fdb_flood *flood)
{
    struct json *row = start_row(vtag, eth_addr_zero, &flood->vtep);
    struct ds s = DS_EMPTY_INITIALIZER;

    for (int i = HWV_FDB_N_ORIGINS - 1; i >= 0; i--) {
        if (flood->origins & (1u << i)) {
            ds_put_format(&s, "%s%s", s.length ? "," : "",
                          hwv_fdb_origin_name(i));
        }
    }
    json_object_put_string(row, "origin", ds_cstr(&s));
    json_object_put(row, "in_force", json_boolean_create(true));
    ds_destroy(&s);
    return row;
}

static struct json *
entry_row(const struct hwv_fdb *fdb, const struct hwv_fdb_entry *entry,
          bool in_force)
{
    struct json *row = start_row(entry->vtag, entry->mac, &entry->dst.vtep);
    long long int now = time_msec();

    if (hwv_fdb_dst_is_local(&entry->dst)) {
        put_number(row, "port", ofp_to_u16(entry->dst.port));
    }
    json_object_put_string(row, "origin", hwv_fdb_origin_name(entry->origin));
    json_object_put(row, "in_force", json_boolean_create(in_force));
    put_number(row, "age", (now - entry->created) / 1000);
    put_number(row, "moves", entry->n_moves);
    if (entry->origin == HWV_FDB_LEARNED) {
        put_number(row, "idle",
                   (now - hwv_fdb_last_used(fdb, entry)) / 1000);
    }
    return row;
}
