/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_MATCH_H
#define HWV_MATCH_H 1

/* Match compiler
 * ==============
 *
 * Turns the match of a datapath flow into what the NIC's tables can say, or
 * says why it cannot.  There are four kinds of flow, by input port:
 *
 *   - from a VF:      the inner frame.
 *   - from a tunnel:  the inner frame and the tunnel metadata (after tnl_pop).
 *   - from the uplink: the outer frame of a tnl_pop flow, or
 *   - from a VLAN:    the frame with its tag ("inner", as it is what goes to a
 *                     VM).
 *
 * Every field of 'struct flow' is either expressed exactly, or implied by what
 * the pipeline checks anyway, or its mask must be zero: a field that nobody
 * thought of leads to a refusal, never to a wider entry (soundness).
 *
 * Pure functions, safe from any thread. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "hwv-reject.h"
#include "hwv-source-table.h"
#include "openvswitch/match.h"

/* The inner frame: a flow key, less the domain. */
struct hwv_inner_match {
    struct eth_addr dmac;       /* Zeros unless the shape has it. */
    struct eth_addr smac;
    uint8_t class;              /* Shape, IP version, fragment kind, and, if
                                 * 'ecn_matched', ECN (see hwv-key.h);
                                 * HWV_CLASS_RX if from a tunnel or VLAN. */
    bool ecn_matched;           /* False: one entry per ECN value (from a VF
                                 * only). */
};

/* The tunnel metadata that a flow from a tunnel port matches: the outer header
 * less MACs and UDP destination port.  No padding left undefined; may be
 * compared with memcmp(). */
struct hwv_tunnel_match {
    struct in6_addr src;        /* IPv4 as IPv4-mapped. */
    struct in6_addr dst;
    uint32_t vni;
    uint8_t tos;
    uint8_t flags;              /* HWV_SOURCE_CSUM or 0. */
    uint8_t pad[2];             /* Zeros. */
};

/* What a tnl_pop flow matches of the outer frame. */
struct hwv_outer_match {
    bool ipv6;
    bool smac_matched;
    struct eth_addr dmac;       /* Always matched exactly. */
    struct eth_addr smac;
    struct in6_addr src, src_mask;  /* IPv4 as IPv4-mapped, its mask with 96
                                     * leading ones. */
    struct in6_addr dst, dst_mask;
    uint8_t tos, tos_mask;
    ovs_be16 udp_dst;           /* Always matched exactly. */
};

/* Each of these returns HWV_ACCEPT and fills in its outputs, or returns a
 * reason and leaves them undefined.  Bits of 'match->flow' outside of its mask
 * may have any value.  In particular:
 *
 *   from a VF: recirc_id 0, Ethernet, IPv4 or IPv6, no VLAN tag, fragment kind
 *     exact, each MAC exact or ignored, ECN exact or ignored.
 *
 *   from a tunnel: the same, ECN ignored, and a VXLAN tunnel's src, dst, key,
 *     TOS, key flag (set) and checksum flag exact, TTL and UDP ports ignored;
 *     metadata that tnl_pop always leaves zero ("don't fragment" and OAM
 *     flags, GBP, tunnel options, ...) may be matched as zero.
 *
 *   from a VLAN: the same as from a VF, ECN ignored, and one VLAN tag,
 *     priority and VLAN id exact, its type 0x8100 or ignored.
 *
 *   from the uplink: recirc_id 0, Ethernet, IPv4 or IPv6 and UDP exact, no
 *     VLAN tag, not a fragment, destination MAC and UDP destination port
 *     exact; source MAC exact or ignored; addresses and TOS under any mask;
 *     everything else ignored.
 *
 * "Ignored" and "no" include a field matched as zero that is zero in every
 * such packet, e.g. skb_priority, or IPv6 addresses in a flow for IPv4. */
enum hwv_reject hwv_match_from_vf(const struct match *match,
                                  struct hwv_inner_match *inner);
enum hwv_reject hwv_match_from_tunnel(const struct match *match,
                                      struct hwv_inner_match *inner,
                                      struct hwv_tunnel_match *tunnel);
enum hwv_reject hwv_match_from_vlan(const struct match *match,
                                    struct hwv_inner_match *inner,
                                    uint16_t *tci);
enum hwv_reject hwv_match_from_uplink(const struct match *match,
                                      struct hwv_outer_match *outer);

/* Does a flow match frames with a VLAN tag only? */
bool hwv_match_has_tag(const struct match *match);

/* Does the tnl_pop flow that matches 'outer' match every packet (of the right
 * MACs and port) that gives the metadata 'tunnel'?  If so fills in '*key' with
 * the source table row for the two. */
bool hwv_outer_match_covers(const struct hwv_outer_match *outer,
                            const struct hwv_tunnel_match *tunnel,
                            struct hwv_source_key *key);

#endif /* hwv-match.h */
