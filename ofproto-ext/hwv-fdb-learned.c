/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "flow.h"
#include "hash.h"
#include "hwv-fdb-private.h"
#include "util.h"

/* Learned entries: limits, moves, and age
 * =======================================
 *
 * Ageing uses a timer wheel: an entry is in the slot of the second in which to
 * look whether it has to go.  That an entry is used does not move it: when its
 * time has come, it is put into the slot of its new time. */

/* Entries that one call of hwv_fdb_run() looks at. */
#define MAX_PER_RUN 4096

static struct fdb_place *find_place(const struct hwv_fdb *,
                                    const struct fdb_segment *,
                                    const struct hwv_fdb_dst *);
static uint32_t place_hash(const struct hwv_fdb *, const struct hwv_fdb_dst *,
                           const struct hwv_vtag *);
static struct hwv_vtag place_vtag(const struct fdb_segment *,
                                  const struct hwv_fdb_dst *);
static void schedule(struct hwv_fdb *, struct fdb_learned *);
static void look_at(struct hwv_fdb *, struct fdb_learned *,
                    long long int second);

void
fdb_learned_init(struct hwv_fdb *fdb)
{
    for (size_t i = 0; i < FDB_WHEEL_SLOTS; i++) {
        ovs_list_init(&fdb->wheel[i]);
    }
    fdb->second = fdb->now() / 1000;
}

int
fdb_learned_admit(struct hwv_fdb *fdb, const struct fdb_segment *segment,
                  const struct hwv_fdb_dst *dst, bool is_move)
{
    const struct fdb_place *place = find_place(fdb, segment, dst);
    uint32_t n_here = place ? place->n_learned : 0;
    bool local = hwv_fdb_dst_is_local(dst);

    if (!is_move
        && fdb->stats.n_entries[HWV_FDB_LEARNED]
           >= fdb->settings.max_learned) {
        fdb->stats.refused_total++;
    } else if (!is_move && segment->n_learned >= fdb->settings.max_per_vtag) {
        fdb->stats.refused_vtag++;
    } else if (local && n_here >= fdb->settings.max_per_port) {
        fdb->stats.refused_port++;
    } else if (!local && n_here >= fdb->settings.max_per_vtep) {
        fdb->stats.refused_vtep++;
    } else {
        return 0;
    }
    return ENOSPC;
}

/* The moves within 'move_time' of the first of them are counted.  One too many
 * is refused, and so are all within 'hold_time' after it. */
int
fdb_learned_may_move(struct hwv_fdb *fdb, struct fdb_learned *learned)
{
    const struct hwv_fdb_settings *s = &fdb->settings;
    long long int now = fdb->now();
    long long int elapsed = now - learned->moves_since;

    if (learned->held ? elapsed >= s->hold_time * 1000LL
        : elapsed >= s->move_time * 1000LL) {
        learned->held = false;
        learned->n_recent_moves = 0;
    }
    if (!learned->held && learned->n_recent_moves >= s->max_moves) {
        learned->held = true;
        learned->moves_since = now;
        fdb->stats.holds++;
    }
    if (learned->held) {
        fdb->stats.refused_held++;
        return EAGAIN;
    }
    return 0;
}

void
fdb_learned_move(struct hwv_fdb *fdb, struct fdb_learned *learned)
{
    if (!learned->n_recent_moves++) {
        learned->moves_since = fdb->now();
    }
    fdb->stats.moves++;
}

void
fdb_learned_enter(struct hwv_fdb *fdb, struct fdb_learned *learned)
{
    struct fdb_segment *segment = fdb_entry_segment(&learned->up);
    struct fdb_place *place = find_place(fdb, segment, &learned->up.dst);

    if (!place) {
        place = xzalloc(sizeof *place);
        place->dst = learned->up.dst;
        place->vtag = place_vtag(segment, &place->dst);
        hmap_insert(&fdb->places, &place->node,
                    place_hash(fdb, &place->dst, &place->vtag));
    }
    place->n_learned++;
    learned->place = place;
    segment->n_learned++;
    schedule(fdb, learned);
}

void
fdb_learned_leave(struct hwv_fdb *fdb, struct fdb_learned *learned)
{
    struct fdb_place *place = learned->place;

    if (!--place->n_learned) {
        hmap_remove(&fdb->places, &place->node);
        free(place);
    }
    learned->place = NULL;
    fdb_entry_segment(&learned->up)->n_learned--;
    ovs_list_remove(&learned->slot_node);
}

void
hwv_fdb_set_used_cb(struct hwv_fdb *fdb, hwv_fdb_used_cb *cb, void *aux)
{
    fdb->used_cb = cb;
    fdb->used_aux = aux;
}

long long int
hwv_fdb_last_used(const struct hwv_fdb *fdb, const struct hwv_fdb_entry *entry)
{
    long long int used = 0;

    /* What is underneath has no rules. */
    if (fdb->used_cb
        && hwv_fdb_lookup(fdb, entry->vtag, entry->mac) == entry) {
        used = fdb->used_cb(entry, fdb->used_aux);
    }
    return MAX(entry->used, used);
}

void
hwv_fdb_run(struct hwv_fdb *fdb)
{
    long long int second = fdb->now() / 1000;
    struct fdb_learned *learned;
    size_t n = 0;

    /* All slots are as good as any number of rounds. */
    fdb->second = MAX(fdb->second, second - FDB_WHEEL_SLOTS);
    while (fdb->second < second) {
        struct ovs_list *slot;

        slot = &fdb->wheel[(fdb->second + 1) % FDB_WHEEL_SLOTS];
        LIST_FOR_EACH_POP (learned, slot_node, slot) {
            ovs_list_init(&learned->slot_node);
            look_at(fdb, learned, second);
            if (++n >= MAX_PER_RUN) {
                return;
            }
        }
        fdb->second++;
    }
}

long long int
hwv_fdb_next_run(const struct hwv_fdb *fdb)
{
    return (fdb->stats.n_entries[HWV_FDB_LEARNED]
            ? (fdb->second + 1) * 1000
            : LLONG_MAX);
}

void
hwv_fdb_set_settings(struct hwv_fdb *fdb,
                     const struct hwv_fdb_settings *settings)
{
    bool aging_changed = settings->aging_time != fdb->settings.aging_time;
    struct ovs_list all = OVS_LIST_INITIALIZER(&all);
    struct fdb_learned *learned;

    fdb->settings = *settings;
    if (!aging_changed) {
        return;
    }
    for (size_t i = 0; i < FDB_WHEEL_SLOTS; i++) {
        ovs_list_push_back_all(&all, &fdb->wheel[i]);
    }
    LIST_FOR_EACH_POP (learned, slot_node, &all) {
        schedule(fdb, learned);
    }
}

const struct hwv_fdb_settings *
hwv_fdb_settings(const struct hwv_fdb *fdb)
{
    return &fdb->settings;
}

/* A VTEP is one place, whatever the VTAG.  A port's number says little without
 * the VTAG, which is on one bridge only. */
static struct hwv_vtag
place_vtag(const struct fdb_segment *segment, const struct hwv_fdb_dst *dst)
{
    struct hwv_vtag none = { .type = HWV_VTAG_NONE };

    return hwv_fdb_dst_is_local(dst) ? segment->vtag : none;
}

static uint32_t
place_hash(const struct hwv_fdb *fdb, const struct hwv_fdb_dst *dst,
           const struct hwv_vtag *vtag)
{
    return hash_bytes(&dst->vtep, sizeof dst->vtep,
                      hwv_vtag_hash(vtag, fdb->basis + ofp_to_u16(dst->port)));
}

static struct fdb_place *
find_place(const struct hwv_fdb *fdb, const struct fdb_segment *segment,
           const struct hwv_fdb_dst *dst)
{
    struct hwv_vtag vtag = place_vtag(segment, dst);
    struct fdb_place *place;

    HMAP_FOR_EACH_WITH_HASH (place, node, place_hash(fdb, dst, &vtag),
                             &fdb->places) {
        if (hwv_fdb_dst_equal(&place->dst, dst)
            && hwv_vtag_equal(&place->vtag, &vtag)) {
            return place;
        }
    }
    return NULL;
}

/* The second in which 'learned' is to go. */
static long long int
due(const struct hwv_fdb *fdb, const struct fdb_learned *learned)
{
    return (fdb->settings.aging_time
            ? learned->up.used / 1000 + fdb->settings.aging_time + 1
            : LLONG_MAX);
}

/* Puts 'learned' into the slot in which to look at it. */
static void
schedule(struct hwv_fdb *fdb, struct fdb_learned *learned)
{
    long long int second = MAX(due(fdb, learned), fdb->second + 1);

    second = MIN(second, fdb->second + FDB_WHEEL_SLOTS - 1);
    ovs_list_push_back(&fdb->wheel[second % FDB_WHEEL_SLOTS],
                       &learned->slot_node);
}

/* Removes 'learned', which is in no slot, or puts it into one again. */
static void
look_at(struct hwv_fdb *fdb, struct fdb_learned *learned, long long int second)
{
    struct fdb_segment *segment = fdb_entry_segment(&learned->up);
    struct hwv_fdb_entry *entry = &learned->up;

    if (due(fdb, learned) <= second) {
        entry->used = hwv_fdb_last_used(fdb, entry);
    }
    if (due(fdb, learned) <= second) {
        fdb_remove_entry(fdb, segment, entry);
        fdb_put_segment(fdb, segment);
        fdb->stats.aged++;
    } else {
        schedule(fdb, learned);
    }
}
