/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#undef NDEBUG
#include "hwv-frame-ovs.h"

#include <string.h>

#include "flow.h"
#include "hwv-key.h"
#include "hwv-test-frames.h"

static struct eth_addr
mac_at(const uint8_t *frame)
{
    struct eth_addr mac;

    memcpy(&mac, frame, sizeof mac);
    return mac;
}

/* Does OVS see a frame that has to have a class?  It sees through SNAP, and
 * does not look at the IP version. */
static bool
ovs_has_class(const struct dp_packet *packet, const struct flow *flow)
{
    const uint8_t *data = dp_packet_data(packet);
    ovs_be16 type;

    if (packet->l4_ofs == UINT16_MAX || flow->vlans[0].tci) {
        return false;
    }
    memcpy(&type, data + 12, sizeof type);
    return type == flow->dl_type
           && ((type == htons(ETH_TYPE_IP) && data[14] >> 4 == 4)
               || (type == htons(ETH_TYPE_IPV6) && data[14] >> 4 == 6));
}

/* Does OVS see a frame that has to have a class behind one tag of type 0x8100?
 * (It looks at the DEI bit only to set it.) */
static bool
ovs_has_tagged_class(const struct dp_packet *packet, const struct flow *flow)
{
    const uint8_t *data = dp_packet_data(packet);
    ovs_be16 type;

    if (packet->l4_ofs == UINT16_MAX || !flow->vlans[0].tci
        || flow->vlans[1].tci || flow->vlans[0].tpid != htons(0x8100)) {
        return false;
    }
    memcpy(&type, data + 16, sizeof type);
    return type == flow->dl_type
           && ((type == htons(ETH_TYPE_IP) && data[18] >> 4 == 4)
               || (type == htons(ETH_TYPE_IPV6) && data[18] >> 4 == 6));
}

static uint8_t
ovs_class(const struct flow *flow)
{
    return (flow->dl_type == htons(ETH_TYPE_IPV6) ? HWV_CLASS_IPV6 : 0)
           | (flow->nw_frag & FLOW_NW_FRAG_MASK) << HWV_CLASS_FRAG_SHIFT
           | (flow->nw_tos & IP_ECN_MASK) << HWV_CLASS_ECN_SHIFT;
}

bool
hwv_check_parse(struct dp_packet *packet, struct hwv_frame *frame)
{
    const uint8_t *data = dp_packet_data(packet);
    size_t len = dp_packet_size(packet);
    struct flow flow;
    bool found;

    found = hwv_frame_parse(hwv_guarded_copy(data, len), len, frame);
    if (found) {
        hwv_frame_hash(hwv_guarded_copy(data, len), frame);
    }
    flow_extract(packet, &flow);

    if (found != ovs_has_class(packet, &flow)
        || (found && frame->class != ovs_class(&flow))) {
        ovs_hex_dump(stderr, data, len, 0, false);
        ck_abort_msg("we: %d %#"PRIx8", OVS: %d %#"PRIx8, found,
                     found ? frame->class : 0, ovs_has_class(packet, &flow),
                     ovs_class(&flow));
    }
    if (found) {
        HWV_CHECK(eth_addr_equals(hwv_mac_from_word(frame->dmac),
                                  mac_at(data)));
        HWV_CHECK(eth_addr_equals(hwv_mac_from_word(frame->smac),
                                  mac_at(data + ETH_ADDR_LEN)));
    }
    return found;
}

bool
hwv_check_parse_tagged(struct dp_packet *packet, struct hwv_frame *frame,
                       uint16_t *tci)
{
    const uint8_t *data = dp_packet_data(packet);
    size_t len = dp_packet_size(packet);
    struct flow flow;
    bool found;

    found = hwv_frame_parse_tagged(hwv_guarded_copy(data, len), len, frame,
                                   tci);
    flow_extract(packet, &flow);
    if (found != ovs_has_tagged_class(packet, &flow)
        || (found && (frame->class != ovs_class(&flow)
                      || htons(*tci | VLAN_CFI) != flow.vlans[0].tci
                      || *tci & VLAN_CFI))) {
        ovs_hex_dump(stderr, data, len, 0, false);
        ck_abort_msg("tagged: we: %d %#"PRIx8", OVS: %d %#"PRIx8, found,
                     found ? frame->class : 0,
                     ovs_has_tagged_class(packet, &flow), ovs_class(&flow));
    }
    if (found) {
        HWV_CHECK(eth_addr_equals(hwv_mac_from_word(frame->dmac),
                                  mac_at(data)));
        HWV_CHECK(eth_addr_equals(hwv_mac_from_word(frame->smac),
                                  mac_at(data + ETH_ADDR_LEN)));
    }
    return found;
}
