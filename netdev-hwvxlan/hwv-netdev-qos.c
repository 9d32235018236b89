/* SPDX-License-Identifier: Apache-2.0 */

/* Quality of service of a port
 * ============================
 *
 * The wire's, on which hits come in and go out as all packets do: so what the
 * wire enforces, it enforces for hits too.  What it cannot enforce is refused,
 * and shown in the Interface's status. */

#include <config.h>
#include "hwv-netdev.h"

#include <errno.h>

#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_netdev_qos);

/* The kernel hands a packet to the socket of a "system" wire before its
 * ingress policer sees it. */
static bool
wire_polices(const struct netdev *wire)
{
    return strcmp(netdev_get_type(wire), "system")
           && strcmp(netdev_get_type(wire), "afxdp");
}

int
hwv_netdev_set_policing(struct netdev *netdev, unsigned int kbits_rate,
                        unsigned int kbits_burst, unsigned int kpkts_rate,
                        unsigned int kpkts_burst)
{
    struct hwv_netdev *dev = hwv_netdev_cast(netdev);
    struct netdev *wire = hwv_netdev_wire(netdev);
    bool wanted = kbits_rate || kpkts_rate;
    bool refused;
    int error = EOPNOTSUPP;

    if (wire && wire_polices(wire)) {
        error = netdev_set_policing(wire, kbits_rate, kbits_burst, kpkts_rate,
                                    kpkts_burst);
    }

    refused = error && wanted;
    ovs_mutex_lock(&dev->mutex);
    if (refused && !dev->policing_refused) {
        VLOG_WARN("%s: its wire (%s) does not support ingress policing: "
                  "ingress_policing_rate=%u has no effect",
                  netdev_get_name(netdev),
                  wire ? netdev_get_type(wire) : "none", kbits_rate);
    }
    dev->policing_refused = refused;
    ovs_mutex_unlock(&dev->mutex);

    return refused ? error : 0;
}

int
hwv_netdev_get_qos_types(const struct netdev *netdev, struct sset *types)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_get_qos_types(wire, types) : ENODEV;
}

int
hwv_netdev_get_qos_capabilities(const struct netdev *netdev, const char *type,
                                struct netdev_qos_capabilities *caps)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_get_qos_capabilities(wire, type, caps) : ENODEV;
}

int
hwv_netdev_get_qos(const struct netdev *netdev, const char **typep,
                   struct smap *details)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_get_qos(wire, typep, details) : ENODEV;
}

int
hwv_netdev_set_qos(struct netdev *netdev, const char *type,
                   const struct smap *details)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_set_qos(wire, type, details) : ENODEV;
}

int
hwv_netdev_get_queue(const struct netdev *netdev, unsigned int queue_id,
                     struct smap *details)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_get_queue(wire, queue_id, details) : ENODEV;
}

int
hwv_netdev_set_queue(struct netdev *netdev, unsigned int queue_id,
                     const struct smap *details)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_set_queue(wire, queue_id, details) : ENODEV;
}

int
hwv_netdev_delete_queue(struct netdev *netdev, unsigned int queue_id)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_delete_queue(wire, queue_id) : ENODEV;
}

int
hwv_netdev_get_queue_stats(const struct netdev *netdev, unsigned int queue_id,
                           struct netdev_queue_stats *stats)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_get_queue_stats(wire, queue_id, stats) : ENODEV;
}

int
hwv_netdev_queue_dump_start(const struct netdev *netdev, void **statep)
{
    struct netdev *wire = hwv_netdev_wire(netdev);
    struct netdev_queue_dump *dump;

    if (!wire) {
        return ENODEV;
    }

    dump = xmalloc(sizeof *dump);
    netdev_queue_dump_start(dump, wire);
    *statep = dump;
    return 0;
}

int
hwv_netdev_queue_dump_next(const struct netdev *netdev OVS_UNUSED, void *dump,
                           unsigned int *queue_id, struct smap *details)
{
    return netdev_queue_dump_next(dump, queue_id, details) ? 0 : EOF;
}

int
hwv_netdev_queue_dump_done(const struct netdev *netdev OVS_UNUSED, void *dump)
{
    int error = netdev_queue_dump_done(dump);

    free(dump);
    return error;
}

int
hwv_netdev_dump_queue_stats(const struct netdev *netdev,
                            netdev_dump_queue_stats_cb *cb, void *aux)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_dump_queue_stats(wire, cb, aux) : ENODEV;
}
