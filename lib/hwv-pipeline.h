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
 *   2. hwv_rewrite() edits one packet as its verdict says, after the caller
 *      has made sure that it can be sent.
 *
 * Order: after a packet of a burst misses, every later packet of the burst
 * that might belong to the same inner flow misses too, because the NIC's hits
 * are sent before OVS sees the misses.  The caller that turns a verdict into a
 * miss later on must do so for all packets of the burst to the same output.
 *
 * Thread-safety: from any thread, within one RCU read-side section for both
 * steps: verdicts point into the tables. */

#include <stdbool.h>
#include <stdint.h>

#include "dp-packet.h"
#include "hwv-codec.h"
#include "hwv-counters.h"
#include "hwv-flow-table.h"
#include "hwv-source-table.h"
#include "hwv-tunnel-table.h"

struct hwv_tables {
    struct hwv_flow_table *flows;
    struct hwv_tunnel_table *tunnels;
    struct hwv_source_table *sources;
    struct hwv_counters *counters;
};

/* Why a packet is for OVS. */
#define HWV_MISSES                                                      \
    HWV_MISS(NO_CLASS, "no_class")       /* See hwv-frame.h. */         \
    HWV_MISS(NO_FLOW, "no_flow")         /* Not in the flow table. */   \
    HWV_MISS(AMBIGUOUS, "ambiguous")     /* Entries disagree. */        \
    HWV_MISS(ORDER, "order")             /* Behind a miss of its flow. */ \
    HWV_MISS(HWOL, "hwol")               /* Asks for checksum or TSO. */ \
    HWV_MISS(NOT_VXLAN, "not_vxlan")     /* Uplink: not IP and UDP. */  \
    HWV_MISS(DOUBTFUL, "doubtful")       /* Uplink: see hwv-codec.h. */ \
    HWV_MISS(NO_SOURCE, "no_source")     /* Not in the source table. */ \
    HWV_MISS(PORT_DOWN, "port_down")     /* The output is stopped. */

enum hwv_miss {
#define HWV_MISS(ENUM, NAME) HWV_MISS_##ENUM,
    HWV_MISSES
#undef HWV_MISS
    HWV_N_MISSES
};

/* Returns the name of 'miss' as used in statistics, e.g. "no_flow". */
const char *hwv_miss_name(enum hwv_miss miss);

enum hwv_verdict_type {
    HWV_VERDICT_MISS,           /* For OVS. */
    HWV_VERDICT_DROP,           /* A flow says drop. */
    HWV_VERDICT_VF,             /* To VF 'vf'. */
    HWV_VERDICT_UPLINK,         /* To the uplink as it is. */
    HWV_VERDICT_VLAN,           /* To the uplink with a VLAN tag of 'tci'. */
    HWV_VERDICT_ENCAP,          /* To the uplink through 'tunnel'. */
    HWV_VERDICT_WITHDRAWN,      /* Dropped, as the tunnel is blocked. */
};

struct hwv_verdict {
    enum hwv_verdict_type type : 8;
    enum hwv_miss miss : 8;     /* HWV_VERDICT_MISS: why. */
    uint8_t outer_len;          /* Bytes to decapsulate first, or 0. */
    uint8_t ecn;                /* Inner ECN field. */
    bool pop_vlan;              /* Take its VLAN tag off first. */
    union {
        uint16_t vf;            /* HWV_VERDICT_VF. */
        uint16_t tci;           /* HWV_VERDICT_VLAN. */
    };
    uint32_t counter;           /* The flow's, or HWV_NO_COUNTER. */
    uint32_t outer_counter;     /* The tnl_pop flow's, or HWV_NO_COUNTER. */
    uint32_t vni;               /* HWV_VERDICT_ENCAP. */
    const struct hwv_tunnel *tunnel; /* HWV_VERDICT_ENCAP. */
};
BUILD_ASSERT_DECL(sizeof(struct hwv_verdict) == 32);

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

/* Takes headers off 'packet' or puts them on, as 'verdict' says. */
static inline void
hwv_rewrite(struct dp_packet *packet, const struct hwv_verdict *verdict)
{
    if (verdict->outer_len) {
        hwv_decapsulate(packet, verdict->outer_len);
    }
    if (verdict->pop_vlan) {
        hwv_pop_vlan(packet);
    }
    if (verdict->type == HWV_VERDICT_ENCAP) {
        hwv_encapsulate(packet, verdict->tunnel, verdict->vni, verdict->ecn);
    } else if (verdict->type == HWV_VERDICT_VLAN) {
        hwv_push_vlan(packet, verdict->tci);
    }
}

/* Length in bytes that 'packet' counts with against an MTU once it is
 * rewritten: without a VLAN tag, as everywhere in OVS. */
static inline size_t
hwv_rewritten_size(const struct dp_packet *packet,
                   const struct hwv_verdict *verdict)
{
    return (dp_packet_size(packet) - verdict->outer_len
            - (verdict->pop_vlan ? VLAN_HEADER_LEN : 0)
            + (verdict->type == HWV_VERDICT_ENCAP
               ? verdict->tunnel->encap.len : 0));
}

/* What hwv_classify_*() decided about one frame and why, for people. */
struct ds;
void hwv_verdict_format(const struct hwv_verdict *verdict, struct ds *s);

#endif /* hwv-pipeline.h */
