/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-neigh-kernel.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>

#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "coverage.h"
#include "hash.h"
#include "hwv-neigh.h"
#include "hwv-next-hop.h"
#include "netdev.h"
#include "ofproto/ofproto-provider.h"
#include "openvswitch/hmap.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_neigh_kernel);

COVERAGE_DEFINE(hwv_neigh_kernel_learned);
COVERAGE_DEFINE(hwv_neigh_kernel_resync);

/* The kernel has a MAC of an entry in one of these states. */
#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE \
                    | NUD_DELAY | NUD_PROBE)
#define NUD_CONFIGURED (NUD_PERMANENT | NUD_NOARP)

/* By the device's index, as a device that has gone has no name. */
struct kernel_neigh {
    struct hmap_node node;      /* In 'neighs'. */
    int ifindex;
    struct in6_addr ip;         /* IPv4 as IPv4-mapped. */
    struct eth_addr mac;
    uint16_t state;             /* NUD_*. */
    bool seen;                  /* Since the kernel began to tell of all. */
};

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

static struct hmap neighs = HMAP_INITIALIZER(&neighs);
static struct nl_sock *sock;    /* NULL if it could not be opened. */
static bool must_resync;
static uint32_t resync_seq;     /* Of the latest request for all. */
static bool resync_answered;    /* The first answer to it has come. */

static int open_socket(void);
static int handle_message(struct nl_msg *, void *aux);
static int handle_end(struct nl_msg *, void *aux);
static bool parse_message(struct nlmsghdr *, struct kernel_neigh *);
static bool is_local_port(const char *name);
static struct kernel_neigh *neigh_find(int ifindex, const struct in6_addr *);
static void neigh_set(const struct kernel_neigh *);
static void neigh_tell(const struct kernel_neigh *);
static void neigh_del(struct kernel_neigh *);
static void resync(void);

void
hwv_neigh_kernel_register(void)
{
    int error = open_socket();

    if (error) {
        VLOG_WARN("cannot follow the kernel's neighbours: %s",
                  nl_geterror(error));
        nl_socket_free(sock);
        sock = NULL;
        return;
    }
    resync();
}

enum hwv_neigh_kernel_says
hwv_neigh_kernel_find(const char *bridge, const struct in6_addr *ip,
                      struct eth_addr *mac)
{
    const struct kernel_neigh *neigh = NULL;

    if (!hmap_is_empty(&neighs) && is_local_port(bridge)) {
        neigh = neigh_find(if_nametoindex(bridge), ip);
    }
    if (!neigh) {
        return HWV_NEIGH_KERNEL_NOTHING;
    }
    *mac = neigh->mac;
    return (neigh->state & (NUD_CONFIGURED | NUD_REACHABLE)
            ? HWV_NEIGH_KERNEL_CONFIRMED
            : HWV_NEIGH_KERNEL_HINT);
}

void
hwv_neigh_kernel_run(void)
{
    int error = 0;

    if (!sock) {
        return;
    }
    if (must_resync) {
        resync();
    }

    /* Each call reads what one recvmsg() returns. */
    while (!error) {
        error = nl_recvmsgs_default(sock);
    }
    if (error == -NLE_NOMEM || error == -NLE_DUMP_INTR
        || error == -NLE_BUSY) {
        COVERAGE_INC(hwv_neigh_kernel_resync);
        VLOG_INFO_RL(&rl, "missed changes of the kernel's neighbours: reading "
                     "all of them");
        must_resync = true;
        poll_immediate_wake();
    } else if (error != -NLE_AGAIN) {
        VLOG_WARN_RL(&rl, "following the kernel's neighbours: %s",
                     nl_geterror(error));
    }
}

void
hwv_neigh_kernel_wait(void)
{
    if (sock) {
        poll_fd_wait(nl_socket_get_fd(sock), POLLIN);
        if (must_resync) {
            poll_immediate_wake();
        }
    }
}

static int
open_socket(void)
{
    int error;

    sock = nl_socket_alloc();
    if (!sock) {
        return -NLE_NOMEM;
    }
    nl_socket_disable_seq_check(sock);
    nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, handle_message, NULL);
    nl_socket_modify_cb(sock, NL_CB_FINISH, NL_CB_CUSTOM, handle_end, NULL);
    error = nl_connect(sock, NETLINK_ROUTE);
    if (!error) {
        error = nl_socket_add_memberships(sock, RTNLGRP_NEIGH, 0);
    }
    return error ? error : nl_socket_set_nonblocking(sock);
}

/* Asks for all neighbours.  The kernel's answer comes in the way of its
 * notifications: whichever is later counts.  What is seen neither in the
 * answer nor after it has begun has gone. */
static void
resync(void)
{
    struct rtgenmsg request = { .rtgen_family = AF_UNSPEC };
    struct kernel_neigh *neigh;
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETNEIGH, NLM_F_DUMP);
    int error = -NLE_NOMEM;

    if (msg) {
        nlmsg_append(msg, &request, sizeof request, NLMSG_ALIGNTO);
        error = nl_send_auto(sock, msg);
        resync_seq = nlmsg_hdr(msg)->nlmsg_seq;
        nlmsg_free(msg);
    }
    must_resync = error < 0;
    resync_answered = false;
    HMAP_FOR_EACH (neigh, node, &neighs) {
        neigh->seen = false;
    }
}

static int
handle_message(struct nl_msg *msg, void *aux OVS_UNUSED)
{
    struct nlmsghdr *nlh = nlmsg_hdr(msg);
    struct kernel_neigh neigh;

    if (nlh->nlmsg_flags & NLM_F_MULTI && nlh->nlmsg_seq == resync_seq) {
        resync_answered = true;
        must_resync |= (nlh->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    }
    if ((nlh->nlmsg_type == RTM_NEWNEIGH || nlh->nlmsg_type == RTM_DELNEIGH)
        && parse_message(nlh, &neigh)) {
        if (nlh->nlmsg_type == RTM_NEWNEIGH && neigh.state & NUD_USABLE) {
            neigh_set(&neigh);
        } else {
            neigh_del(neigh_find(neigh.ifindex, &neigh.ip));
        }
    }
    return NL_OK;
}

/* The kernel has told of all. */
static int
handle_end(struct nl_msg *msg, void *aux OVS_UNUSED)
{
    struct kernel_neigh *neigh;

    if (nlmsg_hdr(msg)->nlmsg_seq == resync_seq && !must_resync) {
        HMAP_FOR_EACH_SAFE (neigh, node, &neighs) {
            if (!neigh->seen) {
                neigh_del(neigh);
            }
        }
    }
    return NL_OK;
}

/* Parses what 'nlh' tells of a neighbour.  Returns false if it is about
 * something else.  The state is NUD_NONE if it tells no MAC. */
static bool
parse_message(struct nlmsghdr *nlh, struct kernel_neigh *neigh)
{
    const struct ndmsg *ndm = nlmsg_data(nlh);
    struct nlattr *attrs[NDA_MAX + 1];
    bool is_ipv6;

    if (nlmsg_parse(nlh, sizeof *ndm, attrs, NDA_MAX, NULL) < 0
        || (ndm->ndm_family != AF_INET && ndm->ndm_family != AF_INET6)
        || !attrs[NDA_DST]) {
        return false;
    }
    is_ipv6 = ndm->ndm_family == AF_INET6;
    if ((size_t) nla_len(attrs[NDA_DST]) != (is_ipv6 ? sizeof neigh->ip
                                             : sizeof(ovs_be32))) {
        return false;
    }

    memset(neigh, 0, sizeof *neigh);
    if (is_ipv6) {
        memcpy(&neigh->ip, nla_data(attrs[NDA_DST]), sizeof neigh->ip);
    } else {
        ovs_be32 ip4;

        memcpy(&ip4, nla_data(attrs[NDA_DST]), sizeof ip4);
        in6_addr_set_mapped_ipv4(&neigh->ip, ip4);
    }
    neigh->ifindex = ndm->ndm_ifindex;
    neigh->state = ndm->ndm_state;
    if (attrs[NDA_LLADDR] && nla_len(attrs[NDA_LLADDR]) == ETH_ADDR_LEN) {
        memcpy(&neigh->mac, nla_data(attrs[NDA_LLADDR]), ETH_ADDR_LEN);
    } else {
        neigh->state = NUD_NONE;
    }
    return true;
}

/* Is 'name' a bridge whose local port is a device of the kernel's? */
static bool
is_local_port(const char *name)
{
    const struct ofproto *ofproto = ofproto_lookup(name);
    const struct ofport *port = (ofproto
                                 ? shash_find_data(&ofproto->port_by_name,
                                                   name)
                                 : NULL);

    return port && !strcmp(netdev_get_type(port->netdev), "tap");
}

static uint32_t
neigh_hash(int ifindex, const struct in6_addr *ip)
{
    return hash_bytes(ip, sizeof *ip, ifindex);
}

static struct kernel_neigh *
neigh_find(int ifindex, const struct in6_addr *ip)
{
    struct kernel_neigh *neigh;

    HMAP_FOR_EACH_WITH_HASH (neigh, node, neigh_hash(ifindex, ip), &neighs) {
        if (neigh->ifindex == ifindex && ipv6_addr_equals(&neigh->ip, ip)) {
            return neigh;
        }
    }
    return NULL;
}

static void
neigh_set(const struct kernel_neigh *new)
{
    struct kernel_neigh *neigh = neigh_find(new->ifindex, &new->ip);
    bool news = !neigh || !eth_addr_equals(neigh->mac, new->mac);

    if (neigh) {
        neigh->mac = new->mac;
        neigh->state = new->state;
    } else {
        neigh = xmemdup(new, sizeof *new);
        hmap_insert(&neighs, &neigh->node,
                    neigh_hash(neigh->ifindex, &neigh->ip));
    }
    neigh->seen = resync_answered;
    if (news || neigh->state & NUD_CONFIGURED) {
        neigh_tell(neigh);
    }
}

/* Tells OVS of 'neigh', if it is behind the local port of a bridge. */
static void
neigh_tell(const struct kernel_neigh *neigh)
{
    char name[IFNAMSIZ];

    if (hwv_next_hop_differs(&neigh->ip, neigh->mac)
        && if_indextoname(neigh->ifindex, name) && is_local_port(name)) {
        COVERAGE_INC(hwv_neigh_kernel_learned);
        hwv_neigh_set(name, &neigh->ip, neigh->mac);
    }
}

/* 'neigh' may be NULL. */
static void
neigh_del(struct kernel_neigh *neigh)
{
    if (neigh) {
        hmap_remove(&neighs, &neigh->node);
        free(neigh);
    }
}
