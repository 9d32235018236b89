/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_SHADOW_TABLE_H
#define HWV_SHADOW_TABLE_H 1

/* Shadow table
 * ============
 *
 * The flows that a NIC could have in its flow table, but has not: "shadows".
 * The data path shows every burst that the NIC has missed to this table, which
 * counts a miss on the shadow of each packet, and leaves the packets alone.
 * The table's owner collects these counts to find out which flows deserve a
 * place in the NIC.  It works for any NIC, as what a hardware NIC misses comes
 * to the port, too.
 *
 * A count is an estimate of use and no statistics: which packets OVS handles,
 * OVS counts.
 *
 * The counting side costs a lookup for each packet missed while there are
 * shadows, and nothing otherwise.  It tells the owner of a shadow once, until
 * the owner has collected it: so there is never more to collect than there are
 * shadows.
 *
 * Thread-safety: hwv_shadow_table_count_*() from any thread within an RCU
 * read-side section; everything else by one thread at a time (the caller's
 * lock). */

#include <stddef.h>
#include <stdint.h>

#include "hwv-key.h"
#include "hwv-source-table.h"

struct dp_packet_batch;
struct hwv_shadow_table;
struct seq;

#define HWV_NO_SHADOW UINT32_MAX

/* Creates a table of at most 'max' shadows and 'max_sources' rows of sources,
 * for domains less than 'max_domains'.  'wake', which the caller keeps alive
 * until an RCU grace period after hwv_shadow_table_destroy(), changes when
 * there is something to collect. */
struct hwv_shadow_table *hwv_shadow_table_create(uint32_t max,
                                                 uint32_t max_domains,
                                                 uint32_t max_sources,
                                                 struct seq *wake);

/* Frees 'table' after an RCU grace period. */
void hwv_shadow_table_destroy(struct hwv_shadow_table *table);

/* Adds the shadow 'key', which is not there, of 'owner', and stores what to
 * remove it by in '*id'.  Returns 0, or ENOSPC if the table is full, or ERANGE
 * if the key's domain is out of range; '*id' is HWV_NO_SHADOW then. */
int hwv_shadow_table_add(struct hwv_shadow_table *table,
                         const struct hwv_key *key, void *owner,
                         uint32_t *id);

/* Removes the shadow 'key', unless 'id' is HWV_NO_SHADOW.  Its misses that
 * have not been collected are forgotten. */
void hwv_shadow_table_remove(struct hwv_shadow_table *table,
                             const struct hwv_key *key, uint32_t id);

uint32_t hwv_shadow_table_n(const struct hwv_shadow_table *table);

/* Sources, as in the NIC's source table: they give the domains of what comes
 * from the uplink.  A row beyond 'max_sources' is left out: what comes that
 * way is not counted. */
void hwv_shadow_table_set_source(struct hwv_shadow_table *table,
                                 const struct hwv_source_key *key,
                                 uint32_t source_id);
void hwv_shadow_table_remove_source(struct hwv_shadow_table *table,
                                    const struct hwv_source_key *key);

/* Counts the packets of 'batch', which the NIC has missed and which came from
 * the VF that 'domain' stands for, or from the uplink. */
void hwv_shadow_table_count_from_vf(struct hwv_shadow_table *table,
                                    uint16_t domain,
                                    struct dp_packet_batch *batch);
void hwv_shadow_table_count_from_uplink(struct hwv_shadow_table *table,
                                        struct dp_packet_batch *batch);

/* Calls 'cb' for at most 'max' shadows that have had 'n' > 0 misses since they
 * were last collected.  'cb' may add and remove shadows.  Returns how many
 * were looked at: if that is 'max', there may be more. */
typedef void hwv_shadow_cb(void *owner, uint32_t n, void *aux);
size_t hwv_shadow_table_collect(struct hwv_shadow_table *table, size_t max,
                                hwv_shadow_cb *cb, void *aux);

#endif /* hwv-shadow-table.h */
