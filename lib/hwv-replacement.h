/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_REPLACEMENT_H
#define HWV_REPLACEMENT_H 1

/* Replacement: which flows are in the NIC
 * =======================================
 *
 * Every flow has a shadow in control memory, and at most 'capacity' of them
 * are "resident": they are in the NIC's flow table, too.  A replacement
 * decides which.  It works on nodes embedded in whatever the caller keeps of a
 * flow, and knows about packets only this:
 *
 *   - Misses, which the caller tells: hwv_replacement_miss().
 *   - Hits, which nobody tells.  Each flow has a counter in the NIC, and
 *     looking at it costs, so that it is looked at only when it matters: at
 *     most HWV_REPLACEMENT_MAX_READS times in a call of
 *     hwv_replacement_miss(), at most once in any other call.
 *   - The time, in packets: 'now' is how many packets the NIC has looked up,
 *     hits and misses.  What comes late counts as coming now.  Nothing depends
 *     on a clock on the wall.
 *
 * The life of a node:
 *
 *   1. hwv_replacement_add(): it is a shadow.
 *   2. hwv_replacement_miss() for its misses.  It may say that the node is to
 *      be resident now, and that another one ceases to be, at most one.
 *   3. It is a shadow again when another one takes its place, or by
 *      hwv_replacement_demote(), and goes on at 2.  What is known of its
 *      frequency stays.
 *   4. hwv_replacement_remove().
 *
 * At all times as many nodes are resident as were promoted and not evicted,
 * demoted or removed, and never more than 'capacity'.
 *
 * Policies
 * --------
 *
 * aged-lfu   (default) The least frequently used makes room, by counts that
 *            age, for a flow that is used more often by a margin.  For how
 *            long it remembers, it finds out by itself.  See
 *            hwv-replacement-aged-lfu.c.
 * lfu        Plain use count: the least used entry makes room for each new
 *            one, and an entry's count begins when it is inserted.
 * lru        The entry that was not used for the longest time, as far as is
 *            known, makes room for each new one.
 * none       A full table refuses: first come, first served.
 *
 * Groups
 * ------
 *
 * Each node is of a group (a VF, or what comes from the uplink).  A group is a
 * table of its own: the policy orders its entries by what it knows of its own
 * flows, and how many they may be depends on who else wants some.
 *
 * While the table has room, any group may have it.  When it is full, the fair
 * share of each active group is capacity / number of active groups, rounded
 * down; "excess" is by how much a group exceeds its share, or falls short of
 * it.  Room is made, in this order, by
 *
 *   1. the group with the most excess, if it exceeds its share, and exceeds
 *      the excess of the group that wants room by more than one entry: for any
 *      flow that is used again and again ("recurs"), however frequent what it
 *      displaces is.  If both would only change places, the flow has to be
 *      more frequent.  For a flow that does not recur, of a group that is
 *      short of its share, such a group gives what does not recur either;
 *   2. any group, of what does not recur, for a flow that does;
 *   3. the group itself, of what is less frequent.
 *
 * So no group is pushed below its share by others, except for entries that it
 * hardly uses; what does not recur takes nothing from a group that holds no
 * more than its share; and a group by itself may have the whole table.  A
 * group is active until nothing has been heard of it for 64 * capacity packets
 * and two rounds over all residents; then its share is 0.
 *
 * A group may have a quota, beyond which it only replaces entries of its own.
 * What it holds beyond a quota that comes later counts as excess before that
 * of any share.
 *
 * How quickly aged-lfu reacts
 * ---------------------------
 *
 * In a full table, after however long and steady a history, for a flow of a
 * group that holds at least its share, or of the only group:
 *
 *   - a flow that is, from now on, 1/8 of all packets or more is resident
 *     within HWV_REPLACEMENT_REACTION_HOT misses;
 *   - a flow that is 4/capacity of all packets or more, four times what an
 *     entry of the table serves if they all serve the same, is resident within
 *     HWV_REPLACEMENT_REACTION misses.
 *
 * (A least count among 'capacity' is at most that of equals, which is 433 with
 * the longest half-life, of 300 * capacity packets; the margin makes it 563.
 * A new flow gets there by its counts with shorter half-lives, see
 * hwv_frequency_catch_up().)
 *
 * Memory: 88 bytes for a node, 8 more for a resident, some 20 kB for a group.
 * Time: O(log n) for a call of hwv_replacement_miss(), n being the residents,
 * amortised over 'capacity' packets; it works with millions of nodes.
 *
 * Thread-safety: none, the caller serialises; never call it from a thread that
 * forwards packets.  Errors are positive errno values. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap.h"
#include "hwv-frequency.h"
#include "openvswitch/list.h"

struct hwv_replacement;
struct hwv_replacement_group;
struct hwv_replacement_policy;

/* Nodes that a decision looks at: some that are due, so that all are looked at
 * in turn, one for each packet that there was, if so many are allowed; and a
 * few that may make room.  (With 6 that are due, or with one for each two
 * packets, there is a drift that is so quick that recency is all that counts,
 * with 0.005 to 0.01 points less hits; two for each packet gain nothing.)  The
 * read on promotion comes on top. */
#define HWV_REPLACEMENT_DUE_LOOKS 12
#define HWV_REPLACEMENT_MAX_LOOKS 4
#define HWV_REPLACEMENT_MAX_READS (HWV_REPLACEMENT_DUE_LOOKS \
                                   + HWV_REPLACEMENT_MAX_LOOKS + 1)

/* See "How quickly aged-lfu reacts" above. */
#define HWV_REPLACEMENT_REACTION_HOT 32
#define HWV_REPLACEMENT_REACTION 192

#define HWV_REPLACEMENT_NO_QUOTA UINT32_MAX

/* To be embedded; all of it is private. */
struct hwv_replacement_node {
    struct ovs_list list;       /* While resident: in all residents. */
    struct heap_node heap;      /* While resident: in the group's heap. */
    struct hwv_replacement_group *group;
    uint64_t hits;              /* While resident: as last read. */
    struct hwv_frequency frequency;
    bool resident;
};

/* Is 'node', which has been added, to be in the NIC? */
static inline bool
hwv_replacement_resident(const struct hwv_replacement_node *node)
{
    return node->resident;
}

/* Returns the packets that the NIC has ever counted for 'node', a number that
 * does not decrease while 'node' is resident.  It must not call back. */
typedef uint64_t hwv_replacement_hits_cb(const struct hwv_replacement_node *,
                                         void *aux);

enum hwv_replacement_verdict {
    HWV_REPLACEMENT_PROMOTED,   /* The node is resident now. */
    HWV_REPLACEMENT_REFUSED,    /* There is no room for it. */
    HWV_REPLACEMENT_QUOTA,      /* Its group's quota leaves no room. */
    HWV_REPLACEMENT_ALREADY,    /* It was resident: a late miss. */
};

struct hwv_replacement_decision {
    enum hwv_replacement_verdict verdict;
    /* HWV_REPLACEMENT_PROMOTED: who ceased to be resident, or NULL.  The
     * caller takes it out of the NIC first. */
    struct hwv_replacement_node *evicted;
};

struct hwv_replacement_stats {
    uint64_t misses;            /* Told. */
    uint64_t promotions;
    uint64_t evictions;         /* To make room for promotions. */
    uint64_t demotions;         /* hwv_replacement_demote(), and residents
                                 * that were removed. */
    uint64_t refused;           /* Decisions, HWV_REPLACEMENT_REFUSED. */
    uint64_t quota;             /* Decisions, HWV_REPLACEMENT_QUOTA. */
    uint64_t reads;             /* Of hit counts. */
    uint32_t nodes, residents, capacity;
    uint32_t groups, active_groups;
    uint32_t share;             /* Fair share of an active group. */
};

struct hwv_replacement_group_stats {
    uint32_t nodes, residents;
    uint32_t quota;             /* Or HWV_REPLACEMENT_NO_QUOTA. */
    bool active;
    double half_life;           /* Of its counts, now, in packets; 0 if the
                                 * policy has none. */
    uint64_t refused;           /* As above, of its nodes. */
    uint64_t quota_refused;
};

/* The policy called 'name', stored into '*policyp'.  Returns 0, or EINVAL if
 * there is none. */
int hwv_replacement_policy_from_name(const char *name,
                                     const struct hwv_replacement_policy **);
const char *
hwv_replacement_policy_name(const struct hwv_replacement_policy *);

/* All policies, the default first, with NULL at the end. */
extern const struct hwv_replacement_policy *const hwv_replacement_policies[];

/* Creates a replacement for a table of 'capacity' entries, at time 'now', into
 * '*rp'.  'hits' is called with 'aux'.  Returns 0, or EINVAL if 'capacity' is
 * 0.  The caller owns it. */
int hwv_replacement_create(const struct hwv_replacement_policy *policy,
                           uint32_t capacity, uint64_t now,
                           hwv_replacement_hits_cb *hits, void *aux,
                           struct hwv_replacement **rp);

/* Destroys 'r', which may be NULL, and from which all nodes have been
 * removed. */
void hwv_replacement_destroy(struct hwv_replacement *r);

/* Adds 'node', whatever it contains, as a shadow of group 'group', of which
 * nothing is known.  The caller keeps it in place until it is removed. */
void hwv_replacement_add(struct hwv_replacement *r,
                         struct hwv_replacement_node *node, uint32_t group,
                         uint64_t now);

/* Removes 'node'.  If it is resident, it leaves room. */
void hwv_replacement_remove(struct hwv_replacement *r,
                            struct hwv_replacement_node *node);

/* 'node' has had 'n' misses, 'n' > 0, after 'since' and until 'now': decides
 * whether it is to be resident.  The decision has been taken when this
 * returns, and '*decision' tells the caller what to do with the NIC; if the
 * NIC has no room for it in spite of all, hwv_replacement_demote() takes it
 * back.
 *
 * Who tells of misses as they come has a 'since' of 'now'.  Who collects them
 * and tells of many at the same time must not: they would look like so many
 * bursts, and rare flows as frequent as those whose hits come in between. */
void hwv_replacement_miss(struct hwv_replacement *r,
                          struct hwv_replacement_node *node, uint64_t n,
                          uint64_t since, uint64_t now,
                          struct hwv_replacement_decision *);

/* 'node' is no longer in the NIC, for whatever reason: it is a shadow, and
 * leaves room.  Does nothing to a shadow. */
void hwv_replacement_demote(struct hwv_replacement *r,
                            struct hwv_replacement_node *node, uint64_t now);

/* All residents become shadows, as when the NIC's tables are emptied. */
void hwv_replacement_demote_all(struct hwv_replacement *r, uint64_t now);

/* Gives 'group' the quota 'max' (HWV_REPLACEMENT_NO_QUOTA: none).  What it
 * holds beyond it stays until others need room, and makes room first. */
void hwv_replacement_set_quota(struct hwv_replacement *r, uint32_t group,
                               uint32_t max);

void hwv_replacement_stats(const struct hwv_replacement *r,
                           struct hwv_replacement_stats *stats);

/* Returns 0, or ENOENT if there is no such group: one that has neither nodes
 * nor a quota. */
int hwv_replacement_group_stats(const struct hwv_replacement *r,
                                uint32_t group,
                                struct hwv_replacement_group_stats *stats);

/* Is everything consistent?  Takes long; for tests. */
bool hwv_replacement_check(const struct hwv_replacement *r);

#endif /* hwv-replacement.h */
