/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-lossless.h"

#include <check.h>
#include <netinet/ip6.h>
#include <stdlib.h>
#include <string.h>

#include "csum.h"
#include "hwv-actions.h"
#include "netlink.h"
#include "odp-netlink.h"
#include "odp-util.h"
#include "openvswitch/ofpbuf.h"
#include "packets.h"
#include "util.h"

/* Writes into 'push' what 'action' was compiled from. */
static void
rebuild_push(const struct hwv_action *action, struct ovs_action_push_tnl *push)
{
    const struct hwv_encap *encap = &action->encap;
    struct eth_header *eth = (void *) push->header;
    struct ip_header *ip = (void *) (eth + 1);
    struct ovs_16aligned_ip6_hdr *ip6 = (void *) (eth + 1);
    struct udp_header *udp = (hwv_encap_is_ipv6(encap)
                              ? (void *) (ip6 + 1) : (void *) (ip + 1));
    struct vxlanhdr *vxlan = (void *) (udp + 1);

    memset(push, 0, sizeof *push);
    push->tnl_port = action->tnl_port;
    push->out_port = action->underlay_port;
    push->tnl_type = OVS_VPORT_TYPE_VXLAN;
    push->header_len = encap->len;
    memcpy(push->header, encap->header, encap->len);

    eth->eth_dst = action->next_hop;
    if (hwv_encap_is_ipv6(encap)) {
        ovs_be32 word = get_16aligned_be32(&ip6->ip6_flow);

        put_16aligned_be32(&ip6->ip6_flow,
                           word | htonl((uint32_t) action->outer_ecn << 20));
    } else {
        ip->ip_tos |= action->outer_ecn;
        ip->ip_csum = 0;
        ip->ip_csum = csum(ip, sizeof *ip);
    }
    udp->udp_csum = encap->udp_csum ? OVS_BE16_MAX : 0;
    put_16aligned_be32(&vxlan->vx_vni, htonl(action->vni << 8));
}

/* Appends to 'actions' what 'action' was compiled from. */
static void
rebuild(const struct hwv_action *action, struct ofpbuf *actions)
{
    struct ovs_action_push_tnl push;

    if (action->pop_vlan) {
        nl_msg_put_flag(actions, OVS_ACTION_ATTR_POP_VLAN);
    }
    if (action->push_vlan) {
        struct ovs_action_push_vlan vlan = {
            .vlan_tpid = htons(0x8100),
            .vlan_tci = htons(action->tci | VLAN_CFI),
        };

        nl_msg_put_unspec(actions, OVS_ACTION_ATTR_PUSH_VLAN, &vlan,
                          sizeof vlan);
    }
    switch (action->type) {
    case HWV_ACTION_DROP:
        break;
    case HWV_ACTION_OUTPUT:
        nl_msg_put_odp_port(actions, OVS_ACTION_ATTR_OUTPUT, action->port);
        break;
    case HWV_ACTION_ENCAP:
        rebuild_push(action, &push);
        odp_put_tnl_push_action(actions, &push);
        nl_msg_put_odp_port(actions, OVS_ACTION_ATTR_OUTPUT, action->port);
        break;
    case HWV_ACTION_POP:
        nl_msg_put_odp_port(actions, OVS_ACTION_ATTR_TUNNEL_POP,
                            action->port);
        break;
    }
}

/* Do the two lists have the same attributes?  (The type has flag bits, and
 * there may be anything in the padding.) */
static bool
lists_equal(const struct nlattr *a, size_t a_len,
            const struct nlattr *b, size_t b_len)
{
    while (nl_attr_is_valid(a, a_len) && nl_attr_is_valid(b, b_len)) {
        if (nl_attr_type(a) != nl_attr_type(b)
            || nl_attr_get_size(a) != nl_attr_get_size(b)
            || memcmp(nl_attr_get(a), nl_attr_get(b), nl_attr_get_size(a))) {
            return false;
        }
        a_len -= nl_attr_len_pad(a, a_len);
        a = nl_attr_next(a);
        b_len -= nl_attr_len_pad(b, b_len);
        b = nl_attr_next(b);
    }
    return !a_len && !b_len;
}

bool
hwv_check_lossless(const void *data, size_t len)
{
    struct nlattr *list = xmemdup(data, len);
    const struct nlattr *inside = list;
    size_t inside_len = len;
    struct hwv_action action;
    struct ofpbuf rebuilt;
    bool accepted;

    accepted = !hwv_action_compile(list, len, &action);
    if (accepted) {
        while (nl_attr_is_valid(inside, inside_len)
               && nl_attr_type(inside) == OVS_ACTION_ATTR_CLONE) {
            inside_len = nl_attr_get_size(inside);
            inside = nl_attr_get(inside);
        }
        if (action.type == HWV_ACTION_DROP && inside_len) {
            ck_assert(nl_attr_is_valid(inside, inside_len));
            ck_assert_int_eq(nl_attr_type(inside), OVS_ACTION_ATTR_DROP);
            ck_assert_uint_eq(nl_attr_len_pad(inside, inside_len),
                              inside_len);
        } else {
            ofpbuf_init(&rebuilt, 0);
            rebuild(&action, &rebuilt);
            ck_assert(lists_equal(inside, inside_len,
                                  rebuilt.data, rebuilt.size));
            ofpbuf_uninit(&rebuilt);
        }
    }
    free(list);
    return accepted;
}
