/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-pipeline.h"

#include <string.h>

#include "bitmap.h"
#include "hash.h"
#include "hwv-codec.h"
#include "hwv-frame.h"
#include "hwv-key.h"
#include "hwv-rss.h"
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

/* The frames of a burst that the flow table is asked about. */
struct questions {
    struct hwv_flow_lookups lookups;
    struct hwv_verdict *verdicts[NETDEV_MAX_BURST];
};

/* The packets of a burst that the source table is asked about. */
struct outers {
    struct outer {
        const struct dp_packet *packet;
        struct hwv_verdict *verdict;
        struct hwv_source_lookup lookup;
        size_t len;             /* Of its outer headers. */
    } array[NETDEV_MAX_BURST];
    size_t n;
};

static void prefetch(const struct dp_packet_batch *);
static inline void from_vf(struct dp_packet *, uint16_t vf,
                           struct questions *, struct hwv_rss *,
                           struct hwv_verdict *);
static inline void from_uplink(const struct hwv_tables *,
                               const struct dp_packet *, struct questions *,
                               struct outers *, struct hwv_verdict *);
static inline void parse_outer(const struct hwv_tables *,
                               const struct dp_packet *, struct outers *,
                               struct hwv_verdict *);
static inline void from_tunnel(const struct hwv_tables *,
                               const struct outer *, struct questions *);
static inline void ask(struct questions *, uint8_t direction, uint32_t domain,
                       struct hwv_verdict *);
static void answer(const struct hwv_tables *, struct questions *);
static inline void decide(const struct hwv_tables *, uint8_t direction,
                          const struct hwv_frame *,
                          const struct hwv_flow_value *, struct hwv_verdict *);
static bool needs_order(const struct hwv_verdict verdicts[], size_t n);
static void keep_order_from_vf(const struct dp_packet_batch *,
                               struct hwv_verdict verdicts[]);
static void keep_order_from_uplink(const struct dp_packet_batch *,
                                   struct hwv_verdict verdicts[]);
static uint32_t identity_from_macs(uint32_t vni, const struct eth_header *);

/* The way of a burst from a VF. */
void
hwv_classify_from_vf(const struct hwv_tables *tables, uint16_t vf,
                     struct dp_packet_batch *batch,
                     struct hwv_verdict verdicts[])
{
    struct questions questions;
    struct dp_packet *packet;
    struct hwv_rss rss;

    hwv_flow_lookups_init(&questions.lookups, tables->flows);
    rss.n = 0;                  /* The rest is for no one to clear. */
    prefetch(batch);
    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        from_vf(packet, vf, &questions, &rss, &verdicts[i]);
    }
    hwv_rss_finish(&rss);
    answer(tables, &questions);
    if (needs_order(verdicts, dp_packet_batch_size(batch))) {
        keep_order_from_vf(batch, verdicts);
    }
}

/* The way of a burst from the uplink. */
void
hwv_classify_from_uplink(const struct hwv_tables *tables,
                         struct dp_packet_batch *batch,
                         struct hwv_verdict verdicts[])
{
    struct questions questions;
    struct dp_packet *packet;
    struct outers outers;

    hwv_flow_lookups_init(&questions.lookups, tables->flows);
    outers.n = 0;
    prefetch(batch);
    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        from_uplink(tables, packet, &questions, &outers, &verdicts[i]);
    }
    for (size_t i = 0; i < outers.n; i++) {
        from_tunnel(tables, &outers.array[i], &questions);
    }
    answer(tables, &questions);
    if (needs_order(verdicts, dp_packet_batch_size(batch))) {
        keep_order_from_uplink(batch, verdicts);
    }
}

/* Has the processor fetch what will be read of each packet. */
static void
prefetch(const struct dp_packet_batch *batch)
{
    struct dp_packet *packet;

    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        OVS_PREFETCH(dp_packet_data(packet));
    }
}

static void
miss(struct hwv_verdict *verdict, enum hwv_miss why)
{
    *verdict = (struct hwv_verdict) {
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

static inline void
from_vf(struct dp_packet *packet, uint16_t vf, struct questions *questions,
        struct hwv_rss *rss, struct hwv_verdict *verdict)
{
    struct hwv_frame *frame = hwv_flow_lookups_frame(&questions->lookups);

    if (!hwv_frame_parse(dp_packet_data(packet), dp_packet_size(packet),
                         frame)) {
        miss(verdict, HWV_MISS_NO_CLASS);
        return;
    }
    if (!dp_packet_rss_valid(packet)) {
        hwv_rss_add(rss, packet, frame);
    }
    if (asks_for_offload(packet)) {
        miss(verdict, HWV_MISS_HWOL);
        return;
    }

    verdict->outer_counter = HWV_NO_COUNTER;
    verdict->outer_len = 0;
    verdict->pop_vlan = false;
    ask(questions, 0, vf, verdict);
}

/* A frame with a VLAN tag, or VXLAN. */
static inline void
from_uplink(const struct hwv_tables *tables, const struct dp_packet *packet,
            struct questions *questions, struct outers *outers,
            struct hwv_verdict *verdict)
{
    struct hwv_frame *frame = hwv_flow_lookups_frame(&questions->lookups);
    uint16_t tci;

    if (hwv_frame_parse_tagged(dp_packet_data(packet), dp_packet_size(packet),
                               frame, &tci)) {
        verdict->outer_counter = HWV_NO_COUNTER;
        verdict->outer_len = 0;
        verdict->pop_vlan = true;
        ask(questions, HWV_CLASS_RX, hwv_tagged_domain(tci), verdict);
    } else {
        parse_outer(tables, packet, outers, verdict);
    }
}

/* Asks the source table about 'packet'. */
static inline void
parse_outer(const struct hwv_tables *tables, const struct dp_packet *packet,
            struct outers *outers, struct hwv_verdict *verdict)
{
    struct outer *outer = &outers->array[outers->n];
    enum hwv_outer_result result;

    result = hwv_outer_parse(dp_packet_data(packet), dp_packet_size(packet),
                             &outer->lookup.key, &outer->len);
    if (result != HWV_OUTER_VXLAN) {
        miss(verdict, (result == HWV_OUTER_OTHER
                       ? HWV_MISS_NOT_VXLAN : HWV_MISS_DOUBTFUL));
    } else {
        outers->n++;
        outer->packet = packet;
        outer->verdict = verdict;
        hwv_source_table_start(tables->sources, &outer->lookup);
    }
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

static inline void
from_tunnel(const struct hwv_tables *tables, const struct outer *outer,
            struct questions *questions)
{
    struct hwv_frame *frame = hwv_flow_lookups_frame(&questions->lookups);
    const char *data = dp_packet_data(outer->packet);
    size_t len = dp_packet_size(outer->packet);
    struct hwv_verdict *verdict = outer->verdict;
    struct hwv_source_value source;

    if (!hwv_source_table_finish(tables->sources, &outer->lookup, &source)) {
        miss(verdict, HWV_MISS_NO_SOURCE);
    } else if (!checksums_right(outer->packet)) {
        miss(verdict, HWV_MISS_DOUBTFUL);
    } else if (!hwv_frame_parse(data + outer->len, len - outer->len, frame)) {
        miss(verdict, HWV_MISS_NO_CLASS);
    } else {
        verdict->outer_counter = source.counter;
        verdict->outer_len = outer->len;
        verdict->pop_vlan = false;
        ask(questions, HWV_CLASS_RX, source.id, verdict);
    }
}

/* Asks the flow table about the frame behind the last one of 'questions'.  The
 * answer is going to be in '*verdict', where what is to be taken off already
 * is. */
static inline void
ask(struct questions *questions, uint8_t direction, uint32_t domain,
    struct hwv_verdict *verdict)
{
    questions->verdicts[questions->lookups.n] = verdict;
    hwv_flow_lookups_add(&questions->lookups, direction, domain);
}

static void
answer(const struct hwv_tables *tables, struct questions *questions)
{
    struct hwv_flow_lookups *lookups = &questions->lookups;

    hwv_flow_lookups_start(lookups);
    for (size_t i = 0; i < lookups->n; i++) {
        struct hwv_verdict *verdict = questions->verdicts[i];
        struct hwv_flow_value value;

        switch (hwv_flow_lookups_finish(lookups, i, &value)) {
        case HWV_LOOKUP_HIT:
            decide(tables, lookups->domain[i]->direction, &lookups->frames[i],
                   &value, verdict);
            break;
        case HWV_LOOKUP_NONE:
            miss(verdict, HWV_MISS_NO_FLOW);
            break;
        case HWV_LOOKUP_AMBIGUOUS:
            miss(verdict, HWV_MISS_AMBIGUOUS);
            break;
        }
    }
}

/* From the uplink back to the uplink: no such entry is ever made, so what a
 * packet would have to look like afterwards is not ours to guess. */
static bool
goes_back(uint8_t direction, enum hwv_output output)
{
    return (direction == HWV_CLASS_RX
            && output != HWV_OUT_VF && output != HWV_OUT_DROP);
}

static inline void
decide(const struct hwv_tables *tables, uint8_t direction,
       const struct hwv_frame *frame, const struct hwv_flow_value *value,
       struct hwv_verdict *verdict)
{
    if (goes_back(direction, value->output)) {
        miss(verdict, HWV_MISS_NO_FLOW);
        return;
    }

    verdict->counter = value->counter;
    verdict->ecn = (frame->class & HWV_CLASS_ECN) >> HWV_CLASS_ECN_SHIFT;
    switch (value->output) {
    case HWV_OUT_DROP:
        verdict->type = HWV_VERDICT_DROP;
        verdict->pop_vlan = false;
        break;
    case HWV_OUT_VF:
        verdict->type = HWV_VERDICT_VF;
        verdict->vf = value->vf;
        break;
    case HWV_OUT_UPLINK:
        verdict->type = HWV_VERDICT_UPLINK;
        break;
    case HWV_OUT_VLAN:
        verdict->type = HWV_VERDICT_VLAN;
        verdict->tci = value->tci;
        break;
    case HWV_OUT_TUNNEL:
        verdict->type = HWV_VERDICT_ENCAP;
        verdict->vni = value->vni;
        verdict->tunnel = hwv_tunnel_table_get(tables->tunnels, value->tunnel);
        if (!verdict->tunnel) {
            miss(verdict, HWV_MISS_NO_FLOW);
        } else if (hwv_tunnel_is_blocked(verdict->tunnel)) {
            verdict->type = HWV_VERDICT_WITHDRAWN;
        }
        break;
    }
}

/* The order rule. */

/* Are there misses and hits among 'verdicts'? */
static bool
needs_order(const struct hwv_verdict verdicts[], size_t n)
{
    size_t n_misses = 0;

    for (size_t i = 0; i < n; i++) {
        n_misses += verdicts[i].type == HWV_VERDICT_MISS;
    }
    return n_misses && n_misses < n;
}

static void
keep_order_from_vf(const struct dp_packet_batch *batch,
                   struct hwv_verdict verdicts[])
{
    struct identity_set missed = { { 0 } };
    struct dp_packet *packet;

    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        struct hwv_verdict *verdict = &verdicts[i];
        uint32_t identity;

        if (verdict->type == HWV_VERDICT_MISS
            && verdict->miss == HWV_MISS_NO_CLASS) {
            continue;
        }
        identity = identity_from_macs(0, dp_packet_data(packet));
        if (verdict->type == HWV_VERDICT_MISS) {
            bitmap_set1(missed.bits, identity);
        } else if (bitmap_is_set(missed.bits, identity)) {
            miss(verdict, HWV_MISS_ORDER);
        }
    }
}

/* Stores into '*identity' the one of the inner frame of 'packet', and returns
 * true, or returns false if it has none, or into '*all' that it may have
 * any. */
static bool
inner_identity(const struct dp_packet *packet, uint32_t *identity, bool *all)
{
    const char *data = dp_packet_data(packet);
    size_t len = dp_packet_size(packet);
    enum hwv_outer_result outer;
    struct hwv_source_key key;
    size_t outer_len;

    outer = hwv_outer_parse(data, len, &key, &outer_len);
    *all = outer == HWV_OUTER_DOUBTFUL && !outer_len;
    if (!outer_len || len < outer_len + sizeof(struct eth_header)) {
        return false;
    }
    *identity = identity_from_macs(key.vni, (const void *) (data + outer_len));
    return true;
}

static void
keep_order_from_uplink(const struct dp_packet_batch *batch,
                       struct hwv_verdict verdicts[])
{
    struct missed missed = { { { 0 } }, { { 0 } } };
    struct dp_packet *packet;

    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        struct hwv_verdict *verdict = &verdicts[i];
        bool hit = verdict->type != HWV_VERDICT_MISS;
        uint32_t vlan, inner = 0;
        bool has_inner, all;

        if (dp_packet_size(packet) < sizeof(struct eth_header)) {
            continue;
        }
        vlan = identity_from_macs(0, dp_packet_data(packet));
        has_inner = inner_identity(packet, &inner, &all);
        if (hit && !(verdict->outer_len
                     ? bitmap_is_set(missed.inner.bits, inner)
                     : bitmap_is_set(missed.vlan.bits, vlan))) {
            continue;
        }

        bitmap_set1(missed.vlan.bits, vlan);
        if (all) {
            bitmap_set_multiple(missed.inner.bits, 0, N_IDENTITIES, true);
        } else if (has_inner && (hit || verdict->miss != HWV_MISS_NO_CLASS)) {
            bitmap_set1(missed.inner.bits, inner);
        }
        if (hit) {
            miss(verdict, HWV_MISS_ORDER);
        }
    }
}

static uint32_t
identity_from_macs(uint32_t vni, const struct eth_header *eth)
{
    uint32_t hash = vni;

    hash = hash_add64(hash, eth_addr_to_uint64(eth->eth_dst));
    hash = hash_add64(hash, eth_addr_to_uint64(eth->eth_src));
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
