/* SPDX-License-Identifier: Apache-2.0 */

/* Quality of service of a port
 * ============================
 *
 * The wire's, on which hits come in and go out as all packets do: so what the
 * wire enforces, it enforces for hits too.  What it cannot enforce is refused,
 * and shown in the Interface's status.  OVS sets all of this again whenever it
 * looks at the configuration, so a new wire gets it too (see use_wire()). */

#include <config.h>
#include "hwv-netdev.h"

#include <errno.h>

#include "hwv-wire.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_netdev_qos);

static bool wire_is(const struct netdev *wire, const char *type);
static void refuse(struct hwv_netdev *, bool *refused, bool refuse_now,
                   const char *what);

/* The kernel hands a packet to the socket of a "system" or "afxdp" wire before
 * its ingress policer sees it.  None of the others polices by packets. */
int
hwv_netdev_set_policing(struct netdev *netdev, unsigned int kbits_rate,
                        unsigned int kbits_burst, unsigned int kpkts_rate,
                        unsigned int kpkts_burst)
{
    struct hwv_netdev *dev = hwv_netdev_cast(netdev);
    struct netdev *wire = hwv_netdev_wire(netdev);
    int error = EOPNOTSUPP;

    if (wire && !wire_is(wire, "system") && !wire_is(wire, "afxdp")) {
        error = netdev_set_policing(wire, kbits_rate, kbits_burst, kpkts_rate,
                                    kpkts_burst);
        hwv_wire_set_policed(ovsrcu_get(struct hwv_wire *, &dev->wire),
                             kbits_rate != 0);
    }
    if (kpkts_rate) {
        error = EOPNOTSUPP;
    }
    if (!kbits_rate && !kpkts_rate) {
        error = 0;
    }
    refuse(dev, &dev->policing_refused, error,
           kpkts_rate ? "ingress_policing_kpkts_rate"
                      : "ingress_policing_rate");
    return error;
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

/* AF_XDP's transmission goes past the kernel's queueing disciplines. */
int
hwv_netdev_set_qos(struct netdev *netdev, const char *type,
                   const struct smap *details)
{
    struct hwv_netdev *dev = hwv_netdev_cast(netdev);
    struct netdev *wire = hwv_netdev_wire(netdev);
    int error = ENODEV;

    if (wire) {
        error = (type[0] && wire_is(wire, "afxdp")
                 ? EOPNOTSUPP : netdev_set_qos(wire, type, details));
        hwv_wire_update(ovsrcu_get(struct hwv_wire *, &dev->wire));
    }
    refuse(dev, &dev->qos_refused, error && type[0], "QoS");
    return error;
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

static bool
wire_is(const struct netdev *wire, const char *type)
{
    return !strcmp(netdev_get_type(wire), type);
}

/* Keeps in '*refused', a member of 'dev', whether to show that the wire does
 * not support 'what'. */
static void
refuse(struct hwv_netdev *dev, bool *refused, bool refuse_now,
       const char *what)
{
    const struct netdev *wire = hwv_netdev_wire(&dev->up);

    ovs_mutex_lock(&dev->mutex);
    if (refuse_now && !*refused) {
        VLOG_WARN("%s: its wire (%s) does not support this %s, which has no "
                  "effect", netdev_get_name(&dev->up),
                  wire ? netdev_get_type(wire) : "none", what);
    }
    *refused = refuse_now;
    ovs_mutex_unlock(&dev->mutex);
}
