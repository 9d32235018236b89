/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FLOW_TABLE_H
#define HWV_FLOW_TABLE_H 1

/* Flow table
 * ==========
 *
 * The MAC forwarding table: flow key -> what to do, and the counter to count
 * it on.  Readers are lock-free and see each entry whole, old or new.
 *
 * The flows of a domain (a VF, a source, a VLAN tag) may match different MACs
 * ("shapes").  The table knows which shapes a domain has and a lookup tries
 * each of them; where several entries are found and say different things, the
 * packet is ambiguous and nothing is returned.
 *
 * Thread-safety: lookups from any thread within an RCU read-side section; one
 * writer at a time (the caller's lock). */

#include <stdbool.h>
#include <stdint.h>

#include "hwv-flow-map.h"
#include "hwv-frame.h"
#include "hwv-key.h"

struct hwv_flow_table;

/* Do 'a' and 'b' send a packet the same way?  The counter does not matter. */
bool hwv_flow_value_equal(const struct hwv_flow_value *a,
                          const struct hwv_flow_value *b);

enum hwv_lookup {
    HWV_LOOKUP_HIT,
    HWV_LOOKUP_NONE,            /* No entry. */
    HWV_LOOKUP_AMBIGUOUS,       /* Entries of several shapes disagree. */
};

/* Creates a table of at most 'max_flows' entries, for domains less than
 * 'max_domains' (at most HWV_DOMAIN_TAGGED) in either direction, and for those
 * of VLAN tags on receive. */
struct hwv_flow_table *hwv_flow_table_create(uint32_t max_flows,
                                             uint32_t max_domains);

/* Frees 'table' after an RCU grace period. */
void hwv_flow_table_destroy(struct hwv_flow_table *table);

/* Inserts 'key' -> '*value' or replaces the value that 'key' has.  Returns 0,
 * or ENOSPC if the table is full (a replacement never fails), or ERANGE if the
 * key's domain is out of range. */
int hwv_flow_table_set(struct hwv_flow_table *table, const struct hwv_key *key,
                       const struct hwv_flow_value *value);

/* Removes 'key'.  Returns 0, or ENOENT if it is not there. */
int hwv_flow_table_remove(struct hwv_flow_table *table,
                          const struct hwv_key *key);

/* Copies the value of exactly 'key' into '*value'.  Returns true if there is
 * one. */
bool hwv_flow_table_find(const struct hwv_flow_table *table,
                         const struct hwv_key *key,
                         struct hwv_flow_value *value);

/* What the data path asks of the table, and the answer. */
struct hwv_flow_query {
    const struct hwv_frame *frame;
    uint32_t domain;
    uint8_t direction;          /* 0, or HWV_CLASS_RX: then the frame's ECN
                                 * bits do not matter. */
};
struct hwv_flow_answer {
    enum hwv_lookup result;
    struct hwv_flow_value value;    /* HWV_LOOKUP_HIT: from the entry that
                                     * matches the most MACs, the destination
                                     * MAC rather than the source MAC. */
};

/* Answers the 'n' 'queries' of a burst, at most NETDEV_MAX_BURST: the lookup
 * of the data path. */
void hwv_flow_table_lookup(const struct hwv_flow_table *table,
                           const struct hwv_flow_query queries[], size_t n,
                           struct hwv_flow_answer answers[]);

/* Number of entries, and the limit. */
uint32_t hwv_flow_table_count(const struct hwv_flow_table *table);
uint32_t hwv_flow_table_max(const struct hwv_flow_table *table);

/* Calls 'cb' for each entry.  For the writer only. */
void hwv_flow_table_for_each(const struct hwv_flow_table *table,
                             void (*cb)(const struct hwv_key *,
                                        const struct hwv_flow_value *,
                                        void *aux),
                             void *aux);

#endif /* hwv-flow-table.h */
