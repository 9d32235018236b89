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

/* The kernel vouches for the MAC of an entry in one of these states. */
#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE \
                    | NUD_DELAY | NUD_PROBE)
#define NUD_CONFIGURED (NUD_PERMANENT | NUD_NOARP)

struct kernel_neigh {
    struct hmap_node node;      /* In 'neighs'. */
    char bridge[IFNAMSIZ];
    struct in6_addr ip;         /* IPv4 as IPv4-mapped. */
    struct eth_addr mac;
};

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

static struct hmap neighs = HMAP_INITIALIZER(&neighs);
static struct nl_sock *sock;    /* NULL if it could not be opened. */
static bool must_resync;

static int open_socket(void);
static int handle_message(struct nl_msg *, void *aux);
static bool parse_message(struct nlmsghdr *, struct kernel_neigh *,
                          uint16_t *state);
static bool is_local_port(const char *name);
static struct kernel_neigh *neigh_find(const char *bridge,
                                       const struct in6_addr *);
static void neigh_set(const struct kernel_neigh *, uint16_t state);
static void neigh_del(const struct kernel_neigh *);
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

bool
hwv_neigh_kernel_find(const char *bridge, const struct in6_addr *ip,
                      struct eth_addr *mac)
{
    const struct kernel_neigh *neigh = neigh_find(bridge, ip);

    if (neigh) {
        *mac = neigh->mac;
    }
    return neigh != NULL;
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
    if (error == -NLE_NOMEM || error == -NLE_DUMP_INTR) {
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
    error = nl_connect(sock, NETLINK_ROUTE);
    if (!error) {
        error = nl_socket_add_memberships(sock, RTNLGRP_NEIGH, 0);
    }
    return error ? error : nl_socket_set_nonblocking(sock);
}

/* Asks for all neighbours.  The kernel's answer comes in the way of its
 * notifications: whichever is later counts. */
static void
resync(void)
{
    struct rtgenmsg request = { .rtgen_family = AF_UNSPEC };
    int error = nl_send_simple(sock, RTM_GETNEIGH, NLM_F_DUMP, &request,
                               sizeof request);

    must_resync = error < 0;
}

static int
handle_message(struct nl_msg *msg, void *aux OVS_UNUSED)
{
    struct nlmsghdr *nlh = nlmsg_hdr(msg);
    struct kernel_neigh neigh;
    uint16_t state;

    if ((nlh->nlmsg_type == RTM_NEWNEIGH || nlh->nlmsg_type == RTM_DELNEIGH)
        && parse_message(nlh, &neigh, &state)) {
        if (nlh->nlmsg_type == RTM_NEWNEIGH && state & NUD_USABLE) {
            neigh_set(&neigh, state);
        } else {
            neigh_del(&neigh);
        }
    }
    return NL_OK;
}

/* Parses what 'nlh' tells of a neighbour behind the local port of a bridge.
 * Returns false if it is about something else.  The MAC is all zeros if it
 * tells none. */
static bool
parse_message(struct nlmsghdr *nlh, struct kernel_neigh *neigh,
              uint16_t *state)
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
    *state = ndm->ndm_state;
    if (attrs[NDA_LLADDR] && nla_len(attrs[NDA_LLADDR]) == ETH_ADDR_LEN) {
        memcpy(&neigh->mac, nla_data(attrs[NDA_LLADDR]), ETH_ADDR_LEN);
    } else {
        *state = NUD_NONE;
    }
    return (if_indextoname(ndm->ndm_ifindex, neigh->bridge)
            && is_local_port(neigh->bridge));
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
neigh_hash(const char *bridge, const struct in6_addr *ip)
{
    return hash_bytes(ip, sizeof *ip, hash_string(bridge, 0));
}

static struct kernel_neigh *
neigh_find(const char *bridge, const struct in6_addr *ip)
{
    struct kernel_neigh *neigh;

    HMAP_FOR_EACH_WITH_HASH (neigh, node, neigh_hash(bridge, ip), &neighs) {
        if (!strcmp(neigh->bridge, bridge)
            && ipv6_addr_equals(&neigh->ip, ip)) {
            return neigh;
        }
    }
    return NULL;
}

static void
neigh_set(const struct kernel_neigh *new, uint16_t state)
{
    struct kernel_neigh *neigh = neigh_find(new->bridge, &new->ip);
    bool news = !neigh || !eth_addr_equals(neigh->mac, new->mac);

    if (neigh) {
        neigh->mac = new->mac;
    } else {
        neigh = xmemdup(new, sizeof *new);
        hmap_insert(&neighs, &neigh->node,
                    neigh_hash(neigh->bridge, &neigh->ip));
    }
    if ((news || state & NUD_CONFIGURED)
        && hwv_next_hop_differs(&new->ip, new->mac)) {
        COVERAGE_INC(hwv_neigh_kernel_learned);
        hwv_neigh_set(new->bridge, &new->ip, new->mac);
    }
}

static void
neigh_del(const struct kernel_neigh *gone)
{
    struct kernel_neigh *neigh = neigh_find(gone->bridge, &gone->ip);

    if (neigh) {
        hmap_remove(&neighs, &neigh->node);
        free(neigh);
    }
}
