/* SPDX-License-Identifier: Apache-2.0 */

/* Frames from a VF.
 *
 * What the parser says is held against OVS's flow_extract(), what the pipeline
 * decides against the reference model, which is told what flow_extract() says,
 * and what encapsulation makes of a frame against OVS's tnl_push.
 *
 * Input: world, VF, seed, then frames, see add_frame(). */

#include <config.h>
#undef NDEBUG

#include <string.h>

#include "flow.h"
#include "hwv-burst.h"
#include "hwv-codec-ovs.h"
#include "hwv-frame-ovs.h"
#include "hwv-fuzz.h"
#include "hwv-test-frames.h"
#include "openvswitch/dynamic-string.h"

/* The first byte of a frame. */
enum {
    RSS = 0x80,                 /* It has an RSS hash. */
    HWOL = 0x70,                /* It may ask for this offload. */
    HEADROOM = 0x0f,            /* Double words in front of it. */
};

static const uint64_t hwol_flags[] = {
    0, 0, 0, 0, DP_PACKET_OL_TX_TCP_SEG, DP_PACKET_OL_TX_TCP_CKSUM,
    DP_PACKET_OL_TX_UDP_CKSUM, DP_PACKET_OL_TX_SCTP_CKSUM,
};

/* Describes 'packet', as OVS sees it, in '*ref'. */
static void
describe(const struct dp_packet *packet, struct ref_packet *ref)
{
    struct dp_packet *copy = dp_packet_clone(packet);
    struct hwv_frame frame;
    struct flow flow;

    memset(ref, 0, sizeof *ref);
    ref->has_class = hwv_check_parse(copy, &frame);
    flow_extract(copy, &flow);
    ref->dmac = flow.dl_dst;
    ref->smac = flow.dl_src;
    ref->ipv6 = flow.dl_type == htons(ETH_TYPE_IPV6);
    ref->nw_frag = flow.nw_frag;
    ref->ecn = flow.nw_tos & IP_ECN_MASK;
    ref->asks_for_offload = (dp_packet_hwol_is_tso(packet)
                             || dp_packet_hwol_tx_l4_checksum(packet));
    dp_packet_delete(copy);
}

/* Adds a frame to 'burst': how, length, bytes. */
static void
add_frame(struct hwv_fuzz *input, struct hwv_burst *burst)
{
    size_t i = dp_packet_batch_size(&burst->batch);
    uint8_t how = hwv_fuzz_u8(input);
    size_t len;
    const uint8_t *data = hwv_fuzz_packet(input, &len);
    struct dp_packet *packet = hwv_test_packet(data, len,
                                               (how & HEADROOM) * 4);

    hwv_check_push(data, len);
    *dp_packet_ol_flags_ptr(packet) |= hwol_flags[(how & HWOL) >> 4];
    if (how & RSS) {
        dp_packet_set_rss_hash(packet, how);
    }
    describe(packet, &burst->packets[i]);
    burst->copies[i] = dp_packet_clone(packet);
    dp_packet_batch_add(&burst->batch, packet);
}

/* What people would be told can be told. */
static void
check_format(const struct hwv_verdict *verdict)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    hwv_verdict_format(verdict, &s);
    HWV_CHECK(s.length > 0);
    ds_destroy(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hwv_fuzz input = { .data = data, .left = size };
    const struct world *world = hwv_fuzz_world(&input);
    uint16_t vf = hwv_fuzz_u8(&input);
    struct hwv_burst_seen seen;
    struct dp_packet *packet;
    struct hwv_burst burst;

    hwv_fuzz_seed(&input);
    memset(&seen, 0, sizeof seen);
    dp_packet_batch_init(&burst.batch);
    do {
        add_frame(&input, &burst);
    } while (input.left && !dp_packet_batch_is_full(&burst.batch));

    hwv_classify_from_vf(&world->tables, vf, &burst.batch, burst.verdicts);
    DP_PACKET_BATCH_FOR_EACH (i, packet, &burst.batch) {
        struct ref_verdict want;

        ref_classify_from_vf(&world->ref, vf, &burst.packets[i], &want);
        hwv_check_verdict(world, &burst, i, &want, &seen);
        hwv_check_untouched(packet, burst.copies[i], true, &burst.packets[i]);
        check_format(&burst.verdicts[i]);
        if (burst.verdicts[i].type != HWV_VERDICT_MISS) {
            hwv_check_rewrite(packet, &burst.verdicts[i], false);
        }
        dp_packet_delete(burst.copies[i]);
    }
    dp_packet_delete_batch(&burst.batch, true);
    return 0;
}
