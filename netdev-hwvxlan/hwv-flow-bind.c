/* SPDX-License-Identifier: Apache-2.0 */

/* How a flow gets into the tables of its NIC, and out of them. */

#include <config.h>
#include "hwv-bind.h"

#include "hash.h"
#include "openvswitch/hmap.h"
#include "ovs-rcu.h"
#include "util.h"

/* How many bound flows come in by a netdev.  OVS asks for each port, and ports
 * times flows are many. */
struct netdev_bound {
    struct hmap_node node;      /* In 'netdevs_bound'. */
    const struct netdev *netdev;
    uint64_t n;
};

static struct hmap netdevs_bound OVS_GUARDED_BY(hwv_control_mutex)
    = HMAP_INITIALIZER(&netdevs_bound);

static struct netdev_bound *find_netdev_bound(const struct netdev *)
    OVS_REQUIRES(hwv_control_mutex);
static void count_bound(const struct netdev *)
    OVS_REQUIRES(hwv_control_mutex);
static void uncount_bound(const struct netdev *)
    OVS_REQUIRES(hwv_control_mutex);
static void flow_attach(struct hwv_flow *, struct hwv_nic *)
    OVS_REQUIRES(hwv_control_mutex);
static struct hwv_nic *flow_find_nic(const struct hwv_flow *)
    OVS_REQUIRES(hwv_control_mutex);
static enum hwv_reject flow_bind(struct hwv_flow *)
    OVS_REQUIRES(hwv_control_mutex);
static void counter_freed(struct hwv_nic *);

void
hwv_flow_bind(struct hwv_flow *flow)
{
    struct hwv_nic *nic;
    enum hwv_reject reject;

    if (flow->compiled) {
        return;
    }

    nic = flow_find_nic(flow);
    if (!nic) {
        hwv_flow_set_reject(flow, flow->kind == HWV_FLOW_TUNNEL
                                  ? HWV_REJECT_OUTPUT_PORT
                                  : HWV_REJECT_NO_NIC);
        return;
    }
    if (!hwv_nic_enabled(nic)) {
        hwv_flow_set_reject(flow, (!nic->offload ? HWV_REJECT_OFFLOAD_OFF
                                   : nic->stale ? HWV_REJECT_FLUSHED
                                   : HWV_REJECT_NO_NIC));
        return;
    }

    flow_attach(flow, nic);
    reject = flow_bind(flow);
    if (reject) {
        hwv_flow_detach(flow);
        hwv_flow_set_reject(flow, reject);
    } else {
        flow->bound = true;
        hwv_flow_update_reject(flow);
    }
}

/* The opposite of hwv_flow_detach(), but for what is in tables. */
static void
flow_attach(struct hwv_flow *flow, struct hwv_nic *nic)
{
    flow->nic = nic;
    hwv_nic_use(nic);
    if (flow->kind == HWV_FLOW_UPLINK) {
        ovs_list_push_back(&nic->pops, &flow->pop_node);
    }
    count_bound(flow->netdev);
}

void
hwv_flow_detach(struct hwv_flow *flow)
{
    struct hwv_nic *nic = flow->nic;

    flow->bound = false;
    hwv_entry_disclaim(flow);
    hwv_tunnel_use_put(flow);
    hwv_source_put(flow);
    if (flow->kind == HWV_FLOW_UPLINK) {
        hwv_source_remove_pop(flow);
    }
    uncount_bound(flow->netdev);
    flow->nic = NULL;
    hwv_nic_unuse(nic);
}

uint64_t
hwv_flow_n_bound(const struct netdev *netdev)
{
    const struct netdev_bound *bound;
    uint64_t n;

    ovs_mutex_lock(&hwv_control_mutex);
    bound = find_netdev_bound(netdev);
    n = bound ? bound->n : 0;
    ovs_mutex_unlock(&hwv_control_mutex);
    return n;
}

void
hwv_flow_release_counter(struct hwv_flow *flow)
{
    struct hwv_nic *nic = flow->counter_nic;
    struct hwv_count sum;

    if (!nic) {
        return;
    }

    nic->provider->counter_read(nic->dev, flow->counter, &sum);
    nic->provider->counter_free(nic->dev, flow->counter, &sum);
    flow->retired.packets += sum.packets;
    flow->retired.bytes += sum.bytes;
    flow->retired.used = MAX(flow->retired.used, sum.used);
    flow->counter = HWV_NO_COUNTER;
    flow->counter_nic = NULL;

    /* After the counter's own grace period, which has begun before. */
    ovsrcu_postpone(counter_freed, nic);
}

void
hwv_flow_count_late(const struct hwv_flow *flow)
{
    struct hwv_nic *nic = flow->counter_nic;

    if (nic) {
        struct hwv_count sum;

        hwv_flow_count(flow, &sum);
        nic->late.packets += sum.packets - flow->handed_packets;
        nic->late.bytes += sum.bytes - flow->handed_bytes;
    }
}

/* Returns the NIC that 'flow' concerns, or NULL. */
static struct hwv_nic *
flow_find_nic(const struct hwv_flow *flow)
{
    const struct hwv_port *port;

    if (flow->kind != HWV_FLOW_TUNNEL) {
        port = hwv_port_from_netdev(flow->netdev);
        if ((hwv_port_flow_kind(port) == HWV_FLOW_VF)
            != (flow->kind == HWV_FLOW_VF)) {
            return NULL;        /* Put while the port changed its role. */
        }
    } else if (flow->action.type == HWV_ACTION_DROP) {
        port = hwv_port_find(flow->orig_in_port, flow->dpif_type);
    } else {
        port = hwv_port_find(flow->action.port, flow->dpif_type);
    }
    return port ? port->nic : NULL;
}

/* RCU callback. */
static void
counter_freed(struct hwv_nic *nic)
{
    ovs_mutex_lock(&hwv_control_mutex);
    if (hwv_flow_waits_for_room()) {
        hwv_nic_has_room(nic);
    }
    hwv_nic_unuse(nic);
    ovs_mutex_unlock(&hwv_control_mutex);
}

/* Makes sure that 'flow' has a counter on its NIC. */
static enum hwv_reject
flow_get_counter(struct hwv_flow *flow)
    OVS_REQUIRES(hwv_control_mutex)
{
    struct hwv_nic *nic = flow->nic;

    if (flow->counter_nic != nic) {
        hwv_flow_release_counter(flow);
        if (nic->provider->counter_alloc(nic->dev, &flow->counter)) {
            flow->counter = HWV_NO_COUNTER;
            return HWV_REJECT_COUNTERS_FULL;
        }
        flow->counter_nic = nic;
        hwv_nic_use(nic);
    }
    return HWV_ACCEPT;
}

/* Where 'flow', which is not an uplink flow, sends its packets. */
static enum hwv_reject
flow_resolve(const struct hwv_flow *flow, struct hwv_flow_value *value)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_action *action = &flow->action;
    const struct hwv_port *out = hwv_port_find(action->port,
                                               flow->dpif_type);

    *value = (struct hwv_flow_value) { .counter = flow->counter };
    if (action->type == HWV_ACTION_DROP) {
        value->output = HWV_OUT_DROP;
        return HWV_ACCEPT;
    }
    if (!out || out->nic != flow->nic) {
        return HWV_REJECT_OUTPUT_PORT;
    }
    if (out->id != HWV_UPLINK) {
        if (action->type == HWV_ACTION_ENCAP) {
            return HWV_REJECT_OUTPUT_PORT;
        }
        if (action->push_vlan) {
            return HWV_REJECT_VLAN_ACTION;
        }
        if (out->odp_port == flow->in_port) {
            return HWV_REJECT_HAIRPIN;
        }
        value->output = HWV_OUT_VF;
        value->vf = out->id;
        return HWV_ACCEPT;
    }
    if (flow->kind == HWV_FLOW_TUNNEL) {
        return HWV_REJECT_TUNNEL_TO_TUNNEL;
    }
    if (flow->kind == HWV_FLOW_VLAN) {
        return HWV_REJECT_HAIRPIN;
    }
    if (action->type == HWV_ACTION_OUTPUT) {
        value->output = action->push_vlan ? HWV_OUT_VLAN : HWV_OUT_UPLINK;
        value->tci = action->tci;
        return HWV_ACCEPT;
    }
    value->output = HWV_OUT_TUNNEL;
    value->vni = action->vni;
    return HWV_ACCEPT;
}

/* Claims the keys of 'flow' in 'domain'. */
static void
flow_claim(struct hwv_flow *flow, uint32_t domain,
           const struct hwv_flow_value *value)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_inner_match *inner = &flow->inner;
    bool any_ecn = flow->kind == HWV_FLOW_VF && !inner->ecn_matched;

    for (int ecn = 0; ecn < (any_ecn ? 4 : 1); ecn++) {
        uint8_t class = inner->class | ecn << HWV_CLASS_ECN_SHIFT;
        struct hwv_key key = hwv_key_make(domain, inner->dmac, inner->smac,
                                          class);

        hwv_entry_claim(flow, &key, value);
    }
}

/* Puts 'flow' into the tables of 'flow->nic'.  On refusal the caller undoes
 * what has been done. */
static enum hwv_reject
flow_bind(struct hwv_flow *flow)
{
    enum hwv_reject reject = flow_get_counter(flow);
    struct hwv_flow_value value;

    if (reject) {
        return reject;
    }
    if (flow->kind == HWV_FLOW_UPLINK) {
        hwv_source_add_pop(flow);
        return HWV_ACCEPT;
    }

    reject = flow_resolve(flow, &value);
    if (reject) {
        return reject;
    }
    if (value.output == HWV_OUT_TUNNEL) {
        hwv_tunnel_use_get(flow);
    }
    if (flow->kind == HWV_FLOW_TUNNEL) {
        reject = hwv_source_get(flow);
        if (reject) {
            return reject;
        }
        flow_claim(flow, flow->source->id, &value);
    } else if (flow->kind == HWV_FLOW_VLAN) {
        flow_claim(flow, hwv_tagged_domain(flow->tci), &value);
    } else {
        flow_claim(flow, hwv_port_from_netdev(flow->netdev)->domain, &value);
    }
    return HWV_ACCEPT;
}

static struct netdev_bound *
find_netdev_bound(const struct netdev *netdev)
{
    struct netdev_bound *bound;

    HMAP_FOR_EACH_WITH_HASH (bound, node, hash_pointer(netdev, 0),
                             &netdevs_bound) {
        if (bound->netdev == netdev) {
            return bound;
        }
    }
    return NULL;
}

static void
count_bound(const struct netdev *netdev)
{
    struct netdev_bound *bound = find_netdev_bound(netdev);

    if (!bound) {
        bound = xzalloc(sizeof *bound);
        bound->netdev = netdev;
        hmap_insert(&netdevs_bound, &bound->node, hash_pointer(netdev, 0));
    }
    bound->n++;
}

static void
uncount_bound(const struct netdev *netdev)
{
    struct netdev_bound *bound = find_netdev_bound(netdev);

    if (!--bound->n) {
        hmap_remove(&netdevs_bound, &bound->node);
        free(bound);
    }
}
