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
    struct eth_addr mac;
};

static void hop_lookup(const struct hwv_action *, struct hop *);
static bool is_of_segment(const struct hwv_flow *);
static struct hwv_tunnel_use *tunnel_use_find(const struct hwv_flow *,
                                              const struct hop *,
                                              uint32_t hash)
    OVS_REQUIRES(hwv_control_mutex);
static struct hwv_tunnel_use *tunnel_use_add(const struct hwv_flow *,
                                             const struct hop *, uint32_t hash)
    OVS_REQUIRES(hwv_control_mutex);
static void expect_ids(struct hwv_nic *) OVS_REQUIRES(hwv_control_mutex);
static void tunnel_use_next_hop_cb(struct eth_addr mac, void *use_);

enum hwv_reject
hwv_tunnel_use_get(struct hwv_flow *flow)
{
    const struct hwv_action *action = &flow->action;
    struct hwv_tunnel_use *use;
    struct hwv_count count;
    struct hop hop;
    uint32_t hash;

    hop_lookup(action, &hop);
    hash = hash_bytes(&action->encap, sizeof action->encap,
                      hash_bytes(&hop.ip, sizeof hop.ip, 0));
    use = tunnel_use_find(flow, &hop, hash);
    if (!use) {
        use = tunnel_use_add(flow, &hop, hash);
        if (!use) {
            expect_ids(flow->nic);
            return HWV_REJECT_TUNNELS_FULL;
        }
    }
    if (use->watch) {
        /* The main loop may have looked before there was a watch. */
        hwv_next_hop_refresh_one(use->bridge, &use->next_hop,
                                 hwv_next_hop_lookup);
    }
    use->n_flows++;
    flow->tunnel_use = use;
    hwv_flow_count(flow, &count);
    flow->tunnel_base = count.packets;
    return HWV_ACCEPT;
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
    hwv_tunnel_use_release(use);
    flow->tunnel_use = NULL;
}

void
hwv_tunnel_use_hold(struct hwv_tunnel_use *use)
{
    use->n_flows++;
}

void
hwv_tunnel_use_release(struct hwv_tunnel_use *use)
{
    if (!--use->n_flows) {
        hwv_next_hop_unwatch(use->watch);
        use->nic->provider->tunnel_remove(use->nic->dev, use->id);
        hmap_remove(&use->nic->tunnels, &use->node);
        free(use);
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
            && (hop.bridge[0] || eth_addr_equals(use->fixed_mac, hop.mac)));
}

void
hwv_nic_block_tunnels(const struct in6_addr *vtep, bool blocked)
{
    struct hwv_tunnel_use *use;
    struct hwv_nic *nic;

    ovs_mutex_lock(&hwv_control_mutex);
    HMAP_FOR_EACH (nic, node, hwv_nics()) {
        HMAP_FOR_EACH (use, node, &nic->tunnels) {
            if (use->of_segment && ipv6_addr_equals(&use->remote, vtep)) {
                nic->provider->tunnel_block(nic->dev, use->id, blocked);
            }
        }
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

struct eth_addr
hwv_tunnel_use_mac(const struct hwv_tunnel_use *use)
{
    return use->watch ? hwv_next_hop_mac(use->watch) : use->fixed_mac;
}

/* Finds out the next hop as xlate did when it made the header: by route, and
 * by OVS's neighbour cache.  Where one of them does not know it, the header's
 * MAC is all that is known: the route may have gone, the neighbour may have
 * expired, or the VTEP's address is not on the bridge's local port, which OVS
 * calls its neighbours by. */
static void
hop_lookup(const struct hwv_action *action, struct hop *hop)
{
    struct in6_addr src = in6addr_any;
    struct in6_addr gw = in6addr_any;

    memset(hop, 0, sizeof *hop);
    hop->mac = action->next_hop;
    if (ovs_router_lookup(0, &action->remote, hop->bridge, &src, &gw)) {
        hop->ip = (ipv6_addr_is_set(&gw)
                   && (!IN6_IS_ADDR_V4MAPPED(&gw)
                       || in6_addr_get_mapped_ipv4(&gw))
                   ? gw : action->remote);
        if (hwv_next_hop_lookup(hop->bridge, &hop->ip, &hop->mac)) {
            return;
        }
    }
    hop->bridge[0] = '\0';
    hop->ip = in6addr_any;
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
            && (hop->bridge[0]
                || eth_addr_equals(use->fixed_mac, hop->mac))) {
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
    use->fixed_mac = hop->mac;
    if (nic->provider->tunnel_add(nic->dev, &use->encap, hop->mac, &use->id)) {
        free(use);
        return NULL;
    }
    if (use->of_segment && hwv_vtep_is_blocked(&use->remote)) {
        nic->provider->tunnel_block(nic->dev, use->id, true);
    }
    if (hop->bridge[0]) {
        use->watch = hwv_next_hop_watch(use->bridge, &use->next_hop, hop->mac,
                                        tunnel_use_next_hop_cb, use);
    }
    hmap_insert(&nic->tunnels, &use->node, hash);
    return use;
}

/* No tunnel id could be had.  In a table that is not full some rest, until no
 * packet can be on its way with them, and nothing tells when they are done. */
static void
expect_ids(struct hwv_nic *nic)
{
    struct hwv_nic_usage usage;

    nic->provider->usage(nic->dev, &usage);
    if (usage.tunnels < usage.max_tunnels) {
        hwv_nic_has_room(nic);
    }
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
