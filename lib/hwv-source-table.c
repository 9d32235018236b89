/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-source-table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hwv-hash.h"
#include "hwv-memory.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "util.h"

/* A hash table with linear probing, at most half full, whose rows are a cache
 * line each: most lookups touch one.
 *
 * Rows are of two kinds, 'smac_matched' 1 and 0, and a lookup that tries both
 * must see the two as they were at one moment.  One "version" for the whole
 * table sees to it, because tunnels come and go seldom: it is odd while the
 * writer changes rows, and a burst during whose lookups it was odd or changed
 * has seen nothing.  Lookups are not repeated until they succeed, as that
 * would make a PMD thread wait for a writer that does not have the CPU just
 * then: they are misses, which is always right.
 *
 * When the table grows, a copy of twice the size takes its place. */

enum { EXACT = 1 << 0, WILD = 1 << 1 };     /* Kinds. */
#define N_KINDS 2

#define KEY_WORDS HWV_SOURCE_KEY_WORDS

/* The words with MACs: the destination MAC and the first bytes of the source
 * MAC, and the rest of that with 'smac_matched'.  Without a source MAC only
 * these bits are left of them. */
#define DMAC_WORD 5
#define SMAC_WORD 6
BUILD_ASSERT_DECL(offsetof(struct hwv_source_key, dmac)
                  == DMAC_WORD * sizeof(uint64_t));
BUILD_ASSERT_DECL(offsetof(struct hwv_source_key, smac_matched)
                  == SMAC_WORD * sizeof(uint64_t) + 4);
static const uint64_t wild_masks[] = { (UINT64_C(1) << 48) - 1, 0 };

/* Of 64 bits each: the key, and the value, 0 if there is no row. */
struct hwv_source_row {
    atomic_uint64_t words[KEY_WORDS + 1];
};
BUILD_ASSERT_DECL(sizeof(struct hwv_source_row) == CACHE_LINE_SIZE);

struct rows {
    struct hwv_source_row *array;
    uint32_t mask;              /* Rows in 'array' - 1; a power of 2. */
};

struct hwv_source_table {
    OVSRCU_TYPE(struct rows *) rows;
    atomic_uint32_t version;    /* Odd while the writer changes 'rows'. */
    atomic_uint32_t kinds;      /* That there are. */
    struct hwv_hash_secret secret;
    uint32_t max;
    atomic_uint32_t n;
    uint32_t n_of_kind[N_KINDS]; /* Writer only. */
};

#define MIN_ROWS 64

static struct rows *rows_create(uint32_t n);
static void rows_free(struct rows *);
static void source_table_free(struct hwv_source_table *);
static struct rows *writers_rows(const struct hwv_source_table *);
static void grow(struct hwv_source_table *);
static void begin_change(struct hwv_source_table *);
static void end_change(struct hwv_source_table *);
static void count_row(struct hwv_source_table *, uint8_t smac_matched,
                      int delta);
static uint32_t hash_key(const struct hwv_source_table *,
                         const struct hwv_source_key *);
static struct hwv_source_row *find_row(const struct hwv_source_row *,
                                       uint32_t mask,
                                       const uint64_t key[KEY_WORDS],
                                       uint32_t hash);
static struct hwv_source_row *writers_row(const struct rows *,
                                          const struct hwv_source_key *,
                                          uint32_t hash);
static bool row_is_empty(const struct hwv_source_row *);
static void row_read_key(const struct hwv_source_row *,
                         struct hwv_source_key *);
static struct hwv_source_value row_value(const struct hwv_source_row *);
static void row_write(struct hwv_source_row *, const struct hwv_source_key *,
                      const struct hwv_source_value *);
static void row_copy(struct hwv_source_row *to,
                     const struct hwv_source_row *from);
static void row_clear(struct hwv_source_row *);
static bool agree_with_wild(const struct hwv_source_lookups *,
                            uint64_t key[KEY_WORDS],
                            const struct hwv_source_row *exact,
                            struct hwv_source_value *);

struct hwv_source_table *
hwv_source_table_create(uint32_t max)
{
    struct hwv_source_table *table = xzalloc(sizeof *table);

    ovsrcu_init(&table->rows, rows_create(MIN_ROWS));
    atomic_init(&table->version, 0);
    atomic_init(&table->kinds, 0);
    hwv_hash_secret_init(&table->secret);
    table->max = max;
    atomic_init(&table->n, 0);
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
    const uint32_t n = hwv_source_table_count(table);
    uint32_t hash = hash_key(table, key);
    struct hwv_source_row *row = writers_row(writers_rows(table), key, hash);

    if (row_is_empty(row)) {
        if (n >= table->max) {
            return ENOSPC;
        }
        if (n > writers_rows(table)->mask / 2) {
            grow(table);
            row = writers_row(writers_rows(table), key, hash);
        }
        count_row(table, key->smac_matched, 1);
    }
    begin_change(table);
    row_write(row, key, value);
    end_change(table);
    return 0;
}

/* Rows that follow are pulled up where otherwise a lookup would end at the gap
 * before it comes to them. */
int
hwv_source_table_remove(struct hwv_source_table *table,
                        const struct hwv_source_key *key)
{
    const struct rows *rows = writers_rows(table);
    struct hwv_source_row *row = writers_row(rows, key, hash_key(table, key));
    uint32_t gap = row - rows->array;

    if (row_is_empty(row)) {
        return ENOENT;
    }

    begin_change(table);
    for (uint32_t i = (gap + 1) & rows->mask; !row_is_empty(&rows->array[i]);
         i = (i + 1) & rows->mask) {
        struct hwv_source_key other;
        uint32_t home;

        row_read_key(&rows->array[i], &other);
        home = hash_key(table, &other) & rows->mask;
        if (((i - home) & rows->mask) >= ((i - gap) & rows->mask)) {
            row_copy(&rows->array[gap], &rows->array[i]);
            gap = i;
        }
    }
    row_clear(&rows->array[gap]);
    end_change(table);
    count_row(table, key->smac_matched, -1);
    return 0;
}

/* Returns word 'i' of 'key', which has just been written 32 bits at a time: a
 * processor waits where it reads at once what it has written in parts, as a
 * compiler would have it do if there were no "volatile". */
static inline uint64_t
key_word(const struct hwv_source_key *key, size_t i)
{
    const volatile uint32_t *halves = (const volatile uint32_t *) key;

    return halves[2 * i] | (uint64_t) halves[2 * i + 1] << 32;
}

void
hwv_source_lookups_begin(struct hwv_source_lookups *lookups,
                         const struct hwv_source_table *table_)
{
    struct hwv_source_table *table = CONST_CAST(struct hwv_source_table *,
                                                table_);
    const struct rows *rows;

    lookups->table = table;
    lookups->secret = table->secret;
    atomic_read_explicit(&table->version, &lookups->version,
                         memory_order_acquire);
    atomic_read_relaxed(&table->kinds, &lookups->kinds);
    rows = ovsrcu_get(struct rows *, &table->rows);
    lookups->rows = rows->array;
    lookups->mask = rows->mask;
    for (size_t i = 0; i < ARRAY_SIZE(wild_masks); i++) {
        lookups->mac_masks[i] = (lookups->kinds == WILD
                                 ? wild_masks[i] : UINT64_MAX);
    }
}

void
hwv_source_lookups_put(struct hwv_source_lookups *lookups, size_t i,
                       const struct hwv_source_key *key)
{
    uint64_t sum = lookups->secret.multipliers[0];

#pragma GCC unroll 16           /* -O2 would not. */
    for (size_t j = 0; j < KEY_WORDS; j++) {
        uint64_t word = key_word(key, j);

        if (j >= DMAC_WORD) {
            word &= lookups->mac_masks[j - DMAC_WORD];
        }
        lookups->keys[j][i] = word;
        sum += hwv_hash_product(&lookups->secret, j, word);
    }
    lookups->hashes[i] = hwv_hash_mix(sum);
}

void
hwv_source_lookups_fetch(const struct hwv_source_lookups *lookups, size_t i)
{
    OVS_PREFETCH(&lookups->rows[lookups->hashes[i] & lookups->mask]);
}

bool
hwv_source_lookups_finish(const struct hwv_source_lookups *lookups, size_t i,
                          struct hwv_source_value *value)
{
    const struct hwv_source_row *row;
    uint64_t key[KEY_WORDS];

#pragma GCC unroll 16           /* -O2 would not. */
    for (size_t j = 0; j < KEY_WORDS; j++) {
        key[j] = lookups->keys[j][i];
    }
    row = find_row(lookups->rows, lookups->mask, key, lookups->hashes[i]);
    *value = row_value(row);
    return (OVS_LIKELY(lookups->kinds != (EXACT | WILD))
            ? !row_is_empty(row)
            : agree_with_wild(lookups, key, row, value));
}

bool
hwv_source_lookups_end(const struct hwv_source_lookups *lookups)
{
    struct hwv_source_table *table = CONST_CAST(struct hwv_source_table *,
                                                lookups->table);
    uint32_t after;

    /* Keeps the second reading behind the probes. */
    atomic_thread_fence(memory_order_acquire);
    atomic_read_relaxed(&table->version, &after);
    return !(after & 1) && after == lookups->version;
}

uint32_t
hwv_source_table_count(const struct hwv_source_table *table)
{
    uint32_t n;

    atomic_read_relaxed(&CONST_CAST(struct hwv_source_table *, table)->n, &n);
    return n;
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
    const struct rows *rows = writers_rows(table);

    for (uint32_t i = 0; i <= rows->mask; i++) {
        const struct hwv_source_row *row = &rows->array[i];

        if (!row_is_empty(row)) {
            const struct hwv_source_value value = row_value(row);
            struct hwv_source_key key;

            row_read_key(row, &key);
            cb(&key, &value, aux);
        }
    }
}

static struct rows *
rows_create(uint32_t n)
{
    struct rows *rows = xmalloc(sizeof *rows);

    rows->array = hwv_memory_alloc(n * sizeof *rows->array);
    rows->mask = n - 1;
    return rows;
}

static void
rows_free(struct rows *rows)
{
    hwv_memory_free(rows->array);
    free(rows);
}

static void
source_table_free(struct hwv_source_table *table)
{
    rows_free(writers_rows(table));
    free(table);
}

static struct rows *
writers_rows(const struct hwv_source_table *table)
{
    return ovsrcu_get_protected(struct rows *, &table->rows);
}

/* Lookups that are on their way go on in the old rows. */
static void
grow(struct hwv_source_table *table)
{
    struct rows *old = writers_rows(table);
    struct rows *new = rows_create(2 * (old->mask + 1));

    for (uint32_t i = 0; i <= old->mask; i++) {
        const struct hwv_source_row *row = &old->array[i];
        struct hwv_source_key key;

        if (!row_is_empty(row)) {
            row_read_key(row, &key);
            row_copy(writers_row(new, &key, hash_key(table, &key)), row);
        }
    }
    ovsrcu_set(&table->rows, new);
    ovsrcu_postpone(rows_free, old);
}

static void
add_version(struct hwv_source_table *table, memory_order order)
{
    uint32_t version;

    atomic_read_relaxed(&table->version, &version);
    atomic_store_explicit(&table->version, version + 1, order);
}

static void
begin_change(struct hwv_source_table *table)
{
    add_version(table, memory_order_relaxed);

    /* Keeps the changes behind it. */
    atomic_thread_fence(memory_order_release);
}

static void
end_change(struct hwv_source_table *table)
{
    add_version(table, memory_order_release);
}

/* A kind is there before its first row is and after its last. */
static void
count_row(struct hwv_source_table *table, uint8_t smac_matched, int delta)
{
    uint32_t n = hwv_source_table_count(table);

    ovs_assert(smac_matched < N_KINDS);
    table->n_of_kind[smac_matched] += delta;
    atomic_store_relaxed(&table->n, n + delta);
    atomic_store_explicit(&table->kinds,
                          (table->n_of_kind[1] ? EXACT : 0)
                          | (table->n_of_kind[0] ? WILD : 0),
                          memory_order_release);
}

static inline uint32_t
hash_key(const struct hwv_source_table *table,
         const struct hwv_source_key *key)
{
    return hwv_hash(&table->secret, key, sizeof *key);
}

static inline uint64_t
row_word(const struct hwv_source_row *row, size_t i)
{
    uint64_t word;

    atomic_read_relaxed(&CONST_CAST(struct hwv_source_row *, row)->words[i],
                        &word);
    return word;
}

/* Returns the row of 'key', or the empty one where it would be.  There is
 * always one: even while the writer pulls rows up, half of them are empty. */
static inline struct hwv_source_row *
find_row(const struct hwv_source_row *rows, uint32_t mask,
         const uint64_t key[KEY_WORDS], uint32_t hash)
{
    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        struct hwv_source_row *row = CONST_CAST(struct hwv_source_row *,
                                                &rows[i]);
        uint64_t differ = 0;

#pragma GCC unroll 16           /* -O2 would not. */
        for (size_t j = 0; j < KEY_WORDS; j++) {
            differ |= row_word(row, j) ^ key[j];
        }
        if (!differ || row_is_empty(row)) {
            return row;
        }
    }
}

static struct hwv_source_row *
writers_row(const struct rows *rows, const struct hwv_source_key *key,
            uint32_t hash)
{
    uint64_t words[KEY_WORDS];

    memcpy(words, key, sizeof words);
    return find_row(rows->array, rows->mask, words, hash);
}

static inline uint64_t
row_value_word(const struct hwv_source_row *row)
{
    return row_word(row, KEY_WORDS);
}

static inline bool
row_is_empty(const struct hwv_source_row *row)
{
    return !row_value_word(row);
}

static void
row_read_key(const struct hwv_source_row *row, struct hwv_source_key *key)
{
    uint64_t words[KEY_WORDS];

    for (size_t i = 0; i < KEY_WORDS; i++) {
        words[i] = row_word(row, i);
    }
    memcpy(key, words, sizeof words);
}

/* The id is stored plus 1, so that there is no value of 0. */
static inline struct hwv_source_value
row_value(const struct hwv_source_row *row)
{
    uint64_t word = row_value_word(row);

    return (struct hwv_source_value) {
        .id = (word >> 32) - 1,
        .counter = word,
    };
}

static void
row_write(struct hwv_source_row *row, const struct hwv_source_key *key,
          const struct hwv_source_value *value)
{
    uint64_t words[KEY_WORDS + 1];

    memcpy(words, key, sizeof *key);
    words[KEY_WORDS] = (value->id + UINT64_C(1)) << 32 | value->counter;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        atomic_store_relaxed(&row->words[i], words[i]);
    }
}

static void
row_copy(struct hwv_source_row *to, const struct hwv_source_row *from)
{
    const struct hwv_source_value value = row_value(from);
    struct hwv_source_key key;

    row_read_key(from, &key);
    row_write(to, &key, &value);
}

static void
row_clear(struct hwv_source_row *row)
{
    for (size_t i = 0; i < ARRAY_SIZE(row->words); i++) {
        atomic_store_relaxed(&row->words[i], 0);
    }
}

/* There are rows that match the source MAC and rows that do not.  'exact' is
 * what has been found of the first kind for 'key', with '*value', or empty. */
static bool
agree_with_wild(const struct hwv_source_lookups *lookups,
                uint64_t key[KEY_WORDS], const struct hwv_source_row *exact,
                struct hwv_source_value *value)
{
    const struct hwv_source_row *wild;

    key[DMAC_WORD] &= wild_masks[0];
    key[SMAC_WORD] &= wild_masks[1];
    wild = find_row(lookups->rows, lookups->mask, key,
                    hwv_hash(&lookups->secret, key, KEY_WORDS * sizeof *key));
    if (row_is_empty(exact)) {
        *value = row_value(wild);
        return !row_is_empty(wild);
    }
    return row_is_empty(wild) || row_value(wild).id == value->id;
}
