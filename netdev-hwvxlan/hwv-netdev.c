/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-netdev.h"

#include <errno.h>

#include "hwv-learning.h"
#include "hwv-port-counters.h"
#include "hwv-replacement.h"
#include "hwv-segment.h"
#include "hwv-upcall-limit.h"
#include "hwv-wire.h"
#include "openvswitch/list.h"
#include "openvswitch/vlog.h"
#include "seq.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_netdev);

/* All ports of the class, for hwv_netdev_run(). */
static struct ovs_mutex list_mutex = OVS_MUTEX_INITIALIZER;
static struct ovs_list all_ports OVS_GUARDED_BY(list_mutex)
    = OVS_LIST_INITIALIZER(&all_ports);

static void apply_mac(struct hwv_netdev *dev, const struct hwv_config *)
    OVS_REQUIRES(dev->mutex);
static void follow_ifindex(struct hwv_netdev *, int ifindex);

/* Life cycle
 * ---------- */

static struct netdev *
hwv_netdev_alloc(void)
{
    struct hwv_netdev *dev = xzalloc(sizeof *dev);

    return &dev->up;
}

static int
hwv_netdev_construct(struct netdev *netdev)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    struct hwv_netdev *dev = hwv_netdev_cast(netdev);

    ovs_mutex_init(&dev->mutex);
    smap_init(&dev->options);
    dev->wanted_txqs = 1;
    ovsrcu_init(&dev->wire, NULL);
    ovsrcu_init(&dev->mac, NULL);
    dev->port.name = netdev_get_name(netdev);
    dev->port.netdev = netdev;
    dev->port.odp_port = ODPP_NONE;
    dev->port.quota = HWV_REPLACEMENT_NO_QUOTA;
    dev->port.counters = hwv_port_counters_create();
    dev->port.upcall_limit = hwv_upcall_limit_create();
    ovsrcu_init(&dev->port.rx, NULL);

    ovs_mutex_lock(&list_mutex);
    ovs_list_push_back(&all_ports, &dev->node);
    ovs_mutex_unlock(&list_mutex);
    return 0;
}

static void
hwv_netdev_destruct(struct netdev *netdev)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    struct hwv_netdev *dev = hwv_netdev_cast(netdev);

    ovs_mutex_lock(&list_mutex);
    ovs_list_remove(&dev->node);
    ovs_mutex_unlock(&list_mutex);

    hwv_learning_vote(&dev->against_learning, false);
    hwv_nic_detach(&dev->port);
    hwv_wire_close(dev->next_wire);
    hwv_wire_close(ovsrcu_get_protected(struct hwv_wire *, &dev->wire));
    ovsrcu_postpone(free, ovsrcu_get_protected(struct eth_addr *, &dev->mac));
    hwv_port_counters_destroy(dev->port.counters);
    hwv_upcall_limit_destroy(dev->port.upcall_limit);
    hwv_port_destroy_segment(&dev->port);
    seq_change(hwv_netdev_config_seq());
    smap_destroy(&dev->options);
    if (dev->refused) {
        smap_destroy(dev->refused);
        free(dev->refused);
    }
    free(dev->config_error);
    free(dev->wire_error);
    free(dev->mtu_error);
    ovs_mutex_destroy(&dev->mutex);
}

/* Other threads may be in a burst that the port is an output of. */
static void
hwv_netdev_dealloc(struct netdev *netdev)
{
    ovsrcu_postpone(free, hwv_netdev_cast(netdev));
}

/* Configuration
 * ------------- */

/* Decides what becomes of 'error' and 'message', which it takes: OVS deletes a
 * port whose new options are refused, but one that works is to go on with the
 * options that it has. */
static int
finish_config(struct hwv_netdev *dev, int error, char *message, char **errp)
{
    if (!dev->port.nic) {
        *errp = message;
        return error;
    }

    ovs_mutex_lock(&dev->mutex);
    if (message && !nullable_string_is_equal(message, dev->config_error)) {
        VLOG_WARN("%s: keeping the options it had: %s", dev->port.name,
                  message);
    }
    free(dev->config_error);
    dev->config_error = message;
    ovs_mutex_unlock(&dev->mutex);
    return 0;
}

static int
hwv_netdev_set_config(struct netdev *netdev, const struct smap *options,
                      char **errp)
{
    struct hwv_netdev *dev = hwv_netdev_cast(netdev);
    struct hwv_config config;
    char *message = NULL;
    int error;

    if (hwv_netdev_refuses(dev, options)) {
        return 0;
    }

    error = hwv_config_parse(netdev_get_name(netdev), options, &config,
                             &message);
    if (!error) {
        ovs_mutex_lock(&dev->mutex);
        error = hwv_nic_check(&dev->port, config.nic, config.id, &message);
        if (!error) {
            error = hwv_netdev_apply_wire(dev, &config, &message);
        }
        if (!error) {
            hwv_nic_attach(&dev->port, config.nic, config.id);
            hwv_nic_set_quota(&dev->port, config.quota);
            hwv_upcall_limit_set(dev->port.upcall_limit, config.upcall_rate);
            apply_mac(dev, &config);
            hwv_learning_vote(&dev->against_learning,
                              config.is_pf && !config.learn_next_hop);
            hwv_port_set_segment(&dev->port, &config.vtag,
                                 config.unknown_flood);
            if (config.is_pf) {
                hwv_nic_configure(&dev->port, &config.limits,
                                  config.replacement, config.offload,
                                  config.first_packet_nic);
            }
            smap_destroy(&dev->options);
            smap_clone(&dev->options, options);
            hwv_netdev_options_changed(dev);
        }
        ovs_mutex_unlock(&dev->mutex);
        hwv_config_destroy(&config);
    }
    if (!error) {
        seq_change(hwv_netdev_config_seq());
        netdev_change_seq_changed(netdev);
    }

    return finish_config(dev, error, message, errp);
}

static int
hwv_netdev_get_config(const struct netdev *netdev, struct smap *options)
{
    struct hwv_netdev *dev = hwv_netdev_cast(netdev);
    struct netdev *wire = hwv_netdev_wire(netdev);

    if (wire) {
        netdev_get_config(wire, options);
    }
    ovs_mutex_lock(&dev->mutex);
    const struct smap_node *node;
    SMAP_FOR_EACH (node, &dev->options) {
        smap_replace(options, node->key, node->value);
    }
    ovs_mutex_unlock(&dev->mutex);
    return 0;
}

static void
apply_mac(struct hwv_netdev *dev, const struct hwv_config *config)
{
    struct eth_addr *old = ovsrcu_get_protected(struct eth_addr *, &dev->mac);
    struct eth_addr *new = NULL;

    if (config->check_mac) {
        new = xmemdup(&config->mac, sizeof config->mac);
    }
    ovsrcu_set(&dev->mac, new);
    hwv_nic_set_mac(&dev->port, new);
    if (old) {
        ovsrcu_postpone(free, old);
    }
}

/* Passes on to OVS that a wire wants to be reconfigured (a vhost-user client
 * has connected, say) or has changed. */
static void
hwv_netdev_run(const struct netdev_class *class OVS_UNUSED)
{
    struct hwv_netdev *dev;

    ovs_mutex_lock(&list_mutex);
    LIST_FOR_EACH (dev, node, &all_ports) {
        struct netdev *wire = hwv_netdev_wire(&dev->up);

        if (!wire) {
            continue;
        }
        if (netdev_is_reconf_required(wire)
            && !netdev_is_reconf_required(&dev->up)) {
            netdev_request_reconfigure(&dev->up);
        }
        if (netdev_get_change_seq(wire) != dev->wire_change_seq) {
            dev->wire_change_seq = netdev_get_change_seq(wire);
            follow_ifindex(dev, netdev_get_ifindex(wire));
            hwv_wire_update(ovsrcu_get(struct hwv_wire *, &dev->wire));
            netdev_change_seq_changed(&dev->up);
        }
    }
    ovs_mutex_unlock(&list_mutex);
}

/* A kernel device that was removed and made again has another 'ifindex':
 * reconfiguring opens the sockets of the receive queues anew. */
static void
follow_ifindex(struct hwv_netdev *dev, int ifindex)
{
    if (ifindex > 0) {
        if (dev->wire_ifindex && dev->wire_ifindex != ifindex) {
            netdev_request_reconfigure(&dev->up);
        }
        dev->wire_ifindex = ifindex;
    }
}

static void
hwv_netdev_run_wait(const struct netdev_class *class OVS_UNUSED)
{
    struct hwv_netdev *dev;

    /* A change of a wire's properties wakes the main loop by OVS's
     * connectivity_seq. */
    ovs_mutex_lock(&list_mutex);
    LIST_FOR_EACH (dev, node, &all_ports) {
        struct netdev *wire = hwv_netdev_wire(&dev->up);

        if (wire && !netdev_is_reconf_required(&dev->up)) {
            netdev_wait_reconf_required(wire);
        }
    }
    ovs_mutex_unlock(&list_mutex);
}

struct netdev *
hwv_netdev_wire(const struct netdev *netdev)
{
    struct hwv_wire *wire = ovsrcu_get(struct hwv_wire *,
                                       &hwv_netdev_cast(netdev)->wire);

    return wire ? hwv_wire_netdev(wire) : NULL;
}

struct hwv_port *
hwv_port_from_netdev(const struct netdev *netdev)
{
    return netdev->netdev_class == &hwv_netdev_class
           ? &hwv_netdev_cast(netdev)->port : NULL;
}

const struct netdev_class hwv_netdev_class = {
    .type = "hw-vxlan",
    .is_pmd = true,
    .run = hwv_netdev_run,
    .wait = hwv_netdev_run_wait,
    .alloc = hwv_netdev_alloc,
    .construct = hwv_netdev_construct,
    .destruct = hwv_netdev_destruct,
    .dealloc = hwv_netdev_dealloc,
    .get_config = hwv_netdev_get_config,
    .set_config = hwv_netdev_set_config,
    .get_numa_id = hwv_netdev_get_numa_id,
    .set_tx_multiq = hwv_netdev_set_tx_multiq,
    .send = hwv_netdev_send,
    .set_etheraddr = hwv_netdev_set_etheraddr,
    .get_etheraddr = hwv_netdev_get_etheraddr,
    .get_ifindex = hwv_netdev_get_ifindex,
    .get_mtu = hwv_netdev_get_mtu,
    .set_mtu = hwv_netdev_set_mtu,
    .get_carrier = hwv_netdev_get_carrier,
    .get_carrier_resets = hwv_netdev_get_carrier_resets,
    .set_miimon_interval = hwv_netdev_set_miimon_interval,
    .get_stats = hwv_netdev_get_stats,
    .get_custom_stats = hwv_netdev_get_custom_stats,
    .get_features = hwv_netdev_get_features,
    .set_advertisements = hwv_netdev_set_advertisements,
    .set_policing = hwv_netdev_set_policing,
    .get_qos_types = hwv_netdev_get_qos_types,
    .get_qos_capabilities = hwv_netdev_get_qos_capabilities,
    .get_qos = hwv_netdev_get_qos,
    .set_qos = hwv_netdev_set_qos,
    .get_queue = hwv_netdev_get_queue,
    .set_queue = hwv_netdev_set_queue,
    .delete_queue = hwv_netdev_delete_queue,
    .get_queue_stats = hwv_netdev_get_queue_stats,
    .queue_dump_start = hwv_netdev_queue_dump_start,
    .queue_dump_next = hwv_netdev_queue_dump_next,
    .queue_dump_done = hwv_netdev_queue_dump_done,
    .dump_queue_stats = hwv_netdev_dump_queue_stats,
    .get_status = hwv_netdev_get_status,
    .update_flags = hwv_netdev_update_flags,
    .reconfigure = hwv_netdev_reconfigure,
    .rxq_alloc = hwv_netdev_rxq_alloc,
    .rxq_construct = hwv_netdev_rxq_construct,
    .rxq_destruct = hwv_netdev_rxq_destruct,
    .rxq_dealloc = hwv_netdev_rxq_dealloc,
    .rxq_enabled = hwv_netdev_rxq_enabled,
    .rxq_recv = hwv_netdev_rxq_recv,
    .rxq_wait = hwv_netdev_rxq_wait,
    .rxq_drain = hwv_netdev_rxq_drain,
};
