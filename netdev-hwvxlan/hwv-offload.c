/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-offload.h"

#include <errno.h>

#include "dpif.h"
#include "hwv-bind.h"
#include "hwv-flow.h"
#include "hwv-nic.h"
#include "hwv-stats.h"
#include "hwv-vport-offload.h"
#include "netdev-provider.h"
#include "netdev-vport.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_offload);

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

/* Is flow 'ufid' of vxlan port 'netdev' that 'info' describes ours?  So it is
 * unless its packets came in by somebody else's port.  OVS does not always
 * know that port of a flow that it changes. */
static bool
is_our_tunnel_flow(const struct netdev *netdev, const ovs_u128 *ufid,
                   const struct offload_info *info)
{
    bool ours;

    if (info->orig_in_port == ODPP_NONE) {
        return !hwv_vport_offload_has(ufid);
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
    hwv_vport_offload_init(netdev);
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
    } else {
        hwv_vport_offload_uninit(netdev);
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

    if (!port && hwv_vport_offload_accepts(netdev)) {
        if (!is_our_tunnel_flow(netdev, ufid, info)) {
            hwv_flow_del(ufid);
            return hwv_vport_offload_put(netdev, match, actions, actions_len,
                                         ufid, info, stats);
        }
        hwv_vport_offload_del(netdev, ufid, NULL);
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
    if (stats) {
        memset(stats, 0, sizeof *stats);
    }
    return hwv_flow_del(ufid) ? hwv_vport_offload_del(netdev, ufid, stats) : 0;
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
        return hwv_vport_offload_get(netdev, match, actions, ufid, stats,
                                     attrs, buf);
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
    return is_our_port(netdev) ? 0 : hwv_vport_offload_flush(netdev);
}

static int
hwv_offload_get_n_flows(struct netdev *netdev, uint64_t *n_flows)
{
    int error = is_our_port(netdev)
                ? 0 : hwv_vport_offload_get_n_flows(netdev, n_flows);

    if (error) {
        return error;
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
    VLOG_DBG("%s: leaves hw-vxlan and vxlan ports to us", api->type);
    return real(copy);
}
