/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_SEGMENT_RULES_H
#define HWV_SEGMENT_RULES_H 1

/* The OpenFlow rules of segments
 * ==============================
 *
 * A segment is made of OpenFlow rules.  All but a few are in OVS's internal
 * table (254), where no controller and no ovs-ofctl can change them.  In table
 * 0, each VF of a segment, and each trunk (the tunnel port, or the port to the
 * uplink of VLANs), has one rule that leads there.  It is just above the
 * default rules, so the user's rules from priority 2 on come first.
 *
 * A packet goes through the internal table several times, each time in another
 * stage:
 *
 *     ENTRY      Which segment?  By in_port, and behind a trunk by VNI or VLAN
 *                id.  What is no segment's goes back to the user's rules.
 *     SOURCE     Is the source MAC known?  If not, the packet makes the main
 *                thread learn it, and goes on.  One that no station can have
 *                is dropped.
 *     PLACE      Is the source where it is known to be?  If not, that depends
 *                on who told us so: learned: learn again; by the kernel: go
 *                on; configured: drop.
 *     TARGET     Where is the destination?  A VF, a VTEP, or unknown: flood.
 *     VTEP       Out of the tunnel.  A VTEP has one rule, however many
 *                addresses are behind it.
 *     RELEASED   The same for a packet that has waited for its VTEP's next
 *                hop, and must not be told to wait once more.
 *     FOREIGN    Not of a segment; for not coming here again.
 *
 * The stage is in the field conj_id, which OpenFlow cannot write: so there is
 * no other way into a stage than through ENTRY.  There in_port is the port
 * that the packet came from, even if a user's rule says "resubmit(VF,0)" or
 * "resubmit(VF,254)".
 * Nothing that is written for the sake of these stages is a header field, and
 * so the datapath flow matches on in_port, MACs, and the outer source only.
 *
 * This file composes rules, one function for each kind.  A pure function of
 * its arguments; any thread. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hwv-vtag.h"
#include "openvswitch/match.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/types.h"

/* Registers, while a packet is in a segment. */
#define HWV_SEGMENT_REG_VTAG 15     /* VTAG, see hwv_segment_vtag_reg(). */
#define HWV_SEGMENT_REG_VTEP 14     /* Id of the VTEP to send to. */
#define HWV_SEGMENT_REG_PLACE 13    /* Where the source is known to be. */

/* Cookie of our rules in table 0, for users to tell them by. */
#define HWV_SEGMENT_COOKIE UINT64_C(0x6877767865677300)

/* How strongly an address is known to be at its place. */
enum hwv_segment_belief {
    HWV_BELIEF_LEARNED,         /* Moves when seen elsewhere. */
    HWV_BELIEF_STAYS,           /* Stays, but what comes from elsewhere is let
                                 * through: the kernel says so. */
    HWV_BELIEF_STATIC,          /* What comes from elsewhere is dropped. */
};

/* Where an address is: behind a port of the bridge, if 'vtep' is 0, or behind
 * the VTEP with this id. */
struct hwv_segment_place {
    uint32_t vtep;
    ofp_port_t port;
};

/* What a frame with unknown destination goes to. */
struct hwv_segment_flood {
    const ofp_port_t *ports;    /* Local VFs. */
    size_t n_ports;
    const uint32_t *vteps;      /* Ids. */
    size_t n_vteps;
    ofp_port_t uplink;          /* Of a VLAN, or OFPP_NONE. */
    uint16_t vlan;              /* VLAN id on the uplink. */
};

/* A rule. */
struct hwv_rule {
    uint8_t table_id;
    int priority;
    uint64_t cookie;
    struct match match;
    struct ofpbuf ofpacts;
};
void hwv_rule_destroy(struct hwv_rule *);

/* The value of register HWV_SEGMENT_REG_VTAG in 'vtag', and back. */
uint32_t hwv_segment_vtag_reg(const struct hwv_vtag *vtag);
struct hwv_vtag hwv_segment_reg_vtag(uint32_t reg);

/* Makes 'metadata' of a packet that was held (see hwv-packet-in.h) such that
 * the packet goes on from where it was when it gets to the internal table. */
void hwv_segment_set_resume(struct flow *metadata);

/* Each of these initialises 'rule', for hwv_rule_destroy() to free. */

/* Table 0: from a VF, or a trunk, to ENTRY. */
void hwv_rule_lead_vf(struct hwv_rule *rule, ofp_port_t vf);
void hwv_rule_lead_tunnel(struct hwv_rule *rule, ofp_port_t tunnel);
void hwv_rule_lead_uplink(struct hwv_rule *rule, ofp_port_t uplink);

/* ENTRY.  What no rule of this stage matches is dropped, by OVS's own rule.
 * hwv_rule_enter() leads there, once for a bridge. */
void hwv_rule_enter(struct hwv_rule *rule);
void hwv_rule_entry_vf(struct hwv_rule *rule, ofp_port_t vf,
                       const struct hwv_vtag *vtag);
void hwv_rule_entry_tagged(struct hwv_rule *rule, ofp_port_t vf);
void hwv_rule_entry_trunk(struct hwv_rule *rule, ofp_port_t trunk,
                          const struct hwv_vtag *vtag);
void hwv_rule_entry_foreign(struct hwv_rule *rule, ofp_port_t trunk);

/* SOURCE.  As in the Linux bridge, a source MAC that is a group's or all zeros
 * is nobody's, and the frame is dropped.  "Muted": no address is learned at
 * 'in_port', or if 'tun_src' is not zeros, at this VTEP; 0.0.0.0 is a tunnel
 * packet without source address. */
void hwv_rule_source_multicast(struct hwv_rule *rule,
                               const struct hwv_vtag *vtag);
void hwv_rule_source_zero(struct hwv_rule *rule, const struct hwv_vtag *vtag);
void hwv_rule_source_known(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                           struct eth_addr mac,
                           const struct hwv_segment_place *place,
                           enum hwv_segment_belief belief);
void hwv_rule_source_unknown(struct hwv_rule *rule,
                             const struct hwv_vtag *vtag);
void hwv_rule_source_muted(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                           ofp_port_t in_port, const struct in6_addr *tun_src);

/* PLACE: of a VF or uplink; of a VTEP; and anything but the right place. */
void hwv_rule_place_port(struct hwv_rule *rule, ofp_port_t port);
void hwv_rule_place_vtep(struct hwv_rule *rule, uint32_t id,
                         const struct in6_addr *ip, ofp_port_t tunnel);
void hwv_rule_place_wrong(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                          enum hwv_segment_belief belief);

/* TARGET.  The place of 'mac' is the uplink of VLAN 'vtag' if it is
 * 'uplink'. */
void hwv_rule_target_known(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                           struct eth_addr mac,
                           const struct hwv_segment_place *place,
                           ofp_port_t uplink);
void hwv_rule_target_no_flood(struct hwv_rule *rule,
                              const struct hwv_vtag *vtag, ofp_port_t vf);
void hwv_rule_target_from_trunk(struct hwv_rule *rule,
                                const struct hwv_vtag *vtag, ofp_port_t trunk,
                                const struct hwv_segment_flood *flood);
void hwv_rule_target_flood(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                           const struct hwv_segment_flood *flood);

/* VTEP.  Packets go out of 'tunnel', or if 'hold', they wait for the next hop.
 * Those to a VTEP without such a rule are dropped. */
void hwv_rule_vtep(struct hwv_rule *rule, uint32_t id,
                   const struct in6_addr *ip, ofp_port_t tunnel, bool hold);
void hwv_rule_vtep_from_tunnel(struct hwv_rule *rule,
                               const struct hwv_vtag *vtag, ofp_port_t tunnel);
void hwv_rule_vtep_down(struct hwv_rule *rule, const struct hwv_vtag *vtag);

/* RELEASED.  There before packets are held for the VTEP, and as long as they
 * may be.  hwv_rule_released_down(), once for a bridge, drops those to a VTEP
 * without such a rule. */
void hwv_rule_released(struct hwv_rule *rule, uint32_t id,
                       const struct in6_addr *ip, ofp_port_t tunnel);
void hwv_rule_released_down(struct hwv_rule *rule);

#endif /* hwv-segment-rules.h */
