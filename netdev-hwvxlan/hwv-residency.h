/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_RESIDENCY_H
#define HWV_RESIDENCY_H 1

/* Residency: which entries are in a NIC
 * =====================================
 *
 * The entries of a NIC (struct hwv_entry) are more than its flow table may
 * have room for.  Those that could be in it are here: each is "resident", or
 * else a shadow, whose misses are counted (hwv-shadow-table.h).  While there
 * is room an entry is resident at once; after that, the misses of shadows and
 * the hits of residents decide (hwv-replacement.h).
 *
 * A thread of its own collects the misses and moves entries in and out.  A
 * move is one write to the NIC's flow table: before an entry comes in and
 * after it has gone its packets are for OVS, as those of any miss, so none is
 * lost, and they keep their order as hwv-pipeline.h and hwv-tx-flush.h say.
 *
 * Entries belong to groups, none of which can take the others' share: what a
 * VF sends, and what is received for it, is the group of that VF.  The rest,
 * what is dropped or comes to nobody, is a group, too. */

#include <stdbool.h>
#include <stdint.h>

#include "hwv-nic.h"
#include "hwv-replacement.h"

struct dp_packet_batch;
struct hwv_entry;
struct hwv_source_key;

/* Creates the residency of 'nic', whose provider and limits are there, into
 * 'nic->residency'. */
void hwv_residency_create(struct hwv_nic *nic)
    OVS_REQUIRES(hwv_control_mutex);

/* Destroys that of 'nic', which has no entries.  The data path may use it for
 * an RCU grace period. */
void hwv_residency_destroy(struct hwv_nic *nic)
    OVS_REQUIRES(hwv_control_mutex);

/* The limits of 'nic', which has no entries, have changed, or 'policy' is to
 * decide from now on. */
void hwv_residency_reset(struct hwv_nic *nic,
                         const struct hwv_replacement_policy *policy)
    OVS_REQUIRES(hwv_control_mutex);

/* 'entry', with claims that agree, is new, or its first claim has changed:
 * brings NIC and shadows in line with it. */
void hwv_residency_update(struct hwv_entry *entry)
    OVS_REQUIRES(hwv_control_mutex);

/* 'entry' must not be in the NIC, nor come into it.  Does nothing to one that
 * is not here. */
void hwv_residency_remove(struct hwv_entry *entry)
    OVS_REQUIRES(hwv_control_mutex);

/* Rows of the source table of 'nic', by which what comes from its uplink is
 * known. */
void hwv_residency_set_source(struct hwv_nic *nic,
                              const struct hwv_source_key *key,
                              uint32_t source_id)
    OVS_REQUIRES(hwv_control_mutex);
void hwv_residency_remove_source(struct hwv_nic *nic,
                                 const struct hwv_source_key *key)
    OVS_REQUIRES(hwv_control_mutex);

/* Port 'id' of 'nic' may have at most 'max' entries, or as many as it likes if
 * HWV_REPLACEMENT_NO_QUOTA. */
void hwv_residency_set_quota(struct hwv_nic *nic, uint16_t id, uint32_t max)
    OVS_REQUIRES(hwv_control_mutex);

/* The data path, within an RCU read-side section: 'batch' is what the NIC has
 * missed of a burst that belongs to 'rx'. */
void hwv_residency_missed(const struct hwv_rx *rx,
                          struct dp_packet_batch *batch);

/* What happened so far, and how many shadows there are. */
void hwv_residency_stats(const struct hwv_nic *nic,
                         struct hwv_replacement_stats *stats)
    OVS_REQUIRES(hwv_control_mutex);
const struct hwv_replacement_policy *
hwv_residency_policy(const struct hwv_nic *nic)
    OVS_REQUIRES(hwv_control_mutex);

/* Moves entries as the misses since the last call say.  The thread does so by
 * itself. */
void hwv_residency_run(void) OVS_EXCLUDED(hwv_control_mutex);

/* Ends the thread. */
void hwv_residency_exit(void) OVS_EXCLUDED(hwv_control_mutex);

#endif /* hwv-residency.h */
