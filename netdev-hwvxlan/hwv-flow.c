/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-flow.h"

#include <errno.h>

#include "hash.h"
#include "hwv-bind.h"
#include "hwv-stats.h"
#include "hwv-suspension.h"
#include "odp-util.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_flow);

static struct hmap flows OVS_GUARDED_BY(hwv_control_mutex)
    = HMAP_INITIALIZER(&flows);
static struct hmap flows_by_put_ufid OVS_GUARDED_BY(hwv_control_mutex)
    = HMAP_INITIALIZER(&flows_by_put_ufid);

static struct hwv_flow *flow_create(const struct hwv_flow_put *)
    OVS_REQUIRES(hwv_control_mutex);
static void flow_put(struct hwv_flow *, const struct hwv_flow_put *)
    OVS_REQUIRES(hwv_control_mutex);
static void flow_destroy(struct hwv_flow *)
    OVS_REQUIRES(hwv_control_mutex);
static bool flow_is_same(const struct hwv_flow *, const struct hwv_flow_put *)
    OVS_REQUIRES(hwv_control_mutex);
static void flow_store(struct hwv_flow *, const struct hwv_flow_put *)
    OVS_REQUIRES(hwv_control_mutex);
static void flow_recompile(struct hwv_flow *, enum hwv_flow_kind)
    OVS_REQUIRES(hwv_control_mutex);
static bool flow_uses_port(const struct hwv_flow *, const struct hwv_port *)
    OVS_REQUIRES(hwv_control_mutex);

static uint32_t
ufid_hash(const ovs_u128 *ufid)
{
    return ufid->u32[0];
}

void
hwv_flow_put(const struct hwv_flow_put *put)
{
    struct hwv_tunnel_use *tunnel_use;
    struct hwv_suspension suspension;
    struct hwv_flow *flow;
    ovs_u128 ufid;
    unsigned int pmd_id;

    ovs_mutex_lock(&hwv_control_mutex);
    flow = hwv_flow_find(put->ufid);
    if (flow && flow_is_same(flow, put)) {
        flow_store(flow, put);
        ovs_mutex_unlock(&hwv_control_mutex);
        return;
    }
    if (!flow) {
        flow = flow_create(put);
    }

    /* Hold on to the tunnel, lest it goes and comes back with the next hop's
     * MAC that this flow was put with. */
    tunnel_use = flow->tunnel_use;
    if (tunnel_use) {
        hwv_tunnel_use_hold(tunnel_use);
    }
    hwv_flow_suspend(flow);
    flow_store(flow, put);
    flow->kind = put->kind;
    hwv_stats_owner(flow, &ufid, &pmd_id);
    hwv_suspension_note(&suspension, flow, &ufid, pmd_id);
    ovs_mutex_unlock(&hwv_control_mutex);

    hwv_suspension_end(&suspension);

    if (tunnel_use) {
        ovs_mutex_lock(&hwv_control_mutex);
        hwv_tunnel_use_release(tunnel_use);
        ovs_mutex_unlock(&hwv_control_mutex);
    }
}

void
hwv_flow_resume(const struct hwv_flow_put *put, uint64_t n_suspensions)
{
    struct hwv_flow *flow;

    ovs_mutex_lock(&hwv_control_mutex);
    flow = hwv_flow_find(put->ufid);
    if (flow && flow->unverified && flow->n_suspensions == n_suspensions) {
        flow_put(flow, put);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

int
hwv_flow_del(const ovs_u128 *ufid)
{
    struct hwv_flow *flow;

    ovs_mutex_lock(&hwv_control_mutex);
    flow = hwv_flow_find(ufid);
    if (flow) {
        flow_destroy(flow);
    }
    ovs_mutex_unlock(&hwv_control_mutex);

    return flow ? 0 : ENOENT;
}

void
hwv_flow_flush(const struct netdev *netdev)
{
    struct hwv_flow *flow;

    ovs_mutex_lock(&hwv_control_mutex);
    HMAP_FOR_EACH_SAFE (flow, node, &flows) {
        if (flow->netdev == netdev) {
            flow_destroy(flow);
        }
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

struct hwv_flow *
hwv_flow_find(const ovs_u128 *ufid)
{
    struct hwv_flow *flow;

    HMAP_FOR_EACH_WITH_HASH (flow, node, ufid_hash(ufid), &flows) {
        if (ovs_u128_equals(flow->ufid, *ufid)) {
            return flow;
        }
    }
    return NULL;
}

struct hwv_flow *
hwv_flow_find_put(const ovs_u128 *put_ufid)
{
    struct hwv_flow *flow;

    HMAP_FOR_EACH_WITH_HASH (flow, put_node, ufid_hash(put_ufid),
                             &flows_by_put_ufid) {
        if (ovs_u128_equals(flow->put_ufid, *put_ufid)) {
            return flow;
        }
    }
    return NULL;
}

const struct hmap *
hwv_flows(void)
{
    return &flows;
}

void
hwv_flow_suspend(struct hwv_flow *flow)
{
    hwv_flow_unbind(flow, HWV_REJECT_UNVERIFIED);
    flow->unverified = true;
    flow->n_suspensions++;
}

void
hwv_flow_unbind(struct hwv_flow *flow, enum hwv_reject reject)
{
    struct hwv_nic *nic = flow->nic;

    if (nic) {
        hwv_nic_use(nic);
        hwv_flow_detach(flow);
        if (hwv_flow_waits_for_room()) {
            hwv_nic_has_room(nic);
        }
        hwv_nic_unuse(nic);
    }
    hwv_flow_set_reject(flow, flow->compiled ? flow->compiled : reject);
}

void
hwv_flow_bind_all(struct hwv_nic *nic)
{
    struct hwv_flow *flow;

    hwv_source_refresh_all(nic);
    HMAP_FOR_EACH (flow, node, &flows) {
        if (!flow->nic && !flow->unverified) {
            hwv_flow_bind(flow);
        }
    }
}

void
hwv_flow_change_role(const struct hwv_port *port)
{
    struct hwv_flow *flow;

    HMAP_FOR_EACH (flow, node, &flows) {
        if (flow->netdev == port->netdev) {
            hwv_flow_unbind(flow, HWV_REJECT_NO_NIC);
            flow_recompile(flow, hwv_port_flow_kind(port));
        }
    }
}

void
hwv_flow_change_tunnels(const struct hwv_port *port)
{
    struct hwv_flow *flow;

    HMAP_FOR_EACH (flow, node, &flows) {
        if (flow->netdev == port->netdev && flow->tunnel_use) {
            hwv_flow_unbind(flow, HWV_REJECT_NO_NIC);
            hwv_flow_bind(flow);
        }
    }
}

void
hwv_flow_update_reject(struct hwv_flow *flow)
{
    if (!flow->bound) {
        return;
    }
    if (flow->lacks_row) {
        hwv_flow_set_reject(flow, HWV_REJECT_SOURCES_FULL);
        return;
    }
    for (size_t i = 0; i < flow->n_claims; i++) {
        const struct hwv_entry *entry = flow->claims[i].entry;

        if (!entry->resident) {
            hwv_flow_set_reject(flow, (!entry->wanted ? HWV_REJECT_CONFLICT
                                       : entry->lacks ? entry->lacks
                                       : HWV_REJECT_FLOWS_FULL));
            return;
        }
    }
    hwv_flow_set_reject(flow, HWV_ACCEPT);
}

void
hwv_flow_unbind_all(struct hwv_nic *nic, enum hwv_reject reject)
{
    struct hwv_flow *flow;

    HMAP_FOR_EACH (flow, node, &flows) {
        if (flow->nic == nic) {
            hwv_flow_unbind(flow, reject);
        }
    }
}

void
hwv_flow_unbind_port(struct hwv_nic *nic, const struct hwv_port *port)
{
    struct hwv_flow *flow;

    HMAP_FOR_EACH (flow, node, &flows) {
        if (flow->nic == nic && flow_uses_port(flow, port)) {
            hwv_flow_unbind(flow, HWV_REJECT_OUTPUT_PORT);
        }
    }
}

bool
hwv_flow_does(const struct hwv_flow *flow, const struct nlattr *actions,
              size_t actions_len)
{
    struct hwv_action action;

    return (flow->nic
            && !hwv_action_compile(actions, actions_len, &action)
            && hwv_action_same_path(&action, &flow->action)
            && (!flow->tunnel_use
                || hwv_tunnel_use_is_current(flow->tunnel_use, &action)));
}

bool
hwv_flow_resident(const struct hwv_flow *flow)
{
    if (!flow->nic) {
        return false;
    }
    if (flow->kind == HWV_FLOW_UPLINK) {
        return flow->n_rows > 0;
    }
    for (size_t i = 0; i < flow->n_claims; i++) {
        if (!flow->claims[i].entry->resident) {
            return false;
        }
    }
    return true;
}

void
hwv_flow_count(const struct hwv_flow *flow, struct hwv_count *count)
{
    *count = flow->retired;
    if (flow->counter != HWV_NO_COUNTER) {
        const struct hwv_nic *nic = flow->counter_nic;
        struct hwv_count now;

        nic->provider->counter_read(nic->dev, flow->counter, &now);
        count->packets += now.packets;
        count->bytes += now.bytes;
        count->used = MAX(count->used, now.used);
    }
}

void
hwv_flow_format(const struct hwv_flow *flow, struct ds *s)
{
    struct match match;

    minimatch_expand(&flow->match, &match);
    match_format(&match, NULL, s, OFP_DEFAULT_PRIORITY);
    ds_put_cstr(s, ", actions:");
    format_odp_actions(s, flow->actions, flow->actions_len, NULL);
}

/* Binds 'flow', which is suspended, as 'put' has it. */
static void
flow_put(struct hwv_flow *flow, const struct hwv_flow_put *put)
{
    flow->unverified = false;
    flow_store(flow, put);
    hwv_flow_compile(flow, put);
    hwv_flow_set_reject(flow, flow->compiled);
    hwv_flow_bind(flow);
}

static struct hwv_flow *
flow_create(const struct hwv_flow_put *put)
{
    struct hwv_flow *flow = xzalloc(sizeof *flow);

    flow->ufid = *put->ufid;
    odp_flow_key_hash(&put->match->flow, sizeof put->match->flow,
                      &flow->put_ufid);
    flow->counter = HWV_NO_COUNTER;
    minimatch_init_catchall(&flow->match);
    ovs_list_init(&flow->owners);
    hmap_insert(&flows, &flow->node, ufid_hash(&flow->ufid));
    hmap_insert(&flows_by_put_ufid, &flow->put_node,
                ufid_hash(&flow->put_ufid));
    return flow;
}

static void
flow_destroy(struct hwv_flow *flow)
{
    hwv_flow_unbind(flow, HWV_ACCEPT);
    hwv_flow_count_late(flow);
    hwv_flow_release_counter(flow);
    hwv_stats_forget(flow);

    hwv_flow_set_reject(flow, HWV_ACCEPT);
    hmap_remove(&flows, &flow->node);
    hmap_remove(&flows_by_put_ufid, &flow->put_node);
    minimatch_destroy(&flow->match);
    free(flow->actions);
    free(flow);
}

/* Keeps what OVS gave. */
static void
flow_store(struct hwv_flow *flow, const struct hwv_flow_put *put)
{
    struct match match;

    flow->netdev = put->netdev;
    flow->dpif_type = put->dpif_type;
    flow->in_port = put->match->flow.in_port.odp_port;
    flow->orig_in_port = put->orig_in_port;
    minimatch_destroy(&flow->match);
    match = *put->match;
    memset(&match.tun_md, 0, sizeof match.tun_md); /* dpif-netdev leaves it
                                                    * undefined. */
    minimatch_init(&flow->match, &match);
    free(flow->actions);
    flow->actions = xmemdup(put->actions, put->actions_len);
    flow->actions_len = put->actions_len;
}

/* Compiles 'flow', which is not bound, as one of 'kind'. */
static void
flow_recompile(struct hwv_flow *flow, enum hwv_flow_kind kind)
{
    struct match match;
    const struct hwv_flow_put put = {
        .kind = kind,
        .match = &match,
        .actions = flow->actions,
        .actions_len = flow->actions_len,
    };

    minimatch_expand(&flow->match, &match);
    hwv_flow_compile(flow, &put);
    hwv_flow_set_reject(flow, flow->compiled ? flow->compiled
                                             : HWV_REJECT_NO_NIC);
}

/* Is 'put' what 'flow' already does in its NIC?  So it is when only the next
 * hop's MAC has changed. */
static bool
flow_is_same(const struct hwv_flow *flow, const struct hwv_flow_put *put)
{
    struct hwv_flow new;

    if (!flow->nic || flow->netdev != put->netdev
        || flow->orig_in_port != put->orig_in_port) {
        return false;
    }
    memset(&new, 0, sizeof new);
    hwv_flow_compile(&new, put);
    return (!new.compiled && new.kind == flow->kind
            && !memcmp(&new.inner, &flow->inner, sizeof new.inner)
            && new.tci == flow->tci
            && !memcmp(&new.tunnel, &flow->tunnel, sizeof new.tunnel)
            && !memcmp(&new.outer, &flow->outer, sizeof new.outer)
            && hwv_action_same_path(&new.action, &flow->action)
            && (!flow->tunnel_use
                || hwv_tunnel_use_is_current(flow->tunnel_use, &new.action)));
}

/* Does 'flow', which is bound, go in or out by 'port'? */
static bool
flow_uses_port(const struct hwv_flow *flow, const struct hwv_port *port)
{
    if (flow->netdev == port->netdev) {
        return true;
    }
    return flow->kind != HWV_FLOW_UPLINK
           && flow->action.type != HWV_ACTION_DROP
           && flow->action.port == port->odp_port
           && flow->dpif_type == port->dpif_type;
}
