/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FDB_H
#define HWV_FDB_H 1

/* Forwarding database
 * ===================
 *
 * (VTAG, MAC address) -> where that address is: behind a VTEP, or behind a
 * port of ours.  And for each VTAG the flood list: the VTEPs that unknown
 * unicast, broadcast and multicast frames go to.
 *
 * Several origins may have something to say about one address.  The strongest
 * is *in force*; the entries of the others stay underneath and come back into
 * force when it goes.  While another origin has an address nothing is learned
 * about it; what was learned before stays underneath until it ages.  A flood
 * list is the union of what its origins say.
 *
 * A learned address moves when it is learned somewhere else.  One that moves
 * too often, because two VMs have it or somebody plays tricks, is held where
 * it is for a while.  Learned entries age: one that was neither learned again
 * nor used for some time goes, a second late at most.  And they are limited in
 * number, for each VTAG, for each place (a VTEP, or a port in a VTAG) and in
 * all, so that nobody can take all the room by inventing addresses.  One that
 * shows up at a place that is full is known to be nowhere, and flooded to.
 *
 * Whatever changes what is in force is put into a queue of changes, from which
 * one reader brings rules up to date.
 *
 * Adding, removing, looking up and reading a change take constant time,
 * whatever the number of entries.
 *
 * A pure data structure.  Main thread only. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hwv-vtag.h"
#include "openvswitch/hmap.h"
#include "openvswitch/types.h"
#include "packets.h"

struct hwv_fdb;

/* Who says so, the weakest first. */
enum hwv_fdb_origin {
    HWV_FDB_LEARNED,            /* Source of a received frame. */
    HWV_FDB_KERNEL,             /* FDB of a Linux vxlan device. */
    HWV_FDB_CONFIG,             /* Static: kept in the database. */
    HWV_FDB_STATIC,             /* Static: hwvxlan/fdb-add. */
    HWV_FDB_LOCAL,              /* Static: options:mac of a VF of ours. */
    HWV_FDB_N_ORIGINS
};

/* "learned", "kernel", "config", "static", "local". */
const char *hwv_fdb_origin_name(enum hwv_fdb_origin origin);

/* Is 'origin' configuration?  What comes from elsewhere is then wrong. */
static inline bool
hwv_fdb_origin_is_static(enum hwv_fdb_origin origin)
{
    return origin >= HWV_FDB_CONFIG;
}

/* Where an address is. */
struct hwv_fdb_dst {
    struct in6_addr vtep;       /* IPv4 as IPv4-mapped, zeros: here. */
    ofp_port_t port;            /* If here; otherwise OFPP_NONE. */
};

struct hwv_fdb_dst hwv_fdb_dst_vtep(const struct in6_addr *vtep);
struct hwv_fdb_dst hwv_fdb_dst_port(ofp_port_t port);
bool hwv_fdb_dst_is_local(const struct hwv_fdb_dst *dst);
bool hwv_fdb_dst_equal(const struct hwv_fdb_dst *a,
                       const struct hwv_fdb_dst *b);

/* Can 'ip' be a VTEP's: is it the address of one host? */
bool hwv_fdb_is_vtep(const struct in6_addr *ip);

/* An entry, for reading only.  It is good until the FDB changes. */
struct hwv_fdb_entry {
    const struct hwv_vtag *vtag;
    long long int created;      /* Or moved here, in msec. */
    long long int used;         /* Learned again or found in use, in msec. */
    struct hwv_fdb_dst dst;
    struct eth_addr mac;
    uint8_t origin;             /* enum hwv_fdb_origin. */
    bool queued;                /* Private: in the queue of changes. */
    uint32_t n_moves;           /* How often 'dst' has changed. */

    /* Private. */
    struct hwv_fdb_entry *below;    /* Of the next weaker origin. */
    struct hmap_node node;          /* In its VTAG's, while in force. */
};

/* A VTEP of a flood list, for reading only. */
struct hwv_fdb_flood {
    struct in6_addr vtep;       /* IPv4 as IPv4-mapped. */
    uint8_t origins;            /* 1 << enum hwv_fdb_origin each. */

    struct hmap_node node;      /* Private. */
};

/* Settings. */
struct hwv_fdb_settings {
    uint32_t aging_time;        /* Of learned entries, in s; 0: for ever. */
    uint32_t max_learned;       /* Learned entries in all, */
    uint32_t max_per_vtag;      /* in a VTAG, */
    uint32_t max_per_vtep;      /* behind a VTEP, in all VTAGs, */
    uint32_t max_per_port;      /* and behind a port, in a VTAG. */
    uint32_t max_moves;         /* So many moves of an address */
    uint32_t move_time;         /* within this time, in s, are allowed; then */
    uint32_t hold_time;         /* it is held for so long, in s. */
};
#define HWV_FDB_MAX_AGING_TIME 1000000
#define HWV_FDB_MAX_LEARNED 16777216
#define HWV_FDB_SETTINGS_DEFAULT {              \
        .aging_time = 300,                      \
        .max_learned = 262144,                  \
        .max_per_vtag = 32768,                  \
        .max_per_vtep = 16384,                  \
        .max_per_port = 1024,                   \
        .max_moves = 5,                         \
        .move_time = 10,                        \
        .hold_time = 30,                        \
    }

/* Numbers that only grow, but for those that say "now". */
struct hwv_fdb_stats {
    uint64_t n_entries[HWV_FDB_N_ORIGINS];  /* Now, in force or not. */
    uint64_t n_flood;           /* Now: VTEPs in all flood lists. */
    uint64_t n_vtags;           /* Now: VTAGs with anything of these. */
    uint64_t moves;             /* Learned addresses that moved. */
    uint64_t holds;             /* Times that one began to be held. */
    uint64_t refused_invalid;   /* Learning what is no address (EINVAL). */
    uint64_t refused_held;      /* Moves refused meanwhile. */
    uint64_t refused_stronger;  /* Learning what a stronger origin has. */
    uint64_t refused_vtag;      /* Beyond max_per_vtag, */
    uint64_t refused_vtep;      /* max_per_vtep, */
    uint64_t refused_port;      /* max_per_port, */
    uint64_t refused_total;     /* max_learned. */
    uint64_t aged;              /* Learned entries that went by age, */
    uint64_t forgotten;         /* or had no room where they moved. */
};

/* Creates an FDB.  'now' gives the time in msec, e.g. time_msec(). */
struct hwv_fdb *hwv_fdb_create(long long int (*now)(void));

/* Frees 'fdb', which may be NULL. */
void hwv_fdb_destroy(struct hwv_fdb *fdb);

/* Entries
 * ------- */

/* 'origin' says that 'mac' is at 'dst'.  What 'origin' said before is
 * replaced, and moves.  Returns 0; or, and nothing changes then but as told,
 *
 *   EINVAL   'vtag' is none, 'mac' is no address of one station, or 'dst' is
 *            neither a port nor the address of one host.
 *   EEXIST   learned, but a stronger origin has the address.
 *   EAGAIN   learned, but the address is held where it is.
 *   ENOSPC   learned, but a limit is reached.  Where the address was learned
 *            before is forgotten: it is not there any more.
 */
int hwv_fdb_add(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                struct eth_addr mac, const struct hwv_fdb_dst *dst,
                enum hwv_fdb_origin origin);

/* 'origin' says nothing about 'mac' any longer.  Returns 0 or ENOENT. */
int hwv_fdb_del(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                struct eth_addr mac, enum hwv_fdb_origin origin);

/* Returns the entry in force, or NULL. */
const struct hwv_fdb_entry *hwv_fdb_lookup(const struct hwv_fdb *fdb,
                                           const struct hwv_vtag *vtag,
                                           struct eth_addr mac);

/* Returns the entry of 'origin', in force or not, or NULL. */
const struct hwv_fdb_entry *
hwv_fdb_lookup_origin(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                      struct eth_addr mac, enum hwv_fdb_origin origin);

/* Iterates over the entries of 'vtag' that are in force, in no particular
 * order: 'entry' is NULL at first, NULL is returned in the end.  The FDB must
 * not change meanwhile. */
const struct hwv_fdb_entry *
hwv_fdb_next(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
             const struct hwv_fdb_entry *entry);

/* Iterates in the same way over the VTAGs that have entries or a flood
 * list. */
const struct hwv_vtag *hwv_fdb_next_vtag(const struct hwv_fdb *fdb,
                                         const struct hwv_vtag *vtag);

/* Removes what 'origin' said about addresses, in 'vtag' or, if that is NULL,
 * everywhere; flood lists stay.  Returns the number of entries. */
size_t hwv_fdb_flush(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                     enum hwv_fdb_origin origin);

/* Removes the entries that were learned at 'dst', e.g. as the port has gone,
 * in 'vtag' or, if that is NULL, everywhere.  Takes time proportional to the
 * entries of 'vtag'.  Returns the number of entries. */
size_t hwv_fdb_flush_dst(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                         const struct hwv_fdb_dst *dst);

/* Flood lists
 * ----------- */

/* 'origin' says that what is flooded in 'vtag' goes to 'vtep'.  Returns 0, or
 * EINVAL if 'vtep' is no address of one host, or 'vtag' is none. */
int hwv_fdb_flood_add(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                      const struct in6_addr *vtep, enum hwv_fdb_origin origin);

/* 'origin' does not say so any longer.  Returns 0 or ENOENT. */
int hwv_fdb_flood_del(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                      const struct in6_addr *vtep, enum hwv_fdb_origin origin);

/* Returns the VTEP of 'vtag''s flood list, or NULL. */
const struct hwv_fdb_flood *
hwv_fdb_flood_lookup(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                     const struct in6_addr *vtep);

/* Returns the number of VTEPs that 'vtag' floods to. */
size_t hwv_fdb_flood_count(const struct hwv_fdb *fdb,
                           const struct hwv_vtag *vtag);

/* Iterates over the flood list of 'vtag', as hwv_fdb_next() does. */
const struct hwv_fdb_flood *
hwv_fdb_flood_next(const struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                   const struct hwv_fdb_flood *flood);

/* Removes 'origin' from the flood list of 'vtag' or, if that is NULL, from
 * all.  Returns the number of VTEPs that 'origin' had there. */
size_t hwv_fdb_flood_flush(struct hwv_fdb *fdb, const struct hwv_vtag *vtag,
                           enum hwv_fdb_origin origin);

/* Changes
 * ------- */

/* What has changed since it was last told: the entry in force of (vtag, mac),
 * its 'dst' or 'origin', or if 'flood', which VTEPs 'vtag' floods to. */
struct hwv_fdb_change {
    struct hwv_vtag vtag;
    struct eth_addr mac;
    bool flood;
    const struct hwv_fdb_entry *entry;  /* What is in force now, or NULL. */
};

/* Takes the oldest change from the queue.  A change is told at least once; one
 * that was undone meanwhile may be told, too.  Returns false if there is
 * none.  The queue grows until it is read. */
bool hwv_fdb_next_change(struct hwv_fdb *fdb, struct hwv_fdb_change *change);
bool hwv_fdb_has_changes(const struct hwv_fdb *fdb);

/* Time and limits
 * --------------- */

/* Tells when a learned entry in force was last used otherwise than by
 * hwv_fdb_add(), in msec, or 0: e.g. when a frame last matched its rules.
 * Asked only when the entry would have to go. */
typedef long long int hwv_fdb_used_cb(const struct hwv_fdb_entry *entry,
                                      void *aux);

/* Sets who is asked, or NULL. */
void hwv_fdb_set_used_cb(struct hwv_fdb *fdb, hwv_fdb_used_cb *cb, void *aux);

/* When learned 'entry' was last learned or used, in msec. */
long long int hwv_fdb_last_used(const struct hwv_fdb *fdb,
                                const struct hwv_fdb_entry *entry);

/* Ageing.  Looks at a limited number of entries; the next call goes on. */
void hwv_fdb_run(struct hwv_fdb *fdb);

/* When hwv_fdb_run() should be called next, in msec; LLONG_MAX for never. */
long long int hwv_fdb_next_run(const struct hwv_fdb *fdb);

/* Settings.  What is there beyond a new limit stays until it ages. */
void hwv_fdb_set_settings(struct hwv_fdb *fdb,
                          const struct hwv_fdb_settings *settings);
const struct hwv_fdb_settings *hwv_fdb_settings(const struct hwv_fdb *fdb);

const struct hwv_fdb_stats *hwv_fdb_stats(const struct hwv_fdb *fdb);

#endif /* hwv-fdb.h */
