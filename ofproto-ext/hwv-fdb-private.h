/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FDB_PRIVATE_H
#define HWV_FDB_PRIVATE_H 1

/* What the files of the FDB share.
 *
 * hwv-fdb.c has the entries and the queue of changes, hwv-fdb-flood.c the
 * flood lists, hwv-fdb-learned.c what is special about learned entries. */

#include "hwv-fdb.h"
#include "openvswitch/list.h"
#include "util.h"

/* What is known about one VTAG.  It is there while there is anything. */
struct fdb_segment {
    struct hmap_node node;      /* In "segments". */
    struct hwv_vtag vtag;
    struct hmap entries;        /* "struct hwv_fdb_entry"s in force. */
    struct hmap floods;         /* "struct hwv_fdb_flood"s. */
    uint32_t n_learned;
    bool flood_queued;          /* The flood list is in the queue. */
};

/* A place where addresses were learned: a VTEP, or a port in a VTAG. */
struct fdb_place {
    struct hmap_node node;      /* In "places". */
    struct hwv_fdb_dst dst;
    struct hwv_vtag vtag;       /* HWV_VTAG_NONE for a VTEP. */
    uint32_t n_learned;
};

/* An entry of origin HWV_FDB_LEARNED. */
struct fdb_learned {
    struct hwv_fdb_entry up;
    struct ovs_list slot_node;  /* In a slot of the "wheel". */
    struct fdb_place *place;
    long long int moves_since;  /* The first of the recent moves, or since
                                 * when it is held, in msec. */
    uint32_t n_recent_moves;
    bool held;
};

static inline struct fdb_learned *
fdb_learned_cast(struct hwv_fdb_entry *entry)
{
    ovs_assert(entry->origin == HWV_FDB_LEARNED);
    return CONTAINER_OF(entry, struct fdb_learned, up);
}

/* An item of the queue of changes. */
struct fdb_change {
    struct hwv_vtag vtag;
    struct eth_addr mac;
    bool flood;
};

/* The queue of changes: a ring of a power of 2. */
struct fdb_queue {
    struct fdb_change *items;
    size_t allocated;
    size_t head;                /* Number of items ever put in. */
    size_t tail;                /* Number of items ever taken out. */
};

/* Learned entries by the second in which to look at them.  An entry that is
 * to go later than the wheel reaches is looked at more than once. */
#define FDB_WHEEL_SLOTS 512

struct hwv_fdb {
    struct hmap segments;       /* Contains "struct fdb_segment"s. */
    struct hmap places;         /* Contains "struct fdb_place"s. */
    struct fdb_queue queue;
    struct ovs_list wheel[FDB_WHEEL_SLOTS];
    long long int second;       /* The last one that is all done. */
    long long int (*now)(void);
    hwv_fdb_used_cb *used_cb;
    void *used_aux;
    struct hwv_fdb_settings settings;
    struct hwv_fdb_stats stats;
    uint32_t basis;             /* Of hash values: for nobody to guess. */
};

/* hwv-fdb.c */
struct fdb_segment *fdb_find_segment(const struct hwv_fdb *,
                                     const struct hwv_vtag *);
struct fdb_segment *fdb_get_segment(struct hwv_fdb *, const struct hwv_vtag *);

/* Frees 'segment' if nothing is left of it. */
void fdb_put_segment(struct hwv_fdb *, struct fdb_segment *);

/* The entry is in force, or is about to be so no longer. */
void fdb_queue_entry(struct hwv_fdb *, struct hwv_fdb_entry *);
void fdb_queue_flood(struct hwv_fdb *, struct fdb_segment *);

/* hwv-fdb-entry.c */

/* Returns the entry of 'origin' among 'top', which may be NULL, and those
 * underneath it, or NULL. */
struct hwv_fdb_entry *fdb_find_origin(const struct hwv_fdb_entry *top,
                                      enum hwv_fdb_origin origin);

/* Removes and frees an entry, which may be underneath another.  What is below
 * the one in force comes into force.  The caller puts the segment. */
void fdb_remove_entry(struct hwv_fdb *, struct fdb_segment *,
                      struct hwv_fdb_entry *);

/* Frees all entries of a segment, without telling anybody. */
void fdb_clear_entries(struct hwv_fdb *, struct fdb_segment *);

static inline struct fdb_segment *
fdb_entry_segment(const struct hwv_fdb_entry *entry)
{
    return CONTAINER_OF(entry->vtag, struct fdb_segment, vtag);
}

/* hwv-fdb-flood.c */

/* Frees the flood list of a segment that is to go, without telling anybody. */
void fdb_clear_floods(struct fdb_segment *);

/* hwv-fdb-learned.c */
void fdb_learned_init(struct hwv_fdb *);

/* May one more address be learned at 'dst' in 'segment', or if 'is_move', may
 * one of 'segment' move there?  Returns 0 or ENOSPC, counted. */
int fdb_learned_admit(struct hwv_fdb *, const struct fdb_segment *,
                      const struct hwv_fdb_dst *, bool is_move);

/* May the address move?  Returns 0 or EAGAIN, counted. */
int fdb_learned_may_move(struct hwv_fdb *, struct fdb_learned *);

/* Counts that it does. */
void fdb_learned_move(struct hwv_fdb *, struct fdb_learned *);

/* Takes account of an entry that is filled in, or that is about to go or to
 * change its place. */
void fdb_learned_enter(struct hwv_fdb *, struct fdb_learned *);
void fdb_learned_leave(struct hwv_fdb *, struct fdb_learned *);

#endif /* hwv-fdb-private.h */
