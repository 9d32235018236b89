/* SPDX-License-Identifier: Apache-2.0 */

/* Packets from the uplink.
 *
 * What we read of outer headers and VLAN tags, and what is left without them,
 * is held against OVS's flow_extract() and tnl_pop; what the pipeline decides
 * against the reference model, which is told what these say.  Whatever the NIC
 * takes off, tnl_pop or pop_vlan would have taken off.
 *
 * Input: world, seed, then packets, see add_packet(). */

#include <config.h>
#undef NDEBUG

#include <string.h>

#include "flow.h"
#include "hwv-burst.h"
#include "hwv-codec-ovs.h"
#include "hwv-frame-ovs.h"
#include "hwv-fuzz.h"
#include "hwv-test-frames.h"
#include "netdev-native-tnl.h"
#include "packets.h"

/* The first byte of a packet. */
enum {
    FIX = 0x80,                 /* Its checksums are put right. */
    IP_GOOD = 0x01,             /* The wire says that they are. */
    L4_GOOD = 0x02,
};

/* Reads the inner frame, the 'len' bytes at 'data'. */
static void
describe_inner(const uint8_t *data, size_t len, struct ref_packet *ref)
{
    struct dp_packet *inner = hwv_test_packet(data, len, 0);
    struct hwv_frame frame;
    struct flow flow;

    ref->has_class = hwv_check_parse(inner, &frame);
    flow_extract(inner, &flow);
    ref->dmac = flow.dl_dst;
    ref->smac = flow.dl_src;
    ref->ipv6 = flow.dl_type == htons(ETH_TYPE_IPV6);
    ref->nw_frag = flow.nw_frag;
    ref->ecn = flow.nw_tos & IP_ECN_MASK;
    dp_packet_delete(inner);
}

/* Reads what is behind a VLAN tag of the 'len' bytes at 'data'. */
static void
describe_vlan(const uint8_t *data, size_t len, struct ref_packet *ref)
{
    struct dp_packet *packet = hwv_test_packet(data, len, 0);
    struct hwv_frame frame;
    struct flow flow;

    ref->vlan.has_class = hwv_check_parse_tagged(packet, &frame,
                                                 &ref->vlan.tci);
    flow_extract(packet, &flow);
    ref->vlan.ipv6 = flow.dl_type == htons(ETH_TYPE_IPV6);
    ref->vlan.nw_frag = flow.nw_frag;
    ref->vlan.ecn = flow.nw_tos & IP_ECN_MASK;
    dp_packet_delete(packet);
}

/* Does tnl_pop find nothing wrong with the 'len' bytes at 'data'? */
static bool
ovs_pops(const uint8_t *data, size_t len)
{
    struct dp_packet *packet = hwv_test_packet(data, len, 0);
    struct flow flow;

    flow_extract(packet, &flow);
    packet = netdev_vxlan_pop_header(packet);
    dp_packet_delete(packet);
    return packet != NULL;
}

/* Describes the 'len' bytes at 'data' in '*ref', after hwv_check_pop() has
 * agreed to what we see of them. */
static void
describe(const uint8_t *data, size_t len, struct ref_packet *ref)
{
    struct hwv_pop_seen seen = { .vxlan = 0 };
    enum hwv_outer_result result = hwv_check_pop(data, len, &seen);
    size_t outer_len;

    memset(ref, 0, sizeof *ref);
    ref->tiny = len < ETH_HEADER_LEN;
    HWV_CHECK_EQ(hwv_outer_parse(data, len, &ref->key, &outer_len), result);
    ref->outer = (result == HWV_OUTER_OTHER ? REF_OUTER_OTHER
                  : result == HWV_OUTER_VXLAN ? REF_OUTER_VXLAN
                  : !outer_len ? REF_OUTER_LOST
                  : len < outer_len + ETH_HEADER_LEN ? REF_OUTER_SHORT
                  : REF_OUTER_DOUBTFUL);
    describe_vlan(data, len, ref);
    if (ref->outer == REF_OUTER_VXLAN || ref->outer == REF_OUTER_DOUBTFUL) {
        describe_inner(data + outer_len, len - outer_len, ref);
    }
    /* tnl_pop alone does not show that OVS would mark the inner frame. */
    HWV_CHECK(ref->outer != REF_OUTER_VXLAN
              || !IP_ECN_is_ce(ref->key.tos));
    ref->checksums_right = (ref->outer == REF_OUTER_VXLAN
                            && ovs_pops(data, len));
}

/* Adds a packet to 'burst': how, length, bytes. */
static void
add_packet(struct hwv_fuzz *input, struct hwv_burst *burst)
{
    size_t i = dp_packet_batch_size(&burst->batch);
    uint8_t how = hwv_fuzz_u8(input);
    size_t len;
    const uint8_t *data = hwv_fuzz_packet(input, &len);
    struct dp_packet *packet = hwv_test_packet(data, len, 0);
    uint64_t flags = ((how & IP_GOOD ? DP_PACKET_OL_RX_IP_CKSUM_GOOD : 0)
                      | (how & L4_GOOD ? DP_PACKET_OL_RX_L4_CKSUM_GOOD : 0));

    if (how & FIX && len >= 70) {
        hwv_test_fix_checksums(dp_packet_data(packet), len);
    }
    describe(dp_packet_data(packet), len, &burst->packets[i]);
    burst->packets[i].checked_by_wire = (how & IP_GOOD) && (how & L4_GOOD);
    *dp_packet_ol_flags_ptr(packet) |= flags;
    burst->copies[i] = dp_packet_clone(packet);
    dp_packet_batch_add(&burst->batch, packet);
}

/* Fails unless OVS makes of 'copy' what the NIC has made of 'packet', if that
 * was a hit. */
static void
check_hit(const struct dp_packet *packet, struct dp_packet *copy,
          const struct hwv_verdict *verdict)
{
    struct dp_packet *popped = dp_packet_clone(copy);
    struct flow flow;

    if (verdict->pop_vlan) {
        flow_extract(popped, &flow);
        eth_pop_vlan(popped);
        HWV_CHECK(dp_packet_equal(packet, popped));
    }
    if (!verdict->outer_len) {
        dp_packet_delete(popped);
        return;
    }

    HWV_CHECK(verdict->outer_len == 50 || verdict->outer_len == 70);
    flow_extract(popped, &flow);
    popped = netdev_vxlan_pop_header(popped);
    HWV_CHECK(popped != NULL);
    dp_packet_reset_offload(popped);
    hwv_check_same_packet(packet, popped);
    dp_packet_delete(popped);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hwv_fuzz input = { .data = data, .left = size };
    const struct world *world = hwv_fuzz_world(&input);
    struct hwv_burst_seen seen;
    struct dp_packet *packet;
    struct hwv_burst burst;

    hwv_fuzz_seed(&input);
    memset(&seen, 0, sizeof seen);
    dp_packet_batch_init(&burst.batch);
    do {
        add_packet(&input, &burst);
    } while (input.left && !dp_packet_batch_is_full(&burst.batch));

    hwv_classify_from_uplink(&world->tables, &burst.batch, burst.verdicts);
    DP_PACKET_BATCH_FOR_EACH (i, packet, &burst.batch) {
        const struct hwv_verdict *verdict = &burst.verdicts[i];
        struct ref_verdict want;

        ref_classify_from_uplink(&world->ref, &burst.packets[i], &want);
        hwv_check_verdict(world, &burst, i, &want, &seen);
        hwv_check_untouched(packet, burst.copies[i], false,
                            &burst.packets[i]);
        if (verdict->type != HWV_VERDICT_MISS) {
            hwv_check_rewrite(packet, verdict, true);
            check_hit(packet, burst.copies[i], verdict);
        }
        dp_packet_delete(burst.copies[i]);
    }
    dp_packet_delete_batch(&burst.batch, true);
    return 0;
}
