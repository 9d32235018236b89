/* SPDX-License-Identifier: Apache-2.0 */

/* Our ports by their numbers in the datapath. */

#include <config.h>
#include "hwv-nic.h"

#include "hash.h"
#include "hwv-flow.h"
#include "netdev.h"
#include "util.h"

static struct hmap ports_by_odp OVS_GUARDED_BY(hwv_control_mutex)
    = HMAP_INITIALIZER(&ports_by_odp);

void
hwv_port_added(const struct netdev *netdev, odp_port_t odp_port)
{
    struct hwv_port *port = hwv_port_from_netdev(netdev);

    if (!port) {
        return;
    }

    ovs_mutex_lock(&hwv_control_mutex);
    hwv_port_forget(port);
    port->odp_port = odp_port;
    port->dpif_type = netdev_get_dpif_type(netdev);
    hmap_insert(&ports_by_odp, &port->odp_node,
                hash_int(odp_to_u32(odp_port), 0));
    if (port->nic) {
        hwv_nic_set_stale(port->nic);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_port_removed(odp_port_t odp_port, const char *dpif_type)
{
    struct hwv_port *port;

    ovs_mutex_lock(&hwv_control_mutex);
    port = hwv_port_find(odp_port, dpif_type);
    if (port) {
        hwv_port_forget(port);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

struct hwv_port *
hwv_port_find(odp_port_t odp_port, const char *dpif_type)
{
    struct hwv_port *port;

    HMAP_FOR_EACH_WITH_HASH (port, odp_node,
                             hash_int(odp_to_u32(odp_port), 0),
                             &ports_by_odp) {
        if (port->odp_port == odp_port && port->dpif_type == dpif_type) {
            return port;
        }
    }
    return NULL;
}

void
hwv_port_forget(struct hwv_port *port)
{
    if (port->odp_port == ODPP_NONE) {
        return;
    }

    if (port->nic) {
        if (port->id == HWV_UPLINK) {
            hwv_flow_unbind_all(port->nic, HWV_REJECT_NO_NIC);
        } else {
            hwv_flow_unbind_port(port->nic, port);
        }
    }
    hmap_remove(&ports_by_odp, &port->odp_node);
    port->odp_port = ODPP_NONE;
}
