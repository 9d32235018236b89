/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_STATS_H
#define HWV_STATS_H 1

/* Handing the NIC's counts out to OVS
 * ===================================
 *
 * The userspace datapath keeps a copy of a flow for each PMD thread that met
 * it, but the NIC has it once.  dpif-netdev asks the offload provider for the
 * flow's statistics once for each copy, without saying for which: what the
 * provider returned there would be added up as many times as there are
 * copies.
 *
 * So the provider returns no packets there, and they are added at the dpif
 * boundary instead, where a copy has a name: (ufid, pmd_id), its "owner".
 * What the NIC has counted since the last time goes to the owner who asks
 * first, and stays with it: each owner's statistics are monotone, and their
 * sum is exact.
 *
 * To know which owner has which flow of ours, the calling thread records,
 * while dpif-netdev works on a dump or an operation, which of our flows it
 * asks for.  dpif-netdev calls netdev_ports_get() exactly once for each flow
 * whose statistics it wants, just before it asks for them.
 *
 * Thread-safe; the record is per thread. */

#include <stdbool.h>
#include <stddef.h>

#include "hwv-nic.h"
#include "openvswitch/types.h"

struct dpif_flow;
struct dpif_flow_stats;
struct dpif_op;
struct hwv_flow;

/* Starts recording in the calling thread. */
void hwv_stats_record_start(void);

/* Ends recording. */
void hwv_stats_record_stop(void);

/* dpif-netdev wants the statistics of another flow ... */
void hwv_stats_record_next(void);

/* ... and it is our flow 'ufid' ("mega_ufid"). */
void hwv_stats_record_flow(const ovs_u128 *ufid);

/* Adds to the statistics of the 'n' dumped 'flows', just recorded in their
 * order, what the NIC counted.  Ends the suspension of flows that OVS is
 * thereby seen to have (hwv-suspension.h). */
void hwv_stats_settle_dump(struct dpif_flow *flows, size_t n);

/* Stores a name by which OVS knows 'flow', (ufid, pmd_id). */
void hwv_stats_owner(const struct hwv_flow *flow, ovs_u128 *ufid,
                     unsigned int *pmd_id)
    OVS_REQUIRES(hwv_control_mutex);

/* Before dpif-netdev executes 'op', and once more right after: takes a flow
 * that is removed or modified out of the NIC, so that the NIC never outlives
 * what OVS has. */
void hwv_stats_prepare_op(const struct dpif_op *op);

/* After dpif-netdev executed 'op', just recorded: adds to its statistics. */
void hwv_stats_settle_op(const struct dpif_op *op);

/* 'flow' goes, and with it its owners. */
void hwv_stats_forget(struct hwv_flow *flow)
    OVS_REQUIRES(hwv_control_mutex);

#endif /* hwv-stats.h */
