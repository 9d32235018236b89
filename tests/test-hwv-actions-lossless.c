/* SPDX-License-Identifier: Apache-2.0
 *
 * Action compiler: what it accepts it must be able to give back, every bit of
 * it, and broken attributes must not lead it astray. */

#include <config.h>

#include <check.h>
#include <limits.h>
#include <netinet/ip6.h>
#include <stdlib.h>
#include <string.h>

#include "csum.h"
#include "hwv-actions.h"
#include "hwv-lossless.h"
#include "hwv-odp-string.h"
#include "hwv-test-frames.h"
#include "hwv-unit.h"
#include "netlink.h"
#include "odp-netlink.h"
#include "odp-util.h"
#include "openvswitch/ofpbuf.h"
#include "packets.h"
#include "random.h"
#include "util.h"

#define PUSH HWV_PUSH4(HWV_IP4, HWV_UDP, HWV_VXLAN)

static const char *lossless[] = {
    "",
    "drop",
    "3",
    "tnl_pop(5)",
    "clone(clone(3))",
    "push_vlan(vid=5,pcp=3),3",
    "pop_vlan,3",
    "pop_vlan,push_vlan(vid=4095,pcp=0),3",
    "pop_vlan," PUSH ",1",
    PUSH ",1",
    "clone(" PUSH ",1)",
    HWV_PUSH4("proto=17,tos=3,ttl=1,frag=0x0", HWV_UDP_CSUM, HWV_VXLAN) ",1",
    HWV_PUSH6("label=0,proto=17,tclass=0xba,hlimit=255", HWV_UDP_CSUM,
              HWV_VXLAN) ",1",
};

/* The first attribute of 'actions' is a tnl_push(). */
static struct ovs_action_push_tnl *
get_push(struct ofpbuf *actions)
{
    return CONST_CAST(void *, nl_attr_get(actions->data));
}

/* The bits of a header that may have any value: MACs, TOS, IPv4 identification
 * and DF, TTL, addresses, UDP destination port and VNI. */
#define ANY_MACS "ffffffffffff" "ffffffffffff" "0000"
#define ANY_UDP_VXLAN "0000ffff00000000" "00000000ffffff00"
#define ANY_IPV6_ADDR "ffffffffffffffffffffffffffffffff"
static const char *const any_ipv4 =
    ANY_MACS "00ff0000" "ffff4000" "ff000000" "ffffffff" "ffffffff"
    ANY_UDP_VXLAN;
static const char *const any_ipv6 =
    ANY_MACS "0ff00000" "000000ff" ANY_IPV6_ADDR ANY_IPV6_ADDR ANY_UDP_VXLAN;

/* Each bit of a tunnel header is either kept or, if it is changed, leads to a
 * refusal.  The IPv4 checksum is corrected, unless it is what was changed, or
 * it alone would lead to refusals. */
START_TEST(test_header_bits)
{
    struct ofpbuf actions, any;
    struct eth_header *eth;
    struct ip_header *ip;
    uint8_t *header;

    hwv_actions_from_string(lossless[_i], &actions);
    eth = (void *) get_push(&actions)->header;
    ip = (void *) (eth + 1);
    header = (void *) eth;
    ofpbuf_init(&any, 0);
    ofpbuf_put_hex(&any, (eth->eth_type == htons(ETH_TYPE_IP)
                          ? any_ipv4 : any_ipv6), NULL);
    ck_assert_uint_eq(any.size, get_push(&actions)->header_len);

    for (size_t i = 0; i < CHAR_BIT * (size_t) any.size; i++) {
        bool expected = ((uint8_t *) any.data)[i / 8] & 1 << i % 8;
        uint8_t saved[HWV_ENCAP_MAX];
        bool accepted;

        memcpy(saved, header, any.size);
        header[i / 8] ^= 1 << i % 8;
        if (any.size < HWV_ENCAP_MAX
            && !memcmp(saved + 24, &ip->ip_csum, sizeof ip->ip_csum)) {
            ip->ip_csum = 0;
            ip->ip_csum = csum(ip, sizeof *ip);
        }
        accepted = hwv_check_lossless(actions.data, actions.size);
        memcpy(header, saved, any.size);
        ck_assert_msg(accepted == expected, "byte %"PRIuSIZE, i / 8);
    }
    ofpbuf_uninit(&any);
    ofpbuf_uninit(&actions);
}
END_TEST

/* Compiles 'push' with 'header_len', in an attribute of 'size' bytes. */
static enum hwv_reject
compile_push(const struct ovs_action_push_tnl *push, uint32_t header_len,
             size_t size)
{
    struct ovs_action_push_tnl *data = xzalloc(MAX(size, sizeof *data));
    struct hwv_action action;
    enum hwv_reject reject;
    struct ofpbuf actions;

    *data = *push;
    data->header_len = header_len;
    ofpbuf_init(&actions, 0);
    nl_msg_put_unspec(&actions, OVS_ACTION_ATTR_TUNNEL_PUSH, data, size);
    nl_msg_put_odp_port(&actions, OVS_ACTION_ATTR_OUTPUT, ODP_PORT_C(1));
    reject = hwv_action_compile(actions.data, actions.size, &action);
    ofpbuf_uninit(&actions);
    free(data);
    return reject;
}

/* All of a tunnel header's other fields: its type, its length, the length of
 * its attribute. */
START_TEST(test_header_size)
{
    struct ovs_action_push_tnl push;
    struct ofpbuf actions;
    uint32_t header_len;

    hwv_actions_from_string(lossless[_i], &actions);
    header_len = get_push(&actions)->header_len;
    memset(&push, 0, sizeof push);
    memcpy(&push, get_push(&actions),
           offsetof(struct ovs_action_push_tnl, header) + header_len);

    for (uint32_t type = 0; type < 16; type++) {
        push.tnl_type = type;
        ofpbuf_clear(&actions);
        odp_put_tnl_push_action(&actions, &push);
        nl_msg_put_odp_port(&actions, OVS_ACTION_ATTR_OUTPUT, ODP_PORT_C(1));
        ck_assert(hwv_check_lossless(actions.data, actions.size)
                  == (type == OVS_VPORT_TYPE_VXLAN));
    }

    push.tnl_type = OVS_VPORT_TYPE_VXLAN;
    for (uint32_t len = 0; len < 100; len++) {
        for (size_t size = 0; size < 130; size++) {
            ck_assert_int_eq(compile_push(&push, len, size),
                             (len == header_len && size == 16 + header_len
                              ? HWV_ACCEPT : HWV_REJECT_TUNNEL_TYPE));
        }
    }

    /* More than OVS's struct has room for. */
    for (size_t size = sizeof push; size < 60000; size += 1 + size / 2) {
        ck_assert_int_eq(compile_push(&push, header_len, size),
                         HWV_REJECT_TUNNEL_TYPE);
        ck_assert_int_eq(compile_push(&push, size - 16, size),
                         HWV_REJECT_TUNNEL_TYPE);
    }
    ofpbuf_uninit(&actions);
}
END_TEST

/* Each type of action there is, by itself and with others. */
START_TEST(test_types)
{
    const uint32_t zeros[4] = { 0 };

    for (int type = 0; type < 64; type++) {
        bool known = (type == OVS_ACTION_ATTR_OUTPUT
                      || type == OVS_ACTION_ATTR_TUNNEL_POP
                      || type == OVS_ACTION_ATTR_DROP);
        bool output = (type == OVS_ACTION_ATTR_OUTPUT
                       || type == OVS_ACTION_ATTR_TUNNEL_POP);
        struct ofpbuf actions;

        if (type == OVS_ACTION_ATTR_CLONE
            || type == OVS_ACTION_ATTR_TUNNEL_PUSH) {
            continue;           /* With contents, see the strings. */
        }
        for (size_t size = 0; size <= sizeof zeros; size += 4) {
            ofpbuf_init(&actions, 0);
            nl_msg_put_unspec(&actions, type, zeros, size);
            ck_assert(hwv_check_lossless(actions.data, actions.size)
                      == (known && (size == 4 || !output)));
            nl_msg_put_odp_port(&actions, OVS_ACTION_ATTR_OUTPUT, 1);
            ck_assert(hwv_check_lossless(actions.data, actions.size)
                      == (type == OVS_ACTION_ATTR_POP_VLAN && !size));
            nl_msg_put_unspec(&actions, type, zeros, size);
            ck_assert(!hwv_check_lossless(actions.data, actions.size));
            ofpbuf_uninit(&actions);

            hwv_actions_from_string(PUSH, &actions);
            nl_msg_put_unspec(&actions, type, zeros, size);
            ck_assert(hwv_check_lossless(actions.data, actions.size)
                      == (type == OVS_ACTION_ATTR_OUTPUT && size == 4));
            ofpbuf_uninit(&actions);
        }
    }
}
END_TEST

/* clone(), clone(drop) and clone(clone()). */
START_TEST(test_clone_drop)
{
    struct ofpbuf actions;
    size_t outer, inner;

    ofpbuf_init(&actions, 0);
    outer = nl_msg_start_nested(&actions, OVS_ACTION_ATTR_CLONE);
    if (_i == 1) {
        nl_msg_put_u32(&actions, OVS_ACTION_ATTR_DROP, 0);
    } else if (_i == 2) {
        inner = nl_msg_start_nested(&actions, OVS_ACTION_ATTR_CLONE);
        nl_msg_end_nested(&actions, inner);
    }
    nl_msg_end_nested(&actions, outer);
    ck_assert(hwv_check_lossless(actions.data, actions.size));

    nl_msg_put_odp_port(&actions, OVS_ACTION_ATTR_OUTPUT, 1);
    ck_assert(!hwv_check_lossless(actions.data, actions.size));
    ofpbuf_uninit(&actions);
}
END_TEST

/* A list that ends too early. */
START_TEST(test_truncated)
{
    struct ofpbuf actions;

    hwv_actions_from_string(lossless[_i], &actions);
    ck_assert(hwv_check_lossless(actions.data, actions.size));
    for (size_t len = 1; len < actions.size; len++) {
        ck_assert(!hwv_check_lossless(actions.data, len));
    }
    ofpbuf_uninit(&actions);
}
END_TEST

/* Ports are 4 bytes, whatever the attribute's length says. */
START_TEST(test_port_size)
{
    const uint16_t types[] = {
        OVS_ACTION_ATTR_OUTPUT, OVS_ACTION_ATTR_TUNNEL_POP,
    };

    for (size_t size = 0; size < 9; size++) {
        uint8_t port[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
        struct ofpbuf actions;

        ofpbuf_init(&actions, 0);
        nl_msg_put_unspec(&actions, types[_i], port, MIN(size, 8));
        ck_assert(hwv_check_lossless(actions.data, actions.size)
                  == (size == 4));
        ofpbuf_uninit(&actions);
    }
}
END_TEST

/* Each bit of a VLAN tag is kept, or leads to a refusal: the type must be
 * 0x8100, and OVS's mark for a tag must be there. */
START_TEST(test_vlan_bits)
{
    struct ovs_action_push_vlan *push;
    struct ofpbuf actions;

    hwv_actions_from_string("push_vlan(vid=5,pcp=3),3", &actions);
    push = CONST_CAST(void *, nl_attr_get(actions.data));
    for (int i = 0; i < 16; i++) {
        push->vlan_tpid ^= htons(1 << i);
        ck_assert(!hwv_check_lossless(actions.data, actions.size));
        push->vlan_tpid ^= htons(1 << i);
        push->vlan_tci ^= htons(1 << i);
        ck_assert(hwv_check_lossless(actions.data, actions.size)
                  == (i != 12));
        push->vlan_tci ^= htons(1 << i);
    }
    ofpbuf_uninit(&actions);
}
END_TEST

/* A tag is of no use to what is dropped: OVS makes no such thing. */
START_TEST(test_vlan_drop)
{
    struct ofpbuf actions;

    hwv_actions_from_string(_i ? "pop_vlan" : "push_vlan(vid=5,pcp=3)",
                            &actions);
    ck_assert(!hwv_check_lossless(actions.data, actions.size));
    nl_msg_put_u32(&actions, OVS_ACTION_ATTR_DROP, 0);
    ck_assert(!hwv_check_lossless(actions.data, actions.size));
    ofpbuf_uninit(&actions);
}
END_TEST

/* Random damage, of attribute headers most of all. */
START_TEST(test_damaged)
{
    struct ofpbuf actions;

    hwv_test_seed();
    hwv_actions_from_string(lossless[_i], &actions);
    for (int i = 0; i < 20000; i++) {
        uint8_t *data = xmemdup(actions.data, actions.size);
        size_t len = actions.size;

        for (int n = random_range(4); len && n >= 0; n--) {
            size_t ofs = random_range(hwv_one_in(2) ? len : MIN(len, 12));

            data[ofs] = (hwv_one_in(2)
                         ? random_range(32)
                         : data[ofs] ^ 1 << random_range(8));
        }
        if (hwv_one_in(4)) {
            len = random_range(len + 1);
        }
        hwv_check_lossless(data, len);
        free(data);
    }
    ofpbuf_uninit(&actions);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("actions-lossless");
    TCase *tcase = hwv_unit_tcase(suite, "lossless");
    int n = ARRAY_SIZE(lossless);

    tcase_add_loop_test(tcase, test_header_bits, n - 2, n);
    tcase_add_loop_test(tcase, test_header_size, n - 2, n);
    tcase_add_test(tcase, test_types);
    tcase_add_test(tcase, test_vlan_bits);
    tcase_add_loop_test(tcase, test_vlan_drop, 0, 2);
    tcase_add_loop_test(tcase, test_clone_drop, 0, 3);
    tcase_add_loop_test(tcase, test_truncated, 0, n);
    tcase_add_loop_test(tcase, test_port_size, 0, 2);
    tcase_add_loop_test(tcase, test_damaged, 0, n);
    return hwv_unit_run(argv[0], suite);
}
