/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_SOURCE_TABLE_H
#define HWV_SOURCE_TABLE_H 1

/* Source table
 * ============
 *
 * The receive check: which outer headers the NIC may take off by itself.  A
 * row is an outer header that an installed tnl_pop flow covers; it gives the
 * source id (the domain of the receive flow keys) and the counter of that
 * tnl_pop flow.
 *
 * A tnl_pop flow may match the outer source MAC or ignore it; rows of both
 * kinds are told apart by 'smac_matched', and a lookup tries the kinds that
 * the table has.  Where both are found and disagree in the source id, nothing
 * is returned.
 *
 * Thread-safety: lookups from any thread within an RCU read-side section; one
 * writer at a time (the caller's lock). */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "dp-packet.h"
#include "hwv-hash.h"
#include "openvswitch/types.h"
#include "packets.h"

/* Flags of a 'struct hwv_source_key'.  There is none for the outer DF flag:
 * OVS's tnl_pop does not hand it on (as FLOW_TNL_F_DONT_FRAGMENT), so no flow
 * can tell packets with it from packets without it. */
#define HWV_SOURCE_CSUM  0x01   /* The UDP checksum is not zero. */

/* An outer header, as far as OVS's datapath looks at it.  No padding; all
 * bytes count in comparisons. */
struct hwv_source_key {
    struct in6_addr src;        /* IPv4 as IPv4-mapped. */
    struct in6_addr dst;
    uint32_t vni;               /* 24 bits. */
    ovs_be16 udp_dst;
    uint8_t tos;                /* All 8 bits of IPv4 TOS or IPv6 TC. */
    uint8_t flags;              /* HWV_SOURCE_*. */
    struct eth_addr dmac;
    struct eth_addr smac;       /* Zeros unless 'smac_matched'. */
    uint8_t smac_matched;       /* 0 or 1. */
    uint8_t pad[3];             /* Zeros. */
};
#define HWV_SOURCE_KEY_WORDS 7  /* Of 64 bits. */
BUILD_ASSERT_DECL(sizeof(struct hwv_source_key) == HWV_SOURCE_KEY_WORDS * 8);

struct hwv_source_value {
    uint32_t id;                /* Source id. */
    uint32_t counter;           /* The tnl_pop flow's, or HWV_NO_COUNTER. */
};

struct hwv_source_table;

/* Creates a table of at most 'max' rows. */
struct hwv_source_table *hwv_source_table_create(uint32_t max);

/* Frees 'table' after an RCU grace period. */
void hwv_source_table_destroy(struct hwv_source_table *table);

/* Inserts a row or replaces the value of the row that 'key' has.  Returns 0,
 * or ENOSPC if the table is full. */
int hwv_source_table_set(struct hwv_source_table *table,
                         const struct hwv_source_key *key,
                         const struct hwv_source_value *value);

/* Removes a row.  Returns 0 or ENOENT. */
int hwv_source_table_remove(struct hwv_source_table *table,
                            const struct hwv_source_key *key);

/* The lookups of the data path, of the packets of a burst, in steps, so that
 * all their cache lines can be fetched before it looks at the first, and
 * within one RCU read-side section:
 *
 *    1. hwv_source_lookups_begin().
 *    2. The key of each packet and its hash into a lane:
 *       hwv_source_lookups_put(), or ->parse_outers() of hwv_vector.
 *    3. hwv_source_lookups_fetch() for each.
 *    4. hwv_source_lookups_finish() for each.
 *    5. hwv_source_lookups_end(): were the answers right? */

struct hwv_source_row;

struct hwv_source_lookups {
    const struct hwv_source_row *rows;
    uint32_t mask;              /* Number of 'rows' - 1. */
    const struct hwv_source_table *table;
    struct hwv_hash_secret secret;  /* The table's: here the compiler knows
                                     * that it does not change. */
    uint32_t version;           /* Of the table. */
    uint32_t kinds;             /* Of the rows that there are. */

    /* Of the last two words of each key, what matters: all, unless all rows
     * ignore the source MAC. */
    uint64_t mac_masks[2];

    /* In each lane: */
    uint64_t keys[HWV_SOURCE_KEY_WORDS][NETDEV_MAX_BURST];
    uint32_t hashes[NETDEV_MAX_BURST];
};

void hwv_source_lookups_begin(struct hwv_source_lookups *lookups,
                              const struct hwv_source_table *table);

/* Puts 'key' into lane 'i': as the packet is, with its source MAC and
 * 'smac_matched' 1. */
void hwv_source_lookups_put(struct hwv_source_lookups *lookups, size_t i,
                            const struct hwv_source_key *key);

/* Has the processor fetch the row for lane 'i'. */
void hwv_source_lookups_fetch(const struct hwv_source_lookups *lookups,
                              size_t i);

/* Returns true and fills in '*value' if the NIC may take off the header in
 * lane 'i', and if hwv_source_lookups_end() agrees.  Otherwise '*value' is
 * undefined. */
bool hwv_source_lookups_finish(const struct hwv_source_lookups *lookups,
                               size_t i, struct hwv_source_value *value);

/* Returns false if the writer has been at work since
 * hwv_source_lookups_begin().  Nobody waits for it: then no header may be
 * taken off. */
bool hwv_source_lookups_end(const struct hwv_source_lookups *lookups);

uint32_t hwv_source_table_count(const struct hwv_source_table *table);
uint32_t hwv_source_table_max(const struct hwv_source_table *table);

/* Calls 'cb' for each row.  For the writer only. */
void hwv_source_table_for_each(const struct hwv_source_table *table,
                               void (*cb)(const struct hwv_source_key *,
                                          const struct hwv_source_value *,
                                          void *aux),
                               void *aux);

#endif /* hwv-source-table.h */
