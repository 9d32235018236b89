/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-segment.h"

#include <stdlib.h>

#include "hwv-flow.h"
#include "netdev-provider.h"
#include "seq.h"
#include "smap.h"
#include "util.h"

static void close_or_open(struct hwv_port *)
    OVS_REQUIRES(hwv_control_mutex);

bool
hwv_netdev_get_segment(const struct netdev *netdev,
                       struct hwv_segment_config *config)
{
    const struct hwv_port *port = hwv_port_from_netdev(netdev);
    bool found = false;

    if (!port) {
        return false;
    }

    ovs_mutex_lock(&hwv_control_mutex);
    if (port->nic && port->vtag.type != HWV_VTAG_NONE) {
        found = true;
        config->vtag = port->vtag;
        config->unknown_flood = port->unknown_flood;
        config->has_mac = port->check_mac;
        config->mac = port->mac;
    }
    ovs_mutex_unlock(&hwv_control_mutex);
    return found;
}

char *
hwv_netdev_get_pf(const struct netdev *netdev)
{
    const struct hwv_port *port = hwv_port_from_netdev(netdev);
    char *name = NULL;

    if (port) {
        ovs_mutex_lock(&hwv_control_mutex);
        name = port->nic ? xstrdup(port->nic->name) : NULL;
        ovs_mutex_unlock(&hwv_control_mutex);
    }
    return name;
}

struct seq *
hwv_netdev_config_seq(void)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;
    static struct seq *config_seq;

    if (ovsthread_once_start(&once)) {
        config_seq = seq_create();
        ovsthread_once_done(&once);
    }
    return config_seq;
}

void
hwv_netdev_set_segment_state(struct netdev *netdev, const char *state)
{
    struct hwv_port *port = hwv_port_from_netdev(netdev);
    bool changed;

    if (!port) {
        return;
    }

    ovs_mutex_lock(&hwv_control_mutex);
    changed = !nullable_string_is_equal(port->segment_state, state);
    if (changed) {
        free(port->segment_state);
        port->segment_state = nullable_xstrdup(state);
        close_or_open(port);
    }
    ovs_mutex_unlock(&hwv_control_mutex);

    if (changed) {
        netdev_change_seq_changed(netdev);
    }
}

void
hwv_port_set_segment(struct hwv_port *port, const struct hwv_vtag *vtag,
                     bool unknown_flood)
{
    ovs_mutex_lock(&hwv_control_mutex);
    if (!hwv_vtag_equal(&port->vtag, vtag)) {
        free(port->segment_state);
        port->segment_state = NULL;
    }
    port->vtag = *vtag;
    port->unknown_flood = unknown_flood;
    close_or_open(port);
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_port_destroy_segment(struct hwv_port *port)
{
    free(port->segment_state);
    port->segment_state = NULL;
}

void
hwv_port_segment_status(const struct hwv_port *port, struct smap *smap)
{
    if (port->vtag.type == HWV_VTAG_NONE) {
        return;
    }
    smap_add_format(smap, port->vtag.type == HWV_VTAG_VXLAN ? "vni" : "vlan",
                    "%"PRIu32, port->vtag.id);
    if (port->segment_state) {
        smap_add(smap, "segment", port->segment_state);
    }
}

static void
close_or_open(struct hwv_port *port)
    OVS_REQUIRES(hwv_control_mutex)
{
    bool in_segment = port->vtag.type != HWV_VTAG_NONE;
    bool was_in_segment;

    atomic_read_relaxed(&port->in_segment, &was_in_segment);
    if (in_segment != was_in_segment) {
        atomic_store(&port->in_segment, in_segment);
        hwv_flow_change_tunnels(port);
    }
    atomic_store(&port->segment_closed, in_segment && !port->segment_state);
}
