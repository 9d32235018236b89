/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-segments-private.h"

#include "hash.h"
#include "hwv-rule-store.h"
#include "hwv-segments.h"
#include "netdev.h"
#include "ofproto/ofproto-dpif.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_segment_bridge);

struct hmap hwv_bridges = HMAP_INITIALIZER(&hwv_bridges);

static bool is_tunnel(const struct netdev *);
static struct hwv_lead *find_lead(const struct hwv_bridge *, ofp_port_t);
static void install_lead(struct hwv_bridge *, struct hwv_lead *);
static void remove_lead(struct hwv_bridge *, struct hwv_lead *);
static void compose_lead(struct hwv_rule *, const struct hwv_lead *);

/* OVS has no other kind of ofproto. */
static struct ofproto_dpif *
dpif_cast(const struct ofproto *ofproto)
{
    return CONTAINER_OF(ofproto, struct ofproto_dpif, up);
}

void
hwv_segments_bridge_created(struct ofproto *ofproto)
{
    struct hwv_bridge *bridge = xzalloc(sizeof *bridge);

    bridge->ofproto = dpif_cast(ofproto);
    bridge->name = ofproto->name;
    bridge->tunnel = OFPP_NONE;
    hmap_init(&bridge->leads);
    hmap_insert(&hwv_bridges, &bridge->node, hash_pointer(bridge->ofproto, 0));
}

void
hwv_segments_bridge_destroyed(struct ofproto *ofproto)
{
    struct hwv_bridge *bridge = hwv_bridge_find(dpif_cast(ofproto));
    struct hwv_lead *lead;

    if (!bridge) {
        return;
    }

    hwv_members_bridge_gone(bridge);
    HMAP_FOR_EACH_POP (lead, node, &bridge->leads) {
        free(lead);
    }
    hmap_destroy(&bridge->leads);
    hmap_remove(&hwv_bridges, &bridge->node);
    free(bridge);
}

void
hwv_segments_bridge_flushed(const struct connmgr *connmgr)
{
    struct hwv_bridge *bridge;

    HMAP_FOR_EACH (bridge, node, &hwv_bridges) {
        if (bridge->ofproto->up.connmgr == connmgr) {
            hwv_bridge_restore_leads(bridge);
            return;
        }
    }
}

struct hwv_bridge *
hwv_bridge_find(const struct ofproto_dpif *ofproto)
{
    struct hwv_bridge *bridge;

    HMAP_FOR_EACH_WITH_HASH (bridge, node, hash_pointer(ofproto, 0),
                             &hwv_bridges) {
        if (bridge->ofproto == ofproto) {
            return bridge;
        }
    }
    return NULL;
}

/* If there are several, the one with the lowest number is it. */
bool
hwv_bridge_update_tunnel(struct hwv_bridge *bridge)
{
    ofp_port_t tunnel = OFPP_NONE;
    const struct ofport *ofport;

    HMAP_FOR_EACH (ofport, hmap_node, &bridge->ofproto->up.ports) {
        if (is_tunnel(ofport->netdev)
            && ofp_to_u16(ofport->ofp_port) < ofp_to_u16(tunnel)) {
            tunnel = ofport->ofp_port;
        }
    }
    if (tunnel == bridge->tunnel) {
        return false;
    }
    hwv_segment_vteps_remove(bridge, bridge->tunnel);
    bridge->tunnel = tunnel;
    hwv_segment_vteps_install(bridge);
    return true;
}

void
hwv_bridge_leads_begin(struct hwv_bridge *bridge)
{
    struct hwv_lead *lead;

    HMAP_FOR_EACH (lead, node, &bridge->leads) {
        lead->wanted = false;
    }
}

void
hwv_bridge_want_lead(struct hwv_bridge *bridge, ofp_port_t port,
                     enum hwv_lead_kind kind)
{
    struct hwv_lead *lead = find_lead(bridge, port);

    if (lead && lead->kind != kind) {
        remove_lead(bridge, lead);
        lead = NULL;
    }
    if (!lead) {
        lead = xzalloc(sizeof *lead);
        lead->port = port;
        lead->kind = kind;
        hmap_insert(&bridge->leads, &lead->node, hash_ofp_port(port));
    }
    lead->wanted = true;
}

void
hwv_bridge_leads_end(struct hwv_bridge *bridge)
{
    struct hwv_lead *lead;

    HMAP_FOR_EACH_SAFE (lead, node, &bridge->leads) {
        if (lead->wanted) {
            install_lead(bridge, lead);
        } else {
            remove_lead(bridge, lead);
        }
    }
}

bool
hwv_bridge_lead_taken(const struct hwv_bridge *bridge, ofp_port_t port)
{
    const struct hwv_lead *lead = find_lead(bridge, port);

    return lead && lead->taken;
}

void
hwv_bridge_restore_leads(struct hwv_bridge *bridge)
{
    struct hwv_lead *lead;

    HMAP_FOR_EACH (lead, node, &bridge->leads) {
        install_lead(bridge, lead);
    }
}

static bool
is_tunnel(const struct netdev *netdev)
{
    const struct netdev_tunnel_config *config;

    if (strcmp(netdev_get_type(netdev), "vxlan")) {
        return false;
    }
    config = netdev_get_tunnel_config(netdev);
    return (config && config->ip_dst_flow && config->in_key_flow
            && config->out_key_flow && !config->exts);
}

static struct hwv_lead *
find_lead(const struct hwv_bridge *bridge, ofp_port_t port)
{
    struct hwv_lead *lead;

    HMAP_FOR_EACH_WITH_HASH (lead, node, hash_ofp_port(port),
                             &bridge->leads) {
        if (lead->port == port) {
            return lead;
        }
    }
    return NULL;
}

/* Installs a rule and frees it. */
static int
install(struct hwv_bridge *bridge, struct hwv_rule *rule)
{
    int error = hwv_rule_install(bridge->ofproto, rule);

    hwv_rule_destroy(rule);
    return error;
}

/* Removes a rule and frees it. */
static void
uninstall(struct hwv_bridge *bridge, struct hwv_rule *rule)
{
    hwv_rule_remove(bridge->ofproto, rule);
    hwv_rule_destroy(rule);
}

/* What the rule leads to comes first. */
static void
install_lead(struct hwv_bridge *bridge, struct hwv_lead *lead)
{
    struct hwv_rule rule;
    bool taken;

    hwv_rule_enter(&rule);
    install(bridge, &rule);
    hwv_rule_released_down(&rule);
    install(bridge, &rule);
    if (lead->kind != HWV_LEAD_VF) {
        hwv_rule_entry_foreign(&rule, lead->port);
        install(bridge, &rule);
    }
    if (lead->kind != HWV_LEAD_TUNNEL) {
        hwv_rule_place_port(&rule, lead->port);
        install(bridge, &rule);
    }

    compose_lead(&rule, lead);
    taken = install(bridge, &rule) == EEXIST;
    if (taken && !lead->taken) {
        VLOG_WARN("%s: a rule of the user's for port %"PRIu32" in table 0 "
                  "with priority 1 keeps its packets from their segment",
                  bridge->name, lead->port);
    }
    if (taken != lead->taken) {
        hwv_members_invalidate();       /* For the Interface's status. */
    }
    lead->taken = taken;
}

static void
remove_lead(struct hwv_bridge *bridge, struct hwv_lead *lead)
{
    struct hwv_rule rule;

    compose_lead(&rule, lead);
    uninstall(bridge, &rule);

    if (lead->kind != HWV_LEAD_VF) {
        hwv_rule_entry_foreign(&rule, lead->port);
        uninstall(bridge, &rule);
    }
    if (lead->kind != HWV_LEAD_TUNNEL) {
        hwv_rule_place_port(&rule, lead->port);
        uninstall(bridge, &rule);
    }
    hmap_remove(&bridge->leads, &lead->node);
    free(lead);
    if (hmap_is_empty(&bridge->leads)) {
        hwv_rule_enter(&rule);
        uninstall(bridge, &rule);
        hwv_rule_released_down(&rule);
        uninstall(bridge, &rule);
    }
}

static void
compose_lead(struct hwv_rule *rule, const struct hwv_lead *lead)
{
    switch (lead->kind) {
    case HWV_LEAD_VF:
        hwv_rule_lead_vf(rule, lead->port);
        break;
    case HWV_LEAD_TUNNEL:
        hwv_rule_lead_tunnel(rule, lead->port);
        break;
    case HWV_LEAD_UPLINK:
        hwv_rule_lead_uplink(rule, lead->port);
        break;
    default:
        OVS_NOT_REACHED();
    }
}
