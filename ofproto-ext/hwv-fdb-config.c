/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb-config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hwv-fdb.h"
#include "hwv-fdb-instance.h"
#include "hwv-fdb-parse.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "packets.h"
#include "smap.h"
#include "util.h"

/* An entry, or a VTEP of a flood list if 'mac' is zeros. */
struct item {
    struct hwv_vtag vtag;
    struct eth_addr mac;
    struct in6_addr vtep;
};

/* An Interface with entries. */
struct source {
    struct smap values;         /* Keys with the values that are in force. */
    bool seen;
};

static struct shash sources = SHASH_INITIALIZER(&sources);

/* What the FDB has been told, by item_name(). */
static struct shash applied = SHASH_INITIALIZER(&applied);

static bool passed;             /* Interfaces were gone over. */

static bool is_key(const char *key);
static char *read_values(const struct smap *other_config,
                         const struct smap *before, struct smap *values);
static char *parse_value(const char *key, const char *value,
                         struct shash *items);
static void rebuild(void);
static char *find_conflict(const char *name, const struct source *);
static void source_destroy(struct shash_node *);

char *
hwv_fdb_config_apply(const char *name, const char *type,
                     const struct smap *other_config)
{
    struct source *source = shash_find_data(&sources, name);
    struct smap values = SMAP_INITIALIZER(&values);
    char *error = NULL;

    passed = true;
    if (!strcmp(type, "vxlan")) {
        error = read_values(other_config, source ? &source->values : NULL,
                            &values);
    }
    if (!source && smap_is_empty(&values)) {
        return error;
    }
    if (!source) {
        source = xzalloc(sizeof *source);
        smap_init(&source->values);
        shash_add(&sources, name, source);
    }
    source->seen = true;
    if (!smap_equal(&values, &source->values)) {
        hmap_swap(&values.map, &source->values.map);
        rebuild();
    }
    smap_destroy(&values);
    return error ? error : find_conflict(name, source);
}

void
hwv_fdb_config_end(void)
{
    struct shash_node *node;
    bool changed = false;

    if (!passed) {
        return;
    }
    passed = false;
    SHASH_FOR_EACH_SAFE (node, &sources) {
        struct source *source = node->data;

        if (!source->seen) {
            source_destroy(node);
            changed = true;
        } else {
            source->seen = false;
        }
    }
    if (changed) {
        rebuild();
    }
}

void
hwv_fdb_config_exit(void)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &sources) {
        source_destroy(node);
    }
    shash_clear_free_data(&applied);
}

static bool
is_key(const char *key)
{
    return !strncmp(key, "fdb-", 4) || !strncmp(key, "flood-", 6);
}

/* Stores our keys of 'other_config', with the values that they have there or,
 * where these are wrong, had 'before', into 'values'.  Returns NULL or the
 * first error. */
static char *
read_values(const struct smap *other_config, const struct smap *before,
            struct smap *values)
{
    const struct smap_node **nodes = smap_sort(other_config);
    char *first_error = NULL;

    for (size_t i = 0; i < smap_count(other_config); i++) {
        const char *key = nodes[i]->key, *value = nodes[i]->value;
        struct shash items = SHASH_INITIALIZER(&items);
        char *error;

        if (!is_key(key)) {
            continue;
        }
        error = parse_value(key, value, &items);
        shash_destroy_free_data(&items);
        if (error) {
            value = before ? smap_get(before, key) : NULL;
        }
        if (value) {
            smap_add(values, key, value);
        }
        if (error && !first_error) {
            first_error = xasprintf("other_config:%s: %s", key, error);
        }
        free(error);
    }
    free(nodes);
    return first_error;
}

/* A name that is the same for what excludes each other. */
static char *
item_name(const struct item *item)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "%"PRIu32" "ETH_ADDR_FMT, item->vtag.id,
                  ETH_ADDR_ARGS(item->mac));
    if (eth_addr_is_zero(item->mac)) {
        ds_put_char(&s, ' ');
        ipv6_format_mapped(&item->vtep, &s);
    }
    return ds_steal_cstr(&s);
}

/* Parses 'word', "MAC=VTEP" or if 'flood' "VTEP", which it changes. */
static char *
parse_word(char *word, bool flood, struct item *item)
{
    char *vtep = word;
    char *error = NULL;

    item->mac = eth_addr_zero;
    if (!flood) {
        vtep = strchr(word, '=');
        if (!vtep) {
            return xasprintf("\"%s\": use MAC=VTEP,MAC=VTEP,...", word);
        }
        *vtep++ = '\0';
        error = hwv_fdb_parse_mac(word, false, &item->mac);
    }
    return error ? error : hwv_fdb_parse_vtep(vtep, &item->vtep);
}

/* Adds what 'key' with 'value' says to 'items'.  What is there already stays,
 * and is an error only if this same value says something else about it.
 * Returns NULL or an error message. */
static char *
parse_value(const char *key, const char *value, struct shash *items)
{
    bool flood = key[1] == 'l';
    struct shash mine = SHASH_INITIALIZER(&mine);
    struct shash_node *node;
    struct item item;
    char *copy = xstrdup(value);
    char *rest = copy, *word;
    char *error;

    error = hwv_fdb_parse_vni(key + strcspn(key, "-") + 1, &item.vtag);
    while (!error && (word = strsep(&rest, ",")) != NULL) {
        if (word[0]) {
            error = parse_word(word, flood, &item);
        }
        if (word[0] && !error) {
            char *name = item_name(&item);
            struct item *other = shash_find_data(&mine, name);

            if (other && !ipv6_addr_equals(&other->vtep, &item.vtep)) {
                error = xasprintf("\"%s\" is there twice", word);
            } else if (!other) {
                shash_add(&mine, name, xmemdup(&item, sizeof item));
            }
            free(name);
        }
    }
    SHASH_FOR_EACH (node, &mine) {
        if (error || !shash_add_once(items, node->name, node->data)) {
            free(node->data);
        }
    }
    shash_destroy(&mine);
    free(copy);
    return error;
}

/* Adds all that 'source' says to 'items'. */
static void
parse_source(const struct source *source, struct shash *items)
{
    struct smap_node *node;

    SMAP_FOR_EACH (node, &source->values) {
        free(parse_value(node->key, node->value, items));
    }
}

static void
withdraw(const struct item *item)
{
    struct hwv_fdb *fdb = hwv_fdb_instance();

    if (eth_addr_is_zero(item->mac)) {
        hwv_fdb_flood_del(fdb, &item->vtag, &item->vtep, HWV_FDB_CONFIG);
    } else {
        hwv_fdb_del(fdb, &item->vtag, item->mac, HWV_FDB_CONFIG);
    }
}

static void
announce(const struct item *item)
{
    struct hwv_fdb *fdb = hwv_fdb_instance();

    if (eth_addr_is_zero(item->mac)) {
        hwv_fdb_flood_add(fdb, &item->vtag, &item->vtep, HWV_FDB_CONFIG);
    } else {
        struct hwv_fdb_dst dst = hwv_fdb_dst_vtep(&item->vtep);

        hwv_fdb_add(fdb, &item->vtag, item->mac, &dst, HWV_FDB_CONFIG);
    }
}

/* Brings the FDB from what was 'applied' to what the sources say. */
static void
rebuild(void)
{
    const struct shash_node **nodes = shash_sort(&sources);
    struct shash wanted = SHASH_INITIALIZER(&wanted);
    struct shash_node *node;

    for (size_t i = 0; i < shash_count(&sources); i++) {
        parse_source(nodes[i]->data, &wanted);
    }
    free(nodes);
    SHASH_FOR_EACH (node, &applied) {
        if (!shash_find(&wanted, node->name)) {
            withdraw(node->data);
        }
    }
    SHASH_FOR_EACH (node, &wanted) {
        announce(node->data);
    }
    shash_swap(&applied, &wanted);
    shash_destroy_free_data(&wanted);
}

/* Returns NULL, or says which address another Interface has elsewhere. */
static char *
find_conflict(const char *name, const struct source *source)
{
    struct shash items = SHASH_INITIALIZER(&items);
    struct shash_node *node;
    char *error = NULL;

    parse_source(source, &items);
    SHASH_FOR_EACH (node, &items) {
        const struct item *mine = node->data;
        const struct item *other = shash_find_data(&applied, node->name);

        if (!error && other && !ipv6_addr_equals(&mine->vtep, &other->vtep)) {
            struct ds s = DS_EMPTY_INITIALIZER;

            ds_put_format(&s, "other_config:fdb-%"PRIu32": another Interface "
                          "than %s has "ETH_ADDR_FMT" behind ",
                          mine->vtag.id, name, ETH_ADDR_ARGS(mine->mac));
            ipv6_format_mapped(&other->vtep, &s);
            error = ds_steal_cstr(&s);
        }
    }
    shash_destroy_free_data(&items);
    return error;
}

static void
source_destroy(struct shash_node *node)
{
    struct source *source = node->data;

    smap_destroy(&source->values);
    free(source);
    shash_delete(&sources, node);
}
