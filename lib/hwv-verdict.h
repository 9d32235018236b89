/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_VERDICT_H
#define HWV_VERDICT_H 1

/* Verdict
 * =======
 *
 * What the software NIC has decided about a packet, why, and how the packet is
 * edited accordingly.
 *
 * Thread-safe; but a verdict points into the tables, and is good until the end
 * of the RCU read-side section in which it was made. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dp-packet.h"
#include "hwv-codec.h"
#include "hwv-counters.h"
#include "hwv-tunnel-table.h"
#include "util.h"

struct ds;

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
    /* Not sent. */
    HWV_VERDICT_MISS,           /* For OVS. */
    HWV_VERDICT_DROP,           /* A flow says drop. */
    HWV_VERDICT_WITHDRAWN,      /* Dropped, as the tunnel is blocked. */

    /* Sent. */
    HWV_VERDICT_VF,             /* To VF 'vf'. */
    HWV_VERDICT_UPLINK,         /* To the uplink as it is. */
    HWV_VERDICT_VLAN,           /* To the uplink with a VLAN tag of 'tci'. */
    HWV_VERDICT_ENCAP,          /* To the uplink through 'tunnel'. */
};

struct hwv_verdict {
    enum hwv_verdict_type type : 8;
    enum hwv_miss miss : 8;     /* HWV_VERDICT_MISS: why. */
    uint8_t outer_len;          /* From the uplink: bytes to decapsulate, or
                                 * 0. */
    uint8_t ecn;                /* Inner ECN field. */
    bool pop_vlan;              /* From the uplink: take its VLAN tag off;
                                 * then 'outer_len' is 0. */
    int8_t growth;              /* Bytes by which it gets longer, apart from
                                 * a VLAN tag that is put on. */
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

/* Is a packet of 'verdict' sent? */
static inline bool
hwv_verdict_sends(const struct hwv_verdict *verdict)
{
    return verdict->type >= HWV_VERDICT_VF;
}

/* Makes '*verdict' a miss, because of 'why'. */
static inline void
hwv_verdict_miss(struct hwv_verdict *verdict, enum hwv_miss why)
{
    *verdict = (struct hwv_verdict) {
        .type = HWV_VERDICT_MISS,
        .miss = why,
        .counter = HWV_NO_COUNTER,
        .outer_counter = HWV_NO_COUNTER,
    };
}

/* Edits 'packet' as 'verdict' says: 'from_uplink', headers come off it,
 * otherwise they are put on.  Nothing does both. */
static inline ALWAYS_INLINE void
hwv_rewrite(struct dp_packet *packet, const struct hwv_verdict *verdict,
            bool from_uplink)
{
    if (from_uplink) {
        if (verdict->outer_len) {
            hwv_decapsulate(packet, verdict->outer_len);
        } else if (verdict->pop_vlan) {
            hwv_pop_vlan(packet);
        }
    } else if (verdict->type == HWV_VERDICT_ENCAP) {
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
    return dp_packet_size(packet) + verdict->growth;
}

/* Appends to 's' what 'verdict' says about a packet, for people. */
void hwv_verdict_format(const struct hwv_verdict *verdict, struct ds *s);

#endif /* hwv-verdict.h */
