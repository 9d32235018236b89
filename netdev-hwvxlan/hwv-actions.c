/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-actions.h"

#include <netinet/ip6.h>
#include <string.h>

#include "csum.h"
#include "netlink.h"
#include "odp-netlink.h"
#include "odp-util.h"
#include "openvswitch/compiler.h"
#include "packets.h"
#include "util.h"

/* The lengths of the two outer headers. */
#define IPV4_ENCAP_LEN (ETH_HEADER_LEN + IP_HEADER_LEN + UDP_HEADER_LEN \
                        + sizeof(struct vxlanhdr))
#define IPV6_ENCAP_LEN (ETH_HEADER_LEN + IPV6_HEADER_LEN + UDP_HEADER_LEN \
                        + sizeof(struct vxlanhdr))
BUILD_ASSERT_DECL(IPV6_ENCAP_LEN == HWV_ENCAP_MAX);

/* OVS's header structs want this alignment. */
BUILD_ASSERT_DECL(offsetof(struct hwv_action, encap.header) % 2 == 0);

static enum hwv_reject compile_list(const struct nlattr *, size_t len,
                                    struct hwv_action *);
static enum hwv_reject compile_vlan(const struct nlattr **, size_t *len,
                                    struct hwv_action *);
static enum hwv_reject compile_one(const struct nlattr *,
                                   struct hwv_action *);
static enum hwv_reject compile_push(const struct nlattr *push,
                                    const struct nlattr *rest,
                                    size_t rest_len, struct hwv_action *);
static enum hwv_reject compile_header(const struct ovs_action_push_tnl *,
                                      struct hwv_action *);
static bool compile_ethernet(struct eth_header *, struct hwv_action *);
static bool compile_ipv4(struct ip_header *, struct hwv_action *);
static bool compile_ipv6(struct ovs_16aligned_ip6_hdr *, struct hwv_action *);
static bool compile_udp(struct udp_header *, struct hwv_action *);
static bool compile_vxlan(struct vxlanhdr *, struct hwv_action *);

enum hwv_reject
hwv_action_compile(const struct nlattr *actions, size_t len,
                   struct hwv_action *action)
{
    memset(action, 0, sizeof *action);
    action->type = HWV_ACTION_DROP;
    action->port = ODPP_NONE;

    /* A clone() that is all there is does what its contents do. */
    while (nl_attr_is_valid(actions, len)
           && nl_attr_len_pad(actions, len) == len
           && nl_attr_type(actions) == OVS_ACTION_ATTR_CLONE) {
        len = nl_attr_get_size(actions);
        actions = nl_attr_get(actions);
    }
    return len ? compile_list(actions, len, action) : HWV_ACCEPT;
}

enum hwv_reject
hwv_push_compile(const struct ovs_action_push_tnl *data,
                 struct hwv_action *action)
{
    memset(action, 0, sizeof *action);
    action->tnl_port = data->tnl_port;
    action->underlay_port = data->out_port;
    return compile_header(data, action);
}

bool
hwv_action_same_path(const struct hwv_action *a, const struct hwv_action *b)
{
    struct hwv_action other = *b;

    other.next_hop = a->next_hop;
    return !memcmp(a, &other, sizeof other);
}

static bool
is_vlan_action(const struct nlattr *a)
{
    return (nl_attr_type(a) == OVS_ACTION_ATTR_POP_VLAN
            || nl_attr_type(a) == OVS_ACTION_ATTR_PUSH_VLAN);
}

/* Is 'a' an action after which the packet is gone, or a copy of it is? */
static bool
is_output(const struct nlattr *a)
{
    switch (nl_attr_type(a)) {
    case OVS_ACTION_ATTR_OUTPUT:
    case OVS_ACTION_ATTR_TUNNEL_PUSH:
    case OVS_ACTION_ATTR_TUNNEL_POP:
    case OVS_ACTION_ATTR_CLONE:
        return true;
    default:
        return false;
    }
}

/* Checks the 'len' bytes of attributes at 'actions' and stores their number
 * into '*n'.  Of several obstacles an action that the NIC lacks tells more
 * than the number of outputs. */
static enum hwv_reject
check_list(const struct nlattr *actions, size_t len, size_t *n)
{
    enum hwv_reject reject = HWV_ACCEPT;
    const struct nlattr *a;
    size_t i = 0;
    size_t left;

    NL_ATTR_FOR_EACH (a, left, actions, len) {
        if (nl_attr_type(a) == OVS_ACTION_ATTR_TRUNC) {
            return HWV_REJECT_TRUNC;
        } else if (i > 0 && !is_output(a) && !is_vlan_action(a)) {
            reject = HWV_REJECT_ACTION;
        }
        i++;
    }
    *n = i;
    return left ? HWV_REJECT_ACTION : reject;
}

/* Compiles at least one action. */
static enum hwv_reject
compile_list(const struct nlattr *actions, size_t len,
             struct hwv_action *action)
{
    enum hwv_reject reject;
    size_t n;

    reject = compile_vlan(&actions, &len, action);
    if (reject) {
        return reject;
    }

    /* Everything behind tnl_push() is for the packet with its outer header. */
    if (nl_attr_is_valid(actions, len)
        && nl_attr_type(actions) == OVS_ACTION_ATTR_TUNNEL_PUSH) {
        size_t used = nl_attr_len_pad(actions, len);

        return compile_push(actions, nl_attr_next(actions), len - used,
                            action);
    }

    reject = check_list(actions, len, &n);
    if (reject) {
        return reject;
    }
    if (n != 1) {
        return (n && is_output(actions)
                ? HWV_REJECT_MULTI_OUTPUT : HWV_REJECT_ACTION);
    }
    reject = compile_one(actions, action);
    if (!reject && action->type == HWV_ACTION_DROP
        && (action->pop_vlan || action->push_vlan)) {
        return HWV_REJECT_VLAN_ACTION;
    }
    return reject;
}

/* Compiles what the '*len' bytes of attributes at '*actions' do with VLAN tags
 * first, and skips it. */
static enum hwv_reject
compile_vlan(const struct nlattr **actions, size_t *len,
             struct hwv_action *action)
{
    while (nl_attr_is_valid(*actions, *len) && is_vlan_action(*actions)) {
        const struct nlattr *a = *actions;
        size_t used = nl_attr_len_pad(a, *len);

        if (action->push_vlan) {
            return HWV_REJECT_VLAN_ACTION;
        }
        if (nl_attr_type(a) == OVS_ACTION_ATTR_PUSH_VLAN) {
            const struct ovs_action_push_vlan *push = nl_attr_get(a);

            if (nl_attr_get_size(a) != sizeof *push
                || push->vlan_tpid != htons(ETH_TYPE_VLAN_8021Q)
                || !(push->vlan_tci & htons(VLAN_CFI))) {
                return HWV_REJECT_VLAN_ACTION;
            }
            action->push_vlan = true;
            action->tci = ntohs(push->vlan_tci) & ~VLAN_CFI;
        } else if (action->pop_vlan || nl_attr_get_size(a)) {
            return HWV_REJECT_VLAN_ACTION;
        } else {
            action->pop_vlan = true;
        }
        *actions = nl_attr_next(a);
        *len -= used;
    }
    return HWV_ACCEPT;
}

static enum hwv_reject
compile_one(const struct nlattr *a, struct hwv_action *action)
{
    switch (nl_attr_type(a)) {
    case OVS_ACTION_ATTR_DROP:
        return HWV_ACCEPT;

    case OVS_ACTION_ATTR_OUTPUT:
        action->type = HWV_ACTION_OUTPUT;
        break;

    case OVS_ACTION_ATTR_TUNNEL_POP:
        action->type = HWV_ACTION_POP;
        break;

    default:
        return HWV_REJECT_ACTION;
    }

    if (nl_attr_get_size(a) != sizeof(odp_port_t)) {
        return HWV_REJECT_ACTION;
    }
    action->port = nl_attr_get_odp_port(a);
    return HWV_ACCEPT;
}

/* Compiles the tnl_push() at 'push' and the 'rest_len' bytes of actions that
 * follow it, which must be one output. */
static enum hwv_reject
compile_push(const struct nlattr *push, const struct nlattr *rest,
             size_t rest_len, struct hwv_action *action)
{
    size_t size = nl_attr_get_size(push);
    struct ovs_action_push_tnl data;
    enum hwv_reject reject;

    if (!nl_attr_is_valid(rest, rest_len)
        || nl_attr_len_pad(rest, rest_len) != rest_len
        || nl_attr_type(rest) != OVS_ACTION_ATTR_OUTPUT) {
        return HWV_REJECT_UNDERLAY_ACTION;
    }
    reject = compile_one(rest, action);
    if (reject) {
        return reject;
    }

    /* The attribute ends with the header, not with the struct. */
    if (size > sizeof data) {
        return HWV_REJECT_TUNNEL_TYPE;
    }
    memset(&data, 0, sizeof data);
    memcpy(&data, nl_attr_get(push), size);
    if (size != offsetof(struct ovs_action_push_tnl, header)
                + data.header_len) {
        return HWV_REJECT_TUNNEL_TYPE;
    }

    action->type = HWV_ACTION_ENCAP;
    action->tnl_port = data.tnl_port;
    action->underlay_port = data.out_port;
    return compile_header(&data, action);
}

static enum hwv_reject
compile_header(const struct ovs_action_push_tnl *data,
               struct hwv_action *action)
{
    struct hwv_encap *encap = &action->encap;
    struct eth_header *eth = ALIGNED_CAST(struct eth_header *, encap->header);
    struct udp_header *udp;
    bool ok;

    if (data->tnl_type != OVS_VPORT_TYPE_VXLAN
        || (data->header_len != IPV4_ENCAP_LEN
            && data->header_len != IPV6_ENCAP_LEN)) {
        return HWV_REJECT_TUNNEL_TYPE;
    }
    encap->len = data->header_len;
    memcpy(encap->header, data->header, encap->len);

    ok = compile_ethernet(eth, action);
    if (hwv_encap_is_ipv6(encap)) {
        struct ovs_16aligned_ip6_hdr *ip6 = (void *) (eth + 1);

        ok = ok && compile_ipv6(ip6, action);
        udp = (struct udp_header *) (ip6 + 1);
    } else {
        struct ip_header *ip = (struct ip_header *) (eth + 1);

        ok = ok && compile_ipv4(ip, action);
        udp = (struct udp_header *) (ip + 1);
    }
    ok = ok && compile_udp(udp, action);
    ok = ok && compile_vxlan((struct vxlanhdr *) (udp + 1), action);
    return ok ? HWV_ACCEPT : HWV_REJECT_TUNNEL_TYPE;
}

/* The functions below check one layer of the header in 'action->encap', move
 * to '*action' what has a place of its own there, and leave zero what
 * hwv_encapsulate() fills in.  OVS leaves that zero as well: anything else is
 * no header that we know. */

static bool
compile_ethernet(struct eth_header *eth, struct hwv_action *action)
{
    bool ipv6 = hwv_encap_is_ipv6(&action->encap);

    action->next_hop = eth->eth_dst;
    eth->eth_dst = eth_addr_zero;
    return eth->eth_type == htons(ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP);
}

static bool
compile_ipv4(struct ip_header *ip, struct hwv_action *action)
{
    /* netdev_tnl_push_ip_header() puts the length in and updates the checksum
     * for it, from zero. */
    if (ip->ip_ihl_ver != IP_IHL_VER(5, 4) || ip->ip_proto != IPPROTO_UDP
        || ip->ip_frag_off & ~htons(IP_DONT_FRAGMENT) || ip->ip_tot_len
        || csum(ip, sizeof *ip)) {
        return false;
    }
    in6_addr_set_mapped_ipv4(&action->remote,
                             get_16aligned_be32(&ip->ip_dst));

    action->outer_ecn = ip->ip_tos & IP_ECN_MASK;
    ip->ip_tos &= ~IP_ECN_MASK;
    ip->ip_csum = 0;
    ip->ip_csum = csum(ip, sizeof *ip);
    return true;
}

static bool
compile_ipv6(struct ovs_16aligned_ip6_hdr *ip6, struct hwv_action *action)
{
    uint32_t word = ntohl(get_16aligned_be32(&ip6->ip6_flow));

    if (word >> 28 != 6 || word & IPV6_LABEL_MASK
        || ip6->ip6_nxt != IPPROTO_UDP || ip6->ip6_plen) {
        return false;
    }
    memcpy(&action->remote, &ip6->ip6_dst, sizeof action->remote);

    action->outer_ecn = word >> 20 & IP_ECN_MASK;
    put_16aligned_be32(&ip6->ip6_flow, htonl(word & ~(IP_ECN_MASK << 20)));
    return true;
}

static bool
compile_udp(struct udp_header *udp, struct hwv_action *action)
{
    /* OVS's mark for a checksum to be computed.  RFC 6935 would allow none
     * with IPv6, but OVS always asks for one there. */
    bool csum = udp->udp_csum == OVS_BE16_MAX;

    if (udp->udp_src || udp->udp_len || (udp->udp_csum && !csum)
        || (hwv_encap_is_ipv6(&action->encap) && !csum)) {
        return false;
    }
    action->encap.udp_csum = csum;
    udp->udp_csum = 0;
    return true;
}

/* RFC 7348 section 5. */
static bool
compile_vxlan(struct vxlanhdr *vxlan, struct hwv_action *action)
{
    uint32_t vni = ntohl(get_16aligned_be32(&vxlan->vx_vni));

    if (get_16aligned_be32(&vxlan->vx_flags) != htonl(VXLAN_FLAGS)
        || vni & 0xff) {
        return false;
    }
    action->vni = vni >> 8;
    put_16aligned_be32(&vxlan->vx_vni, 0);
    return true;
}
