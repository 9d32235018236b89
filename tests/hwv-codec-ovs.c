/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#undef NDEBUG
#include "hwv-codec-ovs.h"

#include <netinet/ip6.h>
#include <string.h>

#include "csum.h"
#include "flow.h"
#include "hwv-key.h"
#include "hwv-test-frames.h"
#include "netdev.h"
#include "netdev-native-tnl.h"
#include "odp-netlink.h"
#include "random.h"
#include "unaligned.h"

void
hwv_check_same_packet(const struct dp_packet *a, const struct dp_packet *b)
{
    if (!dp_packet_equal(a, b)) {
        ovs_hex_dump(stderr, dp_packet_data(a), dp_packet_size(a), 0, false);
        ovs_hex_dump(stderr, dp_packet_data(b), dp_packet_size(b), 0, false);
        ck_abort_msg("the first is ours, the second OVS's");
    }
    HWV_CHECK_EQ(dp_packet_l2_pad_size(a), dp_packet_l2_pad_size(b));
    HWV_CHECK_EQ(a->l2_5_ofs, b->l2_5_ofs);
    HWV_CHECK_EQ(a->l3_ofs, b->l3_ofs);
    HWV_CHECK_EQ(a->l4_ofs, b->l4_ofs);
    HWV_CHECK_EQ(a->packet_type, b->packet_type);
    HWV_CHECK_EQ(*dp_packet_ol_flags_ptr(a), *dp_packet_ol_flags_ptr(b));
}

/* Encapsulation. */

void
hwv_build_push(const struct hwv_test_outer *outer,
               struct ovs_action_push_tnl *push)
{
    bool ipv6 = !IN6_IS_ADDR_V4MAPPED(&outer->dst);
    struct netdev_tnl_build_header_params params;
    struct vxlanhdr *vxlan;
    struct udp_header *udp;
    struct flow flow;

    memset(&flow, 0, sizeof flow);
    flow.tunnel.ip_dst = in6_addr_get_mapped_ipv4(&outer->dst);
    flow.tunnel.ipv6_dst = outer->dst;
    flow.tunnel.ip_tos = outer->tos;
    flow.tunnel.ip_ttl = outer->ttl;
    flow.tunnel.flags = outer->df ? FLOW_TNL_F_DONT_FRAGMENT : 0;
    netdev_init_tnl_build_header_params(&params, &flow, &outer->src,
                                        outer->dmac, outer->smac);

    memset(push, 0, sizeof *push);
    udp = netdev_tnl_ip_build_header(push, &params, IPPROTO_UDP);
    udp->udp_dst = outer->udp_dst;
    udp->udp_csum = ipv6 || outer->csum ? OVS_BE16_MAX : 0;
    vxlan = (void *) (udp + 1);
    put_16aligned_be32(&vxlan->vx_flags, htonl(VXLAN_FLAGS));
    put_16aligned_be32(&vxlan->vx_vni, htonl(outer->vni << 8));
    push->header_len += sizeof *udp + sizeof *vxlan;
}

void
hwv_strip_push(const struct ovs_action_push_tnl *push,
               struct hwv_tunnel *tunnel)
{
    uint8_t *header = tunnel->encap.header;
    struct eth_header *eth = (void *) header;
    struct ip_header *ip = (void *) (header + ETH_HEADER_LEN);
    struct udp_header *udp;

    memset(tunnel, 0, sizeof *tunnel);
    tunnel->encap.len = push->header_len;
    memcpy(header, push->header, push->header_len);

    atomic_init(&tunnel->next_hop, hwv_mac_to_word(eth->eth_dst));
    eth->eth_dst = eth_addr_zero;
    if (hwv_encap_is_ipv6(&tunnel->encap)) {
        header[15] &= 0xcf;     /* Bits 0 and 1 of the traffic class. */
    } else {
        ip->ip_tos &= ~IP_ECN_MASK;
        ip->ip_csum = 0;
        ip->ip_csum = csum(ip, sizeof *ip);
    }
    udp = (void *) (header + tunnel->encap.len - 16);
    tunnel->encap.udp_csum = udp->udp_csum != 0;
    udp->udp_csum = 0;
    memset(header + tunnel->encap.len - 4, 0, 4);
}

void
hwv_random_outer(struct hwv_test_outer *outer)
{
    random_bytes(outer, sizeof *outer);
    outer->df = hwv_one_in(2);
    outer->csum = hwv_one_in(2);
    outer->vni &= 0xffffff;
    if (hwv_one_in(2)) {
        in6_addr_set_mapped_ipv4(&outer->src, (OVS_FORCE ovs_be32)
                                 random_uint32());
        in6_addr_set_mapped_ipv4(&outer->dst, (OVS_FORCE ovs_be32)
                                 random_uint32());
    } else {
        /* Not IPv4-mapped. */
        outer->src.s6_addr[0] = 0x20;
        outer->dst.s6_addr[0] = 0x20;
        outer->csum = true;
    }
}

void
hwv_check_push(const uint8_t *frame, size_t len)
{
    struct dp_packet *ours, *theirs;
    struct ovs_action_push_tnl push;
    struct hwv_test_outer outer;
    struct hwv_tunnel tunnel;
    uint8_t ecn;

    /* "ovs-appctl tnl/egress_port_range" */
    tnl_udp_port_min = random_range(30000);
    tnl_udp_port_max = tnl_udp_port_min + random_range(30000);

    hwv_random_outer(&outer);
    ecn = outer.tos & IP_ECN_MASK;
    outer.tos = (outer.tos & ~IP_ECN_MASK) | hwv_outer_ecn(ecn);
    hwv_build_push(&outer, &push);
    hwv_strip_push(&push, &tunnel);

    ours = hwv_test_packet(frame, len, 2 * random_range(50));
    dp_packet_set_rss_hash(ours, random_uint32());
    theirs = dp_packet_clone_with_headroom(ours, 2 * random_range(50));

    hwv_encapsulate(ours, &tunnel, outer.vni, ecn);
    netdev_tnl_push_udp_header(NULL, theirs, &push);

    hwv_check_same_packet(ours, theirs);
    dp_packet_delete(ours);
    dp_packet_delete(theirs);
}

/* Decapsulation. */

static bool
key_is_ipv6(const struct hwv_source_key *key)
{
    return !IN6_IS_ADDR_V4MAPPED(&key->dst);
}

/* Is 'key' what OVS sees of the outer headers in front of tnl_pop? */
static void
check_outer_flow(const struct hwv_source_key *key, const struct flow *flow)
{
    HWV_CHECK(eth_addr_equals(key->dmac, flow->dl_dst));
    HWV_CHECK(eth_addr_equals(key->smac, flow->dl_src));
    HWV_CHECK_EQ(key->smac_matched, 1);
    HWV_CHECK_EQ(flow->vlans[0].tci, 0);
    HWV_CHECK_EQ(flow->dl_type, htons(key_is_ipv6(key)
                                      ? ETH_TYPE_IPV6 : ETH_TYPE_IP));
    if (key_is_ipv6(key)) {
        HWV_CHECK(ipv6_addr_equals(&key->src, &flow->ipv6_src));
        HWV_CHECK(ipv6_addr_equals(&key->dst, &flow->ipv6_dst));
    } else {
        HWV_CHECK_EQ(in6_addr_get_mapped_ipv4(&key->src), flow->nw_src);
        HWV_CHECK_EQ(in6_addr_get_mapped_ipv4(&key->dst), flow->nw_dst);
    }
    HWV_CHECK_EQ(flow->nw_proto, IPPROTO_UDP);
    HWV_CHECK_EQ(flow->nw_frag, 0);
    HWV_CHECK_EQ(flow->nw_tos, key->tos);
    HWV_CHECK_EQ(flow->tp_dst, key->udp_dst);
}

/* Is 'key' what OVS sees of the outer headers behind tnl_pop? */
static void
check_tunnel(const struct hwv_source_key *key, const struct flow_tnl *tnl)
{
    if (key_is_ipv6(key)) {
        HWV_CHECK(ipv6_addr_equals(&key->src, &tnl->ipv6_src));
        HWV_CHECK(ipv6_addr_equals(&key->dst, &tnl->ipv6_dst));
        HWV_CHECK_EQ(tnl->ip_dst, 0);
    } else {
        HWV_CHECK_EQ(in6_addr_get_mapped_ipv4(&key->src), tnl->ip_src);
        HWV_CHECK_EQ(in6_addr_get_mapped_ipv4(&key->dst), tnl->ip_dst);
    }
    HWV_CHECK_EQ(ntohll(tnl->tun_id), key->vni);
    HWV_CHECK_EQ(tnl->ip_tos, key->tos);
    HWV_CHECK_EQ(tnl->flags,
                 FLOW_TNL_F_KEY
                 | (key->flags & HWV_SOURCE_CSUM ? FLOW_TNL_F_CSUM : 0));
}

/* Things to be reset, of the wire and of the outer headers. */
static void
set_metadata(struct dp_packet *packet)
{
    packet->packet_type = htonl(PT_NSH);
    dp_packet_set_rss_hash(packet, 1);
    dp_packet_set_flow_mark(packet, 2);
    packet->l2_5_ofs = 3;
}

enum hwv_outer_result
hwv_check_pop(const uint8_t *data, size_t len, struct hwv_pop_seen *seen)
{
    struct dp_packet *theirs = hwv_test_packet(data, len, 0);
    struct dp_packet *ours = hwv_test_packet(data, len, 0);
    enum hwv_outer_result result;
    struct hwv_source_key key;
    size_t outer_len, n_tags = 0;
    struct flow flow;
    bool udp;

    memset(&key, 0, sizeof key);
    result = hwv_outer_parse(hwv_guarded_copy(data, len), len, &key,
                             &outer_len);

    /* What a flow with tnl_pop matches at least (tnl-ports.c), behind flows
     * that take VLAN tags off. */
    flow_extract(theirs, &flow);
    while (flow.vlans[0].tci && result != HWV_OUTER_VXLAN) {
        eth_pop_vlan(theirs);
        flow_extract(theirs, &flow);
        n_tags++;
    }
    udp = flow.nw_proto == IPPROTO_UDP && !flow.nw_frag
          && (flow.dl_type == htons(ETH_TYPE_IP)
              || flow.dl_type == htons(ETH_TYPE_IPV6));
    theirs = netdev_vxlan_pop_header(theirs);

    switch (result) {
    case HWV_OUTER_VXLAN:
        check_outer_flow(&key, &flow);
        if (hwv_outer_verify(hwv_guarded_copy(data, len), len)) {
            HWV_CHECK(theirs);
            check_tunnel(&key, &theirs->md.tunnel);
            dp_packet_reset_offload(theirs);    /* As netdev_pop_header(). */

            set_metadata(ours);
            hwv_decapsulate(ours, outer_len);
            hwv_check_same_packet(ours, theirs);
            seen->vxlan++;
        } else {
            HWV_CHECK(!theirs);
            seen->bad_checksum++;
        }
        break;

    case HWV_OUTER_DOUBTFUL:
        seen->placed += outer_len != 0;
        if (theirs && udp && outer_len) {
            /* Then this is the inner flow that it is of. */
            size_t size = dp_packet_size(theirs);

            HWV_CHECK_EQ(len - outer_len, size);
            HWV_CHECK(!memcmp(dp_packet_data(theirs), data + outer_len, size));
            if (size >= ETH_HEADER_LEN) {
                HWV_CHECK_EQ(key.vni,
                             ntohll(theirs->md.tunnel.tun_id));
            }
            seen->popped_doubtful++;
            seen->popped_tagged += n_tags != 0;
        }
        break;

    case HWV_OUTER_OTHER:
        HWV_CHECK(!udp);
        seen->other++;
        break;
    }

    dp_packet_delete(ours);
    dp_packet_delete(theirs);
    return result;
}
