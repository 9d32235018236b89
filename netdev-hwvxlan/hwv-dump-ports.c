/* SPDX-License-Identifier: Apache-2.0 */

/* Rows about NICs and their ports. */

#include <config.h>
#include "hwv-dump-rows.h"

#include <inttypes.h>
#include <stdlib.h>

#include "hwv-dump-json.h"
#include "hwv-port-counters.h"
#include "hwv-residency.h"
#include "hwv-wire.h"
#include "util.h"

static int
compare_ports(const void *a_, const void *b_)
{
    const struct hwv_port *const *a = a_;
    const struct hwv_port *const *b = b_;

    /* The uplink first, then by VF id. */
    return (uint16_t) ((*a)->id + 1) - (uint16_t) ((*b)->id + 1);
}

/* The ports of 'nic' in order; NULL-terminated, for the caller to free. */
static const struct hwv_port **
sorted_ports(const struct hwv_nic *nic)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_port **ports;
    const struct hwv_port *port;
    size_t n = 0;

    ports = xcalloc(hmap_count(&nic->ports) + 1, sizeof *ports);
    HMAP_FOR_EACH (port, nic_node, &nic->ports) {
        ports[n++] = port;
    }
    qsort(ports, n, sizeof *ports, compare_ports);
    return ports;
}

static void
put_port(struct json *row, const struct hwv_port *port)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_counters *c = port->counters;

    hwv_put_string(row, "port", port->name);
    hwv_put_string(row, "wire",
                   port->wire ? hwv_wire_type(port->wire) : "none");
    hwv_put_number(row, "hits",
                   hwv_port_counter_read(c, HWV_RX_HITS)
                   + hwv_port_counter_read(c, HWV_RX_DROP_FLOW));
    hwv_put_number(row, "misses", hwv_port_counters_misses(c));
    hwv_put_number(row, "dropped",
                   hwv_port_counters_rx_dropped(c)
                   + hwv_port_counters_tx_dropped(c));
    hwv_put_number(row, "hits_per_s", port->rate.hits_per_s);
    hwv_put_number(row, "misses_per_s", port->rate.misses_per_s);
    if (port->vtag.type != HWV_VTAG_NONE) {
        struct ds s = DS_EMPTY_INITIALIZER;

        hwv_vtag_format(&port->vtag, &s);
        ds_put_format(&s, " %s", (port->segment_state ? port->segment_state
                                  : "down"));
        hwv_put_string(row, "segment", ds_cstr(&s));
        ds_destroy(&s);
    }
}

static void
add_nic(const struct hwv_nic *nic, struct json *rows)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_port **ports = sorted_ports(nic);
    struct json *port_rows = json_array_create_empty();
    struct json *row = json_object_create();
    struct hwv_replacement_stats stats;
    struct hwv_nic_usage usage;
    struct hwv_count late;

    hwv_residency_stats(nic, &stats);
    nic->provider->usage(nic->dev, &usage);
    hwv_nic_late(nic, &late);
    hwv_put_string(row, "nic", nic->name);
    hwv_put_string(row, "provider", nic->provider->type);
    json_object_put(row, "enabled",
                    json_boolean_create(hwv_nic_enabled(nic)));
    hwv_put_string(row, "state", hwv_nic_state(nic));
    hwv_put_number(row, "flows", usage.flows);
    hwv_put_number(row, "max_flows", usage.max_flows);
    hwv_put_number(row, "tunnels", usage.tunnels);
    hwv_put_number(row, "max_tunnels", usage.max_tunnels);
    hwv_put_number(row, "sources", usage.sources);
    hwv_put_number(row, "max_sources", usage.max_sources);
    hwv_put_number(row, "late_packets", late.packets);
    hwv_put_number(row, "late_bytes", late.bytes);
    hwv_put_string(row, "replacement", hwv_replacement_policy_name(
                                           hwv_residency_policy(nic)));
    hwv_put_number(row, "shadows", stats.nodes - stats.residents);
    hwv_put_number(row, "promotions", stats.promotions);
    hwv_put_number(row, "evictions", stats.evictions);
    hwv_put_number(row, "refusals", stats.refused);
    hwv_put_number(row, "refusals_by_quota", stats.quota);
    for (size_t i = 0; ports[i]; i++) {
        struct json *port_row = json_object_create();

        if (ports[i]->id == HWV_UPLINK) {
            hwv_put_string(port_row, "role", "uplink");
        } else {
            json_object_put_format(port_row, "role", "vf %"PRIu16,
                                   ports[i]->id);
        }
        put_port(port_row, ports[i]);
        json_array_add(port_rows, port_row);
    }
    json_object_put(row, "ports", port_rows);
    json_array_add(rows, row);
    free(ports);
}

struct json *
hwv_rows_nics(const char *nic)
{
    return hwv_rows_for_nics(nic, add_nic);
}

static void
add_vfs(const struct hwv_nic *nic, struct json *rows)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_port **ports = sorted_ports(nic);

    for (size_t i = 0; ports[i]; i++) {
        struct json *row;

        if (ports[i]->id == HWV_UPLINK) {
            continue;
        }
        row = json_object_create();
        hwv_put_string(row, "nic", nic->name);
        hwv_put_number(row, "vf", ports[i]->id);
        hwv_put_string(row, "attribute", hwv_vtag_attribute(&ports[i]->vtag));
        if (ports[i]->vtag.type != HWV_VTAG_NONE) {
            json_object_put_format(row, "vtag", "%"PRIu32, ports[i]->vtag.id);
        } else {
            hwv_put_string(row, "vtag", "-");
        }
        if (ports[i]->check_mac) {
            hwv_put_mac(row, "mac", ports[i]->mac);
        } else {
            hwv_put_string(row, "mac", "any");
        }
        hwv_put_number(row, "spoofed",
                   hwv_port_counter_read(ports[i]->counters,
                                         HWV_RX_DROP_SPOOF));
        put_port(row, ports[i]);
        json_array_add(rows, row);
    }
    free(ports);
}

struct json *
hwv_rows_vfs(const char *nic)
{
    return hwv_rows_for_nics(nic, add_vfs);
}
