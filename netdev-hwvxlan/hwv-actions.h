/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_ACTIONS_H
#define HWV_ACTIONS_H 1

/* Action compiler
 * ===============
 *
 * Turns the actions of a datapath flow (ODP Netlink attributes) into what the
 * NIC can do, or says why it cannot:
 *
 *     (nothing), drop                        drop
 *     PORT                                   output as it is
 *     push_vlan(..),PORT                     output with a VLAN tag
 *     pop_vlan,PORT                          output without its VLAN tag
 *     tnl_push(..),PORT                      encapsulate and output, also as
 *     clone(tnl_push(..),PORT)               the only action
 *     tnl_pop(PORT)                          receive as VXLAN
 *
 * The ports are datapath port numbers: whether they are on the NIC is for the
 * caller.  Pure functions, safe from any thread. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hwv-reject.h"
#include "hwv-tunnel-table.h"
#include "openvswitch/types.h"
#include "packets.h"

struct nlattr;

enum hwv_action_type {
    HWV_ACTION_DROP,
    HWV_ACTION_OUTPUT,
    HWV_ACTION_ENCAP,
    HWV_ACTION_POP,
};

struct hwv_action {
    enum hwv_action_type type;
    odp_port_t port;            /* OUTPUT, ENCAP: where to.  POP: the tunnel
                                 * port.  DROP: ODPP_NONE. */
    bool pop_vlan;              /* First take a VLAN tag off, */
    bool push_vlan;             /* then put one of type 0x8100 on, ... */
    uint16_t tci;               /* ... with this priority and VLAN id (host
                                 * byte order, DEI 0). */

    /* ENCAP only, otherwise zeros. */
    odp_port_t tnl_port;        /* The tunnel port that pushes. */
    odp_port_t underlay_port;   /* Local port of the underlay bridge. */
    struct hwv_encap encap;     /* As hwv-tunnel-table.h describes. */
    struct eth_addr next_hop;   /* The header's Ethernet destination. */
    struct in6_addr remote;     /* Outer destination; IPv4 as mapped. */
    uint32_t vni;
    uint8_t outer_ecn;          /* ECN field of the header. */
};

/* Compiles the 'len' bytes of attributes at 'actions' into '*action'.  Returns
 * HWV_ACCEPT, or a reason with '*action' undefined.
 *
 * An ENCAP header is accepted only if it is what hwv_encapsulate() can make:
 * Ethernet, IPv4 without options and not a fragment (DF is fine) or IPv6
 * without extension headers and flow label, UDP, VXLAN with just the "I" flag
 * and reserved bits zero (RFC 7348 section 5), IPv6 always with UDP
 * checksum. */
enum hwv_reject hwv_action_compile(const struct nlattr *actions, size_t len,
                                   struct hwv_action *action);

struct ovs_action_push_tnl;

/* Compiles the header that a tnl_push with 'data' puts on, in the same way,
 * into '*action', all but 'type' and 'port'. */
enum hwv_reject hwv_push_compile(const struct ovs_action_push_tnl *data,
                                 struct hwv_action *action);

/* Do 'a' and 'b' send a packet the same way, but for the next hop's MAC?  That
 * is not the action's to say (see lib/hwv-next-hop.h). */
bool hwv_action_same_path(const struct hwv_action *a,
                          const struct hwv_action *b);

#endif /* hwv-actions.h */
