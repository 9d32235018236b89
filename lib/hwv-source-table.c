/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-source-table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmap.h"
#include "hwv-hash.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "util.h"

/* Rows are of two kinds: 'smac_matched' 1 and 0.  As in the flow table, a
 * lookup that tries both must see the two as they were at one moment, and the
 * same "state" word sees to it: which kinds there are, and a version that
 * changes before each change of a row.  The essay in hwv-flow-table.c has the
 * argument.  One word for the whole table will do, because tunnels come and go
 * seldom. */

#define N_KINDS 2
#define STATE_KIND(KIND) (UINT32_C(1) << (KIND))
#define STATE_KINDS (STATE_KIND(N_KINDS) - 1)
#define STATE_VERSION (STATE_KINDS + 1)     /* Increment of the version. */

struct row {
    struct cmap_node node;
    const struct hwv_source_key key;
    const struct hwv_source_value value;
};

struct hwv_source_table {
    struct cmap rows;           /* Contains "struct row"s. */
    struct hwv_hash_secret secret;
    atomic_uint32_t state;
    uint32_t max;
    uint32_t n_rows[N_KINDS];   /* Writer only: by kind. */
};

static void source_table_free(struct hwv_source_table *);
static struct row *row_create(const struct hwv_source_key *,
                              const struct hwv_source_value *);
static uint32_t hash_key(const struct hwv_source_table *,
                         const struct hwv_source_key *);
static struct row *find_row(const struct hwv_source_table *,
                            const struct hwv_source_key *, uint32_t hash);
static void announce_change(struct hwv_source_table *, uint8_t kind);
static void withdraw_kind(struct hwv_source_table *, uint8_t kind);
static bool probe_kinds(const struct hwv_source_table *, uint32_t kinds,
                        const struct hwv_source_key *,
                        struct hwv_source_value *);

struct hwv_source_table *
hwv_source_table_create(uint32_t max)
{
    struct hwv_source_table *table = xzalloc(sizeof *table);

    cmap_init(&table->rows);
    hwv_hash_secret_init(&table->secret);
    atomic_init(&table->state, 0);
    table->max = max;
    return table;
}

void
hwv_source_table_destroy(struct hwv_source_table *table)
{
    if (table) {
        ovsrcu_postpone(source_table_free, table);
    }
}

int
hwv_source_table_set(struct hwv_source_table *table,
                     const struct hwv_source_key *key,
                     const struct hwv_source_value *value)
{
    uint32_t hash = hash_key(table, key);
    struct row *old = find_row(table, key, hash);
    struct row *new;

    if (!old && cmap_count(&table->rows) >= table->max) {
        return ENOSPC;
    }

    new = row_create(key, value);
    announce_change(table, key->smac_matched);
    if (old) {
        cmap_replace(&table->rows, &old->node, &new->node, hash);
        ovsrcu_postpone(free, old);
    } else {
        cmap_insert(&table->rows, &new->node, hash);
        table->n_rows[key->smac_matched]++;
    }
    return 0;
}

int
hwv_source_table_remove(struct hwv_source_table *table,
                        const struct hwv_source_key *key)
{
    uint32_t hash = hash_key(table, key);
    struct row *row = find_row(table, key, hash);

    if (!row) {
        return ENOENT;
    }

    announce_change(table, key->smac_matched);
    cmap_remove(&table->rows, &row->node, hash);
    ovsrcu_postpone(free, row);
    if (!--table->n_rows[key->smac_matched]) {
        withdraw_kind(table, key->smac_matched);
    }
    return 0;
}

bool
hwv_source_table_lookup(const struct hwv_source_table *table_,
                        const struct hwv_source_key *key,
                        struct hwv_source_value *value)
{
    struct hwv_source_table *table = CONST_CAST(struct hwv_source_table *,
                                                table_);
    uint32_t before, after;
    bool found;

    atomic_read_explicit(&table->state, &after, memory_order_acquire);
    do {
        before = after;
        found = probe_kinds(table, before & STATE_KINDS, key, value);

        /* Keeps the second reading behind the probes. */
        atomic_thread_fence(memory_order_acquire);
        atomic_read_explicit(&table->state, &after, memory_order_acquire);
    } while (OVS_UNLIKELY(before != after));

    return found;
}

uint32_t
hwv_source_table_count(const struct hwv_source_table *table)
{
    return cmap_count(&table->rows);
}

uint32_t
hwv_source_table_max(const struct hwv_source_table *table)
{
    return table->max;
}

void
hwv_source_table_for_each(const struct hwv_source_table *table,
                          void (*cb)(const struct hwv_source_key *,
                                     const struct hwv_source_value *,
                                     void *aux),
                          void *aux)
{
    const struct row *row;

    CMAP_FOR_EACH (row, node, &table->rows) {
        cb(&row->key, &row->value, aux);
    }
}

static void
source_table_free(struct hwv_source_table *table)
{
    struct row *row;

    CMAP_FOR_EACH (row, node, &table->rows) {
        free(row);
    }
    cmap_destroy(&table->rows);
    free(table);
}

static struct row *
row_create(const struct hwv_source_key *key,
           const struct hwv_source_value *value)
{
    struct row init = { .key = *key, .value = *value };

    ovs_assert(key->smac_matched < N_KINDS);
    return xmemdup(&init, sizeof init);
}

static inline uint32_t
hash_key(const struct hwv_source_table *table,
         const struct hwv_source_key *key)
{
    return hwv_hash(&table->secret, key, sizeof *key);
}

/* As memcmp() would, of which the compiler makes a call. */
static inline bool
keys_equal(const struct hwv_source_key *a, const struct hwv_source_key *b)
{
    uint64_t x[sizeof *a / 8], y[sizeof *b / 8], differ = 0;

    BUILD_ASSERT_DECL(sizeof x == sizeof *a);

    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    for (size_t i = 0; i < ARRAY_SIZE(x); i++) {
        differ |= x[i] ^ y[i];
    }
    return !differ;
}

static struct row *
find_row(const struct hwv_source_table *table,
         const struct hwv_source_key *key, uint32_t hash)
{
    struct row *row;

    CMAP_FOR_EACH_WITH_HASH (row, node, hash, &table->rows) {
        if (keys_equal(&row->key, key)) {
            return row;
        }
    }
    return NULL;
}

/* To be called before a row of 'kind' is inserted, replaced or removed. */
static void
announce_change(struct hwv_source_table *table, uint8_t kind)
{
    uint32_t state;

    atomic_read_relaxed(&table->state, &state);
    state = (state + STATE_VERSION) | STATE_KIND(kind);
    atomic_store_explicit(&table->state, state, memory_order_release);
}

/* To be called after the last row of 'kind' is removed. */
static void
withdraw_kind(struct hwv_source_table *table, uint8_t kind)
{
    uint32_t state;

    atomic_read_relaxed(&table->state, &state);
    state &= ~STATE_KIND(kind);
    atomic_store_explicit(&table->state, state, memory_order_release);
}

static bool
probe_kinds(const struct hwv_source_table *table, uint32_t kinds,
            const struct hwv_source_key *key, struct hwv_source_value *value)
{
    const struct row *exact = NULL;
    const struct row *any = NULL;

    if (kinds & STATE_KIND(1)) {
        exact = find_row(table, key, hash_key(table, key));
    }
    if (kinds & STATE_KIND(0)) {
        struct hwv_source_key wild = *key;

        wild.smac = eth_addr_zero;
        wild.smac_matched = 0;
        any = find_row(table, &wild, hash_key(table, &wild));
    }

    if (exact && any && exact->value.id != any->value.id) {
        return false;
    }
    if (exact || any) {
        *value = exact ? exact->value : any->value;
        return true;
    }
    return false;
}
