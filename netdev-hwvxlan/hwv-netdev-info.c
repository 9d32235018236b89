/* SPDX-License-Identifier: Apache-2.0 */

/* Properties and statistics of a port: mostly its wire's. */

#include <config.h>
#include "hwv-netdev.h"

#include <errno.h>

#include "hwv-port-counters.h"
#include "hwv-segment.h"
#include "hwv-wire.h"
#include "util.h"

/* Adds 'error' to '*errors', unless it is NULL or there. */
static void
add_error(char **errors, const char *error)
{
    if (!*errors) {
        *errors = nullable_xstrdup(error);
    } else if (error && !strstr(*errors, error)) {
        char *both = xasprintf("%s; %s", *errors, error);

        free(*errors);
        *errors = both;
    }
}

char *
hwv_netdev_config_error(const char *name)
{
    struct netdev *netdev = netdev_from_name(name);
    char *errors = NULL;

    if (netdev && netdev->netdev_class == &hwv_netdev_class) {
        struct hwv_netdev *dev = hwv_netdev_cast(netdev);

        ovs_mutex_lock(&dev->mutex);
        add_error(&errors, dev->config_error);
        add_error(&errors, dev->wire_error);
        if (netdev_mtu_is_user_config(netdev)) {
            add_error(&errors, dev->mtu_error);
        }
        ovs_mutex_unlock(&dev->mutex);
    }
    netdev_close(netdev);
    return errors;
}

int
hwv_netdev_get_etheraddr(const struct netdev *netdev, struct eth_addr *mac)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_get_etheraddr(wire, mac) : ENODEV;
}

int
hwv_netdev_set_etheraddr(struct netdev *netdev, const struct eth_addr mac)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_set_etheraddr(wire, mac) : ENODEV;
}

int
hwv_netdev_get_ifindex(const struct netdev *netdev)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_get_ifindex(wire) : -ENODEV;
}

int
hwv_netdev_get_mtu(const struct netdev *netdev, int *mtu)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_get_mtu(wire, mtu) : ENODEV;
}

int
hwv_netdev_get_carrier(const struct netdev *netdev, bool *carrier)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    *carrier = wire && netdev_get_carrier(wire);
    return 0;
}

long long int
hwv_netdev_get_carrier_resets(const struct netdev *netdev)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_get_carrier_resets(wire) : 0;
}

int
hwv_netdev_set_miimon_interval(struct netdev *netdev, long long int interval)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_set_miimon_interval(wire, interval) : ENODEV;
}

/* Adds to a counter that the wire may not have. */
static void
add_stat(uint64_t *stat, uint64_t n)
{
    *stat = *stat == UINT64_MAX ? n : *stat + n;
}

int
hwv_netdev_get_stats(const struct netdev *netdev, struct netdev_stats *stats)
{
    const struct hwv_counters *c = hwv_netdev_cast(netdev)->port.counters;
    struct netdev *wire = hwv_netdev_wire(netdev);
    int error = wire ? netdev_get_stats(wire, stats) : ENODEV;

    if (!error) {
        add_stat(&stats->rx_dropped, hwv_port_counters_rx_dropped(c));
        add_stat(&stats->tx_dropped, hwv_port_counters_tx_dropped(c));
    }
    return error;
}

int
hwv_netdev_get_custom_stats(const struct netdev *netdev,
                            struct netdev_custom_stats *stats)
{
    const struct hwv_counters *c = hwv_netdev_cast(netdev)->port.counters;
    struct netdev *wire = hwv_netdev_wire(netdev);
    size_t n_wire;

    if (!wire || netdev_get_custom_stats(wire, stats)) {
        stats->size = 0;
        stats->counters = NULL;
    }

    n_wire = stats->size;
    stats->size += HWV_N_PORT_COUNTERS;
    stats->counters = xrealloc(stats->counters,
                               stats->size * sizeof *stats->counters);
    for (int i = 0; i < HWV_N_PORT_COUNTERS; i++) {
        struct netdev_custom_counter *counter = &stats->counters[n_wire + i];

        counter->value = hwv_port_counter_read(c, i);
        ovs_strlcpy(counter->name, hwv_port_counter_name(i),
                    sizeof counter->name);
    }
    return 0;
}

int
hwv_netdev_get_features(const struct netdev *netdev,
                        enum netdev_features *current,
                        enum netdev_features *advertised,
                        enum netdev_features *supported,
                        enum netdev_features *peer)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_get_features(wire, current, advertised, supported,
                                      peer) : ENODEV;
}

int
hwv_netdev_set_advertisements(struct netdev *netdev,
                              enum netdev_features advertise)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_set_advertisements(wire, advertise) : ENODEV;
}

static void
add_occupancy(struct smap *smap, const char *key, uint32_t n, uint32_t max)
{
    smap_add_format(smap, key, "%"PRIu32"/%"PRIu32, n, max);
}

static void
add_nic_status(const struct hwv_port *port, struct smap *smap)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_nic *nic = port->nic;
    struct hwv_nic_usage usage;

    smap_add(smap, "offload", hwv_nic_state(nic));
    smap_add(smap, "nic", nic->name);
    if (port->id != HWV_UPLINK) {
        smap_add_format(smap, "vf", "%"PRIu16, port->id);
        hwv_port_segment_status(port, smap);
        return;
    }
    smap_add(smap, "nic_provider", nic->provider->type);
    nic->provider->usage(nic->dev, &usage);
    add_occupancy(smap, "flows", usage.flows, usage.max_flows);
    add_occupancy(smap, "tunnels", usage.tunnels, usage.max_tunnels);
    add_occupancy(smap, "sources", usage.sources, usage.max_sources);
}

int
hwv_netdev_get_status(const struct netdev *netdev, struct smap *smap)
{
    struct hwv_netdev *dev = hwv_netdev_cast(netdev);
    struct netdev *wire = hwv_netdev_wire(netdev);

    if (wire) {
        const char *driver;

        netdev_get_status(wire, smap);
        driver = smap_get(smap, "driver_name");
        if (driver) {
            smap_add(smap, "wire_driver_name", driver);
        }
        smap_add(smap, "wire", netdev_get_type(wire));
        smap_add(smap, "wire_dev", netdev_get_name(wire));
    }
    smap_replace(smap, "driver_name", "hw-vxlan");

    ovs_mutex_lock(&dev->mutex);
    if (dev->policing_refused) {
        smap_add(smap, "ingress_policing", "not supported by this wire");
    }
    if (dev->qos_refused) {
        smap_add(smap, "qos", "not supported by this wire");
    }
    ovs_mutex_unlock(&dev->mutex);

    ovs_mutex_lock(&hwv_control_mutex);
    if (dev->port.nic) {
        add_nic_status(&dev->port, smap);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
    return 0;
}

int
hwv_netdev_update_flags(struct netdev *netdev, enum netdev_flags off,
                        enum netdev_flags on, enum netdev_flags *old_flags)
{
    struct netdev *wire = hwv_netdev_wire(netdev);
    int error;

    if (!wire) {
        *old_flags = 0;
        return 0;
    }

    error = netdev_get_flags(wire, old_flags);
    if (!error && off) {
        error = netdev_turn_flags_off(wire, off, NULL);
    }
    if (!error && on) {
        error = netdev_turn_flags_on(wire, on, NULL);
    }
    if (off || on) {
        hwv_wire_update(ovsrcu_get(struct hwv_wire *,
                                   &hwv_netdev_cast(netdev)->wire));
    }
    return error;
}

int
hwv_netdev_get_numa_id(const struct netdev *netdev)
{
    struct netdev *wire = hwv_netdev_wire(netdev);

    return wire ? netdev_get_numa_id(wire) : NETDEV_NUMA_UNSPEC;
}
