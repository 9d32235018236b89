/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-bind.h"

#include "hash.h"
#include "hwv-blocked-vteps.h"
#include "hwv-next-hop.h"
#include "ovs-router.h"
#include "util.h"

/* Where the packets of a tunnel go first. */
struct hop {
    char bridge[IFNAMSIZ];      /* "" if not known. */
    struct in6_addr ip;
    struct in6_addr src;        /* The route's source address. */
    struct eth_addr mac;
};

static void hop_lookup(const struct hwv_action *, struct hop *);
static bool route_lookup(const struct in6_addr *remote, struct hop *);
static bool is_of_segment(const struct hwv_flow *);
static struct hwv_tunnel_use *tunnel_use_find(const struct hwv_flow *,
                                              const struct hop *,
                                              uint32_t hash)
    OVS_REQUIRES(hwv_control_mutex);
static struct hwv_tunnel_use *tunnel_use_add(const struct hwv_flow *,
                                             const struct hop *, uint32_t hash)
    OVS_REQUIRES(hwv_control_mutex);
static void tunnel_use_put(struct hwv_tunnel_use *)
    OVS_REQUIRES(hwv_control_mutex);
static bool tunnel_in(struct hwv_tunnel_use *)
    OVS_REQUIRES(hwv_control_mutex);
static void tunnel_out(struct hwv_tunnel_use *)
    OVS_REQUIRES(hwv_control_mutex);
static void watch_next_hop(struct hwv_tunnel_use *)
    OVS_REQUIRES(hwv_control_mutex);
static void follow_route(struct hwv_tunnel_use *)
    OVS_REQUIRES(hwv_control_mutex);
static void keep_id_free(const struct hwv_nic *)
    OVS_REQUIRES(hwv_control_mutex);
static bool has_free_id(const struct hwv_nic *)
    OVS_REQUIRES(hwv_control_mutex);
static void tunnel_use_next_hop_cb(struct eth_addr mac, void *use_);

void
hwv_tunnel_use_get(struct hwv_flow *flow)
{
    const struct hwv_action *action = &flow->action;
    struct hwv_tunnel_use *use;
    struct hwv_count count;
    struct hop hop;
    uint32_t hash;

    hop_lookup(action, &hop);
    hash = hash_bytes(&action->encap, sizeof action->encap, 0);
    use = tunnel_use_find(flow, &hop, hash);
    if (!use) {
        use = tunnel_use_add(flow, &hop, hash);
    }
    use->mac = hop.mac;
    use->route_src = hop.src;
    use->n_flows++;
    flow->tunnel_use = use;
    hwv_flow_count(flow, &count);
    flow->tunnel_base = count.packets;
}

void
hwv_tunnel_use_put(struct hwv_flow *flow)
{
    struct hwv_tunnel_use *use = flow->tunnel_use;
    struct hwv_count count;

    if (!use) {
        return;
    }

    hwv_flow_count(flow, &count);
    use->gone.packets += count.packets - flow->tunnel_base;
    tunnel_use_put(use);
    flow->tunnel_use = NULL;
}

void
hwv_tunnel_use_hold(struct hwv_tunnel_use *use)
{
    use->n_flows++;
    hwv_nic_use(use->nic);
}

void
hwv_tunnel_use_release(struct hwv_tunnel_use *use)
{
    struct hwv_nic *nic = use->nic;

    tunnel_use_put(use);
    hwv_nic_unuse(nic);
}

bool
hwv_tunnel_use_may_enter(const struct hwv_tunnel_use *use)
{
    return use->in_nic || has_free_id(use->nic);
}

bool
hwv_tunnel_use_enter(struct hwv_tunnel_use *use)
{
    if (!use->in_nic && !tunnel_in(use)) {
        return false;
    }
    if (!use->n_residents++) {
        ovs_list_remove(&use->idle_node);
    }
    keep_id_free(use->nic);
    return true;
}

void
hwv_tunnel_use_leave(struct hwv_tunnel_use *use)
{
    if (!--use->n_residents) {
        ovs_list_push_back(&use->nic->idle_tunnels, &use->idle_node);
        keep_id_free(use->nic);
    }
}

bool
hwv_tunnel_use_is_current(const struct hwv_tunnel_use *use,
                          const struct hwv_action *action)
{
    struct hop hop;

    hop_lookup(action, &hop);
    return (!strcmp(use->bridge, hop.bridge)
            && ipv6_addr_equals(&use->next_hop, &hop.ip)
            && (hop.bridge[0] || eth_addr_equals(use->mac, hop.mac)));
}

void
hwv_nic_block_tunnels(const struct in6_addr *vtep, bool blocked)
{
    struct hwv_tunnel_use *use;
    struct hwv_nic *nic;

    ovs_mutex_lock(&hwv_control_mutex);
    HMAP_FOR_EACH (nic, node, hwv_nics()) {
        HMAP_FOR_EACH (use, node, &nic->tunnels) {
            if (use->in_nic && use->of_segment
                && ipv6_addr_equals(&use->remote, vtep)) {
                nic->provider->tunnel_block(nic->dev, use->id, blocked);
            }
        }
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_nic_follow_routes(void)
{
    struct hwv_tunnel_use *use;
    struct hwv_nic *nic;

    ovs_mutex_lock(&hwv_control_mutex);
    HMAP_FOR_EACH (nic, node, hwv_nics()) {
        HMAP_FOR_EACH (use, node, &nic->tunnels) {
            follow_route(use);
        }
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_nic_remove_idle_tunnels(struct hwv_nic *nic)
{
    struct hwv_tunnel_use *use;

    LIST_FOR_EACH_SAFE (use, idle_node, &nic->idle_tunnels) {
        tunnel_out(use);
    }
}

struct eth_addr
hwv_tunnel_use_mac(const struct hwv_tunnel_use *use)
{
    return use->watch ? hwv_next_hop_mac(use->watch) : use->mac;
}

/* Finds out the next hop as xlate did when it made the header: by route, and
 * by OVS's neighbour cache.  Where one of them does not know it, the header's
 * MAC is all that is known: the route may have gone, the neighbour may have
 * expired, or the VTEP's address is not on the bridge's local port, which OVS
 * calls its neighbours by. */
static void
hop_lookup(const struct hwv_action *action, struct hop *hop)
{
    if (!route_lookup(&action->remote, hop)
        || !hwv_next_hop_lookup(hop->bridge, &hop->ip, &hop->mac)) {
        memset(hop, 0, sizeof *hop);
        hop->mac = action->next_hop;
    }
}

static bool
route_lookup(const struct in6_addr *remote, struct hop *hop)
{
    struct in6_addr gw = in6addr_any;

    memset(hop, 0, sizeof *hop);
    if (!ovs_router_lookup(0, remote, hop->bridge, &hop->src, &gw)) {
        return false;
    }
    hop->ip = (ipv6_addr_is_set(&gw)
               && (!IN6_IS_ADDR_V4MAPPED(&gw)
                   || in6_addr_get_mapped_ipv4(&gw)) ? gw : *remote);
    return true;
}

static bool
is_of_segment(const struct hwv_flow *flow)
{
    const struct hwv_port *vf = hwv_port_from_netdev(flow->netdev);
    bool in_segment;

    atomic_read_relaxed(&vf->in_segment, &in_segment);
    return in_segment;
}

/* A next hop that is not known is told apart by its MAC. */
static struct hwv_tunnel_use *
tunnel_use_find(const struct hwv_flow *flow, const struct hop *hop,
                uint32_t hash)
{
    const struct hwv_encap *encap = &flow->action.encap;
    bool of_segment = is_of_segment(flow);
    struct hwv_tunnel_use *use;

    HMAP_FOR_EACH_WITH_HASH (use, node, hash, &flow->nic->tunnels) {
        if (use->of_segment == of_segment
            && !memcmp(&use->encap, encap, sizeof *encap)
            && !strcmp(use->bridge, hop->bridge)
            && ipv6_addr_equals(&use->next_hop, &hop->ip)
            && (hop->bridge[0] || eth_addr_equals(use->mac, hop->mac))) {
            return use;
        }
    }
    return NULL;
}

static struct hwv_tunnel_use *
tunnel_use_add(const struct hwv_flow *flow, const struct hop *hop,
               uint32_t hash)
{
    struct hwv_tunnel_use *use = xzalloc(sizeof *use);
    struct hwv_nic *nic = flow->nic;

    use->nic = nic;
    use->encap = flow->action.encap;
    use->remote = flow->action.remote;
    use->of_segment = is_of_segment(flow);
    ovs_strlcpy(use->bridge, hop->bridge, sizeof use->bridge);
    use->next_hop = hop->ip;
    hmap_insert(&nic->tunnels, &use->node, hash);
    return use;
}

/* A flow ceases to use 'use'. */
static void
tunnel_use_put(struct hwv_tunnel_use *use)
{
    if (!--use->n_flows) {
        ovs_assert(!use->n_residents);
        if (use->in_nic) {
            tunnel_out(use);
        }
        hmap_remove(&use->nic->tunnels, &use->node);
        free(use);
    }
}

/* Puts 'use' into the NIC, where it is idle.  Returns false if there is no id
 * for it: also in a table that is not full some rest, until no packet can be
 * on its way with them. */
static bool
tunnel_in(struct hwv_tunnel_use *use)
{
    struct hwv_nic *nic = use->nic;

    if (nic->provider->tunnel_add(nic->dev, &use->encap, use->mac, &use->id)) {
        return false;
    }
    if (use->of_segment && hwv_vtep_is_blocked(&use->remote)) {
        nic->provider->tunnel_block(nic->dev, use->id, true);
    }
    watch_next_hop(use);
    use->in_nic = true;
    ovs_list_push_back(&nic->idle_tunnels, &use->idle_node);
    return true;
}

/* Takes 'use', which is idle, out of the NIC. */
static void
tunnel_out(struct hwv_tunnel_use *use)
{
    struct hwv_nic *nic = use->nic;

    use->mac = hwv_tunnel_use_mac(use);
    hwv_next_hop_unwatch(use->watch);
    use->watch = NULL;
    nic->provider->tunnel_remove(nic->dev, use->id);
    use->in_nic = false;
    ovs_list_remove(&use->idle_node);
}

/* Lets 'use', which is in the NIC, follow its next hop, if that is known. */
static void
watch_next_hop(struct hwv_tunnel_use *use)
{
    if (use->bridge[0]) {
        use->watch = hwv_next_hop_watch(use->bridge, &use->next_hop, use->mac,
                                        tunnel_use_next_hop_cb, use);
        /* The main loop may have looked before there was a watch. */
        hwv_next_hop_refresh_one(use->bridge, &use->next_hop,
                                 hwv_next_hop_lookup);
    }
}

/* Gives 'use' another next hop if its route has one that is known.  Where the
 * route leads out of another device, or from another address, the header is
 * another one, and takes the revalidation of its flows. */
static void
follow_route(struct hwv_tunnel_use *use)
{
    struct hop hop;

    if (use->bridge[0] && route_lookup(&use->remote, &hop)
        && !strcmp(use->bridge, hop.bridge)
        && ipv6_addr_equals(&use->route_src, &hop.src)
        && !ipv6_addr_equals(&use->next_hop, &hop.ip)
        && hwv_next_hop_lookup(hop.bridge, &hop.ip, &hop.mac)) {
        use->next_hop = hop.ip;
        use->mac = hop.mac;
        if (use->in_nic) {
            hwv_next_hop_unwatch(use->watch);
            watch_next_hop(use);
        }
    }
}

/* Of a full table, the tunnel that has been idle for the longest time leaves:
 * its id has rested by the time when another one needs it. */
static void
keep_id_free(const struct hwv_nic *nic)
{
    struct hwv_tunnel_use *use;

    if (!has_free_id(nic) && !ovs_list_is_empty(&nic->idle_tunnels)) {
        use = CONTAINER_OF(ovs_list_front(&nic->idle_tunnels),
                           struct hwv_tunnel_use, idle_node);
        tunnel_out(use);
    }
}

static bool
has_free_id(const struct hwv_nic *nic)
{
    struct hwv_nic_usage usage;

    nic->provider->usage(nic->dev, &usage);
    return usage.tunnels < usage.max_tunnels;
}

/* Called without hwv_control_mutex.  What it reads of '*use' does not change
 * while the watch lasts. */
static void
tunnel_use_next_hop_cb(struct eth_addr mac, void *use_)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    struct hwv_tunnel_use *use = use_;

    use->nic->provider->tunnel_set_next_hop(use->nic->dev, use->id, mac);
}
