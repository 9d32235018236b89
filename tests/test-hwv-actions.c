/* SPDX-License-Identifier: Apache-2.0
 *
 * Action compiler: actions as OVS installs them. */

#include <config.h>

#include <check.h>
#include <string.h>

#include "hwv-actions.h"
#include "hwv-odp-string.h"
#include "hwv-unit.h"
#include "odp-util.h"
#include "openvswitch/ofpbuf.h"
#include "packets.h"
#include "util.h"

#define PUSH4 HWV_PUSH4
#define PUSH6 HWV_PUSH6
#define IP4 HWV_IP4
#define IP6 HWV_IP6
#define UDP HWV_UDP
#define UDP_CSUM HWV_UDP_CSUM
#define VXLAN HWV_VXLAN
#define PUSH PUSH4(IP4, UDP, VXLAN)

static enum hwv_reject
compile_string(const char *s, struct hwv_action *action)
{
    enum hwv_reject reject;
    struct ofpbuf actions;

    hwv_actions_from_string(s, &actions);
    memset(action, 0xa5, sizeof *action);
    reject = hwv_action_compile(actions.data, actions.size, action);
    ofpbuf_uninit(&actions);
    return reject;
}

static bool
encap_is_zero(const struct hwv_action *action)
{
    return (!action->tnl_port && !action->underlay_port
            && is_all_zeros(&action->encap, sizeof action->encap)
            && eth_addr_is_zero(action->next_hop)
            && !ipv6_addr_is_set(&action->remote)
            && !action->vni && !action->outer_ecn);
}

/* Actions without a tunnel header. */
static const struct plain_row {
    const char *actions;
    enum hwv_action_type type;
    odp_port_t port;
} plain_rows[] = {
    { "", HWV_ACTION_DROP, ODPP_NONE },
    { "drop", HWV_ACTION_DROP, ODPP_NONE },
    { "3", HWV_ACTION_OUTPUT, ODP_PORT_C(3) },
    { "4294967294", HWV_ACTION_OUTPUT, ODP_PORT_C(4294967294) },
    { "clone(clone(3))", HWV_ACTION_OUTPUT, ODP_PORT_C(3) },
    { "tnl_pop(5)", HWV_ACTION_POP, ODP_PORT_C(5) },
};

START_TEST(test_plain)
{
    const struct plain_row *row = &plain_rows[_i];
    struct hwv_action action;

    ck_assert_msg(!compile_string(row->actions, &action), "%s", row->actions);
    ck_assert_msg(action.type == row->type, "%s", row->actions);
    ck_assert_msg(action.port == row->port, "%s", row->actions);
    ck_assert_msg(encap_is_zero(&action), "%s", row->actions);
}
END_TEST

/* VLAN tags. */
static const struct vlan_row {
    const char *actions;
    enum hwv_action_type type;
    bool pop, push;
    uint16_t tci;
} vlan_rows[] = {
    { "3", HWV_ACTION_OUTPUT, false, false, 0 },
    { "push_vlan(vid=5,pcp=0),3", HWV_ACTION_OUTPUT, false, true, 5 },
    { "push_vlan(vid=4095,pcp=7),3", HWV_ACTION_OUTPUT, false, true, 0xefff },
    { "push_vlan(vid=0,pcp=1),3", HWV_ACTION_OUTPUT, false, true, 0x2000 },
    { "pop_vlan,3", HWV_ACTION_OUTPUT, true, false, 0 },
    { "pop_vlan,push_vlan(vid=5,pcp=3),3", HWV_ACTION_OUTPUT, true, true,
      0x6005 },
    { "pop_vlan,tnl_pop(3)", HWV_ACTION_POP, true, false, 0 },
    { "clone(pop_vlan,3)", HWV_ACTION_OUTPUT, true, false, 0 },
    { "pop_vlan," PUSH ",3", HWV_ACTION_ENCAP, true, false, 0 },
};

START_TEST(test_vlan)
{
    const struct vlan_row *row = &vlan_rows[_i];
    struct hwv_action action;

    ck_assert_msg(!compile_string(row->actions, &action), "%s", row->actions);
    ck_assert_msg(action.type == row->type, "%s", row->actions);
    ck_assert_uint_eq(odp_to_u32(action.port), 3);
    ck_assert_msg(action.pop_vlan == row->pop, "%s", row->actions);
    ck_assert_msg(action.push_vlan == row->push, "%s", row->actions);
    ck_assert_uint_eq(action.tci, row->tci);
}
END_TEST

/* Tunnel headers. */
static const struct encap_row {
    const char *actions;
    const char *remote;
    uint32_t vni;
    uint8_t ecn;
    bool udp_csum;
    const char *header;         /* Hex, what is left of it. */
} encap_rows[] = {
    { PUSH ",1", "::ffff:10.0.0.2", 5001, 0, false,
      "000000000000bbbbbbbbbb020800"
      "450000000000 40004011 26eb 0a0000010a000002"
      "000012b500000000" "0800000000000000" },
    { "clone(" PUSH ",1)", "::ffff:10.0.0.2", 5001, 0, false,
      "000000000000bbbbbbbbbb020800"
      "450000000000 40004011 26eb 0a0000010a000002"
      "000012b500000000" "0800000000000000" },
    { PUSH4("proto=17,tos=3,ttl=1,frag=0x0", UDP_CSUM,
            "flags=0x8000000,vni=0xffffff") ",1",
      "::ffff:10.0.0.2", 0xffffff, 3, true,
      "000000000000bbbbbbbbbb020800"
      "450000000000 00000111 a5eb 0a0000010a000002"
      "000012b500000000" "0800000000000000" },
    { PUSH4("proto=17,tos=0xb9,ttl=255,frag=0x4000", UDP,
            "flags=0x8000000,vni=0x0") ",1",
      "::ffff:10.0.0.2", 0, 1, false,
      "000000000000bbbbbbbbbb020800"
      "45b800000000 4000ff11 6732 0a0000010a000002"
      "000012b500000000" "0800000000000000" },
    { PUSH6(IP6, UDP_CSUM, VXLAN) ",1", "fd00::2", 5001, 0, true,
      "000000000000bbbbbbbbbb0286dd"
      "6000000000001140fd000000000000000000000000000001"
      "fd000000000000000000000000000002"
      "000012b500000000" "0800000000000000" },
    { PUSH6("label=0,proto=17,tclass=0xba,hlimit=255", UDP_CSUM, VXLAN) ",1",
      "fd00::2", 5001, 2, true,
      "000000000000bbbbbbbbbb0286dd"
      "6b800000000011fffd000000000000000000000000000001"
      "fd000000000000000000000000000002"
      "000012b500000000" "0800000000000000" },
};

START_TEST(test_encap)
{
    const struct encap_row *row = &encap_rows[_i];
    const struct eth_addr mac = ETH_ADDR_C(aa,aa,aa,aa,aa,01);
    struct hwv_action action;
    struct in6_addr remote;
    struct ofpbuf header;
    char *rest;

    ofpbuf_init(&header, 0);
    rest = ofpbuf_put_hex(&header, row->header, NULL);
    ck_assert_str_eq(rest, "");
    ck_assert(ipv6_parse(row->remote, &remote));

    ck_assert_msg(!compile_string(row->actions, &action), "%s", row->actions);
    ck_assert_int_eq(action.type, HWV_ACTION_ENCAP);
    ck_assert_uint_eq(odp_to_u32(action.port), 1);
    ck_assert_uint_eq(odp_to_u32(action.tnl_port), 5);
    ck_assert_uint_eq(odp_to_u32(action.underlay_port), 7);
    ck_assert(eth_addr_equals(action.next_hop, mac));
    ck_assert(ipv6_addr_equals(&action.remote, &remote));
    ck_assert_uint_eq(action.vni, row->vni);
    ck_assert_uint_eq(action.outer_ecn, row->ecn);
    ck_assert_uint_eq(action.encap.udp_csum, row->udp_csum);
    ck_assert_uint_eq(action.encap.len, header.size);
    ck_assert_mem_eq(action.encap.header, header.data, header.size);
    ck_assert(is_all_zeros(action.encap.header + header.size,
                           HWV_ENCAP_MAX - header.size));
    ofpbuf_uninit(&header);
}
END_TEST

/* Actions that the NIC does not have. */
static const struct reject_row {
    enum hwv_reject reject;
    const char *actions;
} reject_rows[] = {
#define REJECT(REJECT, ACTIONS) { HWV_REJECT_##REJECT, ACTIONS }
    REJECT(MULTI_OUTPUT, "2,3"),
    REJECT(MULTI_OUTPUT, "2,3,4"),
    REJECT(MULTI_OUTPUT, "clone(2),3"),
    REJECT(MULTI_OUTPUT, "clone(2,3)"),
    REJECT(MULTI_OUTPUT, "2,tnl_pop(5)"),
    REJECT(MULTI_OUTPUT, "tnl_pop(5),2"),
    REJECT(MULTI_OUTPUT, "clone(" PUSH ",1),3"),
    REJECT(MULTI_OUTPUT, "3," PUSH ",1"),
    REJECT(MULTI_OUTPUT, "clone(" PUSH ",1)," PUSH ",1"),

    REJECT(ACTION, "set(eth(dst=" "00:00:00:00:00:01" ")),2"),
    REJECT(ACTION, "set(ipv4(ttl=63)),2"),
    REJECT(ACTION, "set(skb_priority(1)),2"),
    REJECT(ACTION, "set(tunnel(tun_id=0x1,dst=10.0.0.1,ttl=64,flags(key))),2"),
    REJECT(ACTION, "push_vlan(vid=5,pcp=0)"),
    REJECT(ACTION, "push_vlan(vid=5,pcp=0),set(ipv4(ttl=63)),2"),
    REJECT(ACTION, "pop_vlan"),
    REJECT(ACTION, "pop_vlan,clone(" PUSH ",1)"),
    REJECT(ACTION, "pop_vlan,recirc(1)"),
    REJECT(ACTION, "recirc(1)"),
    REJECT(ACTION, "ct(commit),2"),
    REJECT(ACTION, "ct(commit)"),
    REJECT(ACTION, "ct_clear,2"),
    REJECT(ACTION, "meter(1),2"),
    REJECT(ACTION, "userspace(pid=0,slow_path(bfd))"),
    REJECT(ACTION, "userspace(pid=0,sFlow(vid=0,pcp=0,output=1)),2"),
    REJECT(ACTION, "sample(sample=50.0%,actions(2))"),
    REJECT(ACTION, "check_pkt_len(size=200,gt(2),le(3))"),
    REJECT(ACTION, "lb_output(1)"),
    REJECT(ACTION, "2,set(eth(dst=" "00:00:00:00:00:01" ")),3"),
    REJECT(ACTION, "meter(1)," PUSH ",1"),
    REJECT(ACTION, "clone(meter(1),2)"),

    REJECT(MULTI_OUTPUT, "2,3,pop_vlan,4"),
    REJECT(MULTI_OUTPUT, "push_vlan(vid=5,pcp=0),2,pop_vlan,3"),
    REJECT(MULTI_OUTPUT, "pop_vlan,2,3"),
    REJECT(MULTI_OUTPUT, "3,push_vlan(vid=5,pcp=0),2"),

    REJECT(VLAN_ACTION, "push_vlan(tpid=0x88a8,vid=5,pcp=0),2"),
    REJECT(VLAN_ACTION, "push_vlan(vid=5,pcp=0,cfi=0),2"),
    REJECT(VLAN_ACTION, "push_vlan(vid=5,pcp=0),push_vlan(vid=6,pcp=0),2"),
    REJECT(VLAN_ACTION, "push_vlan(vid=5,pcp=0),pop_vlan,2"),
    REJECT(VLAN_ACTION, "pop_vlan,pop_vlan,2"),

    REJECT(TRUNC, "trunc(100),2"),
    REJECT(TRUNC, "pop_vlan,trunc(100),2"),
    REJECT(TRUNC, "2,trunc(100),3"),
    REJECT(TRUNC, "meter(1),trunc(100),clone(" PUSH ",1)"),

    REJECT(UNDERLAY_ACTION, PUSH),
    REJECT(UNDERLAY_ACTION, PUSH ",1,2"),
    REJECT(UNDERLAY_ACTION, PUSH ",push_vlan(vid=5,pcp=0),1"),
    REJECT(UNDERLAY_ACTION, PUSH ",lb_output(1)"),
    REJECT(UNDERLAY_ACTION, PUSH ",recirc(1)"),
    REJECT(UNDERLAY_ACTION, PUSH "," PUSH ",1"),
    REJECT(UNDERLAY_ACTION, PUSH ",tnl_pop(5)"),
    REJECT(UNDERLAY_ACTION, PUSH ",clone(1)"),
    REJECT(UNDERLAY_ACTION, "clone(" PUSH ",1,2)"),
    REJECT(UNDERLAY_ACTION, "clone(" PUSH ")"),

    REJECT(TUNNEL_TYPE, PUSH4("proto=6,tos=0,ttl=64,frag=0x4000", UDP, VXLAN)
           ",1"),
    REJECT(TUNNEL_TYPE, PUSH4("proto=17,tos=0,ttl=64,frag=0x2000", UDP, VXLAN)
           ",1"),
    REJECT(TUNNEL_TYPE, PUSH4("proto=17,tos=0,ttl=64,frag=0x1", UDP, VXLAN)
           ",1"),
    REJECT(TUNNEL_TYPE, PUSH4(IP4, "dst=4789,csum=0x1234", VXLAN) ",1"),
    REJECT(TUNNEL_TYPE, PUSH4(IP4, UDP, "flags=0xc000000,vni=0x1389") ",1"),
    REJECT(TUNNEL_TYPE, PUSH4(IP4, UDP, "flags=0x0,vni=0x1389") ",1"),
    REJECT(TUNNEL_TYPE, PUSH4(IP4, UDP, "flags=0x88000000,vni=0x1389") ",1"),
    REJECT(TUNNEL_TYPE, PUSH6(IP6, UDP, VXLAN) ",1"),
    REJECT(TUNNEL_TYPE, PUSH6("label=5,proto=17,tclass=0x0,hlimit=64",
                              UDP_CSUM, VXLAN) ",1"),
    REJECT(TUNNEL_TYPE, PUSH6("label=0,proto=43,tclass=0x0,hlimit=64",
                              UDP_CSUM, VXLAN) ",1"),
    REJECT(TUNNEL_TYPE,
           "tnl_push(tnl_port(5),header(size=50,type=5,"
           "eth(dst=aa:aa:aa:aa:aa:01,src=bb:bb:bb:bb:bb:02,dl_type=0x0800),"
           "ipv4(src=10.0.0.1,dst=10.0.0.2," IP4 "),"
           "udp(src=0,dst=6081,csum=0x0),geneve(vni=0x7b)),out_port(7)),1"),
    REJECT(TUNNEL_TYPE,
           "tnl_push(tnl_port(5),header(size=38,type=3,"
           "eth(dst=aa:aa:aa:aa:aa:01,src=bb:bb:bb:bb:bb:02,dl_type=0x0800),"
           "ipv4(src=10.0.0.1,dst=10.0.0.2,proto=47,tos=0,ttl=64,"
           "frag=0x4000),gre((flags=0x0,proto=0x6558))),out_port(7)),1"),
};

START_TEST(test_rejects)
{
    const struct reject_row *row = &reject_rows[_i];
    struct hwv_action action;
    enum hwv_reject reject = compile_string(row->actions, &action);

    ck_assert_msg(reject == row->reject, "%s: \"%s\" but expected \"%s\"",
                  row->actions, hwv_reject_name(reject),
                  hwv_reject_name(row->reject));
}
END_TEST

/* Every reason that actions can have is in the table above. */
START_TEST(test_rejects_complete)
{
    for (enum hwv_reject r = HWV_REJECT_MULTI_OUTPUT;
         r <= HWV_REJECT_VLAN_ACTION; r++) {
        /* Left to those who know the match, too. */
        bool found = r == HWV_REJECT_TUNNEL_ECN;

        for (size_t i = 0; i < ARRAY_SIZE(reject_rows); i++) {
            found |= reject_rows[i].reject == r;
        }
        ck_assert_msg(found, "no actions for \"%s\"", hwv_reject_name(r));
    }
}
END_TEST

/* Only a next hop's MAC of its own leaves the path the same. */
START_TEST(test_same_path)
{
    static const struct {
        const char *actions;
        bool same;
    } others[] = {
        { PUSH ",1", true },
        { "clone(" PUSH ",1)", true },
        { PUSH ",2", false },
        { "pop_vlan," PUSH ",1", false },
        { "push_vlan(vid=5,pcp=0)," PUSH ",1", false },
        { "1", false },
        { "", false },
        { PUSH4(IP4, UDP_CSUM, VXLAN) ",1", false },
        { PUSH4("proto=17,tos=1,ttl=64,frag=0x4000", UDP, VXLAN) ",1", false },
        { PUSH4("proto=17,tos=0,ttl=65,frag=0x4000", UDP, VXLAN) ",1", false },
        { PUSH4(IP4, "dst=4790,csum=0x0", VXLAN) ",1", false },
        { PUSH4(IP4, UDP, "flags=0x8000000,vni=0x1388") ",1", false },
        { PUSH6(IP6, UDP_CSUM, VXLAN) ",1", false },
    };
    struct hwv_action a, b;

    ck_assert(!compile_string(PUSH ",1", &a));
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        ck_assert(!compile_string(others[i].actions, &b));
        eth_addr_random(&b.next_hop);
        ck_assert_msg(hwv_action_same_path(&a, &b) == others[i].same,
                      "%s", others[i].actions);
        ck_assert(hwv_action_same_path(&b, &a) == others[i].same);
    }
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("actions");
    TCase *tcase = hwv_unit_tcase(suite, "strings");

    tcase_add_loop_test(tcase, test_plain, 0, ARRAY_SIZE(plain_rows));
    tcase_add_loop_test(tcase, test_vlan, 0, ARRAY_SIZE(vlan_rows));
    tcase_add_loop_test(tcase, test_encap, 0, ARRAY_SIZE(encap_rows));
    tcase_add_loop_test(tcase, test_rejects, 0, ARRAY_SIZE(reject_rows));
    tcase_add_test(tcase, test_rejects_complete);
    tcase_add_test(tcase, test_same_path);
    return hwv_unit_run(argv[0], suite);
}
