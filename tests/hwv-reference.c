/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#undef NDEBUG
#include "hwv-reference.h"

#include <string.h>

#include "util.h"

static bool
same_flow(const struct ref_flow *a, const struct ref_flow *b)
{
    return a->rx == b->rx
           && a->tagged == b->tagged
           && a->domain == b->domain
           && a->dmac_matched == b->dmac_matched
           && a->smac_matched == b->smac_matched
           && eth_addr_equals(a->dmac, b->dmac)
           && eth_addr_equals(a->smac, b->smac)
           && a->ipv6 == b->ipv6
           && a->nw_frag == b->nw_frag
           && a->ecn == b->ecn;
}

void
ref_set_flow(struct ref_nic *nic, const struct ref_flow *flow)
{
    size_t i = 0;

    while (i < nic->n_flows && !same_flow(&nic->flows[i], flow)) {
        i++;
    }
    nic->n_flows += i == nic->n_flows;
    ovs_assert(nic->n_flows <= REF_MAX_FLOWS);
    nic->flows[i] = *flow;
}

void
ref_remove_flow(struct ref_nic *nic, size_t i)
{
    nic->flows[i] = nic->flows[--nic->n_flows];
}

void
ref_set_source(struct ref_nic *nic, const struct ref_source *source)
{
    size_t i = 0;

    while (i < nic->n_sources
           && memcmp(&nic->sources[i].key, &source->key, sizeof source->key)) {
        i++;
    }
    nic->n_sources += i == nic->n_sources;
    ovs_assert(nic->n_sources <= REF_MAX_SOURCES);
    nic->sources[i] = *source;
}

void
ref_remove_source(struct ref_nic *nic, size_t i)
{
    nic->sources[i] = nic->sources[--nic->n_sources];
}

static bool
flow_matches(const struct ref_flow *flow, bool rx, uint32_t domain,
             const struct ref_packet *packet)
{
    return flow->rx == rx
           && flow->tagged == packet->vlan.has_class
           && flow->domain == domain
           && (!flow->dmac_matched
               || eth_addr_equals(flow->dmac, packet->dmac))
           && (!flow->smac_matched
               || eth_addr_equals(flow->smac, packet->smac))
           && flow->ipv6 == packet->ipv6
           && flow->nw_frag == packet->nw_frag
           && (flow->rx || flow->ecn == packet->ecn);
}

static bool
same_value(const struct hwv_flow_value *a, const struct hwv_flow_value *b)
{
    return a->output == b->output
           && (a->output != HWV_OUT_VF || a->vf == b->vf)
           && (a->output != HWV_OUT_VLAN || a->tci == b->tci)
           && (a->output != HWV_OUT_TUNNEL
               || (a->tunnel == b->tunnel && a->vni == b->vni));
}

static void
miss(struct ref_verdict *verdict, enum hwv_miss why)
{
    verdict->hit = false;
    verdict->miss = why;
}

/* All flows that match have to agree, and those that match the most MACs count
 * the packet. */
static void
look_up(const struct ref_nic *nic, bool rx, uint32_t domain,
        const struct ref_packet *packet, struct ref_verdict *verdict)
{
    int most = -1;

    miss(verdict, HWV_MISS_NO_FLOW);
    for (size_t i = 0; i < nic->n_flows; i++) {
        const struct ref_flow *flow = &nic->flows[i];
        int n_macs = flow->dmac_matched + flow->smac_matched;

        if (!flow_matches(flow, rx, domain, packet)) {
            continue;
        }
        if (most >= 0 && !same_value(&flow->value, &verdict->value)) {
            miss(verdict, HWV_MISS_AMBIGUOUS);
            return;
        }
        verdict->hit = true;
        verdict->value = flow->value;
        if (n_macs > most) {
            most = n_macs;
            verdict->n_counters = 0;
        }
        if (n_macs == most) {
            ovs_assert(verdict->n_counters < 2);
            verdict->counters[verdict->n_counters++] = flow->value.counter;
        }
    }

    if (verdict->hit && verdict->value.output == HWV_OUT_TUNNEL
        && verdict->value.tunnel >= nic->n_tunnels) {
        miss(verdict, HWV_MISS_NO_FLOW);
    }
}

void
ref_classify_from_vf(const struct ref_nic *nic, uint16_t vf,
                     const struct ref_packet *packet,
                     struct ref_verdict *verdict)
{
    memset(verdict, 0, sizeof *verdict);
    if (!packet->has_class) {
        miss(verdict, HWV_MISS_NO_CLASS);
    } else if (packet->asks_for_offload) {
        miss(verdict, HWV_MISS_HWOL);
    } else {
        look_up(nic, false, vf, packet, verdict);
    }
}

static bool
row_covers(const struct hwv_source_key *row, const struct hwv_source_key *key)
{
    return ipv6_addr_equals(&row->src, &key->src)
           && ipv6_addr_equals(&row->dst, &key->dst)
           && row->vni == key->vni
           && row->udp_dst == key->udp_dst
           && row->tos == key->tos
           && row->flags == key->flags
           && eth_addr_equals(row->dmac, key->dmac)
           && (!row->smac_matched || eth_addr_equals(row->smac, key->smac));
}

/* Stores the source id into '*id' and returns true if all rows that cover the
 * packet have the same. */
static bool
find_source(const struct ref_nic *nic, const struct hwv_source_key *key,
            uint32_t *id, struct ref_verdict *verdict)
{
    size_t n = 0;

    *id = UINT32_MAX;
    for (size_t i = 0; i < nic->n_sources; i++) {
        const struct ref_source *source = &nic->sources[i];

        if (row_covers(&source->key, key)) {
            if (n && source->value.id != *id) {
                return false;
            }
            ovs_assert(n < 2);
            *id = source->value.id;
            verdict->outer_counters[n++] = source->value.counter;
        }
    }
    verdict->n_outer_counters = n;
    return n > 0;
}

/* Nothing goes from the uplink back to the uplink. */
static void
look_up_rx(const struct ref_nic *nic, uint32_t domain,
           const struct ref_packet *packet, struct ref_verdict *verdict)
{
    look_up(nic, true, domain, packet, verdict);
    if (verdict->hit && verdict->value.output != HWV_OUT_VF
        && verdict->value.output != HWV_OUT_DROP) {
        miss(verdict, HWV_MISS_NO_FLOW);
    }
}

/* The frame behind the tag of 'packet' as a frame of its own. */
static struct ref_packet
behind_tag(const struct ref_packet *packet)
{
    struct ref_packet frame = *packet;

    frame.dmac = packet->key.dmac;
    frame.smac = packet->key.smac;
    frame.ipv6 = packet->vlan.ipv6;
    frame.nw_frag = packet->vlan.nw_frag;
    frame.ecn = packet->vlan.ecn;
    return frame;
}

void
ref_classify_from_uplink(const struct ref_nic *nic,
                         const struct ref_packet *packet,
                         struct ref_verdict *verdict)
{
    uint32_t id;

    memset(verdict, 0, sizeof *verdict);
    if (packet->vlan.has_class) {
        struct ref_packet frame = behind_tag(packet);

        look_up_rx(nic, packet->vlan.tci, &frame, verdict);
    } else if (packet->outer == REF_OUTER_OTHER) {
        miss(verdict, HWV_MISS_NOT_VXLAN);
    } else if (packet->outer == REF_OUTER_VXLAN
               && !find_source(nic, &packet->key, &id, verdict)) {
        miss(verdict, HWV_MISS_NO_SOURCE);
    } else if (packet->outer != REF_OUTER_VXLAN
               || (!packet->checksums_right && !packet->checked_by_wire)) {
        miss(verdict, HWV_MISS_DOUBTFUL);
    } else if (!packet->has_class) {
        miss(verdict, HWV_MISS_NO_CLASS);
    } else {
        look_up_rx(nic, id, packet, verdict);
    }
}

bool
ref_holds_back(const struct ref_packet *earlier, enum hwv_miss why,
               const struct ref_packet *later)
{
    if (later->vlan.has_class) {
        return !earlier->tiny
               && eth_addr_equals(earlier->key.dmac, later->key.dmac)
               && eth_addr_equals(earlier->key.smac, later->key.smac);
    }

    switch (earlier->outer) {
    case REF_OUTER_OTHER:
    case REF_OUTER_SHORT:
        return false;
    case REF_OUTER_LOST:
        return true;
    case REF_OUTER_VXLAN:
    case REF_OUTER_DOUBTFUL:
        break;
    }
    return why != HWV_MISS_NO_CLASS
           && earlier->key.vni == later->key.vni
           && eth_addr_equals(earlier->dmac, later->dmac)
           && eth_addr_equals(earlier->smac, later->smac);
}
