/* SPDX-License-Identifier: Apache-2.0
 *
 * Match compiler: flows as OVS installs them, and what becomes of them. */

#include <config.h>

#include <check.h>
#include <stdlib.h>

#include "hwv-key.h"
#include "hwv-match.h"
#include "hwv-odp-string.h"
#include "hwv-unit.h"
#include "packets.h"
#include "util.h"

#define MAC1 "50:54:00:00:00:01"
#define MAC2 "50:54:00:00:00:02"
#define ZERO "00:00:00:00:00:00"

/* What OVS matches in every flow. */
#define VF "recirc_id(0),in_port(4),packet_type(ns=0,id=0),"
#define RX "recirc_id(0),in_port(6),packet_type(ns=0,id=0),"
#define UP "recirc_id(0),in_port(1),packet_type(ns=0,id=0),"

#define IP(FIELDS) "eth_type(0x0800),ipv4(" FIELDS "frag=no)"
#define IP6(FIELDS) "eth_type(0x86dd),ipv6(" FIELDS "frag=no)"

/* A VLAN tag, and what is behind it. */
#define TAG(FIELDS, REST) "eth_type(0x8100),vlan(" FIELDS "),encap(" REST ")"

/* A tunnel key up to the flags, and all of it. */
#define TUN4 "tun_id=0x1389,src=10.0.0.2,dst=10.0.0.1,tos=0/0xff,ttl=0/0,"
#define TUN6 "tun_id=0x1389,ipv6_src=fd00::2,ipv6_dst=fd00::1,tos=0/0xff," \
    "ttl=0/0,"
#define TUNNEL "tunnel(" TUN4 "flags(-df-csum+key)),"

/* The outer headers of a tnl_pop flow, with more fields. */
#define OUTER(FIELDS) "eth_type(0x0800),ipv4(dst=10.0.0.1,proto=17," FIELDS \
    "frag=no),udp(dst=4789)"
#define OUTER6(FIELDS) "eth_type(0x86dd),ipv6(dst=fd00::1,proto=17," FIELDS \
    "frag=no),udp(dst=4789)"

#define D HWV_CLASS_DMAC
#define S HWV_CLASS_SMAC
#define V6 HWV_CLASS_IPV6
#define FIRST (1 << HWV_CLASS_FRAG_SHIFT)
#define LATER (3 << HWV_CLASS_FRAG_SHIFT)
#define ECN(N) ((N) << HWV_CLASS_ECN_SHIFT)

/* Inner frames that can be expressed.  With 'ecn_matched' from a VF only. */
static const struct inner_row {
    const char *flow;
    const char *dmac, *smac;
    uint8_t class;
    bool ecn_matched;
} inner_rows[] = {
    /* An OpenFlow rule on dl_dst, into a tunnel and to another VF. */
    { "eth(dst=" MAC2 ")," IP("tos=0/0x3,"), MAC2, ZERO, D, true },
    { "eth(dst=" MAC2 ")," IP(""), MAC2, ZERO, D, false },
    /* NORMAL. */
    { "eth(src=" MAC1 ",dst=" MAC2 ")," IP("tos=0/0x3,"),
      MAC2, MAC1, D | S, true },
    /* A rule on in_port only. */
    { IP("tos=0/0x3,"), ZERO, ZERO, 0, true },
    { "eth(src=" MAC1 ")," IP(""), ZERO, MAC1, S, false },
    /* A MAC of zeros that is matched is not one that is not. */
    { "eth(dst=" ZERO ")," IP(""), ZERO, ZERO, D, false },
    { "eth(src=" MAC1 "/" ZERO ")," IP(""), ZERO, ZERO, 0, false },

    { "eth(dst=" MAC2 ")," IP("tos=0x1/0x3,"), MAC2, ZERO, D | ECN(1), true },
    { "eth(dst=" MAC2 ")," IP("tos=0x2/0x3,"), MAC2, ZERO, D | ECN(2), true },
    { "eth(dst=" MAC2 ")," IP("tos=0x3/0x3,"), MAC2, ZERO, D | ECN(3), true },
    { IP6("tclass=0x3/0x3,"), ZERO, ZERO, V6 | ECN(3), true },
    { "eth(dst=" MAC2 ")," IP6(""), MAC2, ZERO, D | V6, false },
    { "eth_type(0x0800),ipv4(frag=first)", ZERO, ZERO, FIRST, false },
    { "eth_type(0x0800),ipv4(frag=later)", ZERO, ZERO, LATER, false },
    { "eth_type(0x86dd),ipv6(tclass=1/0x3,frag=later)",
      ZERO, ZERO, V6 | LATER | ECN(1), true },

    /* Metadata that every packet has. */
    { "skb_priority(0),skb_mark(0),dp_hash(0)," IP(""),
      ZERO, ZERO, 0, false },
    { "ct_state(0/0xff),ct_zone(0),ct_mark(0),ct_label(0)," IP(""),
      ZERO, ZERO, 0, false },
};

static void
check_inner(const struct hwv_inner_match *inner, const struct inner_row *row,
            uint8_t rx)
{
    struct eth_addr dmac, smac;

    ck_assert(eth_addr_from_string(row->dmac, &dmac));
    ck_assert(eth_addr_from_string(row->smac, &smac));
    ck_assert_msg(eth_addr_equals(inner->dmac, dmac), "%s", row->flow);
    ck_assert_msg(eth_addr_equals(inner->smac, smac), "%s", row->flow);
    ck_assert_msg(inner->class == (row->class | rx), "%s: class %#x",
                  row->flow, inner->class);
    ck_assert_msg(inner->ecn_matched == row->ecn_matched, "%s", row->flow);
}

START_TEST(test_from_vf)
{
    const struct inner_row *row = &inner_rows[_i];
    char *s = xasprintf(VF "%s", row->flow);
    struct hwv_inner_match inner;
    struct match match;

    hwv_match_from_string(s, &match);
    ck_assert_msg(!hwv_match_from_vf(&match, &inner), "%s", s);
    check_inner(&inner, row, 0);
    free(s);
}
END_TEST

START_TEST(test_from_tunnel)
{
    const struct inner_row *row = &inner_rows[_i];
    char *s = xasprintf(RX TUNNEL "%s", row->flow);
    struct hwv_tunnel_match tunnel;
    struct hwv_inner_match inner;
    enum hwv_reject reject;
    struct match match;

    hwv_match_from_string(s, &match);
    reject = hwv_match_from_tunnel(&match, &inner, &tunnel);
    if (row->ecn_matched) {
        ck_assert_msg(reject == HWV_REJECT_RX_ECN, "%s", s);
    } else {
        ck_assert_msg(!reject, "%s", s);
        check_inner(&inner, row, HWV_CLASS_RX);
    }
    free(s);
}
END_TEST

/* Tunnel headers that can be expressed. */
static const struct tunnel_row {
    const char *tunnel;
    const char *src, *dst;
    uint32_t vni;
    uint8_t tos, flags;
} tunnel_rows[] = {
    { TUN4 "flags(-df-csum+key)",
      "::ffff:10.0.0.2", "::ffff:10.0.0.1", 5001, 0, 0 },
    { TUN4 "flags(-df+csum+key)",
      "::ffff:10.0.0.2", "::ffff:10.0.0.1", 5001, 0, HWV_SOURCE_CSUM },
    { TUN4 "flags(-oam-df-csum+key)",
      "::ffff:10.0.0.2", "::ffff:10.0.0.1", 5001, 0, 0 },
    { TUN4 "flags(-csum+key)",
      "::ffff:10.0.0.2", "::ffff:10.0.0.1", 5001, 0, 0 },
    { TUN4 "vxlan(gbp(id=0,flags=0)),flags(-df-csum+key)",
      "::ffff:10.0.0.2", "::ffff:10.0.0.1", 5001, 0, 0 },
    { TUN6 "flags(-df+csum+key)",
      "fd00::2", "fd00::1", 5001, 0, HWV_SOURCE_CSUM },
    { "tun_id=0xffffff,src=0.0.0.0,dst=255.255.255.255,tos=0xfe/0xff,ttl=0/0,"
      "flags(-df-csum+key)",
      "::ffff:0.0.0.0", "::ffff:255.255.255.255", 0xffffff, 0xfe, 0 },
    { "tun_id=0x0,ipv6_src=::,ipv6_dst=ff02::1,tos=0x2/0xff,ttl=0/0,"
      "flags(-df+csum+key)",
      "::", "ff02::1", 0, 2, HWV_SOURCE_CSUM },
};

START_TEST(test_tunnel_header)
{
    const struct tunnel_row *row = &tunnel_rows[_i];
    char *s = xasprintf(RX "tunnel(%s)," IP(""), row->tunnel);
    struct hwv_tunnel_match tunnel, expected;
    struct hwv_inner_match inner;
    struct match match;

    memset(&tunnel, 0xa5, sizeof tunnel);
    memset(&expected, 0, sizeof expected);
    ck_assert(ipv6_parse(row->src, &expected.src));
    ck_assert(ipv6_parse(row->dst, &expected.dst));
    expected.vni = row->vni;
    expected.tos = row->tos;
    expected.flags = row->flags;

    hwv_match_from_string(s, &match);
    ck_assert_msg(!hwv_match_from_tunnel(&match, &inner, &tunnel), "%s", s);
    ck_assert_msg(!memcmp(&tunnel, &expected, sizeof tunnel), "%s", s);
    free(s);
}
END_TEST

/* tnl_pop flows, and the header of 'TUNNEL' or 'TUN6' behind them. */
static const struct outer_row {
    const char *flow;
    const char *smac;           /* NULL if not matched. */
    bool covers4, covers6;
} outer_rows[] = {
    { "eth(dst=" MAC1 ")," OUTER(""), NULL, true, false },
    { "eth(src=" MAC2 ",dst=" MAC1 ")," OUTER(""), MAC2, true, false },
    { "eth(src=" ZERO ",dst=" MAC1 ")," OUTER(""), ZERO, true, false },
    { "eth(dst=" MAC1 ")," OUTER("src=10.0.0.2,tos=0,"), NULL, true, false },
    { "eth(dst=" MAC1 ")," OUTER("src=10.0.0.3,"), NULL, false, false },
    { "eth(dst=" MAC1 ")," OUTER("src=8.0.0.0/9.0.0.0,"),
      NULL, true, false },
    { "eth(dst=" MAC1 ")," OUTER("src=9.0.0.0/9.0.0.0,"),
      NULL, false, false },
    { "eth(dst=" MAC1 ")," OUTER("tos=0/0x3,"), NULL, true, false },
    { "eth(dst=" MAC1 ")," OUTER("tos=0x20/0xe0,"), NULL, false, false },
    { "eth(dst=" MAC1 "),eth_type(0x0800),ipv4(proto=17,frag=no),"
      "udp(dst=4789)", NULL, true, false },
    { "eth(dst=" MAC1 "),eth_type(0x0800),ipv4(dst=10.0.0.9,proto=17,"
      "frag=no),udp(dst=4789)", NULL, false, false },
    { "eth(dst=" MAC1 ")," OUTER6(""), NULL, false, true },
    { "eth(dst=" MAC1 ")," OUTER6("src=fd00::/ffff::,tclass=0,"),
      NULL, false, true },
    { "eth(dst=" MAC1 ")," OUTER6("src=fd01::/ffff::,"),
      NULL, false, false },
    /* Covers mapped addresses too, but IPv4 headers are not IPv6 headers. */
    { "eth(dst=" MAC1 "),eth_type(0x86dd),ipv6(proto=17,frag=no),"
      "udp(dst=4789)", NULL, false, true },
    { "skb_priority(0),ct_state(0/0xff),eth(dst=" MAC1 ")," OUTER(""),
      NULL, true, false },
};

static void
check_covers(const struct outer_row *row, const struct hwv_outer_match *outer,
             const char *tunnel_string, bool covers)
{
    struct hwv_source_key key, expected;
    struct hwv_tunnel_match tunnel;
    struct hwv_inner_match inner;
    struct match match;

    hwv_match_from_string(tunnel_string, &match);
    ck_assert(!hwv_match_from_tunnel(&match, &inner, &tunnel));
    memset(&key, 0xa5, sizeof key);
    ck_assert_msg(hwv_outer_match_covers(outer, &tunnel, &key) == covers,
                  "%s: %s", row->flow, tunnel_string);
    if (!covers) {
        return;
    }

    memset(&expected, 0, sizeof expected);
    expected.src = tunnel.src;
    expected.dst = tunnel.dst;
    expected.vni = 5001;
    expected.udp_dst = htons(4789);
    expected.tos = tunnel.tos;
    expected.flags = tunnel.flags;
    ck_assert(eth_addr_from_string(MAC1, &expected.dmac));
    if (row->smac) {
        ck_assert(eth_addr_from_string(row->smac, &expected.smac));
        expected.smac_matched = 1;
    }
    ck_assert_msg(!memcmp(&key, &expected, sizeof key), "%s", row->flow);
}

START_TEST(test_from_uplink)
{
    const struct outer_row *row = &outer_rows[_i];
    char *s = xasprintf(UP "%s", row->flow);
    struct hwv_outer_match outer;
    struct match match;

    hwv_match_from_string(s, &match);
    ck_assert_msg(!hwv_match_from_uplink(&match, &outer), "%s", s);
    ck_assert(outer.ipv6 || is_all_ones(&outer.src_mask, 12));
    check_covers(row, &outer, RX TUNNEL IP(""), row->covers4);
    check_covers(row, &outer, RX "tunnel(" TUN6 "flags(-df+csum+key)),"
                 IP(""), row->covers6);
    free(s);
}
END_TEST

/* Flows that cannot be expressed, and why. */
#define V(REJECT, FLOW) { 'v', HWV_REJECT_##REJECT, FLOW }
#define T(REJECT, FLOW) { 't', HWV_REJECT_##REJECT, FLOW }
#define U(REJECT, FLOW) { 'u', HWV_REJECT_##REJECT, FLOW }
#define L(REJECT, FLOW) { 'l', HWV_REJECT_##REJECT, FLOW }
static const struct reject_row {
    char from;                  /* 'v'f, 't'unnel, 'u'plink or v'l'an. */
    enum hwv_reject reject;
    const char *flow;
} reject_rows[] = {
    V(CONNTRACK, VF "ct_state(+trk+est)," IP("")),
    V(CONNTRACK, "recirc_id(0x1),in_port(4),ct_state(+trk)," IP("")),
    V(CONNTRACK, VF "ct_zone(5)," IP("")),
    V(CONNTRACK, VF "ct_mark(0x1/0x1)," IP("")),
    V(CONNTRACK, VF "ct_label(0x1)," IP("")),
    V(CONNTRACK, VF "ct_tuple4(src=10.0.0.1,dst=10.0.0.2,proto=6,tp_src=1,"
      "tp_dst=2)," IP("")),
    V(RECIRC, "recirc_id(0x1),in_port(4)," IP("")),
    V(METADATA, VF "skb_priority(0x1)," IP("")),
    V(METADATA, VF "skb_mark(0x1/0xff)," IP("")),
    V(METADATA, VF "dp_hash(0x3/0xf)," IP("")),
    V(PACKET_TYPE, "recirc_id(0),in_port(4),packet_type(ns=1,id=0x800),"
      "ipv4(frag=no)"),
    V(TUNNEL_MATCH, VF TUNNEL IP("")),
    V(MATCH_OTHER, "recirc_id(0),packet_type(ns=0,id=0)," IP("")),
    V(VLAN, VF "eth_type(0x8100),vlan(vid=5,pcp=0),encap(" IP("") ")"),
    V(VLAN, VF "eth_type(0x8100),vlan(vid=0,pcp=0),encap(" IP("") ")"),
    V(ETH_TYPE, VF "eth_type(0x0806),arp(op=1/0xff)"),
    V(ETH_TYPE, VF "eth_type(0x88cc)"),
    V(ETH_TYPE, VF "eth_type(0x8847),mpls(label=0/0,tc=0/0,ttl=0/0,bos=1)"),
    V(MAC_MASK, VF "eth(dst=01:00:00:00:00:00/01:00:00:00:00:00)," IP("")),
    V(MAC_MASK, VF "eth(dst=" MAC2 ",src=" MAC1 "/ff:ff:ff:ff:ff:fe),"
      IP("")),
    V(NW_FRAG, VF "eth_type(0x0800),ipv4(tos=0/0x3)"),
    V(NW_FRAG, VF "eth_type(0x86dd),ipv6(tclass=0/0x3)"),
    V(DSCP, VF IP("tos=0/0xfc,")),
    V(DSCP, VF IP("tos=0/0x1,")),
    V(DSCP, VF IP("tos=0x10,")),
    V(DSCP, VF IP6("tclass=0x8/0x8,")),
    V(NW_TTL, VF IP("ttl=64,")),
    V(NW_TTL, VF IP6("hlimit=255,")),
    V(L3, VF IP("src=10.0.0.1,")),
    V(L3, VF IP("dst=10.0.0.0/255.0.0.0,")),
    V(L3, VF IP6("src=fd00::1,")),
    V(L3, VF IP6("dst=fd00::/ffff::,")),
    V(L3, VF IP6("label=0x5,")),
    V(L4, VF IP("proto=6,") ",tcp(src=0/0,dst=0/0)"),
    V(L4, VF IP6("proto=58,") ",icmpv6(type=0/0,code=0/0)"),
    V(L4, VF IP("src=10.0.0.1,proto=6,") ",tcp(dst=22)"),
    V(L4, VF IP("proto=6,") ",tcp(src=0/0x8000)"),
    V(L4, VF IP("proto=6,") ",tcp(src=0/0,dst=0/0),tcp_flags(+syn)"),
    V(L4, VF IP("proto=17,") ",udp(dst=53)"),
    V(L4, VF IP("proto=1,") ",icmp(type=8)"),
    V(L4, VF IP6("proto=58,") ",icmpv6(type=135,code=0),nd(target=fd00::1)"),

    T(RX_ECN, RX TUNNEL IP("tos=0/0x3,")),
    T(OUTER_CE, RX "tunnel(tun_id=0x1,src=10.0.0.2,dst=10.0.0.1,tos=0x3/0xff,"
      "ttl=0/0,flags(-df-csum+key))," IP("tos=0x2/0x3,")),
    T(TUNNEL_MATCH, RX IP("")),
    T(TUNNEL_MATCH, RX "tunnel(src=10.0.0.2,dst=10.0.0.1,tos=0/0xff,"
      "ttl=0/0,flags(-df-csum))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1/0xff,src=10.0.0.2,dst=10.0.0.1,"
      "tos=0/0xff,ttl=0/0,flags(-df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1000000,src=10.0.0.2,dst=10.0.0.1,"
      "tos=0/0xff,ttl=0/0,flags(-df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1,src=10.0.0.2,tos=0/0xff,"
      "ttl=0/0,flags(-df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1,dst=10.0.0.1,tos=0/0xff,"
      "ttl=0/0,flags(-df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1,src=10.0.0.2/255.0.0.0,"
      "dst=10.0.0.1,tos=0/0xff,ttl=0/0,flags(-df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1,src=10.0.0.2,dst=10.0.0.1/"
      "255.0.0.0,tos=0/0xff,ttl=0/0,flags(-df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1,src=10.0.0.2,dst=10.0.0.1,"
      "ttl=0/0,flags(-df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1,src=10.0.0.2,dst=10.0.0.1,"
      "tos=0/0xfc,ttl=0/0,flags(-df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1,src=10.0.0.2,dst=10.0.0.1,"
      "tos=0/0xff,ttl=64,flags(-df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(" TUN4 "tp_src=1,flags(-df-csum+key)),"
      IP("")),
    T(TUNNEL_MATCH, RX "tunnel(" TUN4 "tp_dst=4789,flags(-df-csum+key)),"
      IP("")),
    T(TUNNEL_MATCH, RX "tunnel(" TUN4 "flags(-df+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(" TUN4 "flags(+df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(" TUN4 "flags(+oam-df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(" TUN4 "vxlan(gbp(id=5,flags=0)),"
      "flags(-df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(" TUN4 "geneve({class=0xffff,type=0,len=4,"
      "0xa}),flags(-df-csum+key))," IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1,ipv6_src=fd00::2,"
      "ipv6_dst=::ffff:10.0.0.1,tos=0/0xff,ttl=0/0,flags(-df+csum+key)),"
      IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1,ipv6_src=::ffff:10.0.0.2,"
      "ipv6_dst=fd00::1,tos=0/0xff,ttl=0/0,flags(-df+csum+key)),"
      IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1,ipv6_src=fd00::2,"
      "ipv6_dst=fd00::1/ffff::,tos=0/0xff,ttl=0/0,flags(-df+csum+key)),"
      IP("")),
    T(TUNNEL_MATCH, RX "tunnel(tun_id=0x1,ipv6_src=fd00::2/ffff::,"
      "ipv6_dst=fd00::1,tos=0/0xff,ttl=0/0,flags(-df+csum+key)),"
      IP("")),
    T(RECIRC, "recirc_id(0x1),in_port(6)," TUNNEL IP("")),
    T(VLAN, RX TUNNEL "eth_type(0x8100),vlan(vid=5,pcp=0),encap(" IP("") ")"),
    T(MAC_MASK, RX TUNNEL "eth(dst=01:00:00:00:00:00/01:00:00:00:00:00),"
      IP("")),
    T(L4, RX TUNNEL IP("proto=6,") ",tcp(dst=22)"),
    T(ETH_TYPE, RX TUNNEL "eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,"
      "op=1)"),

    U(OUTER_MATCH, UP OUTER("")),
    U(OUTER_MATCH, UP "eth(dst=" MAC1 "),eth_type(0x0800),ipv4(proto=17,"
      "frag=no),udp(src=0/0)"),
    U(OUTER_MATCH, UP "eth(dst=" MAC1 "),eth_type(0x0800),ipv4(proto=17,"
      "frag=no),udp(dst=4789/0xff00)"),
    U(OUTER_MATCH, UP "eth(dst=" MAC1 "),eth_type(0x0800),ipv4(proto=6,"
      "frag=no),tcp(dst=4789)"),
    U(OUTER_MATCH, UP "eth(dst=" MAC1 "),eth_type(0x0800),ipv4(frag=no)"),
    U(OUTER_MATCH, UP "eth(dst=" MAC1 "),eth_type(0x0800),ipv4(proto=17,"
      "frag=first),udp(dst=4789)"),
    U(OUTER_MATCH, UP "eth(dst=" MAC1 ")," OUTER6("label=0x1,")),
    U(NW_FRAG, UP "eth(dst=" MAC1 "),eth_type(0x0800),ipv4(proto=17),"
      "udp(dst=4789)"),
    U(NW_TTL, UP "eth(dst=" MAC1 ")," OUTER("ttl=64,")),
    U(MAC_MASK, UP "eth(dst=" MAC1 "/ff:ff:ff:00:00:00)," OUTER("")),
    U(MAC_MASK, UP "eth(src=" MAC1 "/ff:ff:ff:00:00:00,dst=" MAC1 "),"
      OUTER("")),
    U(L4, UP "eth(dst=" MAC1 "),eth_type(0x0800),ipv4(proto=17,frag=no),"
      "udp(src=5000,dst=4789)"),
    U(CONNTRACK, UP "ct_state(+trk),eth(dst=" MAC1 ")," OUTER("")),
    U(METADATA, UP "skb_mark(0x1),eth(dst=" MAC1 ")," OUTER("")),
    U(TUNNEL_MATCH, UP TUNNEL "eth(dst=" MAC1 ")," OUTER("")),
    U(VLAN, UP "eth(dst=" MAC1 "),eth_type(0x8100),vlan(vid=5,pcp=0),encap("
      OUTER("") ")"),
    U(ETH_TYPE, UP "eth(dst=" MAC1 "),eth_type(0x0806),arp(op=2)"),

    L(VLAN_MASK, UP TAG("vid=5/0xfff,pcp=0/0x0", IP(""))),
    L(VLAN_MASK, UP TAG("vid=5/0xff,pcp=0", IP(""))),
    L(VLAN_MASK, UP TAG("vid=0/0,pcp=3", IP(""))),
    L(VLAN_MASK, UP IP("")),
    L(VLAN_MASK, UP "eth_type(0x88a8),vlan(vid=5,pcp=0),encap(" IP("") ")"),
    L(VLAN_MASK, UP TAG("vid=5,pcp=0", TAG("vid=6,pcp=0", IP("")))),
    L(RX_ECN, UP TAG("vid=5,pcp=0", IP("tos=0/0x3,"))),
    L(DSCP, UP TAG("vid=5,pcp=0", IP("tos=0x10,"))),
    L(L3, UP TAG("vid=5,pcp=0", IP("dst=10.0.0.1,"))),
    L(L4, UP TAG("vid=5,pcp=0", IP("proto=17,") ",udp(dst=4789)")),
    L(NW_TTL, UP TAG("vid=5,pcp=0", IP("ttl=64,"))),
    L(NW_FRAG, UP TAG("vid=5,pcp=0", "eth_type(0x0800),ipv4(tos=0/0)")),
    L(MAC_MASK, UP "eth(dst=01:00:00:00:00:00/01:00:00:00:00:00),"
      TAG("vid=5,pcp=0", IP(""))),
    L(ETH_TYPE, UP TAG("vid=5,pcp=0", "eth_type(0x0806),arp(op=2)")),
    L(CONNTRACK, UP "ct_state(+trk)," TAG("vid=5,pcp=0", IP(""))),
    L(TUNNEL_MATCH, UP TUNNEL TAG("vid=5,pcp=0", IP(""))),
    L(RECIRC, "recirc_id(0x1),in_port(1)," TAG("vid=5,pcp=0", IP(""))),
};

/* Tags that the NIC can match, and the rest as from a VF. */
static const struct tag_row {
    const char *flow;
    uint16_t tci;
    uint8_t class;
    bool dmac;
} tag_rows[] = {
    { UP TAG("vid=5,pcp=0", IP("")), 5, HWV_CLASS_RX, false },
    { UP TAG("vid=4095,pcp=7", IP6("")), 0xefff,
      HWV_CLASS_RX | HWV_CLASS_IPV6, false },
    { UP TAG("vid=0,pcp=0", IP("")), 0, HWV_CLASS_RX, false },
    { UP "eth(dst=" MAC1 ")," TAG("vid=1,pcp=1", IP("")), 0x2001,
      HWV_CLASS_RX | HWV_CLASS_DMAC, true },
    { UP "skb_priority(0),eth(dst=" MAC1 ")," TAG("vid=1,pcp=4",
      "eth_type(0x0800),ipv4(frag=later)"), 0x8001,
      HWV_CLASS_RX | HWV_CLASS_DMAC | 3 << HWV_CLASS_FRAG_SHIFT, true },
};

START_TEST(test_from_vlan)
{
    const struct tag_row *row = &tag_rows[_i];
    struct eth_addr mac = eth_addr_zero;
    struct hwv_inner_match inner;
    struct match match;
    uint16_t tci;

    hwv_match_from_string(row->flow, &match);
    ck_assert(hwv_match_has_tag(&match));
    ck_assert_msg(!hwv_match_from_vlan(&match, &inner, &tci), "%s", row->flow);
    ck_assert_uint_eq(tci, row->tci);
    ck_assert_uint_eq(inner.class, row->class);
    ck_assert(!inner.ecn_matched);
    if (row->dmac) {
        ck_assert(eth_addr_from_string(MAC1, &mac));
    }
    ck_assert(eth_addr_equals(inner.dmac, mac));
    ck_assert(eth_addr_is_zero(inner.smac));

    /* The type of the tag may be left open. */
    match.wc.masks.vlans[0].tpid = 0;
    match.flow.vlans[0].tpid = htons(0x1234);
    ck_assert(!hwv_match_from_vlan(&match, &inner, &tci));

    /* That there is a tag may not. */
    match.wc.masks.vlans[0].tci &= htons(~VLAN_CFI);
    ck_assert(!hwv_match_has_tag(&match));
    ck_assert_int_eq(hwv_match_from_vlan(&match, &inner, &tci),
                     HWV_REJECT_VLAN_MASK);
}
END_TEST

static enum hwv_reject
compile(char from, const struct match *match)
{
    struct hwv_tunnel_match tunnel;
    struct hwv_inner_match inner;
    struct hwv_outer_match outer;
    uint16_t tci;

    switch (from) {
    case 'v': return hwv_match_from_vf(match, &inner);
    case 'l': return hwv_match_from_vlan(match, &inner, &tci);
    case 't': return hwv_match_from_tunnel(match, &inner, &tunnel);
    default: return hwv_match_from_uplink(match, &outer);
    }
}

START_TEST(test_rejects)
{
    const struct reject_row *row = &reject_rows[_i];
    enum hwv_reject reject;
    struct match match;

    hwv_match_from_string(row->flow, &match);
    reject = compile(row->from, &match);
    ck_assert_msg(reject == row->reject, "%s: \"%s\" but expected \"%s\"",
                  row->flow, hwv_reject_name(reject),
                  hwv_reject_name(row->reject));
}
END_TEST

/* Every reason that a match can have is in the table above. */
START_TEST(test_rejects_complete)
{
    for (enum hwv_reject r = HWV_ACCEPT + 1; r <= HWV_REJECT_MATCH_OTHER;
         r++) {
        bool found = false;

        for (size_t i = 0; i < ARRAY_SIZE(reject_rows); i++) {
            found |= reject_rows[i].reject == r;
        }
        ck_assert_msg(found, "no flow for \"%s\"", hwv_reject_name(r));
    }
}
END_TEST

/* Two bits make three kinds. */
START_TEST(test_frag_kinds)
{
    struct match match;

    hwv_match_from_string(VF IP(""), &match);
    for (int frag = 0; frag < 256; frag++) {
        match.flow.nw_frag = frag;
        match.wc.masks.nw_frag = 0xff;
        ck_assert_int_eq(compile('v', &match),
                         (frag == 0 || frag == 1 || frag == 3
                          ? HWV_ACCEPT : HWV_REJECT_NW_FRAG));
    }
}
END_TEST

START_TEST(test_reject_names)
{
    ck_assert_str_eq(hwv_reject_name(HWV_ACCEPT), "");
    ck_assert_str_eq(hwv_reject_text(HWV_ACCEPT), "");
    ck_assert_str_eq(hwv_reject_name(HWV_REJECT_NW_FRAG), "nw-frag");
    ck_assert_str_eq(hwv_reject_text(HWV_REJECT_VLAN), "matches a VLAN tag");

    for (enum hwv_reject a = HWV_ACCEPT + 1; a < HWV_N_REJECTS; a++) {
        ck_assert(hwv_reject_name(a)[0] && hwv_reject_text(a)[0]);
        for (enum hwv_reject b = HWV_ACCEPT + 1; b < a; b++) {
            ck_assert_str_ne(hwv_reject_name(a), hwv_reject_name(b));
            ck_assert_str_ne(hwv_reject_text(a), hwv_reject_text(b));
        }
    }
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("match");
    TCase *tcase = hwv_unit_tcase(suite, "accept");

    tcase_add_loop_test(tcase, test_from_vf, 0, ARRAY_SIZE(inner_rows));
    tcase_add_loop_test(tcase, test_from_tunnel, 0, ARRAY_SIZE(inner_rows));
    tcase_add_loop_test(tcase, test_tunnel_header, 0,
                        ARRAY_SIZE(tunnel_rows));
    tcase_add_loop_test(tcase, test_from_uplink, 0, ARRAY_SIZE(outer_rows));
    tcase_add_loop_test(tcase, test_from_vlan, 0, ARRAY_SIZE(tag_rows));

    tcase = hwv_unit_tcase(suite, "reject");
    tcase_add_loop_test(tcase, test_rejects, 0, ARRAY_SIZE(reject_rows));
    tcase_add_test(tcase, test_rejects_complete);
    tcase_add_test(tcase, test_frag_kinds);
    tcase_add_test(tcase, test_reject_names);
    return hwv_unit_run(argv[0], suite);
}
