/* SPDX-License-Identifier: Apache-2.0 */

/* Ports and their numbers in the datapath. */

#include <config.h>
#include "hwv-nic.h"

#include "cmap.h"
#include "hash.h"
#include "hwv-flow.h"
#include "hwv-wire.h"
#include "netdev.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_port);

/* A port of a datapath, of any class. */
struct dp_port {
    struct hmap_node node;              /* In 'dp_ports', by number. */
    odp_port_t odp_port;
    const char *dpif_type;
    char *name;
};

static struct hmap dp_ports OVS_GUARDED_BY(hwv_control_mutex)
    = HMAP_INITIALIZER(&dp_ports);
/* Our ports that are in a datapath, for the data path. */
struct rcu_port {
    struct cmap_node node;              /* In 'rcu_ports', by number. */
    odp_port_t odp_port;
    const char *dpif_type;
    struct hwv_port *port;
};
static struct cmap rcu_ports = CMAP_INITIALIZER;

static struct hmap ports_by_odp OVS_GUARDED_BY(hwv_control_mutex)
    = HMAP_INITIALIZER(&ports_by_odp);

static uint32_t
hash_number(odp_port_t odp_port)
{
    return hash_int(odp_to_u32(odp_port), 0);
}

static struct rcu_port *
find_rcu(odp_port_t odp_port, const char *dpif_type)
{
    struct rcu_port *p;

    CMAP_FOR_EACH_WITH_HASH (p, node, hash_number(odp_port), &rcu_ports) {
        if (p->odp_port == odp_port && p->dpif_type == dpif_type) {
            return p;
        }
    }
    return NULL;
}

static void
publish(struct hwv_port *port)
    OVS_REQUIRES(hwv_control_mutex)
{
    struct rcu_port *p = xmalloc(sizeof *p);

    p->odp_port = port->odp_port;
    p->dpif_type = port->dpif_type;
    p->port = port;
    cmap_insert(&rcu_ports, &p->node, hash_number(p->odp_port));
}

static void
withdraw(const struct hwv_port *port)
    OVS_REQUIRES(hwv_control_mutex)
{
    struct rcu_port *p = find_rcu(port->odp_port, port->dpif_type);

    cmap_remove(&rcu_ports, &p->node, hash_number(p->odp_port));
    ovsrcu_postpone(free, p);
}

void
hwv_port_added(const struct netdev *netdev, odp_port_t odp_port)
{
    struct hwv_port *port = hwv_port_from_netdev(netdev);
    struct dp_port *dp_port = xmalloc(sizeof *dp_port);

    if (hwv_wire_has(netdev)) {
        VLOG_WARN("%s: is the wire of a hw-vxlan Interface, and now a port by "
                  "itself, too: both get all packets; remove one of them",
                  netdev_get_name(netdev));
    }

    dp_port->odp_port = odp_port;
    dp_port->dpif_type = netdev_get_dpif_type(netdev);
    dp_port->name = xstrdup(netdev_get_name(netdev));

    ovs_mutex_lock(&hwv_control_mutex);
    hmap_insert(&dp_ports, &dp_port->node,
                hash_int(odp_to_u32(odp_port), 0));
    if (port) {
        hwv_port_forget(port);
        port->odp_port = odp_port;
        port->dpif_type = dp_port->dpif_type;
        hmap_insert(&ports_by_odp, &port->odp_node,
                    hash_int(odp_to_u32(odp_port), 0));
        publish(port);
        if (port->nic) {
            hwv_nic_set_stale(port->nic);
        }
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_port_removed(odp_port_t odp_port, const char *dpif_type)
{
    struct hwv_port *port;
    struct dp_port *dp_port;

    ovs_mutex_lock(&hwv_control_mutex);
    port = hwv_port_find(odp_port, dpif_type);
    if (port) {
        hwv_port_forget(port);
    }
    HMAP_FOR_EACH_WITH_HASH (dp_port, node,
                             hash_int(odp_to_u32(odp_port), 0), &dp_ports) {
        if (dp_port->odp_port == odp_port
            && dp_port->dpif_type == dpif_type) {
            hmap_remove(&dp_ports, &dp_port->node);
            free(dp_port->name);
            free(dp_port);
            break;
        }
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

bool
hwv_port_name_exists(const char *name)
{
    const struct dp_port *dp_port;
    bool found = false;

    ovs_mutex_lock(&hwv_control_mutex);
    HMAP_FOR_EACH (dp_port, node, &dp_ports) {
        found = found || !strcmp(dp_port->name, name);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
    return found;
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

const struct hwv_port *
hwv_port_find_rcu(odp_port_t odp_port)
{
    const struct hwv_port *found = NULL;
    const struct rcu_port *p;

    CMAP_FOR_EACH_WITH_HASH (p, node, hash_number(odp_port), &rcu_ports) {
        if (p->odp_port == odp_port) {
            if (found) {
                return NULL;
            }
            found = p->port;
        }
    }
    return found;
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
    withdraw(port);
    hmap_remove(&ports_by_odp, &port->odp_node);
    port->odp_port = ODPP_NONE;
}
