/* SPDX-License-Identifier: Apache-2.0 */

/* Wires come, change and go.
 *
 * OVS removes a port from the datapath if it cannot be reconfigured.  But what
 * worked before is to go on working: so a port that cannot have a new wire, or
 * whose wire does not start with new options or a new MTU, goes back to what
 * it had and says so in the Interface's "error" column.  The same is not tried
 * again until it changes: each try would interrupt the traffic.
 *
 * An error stays until what follows it has been tried.  If it were cleared and
 * then set again, OVS could lose it: a value that is the database's, as far as
 * OVS has heard, is not written, even if another one is on its way. */

#include <config.h>
#include "hwv-netdev.h"

#include <errno.h>

#include "hwv-wire-class.h"
#include "hwv-wire.h"
#include "if-notifier.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_netdev_reconf);

static bool is_wire_of(const struct hwv_wire *, const struct hwv_config *);
static void use_wire(struct hwv_netdev *dev, struct hwv_wire *)
    OVS_REQUIRES(dev->mutex);
static void move_flags(struct netdev *old, struct netdev *new);
static bool wire_has_tx_multiq(const struct hwv_netdev *dev)
    OVS_REQUIRES(dev->mutex);
static void start_next_wire(struct hwv_netdev *dev,
                            struct hwv_wire_refusal *)
    OVS_REQUIRES(dev->mutex);
static void settle_errors(struct hwv_netdev *dev, bool works,
                          struct hwv_wire_refusal *)
    OVS_REQUIRES(dev->mutex);
static void set_error(char **errorp, const char *error);

/* Gives the port the wire that 'config' describes: the one it has, with new
 * options, or another, which takes its place when OVS has stopped polling. */
int
hwv_netdev_apply_wire(struct hwv_netdev *dev, const struct hwv_config *config,
                      char **errp)
{
    struct hwv_wire *wire = ovsrcu_get_protected(struct hwv_wire *,
                                                 &dev->wire);
    struct hwv_wire *new;

    if (dev->next_wire && is_wire_of(dev->next_wire, config)) {
        return hwv_wire_set_options(dev->next_wire, &config->wire_options,
                                    errp);
    }
    if (wire && is_wire_of(wire, config)) {
        int error = hwv_wire_set_options(wire, &config->wire_options, errp);

        if (!error) {
            hwv_wire_close(dev->next_wire);
            dev->next_wire = NULL;
        }
        return error;
    }

    if (hwv_port_name_exists(config->wire_name)) {
        *errp = xasprintf("options:wire-dev=%s: it is a port of a bridge by "
                          "itself: remove it there, or choose another device",
                          config->wire_name);
        return EINVAL;
    }
    new = hwv_wire_open(config->wire_name, config->wire_class,
                        &config->wire_options, errp);
    if (!new) {
        return EINVAL;
    }
    hwv_wire_close(dev->next_wire);
    dev->next_wire = NULL;
    if (wire) {
        dev->next_wire = new;
        netdev_request_reconfigure(&dev->up);
    } else {
        use_wire(dev, new);
    }
    return 0;
}

bool
hwv_netdev_refuses(struct hwv_netdev *dev, const struct smap *options)
{
    bool refuses;

    ovs_mutex_lock(&dev->mutex);
    refuses = dev->refused && smap_equal(dev->refused, options);
    if (dev->refused && !refuses) {
        smap_destroy(dev->refused);
        free(dev->refused);
        dev->refused = NULL;
    }
    ovs_mutex_unlock(&dev->mutex);
    return refuses;
}

void
hwv_netdev_options_changed(struct hwv_netdev *dev)
{
    struct netdev *wire = hwv_netdev_wire(&dev->up);

    if (!dev->next_wire && !netdev_is_reconf_required(wire)) {
        set_error(&dev->wire_error, NULL);
    }
}

int
hwv_netdev_set_tx_multiq(struct netdev *netdev, unsigned int n_txq)
{
    struct hwv_netdev *dev = hwv_netdev_cast(netdev);

    ovs_mutex_lock(&dev->mutex);
    if (dev->wanted_txqs != n_txq) {
        dev->wanted_txqs = n_txq;
        if (wire_has_tx_multiq(dev)) {
            netdev_request_reconfigure(netdev);
        }
    }
    ovs_mutex_unlock(&dev->mutex);
    return 0;
}

int
hwv_netdev_set_mtu(struct netdev *netdev, int mtu)
{
    struct hwv_netdev *dev = hwv_netdev_cast(netdev);
    struct hwv_wire *wire = ovsrcu_get(struct hwv_wire *, &dev->wire);
    int error;

    if (!wire) {
        return ENODEV;
    }

    /* A wire that must stop for it asks to be reconfigured. */
    ovs_mutex_lock(&dev->mutex);
    error = hwv_wire_set_mtu(wire, mtu);
    if (!error) {
        if (netdev_is_reconf_required(hwv_wire_netdev(wire))) {
            netdev_request_reconfigure(netdev);
        } else {
            set_error(&dev->mtu_error, NULL);
            hwv_wire_update(wire);
        }
    } else if (!dev->mtu_error) {
        dev->mtu_error = xasprintf("mtu_request=%d: wire \"%s\" of type %s "
                                   "cannot have this MTU: %s: ask for a "
                                   "smaller one", mtu,
                                   netdev_get_name(hwv_wire_netdev(wire)),
                                   hwv_wire_type(wire), ovs_strerror(error));
    }
    ovs_mutex_unlock(&dev->mutex);
    return error;
}

int
hwv_netdev_reconfigure(struct netdev *netdev)
{
    struct hwv_netdev *dev = hwv_netdev_cast(netdev);
    struct hwv_wire_refusal refusal = { .message = NULL };
    struct hwv_wire *wire;
    int error = ENODEV;

    ovs_mutex_lock(&dev->mutex);
    if (dev->next_wire) {
        start_next_wire(dev, &refusal);
    }
    wire = ovsrcu_get_protected(struct hwv_wire *, &dev->wire);
    if (wire) {
        struct hwv_wire_refusal of_wire;
        unsigned int n_txq = dev->wanted_txqs;

        error = hwv_wire_reconfigure(wire, &n_txq, &of_wire);
        if (!refusal.message) {
            refusal = of_wire;
        } else {
            free(of_wire.message);
        }
        settle_errors(dev, !error, &refusal);
        netdev->n_rxq = netdev_n_rxq(hwv_wire_netdev(wire));
        netdev->n_txq = wire_has_tx_multiq(dev) ? n_txq : 1;
        netdev->ol_flags = hwv_wire_netdev(wire)->ol_flags;
    }
    ovs_mutex_unlock(&dev->mutex);

    netdev_change_seq_changed(netdev);
    return error;
}

static bool
is_wire_of(const struct hwv_wire *wire, const struct hwv_config *config)
{
    return (!strcmp(hwv_wire_type(wire), config->wire_class->netdev_type)
            && !strcmp(netdev_get_name(hwv_wire_netdev(wire)),
                       config->wire_name));
}

static void
use_wire(struct hwv_netdev *dev, struct hwv_wire *wire)
{
    struct hwv_wire *old = ovsrcu_get_protected(struct hwv_wire *, &dev->wire);

    if (old) {
        move_flags(hwv_wire_netdev(old), hwv_wire_netdev(wire));
        hwv_wire_update(wire);

        /* Policing and QoS move when OVS looks at the configuration again.
         * OVS 3.1 does not free the QoS of a DPDK netdev that goes. */
        netdev_set_qos(hwv_wire_netdev(old), NULL, NULL);
        if_notifier_manual_report();
    }
    dev->wire_ifindex = 0;
    ovsrcu_set(&dev->wire, wire);
    hwv_nic_set_wire(&dev->port, wire);
    hwv_wire_close(old);
}

/* Gives 'new' the flags that OVS gave our port while 'old' was its wire. */
static void
move_flags(struct netdev *old, struct netdev *new)
{
    enum netdev_flags flags;

    if (!netdev_get_flags(old, &flags)) {
        netdev_turn_flags_on(new, flags & (NETDEV_UP | NETDEV_PROMISC), NULL);
        netdev_turn_flags_off(old, flags & NETDEV_PROMISC, NULL);
    }
}

/* Can the number of transmit queues of the wire be chosen?  Where it cannot,
 * OVS must not reconfigure the port whenever the number of PMD threads
 * changes: that would lose what waits in its receive queues. */
static bool
wire_has_tx_multiq(const struct hwv_netdev *dev)
    OVS_REQUIRES(dev->mutex)
{
    const struct hwv_wire *wire
        = ovsrcu_get_protected(struct hwv_wire *, &dev->wire);

    return wire && hwv_wire_netdev(wire)->netdev_class->set_tx_multiq;
}

/* Lets the wire that the port is to have take the place of the one it has, if
 * it starts; else stores why not into '*refusal'. */
static void
start_next_wire(struct hwv_netdev *dev, struct hwv_wire_refusal *refusal)
{
    unsigned int n_txq = dev->wanted_txqs;
    struct hwv_wire *wire = dev->next_wire;

    dev->next_wire = NULL;
    if (hwv_wire_reconfigure(wire, &n_txq, refusal)) {
        char *message = refusal->message;

        refusal->message = xasprintf("%s; %s keeps the wire that it has",
                                     message, dev->port.name);
        free(message);
        hwv_wire_close(wire);
    } else {
        use_wire(dev, wire);
    }
}

/* Keeps what 'refusal' tells, or that there is none, for the database, and
 * frees its message. */
static void
settle_errors(struct hwv_netdev *dev, bool works,
              struct hwv_wire_refusal *refusal)
{
    if (refusal->message) {
        VLOG_WARN("%s: %s", dev->port.name, refusal->message);
    } else if (!dev->wire_error && !dev->mtu_error) {
        return;
    }

    set_error(&dev->wire_error, refusal->options ? refusal->message : NULL);
    set_error(&dev->mtu_error, refusal->mtu ? refusal->message : NULL);
    if (refusal->options && !dev->refused) {
        dev->refused = xmalloc(sizeof *dev->refused);
        smap_clone(dev->refused, &dev->options);
    }
    free(refusal->message);

    /* OVS writes the column when it looks at the configuration again.  A port
     * that does not work at all it would add again, for ever. */
    if (works) {
        if_notifier_manual_report();
    }
}

static void
set_error(char **errorp, const char *error)
{
    free(*errorp);
    *errorp = nullable_xstrdup(error);
}
