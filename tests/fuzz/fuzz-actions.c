/* SPDX-License-Identifier: Apache-2.0 */

/* Action compiler.
 *
 * Everything that is accepted must be in the result, bit by bit, and an outer
 * header that is accepted must make of a frame what OVS's tnl_push makes of
 * it with the original.
 *
 * Input: how, then attributes, or what to make them of. */

#include <config.h>
#undef NDEBUG

#include <string.h>

#include "csum.h"
#include "hwv-actions.h"
#include "hwv-codec-ovs.h"
#include "hwv-fuzz.h"
#include "hwv-key.h"
#include "hwv-lossless.h"
#include "hwv-odp-string.h"
#include "hwv-test-frames.h"
#include "netdev-native-tnl.h"
#include "netlink.h"
#include "odp-netlink.h"
#include "odp-util.h"
#include "openvswitch/ofpbuf.h"
#include "packets.h"

/* The first byte of the input. */
enum {
    RAW,                        /* Attributes as they are. */
    PUSH4,                      /* tnl_push() with some bytes changed, */
    PUSH6,                      /* and a list, put together of parts, */
    LIST,                       /* behind it or alone. */
    N_HOWS,
};

#define PUSH4_STRING HWV_PUSH4(HWV_IP4, HWV_UDP_CSUM, HWV_VXLAN)
#define PUSH6_STRING HWV_PUSH6(HWV_IP6, HWV_UDP_CSUM, HWV_VXLAN)

/* Appends a tnl_push() of which up to 7 bytes are changed: how many, then
 * offsets and values. */
static void
put_push(struct hwv_fuzz *input, const char *s, struct ofpbuf *actions)
{
    struct ovs_action_push_tnl *push;
    uint8_t how = hwv_fuzz_u8(input);
    struct eth_header *eth;
    struct ip_header *ip;
    struct ofpbuf buf;

    hwv_actions_from_string(s, &buf);
    push = CONST_CAST(void *, nl_attr_get(buf.data));
    for (int n = how & 7; n > 0; n--) {
        size_t offset = hwv_fuzz_u8(input) % nl_attr_get_size(buf.data);

        ((uint8_t *) push)[offset] = hwv_fuzz_u8(input);
    }

    eth = (void *) push->header;
    ip = (void *) (eth + 1);
    if (how & 8 && eth->eth_type == htons(ETH_TYPE_IP)) {
        ip->ip_csum = 0;
        ip->ip_csum = csum(ip, sizeof *ip);
    }
    ofpbuf_put(actions, buf.data, buf.size);
    ofpbuf_uninit(&buf);
}

/* Appends actions: each is a type and a size, where a clone() begins with its
 * type alone and ends with type zero. */
static void
put_list(struct hwv_fuzz *input, int depth, struct ofpbuf *actions)
{
    while (input->left && actions->size < UINT16_MAX / 2) {
        uint8_t type = hwv_fuzz_u8(input) % 32;

        if (type == OVS_ACTION_ATTR_UNSPEC && depth) {
            return;
        } else if (type == OVS_ACTION_ATTR_CLONE) {
            size_t start = nl_msg_start_nested(actions, type);

            if (depth < 8) {
                put_list(input, depth + 1, actions);
            }
            nl_msg_end_nested(actions, start);
        } else {
            size_t n = hwv_fuzz_u8(input) % 140;
            const uint8_t *bytes = hwv_fuzz_bytes(input, &n);

            if (n) {
                nl_msg_put_unspec(actions, type, bytes, n);
            } else {
                nl_msg_put_flag(actions, type);
            }
        }
    }
}

/* Encapsulates a frame as 'action', the compiled 'actions', says, and as OVS
 * does. */
static void
check_encap(const struct ofpbuf *actions, const struct hwv_action *action)
{
    static const uint8_t frame[60] = { [12] = 0x08, [14] = 0x45, [17] = 46 };
    struct hwv_tunnel tunnel = { .encap = action->encap };
    const struct nlattr *a = actions->data;
    struct dp_packet *ours, *theirs;
    struct ovs_action_push_tnl push;

    while (nl_attr_type(a) == OVS_ACTION_ATTR_CLONE) {
        a = nl_attr_get(a);
    }
    while (nl_attr_type(a) != OVS_ACTION_ATTR_TUNNEL_PUSH) {
        a = nl_attr_next(a);    /* What it does with VLAN tags. */
    }
    memset(&push, 0, sizeof push);
    memcpy(&push, nl_attr_get(a), nl_attr_get_size(a));

    atomic_init(&tunnel.next_hop, hwv_mac_to_word(action->next_hop));
    ours = hwv_test_packet(frame, sizeof frame, 0);
    dp_packet_set_rss_hash(ours, 1);
    theirs = dp_packet_clone(ours);
    hwv_encapsulate(ours, &tunnel, action->vni, action->outer_ecn);
    netdev_tnl_push_udp_header(NULL, theirs, &push);

    /* OVS sends CE as it is, if a flow says so, which none does. */
    if (action->outer_ecn == hwv_outer_ecn(action->outer_ecn)) {
        hwv_check_same_packet(ours, theirs);
    }
    dp_packet_delete(ours);
    dp_packet_delete(theirs);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hwv_fuzz input = { .data = data, .left = size };
    uint8_t how = hwv_fuzz_u8(&input) % N_HOWS;
    struct hwv_action action;
    struct ofpbuf actions;

    ofpbuf_init(&actions, 0);
    if (how == RAW) {
        ofpbuf_put(&actions, input.data, input.left);
    } else {
        if (how != LIST) {
            put_push(&input, how == PUSH4 ? PUSH4_STRING : PUSH6_STRING,
                     &actions);
        }
        put_list(&input, 0, &actions);
    }

    if (hwv_check_lossless(actions.data, actions.size)
        && !hwv_action_compile(actions.data, actions.size, &action)
        && action.type == HWV_ACTION_ENCAP) {
        check_encap(&actions, &action);
    }
    ofpbuf_uninit(&actions);
    return 0;
}
