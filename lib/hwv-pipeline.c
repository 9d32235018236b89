/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-pipeline.h"

#include "hwv-codec.h"
#include "hwv-frame.h"
#include "hwv-frames.h"
#include "hwv-key.h"
#include "hwv-order.h"
#include "hwv-outers.h"
#include "hwv-vector.h"
#include "util.h"

/* A frame that a tunnel brings. */
struct inner {
    size_t i;                   /* The packet's number in the burst. */
    size_t outer_len;           /* Bytes in front of the frame. */
    bool verified;              /* Are the outer checksums known to be
                                 * right? */
    struct hwv_source_value source;
};

/* Those of a burst. */
struct inners {
    struct hwv_source_lookups lookups;
    struct inner array[NETDEV_MAX_BURST];
    size_t n;
};

static void prefetch(const struct dp_packet_batch *);
static inline void from_vf(struct dp_packet *, size_t i, uint16_t vf,
                           struct hwv_flow_lookups *, struct hwv_verdict *);
static inline bool from_vlan(const struct dp_packet *, size_t i,
                             struct hwv_flow_lookups *, struct hwv_verdict *);
static inline void find_inner(const struct dp_packet *, size_t i,
                              const struct hwv_outers *, struct inners *,
                              struct hwv_verdict *);
static void look_up_sources(struct inners *, struct hwv_verdict[]);
static void verify_outers(const struct dp_packet_batch *, struct inners *,
                          struct hwv_frames *, struct hwv_verdict[]);
static inline void from_tunnel(const struct dp_packet *, const struct inner *,
                               struct hwv_flow_lookups *,
                               struct hwv_verdict *);
static void answer(const struct hwv_tables *, struct hwv_flow_lookups *,
                   struct hwv_verdict verdicts[]);
static inline void decide(const struct hwv_tables *, uint8_t direction,
                          uint8_t class, const struct hwv_flow_value *,
                          struct hwv_verdict *);
static size_t read_tunnels_count_misses(struct hwv_verdict verdicts[],
                                        size_t n);
static size_t count_misses(const struct hwv_verdict verdicts[], size_t n);

/* The data of 'packet', which has some: dp_packet_data() would ask. */
static inline const void *
packet_data(const struct dp_packet *packet)
{
    return (const char *) dp_packet_base(packet) + __packet_data(packet);
}

/* The way of a burst from a VF. */
void
hwv_classify_from_vf(const struct hwv_tables *tables, uint16_t vf,
                     struct dp_packet_batch *batch,
                     struct hwv_verdict verdicts[])
{
    const size_t n = dp_packet_batch_size(batch);
    struct hwv_flow_lookups lookups;
    struct dp_packet *packet;
    size_t n_misses;

    hwv_flow_lookups_init(&lookups, tables->flows, n);
    prefetch(batch);
    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        hwv_frames_load(&lookups.frames, i, packet_data(packet),
                        dp_packet_size(packet));
    }
    hwv_vector->parse_frames(&lookups.frames, n);
    hwv_flow_lookups_add_all(&lookups, 0, vf);
    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        from_vf(packet, i, vf, &lookups, &verdicts[i]);
    }
    answer(tables, &lookups, verdicts);
    n_misses = read_tunnels_count_misses(verdicts, n);
    if (OVS_UNLIKELY(n_misses && n_misses < n)) {
        hwv_order_keep_from_vf(batch, verdicts);
    }
}

/* The way of a burst from the uplink. */
void
hwv_classify_from_uplink(const struct hwv_tables *tables,
                         struct dp_packet_batch *batch,
                         struct hwv_verdict verdicts[])
{
    const size_t n = dp_packet_batch_size(batch);
    struct hwv_flow_lookups lookups;
    struct hwv_outers outers;
    struct dp_packet *packet;
    struct inners inners;
    size_t n_misses;

    hwv_flow_lookups_init(&lookups, tables->flows, n);
    hwv_source_lookups_begin(&inners.lookups, tables->sources);
    inners.n = 0;
    prefetch(batch);
    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        if (from_vlan(packet, i, &lookups, &verdicts[i])) {
            hwv_outers_skip(&outers, i);
        } else {
            hwv_outers_load(&outers, i, packet_data(packet),
                            dp_packet_size(packet));
        }
    }
    hwv_outers_parse(&outers, &inners.lookups, n);
    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        if (!lookups.shapes[i]) {
            find_inner(packet, i, &outers, &inners, &verdicts[i]);
        }
    }
    look_up_sources(&inners, verdicts);
    verify_outers(batch, &inners, &lookups.frames, verdicts);
    hwv_vector->parse_frames(&lookups.frames, n);
    for (size_t j = 0; j < inners.n; j++) {
        size_t i = inners.array[j].i;

        from_tunnel(batch->packets[i], &inners.array[j], &lookups,
                    &verdicts[i]);
    }
    answer(tables, &lookups, verdicts);
    n_misses = count_misses(verdicts, n);
    if (OVS_UNLIKELY(n_misses && n_misses < n)) {
        hwv_order_keep_from_uplink(batch, verdicts);
    }
}

/* Has the processor fetch what will be read of each packet. */
static void
prefetch(const struct dp_packet_batch *batch)
{
    struct dp_packet *packet;

    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        OVS_PREFETCH(packet_data(packet));
    }
}

/* Sees to it that the frame in lane 'i', which is the 'len' bytes at 'data',
 * is parsed.  Returns false if it has no class. */
static inline bool
parsed(struct hwv_frames *frames, size_t i, const void *data, size_t len)
{
    struct hwv_frame frame;

    if (OVS_LIKELY(frames->plain[i])) {
        return true;
    }
    if (!hwv_frame_parse(data, len, &frame)) {
        return false;
    }
    hwv_frames_put(frames, i, &frame);
    return true;
}

/* Sets the RSS hash of 'packet', whose frame is in lane 'i'. */
static inline void
set_hash(struct dp_packet *packet, const struct hwv_frames *frames, size_t i)
{
    if (OVS_LIKELY(frames->plain[i])) {
        dp_packet_set_rss_hash(packet, frames->hash[i]);
    } else {
        const struct hwv_frame frame = hwv_frames_get(frames, i);

        dp_packet_set_rss_hash(packet, hwv_frame_hash(packet_data(packet),
                                                      &frame));
    }
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
from_vf(struct dp_packet *packet, size_t i, uint16_t vf,
        struct hwv_flow_lookups *lookups, struct hwv_verdict *verdict)
{
    struct hwv_frames *frames = &lookups->frames;

    if (OVS_UNLIKELY(!frames->plain[i])) {
        if (!parsed(frames, i, packet_data(packet), dp_packet_size(packet))) {
            hwv_verdict_miss(verdict, HWV_MISS_NO_CLASS);
            hwv_flow_lookups_skip(lookups, i);
            return;
        }
        hwv_flow_lookups_add(lookups, i, 0, vf);
    }
    if (!dp_packet_rss_valid(packet)) {
        set_hash(packet, frames, i);
    }
    if (asks_for_offload(packet)) {
        hwv_verdict_miss(verdict, HWV_MISS_HWOL);
        hwv_flow_lookups_skip(lookups, i);
        return;
    }

    verdict->outer_counter = HWV_NO_COUNTER;
    verdict->outer_len = 0;
    verdict->pop_vlan = false;
    verdict->growth = 0;
}

/* Has 'packet' looked up if it has a VLAN tag and a class.  Returns false if
 * it does not. */
static inline bool
from_vlan(const struct dp_packet *packet, size_t i,
          struct hwv_flow_lookups *lookups, struct hwv_verdict *verdict)
{
    struct hwv_frame frame;
    uint16_t tci;

    if (!hwv_frame_parse_tagged(packet_data(packet), dp_packet_size(packet),
                                &frame, &tci)) {
        return false;
    }
    verdict->outer_counter = HWV_NO_COUNTER;
    verdict->outer_len = 0;
    verdict->pop_vlan = true;
    verdict->growth = -VLAN_HEADER_LEN;
    hwv_frames_put(&lookups->frames, i, &frame);
    hwv_flow_lookups_add(lookups, i, HWV_CLASS_RX, hwv_tagged_domain(tci));
    return true;
}

/* Adds the frame that is in packet 'i' to 'inners', and has its tunnel looked
 * up.  If there is none, the packet is a miss. */
static inline void
find_inner(const struct dp_packet *packet, size_t i,
           const struct hwv_outers *outers, struct inners *inners,
           struct hwv_verdict *verdict)
{
    struct inner *inner = &inners->array[inners->n];

    inner->i = i;
    inner->verified = outers->plain[i];
    if (OVS_LIKELY(inner->verified)) {
        inner->outer_len = HWV_ENCAP_IPV4;
    } else {
        enum hwv_outer_result result;
        struct hwv_source_key key;

        result = hwv_outer_parse(packet_data(packet), dp_packet_size(packet),
                                 &key, &inner->outer_len);
        if (result != HWV_OUTER_VXLAN) {
            hwv_verdict_miss(verdict,
                             (result == HWV_OUTER_OTHER
                              ? HWV_MISS_NOT_VXLAN : HWV_MISS_DOUBTFUL));
            return;
        }
        hwv_source_lookups_put(&inners->lookups, i, &key);
    }
    hwv_source_lookups_fetch(&inners->lookups, i);
    inners->n++;
}

/* Makes what is number 'j' of 'inners' number 'n', which is not greater. */
static inline void
keep_inner(struct inners *inners, size_t j, size_t n)
{
    if (OVS_UNLIKELY(n != j)) {
        inners->array[n] = inners->array[j];
    }
}

/* Drops from 'inners' those whose tunnels the source table does not know. */
static void
look_up_sources(struct inners *inners, struct hwv_verdict verdicts[])
{
    bool found[NETDEV_MAX_BURST];
    size_t n = 0;
    bool valid;

    for (size_t j = 0; j < inners->n; j++) {
        struct inner *inner = &inners->array[j];

        found[j] = hwv_source_lookups_finish(&inners->lookups, inner->i,
                                             &inner->source);
    }
    valid = hwv_source_lookups_end(&inners->lookups);
    for (size_t j = 0; j < inners->n; j++) {
        if (OVS_LIKELY(found[j] && valid)) {
            keep_inner(inners, j, n++);
        } else {
            hwv_verdict_miss(&verdicts[inners->array[j].i],
                             HWV_MISS_NO_SOURCE);
        }
    }
    inners->n = n;
}

/* Are the outer checksums right?  Where the wire has checked both, OVS asks no
 * further, and neither do we. */
static bool
checksums_right(const struct dp_packet *packet)
{
    return (dp_packet_ip_checksum_valid(packet)
            && dp_packet_l4_checksum_valid(packet))
           || hwv_outer_verify(packet_data(packet), dp_packet_size(packet));
}

/* Drops from 'inners' those with wrong outer checksums, and puts the others
 * into their lanes of 'frames'. */
static void
verify_outers(const struct dp_packet_batch *batch, struct inners *inners,
              struct hwv_frames *frames, struct hwv_verdict verdicts[])
{
    size_t n = 0;

    for (size_t j = 0; j < inners->n; j++) {
        const struct inner *inner = &inners->array[j];
        const struct dp_packet *packet = batch->packets[inner->i];

        if (OVS_UNLIKELY(!inner->verified && !checksums_right(packet))) {
            hwv_verdict_miss(&verdicts[inner->i], HWV_MISS_DOUBTFUL);
            continue;
        }
        hwv_frames_load(frames, inner->i,
                        ((const char *) packet_data(packet)
                         + inner->outer_len),
                        dp_packet_size(packet) - inner->outer_len);
        keep_inner(inners, j, n++);
    }
    inners->n = n;
}

static inline void
from_tunnel(const struct dp_packet *packet, const struct inner *inner,
            struct hwv_flow_lookups *lookups, struct hwv_verdict *verdict)
{
    const char *data = (const char *) packet_data(packet) + inner->outer_len;

    if (!parsed(&lookups->frames, inner->i, data,
                dp_packet_size(packet) - inner->outer_len)) {
        hwv_verdict_miss(verdict, HWV_MISS_NO_CLASS);
        return;
    }
    verdict->outer_counter = inner->source.counter;
    verdict->outer_len = inner->outer_len;
    verdict->pop_vlan = false;
    verdict->growth = -inner->outer_len;
    hwv_flow_lookups_add(lookups, inner->i, HWV_CLASS_RX, inner->source.id);
}

/* Completes the verdicts of the packets that have been looked up: in each is
 * what to take off already. */
static void
answer(const struct hwv_tables *tables, struct hwv_flow_lookups *lookups,
       struct hwv_verdict verdicts[])
{
    hwv_flow_lookups_start(lookups);
    for (size_t i = 0; i < lookups->n; i++) {
        struct hwv_flow_value value;

        if (!lookups->shapes[i]) {
            continue;
        }
        switch (hwv_flow_lookups_finish(lookups, i, &value)) {
        case HWV_LOOKUP_HIT:
            decide(tables, hwv_flow_lookups_direction(lookups, i),
                   lookups->frames.class[i], &value, &verdicts[i]);
            break;
        case HWV_LOOKUP_NONE:
            hwv_verdict_miss(&verdicts[i], HWV_MISS_NO_FLOW);
            break;
        case HWV_LOOKUP_AMBIGUOUS:
            hwv_verdict_miss(&verdicts[i], HWV_MISS_AMBIGUOUS);
            break;
        }
    }
}

static inline void
decide_encap(const struct hwv_tables *tables,
             const struct hwv_flow_value *value, struct hwv_verdict *verdict)
{
    const struct hwv_tunnel *tunnel
        = hwv_tunnel_table_get(tables->tunnels, value->tunnel);

    if (OVS_UNLIKELY(!tunnel)) {
        hwv_verdict_miss(verdict, HWV_MISS_NO_FLOW);
        return;
    }
    OVS_PREFETCH(tunnel);
    verdict->type = HWV_VERDICT_ENCAP;
    verdict->vni = value->vni;
    verdict->tunnel = tunnel;
}

/* From the uplink, all but to a VF or nowhere would go back to the uplink: no
 * such entry is ever made, so what a packet would have to look like afterwards
 * is not ours to guess. */
static inline void
decide(const struct hwv_tables *tables, uint8_t direction, uint8_t class,
       const struct hwv_flow_value *value, struct hwv_verdict *verdict)
{
    verdict->counter = value->counter;
    verdict->ecn = (class & HWV_CLASS_ECN) >> HWV_CLASS_ECN_SHIFT;
    if (value->output == HWV_OUT_VF) {
        verdict->type = HWV_VERDICT_VF;
        verdict->vf = value->vf;
    } else if (value->output == HWV_OUT_TUNNEL && direction != HWV_CLASS_RX) {
        decide_encap(tables, value, verdict);
    } else if (value->output == HWV_OUT_DROP) {
        verdict->type = HWV_VERDICT_DROP;
        verdict->pop_vlan = false;
        verdict->growth = -verdict->outer_len;
    } else if (direction == HWV_CLASS_RX) {
        hwv_verdict_miss(verdict, HWV_MISS_NO_FLOW);
    } else if (value->output == HWV_OUT_VLAN) {
        verdict->type = HWV_VERDICT_VLAN;
        verdict->tci = value->tci;
    } else {
        verdict->type = HWV_VERDICT_UPLINK;
    }
}

/* Looks into the tunnels that 'verdicts' name, which the processor has fetched
 * by now.  Returns the number of misses. */
static size_t
read_tunnels_count_misses(struct hwv_verdict verdicts[], size_t n)
{
    size_t n_misses = 0;

    for (size_t i = 0; i < n; i++) {
        struct hwv_verdict *verdict = &verdicts[i];

        if (verdict->type != HWV_VERDICT_ENCAP) {
            n_misses += verdict->type == HWV_VERDICT_MISS;
        } else if (OVS_UNLIKELY(hwv_tunnel_is_blocked(verdict->tunnel))) {
            verdict->type = HWV_VERDICT_WITHDRAWN;
        } else {
            verdict->growth += verdict->tunnel->encap.len;
        }
    }
    return n_misses;
}

static size_t
count_misses(const struct hwv_verdict verdicts[], size_t n)
{
    size_t n_misses = 0;

    for (size_t i = 0; i < n; i++) {
        n_misses += verdicts[i].type == HWV_VERDICT_MISS;
    }
    return n_misses;
}
