/* SPDX-License-Identifier: Apache-2.0 */

/* Where the linker makes OVS call us
 * ==================================
 *
 * For each FUNCTION in HWV_WRAPS (ofproto-ext/automake.mk), the linker sends
 * calls from other object files than FUNCTION's own to __wrap_FUNCTION() here,
 * and __real_FUNCTION() is OVS's.  What each relies on was read in OVS 3.1.0;
 * tests/hwv-wrap.at and, for PMD threads, tests/hwv-dpdk.at fail where that
 * changes. */

#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "dpif.h"
#include "dpif-netdev.h"
#include "dpif-netdev-perf.h"
#include "dpif-provider.h"
#include "flow.h"
#include "hwv-dpif.h"
#include "hwv-fdb-config.h"
#include "hwv-fdb-settings.h"
#include "hwv-first-packet.h"
#include "hwv-neigh.h"
#include "hwv-netdev.h"
#include "hwv-nic.h"
#include "hwv-offload.h"
#include "hwv-offload-thread.h"
#include "hwv-packet-in.h"
#include "hwv-plugin.h"
#include "hwv-pmd-load.h"
#include "hwv-segments.h"
#include "hwv-stats.h"
#include "hwv-tx-flush.h"
#include "hwv-upcall-limit.h"
#include "netdev-offload.h"
#include "netdev-offload-provider.h"
#include "netdev-provider.h"
#include "ofproto/ofproto.h"
#include "openvswitch/vlog.h"
#include "smap.h"
#include "tnl-neigh-cache.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(hwv_wrap);

#define WRAP(TYPE, FUNCTION, ...)               \
    TYPE __real_##FUNCTION(__VA_ARGS__);        \
    TYPE __wrap_##FUNCTION(__VA_ARGS__)

WRAP(void, bridge_init, const char *remote);
WRAP(void, bridge_run, void);
WRAP(void, bridge_wait, void);
WRAP(void, bridge_exit, bool delete_datapath);
WRAP(void, daemonize_complete, void);
WRAP(void, ovs_print_version, uint8_t min_ofp, uint8_t max_ofp);
WRAP(int, netdev_register_flow_api_provider, const struct netdev_flow_api *);
WRAP(int, netdev_ports_insert, struct netdev *, struct dpif_port *);
WRAP(int, netdev_ports_remove, odp_port_t, const char *dpif_type);
WRAP(struct netdev *, netdev_ports_get, odp_port_t, const char *dpif_type);
WRAP(int, netdev_push_header, const struct netdev *, struct dp_packet_batch *,
     const struct ovs_action_push_tnl *);
WRAP(int, dpif_flow_dump_next, struct dpif_flow_dump_thread *,
     struct dpif_flow *, int max_flows);
WRAP(void, dpif_operate, struct dpif *, struct dpif_op **, size_t n,
     enum dpif_offload_type);
WRAP(int, dpif_flow_get, struct dpif *, const struct nlattr *key,
     size_t key_len, const ovs_u128 *ufid, const unsigned pmd_id,
     struct ofpbuf *, struct dpif_flow *);
WRAP(int, dpif_flow_put, struct dpif *, enum dpif_flow_put_flags,
     const struct nlattr *key, size_t key_len, const struct nlattr *mask,
     size_t mask_len, const struct nlattr *actions, size_t actions_len,
     const ovs_u128 *ufid, const unsigned pmd_id, struct dpif_flow_stats *);
WRAP(int, dpif_flow_del, struct dpif *, const struct nlattr *key,
     size_t key_len, const ovs_u128 *ufid, const unsigned pmd_id,
     struct dpif_flow_stats *);
WRAP(void, dpif_register_upcall_cb, struct dpif *, upcall_callback *,
     void *aux);
WRAP(int, dpif_set_config, struct dpif *, const struct smap *);
WRAP(void, dpif_close, struct dpif *);
WRAP(void, ovsrec_interface_set_error, const struct ovsrec_interface *,
     const char *error);
WRAP(int, ofproto_create, const char *datapath, const char *datapath_type,
     struct ofproto **);
WRAP(void, ofproto_destroy, struct ofproto *, bool del);
WRAP(void, connmgr_flushed, struct connmgr *);
WRAP(void, ofproto_dpif_send_async_msg, struct ofproto_dpif *,
     struct ofproto_async_msg *);
WRAP(void, tnl_neigh_set, const char name[IFNAMSIZ], const struct in6_addr *,
     const struct eth_addr);
WRAP(int, tnl_neigh_snoop, const struct flow *, struct flow_wildcards *,
     const char name[IFNAMSIZ], bool allow_update);
WRAP(void, pmd_perf_end_iteration, struct pmd_perf_stats *, int rx_packets,
     int tx_packets, uint64_t sleep_cycles, bool full_metrics);
WRAP(void, xnanosleep, uint64_t nanoseconds);
WRAP(void, xnanosleep_no_quiesce, uint64_t nanoseconds);

/* The main loop
 * -------------
 *
 * vswitchd/ovs-vswitchd.c calls these, and ours go first. */

void
__wrap_bridge_init(const char *remote)
{
    __real_bridge_init(remote);
    hwv_plugin_register();
}

void
__wrap_bridge_run(void)
{
    hwv_plugin_run();
    __real_bridge_run();
    hwv_fdb_config_end();
}

void
__wrap_bridge_wait(void)
{
    __real_bridge_wait();
    hwv_plugin_wait();
}

void
__wrap_bridge_exit(bool delete_datapath)
{
    __real_bridge_exit(delete_datapath);
    hwv_plugin_exit();
}

/* ovs-vswitchd calls this once it has applied the configuration for the first
 * time.  Only from here on, a log entry stays off the standard error of the
 * command that started the daemon. */
void
__wrap_daemonize_complete(void)
{
    __real_daemonize_complete();
    VLOG_INFO("%s", hwv_plugin_version());
}

void
__wrap_ovs_print_version(uint8_t min_ofp, uint8_t max_ofp)
{
    __real_ovs_print_version(min_ofp, max_ofp);
    printf("%s\n", hwv_plugin_version());
}

/* vswitchd/bridge.c clears the error column of every port that it has after
 * it has applied the configuration: all of them in one bridge_run(). */
void
__wrap_ovsrec_interface_set_error(const struct ovsrec_interface *iface,
                                  const char *error)
{
    char *kept = error ? NULL : hwv_netdev_config_error(iface->name);

    if (!error) {
        char *fdb_error = hwv_fdb_config_apply(iface->name, iface->type,
                                               &iface->other_config);

        if (kept) {
            free(fdb_error);
        } else {
            kept = fdb_error;
        }
    }
    __real_ovsrec_interface_set_error(iface, kept ? kept : error);
    free(kept);
}

/* Flow-offload providers and ports
 * -------------------------------- */

/* lib/netdev.c, lib/dpdk.c and lib/netdev-dummy.c register OVS's providers. */
int
__wrap_netdev_register_flow_api_provider(const struct netdev_flow_api *api)
{
    return hwv_offload_register(api, __real_netdev_register_flow_api_provider);
}

/* lib/dpif.c tells netdev-offload each port of a datapath, by number, right
 * after it was added and right after it was removed. */
int
__wrap_netdev_ports_insert(struct netdev *netdev, struct dpif_port *dpif_port)
{
    int error = __real_netdev_ports_insert(netdev, dpif_port);

    if (!error) {
        hwv_port_added(netdev, dpif_port->port_no);
    }
    return error;
}

int
__wrap_netdev_ports_remove(odp_port_t port_no, const char *dpif_type)
{
    hwv_port_removed(port_no, dpif_type);
    return __real_netdev_ports_remove(port_no, dpif_type);
}

/* Statistics
 * ----------
 *
 * See hwv-stats.h.  lib/dpif-netdev.c calls netdev_ports_get() once for each
 * flow whose statistics it is asked for (dpif_netdev_get_flow_offload_status),
 * in the order in which it dumps them. */

struct netdev *
__wrap_netdev_ports_get(odp_port_t port_no, const char *dpif_type)
{
    hwv_stats_record_next();
    return __real_netdev_ports_get(port_no, dpif_type);
}

int
__wrap_dpif_flow_dump_next(struct dpif_flow_dump_thread *thread,
                           struct dpif_flow *flows, int max_flows)
{
    int n;

    if (!dpif_is_netdev(thread->dpif)) {
        return __real_dpif_flow_dump_next(thread, flows, max_flows);
    }

    hwv_stats_record_start();
    n = __real_dpif_flow_dump_next(thread, flows, max_flows);
    hwv_stats_record_stop();
    if (n > 0) {
        hwv_stats_settle_dump(flows, n);
    }
    return n;
}

/* Executes 'op' by 'execute', and adds what the NIC counted. */
static void
operate_one(struct dpif *dpif, struct dpif_op *op,
            enum dpif_offload_type offload_type)
{
    hwv_stats_prepare_op(op);
    hwv_stats_record_start();
    __real_dpif_operate(dpif, &op, 1, offload_type);
    hwv_stats_record_stop();

    /* Another thread may have seen the flow before 'op' was executed and let
     * it back into the NIC. */
    if (!op->error) {
        hwv_stats_prepare_op(op);
    }
    hwv_stats_settle_op(op);
}

/* One by one, because the record cannot tell operations apart.  dpif-netdev
 * does nothing faster for being given several. */
void
__wrap_dpif_operate(struct dpif *dpif, struct dpif_op **ops, size_t n,
                    enum dpif_offload_type offload_type)
{
    if (!dpif_is_netdev(dpif)) {
        __real_dpif_operate(dpif, ops, n, offload_type);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        operate_one(dpif, ops[i], offload_type);
    }
}

/* lib/dpif.c implements these three by calls of dpif_operate() in its own
 * object file, which the linker leaves alone: so the calls are made here. */
int
__wrap_dpif_flow_get(struct dpif *dpif, const struct nlattr *key,
                     size_t key_len, const ovs_u128 *ufid,
                     const unsigned pmd_id, struct ofpbuf *buf,
                     struct dpif_flow *flow)
{
    struct dpif_op op = {
        .type = DPIF_OP_FLOW_GET,
        .flow_get = {
            .key = key, .key_len = key_len, .ufid = ufid, .pmd_id = pmd_id,
            .buffer = buf, .flow = flow,
        },
    };
    struct dpif_op *opp = &op;

    memset(flow, 0, sizeof *flow);
    flow->key = key;
    flow->key_len = key_len;
    __wrap_dpif_operate(dpif, &opp, 1, DPIF_OFFLOAD_AUTO);
    return op.error;
}

int
__wrap_dpif_flow_put(struct dpif *dpif, enum dpif_flow_put_flags flags,
                     const struct nlattr *key, size_t key_len,
                     const struct nlattr *mask, size_t mask_len,
                     const struct nlattr *actions, size_t actions_len,
                     const ovs_u128 *ufid, const unsigned pmd_id,
                     struct dpif_flow_stats *stats)
{
    struct dpif_op op = {
        .type = DPIF_OP_FLOW_PUT,
        .flow_put = {
            .flags = flags, .key = key, .key_len = key_len, .mask = mask,
            .mask_len = mask_len, .actions = actions,
            .actions_len = actions_len, .ufid = ufid, .pmd_id = pmd_id,
            .stats = stats,
        },
    };
    struct dpif_op *opp = &op;

    __wrap_dpif_operate(dpif, &opp, 1, DPIF_OFFLOAD_AUTO);
    return op.error;
}

int
__wrap_dpif_flow_del(struct dpif *dpif, const struct nlattr *key,
                     size_t key_len, const ovs_u128 *ufid,
                     const unsigned pmd_id, struct dpif_flow_stats *stats)
{
    struct dpif_op op = {
        .type = DPIF_OP_FLOW_DEL,
        .flow_del = {
            .key = key, .key_len = key_len, .ufid = ufid, .pmd_id = pmd_id,
            .stats = stats,
        },
    };
    struct dpif_op *opp = &op;

    __wrap_dpif_operate(dpif, &opp, 1, DPIF_OFFLOAD_AUTO);
    return op.error;
}

/* Upcalls
 * -------
 *
 * ofproto/ofproto-dpif-upcall.c registers with a datapath what its PMD threads
 * call for each upcall, and NULL, with the same 'aux', when nobody does any
 * more. */

void
__wrap_dpif_register_upcall_cb(struct dpif *dpif, upcall_callback *cb,
                               void *aux)
{
    if (cb) {
        __real_dpif_register_upcall_cb(dpif, hwv_upcall,
                                       hwv_upcall_limited(cb, aux));
    } else {
        __real_dpif_register_upcall_cb(dpif, NULL, NULL);
        hwv_upcall_unlimited(aux);
    }
}

/* Open datapaths
 * -------------- */

/* ofproto/ofproto-dpif.c passes other_config on to each datapath that it has
 * open, again and again. */
int
__wrap_dpif_set_config(struct dpif *dpif, const struct smap *config)
{
    hwv_fdb_settings_apply(config);
    if (dpif_is_netdev(dpif)) {
        hwv_dpif_opened(dpif);
        hwv_tx_flush_set_interval(smap_get_uint(config, "tx-flush-interval",
                                                0));
    }
    return __real_dpif_set_config(dpif, config);
}

void
__wrap_dpif_close(struct dpif *dpif)
{
    if (dpif) {
        hwv_dpif_closing(dpif);
    }
    __real_dpif_close(dpif);
}

/* Bridges and their rules
 * ----------------------- */

/* vswitchd/bridge.c creates and destroys the ofproto of each bridge. */
int
__wrap_ofproto_create(const char *datapath, const char *datapath_type,
                      struct ofproto **ofprotop)
{
    int error = __real_ofproto_create(datapath, datapath_type, ofprotop);

    if (!error) {
        hwv_segments_bridge_created(*ofprotop);
    }
    return error;
}

void
__wrap_ofproto_destroy(struct ofproto *ofproto, bool del)
{
    if (ofproto) {
        hwv_segments_bridge_destroyed(ofproto);
    }
    __real_ofproto_destroy(ofproto, del);
}

/* ofproto/ofproto.c calls this after it has removed all rules of all tables
 * but the internal one, e.g. as a controller was set; in standalone mode it
 * installs the rule with actions=NORMAL. */
void
__wrap_connmgr_flushed(struct connmgr *mgr)
{
    hwv_segments_bridge_flushed(mgr);
    __real_connmgr_flushed(mgr);
}

/* ofproto/ofproto-dpif-upcall.c calls this for each packet that gets to a
 * "controller" action, in the thread that has the packet. */
void
__wrap_ofproto_dpif_send_async_msg(struct ofproto_dpif *ofproto,
                                   struct ofproto_async_msg *msg)
{
    if (!hwv_packet_in_take(ofproto, msg)) {
        __real_ofproto_dpif_send_async_msg(ofproto, msg);
    }
}

/* Tunnels
 * -------
 *
 * lib/dpif-netdev.c calls this for tnl_push, in the thread that has the
 * packets.  Like OVS's, ours leaves them in 'batch' and gives them the
 * metadata of packets from the underlay bridge. */

int
__wrap_netdev_push_header(const struct netdev *netdev,
                          struct dp_packet_batch *batch,
                          const struct ovs_action_push_tnl *data)
{
    return (hwv_first_packet_push(batch, data)
            ? 0 : __real_netdev_push_header(netdev, batch, data));
}

/* Neighbors
 * ---------
 *
 * ofproto/ofproto-dpif-xlate.c lets OVS learn in any thread: from ARP and ND
 * packets (tnl_neigh_snoop), and, if we let it, from the outer headers of
 * packets that are for a tunnel port (tnl_neigh_set).  OVS changes
 * 'tnl_conf_seq' before it has the new MAC address in its cache: whoever looks
 * only then, as the main thread does, may find nothing and is not told again.
 * */

void
__wrap_tnl_neigh_set(const char name[IFNAMSIZ], const struct in6_addr *ip,
                     const struct eth_addr mac)
{
    if (hwv_neigh_may_learn(name, ip, mac)) {
        __real_tnl_neigh_set(name, ip, mac);
        hwv_neigh_learned(name, ip);
    }
}

/* Past our wrapper. */
void
hwv_neigh_set(const char *bridge, const struct in6_addr *ip,
              struct eth_addr mac)
{
    char name[IFNAMSIZ] = "";

    ovs_strlcpy(name, bridge, sizeof name);
    __real_tnl_neigh_set(name, ip, mac);
    hwv_neigh_learned(name, ip);
}

int
__wrap_tnl_neigh_snoop(const struct flow *flow, struct flow_wildcards *wc,
                       const char name[IFNAMSIZ], bool allow_update)
{
    int error = __real_tnl_neigh_snoop(flow, wc, name, allow_update);

    if (!error && allow_update) {
        struct in6_addr ip = (flow->dl_type == htons(ETH_TYPE_ARP)
                              ? in6_addr_mapped_ipv4(flow->nw_src)
                              : flow->nd_target);

        hwv_neigh_learned(name, &ip);
    }
    return error;
}

/* PMD threads
 * -----------
 *
 * lib/dpif-netdev.c calls these in each iteration of a PMD thread over its
 * queues: at its end, and before that where it wants the thread to sleep, as
 * it has received little for a while. */

void
__wrap_pmd_perf_end_iteration(struct pmd_perf_stats *stats, int rx_packets,
                              int tx_packets, uint64_t sleep_cycles,
                              bool full_metrics)
{
    __real_pmd_perf_end_iteration(stats, rx_packets + hwv_pmd_load_take(),
                                  tx_packets, sleep_cycles, full_metrics);
}

void
__wrap_xnanosleep_no_quiesce(uint64_t nanoseconds)
{
    nanoseconds = hwv_pmd_load_limit_sleep(nanoseconds);
    if (nanoseconds) {
        __real_xnanosleep_no_quiesce(nanoseconds);
    }
}

/* Offload threads
 * ---------------
 *
 * lib/dpif-netdev.c calls this where such a thread has no work.  (Threads of
 * lib/netdev-dpdk.c and lib/dpif-netdev-perf.c call it, too.)  Where there is
 * no NIC of ours, it is as with OVS. */

void
__wrap_xnanosleep(uint64_t nanoseconds)
{
    if (hwv_nics_exist()) {
        nanoseconds = hwv_offload_thread_limit_sleep(nanoseconds);
    }
    __real_xnanosleep(nanoseconds);
}
