/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_REFERENCE_H
#define HWV_REFERENCE_H 1

/* Slow reference model of the software NIC
 * ========================================
 *
 * What the pipeline is to do, said as plainly as can be: lists that are
 * searched from the first to the last entry, flows as fields rather than keys,
 * packets as descriptions rather than bytes.  It takes no code from lib/ but
 * the types of tables' values and the names of misses.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hwv-pipeline.h"

/* An entry of the flow table.  All but 'value' makes it the one it is. */
struct ref_flow {
    bool rx;                    /* From the uplink, otherwise from a VF. */
    bool tagged;                /* From the uplink, with a VLAN tag. */
    uint32_t domain;            /* Source id, or priority and VLAN id of the
                                 * tag ((PCP << 13) | VID), or VF. */
    bool dmac_matched, smac_matched;
    struct eth_addr dmac, smac; /* Zeros if not matched. */
    bool ipv6;
    uint8_t nw_frag;            /* FLOW_NW_FRAG_*. */
    uint8_t ecn;                /* 0 if 'rx'. */
    struct hwv_flow_value value;
};

/* A row of the source table. */
struct ref_source {
    struct hwv_source_key key;
    struct hwv_source_value value;
};

enum { REF_MAX_FLOWS = 256, REF_MAX_SOURCES = 32 };

struct ref_nic {
    struct ref_flow flows[REF_MAX_FLOWS];
    size_t n_flows;
    struct ref_source sources[REF_MAX_SOURCES];
    size_t n_sources;
    uint32_t n_tunnels;         /* Their ids are 0 to 'n_tunnels' - 1. */
    uint32_t blocked;           /* Of these, a bit for each. */
};

/* What the outer headers of a packet from the uplink are, tagged or not. */
enum ref_outer {
    REF_OUTER_VXLAN,            /* Plain VXLAN, 'key' has all of it. */
    REF_OUTER_DOUBTFUL,         /* Doubtful, of VNI 'key.vni' if VXLAN. */
    REF_OUTER_LOST,             /* Doubtful, VNI and inner MACs unknown. */
    REF_OUTER_SHORT,            /* Doubtful, no inner frame. */
    REF_OUTER_OTHER,            /* Not UDP over IP. */
};

struct ref_packet {
    /* From the uplink only. */
    enum ref_outer outer;
    struct hwv_source_key key;
    bool checksums_right;
    bool checked_by_wire;       /* The wire says that they are right. */
    bool tiny;                  /* No Ethernet header. */

    /* From the uplink only, where there is one VLAN tag and IP behind it.  The
     * MACs are those of 'key'. */
    struct {
        bool has_class;         /* The rest is defined only then. */
        uint16_t tci;           /* (PCP << 13) | VID */
        bool ipv6;
        uint8_t nw_frag;
        uint8_t ecn;
    } vlan;

    /* The frame, from the uplink the inner one. */
    struct eth_addr dmac, smac;
    bool has_class;             /* The rest is defined only then. */
    bool ipv6;
    uint8_t nw_frag;
    uint8_t ecn;
    bool asks_for_offload;      /* From a VF only. */
};

/* The verdict on a packet that is alone in its burst. */
struct ref_verdict {
    bool hit;
    enum hwv_miss miss;         /* If '!hit'. */

    /* If 'hit'.  Where entries agree that match the same number of MACs, or
     * rows, the packet may count for any of them. */
    struct hwv_flow_value value;
    uint32_t counters[2];
    size_t n_counters;
    uint32_t outer_counters[2];
    size_t n_outer_counters;
};

/* Adds 'flow' or replaces the value of the one that is there. */
void ref_set_flow(struct ref_nic *, const struct ref_flow *flow);
void ref_set_source(struct ref_nic *, const struct ref_source *source);

/* Removes the flow or source at an index. */
void ref_remove_flow(struct ref_nic *, size_t i);
void ref_remove_source(struct ref_nic *, size_t i);

void ref_classify_from_vf(const struct ref_nic *, uint16_t vf,
                          const struct ref_packet *, struct ref_verdict *);
void ref_classify_from_uplink(const struct ref_nic *,
                              const struct ref_packet *, struct ref_verdict *);

/* The order rule: must 'later', which would hit, miss because 'earlier', of
 * the same burst, has missed for reason 'why'? */
bool ref_holds_back(const struct ref_packet *earlier, enum hwv_miss why,
                    const struct ref_packet *later);

#endif /* hwv-reference.h */
