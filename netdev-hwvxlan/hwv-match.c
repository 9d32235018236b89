/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-match.h"

#include <string.h>

#include "flow.h"
#include "hwv-key.h"
#include "hwv-match-work.h"
#include "packets.h"

static enum hwv_reject take_tunnel(struct hwv_work *,
                                   struct hwv_tunnel_match *);
static enum hwv_reject take_inner(struct hwv_work *, struct hwv_inner_match *);
static enum hwv_reject take_inner_ecn(struct hwv_work *,
                                      struct hwv_inner_match *);
static enum hwv_reject take_no_transport(struct hwv_work *, bool ipv6);
static enum hwv_reject take_no_addresses(struct hwv_work *, bool ipv6);

enum hwv_reject
hwv_match_from_vf(const struct match *match, struct hwv_inner_match *inner)
{
    enum hwv_reject reject;
    struct hwv_work work;

    hwv_work_init(&work, match);
    memset(inner, 0, sizeof *inner);
    reject = hwv_take_metadata(&work);
    reject = reject ? reject : hwv_take_no_tunnel(&work);
    reject = reject ? reject : hwv_take_no_tag(&work);
    reject = reject ? reject : take_inner(&work, inner);
    return reject ? reject : hwv_work_finish(&work);
}

enum hwv_reject
hwv_match_from_vlan(const struct match *match,
                    struct hwv_inner_match *inner, uint16_t *tci)
{
    enum hwv_reject reject;
    struct hwv_work work;

    hwv_work_init(&work, match);
    memset(inner, 0, sizeof *inner);
    inner->class = HWV_CLASS_RX;
    reject = hwv_take_metadata(&work);
    reject = reject ? reject : hwv_take_no_tunnel(&work);
    reject = reject ? reject : hwv_take_tag(&work, tci);
    reject = reject ? reject : take_inner(&work, inner);
    return reject ? reject : hwv_work_finish(&work);
}

bool
hwv_match_has_tag(const struct match *match)
{
    return (match->wc.masks.vlans[0].tci & match->flow.vlans[0].tci
            & htons(VLAN_CFI));
}

enum hwv_reject
hwv_match_from_tunnel(const struct match *match,
                      struct hwv_inner_match *inner,
                      struct hwv_tunnel_match *tunnel)
{
    enum hwv_reject reject;
    struct hwv_work work;

    hwv_work_init(&work, match);
    memset(inner, 0, sizeof *inner);
    memset(tunnel, 0, sizeof *tunnel);
    inner->class = HWV_CLASS_RX;
    reject = hwv_take_metadata(&work);
    reject = reject ? reject : take_tunnel(&work, tunnel);
    reject = reject ? reject : hwv_take_no_tag(&work);
    reject = reject ? reject : take_inner(&work, inner);
    return reject ? reject : hwv_work_finish(&work);
}

/* Tunnel metadata. */

/* The outer addresses, both exact and of one IP version.  The version that is
 * not used is zero by pkt_metadata_init_tnl(). */
static bool
take_tunnel_addresses(struct hwv_work *work, struct hwv_tunnel_match *tunnel)
{
    const struct flow_tnl *tnl = &work->flow->tunnel;

    if (tnl->ip_dst && work->wc.masks.tunnel.ip_dst == OVS_BE32_MAX) {
        in6_addr_set_mapped_ipv4(&tunnel->src, tnl->ip_src);
        in6_addr_set_mapped_ipv4(&tunnel->dst, tnl->ip_dst);
        return (HWV_TAKE(work, tunnel.ip_src) == HWV_EXACT
                && HWV_TAKE(work, tunnel.ip_dst) == HWV_EXACT
                && HWV_TAKE_ZERO(work, tunnel.ipv6_src)
                && HWV_TAKE_ZERO(work, tunnel.ipv6_dst));
    }

    /* An IPv6 header with mapped IPv4 addresses would pass for IPv4. */
    tunnel->src = tnl->ipv6_src;
    tunnel->dst = tnl->ipv6_dst;
    return (HWV_TAKE(work, tunnel.ipv6_src) == HWV_EXACT
            && HWV_TAKE(work, tunnel.ipv6_dst) == HWV_EXACT
            && HWV_TAKE_ZERO(work, tunnel.ip_src)
            && HWV_TAKE_ZERO(work, tunnel.ip_dst)
            && ipv6_addr_is_set(&tunnel->dst)
            && !IN6_IS_ADDR_V4MAPPED(&tunnel->src)
            && !IN6_IS_ADDR_V4MAPPED(&tunnel->dst));
}

/* Of the tunnel flags netdev_vxlan_pop_header() always sets "key", sets "csum"
 * for a UDP checksum that is not zero, and never sets another.  (Not even
 * "don't fragment", whatever the outer header says.) */
static bool
take_tunnel_flags(struct hwv_work *work, struct hwv_tunnel_match *tunnel)
{
    uint16_t mask = work->wc.masks.tunnel.flags;
    uint16_t flags = work->flow->tunnel.flags & mask;

    work->wc.masks.tunnel.flags = 0;
    tunnel->flags = flags & FLOW_TNL_F_CSUM ? HWV_SOURCE_CSUM : 0;
    return (mask & FLOW_TNL_F_CSUM
            && (flags & ~FLOW_TNL_F_CSUM) == FLOW_TNL_F_KEY);
}

/* Everything that pkt_metadata_init_tnl() zeroes and no VXLAN header sets. */
static bool
take_tunnel_extras(struct hwv_work *work)
{
    return (HWV_TAKE_ZERO(work, tunnel.gbp_id)
            && HWV_TAKE_ZERO(work, tunnel.gbp_flags)
            && HWV_TAKE_ZERO(work, tunnel.erspan_ver)
            && HWV_TAKE_ZERO(work, tunnel.erspan_idx)
            && HWV_TAKE_ZERO(work, tunnel.erspan_dir)
            && HWV_TAKE_ZERO(work, tunnel.erspan_hwid)
            && HWV_TAKE_ZERO(work, tunnel.gtpu_flags)
            && HWV_TAKE_ZERO(work, tunnel.gtpu_msgtype)
            && HWV_TAKE_ZERO(work, tunnel.metadata));
}

static enum hwv_reject
take_tunnel(struct hwv_work *work, struct hwv_tunnel_match *tunnel)
{
    const struct flow_tnl *tnl = &work->flow->tunnel;
    uint64_t vni = ntohll(tnl->tun_id);

    if (HWV_TAKE(work, tunnel.tun_id) != HWV_EXACT || vni > 0xffffff
        || HWV_TAKE(work, tunnel.ip_tos) != HWV_EXACT
        || HWV_TAKE(work, tunnel.ip_ttl) != HWV_IGNORED
        || HWV_TAKE(work, tunnel.tp_src) != HWV_IGNORED
        || HWV_TAKE(work, tunnel.tp_dst) != HWV_IGNORED
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

/* The inner frame. */

static enum hwv_reject
take_inner(struct hwv_work *work, struct hwv_inner_match *inner)
{
    uint8_t frag = 0, shape = 0;
    enum hwv_reject reject;
    bool ipv6;

    reject = hwv_take_ethernet(work, &ipv6);
    reject = reject ? reject : take_no_transport(work, ipv6);
    reject = reject ? reject : take_no_addresses(work, ipv6);
    reject = reject ? reject : hwv_take_frag(work, &frag);
    reject = reject ? reject : take_inner_ecn(work, inner);
    reject = reject ? reject : hwv_take_macs(work, &inner->dmac, &inner->smac,
                                             &shape);
    if (reject) {
        return reject;
    }
    inner->class |= (shape | (ipv6 ? HWV_CLASS_IPV6 : 0)
                     | frag << HWV_CLASS_FRAG_SHIFT);
    return HWV_ACCEPT;
}

static enum hwv_reject
take_inner_ecn(struct hwv_work *work, struct hwv_inner_match *inner)
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
take_no_transport(struct hwv_work *work, bool ipv6)
{
    if (!ipv6 && (!HWV_TAKE_ZERO(work, nd_target)
                  || !HWV_TAKE_ZERO(work, arp_sha)
                  || !HWV_TAKE_ZERO(work, arp_tha))) {
        return HWV_REJECT_MATCH_OTHER;
    }
    if (HWV_TAKE(work, nw_proto)
        || HWV_TAKE(work, tp_src) || HWV_TAKE(work, tp_dst)
        || HWV_TAKE(work, tcp_flags) || HWV_TAKE(work, igmp_group_ip4)
        || HWV_TAKE(work, nd_target)
        || HWV_TAKE(work, arp_sha) || HWV_TAKE(work, arp_tha)) {
        return HWV_REJECT_L4;
    }
    return HWV_ACCEPT;
}

static enum hwv_reject
take_no_addresses(struct hwv_work *work, bool ipv6)
{
    if (!hwv_take_other_ip(work, ipv6)
        || HWV_TAKE(work, nw_src) || HWV_TAKE(work, nw_dst)
        || HWV_TAKE(work, ipv6_src) || HWV_TAKE(work, ipv6_dst)
        || HWV_TAKE(work, ipv6_label)) {
        return HWV_REJECT_L3;
    }
    return HWV_TAKE(work, nw_ttl) ? HWV_REJECT_NW_TTL : HWV_ACCEPT;
}
