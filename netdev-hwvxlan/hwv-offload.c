/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-offload.h"

#include <errno.h>

#include "dpdk.h"
#include "dpif.h"
#include "hwv-flow.h"
#include "hwv-nic.h"
#include "hwv-stats.h"
#include "netdev-provider.h"
#include "netdev-vport.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_offload);

/* The provider that vxlan ports have without us: of an OVS without DPDK,
 * none. */
#ifdef DPDK_NETDEV
static const struct netdev_flow_api *const vport_api = &netdev_offload_dpdk;
#else
static const struct netdev_flow_api *const vport_api = NULL;
#endif

static bool
is_our_port(const struct netdev *netdev)
{
    return hwv_port_from_netdev(netdev) != NULL;
}

static bool
is_vxlan_vport(const struct netdev *netdev)
{
    return !strcmp(netdev_get_type(netdev), "vxlan")
           && netdev_get_dpif_type(netdev)
           && strcmp(netdev_get_dpif_type(netdev), "system");
}

/* Does 'vport_api' have per-port data of 'netdev', a vxlan port?  It has once
 * its init function succeeded. */
static bool
has_vport_api(const struct netdev *netdev)
{
    return vport_api && ovsrcu_get(void *, &netdev->hw_info.offload_data);
}

/* Is the flow of vxlan port 'netdev' that 'info' describes ours?  So it is
 * unless its packets came in by somebody else's port. */
static bool
is_our_tunnel_flow(const struct netdev *netdev,
                   const struct offload_info *info)
{
    bool ours;

    if (info->orig_in_port == ODPP_NONE) {
        return true;
    }
    ovs_mutex_lock(&hwv_control_mutex);
    ours = hwv_port_find(info->orig_in_port,
                         netdev_get_dpif_type(netdev)) != NULL;
    ovs_mutex_unlock(&hwv_control_mutex);
    return ours;
}

static int
hwv_offload_init(struct netdev *netdev)
{
    if (is_our_port(netdev)) {
        return 0;
    }
    if (!is_vxlan_vport(netdev)) {
        return EOPNOTSUPP;
    }
    if (vport_api && dpdk_available()
        && vport_api->init_flow_api(netdev)) {
        VLOG_DBG("%s: not for %s", netdev_get_name(netdev), vport_api->type);
    }
    return 0;
}

static void
hwv_offload_uninit(struct netdev *netdev)
{
    struct hwv_port *port = hwv_port_from_netdev(netdev);

    if (port) {
        ovs_mutex_lock(&hwv_control_mutex);
        hwv_port_forget(port);
        ovs_mutex_unlock(&hwv_control_mutex);
    } else if (has_vport_api(netdev)) {
        vport_api->uninit_flow_api(netdev);
    }
    hwv_flow_flush(netdev);
}

static int
hwv_offload_flow_put(struct netdev *netdev, struct match *match,
                     struct nlattr *actions, size_t actions_len,
                     const ovs_u128 *ufid, struct offload_info *info,
                     struct dpif_flow_stats *stats)
{
    const struct hwv_port *port = hwv_port_from_netdev(netdev);
    const struct hwv_flow_put put = {
        .ufid = ufid,
        .netdev = netdev,
        .dpif_type = netdev_get_dpif_type(netdev),
        .kind = port ? hwv_port_flow_kind(port) : HWV_FLOW_TUNNEL,
        .orig_in_port = info->orig_in_port,
        .match = match,
        .actions = actions,
        .actions_len = actions_len,
    };

    if (!port && has_vport_api(netdev) && !is_our_tunnel_flow(netdev, info)) {
        return vport_api->flow_put(netdev, match, actions, actions_len, ufid,
                                   info, stats);
    }

    if (!port && has_vport_api(netdev)) {
        /* Ours now, whoever had it. */
        vport_api->flow_del(netdev, ufid, NULL);
    }
    hwv_flow_put(&put);
    if (stats) {
        memset(stats, 0, sizeof *stats);
    }
    return 0;
}

static int
hwv_offload_flow_del(struct netdev *netdev, const ovs_u128 *ufid,
                     struct dpif_flow_stats *stats)
{
    int error = hwv_flow_del(ufid);

    if (error && has_vport_api(netdev) && !is_our_port(netdev)) {
        return vport_api->flow_del(netdev, ufid, stats);
    }
    if (stats) {
        memset(stats, 0, sizeof *stats);
    }
    return error;
}

/* The packets come later, see hwv-stats.h. */
static int
hwv_offload_flow_get(struct netdev *netdev, struct match *match,
                     struct nlattr **actions, const ovs_u128 *ufid,
                     struct dpif_flow_stats *stats,
                     struct dpif_flow_attrs *attrs, struct ofpbuf *buf)
{
    const struct hwv_flow *flow;
    struct hwv_count count;

    ovs_mutex_lock(&hwv_control_mutex);
    flow = hwv_flow_find(ufid);
    if (flow) {
        hwv_flow_count(flow, &count);
        attrs->offloaded = hwv_flow_resident(flow);
    }
    ovs_mutex_unlock(&hwv_control_mutex);

    if (!flow) {
        return has_vport_api(netdev) && !is_our_port(netdev)
               ? vport_api->flow_get(netdev, match, actions, ufid, stats,
                                     attrs, buf)
               : ENOENT;
    }

    memset(stats, 0, sizeof *stats);
    stats->used = count.used;
    attrs->dp_layer = attrs->offloaded ? "hw-vxlan" : "ovs";
    attrs->dp_extra_info = NULL;
    hwv_stats_record_flow(ufid);
    return 0;
}

static int
hwv_offload_flow_flush(struct netdev *netdev)
{
    hwv_flow_flush(netdev);
    return has_vport_api(netdev) && !is_our_port(netdev)
           ? vport_api->flow_flush(netdev) : 0;
}

static int
hwv_offload_get_n_flows(struct netdev *netdev, uint64_t *n_flows)
{
    if (has_vport_api(netdev) && !is_our_port(netdev)) {
        int error = vport_api->flow_get_n_flows(netdev, n_flows);

        if (error) {
            return error;
        }
    }

    /* Which offload thread put a flow is not kept: all count as the
     * first's. */
    n_flows[0] += hwv_flow_n_bound(netdev);
    return 0;
}

static char api_type[] = "hw_vxlan";

const struct netdev_flow_api hwv_offload_api = {
    .type = api_type,
    .init_flow_api = hwv_offload_init,
    .uninit_flow_api = hwv_offload_uninit,
    .flow_put = hwv_offload_flow_put,
    .flow_del = hwv_offload_flow_del,
    .flow_get = hwv_offload_flow_get,
    .flow_flush = hwv_offload_flow_flush,
    .flow_get_n_flows = hwv_offload_get_n_flows,
};

/* Other providers
 * --------------- */

static bool
is_ours(const struct netdev *netdev)
{
    return is_our_port(netdev) || is_vxlan_vport(netdev);
}

/* A function pointer has no argument to say which provider it is for, so each
 * of OVS's that accept arbitrary netdevs has a function of its own here. */
#ifdef __linux__
static int
tc_init_flow_api(struct netdev *netdev)
{
    return is_ours(netdev) ? EOPNOTSUPP
                           : netdev_offload_tc.init_flow_api(netdev);
}
#endif

#ifdef DPDK_NETDEV
static int
dpdk_init_flow_api(struct netdev *netdev)
{
    return is_ours(netdev) ? EOPNOTSUPP
                           : netdev_offload_dpdk.init_flow_api(netdev);
}
#endif

int
hwv_offload_register(const struct netdev_flow_api *api,
                     int (*real)(const struct netdev_flow_api *))
{
    struct netdev_flow_api *copy;

    if (api == &hwv_offload_api) {
        return real(api);
    }

    copy = xmemdup(api, sizeof *api);   /* OVS keeps it for good. */
#ifdef __linux__
    if (api == &netdev_offload_tc) {
        copy->init_flow_api = tc_init_flow_api;
    }
#endif
#ifdef DPDK_NETDEV
    if (api == &netdev_offload_dpdk) {
        copy->init_flow_api = dpdk_init_flow_api;
    }
#endif
    return real(copy);
}
