/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-match.h"

#include <string.h>

#include "flow.h"
#include "hwv-key.h"
#include "hwv-match-work.h"
#include "packets.h"

static enum hwv_reject take_outer_ethernet(struct hwv_work *,
                                           struct hwv_outer_match *);
static enum hwv_reject take_outer_ip(struct hwv_work *,
                                     struct hwv_outer_match *);
static enum hwv_reject take_outer_udp(struct hwv_work *,
                                      struct hwv_outer_match *);

enum hwv_reject
hwv_match_from_uplink(const struct match *match,
                      struct hwv_outer_match *outer)
{
    enum hwv_reject reject;
    struct hwv_work work;

    hwv_work_init(&work, match);
    memset(outer, 0, sizeof *outer);
    reject = hwv_take_metadata(&work);
    reject = reject ? reject : hwv_take_no_tunnel(&work);
    reject = reject ? reject : take_outer_ethernet(&work, outer);
    reject = reject ? reject : take_outer_ip(&work, outer);
    reject = reject ? reject : take_outer_udp(&work, outer);
    return reject ? reject : hwv_work_finish(&work);
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

static enum hwv_reject
take_outer_ethernet(struct hwv_work *work, struct hwv_outer_match *outer)
{
    enum hwv_reject reject;
    uint8_t shape = 0;

    reject = hwv_take_no_tag(work);
    reject = reject ? reject : hwv_take_ethernet(work, &outer->ipv6);
    reject = reject ? reject : hwv_take_macs(work, &outer->dmac, &outer->smac,
                                             &shape);
    if (reject) {
        return reject;
    }
    outer->smac_matched = shape & HWV_CLASS_SMAC;
    return shape & HWV_CLASS_DMAC ? HWV_ACCEPT : HWV_REJECT_OUTER_MATCH;
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
take_outer_ip(struct hwv_work *work, struct hwv_outer_match *outer)
{
    const struct flow *flow = work->flow;
    struct flow *masks = &work->wc.masks;
    enum hwv_reject reject;
    uint8_t frag;

    reject = hwv_take_frag(work, &frag);
    if (reject) {
        return reject;
    }
    if (HWV_TAKE(work, nw_ttl)) {
        return HWV_REJECT_NW_TTL;
    }
    if (frag || !hwv_take_other_ip(work, outer->ipv6)
        || HWV_TAKE(work, ipv6_label)) {
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
take_outer_udp(struct hwv_work *work, struct hwv_outer_match *outer)
{
    if (HWV_TAKE(work, nw_proto) != HWV_EXACT
        || work->flow->nw_proto != IPPROTO_UDP
        || HWV_TAKE(work, tp_dst) != HWV_EXACT) {
        return HWV_REJECT_OUTER_MATCH;
    }
    outer->udp_dst = work->flow->tp_dst;

    if (HWV_TAKE(work, tp_src)
        || !HWV_TAKE_ZERO(work, tcp_flags)
        || !HWV_TAKE_ZERO(work, igmp_group_ip4)
        || !HWV_TAKE_ZERO(work, nd_target)
        || !HWV_TAKE_ZERO(work, arp_sha)
        || !HWV_TAKE_ZERO(work, arp_tha)) {
        return HWV_REJECT_L4;
    }
    return HWV_ACCEPT;
}
