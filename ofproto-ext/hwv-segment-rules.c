/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-segment-rules.h"

#include "hwv-packet-in.h"
#include "ofproto/ofproto-dpif.h"
#include "openvswitch/meta-flow.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-port.h"
#include "packets.h"
#include "unaligned.h"

/* Values of conj_id, which is 0 in each packet that comes in. */
#define STAGE_MAGIC 0x68770000
enum stage {
    STAGE_NONE = 0,
    STAGE_ENTRY = STAGE_MAGIC,
    STAGE_SOURCE = STAGE_MAGIC + 1,
    STAGE_PLACE = STAGE_MAGIC + 2,
    STAGE_TARGET = STAGE_MAGIC + 3,
    STAGE_VTEP = STAGE_MAGIC + 4,
    STAGE_RELEASED = STAGE_MAGIC + 5,
    STAGE_FOREIGN = STAGE_MAGIC + 6,
};

/* Bytes that most rules' actions fit into.  Not 0: OVS copies them with
 * memcpy(), which must not be given NULL even for a rule that drops. */
#define ROOM 64

/* Priorities in the internal table.  OVS has rules of its own there: one of
 * priority 2, for packets that did not recirculate, and for each bond some of
 * priority 20 for packets that did. */
enum {
    PRIORITY_SEGMENT = 4,       /* Whatever the segment does not know. */
    PRIORITY_TRUNK = 5,         /* From a trunk. */
    PRIORITY_VF = 6,            /* From a VF. */
    PRIORITY_KNOWN = 7,         /* MAC, VNI, VLAN, VTEP. */
    PRIORITY_BAD = 8,           /* Must not be. */
};

/* Register HWV_SEGMENT_REG_PLACE: the belief is in the upper bits. */
#define PLACE_BELIEF_SHIFT 30
#define PLACE_BELIEF_MASK (UINT32_C(3) << PLACE_BELIEF_SHIFT)
#define PLACE_LOCAL (UINT32_C(1) << 29)

/* Register HWV_SEGMENT_REG_VTAG. */
#define VTAG_TYPE_SHIFT 24

static void init(struct hwv_rule *, enum stage, int priority);
static void init_lead(struct hwv_rule *, ofp_port_t);
static void init_vtag(struct hwv_rule *, enum stage, int priority,
                      const struct hwv_vtag *);
static void match_vlan(struct match *, const struct hwv_vtag *);
static void match_tun_src(struct match *, const struct in6_addr *);
static void match_group_mac(struct match *, bool source, bool group);
static void set_field(struct hwv_rule *, enum mf_field_id, uint32_t value);
static void go(struct hwv_rule *, enum stage);
static void resubmit(struct ofpbuf *, uint8_t table_id);
static void output(struct hwv_rule *, ofp_port_t);
static void output_tagged(struct hwv_rule *, ofp_port_t, uint16_t vlan);
static void to_vtep(struct hwv_rule *, uint32_t id);
static void encapsulate(struct hwv_rule *, const struct in6_addr *,
                        ofp_port_t tunnel);
static uint32_t place_reg(const struct hwv_segment_place *);

void
hwv_rule_destroy(struct hwv_rule *rule)
{
    ofpbuf_uninit(&rule->ofpacts);
}

uint32_t
hwv_segment_vtag_reg(const struct hwv_vtag *vtag)
{
    return (uint32_t) vtag->type << VTAG_TYPE_SHIFT | vtag->id;
}

struct hwv_vtag
hwv_segment_reg_vtag(uint32_t reg)
{
    return (struct hwv_vtag) {
        .type = reg >> VTAG_TYPE_SHIFT,
        .id = reg & ((UINT32_C(1) << VTAG_TYPE_SHIFT) - 1),
    };
}

void
hwv_segment_set_resume(struct flow *metadata)
{
    metadata->conj_id = STAGE_RELEASED;
}

/* Table 0
 * ------- */

void
hwv_rule_lead_vf(struct hwv_rule *rule, ofp_port_t vf)
{
    init_lead(rule, vf);
}

void
hwv_rule_lead_tunnel(struct hwv_rule *rule, ofp_port_t tunnel)
{
    init_lead(rule, tunnel);
    match_set_conj_id(&rule->match, STAGE_NONE);
}

void
hwv_rule_lead_uplink(struct hwv_rule *rule, ofp_port_t uplink)
{
    init_lead(rule, uplink);
    match_set_conj_id(&rule->match, STAGE_NONE);
    match_set_dl_tci_masked(&rule->match, htons(VLAN_CFI), htons(VLAN_CFI));
}

/* ENTRY
 * ----- */

/* Whoever comes into the internal table from outside goes on by the port that
 * the packet came from, whatever in_port was resubmitted with.  After that, a
 * user's rule may go on: it must not find itself in a stage. */
void
hwv_rule_enter(struct hwv_rule *rule)
{
    init(rule, STAGE_NONE, PRIORITY_SEGMENT);
    go(rule, STAGE_ENTRY);
    set_field(rule, MFF_CONJ_ID, STAGE_NONE);
}

void
hwv_rule_entry_vf(struct hwv_rule *rule, ofp_port_t vf,
                  const struct hwv_vtag *vtag)
{
    init(rule, STAGE_ENTRY, PRIORITY_VF);
    match_set_in_port(&rule->match, vf);
    set_field(rule, MFF_REG0 + HWV_SEGMENT_REG_VTAG,
              hwv_segment_vtag_reg(vtag));
    go(rule, STAGE_SOURCE);
}

/* A guest in a VLAN may not send tagged frames: with another tag outside they
 * would be in its VLAN, but not everybody looks at the outer tag first. */
void
hwv_rule_entry_tagged(struct hwv_rule *rule, ofp_port_t vf)
{
    init(rule, STAGE_ENTRY, PRIORITY_BAD);
    match_set_in_port(&rule->match, vf);
    match_set_dl_tci_masked(&rule->match, htons(VLAN_CFI), htons(VLAN_CFI));
}

void
hwv_rule_entry_trunk(struct hwv_rule *rule, ofp_port_t trunk,
                     const struct hwv_vtag *vtag)
{
    init(rule, STAGE_ENTRY, PRIORITY_KNOWN);
    match_set_in_port(&rule->match, trunk);
    if (vtag->type == HWV_VTAG_VXLAN) {
        match_set_tun_id(&rule->match, htonll(vtag->id));
    } else {
        match_vlan(&rule->match, vtag);
        ofpact_put_STRIP_VLAN(&rule->ofpacts);
    }
    set_field(rule, MFF_REG0 + HWV_SEGMENT_REG_VTAG,
              hwv_segment_vtag_reg(vtag));
    go(rule, STAGE_SOURCE);
}

void
hwv_rule_entry_foreign(struct hwv_rule *rule, ofp_port_t trunk)
{
    init(rule, STAGE_ENTRY, PRIORITY_TRUNK);
    match_set_in_port(&rule->match, trunk);
    set_field(rule, MFF_CONJ_ID, STAGE_FOREIGN);
    resubmit(&rule->ofpacts, 0);
}

/* SOURCE
 * ------ */

void
hwv_rule_source_multicast(struct hwv_rule *rule, const struct hwv_vtag *vtag)
{
    init_vtag(rule, STAGE_SOURCE, PRIORITY_BAD, vtag);
    match_group_mac(&rule->match, true, true);
}

void
hwv_rule_source_zero(struct hwv_rule *rule, const struct hwv_vtag *vtag)
{
    init_vtag(rule, STAGE_SOURCE, PRIORITY_BAD, vtag);
    match_set_dl_src(&rule->match, eth_addr_zero);
}

void
hwv_rule_source_known(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                      struct eth_addr mac,
                      const struct hwv_segment_place *place,
                      enum hwv_segment_belief belief)
{
    init_vtag(rule, STAGE_SOURCE, PRIORITY_KNOWN, vtag);
    match_set_dl_src(&rule->match, mac);
    set_field(rule, MFF_REG0 + HWV_SEGMENT_REG_PLACE,
              place_reg(place) | (uint32_t) belief << PLACE_BELIEF_SHIFT);
    go(rule, STAGE_PLACE);
}

void
hwv_rule_source_unknown(struct hwv_rule *rule, const struct hwv_vtag *vtag)
{
    init_vtag(rule, STAGE_SOURCE, PRIORITY_SEGMENT, vtag);
    hwv_packet_in_put_action(&rule->ofpacts, HWV_PACKET_IN_LEARN);
    go(rule, STAGE_TARGET);
}

void
hwv_rule_source_muted(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                      ofp_port_t in_port, const struct in6_addr *tun_src)
{
    init_vtag(rule, STAGE_SOURCE, PRIORITY_VF, vtag);
    match_set_in_port(&rule->match, in_port);
    if (ipv6_addr_is_set(tun_src)) {
        match_tun_src(&rule->match, tun_src);
    }
    go(rule, STAGE_TARGET);
}

/* PLACE
 * ----- */

void
hwv_rule_place_port(struct hwv_rule *rule, ofp_port_t port)
{
    struct hwv_segment_place place = { .port = port };

    init(rule, STAGE_PLACE, PRIORITY_KNOWN);
    match_set_reg_masked(&rule->match, HWV_SEGMENT_REG_PLACE,
                         place_reg(&place), ~PLACE_BELIEF_MASK);
    match_set_in_port(&rule->match, port);
    go(rule, STAGE_TARGET);
}

void
hwv_rule_place_vtep(struct hwv_rule *rule, uint32_t id,
                    const struct in6_addr *ip, ofp_port_t tunnel)
{
    struct hwv_segment_place place = { .vtep = id, .port = OFPP_NONE };

    init(rule, STAGE_PLACE, PRIORITY_KNOWN);
    match_set_reg_masked(&rule->match, HWV_SEGMENT_REG_PLACE,
                         place_reg(&place), ~PLACE_BELIEF_MASK);
    match_set_in_port(&rule->match, tunnel);
    match_tun_src(&rule->match, ip);
    go(rule, STAGE_TARGET);
}

void
hwv_rule_place_wrong(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                     enum hwv_segment_belief belief)
{
    init_vtag(rule, STAGE_PLACE, PRIORITY_SEGMENT, vtag);
    match_set_reg_masked(&rule->match, HWV_SEGMENT_REG_PLACE,
                         (uint32_t) belief << PLACE_BELIEF_SHIFT,
                         PLACE_BELIEF_MASK);
    if (belief == HWV_BELIEF_STATIC) {
        return;
    }
    if (belief == HWV_BELIEF_LEARNED) {
        hwv_packet_in_put_action(&rule->ofpacts, HWV_PACKET_IN_LEARN);
    }
    go(rule, STAGE_TARGET);
}

/* TARGET
 * ------ */

void
hwv_rule_target_known(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                      struct eth_addr mac,
                      const struct hwv_segment_place *place,
                      ofp_port_t uplink)
{
    init_vtag(rule, STAGE_TARGET, PRIORITY_KNOWN, vtag);
    match_set_dl_dst(&rule->match, mac);
    if (place->vtep) {
        to_vtep(rule, place->vtep);
    } else if (vtag->type == HWV_VTAG_VLAN && place->port == uplink) {
        output_tagged(rule, uplink, vtag->id);
    } else {
        output(rule, place->port);
    }
}

/* From this VF, unknown destinations are dropped. */
void
hwv_rule_target_no_flood(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                         ofp_port_t vf)
{
    init_vtag(rule, STAGE_TARGET, PRIORITY_VF, vtag);
    match_set_in_port(&rule->match, vf);
    match_group_mac(&rule->match, false, false);
}

void
hwv_rule_target_from_trunk(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                           ofp_port_t trunk,
                           const struct hwv_segment_flood *flood)
{
    init_vtag(rule, STAGE_TARGET, PRIORITY_TRUNK, vtag);
    match_set_in_port(&rule->match, trunk);
    for (size_t i = 0; i < flood->n_ports; i++) {
        output(rule, flood->ports[i]);
    }
}

/* OVS does not send a packet out of the port that it came from. */
void
hwv_rule_target_flood(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                      const struct hwv_segment_flood *flood)
{
    init_vtag(rule, STAGE_TARGET, PRIORITY_SEGMENT, vtag);
    for (size_t i = 0; i < flood->n_ports; i++) {
        output(rule, flood->ports[i]);
    }
    for (size_t i = 0; i < flood->n_vteps; i++) {
        to_vtep(rule, flood->vteps[i]);
    }
    if (flood->uplink != OFPP_NONE) {
        output_tagged(rule, flood->uplink, flood->vlan);
    }
}

/* VTEP
 * ---- */

void
hwv_rule_vtep(struct hwv_rule *rule, uint32_t id, const struct in6_addr *ip,
              ofp_port_t tunnel, bool hold)
{
    init(rule, STAGE_VTEP, PRIORITY_KNOWN);
    match_set_reg(&rule->match, HWV_SEGMENT_REG_VTEP, id);
    if (hold) {
        hwv_packet_in_put_action(&rule->ofpacts, HWV_PACKET_IN_HOLD);
    } else {
        encapsulate(rule, ip, tunnel);
    }
}

/* Never from tunnel to tunnel. */
void
hwv_rule_vtep_from_tunnel(struct hwv_rule *rule, const struct hwv_vtag *vtag,
                          ofp_port_t tunnel)
{
    init_vtag(rule, STAGE_VTEP, PRIORITY_BAD, vtag);
    match_set_in_port(&rule->match, tunnel);
}

/* The VTEP has no route, has not answered for long, or has just gone, or there
 * is no tunnel port. */
void
hwv_rule_vtep_down(struct hwv_rule *rule, const struct hwv_vtag *vtag)
{
    init_vtag(rule, STAGE_VTEP, PRIORITY_SEGMENT, vtag);
}

/* RELEASED
 * -------- */

void
hwv_rule_released(struct hwv_rule *rule, uint32_t id,
                  const struct in6_addr *ip, ofp_port_t tunnel)
{
    init(rule, STAGE_RELEASED, PRIORITY_KNOWN);
    match_set_reg(&rule->match, HWV_SEGMENT_REG_VTEP, id);
    encapsulate(rule, ip, tunnel);
}

void
hwv_rule_released_down(struct hwv_rule *rule)
{
    init(rule, STAGE_RELEASED, PRIORITY_SEGMENT);
}

/* Parts of rules
 * -------------- */

/* A rule of 'stage' without actions, which drops. */
static void
init(struct hwv_rule *rule, enum stage stage, int priority)
{
    rule->table_id = TBL_INTERNAL;
    rule->priority = priority;
    rule->cookie = 0;
    match_init_catchall(&rule->match);
    match_set_conj_id(&rule->match, stage);
    match_set_recirc_id(&rule->match, 0);
    ofpbuf_init(&rule->ofpacts, ROOM);
}

static void
init_lead(struct hwv_rule *rule, ofp_port_t port)
{
    rule->table_id = 0;
    rule->priority = 1;
    rule->cookie = HWV_SEGMENT_COOKIE;
    match_init_catchall(&rule->match);
    match_set_in_port(&rule->match, port);
    ofpbuf_init(&rule->ofpacts, ROOM);
    resubmit(&rule->ofpacts, TBL_INTERNAL);
}

static void
init_vtag(struct hwv_rule *rule, enum stage stage, int priority,
          const struct hwv_vtag *vtag)
{
    init(rule, stage, priority);
    match_set_reg(&rule->match, HWV_SEGMENT_REG_VTAG,
                  hwv_segment_vtag_reg(vtag));
}

static void
match_vlan(struct match *match, const struct hwv_vtag *vtag)
{
    match_set_dl_tci_masked(match, htons(VLAN_CFI | vtag->id),
                            htons(VLAN_CFI | VLAN_VID_MASK));
}

/* 0.0.0.0 is for "::", too. */
static void
match_tun_src(struct match *match, const struct in6_addr *ip)
{
    ovs_be32 ip4 = in6_addr_get_mapped_ipv4(ip);

    if (!IN6_IS_ADDR_V4MAPPED(ip)) {
        match_set_tun_ipv6_src(match, ip);
        return;
    }
    match_set_tun_src(match, ip4);
    if (!ip4) {
        match_set_tun_ipv6_src(match, &in6addr_any);
    }
}

/* Matches MAC addresses of groups, or of single stations. */
static void
match_group_mac(struct match *match, bool source, bool group)
{
    const struct eth_addr bit = ETH_ADDR_C(01,00,00,00,00,00);
    const struct eth_addr value = group ? bit : eth_addr_zero;

    if (source) {
        match_set_dl_src_masked(match, value, bit);
    } else {
        match_set_dl_dst_masked(match, value, bit);
    }
}

static void
set_field(struct hwv_rule *rule, enum mf_field_id id, uint32_t value)
{
    ovs_be32 value_be = htonl(value);

    ofpact_put_reg_load(&rule->ofpacts, mf_from_id(id), &value_be, NULL);
}

static void
go(struct hwv_rule *rule, enum stage stage)
{
    set_field(rule, MFF_CONJ_ID, stage);
    resubmit(&rule->ofpacts, TBL_INTERNAL);
}

static void
resubmit(struct ofpbuf *ofpacts, uint8_t table_id)
{
    struct ofpact_resubmit *r = ofpact_put_RESUBMIT(ofpacts);

    r->in_port = OFPP_IN_PORT;
    r->table_id = table_id;
}

static void
output(struct hwv_rule *rule, ofp_port_t port)
{
    ofpact_put_OUTPUT(&rule->ofpacts)->port = port;
}

/* Must be the last output.  If 'port' is a patch port, the packet starts anew
 * in another bridge. */
static void
output_tagged(struct hwv_rule *rule, ofp_port_t port, uint16_t vlan)
{
    struct ofpact_push_vlan *push;
    struct ofpact_vlan_vid *vid;

    set_field(rule, MFF_CONJ_ID, STAGE_NONE);
    push = ofpact_put_PUSH_VLAN(&rule->ofpacts);
    push->ethertype = htons(ETH_TYPE_VLAN_8021Q);
    vid = ofpact_put_SET_VLAN_VID(&rule->ofpacts);
    vid->vlan_vid = vlan;
    vid->push_vlan_if_needed = false;
    vid->flow_has_vlan = true;
    output(rule, port);
}

static void
to_vtep(struct hwv_rule *rule, uint32_t id)
{
    set_field(rule, MFF_REG0 + HWV_SEGMENT_REG_VTEP, id);
    go(rule, STAGE_VTEP);
}

static void
encapsulate(struct hwv_rule *rule, const struct in6_addr *vtep,
            ofp_port_t tunnel)
{
    ovs_be32 ip4 = in6_addr_get_mapped_ipv4(vtep);
    ovs_be64 no_id = htonll(0);
    struct ofpact_reg_move *move;

    ofpact_put_reg_load(&rule->ofpacts, mf_from_id(MFF_TUN_ID), &no_id, NULL);
    move = ofpact_put_REG_MOVE(&rule->ofpacts);
    move->src.field = mf_from_id(MFF_REG0 + HWV_SEGMENT_REG_VTAG);
    move->src.n_bits = VTAG_TYPE_SHIFT;
    move->dst.field = mf_from_id(MFF_TUN_ID);
    move->dst.n_bits = VTAG_TYPE_SHIFT;

    /* Both, as the packet may have been to a VTEP of the other kind before. */
    ofpact_put_reg_load(&rule->ofpacts, mf_from_id(MFF_TUN_DST), &ip4, NULL);
    ofpact_put_reg_load(&rule->ofpacts, mf_from_id(MFF_TUN_IPV6_DST),
                        ip4 ? &in6addr_any : vtep, NULL);
    output(rule, tunnel);
}

static uint32_t
place_reg(const struct hwv_segment_place *place)
{
    return (place->vtep ? place->vtep
            : PLACE_LOCAL | ofp_to_u16(place->port));
}
