/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_PIPELINE_H
#define HWV_PIPELINE_H 1

/* Pipeline
 * ========
 *
 * The way of a burst through the software NIC, in two steps.
 *
 *   1. hwv_classify_from_vf() or hwv_classify_from_uplink() gives each packet
 *      of a burst a verdict.  No packet's bytes change.
 *   2. hwv_rewrite() (hwv-verdict.h) edits one packet as its verdict says,
 *      after the caller has made sure that it can be sent.
 *
 * Order: after a packet of a burst misses, every later packet of the burst
 * that might belong to the same inner flow misses too, because the NIC's hits
 * are sent before OVS sees the misses.  The caller that turns a verdict into a
 * miss later on must do so for all packets of the burst to the same output.
 *
 * Thread-safety: from any thread, within one RCU read-side section for both
 * steps: verdicts point into the tables. */

#include <stdint.h>

#include "dp-packet.h"
#include "hwv-counters.h"
#include "hwv-flow-table.h"
#include "hwv-source-table.h"
#include "hwv-tunnel-table.h"
#include "hwv-verdict.h"

struct hwv_tables {
    struct hwv_flow_table *flows;
    struct hwv_tunnel_table *tunnels;
    struct hwv_source_table *sources;
    struct hwv_counters *counters;
};

/* Gives each packet of 'batch', received from VF 'vf', its verdict in
 * 'verdicts' (NETDEV_MAX_BURST of them).  Sets the RSS hash of every packet
 * that has a class and no valid RSS hash, so that hits and misses leave with
 * the same outer UDP source port. */
void hwv_classify_from_vf(const struct hwv_tables *tables, uint16_t vf,
                          struct dp_packet_batch *batch,
                          struct hwv_verdict verdicts[]);

/* The same for packets from the uplink.  Leaves RSS hashes alone. */
void hwv_classify_from_uplink(const struct hwv_tables *tables,
                              struct dp_packet_batch *batch,
                              struct hwv_verdict verdicts[]);

#endif /* hwv-pipeline.h */
