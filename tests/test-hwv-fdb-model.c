/* SPDX-License-Identifier: Apache-2.0 */

/* Random events against the FDB (ofproto-ext/hwv-fdb.h) and against a model of
 * it that is as simple as can be: one record for each thing that could be
 * there, all looked at each time.  After each event all that can be seen of
 * the two must be the same. */

#include <config.h>

#include <errno.h>

#include "flow.h"
#include "hwv-fdb-world.h"
#include "hwv-unit.h"

/* As ck_assert(), without the record of its passing, which takes long. */
#define CHECK(CONDITION)                        \
    do {                                        \
        if (!(CONDITION)) {                     \
            ck_abort_msg("%s", #CONDITION);     \
        }                                       \
    } while (0)

#define N_ROUNDS 100
#define N_EVENTS 2000
#define N_VTAGS 3
#define N_MACS 6
#define N_PLACES 5              /* Three VTEPs and two ports. */
#define N_VTEPS 4

/* What one origin says about one address. */
struct record {
    bool exists;
    int place;
    long long int created, used;
    uint32_t n_moves;
    long long int moves_since;
    unsigned int n_recent;
    bool held;
};

/* One address in one VTAG. */
struct key {
    struct record records[HWV_FDB_N_ORIGINS];
    long long int rules_used;
    int told_origin, told_place;    /* -1: told that there is nothing. */
    int n_tell_most;            /* How often a change may be told now. */
};

static struct key keys[N_VTAGS][N_MACS];
static bool floods[N_VTAGS][N_VTEPS][HWV_FDB_N_ORIGINS];
static bool flood_told[N_VTAGS][N_VTEPS];
static bool flood_changed[N_VTAGS];
static struct hwv_fdb_settings settings;
static struct hwv_fdb_stats stats;

/* Names of things
 * --------------- */

static const struct hwv_vtag vtags[N_VTAGS] = {
    { HWV_VTAG_VXLAN, 5 }, { HWV_VTAG_VLAN, 5 }, { HWV_VTAG_VXLAN, 16777215 },
};

static struct hwv_fdb_dst
place_dst(int place)
{
    return place < 3 ? vtep(place) : hwv_fdb_dst_port(u16_to_ofp(place));
}

static int
dst_place(const struct hwv_fdb_dst *dst)
{
    for (int i = 0; i < N_PLACES; i++) {
        struct hwv_fdb_dst other = place_dst(i);

        if (hwv_fdb_dst_equal(dst, &other)) {
            return i;
        }
    }
    ck_abort_msg("unknown place");
    return -1;
}

static int
vtag_index(const struct hwv_vtag *vtag)
{
    for (int i = 0; i < N_VTAGS; i++) {
        if (hwv_vtag_equal(&vtags[i], vtag)) {
            return i;
        }
    }
    ck_abort_msg("unknown VTAG");
    return -1;
}

/* The model
 * --------- */

/* Returns the origin in force, or -1. */
static int
in_force(const struct key *key)
{
    for (int i = HWV_FDB_N_ORIGINS - 1; i >= 0; i--) {
        if (key->records[i].exists) {
            return i;
        }
    }
    return -1;
}

static bool
flooded(int v, int vtep_)
{
    for (int i = 0; i < HWV_FDB_N_ORIGINS; i++) {
        if (floods[v][vtep_][i]) {
            return true;
        }
    }
    return false;
}

/* Counts learned entries: in 'v' or all (-1), at 'place' or all (-1). */
static uint32_t
count_learned(int v, int place)
{
    uint32_t n = 0;

    for (int i = 0; i < N_VTAGS; i++) {
        for (int j = 0; j < N_MACS; j++) {
            const struct record *r = &keys[i][j].records[HWV_FDB_LEARNED];

            n += (r->exists && (v < 0 || i == v)
                  && (place < 0 || r->place == place));
        }
    }
    return n;
}

static int
model_admit(int v, int place, bool is_move)
{
    bool local = place >= 3;

    if (!is_move && count_learned(-1, -1) >= settings.max_learned) {
        stats.refused_total++;
    } else if (!is_move && count_learned(v, -1) >= settings.max_per_vtag) {
        stats.refused_vtag++;
    } else if (local && count_learned(v, place) >= settings.max_per_port) {
        stats.refused_port++;
    } else if (!local && count_learned(-1, place) >= settings.max_per_vtep) {
        stats.refused_vtep++;
    } else {
        return 0;
    }
    return ENOSPC;
}

static int
model_may_move(struct record *r)
{
    long long int limit = r->held ? settings.hold_time : settings.move_time;

    if (clock_ms - r->moves_since >= limit * 1000) {
        r->held = false;
        r->n_recent = 0;
    }
    if (!r->held && r->n_recent >= settings.max_moves) {
        r->held = true;
        r->moves_since = clock_ms;
        stats.holds++;
    }
    if (r->held) {
        stats.refused_held++;
        return EAGAIN;
    }
    return 0;
}

static void
model_move(struct record *r)
{
    if (!r->n_recent) {
        r->moves_since = clock_ms;
    }
    r->n_recent++;
    stats.moves++;
}

static int
model_add(int v, int m, int place, int origin)
{
    struct record *r = &keys[v][m].records[origin];
    int error = 0;

    if (origin == HWV_FDB_LEARNED && in_force(&keys[v][m]) > origin) {
        stats.refused_stronger++;
        return EEXIST;
    }
    if (r->exists && r->place == place) {
        r->used = clock_ms;
        return 0;
    }
    if (origin == HWV_FDB_LEARNED) {
        error = r->exists ? model_may_move(r) : 0;
        if (!error) {
            error = model_admit(v, place, r->exists);
        }
        if (!error && r->exists) {
            model_move(r);
        } else if (error == ENOSPC && r->exists) {
            r->exists = false;
            stats.forgotten++;
        }
    }
    if (!error) {
        if (r->exists) {
            r->n_moves++;
        } else {
            memset(r, 0, sizeof *r);
            r->exists = true;
        }
        r->place = place;
        r->created = r->used = clock_ms;
    }
    return error;
}

static void
model_age(void)
{
    long long int seconds = clock_ms / 1000;

    if (!settings.aging_time) {
        return;
    }
    for (int v = 0; v < N_VTAGS; v++) {
        for (int m = 0; m < N_MACS; m++) {
            struct key *key = &keys[v][m];
            struct record *r = &key->records[HWV_FDB_LEARNED];

            if (r->exists && r->used / 1000 + settings.aging_time < seconds) {
                if (in_force(key) == HWV_FDB_LEARNED) {
                    r->used = MAX(r->used, key->rules_used);
                }
                if (r->used / 1000 + settings.aging_time < seconds) {
                    r->exists = false;
                    stats.aged++;
                }
            }
        }
    }
}

static size_t
model_flush(int v, int place, int origin)
{
    size_t n = 0;

    for (int i = 0; i < N_VTAGS; i++) {
        for (int m = 0; m < N_MACS; m++) {
            struct record *r = &keys[i][m].records[origin];

            if (r->exists && (v < 0 || i == v)
                && (place < 0 || r->place == place)) {
                r->exists = false;
                n++;
            }
        }
    }
    return n;
}

static size_t
model_flood_flush(int v, int origin)
{
    size_t n = 0;

    for (int i = 0; i < N_VTAGS; i++) {
        for (int j = 0; j < N_VTEPS && (v < 0 || i == v); j++) {
            n += floods[i][j][origin];
            floods[i][j][origin] = false;
        }
    }
    return n;
}

/* The events
 * ---------- */

static long long int
rules_used(const struct hwv_fdb_entry *entry, void *aux OVS_UNUSED)
{
    int v = vtag_index(entry->vtag);

    return keys[v][ntohs(entry->mac.be16[2]) - 1].rules_used;
}

static void
event_settings(void)
{
    settings.aging_time = random_range(3) ? 5 + random_range(1000) : 0;
    settings.max_learned = 3 + random_range(8);
    settings.max_per_vtag = 2 + random_range(5);
    settings.max_per_vtep = 1 + random_range(4);
    settings.max_per_port = random_range(3);
    settings.max_moves = random_range(4);
    settings.move_time = random_range(10);
    settings.hold_time = random_range(20);
    hwv_fdb_set_settings(fdb, &settings);

    /* What is overdue by then goes in the next second. */
    clock_ms += 1000;
}

static void
event_entry(int v, int m, int origin)
{
    int place = random_range(N_PLACES);
    struct hwv_fdb_dst dst = place_dst(place);

    if (random_range(origin == HWV_FDB_LEARNED ? 8 : 2)) {
        int error = hwv_fdb_add(fdb, &vtags[v], mac(m + 1), &dst, origin);

        CHECK(error == model_add(v, m, place, origin));
    } else {
        struct record *r = &keys[v][m].records[origin];
        int error = hwv_fdb_del(fdb, &vtags[v], mac(m + 1), origin);

        CHECK(error == (r->exists ? 0 : ENOENT));
        r->exists = false;
    }
}

static void
event_flood(int v, int origin)
{
    int i = random_range(N_VTEPS);
    bool *there = &floods[v][i][origin];
    struct in6_addr address = ip(i);
    int error;

    if (random_range(2)) {
        error = hwv_fdb_flood_add(fdb, &vtags[v], &address, origin);
        CHECK(!error);
        *there = true;
    } else {
        error = hwv_fdb_flood_del(fdb, &vtags[v], &address, origin);
        CHECK(error == (*there ? 0 : ENOENT));
        *there = false;
    }
}

static void
event_flush(int v, int origin)
{
    const struct hwv_vtag *vtag = v < N_VTAGS ? &vtags[v] : NULL;
    int place = random_range(N_PLACES);
    struct hwv_fdb_dst dst = place_dst(place);
    size_t n;

    v = vtag ? v : -1;
    switch (random_range(3)) {
    case 0:
        n = hwv_fdb_flush(fdb, vtag, origin);
        CHECK(n == model_flush(v, -1, origin));
        break;
    case 1:
        n = hwv_fdb_flush_dst(fdb, vtag, &dst);
        CHECK(n == model_flush(v, place, HWV_FDB_LEARNED));
        break;
    default:
        n = hwv_fdb_flood_flush(fdb, vtag, origin);
        CHECK(n == model_flood_flush(v, origin));
        break;
    }
}

static void
event(void)
{
    int v = random_range(N_VTAGS), m = random_range(N_MACS);
    int origin = random_range(HWV_FDB_N_ORIGINS);

    switch (random_range(20)) {
    case 0:
        event_settings();
        break;
    case 1:
        event_flush(random_range(N_VTAGS + 1), origin);
        break;
    case 2:
        clock_ms += random_range(random_range(2) ? 1000000 : 10000);
        break;
    case 3:
        keys[v][m].rules_used = clock_ms - random_range(100000);
        break;
    case 4: case 5: case 6:
        event_flood(v, origin);
        break;
    case 7: case 8:
        event_entry(v, m, origin);
        break;
    default:
        event_entry(v, m, HWV_FDB_LEARNED);
        clock_ms += random_range(1000);
        break;
    }
    run_until(clock_ms);
    model_age();
}

/* What is seen
 * ------------ */

static void
check_entry(const struct hwv_fdb_entry *entry, const struct record *r)
{
    CHECK(dst_place(&entry->dst) == r->place);
    CHECK(entry->created == r->created);
    CHECK(entry->used == r->used);
    CHECK(entry->n_moves == r->n_moves);
}

static void
check_key(int v, int m)
{
    const struct key *key = &keys[v][m];
    const struct hwv_fdb_entry *entry;
    int origin = in_force(key);

    entry = hwv_fdb_lookup(fdb, &vtags[v], mac(m + 1));
    CHECK((entry ? entry->origin : -1) == origin);
    for (int i = 0; i < HWV_FDB_N_ORIGINS; i++) {
        entry = hwv_fdb_lookup_origin(fdb, &vtags[v], mac(m + 1), i);
        CHECK((entry != NULL) == key->records[i].exists);
        if (entry) {
            CHECK(hwv_vtag_equal(entry->vtag, &vtags[v]));
            CHECK(entry->origin == i);
            check_entry(entry, &key->records[i]);
            stats.n_entries[i]++;
        }
    }
}

static void
check_floods(int v)
{
    size_t n = 0;

    for (int i = 0; i < N_VTEPS; i++) {
        const struct hwv_fdb_flood *flood;
        struct in6_addr address = ip(i);
        int origins = 0;

        for (int j = 0; j < HWV_FDB_N_ORIGINS; j++) {
            origins |= floods[v][i][j] << j;
        }
        flood = hwv_fdb_flood_lookup(fdb, &vtags[v], &address);
        CHECK((flood ? flood->origins : 0) == origins);
        n += origins != 0;
    }
    CHECK(hwv_fdb_flood_count(fdb, &vtags[v]) == n);
    stats.n_flood += n;
}

static void
check_all(void)
{
    memset(stats.n_entries, 0, sizeof stats.n_entries);
    stats.n_flood = stats.n_vtags = 0;
    for (int v = 0; v < N_VTAGS; v++) {
        const struct hwv_fdb_entry *entry = NULL;
        size_t n = 0;

        for (int m = 0; m < N_MACS; m++) {
            check_key(v, m);
            n += in_force(&keys[v][m]) >= 0;
        }
        check_floods(v);
        stats.n_vtags += n || hwv_fdb_flood_count(fdb, &vtags[v]);
        while ((entry = hwv_fdb_next(fdb, &vtags[v], entry)) != NULL) {
            n--;
        }
        CHECK(n == 0);
    }
    CHECK(!memcmp(hwv_fdb_stats(fdb), &stats, sizeof stats));
}

/* Takes note of what the model has changed since 'before' and 'floods_before'
 * were copied: so much may be told. */
static void
note_changes(const struct key before[N_VTAGS][N_MACS],
             const bool floods_before[N_VTAGS][N_VTEPS])
{
    for (int v = 0; v < N_VTAGS; v++) {
        for (int m = 0; m < N_MACS; m++) {
            const struct key *old = &before[v][m];
            struct key *new = &keys[v][m];
            int a = in_force(old), b = in_force(new);

            if (a != b || (a >= 0 && (old->records[a].place
                                      != new->records[a].place))) {
                new->n_tell_most = (a < 0 ? new->n_tell_most + 1
                                    : MAX(new->n_tell_most, 1));
            }
        }
        for (int i = 0; i < N_VTEPS; i++) {
            flood_changed[v] |= flooded(v, i) != floods_before[v][i];
        }
    }
}

static void
take_change(const struct hwv_fdb_change *change)
{
    int v = vtag_index(&change->vtag);

    if (change->flood) {
        CHECK(flood_changed[v]);
        for (int i = 0; i < N_VTEPS; i++) {
            flood_told[v][i] = flooded(v, i);
        }
    } else {
        struct key *key = &keys[v][ntohs(change->mac.be16[2]) - 1];

        CHECK(key->n_tell_most > 0);
        key->n_tell_most--;
        key->told_origin = change->entry ? change->entry->origin : -1;
        key->told_place = change->entry ? dst_place(&change->entry->dst) : -1;
    }
}

/* Who only listens to changes knows all. */
static void
check_changes(void)
{
    struct hwv_fdb_change change;

    while (hwv_fdb_next_change(fdb, &change)) {
        take_change(&change);
    }
    for (int v = 0; v < N_VTAGS; v++) {
        for (int m = 0; m < N_MACS; m++) {
            struct key *key = &keys[v][m];
            int origin = in_force(key);

            CHECK(key->told_origin == origin);
            CHECK(key->told_place
                  == (origin < 0 ? -1 : key->records[origin].place));
            key->n_tell_most = 0;
        }
        for (int i = 0; i < N_VTEPS; i++) {
            CHECK(flood_told[v][i] == flooded(v, i));
        }
        flood_changed[v] = false;
    }
}

static void
reset_model(void)
{
    memset(keys, 0, sizeof keys);
    memset(floods, 0, sizeof floods);
    memset(flood_told, 0, sizeof flood_told);
    memset(flood_changed, 0, sizeof flood_changed);
    memset(&stats, 0, sizeof stats);
    settings = *hwv_fdb_settings(fdb);
    for (int v = 0; v < N_VTAGS; v++) {
        for (int m = 0; m < N_MACS; m++) {
            keys[v][m].told_origin = keys[v][m].told_place = -1;
        }
    }
}

START_TEST(test_model)
{
    random_set_seed(_i + 1);
    reset_model();
    hwv_fdb_set_used_cb(fdb, rules_used, NULL);
    for (int i = 0; i < N_EVENTS; i++) {
        struct key before[N_VTAGS][N_MACS];
        bool floods_before[N_VTAGS][N_VTEPS];

        memcpy(before, keys, sizeof before);
        for (int v = 0; v < N_VTAGS; v++) {
            for (int j = 0; j < N_VTEPS; j++) {
                floods_before[v][j] = flooded(v, j);
            }
        }
        event();
        note_changes(before, floods_before);
        check_all();
        if (!random_range(5)) {
            check_changes();
        }
    }
    check_changes();

    /* Else much of this was for nothing. */
    ck_assert_int_gt(stats.moves, 0);
    ck_assert_int_gt(stats.holds, 0);
    ck_assert_int_gt(stats.forgotten, 0);
    ck_assert_int_gt(stats.aged, 0);
    ck_assert_int_gt(stats.refused_stronger, 0);
    ck_assert_int_gt(stats.refused_vtag, 0);
    ck_assert_int_gt(stats.refused_vtep, 0);
    ck_assert_int_gt(stats.refused_port, 0);
    ck_assert_int_gt(stats.refused_total, 0);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("fdb-model");
    TCase *tcase = hwv_unit_tcase(suite, "model");

    tcase_add_checked_fixture(tcase, hwv_fdb_world_setup,
                              hwv_fdb_world_teardown);
    tcase_add_loop_test(tcase, test_model, 0, N_ROUNDS);
    return hwv_unit_run(argv[0], suite);
}
