/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-pipeline.h"

#include <string.h>

#include "bitmap.h"
#include "hash.h"
#include "hwv-codec.h"
#include "hwv-frame.h"
#include "hwv-key.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "util.h"

/* The order rule
 * ==============
 *
 * A hit must not overtake a miss of the same inner flow in the same burst.
 * What stands for an inner flow here is its "identity": the virtual network (a
 * burst from a VF has only one; from the uplink, the VNI) and both inner MACs.
 * That is coarser than a flow between two applications.  It leaves out what
 * may differ between the packets of one such flow: ECN, whether a packet is a
 * fragment, and everything in the outer header but the VNI (the outer ECN
 * follows the inner one, and on different ways through the underlay the MACs
 * and addresses may be others).
 *
 * A frame from the uplink that a VLAN brings has an identity of a second kind:
 * its own MACs, whatever its tag.  Every frame that misses there is taken to
 * be a frame of some VLAN, too, even if it has no tag, which is what the
 * native VLAN of the peer looks like.  The two kinds do not meet: what is in
 * a VXLAN segment and what is in a VLAN are different flows.
 *
 * The identities that have missed in a burst are a Bloom filter with one hash
 * function.  It never forgets one, so no hit overtakes.  It may take one for
 * another: that turns a hit into a miss, which is always right, and happens to
 * some 1 of 170 hits where 38 % of the packets miss.
 *
 * Two kinds of packets miss without leaving a trace, because no packet that
 * can hit is of their flow:
 *
 *   - An inner frame without a class.  What can hit is a whole IP packet,
 *     untagged or from a VLAN.  A frame that is not (ARP, tagged, truncated,
 *     ...) is of another protocol or network, or is malformed and so of no
 *     flow at all.
 *
 *   - From the uplink, what has no inner frame: it is not UDP over IP, or too
 *     short for one. */

#define N_IDENTITIES 1024

/* A set of identities.  What it costs is to empty it for each burst: 128
 * bytes. */
struct identity_set {
    unsigned long bits[BITMAP_N_LONGS(N_IDENTITIES)];
};

/* What has missed in a burst from the uplink. */
struct missed {
    struct identity_set inner;  /* By VNI and inner MACs. */
    struct identity_set vlan;   /* By MACs. */
};

static struct hwv_verdict from_vf(const struct hwv_tables *, uint16_t vf,
                                  struct dp_packet *,
                                  struct identity_set *missed);
static struct hwv_verdict from_uplink(const struct hwv_tables *,
                                      const struct dp_packet *,
                                      struct missed *);
static struct hwv_verdict from_vlan(const struct hwv_tables *,
                                    const struct dp_packet *);
static struct hwv_verdict from_tunnel(const struct hwv_tables *,
                                      const struct dp_packet *,
                                      struct identity_set *missed);
static struct hwv_verdict decapsulated(const struct hwv_tables *,
                                       const struct dp_packet *,
                                       const struct hwv_source_key *,
                                       size_t outer_len);
static struct hwv_verdict look_up_rx(const struct hwv_tables *,
                                     uint32_t domain,
                                     const struct hwv_frame *);
static struct hwv_verdict look_up(const struct hwv_tables *,
                                  uint8_t direction, uint32_t domain,
                                  const struct hwv_frame *);
static struct hwv_verdict in_order(struct hwv_verdict, uint32_t identity,
                                   struct identity_set *missed);
static uint32_t identity_from_macs(uint32_t vni, struct eth_addr dmac,
                                   struct eth_addr smac);

static void
prefetch_after(const struct dp_packet_batch *batch, size_t i)
{
    if (i + 1 < dp_packet_batch_size(batch)) {
        OVS_PREFETCH(dp_packet_data(batch->packets[i + 1]));
    }
}

void
hwv_classify_from_vf(const struct hwv_tables *tables, uint16_t vf,
                     struct dp_packet_batch *batch,
                     struct hwv_verdict verdicts[])
{
    struct identity_set missed = { { 0 } };
    struct dp_packet *packet;

    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        prefetch_after(batch, i);
        verdicts[i] = from_vf(tables, vf, packet, &missed);
    }
}

void
hwv_classify_from_uplink(const struct hwv_tables *tables,
                         struct dp_packet_batch *batch,
                         struct hwv_verdict verdicts[])
{
    struct missed missed = { { { 0 } }, { { 0 } } };
    struct dp_packet *packet;

    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        prefetch_after(batch, i);
        verdicts[i] = from_uplink(tables, packet, &missed);
    }
}

void
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

size_t
hwv_rewritten_size(const struct dp_packet *packet,
                   const struct hwv_verdict *verdict)
{
    return (dp_packet_size(packet) - verdict->outer_len
            - (verdict->pop_vlan ? VLAN_HEADER_LEN : 0)
            + (verdict->type == HWV_VERDICT_ENCAP
               ? verdict->tunnel->encap.len : 0));
}

static struct hwv_verdict
miss(enum hwv_miss why)
{
    return (struct hwv_verdict) {
        .type = HWV_VERDICT_MISS,
        .miss = why,
        .counter = HWV_NO_COUNTER,
        .outer_counter = HWV_NO_COUNTER,
    };
}

/* Does 'packet' leave work to the NIC that sends it?  Inside another packet no
 * NIC would do it.  What becomes of it then is OVS's decision
 * (netdev_push_header() drops it). */
static bool
asks_for_offload(const struct dp_packet *packet)
{
    return dp_packet_hwol_is_tso(packet)
           || dp_packet_hwol_tx_l4_checksum(packet);
}

static struct hwv_verdict
from_vf(const struct hwv_tables *tables, uint16_t vf,
        struct dp_packet *packet, struct identity_set *missed)
{
    const void *data = dp_packet_data(packet);
    size_t len = dp_packet_size(packet);
    struct hwv_verdict verdict;
    struct hwv_frame frame;

    if (!hwv_frame_parse(data, len, &frame)) {
        return miss(HWV_MISS_NO_CLASS);
    }
    if (!dp_packet_rss_valid(packet)) {
        dp_packet_set_rss_hash(packet, hwv_frame_hash(data, len, &frame));
    }

    verdict = (asks_for_offload(packet)
               ? miss(HWV_MISS_HWOL)
               : look_up(tables, 0, vf, &frame));
    return in_order(verdict, identity_from_macs(0, frame.dmac, frame.smac),
                    missed);
}

static struct hwv_verdict
from_uplink(const struct hwv_tables *tables, const struct dp_packet *packet,
            struct missed *missed)
{
    const struct eth_header *eth = dp_packet_data(packet);
    struct hwv_verdict verdict, tunnel_verdict;
    uint32_t vlan;

    if (dp_packet_size(packet) < sizeof *eth) {
        return miss(HWV_MISS_NOT_VXLAN);
    }

    vlan = identity_from_macs(0, eth->eth_dst, eth->eth_src);
    verdict = in_order(from_vlan(tables, packet), vlan, &missed->vlan);
    if (verdict.type != HWV_VERDICT_MISS) {
        return verdict;
    }

    /* Even with a tag it may be VXLAN, which the NIC does not decapsulate
     * then. */
    tunnel_verdict = from_tunnel(tables, packet, &missed->inner);
    if (tunnel_verdict.type == HWV_VERDICT_MISS) {
        bitmap_set1(missed->vlan.bits, vlan);
    }
    return verdict.miss == HWV_MISS_NO_CLASS ? tunnel_verdict : verdict;
}

/* The verdict on 'packet' as a frame with a VLAN tag: HWV_MISS_NO_CLASS if it
 * is not one for the tables. */
static struct hwv_verdict
from_vlan(const struct hwv_tables *tables, const struct dp_packet *packet)
{
    struct hwv_verdict verdict;
    struct hwv_frame frame;
    uint16_t tci;

    if (!hwv_frame_parse_tagged(dp_packet_data(packet),
                                dp_packet_size(packet), &frame, &tci)) {
        return miss(HWV_MISS_NO_CLASS);
    }

    verdict = look_up_rx(tables, hwv_tagged_domain(tci), &frame);
    verdict.pop_vlan = verdict.type == HWV_VERDICT_VF;
    return verdict;
}

/* The verdict on 'packet' as VXLAN. */
static struct hwv_verdict
from_tunnel(const struct hwv_tables *tables, const struct dp_packet *packet,
            struct identity_set *missed)
{
    const char *data = dp_packet_data(packet);
    size_t len = dp_packet_size(packet);
    const struct eth_header *inner;
    enum hwv_outer_result outer;
    struct hwv_source_key key;
    struct hwv_verdict verdict;
    size_t outer_len;

    outer = hwv_outer_parse(data, len, &key, &outer_len);
    if (outer == HWV_OUTER_OTHER) {
        return miss(HWV_MISS_NOT_VXLAN);
    }
    if (!outer_len) {
        /* It may be of any inner flow. */
        bitmap_set_multiple(missed->bits, 0, N_IDENTITIES, true);
        return miss(HWV_MISS_DOUBTFUL);
    }
    if (len < outer_len + sizeof *inner) {
        /* It has no inner frame. */
        return miss(HWV_MISS_DOUBTFUL);
    }

    verdict = (outer == HWV_OUTER_DOUBTFUL
               ? miss(HWV_MISS_DOUBTFUL)
               : decapsulated(tables, packet, &key, outer_len));
    inner = (const void *) (data + outer_len);
    return in_order(verdict, identity_from_macs(key.vni, inner->eth_dst,
                                                inner->eth_src), missed);
}

/* Are the outer checksums right?  Where the wire has checked both, OVS asks no
 * further, and neither do we. */
static bool
checksums_right(const struct dp_packet *packet)
{
    return (dp_packet_ip_checksum_valid(packet)
            && dp_packet_l4_checksum_valid(packet))
           || hwv_outer_verify(dp_packet_data(packet), dp_packet_size(packet));
}

/* The verdict on the frame inside 'packet', whose outer headers are 'key'. */
static struct hwv_verdict
decapsulated(const struct hwv_tables *tables, const struct dp_packet *packet,
             const struct hwv_source_key *key, size_t outer_len)
{
    const char *inner = (const char *) dp_packet_data(packet) + outer_len;
    size_t inner_len = dp_packet_size(packet) - outer_len;
    struct hwv_source_value source;
    struct hwv_verdict verdict;
    struct hwv_frame frame;

    if (!hwv_source_table_lookup(tables->sources, key, &source)) {
        return miss(HWV_MISS_NO_SOURCE);
    }
    if (!checksums_right(packet)) {
        return miss(HWV_MISS_DOUBTFUL);
    }
    if (!hwv_frame_parse(inner, inner_len, &frame)) {
        return miss(HWV_MISS_NO_CLASS);
    }

    verdict = look_up_rx(tables, source.id, &frame);
    if (verdict.type != HWV_VERDICT_MISS) {
        verdict.outer_len = outer_len;
        verdict.outer_counter = source.counter;
    }
    return verdict;
}

static struct hwv_verdict
look_up_rx(const struct hwv_tables *tables, uint32_t domain,
           const struct hwv_frame *frame)
{
    struct hwv_verdict verdict = look_up(tables, HWV_CLASS_RX, domain, frame);

    switch (verdict.type) {
    case HWV_VERDICT_MISS:
    case HWV_VERDICT_DROP:
    case HWV_VERDICT_VF:
        return verdict;
    case HWV_VERDICT_UPLINK:
    case HWV_VERDICT_VLAN:
    case HWV_VERDICT_ENCAP:
    case HWV_VERDICT_WITHDRAWN:
        /* From the uplink back to the uplink: no such entry is ever made, so
         * what a packet would have to look like afterwards is not ours to
         * guess. */
        return miss(HWV_MISS_NO_FLOW);
    }
    OVS_NOT_REACHED();
}

static struct hwv_verdict
look_up(const struct hwv_tables *tables, uint8_t direction, uint32_t domain,
        const struct hwv_frame *frame)
{
    struct hwv_flow_value value;
    struct hwv_verdict verdict;

    switch (hwv_flow_table_lookup(tables->flows, direction, domain, frame,
                                  &value)) {
    case HWV_LOOKUP_NONE:
        return miss(HWV_MISS_NO_FLOW);
    case HWV_LOOKUP_AMBIGUOUS:
        return miss(HWV_MISS_AMBIGUOUS);
    case HWV_LOOKUP_HIT:
        break;
    }

    verdict = (struct hwv_verdict) {
        .ecn = (frame->class & HWV_CLASS_ECN) >> HWV_CLASS_ECN_SHIFT,
        .counter = value.counter,
        .outer_counter = HWV_NO_COUNTER,
    };
    switch (value.output) {
    case HWV_OUT_DROP:
        verdict.type = HWV_VERDICT_DROP;
        break;
    case HWV_OUT_VF:
        verdict.type = HWV_VERDICT_VF;
        verdict.vf = value.vf;
        break;
    case HWV_OUT_UPLINK:
        verdict.type = HWV_VERDICT_UPLINK;
        break;
    case HWV_OUT_VLAN:
        verdict.type = HWV_VERDICT_VLAN;
        verdict.tci = value.tci;
        break;
    case HWV_OUT_TUNNEL:
        verdict.type = HWV_VERDICT_ENCAP;
        verdict.vni = value.vni;
        verdict.tunnel = hwv_tunnel_table_get(tables->tunnels, value.tunnel);
        if (!verdict.tunnel) {
            return miss(HWV_MISS_NO_FLOW);
        }
        if (hwv_tunnel_is_blocked(verdict.tunnel)) {
            verdict.type = HWV_VERDICT_WITHDRAWN;
        }
        break;
    }
    return verdict;
}

/* Returns 'verdict' on a packet of 'identity', or a miss if it would overtake
 * one of '*missed'. */
static struct hwv_verdict
in_order(struct hwv_verdict verdict, uint32_t identity,
         struct identity_set *missed)
{
    if (verdict.type == HWV_VERDICT_MISS) {
        if (verdict.miss != HWV_MISS_NO_CLASS) {
            bitmap_set1(missed->bits, identity);
        }
    } else if (bitmap_is_set(missed->bits, identity)) {
        return miss(HWV_MISS_ORDER);
    }
    return verdict;
}

static uint32_t
identity_from_macs(uint32_t vni, struct eth_addr dmac, struct eth_addr smac)
{
    uint32_t hash = vni;

    hash = hash_add64(hash, eth_addr_to_uint64(dmac));
    hash = hash_add64(hash, eth_addr_to_uint64(smac));
    return hash_finish(hash, 16) % N_IDENTITIES;
}

const char *
hwv_miss_name(enum hwv_miss why)
{
    switch (why) {
#define HWV_MISS(ENUM, NAME) case HWV_MISS_##ENUM: return NAME;
    HWV_MISSES
#undef HWV_MISS
    case HWV_N_MISSES:
        break;
    }
    OVS_NOT_REACHED();
}

static const char *
explain_miss(enum hwv_miss why)
{
    switch (why) {
    case HWV_MISS_NO_CLASS:
        return "it is not a whole, untagged IPv4 or IPv6 packet";
    case HWV_MISS_NO_FLOW:
        return "the flow table has no entry for it";
    case HWV_MISS_AMBIGUOUS:
        return "entries of the flow table disagree about it";
    case HWV_MISS_ORDER:
        return "a packet of its flow just before it went to OVS";
    case HWV_MISS_HWOL:
        return "it asks for checksum or segmentation offload";
    case HWV_MISS_NOT_VXLAN:
        return "it is not UDP over IPv4 or IPv6";
    case HWV_MISS_DOUBTFUL:
        return "its outer headers are not those of plain VXLAN, or are wrong";
    case HWV_MISS_NO_SOURCE:
        return "the source table has no row for its outer headers";
    case HWV_MISS_PORT_DOWN:
        return "the port it would leave by is stopped";
    case HWV_N_MISSES:
        break;
    }
    OVS_NOT_REACHED();
}

static void
format_encap(const struct hwv_verdict *verdict, struct ds *s)
{
    const struct hwv_encap *encap = &verdict->tunnel->encap;
    const uint8_t *ip = encap->header + sizeof(struct eth_header);
    struct in6_addr vtep;

    if (hwv_encap_is_ipv6(encap)) {
        memcpy(&vtep, ip + 24, sizeof vtep);
    } else {
        ovs_be32 vtep4;

        memcpy(&vtep4, ip + offsetof(struct ip_header, ip_dst), sizeof vtep4);
        in6_addr_set_mapped_ipv4(&vtep, vtep4);
    }

    ds_put_cstr(s, "The NIC encapsulates it for VTEP ");
    ipv6_format_mapped(&vtep, s);
    ds_put_format(s, " with VNI %"PRIu32" and outer ECN %"PRIu8
                  " and sends it to the uplink.",
                  verdict->vni, hwv_outer_ecn(verdict->ecn));
}

void
hwv_verdict_format(const struct hwv_verdict *verdict, struct ds *s)
{
    if (verdict->outer_len) {
        ds_put_format(s, "The NIC takes off %"PRIu8" bytes of outer headers. ",
                      verdict->outer_len);
    }
    if (verdict->pop_vlan) {
        ds_put_cstr(s, "The NIC takes off the VLAN tag. ");
    }

    switch (verdict->type) {
    case HWV_VERDICT_MISS:
        ds_put_format(s, "OVS handles it (%s): %s.",
                      hwv_miss_name(verdict->miss),
                      explain_miss(verdict->miss));
        break;
    case HWV_VERDICT_DROP:
        ds_put_cstr(s, "The NIC drops it, as its flow says.");
        break;
    case HWV_VERDICT_VF:
        ds_put_format(s, "The NIC sends it to VF %"PRIu16".", verdict->vf);
        break;
    case HWV_VERDICT_UPLINK:
        ds_put_cstr(s, "The NIC sends it to the uplink as it is.");
        break;
    case HWV_VERDICT_VLAN:
        ds_put_format(s, "The NIC sends it to the uplink with a tag of VLAN "
                      "%d and priority %d.",
                      vlan_tci_to_vid(htons(verdict->tci)),
                      vlan_tci_to_pcp(htons(verdict->tci)));
        break;
    case HWV_VERDICT_ENCAP:
        format_encap(verdict, s);
        break;
    case HWV_VERDICT_WITHDRAWN:
        ds_put_cstr(s, "The NIC drops it, as its VTEP has been withdrawn.");
        break;
    }
}
