/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-samples.h"

#include <check.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <string.h>

#include "dp-packet.h"
#include "hwv-codec.h"
#include "hwv-test-frames.h"
#include "netdev-native-tnl.h"
#include "packets.h"
#include "random.h"
#include "util.h"

#define MAC1 ETH_ADDR_C(50,54,00,00,00,01)
#define MAC2 ETH_ADDR_C(50,54,00,00,00,02)

#define D(MAC) "eth(dst=50:54:00:00:00:0" MAC "),"
#define SD "eth(src=50:54:00:00:00:01,dst=50:54:00:00:00:02),"
#define TAIL "in_port(6),packet_type(ns=0,id=0),"
#define TUNNEL4 "recirc_id(0),tunnel(tun_id=0x1389,src=10.0.0.2," \
    "dst=10.0.0.1,tos=0/0xff,ttl=0/0,flags(-df-csum+key))," TAIL
#define TUNNEL6 "recirc_id(0),tunnel(tun_id=0x1389,ipv6_src=fd00::2," \
    "ipv6_dst=fd00::1,tos=0/0xff,ttl=0/0,flags(-df+csum+key))," TAIL
#define VF "recirc_id(0),in_port(4),packet_type(ns=0,id=0),"
#define UP "recirc_id(0),in_port(1),packet_type(ns=0,id=0),"
#define POP4 "proto=17,frag=no),udp(dst=4789)"

const struct hwv_typical hwv_typical[HWV_N_TYPICAL] = {
    { VF D("2") "eth_type(0x0800),ipv4(tos=0/0x3,frag=no)", NULL },
    { VF D("2") "eth_type(0x0800),ipv4(frag=no)", NULL },
    { VF SD "eth_type(0x86dd),ipv6(tclass=2/0x3,frag=no)", NULL },
    { VF "eth_type(0x86dd),ipv6(frag=no)", NULL },
    { VF "eth_type(0x0800),ipv4(tos=1/0x3,frag=later)", NULL },
    { VF "eth_type(0x0800),ipv4(frag=first)", NULL },
    { TUNNEL4 D("1") "eth_type(0x0800),ipv4(frag=no)",
      UP D("1") "eth_type(0x0800),ipv4(dst=10.0.0.1," POP4 },
    { TUNNEL4 "eth_type(0x86dd),ipv6(frag=no)",
      UP SD "eth_type(0x0800),ipv4(src=8.0.0.0/8.0.0.0,tos=0/0x3," POP4 },
    { TUNNEL6 SD "eth_type(0x86dd),ipv6(frag=no)",
      UP D("1") "eth_type(0x86dd),ipv6(dst=fd00::1," POP4 },
    { TUNNEL6 D("1") "eth_type(0x0800),ipv4(frag=no)",
      UP SD "eth_type(0x86dd),ipv6(dst=fd00::/ffff::,tclass=0," POP4 },
    { UP SD "eth_type(0x8100),vlan(vid=5,pcp=0),encap(eth_type(0x0800),"
      "ipv4(frag=no))", NULL },
    { UP D("1") "eth_type(0x8100),vlan(vid=4095,pcp=7),"
      "encap(eth_type(0x86dd),ipv6(frag=no))", NULL },
    { UP "eth_type(0x8100),vlan(vid=0,pcp=0),encap(eth_type(0x0800),"
      "ipv4(frag=first))", NULL },
};

static bool random_sample_tx(const struct hwv_flows *, struct hwv_sample *);
static bool random_sample_rx(const struct hwv_flows *, struct hwv_sample *);
static bool random_sample_vlan(const struct hwv_flows *, struct hwv_sample *);

bool
hwv_random_sample(const struct hwv_flows *flows, struct hwv_sample *sample)
{
    return (flows->rx
            ? random_sample_rx(flows, sample)
            : flows->vlan
            ? random_sample_vlan(flows, sample)
            : random_sample_tx(flows, sample));
}

/* Makes neighbor discovery of the 'len' bytes at 'frame', if that is IPv6 and
 * long enough. */
static void
make_nd(uint8_t *frame, size_t len)
{
    struct eth_header *eth = (void *) frame;
    struct ovs_16aligned_ip6_hdr *ip6 = (void *) (eth + 1);
    uint8_t *icmp6 = (uint8_t *) (ip6 + 1);     /* RFC 4861 section 4.3. */
    uint8_t *option = icmp6 + 8 + sizeof(struct in6_addr);
    uint8_t *end = option + ND_LLA_OPT_LEN;

    if (end > frame + len || eth->eth_type != htons(ETH_TYPE_IPV6)) {
        return;
    }

    ip6->ip6_nxt = IPPROTO_ICMPV6;
    icmp6[0] = hwv_one_in(2) ? ND_NEIGHBOR_SOLICIT : ND_NEIGHBOR_ADVERT;
    icmp6[1] = 0;
    option[0] = (icmp6[0] == ND_NEIGHBOR_SOLICIT
                 ? ND_OPT_SOURCE_LINKADDR : ND_OPT_TARGET_LINKADDR);
    option[1] = 1;
    ip6->ip6_plen = htons(end - icmp6);
}

/* Random values around those that 'flows' match: most packets should differ
 * from a packet that matches in one or two fields. */

static bool
differ(void)
{
    return hwv_one_in(16);
}

static void
random_mac(struct eth_addr *mac, struct eth_addr value, struct eth_addr mask)
{
    const struct eth_addr macs[] = { MAC1, MAC2, eth_addr_zero };

    if (eth_addr_is_zero(mask)) {
        eth_addr_random(mac);
    } else {
        *mac = differ() ? macs[random_range(ARRAY_SIZE(macs))] : value;
    }
}

static size_t
random_inner(const struct match *match, uint8_t *frame)
{
    struct eth_header *eth = (void *) frame;
    size_t len = hwv_random_frame(frame);

    random_mac(&eth->eth_dst, match->flow.dl_dst, match->wc.masks.dl_dst);
    random_mac(&eth->eth_src, match->flow.dl_src, match->wc.masks.dl_src);
    if (hwv_one_in(4)) {
        make_nd(frame, len);
    }
    return len;
}

static struct in6_addr
random_addr(bool ipv6, struct in6_addr value)
{
    if (differ() || ipv6 == IN6_IS_ADDR_V4MAPPED(&value)) {
        ck_assert(ipv6_parse(ipv6 ? "fd00::" : "::ffff:10.0.0.0", &value));
        value.s6_addr[15] = 1 + random_range(3);
    }
    return value;
}

static void
random_outer(const struct hwv_flows *flows, struct hwv_test_outer *outer)
{
    const uint8_t toses[] = { 0, IP_ECN_ECT_0, 0x20 };
    const struct flow_tnl *tnl = &flows->match.flow.tunnel;
    const struct flow *masks = &flows->outer.wc.masks;
    const struct flow *flow = &flows->outer.flow;
    bool ipv6 = !tnl->ip_dst ^ differ();

    memset(outer, 0, sizeof *outer);
    random_mac(&outer->dmac, flow->dl_dst, masks->dl_dst);
    random_mac(&outer->smac, flow->dl_src, masks->dl_src);
    outer->src = random_addr(ipv6, flow_tnl_src(tnl));
    outer->dst = random_addr(ipv6, flow_tnl_dst(tnl));
    outer->tos = (differ()
                  ? toses[random_range(ARRAY_SIZE(toses))] : tnl->ip_tos);
    outer->ttl = random_uint8();
    outer->df = hwv_one_in(2);
    outer->csum = ipv6 || differ() ^ !!(tnl->flags & FLOW_TNL_F_CSUM);
    outer->udp_src = htons(random_uint16());
    outer->udp_dst = htons(4789 + differ());
    outer->vni = 5001 + differ();
}

static void
extract(struct dp_packet *packet, odp_port_t port, struct flow *flow)
{
    packet->md.in_port.odp_port = port;
    flow_extract(packet, flow);
}

static bool
random_sample_tx(const struct hwv_flows *flows, struct hwv_sample *sample)
{
    uint8_t frame[HWV_RANDOM_FRAME_MAX];
    size_t len = random_inner(&flows->match, frame);
    struct dp_packet *packet;

    if (!hwv_frame_parse(frame, len, &sample->frame)) {
        return false;
    }
    packet = hwv_test_packet(frame, len, 0);
    pkt_metadata_init(&packet->md, HWV_VF_PORT);
    extract(packet, HWV_VF_PORT, &sample->flow);
    dp_packet_delete(packet);
    return true;
}

static bool
random_sample_rx(const struct hwv_flows *flows, struct hwv_sample *sample)
{
    uint8_t buf[HWV_ENCAP_MAX + HWV_RANDOM_FRAME_MAX];
    struct hwv_test_outer outer;
    struct dp_packet *packet;
    size_t outer_len, parsed_len, len;

    random_outer(flows, &outer);
    outer_len = hwv_test_outer_len(&outer);
    len = random_inner(&flows->match, buf + outer_len);
    hwv_test_write_outer(buf, &outer, len);
    if (hwv_outer_parse(buf, outer_len + len, &sample->source, &parsed_len)
        != HWV_OUTER_VXLAN
        || !hwv_outer_verify(buf, outer_len + len)
        || !hwv_frame_parse(buf + outer_len, len, &sample->frame)) {
        return false;
    }
    ck_assert_uint_eq(parsed_len, outer_len);

    packet = hwv_test_packet(buf, outer_len + len, 0);
    pkt_metadata_init(&packet->md, HWV_UPLINK_PORT);
    extract(packet, HWV_UPLINK_PORT, &sample->outer);
    packet = netdev_vxlan_pop_header(packet);
    ck_assert(packet != NULL);
    extract(packet, HWV_TUNNEL_PORT, &sample->flow);
    dp_packet_delete(packet);
    return true;
}

/* A tag that differs from that of 'match' in one bit, or not, and in DEI. */
static uint16_t
random_tci(const struct match *match)
{
    uint16_t tci = ntohs(match->flow.vlans[0].tci);

    if (hwv_one_in(2)) {
        tci ^= VLAN_CFI;
    }
    return differ() ? tci ^ 1 << random_range(16) : tci;
}

static bool
random_sample_vlan(const struct hwv_flows *flows, struct hwv_sample *sample)
{
    uint8_t buf[VLAN_HEADER_LEN + HWV_RANDOM_FRAME_MAX];
    size_t len = random_inner(&flows->match, buf + VLAN_HEADER_LEN);
    struct vlan_eth_header *veh = (void *) buf;
    struct dp_packet *packet;

    len += VLAN_HEADER_LEN;
    memmove(buf, buf + VLAN_HEADER_LEN, 2 * sizeof(struct eth_addr));
    veh->veth_type = htons(0x8100);
    veh->veth_tci = htons(random_tci(&flows->match));
    if (!hwv_frame_parse_tagged(buf, len, &sample->frame, &sample->tci)) {
        return false;
    }
    packet = hwv_test_packet(buf, len, 0);
    pkt_metadata_init(&packet->md, HWV_UPLINK_PORT);
    extract(packet, HWV_UPLINK_PORT, &sample->flow);
    dp_packet_delete(packet);
    return true;
}
