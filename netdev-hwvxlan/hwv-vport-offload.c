/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-vport-offload.h"

#include <errno.h>

#include "dpdk.h"
#include "hash.h"
#include "netdev-provider.h"
#include "openvswitch/hmap.h"
#include "openvswitch/thread.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_vport_offload);

/* The provider that vxlan ports have without us: of an OVS without DPDK,
 * none. */
#ifdef DPDK_NETDEV
static const struct netdev_flow_api *const vport_api = &netdev_offload_dpdk;
#else
static const struct netdev_flow_api *const vport_api = NULL;
#endif

/* A flow that 'vport_api' has. */
struct passed_flow {
    struct hmap_node node;      /* In 'passed_flows', by 'ufid'. */
    ovs_u128 ufid;
    const struct netdev *netdev;
};

static struct ovs_mutex mutex = OVS_MUTEX_INITIALIZER;
static struct hmap passed_flows OVS_GUARDED_BY(mutex)
    = HMAP_INITIALIZER(&passed_flows);

static struct passed_flow *find_passed(const ovs_u128 *ufid)
    OVS_REQUIRES(mutex);
static void add_passed(const struct netdev *, const ovs_u128 *ufid)
    OVS_EXCLUDED(mutex);
static bool remove_passed(const ovs_u128 *ufid) OVS_EXCLUDED(mutex);
static void remove_all_passed(const struct netdev *) OVS_EXCLUDED(mutex);

void
hwv_vport_offload_init(struct netdev *netdev)
{
    if (vport_api && dpdk_available() && vport_api->init_flow_api(netdev)) {
        VLOG_DBG("%s: not for %s", netdev_get_name(netdev), vport_api->type);
    }
}

void
hwv_vport_offload_uninit(struct netdev *netdev)
{
    if (hwv_vport_offload_accepts(netdev)) {
        vport_api->uninit_flow_api(netdev);
        remove_all_passed(netdev);
    }
}

/* 'vport_api' has data of its own for 'netdev' once its init function
 * succeeded. */
bool
hwv_vport_offload_accepts(const struct netdev *netdev)
{
    return vport_api && ovsrcu_get(void *, &netdev->hw_info.offload_data);
}

bool
hwv_vport_offload_has(const ovs_u128 *ufid)
{
    bool has;

    ovs_mutex_lock(&mutex);
    has = find_passed(ufid) != NULL;
    ovs_mutex_unlock(&mutex);
    return has;
}

int
hwv_vport_offload_put(struct netdev *netdev, struct match *match,
                      struct nlattr *actions, size_t actions_len,
                      const ovs_u128 *ufid, struct offload_info *info,
                      struct dpif_flow_stats *stats)
{
    int error = vport_api->flow_put(netdev, match, actions, actions_len, ufid,
                                    info, stats);

    /* A flow that it fails to change may be there still: OVS deletes it. */
    if (!error) {
        remove_passed(ufid);
        add_passed(netdev, ufid);
    }
    return error;
}

int
hwv_vport_offload_del(struct netdev *netdev, const ovs_u128 *ufid,
                      struct dpif_flow_stats *stats)
{
    return remove_passed(ufid) ? vport_api->flow_del(netdev, ufid, stats)
                               : ENOENT;
}

int
hwv_vport_offload_get(struct netdev *netdev, struct match *match,
                      struct nlattr **actions, const ovs_u128 *ufid,
                      struct dpif_flow_stats *stats,
                      struct dpif_flow_attrs *attrs, struct ofpbuf *buf)
{
    return hwv_vport_offload_has(ufid)
           ? vport_api->flow_get(netdev, match, actions, ufid, stats, attrs,
                                 buf)
           : ENOENT;
}

int
hwv_vport_offload_flush(struct netdev *netdev)
{
    if (!hwv_vport_offload_accepts(netdev)) {
        return 0;
    }
    remove_all_passed(netdev);
    return vport_api->flow_flush(netdev);
}

int
hwv_vport_offload_get_n_flows(struct netdev *netdev, uint64_t *n_flows)
{
    return hwv_vport_offload_accepts(netdev)
           ? vport_api->flow_get_n_flows(netdev, n_flows) : 0;
}

/* Passed flows
 * ------------ */

static uint32_t
ufid_hash(const ovs_u128 *ufid)
{
    return hash_bytes(ufid, sizeof *ufid, 0);
}

static struct passed_flow *
find_passed(const ovs_u128 *ufid)
{
    struct passed_flow *flow;

    HMAP_FOR_EACH_WITH_HASH (flow, node, ufid_hash(ufid), &passed_flows) {
        if (ovs_u128_equals(flow->ufid, *ufid)) {
            return flow;
        }
    }
    return NULL;
}

static void
free_passed(struct passed_flow *flow)
    OVS_REQUIRES(mutex)
{
    hmap_remove(&passed_flows, &flow->node);
    free(flow);
}

static void
add_passed(const struct netdev *netdev, const ovs_u128 *ufid)
{
    struct passed_flow *flow = xmalloc(sizeof *flow);

    flow->ufid = *ufid;
    flow->netdev = netdev;
    ovs_mutex_lock(&mutex);
    hmap_insert(&passed_flows, &flow->node, ufid_hash(ufid));
    ovs_mutex_unlock(&mutex);
}

/* Returns whether there was one. */
static bool
remove_passed(const ovs_u128 *ufid)
{
    struct passed_flow *flow;

    ovs_mutex_lock(&mutex);
    flow = find_passed(ufid);
    if (flow) {
        free_passed(flow);
    }
    ovs_mutex_unlock(&mutex);
    return flow != NULL;
}

static void
remove_all_passed(const struct netdev *netdev)
{
    struct passed_flow *flow;

    ovs_mutex_lock(&mutex);
    HMAP_FOR_EACH_SAFE (flow, node, &passed_flows) {
        if (flow->netdev == netdev) {
            free_passed(flow);
        }
    }
    ovs_mutex_unlock(&mutex);
}
