/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-match-work.h"

#include <string.h>

#include "flow.h"
#include "hwv-key.h"
#include "packets.h"
#include "util.h"

void
hwv_work_init(struct hwv_work *work, const struct match *match)
{
    work->flow = &match->flow;
    work->wc = match->wc;
}

enum hwv_reject
hwv_work_finish(const struct hwv_work *work)
{
    return (flow_wildcards_is_catchall(&work->wc)
            ? HWV_ACCEPT : HWV_REJECT_MATCH_OTHER);
}

/* Clears the 'n' bytes of 'mask' and returns what it covered. */
enum hwv_coverage
hwv_take__(void *mask, size_t n)
{
    enum hwv_coverage coverage = (is_all_zeros(mask, n) ? HWV_IGNORED
                                  : is_all_ones(mask, n) ? HWV_EXACT
                                  : HWV_PARTIAL);

    memset(mask, 0, n);
    return coverage;
}

/* Clears the 'n' bytes of 'mask'.  Returns true if 'value' under the mask is
 * zero, that is, if a packet matches whose 'n' bytes are zero. */
bool
hwv_take_zero__(const void *value_, void *mask_, size_t n)
{
    const uint8_t *value = value_;
    uint8_t *mask = mask_;
    uint8_t bits = 0;

    for (size_t i = 0; i < n; i++) {
        bits |= value[i] & mask[i];
        mask[i] = 0;
    }
    return !bits;
}

/* Connection tracking state is zero before the first ct() action, and then
 * miniflow_extract() leaves out the fields that depend on it. */
static bool
take_no_conntrack(struct hwv_work *work)
{
    return (HWV_TAKE_ZERO(work, ct_state)
            && HWV_TAKE_ZERO(work, ct_zone)
            && HWV_TAKE_ZERO(work, ct_mark)
            && HWV_TAKE_ZERO(work, ct_label)
            && HWV_TAKE_ZERO(work, ct_nw_proto)
            && HWV_TAKE_ZERO(work, ct_nw_src)
            && HWV_TAKE_ZERO(work, ct_nw_dst)
            && HWV_TAKE_ZERO(work, ct_ipv6_src)
            && HWV_TAKE_ZERO(work, ct_ipv6_dst)
            && HWV_TAKE_ZERO(work, ct_tp_src)
            && HWV_TAKE_ZERO(work, ct_tp_dst));
}

/* All of this is zero in a packet just received from a port, by
 * pkt_metadata_init(), and in one just decapsulated, by
 * pkt_metadata_init_tnl(); and the packets of both are Ethernet, as the NIC
 * takes off no header with the protocol extension. */
enum hwv_reject
hwv_take_metadata(struct hwv_work *work)
{
    /* First, because it tells more than the recirculation that comes of it. */
    if (!take_no_conntrack(work)) {
        return HWV_REJECT_CONNTRACK;
    }
    if (!HWV_TAKE_ZERO(work, recirc_id)) {
        return HWV_REJECT_RECIRC;
    }
    if (!HWV_TAKE_ZERO(work, skb_priority) || !HWV_TAKE_ZERO(work, pkt_mark)
        || !HWV_TAKE_ZERO(work, dp_hash)) {
        return HWV_REJECT_METADATA;
    }
    if (!HWV_TAKE_ZERO(work, packet_type)) {
        return HWV_REJECT_PACKET_TYPE;
    }

    /* The caller knows the port by its number, so it has to be one port. */
    return (HWV_TAKE(work, in_port) == HWV_EXACT
            ? HWV_ACCEPT : HWV_REJECT_MATCH_OTHER);
}

/* A packet from a port has no tunnel destination, and without one
 * miniflow_extract() leaves out all tunnel fields. */
enum hwv_reject
hwv_take_no_tunnel(struct hwv_work *work)
{
    return (HWV_TAKE_ZERO(work, tunnel)
            ? HWV_ACCEPT : HWV_REJECT_TUNNEL_MATCH);
}

/* miniflow_extract() sets VLAN_CFI for a tag that is there, whatever the frame
 * has, and leaves it clear only where there is none. */
enum hwv_reject
hwv_take_no_tag(struct hwv_work *work)
{
    return HWV_TAKE_ZERO(work, vlans) ? HWV_ACCEPT : HWV_REJECT_VLAN;
}

enum hwv_reject
hwv_take_tag(struct hwv_work *work, uint16_t *tci)
{
    const union flow_vlan_hdr *tag = &work->flow->vlans[0];
    union flow_vlan_hdr *mask = &work->wc.masks.vlans[0];
    bool ok;

    /* The entry is for type 0x8100 only, so it does if that matches. */
    ok = (mask->tci == OVS_BE16_MAX
          && tag->tci & htons(VLAN_CFI)
          && !((tag->tpid ^ htons(ETH_TYPE_VLAN_8021Q)) & mask->tpid));
    *tci = ntohs(tag->tci) & ~VLAN_CFI;
    mask->qtag = 0;

    /* Behind it is IP, and no other tag. */
    return (ok && HWV_TAKE_ZERO(work, vlans)
            ? HWV_ACCEPT : HWV_REJECT_VLAN_MASK);
}

/* An IPv4 or IPv6 frame: it has neither an MPLS label nor a network service
 * header. */
enum hwv_reject
hwv_take_ethernet(struct hwv_work *work, bool *ipv6)
{
    ovs_be16 dl_type = work->flow->dl_type;

    *ipv6 = dl_type == htons(ETH_TYPE_IPV6);
    if (HWV_TAKE(work, dl_type) != HWV_EXACT
        || (dl_type != htons(ETH_TYPE_IP) && !*ipv6)) {
        return HWV_REJECT_ETH_TYPE;
    }
    if (!HWV_TAKE_ZERO(work, mpls_lse) || !HWV_TAKE_ZERO(work, nsh)) {
        return HWV_REJECT_MATCH_OTHER;
    }
    return HWV_ACCEPT;
}

/* Stores 'value' into '*mac' if 'mask' is exact, otherwise zeros. */
static enum hwv_coverage
take_mac(struct eth_addr value, struct eth_addr *mask, struct eth_addr *mac)
{
    enum hwv_coverage coverage = hwv_take__(mask, sizeof *mask);

    *mac = coverage == HWV_EXACT ? value : eth_addr_zero;
    return coverage;
}

enum hwv_reject
hwv_take_macs(struct hwv_work *work, struct eth_addr *dmac,
              struct eth_addr *smac, uint8_t *shape)
{
    const struct flow *flow = work->flow;
    struct flow *masks = &work->wc.masks;
    enum hwv_coverage d = take_mac(flow->dl_dst, &masks->dl_dst, dmac);
    enum hwv_coverage s = take_mac(flow->dl_src, &masks->dl_src, smac);

    *shape = ((d == HWV_EXACT ? HWV_CLASS_DMAC : 0)
              | (s == HWV_EXACT ? HWV_CLASS_SMAC : 0));
    return (d == HWV_PARTIAL || s == HWV_PARTIAL
            ? HWV_REJECT_MAC_MASK : HWV_ACCEPT);
}

enum hwv_reject
hwv_take_frag(struct hwv_work *work, uint8_t *frag)
{
    uint8_t mask = work->wc.masks.nw_frag;

    /* There are two bits and three kinds: "later" implies "any". */
    *frag = work->flow->nw_frag & mask;
    work->wc.masks.nw_frag = 0;
    if ((mask & FLOW_NW_FRAG_MASK) != FLOW_NW_FRAG_MASK
        || *frag & ~FLOW_NW_FRAG_MASK || *frag == FLOW_NW_FRAG_LATER) {
        return HWV_REJECT_NW_FRAG;
    }
    return HWV_ACCEPT;
}

/* The fields of the other IP version are zero. */
bool
hwv_take_other_ip(struct hwv_work *work, bool ipv6)
{
    return (ipv6
            ? HWV_TAKE_ZERO(work, nw_src) && HWV_TAKE_ZERO(work, nw_dst)
            : (HWV_TAKE_ZERO(work, ipv6_src) && HWV_TAKE_ZERO(work, ipv6_dst)
               && HWV_TAKE_ZERO(work, ipv6_label)));
}
