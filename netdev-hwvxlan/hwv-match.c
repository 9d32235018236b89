/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-match.h"

#include <string.h>

#include "flow.h"
#include "hwv-key.h"
#include "packets.h"
#include "util.h"

/* The compiler keeps a working copy of the mask.  Each function below looks at
 * one layer and takes out of the copy what it has dealt with; whatever is left
 * in the end is a field that nobody has dealt with, and the flow is refused.
 *
 * A field is dealt with in one of three ways:
 *
 *   - expressed: the tables compare it (a MAC, the VNI, ...).
 *   - implied: it is zero in every packet that the NIC looks up, and the flow
 *     accepts zero there.  What OVS's datapath compares is what
 *     miniflow_extract() makes of a packet and its metadata, so "zero" means
 *     zero there; each function says why.
 *   - refused. */
struct work {
    const struct flow *flow;    /* Bits outside of the mask are arbitrary. */
    struct flow_wildcards wc;   /* What nobody has dealt with yet. */
};

/* How much of a field a mask covers. */
enum coverage {
    IGNORED,
    PARTIAL,
    EXACT,
};

static struct work work_init(const struct match *);
static enum hwv_reject work_finish(const struct work *);
static enum hwv_reject take_metadata(struct work *);
static enum hwv_reject take_no_tunnel(struct work *);
static enum hwv_reject take_tunnel(struct work *, struct hwv_tunnel_match *);
static enum hwv_reject take_ethernet(struct work *, bool *ipv6);
static enum coverage take_mac(struct eth_addr value, struct eth_addr *mask,
                              struct eth_addr *mac);
static enum hwv_reject take_frag(struct work *, uint8_t *frag);
static enum hwv_reject take_inner(struct work *, struct hwv_inner_match *);
static enum hwv_reject take_inner_ecn(struct work *,
                                      struct hwv_inner_match *);
static enum hwv_reject take_no_transport(struct work *, bool ipv6);
static enum hwv_reject take_no_addresses(struct work *, bool ipv6);
static enum hwv_reject take_outer_ethernet(struct work *,
                                           struct hwv_outer_match *);
static enum hwv_reject take_outer_ip(struct work *, struct hwv_outer_match *);
static enum hwv_reject take_outer_udp(struct work *,
                                      struct hwv_outer_match *);

enum hwv_reject
hwv_match_from_vf(const struct match *match, struct hwv_inner_match *inner)
{
    struct work work = work_init(match);
    enum hwv_reject reject;

    memset(inner, 0, sizeof *inner);
    reject = take_metadata(&work);
    reject = reject ? reject : take_no_tunnel(&work);
    reject = reject ? reject : take_inner(&work, inner);
    return reject ? reject : work_finish(&work);
}

enum hwv_reject
hwv_match_from_tunnel(const struct match *match,
                      struct hwv_inner_match *inner,
                      struct hwv_tunnel_match *tunnel)
{
    struct work work = work_init(match);
    enum hwv_reject reject;

    memset(inner, 0, sizeof *inner);
    memset(tunnel, 0, sizeof *tunnel);
    inner->class = HWV_CLASS_RX;
    reject = take_metadata(&work);
    reject = reject ? reject : take_tunnel(&work, tunnel);
    reject = reject ? reject : take_inner(&work, inner);
    return reject ? reject : work_finish(&work);
}

enum hwv_reject
hwv_match_from_uplink(const struct match *match,
                      struct hwv_outer_match *outer)
{
    struct work work = work_init(match);
    enum hwv_reject reject;

    memset(outer, 0, sizeof *outer);
    reject = take_metadata(&work);
    reject = reject ? reject : take_no_tunnel(&work);
    reject = reject ? reject : take_outer_ethernet(&work, outer);
    reject = reject ? reject : take_outer_ip(&work, outer);
    reject = reject ? reject : take_outer_udp(&work, outer);
    return reject ? reject : work_finish(&work);
}

bool
hwv_outer_match_covers(const struct hwv_outer_match *outer,
                       const struct hwv_tunnel_match *tunnel,
                       struct hwv_source_key *key)
{
    struct in6_addr src = ipv6_addr_bitand(&tunnel->src, &outer->src_mask);
    struct in6_addr dst = ipv6_addr_bitand(&tunnel->dst, &outer->dst_mask);

    /* An IPv6 mask may be so short that it covers mapped IPv4 addresses. */
    if (outer->ipv6 == IN6_IS_ADDR_V4MAPPED(&tunnel->dst)
        || !ipv6_addr_equals(&src, &outer->src)
        || !ipv6_addr_equals(&dst, &outer->dst)
        || (tunnel->tos & outer->tos_mask) != outer->tos) {
        return false;
    }

    memset(key, 0, sizeof *key);
    key->src = tunnel->src;
    key->dst = tunnel->dst;
    key->vni = tunnel->vni;
    key->udp_dst = outer->udp_dst;
    key->tos = tunnel->tos;
    key->flags = tunnel->flags;
    key->dmac = outer->dmac;
    key->smac = outer->smac;
    key->smac_matched = outer->smac_matched;
    return true;
}

static struct work
work_init(const struct match *match)
{
    return (struct work) { .flow = &match->flow, .wc = match->wc };
}

static enum hwv_reject
work_finish(const struct work *work)
{
    return (flow_wildcards_is_catchall(&work->wc)
            ? HWV_ACCEPT : HWV_REJECT_MATCH_OTHER);
}

/* Clears the 'n' bytes of 'mask' and returns what it covered. */
static enum coverage
take(void *mask, size_t n)
{
    enum coverage coverage = (is_all_zeros(mask, n) ? IGNORED
                              : is_all_ones(mask, n) ? EXACT
                              : PARTIAL);

    memset(mask, 0, n);
    return coverage;
}

/* Clears the 'n' bytes of 'mask'.  Returns true if 'value' under the mask is
 * zero, that is, if a packet matches whose 'n' bytes are zero. */
static bool
take_zero(const void *value_, void *mask_, size_t n)
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

#define TAKE(WORK, FIELD) \
    take(&(WORK)->wc.masks.FIELD, sizeof (WORK)->wc.masks.FIELD)
#define TAKE_ZERO(WORK, FIELD) \
    take_zero(&(WORK)->flow->FIELD, &(WORK)->wc.masks.FIELD, \
              sizeof (WORK)->wc.masks.FIELD)

/* Connection tracking state is zero before the first ct() action, and then
 * miniflow_extract() leaves out the fields that depend on it. */
static bool
take_no_conntrack(struct work *work)
{
    return (TAKE_ZERO(work, ct_state) && TAKE_ZERO(work, ct_zone)
            && TAKE_ZERO(work, ct_mark) && TAKE_ZERO(work, ct_label)
            && TAKE_ZERO(work, ct_nw_proto)
            && TAKE_ZERO(work, ct_nw_src) && TAKE_ZERO(work, ct_nw_dst)
            && TAKE_ZERO(work, ct_ipv6_src) && TAKE_ZERO(work, ct_ipv6_dst)
            && TAKE_ZERO(work, ct_tp_src) && TAKE_ZERO(work, ct_tp_dst));
}

/* All of this is zero in a packet just received from a port, by
 * pkt_metadata_init(), and in one just decapsulated, by
 * pkt_metadata_init_tnl(); and the packets of both are Ethernet, as the NIC
 * takes off no header with the protocol extension. */
static enum hwv_reject
take_metadata(struct work *work)
{
    /* First, because it tells more than the recirculation that comes of it. */
    if (!take_no_conntrack(work)) {
        return HWV_REJECT_CONNTRACK;
    }
    if (!TAKE_ZERO(work, recirc_id)) {
        return HWV_REJECT_RECIRC;
    }
    if (!TAKE_ZERO(work, skb_priority) || !TAKE_ZERO(work, pkt_mark)
        || !TAKE_ZERO(work, dp_hash)) {
        return HWV_REJECT_METADATA;
    }
    if (!TAKE_ZERO(work, packet_type)) {
        return HWV_REJECT_PACKET_TYPE;
    }

    /* The caller knows the port by its number, so it has to be one port. */
    return (TAKE(work, in_port) == EXACT
            ? HWV_ACCEPT : HWV_REJECT_MATCH_OTHER);
}

/* A packet from a port has no tunnel destination, and without one
 * miniflow_extract() leaves out all tunnel fields. */
static enum hwv_reject
take_no_tunnel(struct work *work)
{
    return (TAKE_ZERO(work, tunnel)
            ? HWV_ACCEPT : HWV_REJECT_TUNNEL_MATCH);
}

/* The outer addresses, both exact and of one IP version.  The version that is
 * not used is zero by pkt_metadata_init_tnl(). */
static bool
take_tunnel_addresses(struct work *work, struct hwv_tunnel_match *tunnel)
{
    const struct flow_tnl *tnl = &work->flow->tunnel;

    if (tnl->ip_dst && work->wc.masks.tunnel.ip_dst == OVS_BE32_MAX) {
        in6_addr_set_mapped_ipv4(&tunnel->src, tnl->ip_src);
        in6_addr_set_mapped_ipv4(&tunnel->dst, tnl->ip_dst);
        return (TAKE(work, tunnel.ip_src) == EXACT
                && TAKE(work, tunnel.ip_dst) == EXACT
                && TAKE_ZERO(work, tunnel.ipv6_src)
                && TAKE_ZERO(work, tunnel.ipv6_dst));
    }

    /* An IPv6 header with mapped IPv4 addresses would pass for IPv4. */
    tunnel->src = tnl->ipv6_src;
    tunnel->dst = tnl->ipv6_dst;
    return (TAKE(work, tunnel.ipv6_src) == EXACT
            && TAKE(work, tunnel.ipv6_dst) == EXACT
            && TAKE_ZERO(work, tunnel.ip_src)
            && TAKE_ZERO(work, tunnel.ip_dst)
            && ipv6_addr_is_set(&tunnel->dst)
            && !IN6_IS_ADDR_V4MAPPED(&tunnel->src)
            && !IN6_IS_ADDR_V4MAPPED(&tunnel->dst));
}

/* Of the tunnel flags netdev_vxlan_pop_header() always sets "key", sets "csum"
 * for a UDP checksum that is not zero, and never sets another.  (Not even
 * "don't fragment", whatever the outer header says.) */
static bool
take_tunnel_flags(struct work *work, struct hwv_tunnel_match *tunnel)
{
    uint16_t mask = work->wc.masks.tunnel.flags;
    uint16_t flags = work->flow->tunnel.flags & mask;

    work->wc.masks.tunnel.flags = 0;
    tunnel->flags = flags & FLOW_TNL_F_CSUM ? HWV_SOURCE_CSUM : 0;
    return (mask & FLOW_TNL_F_CSUM
            && (flags & ~FLOW_TNL_F_CSUM) == (mask & FLOW_TNL_F_KEY));
}

/* Everything that pkt_metadata_init_tnl() zeroes and no VXLAN header sets. */
static bool
take_tunnel_extras(struct work *work)
{
    return (TAKE_ZERO(work, tunnel.gbp_id)
            && TAKE_ZERO(work, tunnel.gbp_flags)
            && TAKE_ZERO(work, tunnel.erspan_ver)
            && TAKE_ZERO(work, tunnel.erspan_idx)
            && TAKE_ZERO(work, tunnel.erspan_dir)
            && TAKE_ZERO(work, tunnel.erspan_hwid)
            && TAKE_ZERO(work, tunnel.gtpu_flags)
            && TAKE_ZERO(work, tunnel.gtpu_msgtype)
            && TAKE_ZERO(work, tunnel.metadata));
}

static enum hwv_reject
take_tunnel(struct work *work, struct hwv_tunnel_match *tunnel)
{
    const struct flow_tnl *tnl = &work->flow->tunnel;
    uint64_t vni = ntohll(tnl->tun_id);

    if (TAKE(work, tunnel.tun_id) != EXACT || vni > 0xffffff
        || TAKE(work, tunnel.ip_tos) != EXACT
        || TAKE(work, tunnel.ip_ttl) != IGNORED
        || TAKE(work, tunnel.tp_src) != IGNORED
        || TAKE(work, tunnel.tp_dst) != IGNORED
        || !take_tunnel_addresses(work, tunnel)
        || !take_tunnel_flags(work, tunnel)
        || !take_tunnel_extras(work)) {
        return HWV_REJECT_TUNNEL_MATCH;
    }

    tunnel->vni = vni;
    tunnel->tos = tnl->ip_tos;

    /* The inner frame takes on an outer CE (RFC 6040 section 4.2), so it
     * would leave changed. */
    return IP_ECN_is_ce(tnl->ip_tos) ? HWV_REJECT_OUTER_CE : HWV_ACCEPT;
}

/* An untagged IPv4 or IPv6 frame: it has neither VLAN tags, an MPLS label nor
 * a network service header. */
static enum hwv_reject
take_ethernet(struct work *work, bool *ipv6)
{
    ovs_be16 dl_type = work->flow->dl_type;

    if (!TAKE_ZERO(work, vlans)) {
        return HWV_REJECT_VLAN;
    }
    *ipv6 = dl_type == htons(ETH_TYPE_IPV6);
    if (TAKE(work, dl_type) != EXACT
        || (dl_type != htons(ETH_TYPE_IP) && !*ipv6)) {
        return HWV_REJECT_ETH_TYPE;
    }
    if (!TAKE_ZERO(work, mpls_lse) || !TAKE_ZERO(work, nsh)) {
        return HWV_REJECT_MATCH_OTHER;
    }
    return HWV_ACCEPT;
}

/* Stores 'value' into '*mac' if 'mask' is exact, otherwise zeros. */
static enum coverage
take_mac(struct eth_addr value, struct eth_addr *mask, struct eth_addr *mac)
{
    enum coverage coverage = take(mask, sizeof *mask);

    *mac = coverage == EXACT ? value : eth_addr_zero;
    return coverage;
}

static enum hwv_reject
take_frag(struct work *work, uint8_t *frag)
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

static enum hwv_reject
take_inner(struct work *work, struct hwv_inner_match *inner)
{
    struct flow *masks = &work->wc.masks;
    enum coverage dmac, smac;
    enum hwv_reject reject;
    uint8_t frag = 0;
    bool ipv6;

    reject = take_ethernet(work, &ipv6);
    reject = reject ? reject : take_no_transport(work, ipv6);
    reject = reject ? reject : take_no_addresses(work, ipv6);
    reject = reject ? reject : take_frag(work, &frag);
    reject = reject ? reject : take_inner_ecn(work, inner);
    if (reject) {
        return reject;
    }

    dmac = take_mac(work->flow->dl_dst, &masks->dl_dst, &inner->dmac);
    smac = take_mac(work->flow->dl_src, &masks->dl_src, &inner->smac);
    if (dmac == PARTIAL || smac == PARTIAL) {
        return HWV_REJECT_MAC_MASK;
    }
    inner->class |= ((dmac == EXACT ? HWV_CLASS_DMAC : 0)
                     | (smac == EXACT ? HWV_CLASS_SMAC : 0)
                     | (ipv6 ? HWV_CLASS_IPV6 : 0)
                     | frag << HWV_CLASS_FRAG_SHIFT);
    return HWV_ACCEPT;
}

static enum hwv_reject
take_inner_ecn(struct work *work, struct hwv_inner_match *inner)
{
    uint8_t mask = work->wc.masks.nw_tos;

    work->wc.masks.nw_tos = 0;
    if (mask && mask != IP_ECN_MASK) {
        return HWV_REJECT_DSCP;
    }
    if (mask && inner->class & HWV_CLASS_RX) {
        return HWV_REJECT_RX_ECN;
    }

    inner->ecn_matched = mask != 0;
    inner->class |= (work->flow->nw_tos & mask) << HWV_CLASS_ECN_SHIFT;
    return HWV_ACCEPT;
}

/* Neighbor discovery is IPv6 only: its fields are zero with IPv4. */
static enum hwv_reject
take_no_transport(struct work *work, bool ipv6)
{
    if (!ipv6 && (!TAKE_ZERO(work, nd_target) || !TAKE_ZERO(work, arp_sha)
                  || !TAKE_ZERO(work, arp_tha))) {
        return HWV_REJECT_MATCH_OTHER;
    }
    if (TAKE(work, tp_src) || TAKE(work, tp_dst) || TAKE(work, tcp_flags)
        || TAKE(work, igmp_group_ip4) || TAKE(work, nw_proto)
        || TAKE(work, nd_target) || TAKE(work, arp_sha)
        || TAKE(work, arp_tha)) {
        return HWV_REJECT_L4;
    }
    return HWV_ACCEPT;
}

/* The fields of the other IP version are zero. */
static bool
take_other_ip(struct work *work, bool ipv6)
{
    return (ipv6
            ? TAKE_ZERO(work, nw_src) && TAKE_ZERO(work, nw_dst)
            : (TAKE_ZERO(work, ipv6_src) && TAKE_ZERO(work, ipv6_dst)
               && TAKE_ZERO(work, ipv6_label)));
}

static enum hwv_reject
take_no_addresses(struct work *work, bool ipv6)
{
    if (!take_other_ip(work, ipv6)
        || TAKE(work, nw_src) || TAKE(work, nw_dst)
        || TAKE(work, ipv6_src) || TAKE(work, ipv6_dst)
        || TAKE(work, ipv6_label)) {
        return HWV_REJECT_L3;
    }
    return TAKE(work, nw_ttl) ? HWV_REJECT_NW_TTL : HWV_ACCEPT;
}

static enum hwv_reject
take_outer_ethernet(struct work *work, struct hwv_outer_match *outer)
{
    enum hwv_reject reject = take_ethernet(work, &outer->ipv6);
    struct flow *masks = &work->wc.masks;
    enum coverage dmac, smac;

    if (reject) {
        return reject;
    }
    dmac = take_mac(work->flow->dl_dst, &masks->dl_dst, &outer->dmac);
    smac = take_mac(work->flow->dl_src, &masks->dl_src, &outer->smac);
    if (dmac == PARTIAL || smac == PARTIAL) {
        return HWV_REJECT_MAC_MASK;
    }
    outer->smac_matched = smac == EXACT;
    return dmac == EXACT ? HWV_ACCEPT : HWV_REJECT_OUTER_MATCH;
}

/* Stores the IPv4 address 'value' under '*mask' as mapped, clears '*mask'. */
static void
take_mapped(ovs_be32 value, ovs_be32 *mask, struct in6_addr *addr,
            struct in6_addr *addr_mask)
{
    in6_addr_set_mapped_ipv4(addr, value & *mask);
    in6_addr_set_mapped_ipv4(addr_mask, *mask);
    memset(addr_mask, 0xff, 12);
    *mask = 0;
}

/* Stores 'value' under '*mask', clears '*mask'. */
static void
take_ipv6(const struct in6_addr *value, struct in6_addr *mask,
          struct in6_addr *addr, struct in6_addr *addr_mask)
{
    *addr = ipv6_addr_bitand(value, mask);
    *addr_mask = *mask;
    *mask = in6addr_any;
}

static enum hwv_reject
take_outer_ip(struct work *work, struct hwv_outer_match *outer)
{
    const struct flow *flow = work->flow;
    struct flow *masks = &work->wc.masks;
    enum hwv_reject reject;
    uint8_t frag;

    reject = take_frag(work, &frag);
    if (reject) {
        return reject;
    }
    if (TAKE(work, nw_ttl)) {
        return HWV_REJECT_NW_TTL;
    }
    if (frag || !take_other_ip(work, outer->ipv6)
        || TAKE(work, ipv6_label)) {
        return HWV_REJECT_OUTER_MATCH;
    }

    if (outer->ipv6) {
        take_ipv6(&flow->ipv6_src, &masks->ipv6_src,
                  &outer->src, &outer->src_mask);
        take_ipv6(&flow->ipv6_dst, &masks->ipv6_dst,
                  &outer->dst, &outer->dst_mask);
    } else {
        take_mapped(flow->nw_src, &masks->nw_src,
                    &outer->src, &outer->src_mask);
        take_mapped(flow->nw_dst, &masks->nw_dst,
                    &outer->dst, &outer->dst_mask);
    }
    outer->tos_mask = masks->nw_tos;
    outer->tos = flow->nw_tos & masks->nw_tos;
    masks->nw_tos = 0;
    return HWV_ACCEPT;
}

/* UDP has none of the other fields that OVS keeps of transport headers: they
 * are zero. */
static enum hwv_reject
take_outer_udp(struct work *work, struct hwv_outer_match *outer)
{
    if (TAKE(work, nw_proto) != EXACT || work->flow->nw_proto != IPPROTO_UDP
        || TAKE(work, tp_dst) != EXACT) {
        return HWV_REJECT_OUTER_MATCH;
    }
    outer->udp_dst = work->flow->tp_dst;

    if (TAKE(work, tp_src) || !TAKE_ZERO(work, tcp_flags)
        || !TAKE_ZERO(work, igmp_group_ip4) || !TAKE_ZERO(work, nd_target)
        || !TAKE_ZERO(work, arp_sha) || !TAKE_ZERO(work, arp_tha)) {
        return HWV_REJECT_L4;
    }
    return HWV_ACCEPT;
}
