/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-dump-rows.h"

#include <inttypes.h>
#include <stdlib.h>

#include "hwv-bind.h"
#include "hwv-flow.h"
#include "hwv-nic.h"
#include "hwv-port-counters.h"
#include "hwv-wire.h"
#include "netdev-provider.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "timeval.h"
#include "util.h"

/* Small JSON helpers
 * ------------------ */

static void
put_string(struct json *row, const char *name, const char *value)
{
    json_object_put_string(row, name, value);
}

static void
put_number(struct json *row, const char *name, uint64_t value)
{
    json_object_put(row, name, json_integer_create(value));
}

static void
put_mac(struct json *row, const char *name, struct eth_addr mac)
{
    json_object_put_format(row, name, ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
}

static void
put_ip(struct json *row, const char *name, const struct in6_addr *ip)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ipv6_format_mapped(ip, &s);
    put_string(row, name, ds_cstr(&s));
    ds_destroy(&s);
}

/* Seconds since the last packet, or "never". */
static void
put_used(struct json *row, long long int used)
{
    if (used) {
        json_object_put_format(row, "used", "%.3fs",
                               (time_msec() - used) / 1000.0);
    } else {
        put_string(row, "used", "never");
    }
}

static int
compare_names(const void *a_, const void *b_)
{
    const struct hwv_nic *const *a = a_;
    const struct hwv_nic *const *b = b_;

    return strcmp((*a)->name, (*b)->name);
}

static int
compare_ports(const void *a_, const void *b_)
{
    const struct hwv_port *const *a = a_;
    const struct hwv_port *const *b = b_;

    /* The uplink first, then by VF id. */
    return (uint16_t) ((*a)->id + 1) - (uint16_t) ((*b)->id + 1);
}

static int
compare_rows(const void *a_, const void *b_)
{
    const struct json *const *a = a_;
    const struct json *const *b = b_;
    char *sa = json_to_string(*a, JSSF_SORT);
    char *sb = json_to_string(*b, JSSF_SORT);
    int cmp = strcmp(sa, sb);

    free(sa);
    free(sb);
    return cmp;
}

/* Puts 'rows' into an order that does not depend on hash values. */
static void
sort_rows(struct json *rows)
{
    if (rows->array.n) {
        qsort(rows->array.elems, rows->array.n, sizeof *rows->array.elems,
              compare_rows);
    }
}

/* Calls 'add' for each NIC that 'nic_name' selects, by name. */
static struct json *
rows_for_nics(const char *nic_name,
              void (*add)(const struct hwv_nic *, struct json *rows))
{
    struct json *rows = json_array_create_empty();
    const struct hwv_nic **nics;
    const struct hwv_nic *nic;
    size_t n = 0;

    ovs_mutex_lock(&hwv_control_mutex);
    nics = xcalloc(hmap_count(hwv_nics()) + 1, sizeof *nics);
    HMAP_FOR_EACH (nic, node, hwv_nics()) {
        if (!nic_name || !strcmp(nic->name, nic_name)) {
            nics[n++] = nic;
        }
    }
    qsort(nics, n, sizeof *nics, compare_names);
    for (size_t i = 0; i < n; i++) {
        add(nics[i], rows);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
    free(nics);
    return rows;
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

/* NICs and ports
 * -------------- */

static void
put_port(struct json *row, const struct hwv_port *port)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_counters *c = port->counters;

    put_string(row, "port", port->name);
    put_string(row, "wire", port->wire ? hwv_wire_type(port->wire) : "none");
    put_number(row, "hits", hwv_port_counter_read(c, HWV_RX_HITS)
                            + hwv_port_counter_read(c, HWV_RX_DROP_FLOW));
    put_number(row, "misses", hwv_port_counters_misses(c));
    put_number(row, "dropped", hwv_port_counter_read(c, HWV_RX_DROP_SPOOF)
                               + hwv_port_counter_read(c, HWV_RX_DROP_MTU)
                               + hwv_port_counter_read(c, HWV_TX_DROP_MTU)
                               + hwv_port_counter_read(c, HWV_TX_DROP_DOWN));
    put_number(row, "hits_per_s", port->rate.hits_per_s);
    put_number(row, "misses_per_s", port->rate.misses_per_s);
}

static void
add_nic(const struct hwv_nic *nic, struct json *rows)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_port **ports = sorted_ports(nic);
    struct json *port_rows = json_array_create_empty();
    struct json *row = json_object_create();
    struct hwv_nic_usage usage;
    struct hwv_count late;

    nic->provider->usage(nic->dev, &usage);
    hwv_nic_late(nic, &late);
    put_string(row, "nic", nic->name);
    put_string(row, "provider", nic->provider->type);
    json_object_put(row, "enabled",
                    json_boolean_create(hwv_nic_enabled(nic)));
    put_string(row, "state", hwv_nic_state(nic));
    put_number(row, "flows", usage.flows);
    put_number(row, "max_flows", usage.max_flows);
    put_number(row, "tunnels", usage.tunnels);
    put_number(row, "max_tunnels", usage.max_tunnels);
    put_number(row, "sources", usage.sources);
    put_number(row, "max_sources", usage.max_sources);
    put_number(row, "late_packets", late.packets);
    put_number(row, "late_bytes", late.bytes);
    for (size_t i = 0; ports[i]; i++) {
        struct json *port_row = json_object_create();

        if (ports[i]->id == HWV_UPLINK) {
            put_string(port_row, "role", "uplink");
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
    return rows_for_nics(nic, add_nic);
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
        put_string(row, "nic", nic->name);
        put_number(row, "vf", ports[i]->id);
        if (ports[i]->check_mac) {
            put_mac(row, "mac", ports[i]->mac);
        } else {
            put_string(row, "mac", "any");
        }
        put_number(row, "spoofed",
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
    return rows_for_nics(nic, add_vfs);
}

/* Tables
 * ------ */

static void
put_key(struct json *row, const struct hwv_nic *nic, const struct hwv_key *key)
    OVS_REQUIRES(hwv_control_mutex)
{
    static const char *const frag_names[] = { "no", "first", "?", "later" };
    uint8_t class = hwv_key_class(key);

    if (class & HWV_CLASS_RX) {
        json_object_put_format(row, "in", "source %"PRIu32,
                               hwv_key_domain(key));
    } else {
        const struct hwv_port *port
            = hwv_nic_port_by_domain(nic, hwv_key_domain(key));

        put_string(row, "in", port ? port->name : "?");
    }
    if (class & HWV_CLASS_DMAC) {
        put_mac(row, "dmac", hwv_key_dmac(key));
    } else {
        put_string(row, "dmac", "any");
    }
    if (class & HWV_CLASS_SMAC) {
        put_mac(row, "smac", hwv_key_smac(key));
    } else {
        put_string(row, "smac", "any");
    }
    put_string(row, "ip", class & HWV_CLASS_IPV6 ? "6" : "4");
    put_string(row, "frag",
               frag_names[(class & HWV_CLASS_FRAG) >> HWV_CLASS_FRAG_SHIFT]);
    if (class & HWV_CLASS_RX) {
        put_string(row, "ecn", "any");
    } else {
        json_object_put_format(row, "ecn", "%d", (class & HWV_CLASS_ECN)
                                                 >> HWV_CLASS_ECN_SHIFT);
    }
}

static void
put_value(struct json *row, const struct hwv_nic *nic,
          const struct hwv_flow_value *value)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_port *port;

    switch (value->output) {
    case HWV_OUT_DROP:
        put_string(row, "output", "drop");
        break;
    case HWV_OUT_VF:
        port = hwv_nic_port(nic, value->vf);
        put_string(row, "output", port ? port->name : "?");
        break;
    case HWV_OUT_UPLINK:
        put_string(row, "output", nic->name);
        break;
    case HWV_OUT_TUNNEL:
        json_object_put_format(row, "output", "tunnel %"PRIu32" vni %"PRIu32,
                               value->tunnel, value->vni);
        break;
    default:
        OVS_NOT_REACHED();
    }
}

static void
add_flows(const struct hwv_nic *nic, struct json *rows)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_entry *entry;

    HMAP_FOR_EACH (entry, node, &nic->entries) {
        const struct hwv_claim *claim;
        struct hwv_count count;
        struct json *row;

        if (!entry->resident) {
            continue;
        }
        claim = CONTAINER_OF(ovs_list_front(&entry->claims),
                             struct hwv_claim, node);
        hwv_flow_count(claim->flow, &count);
        row = json_object_create();
        put_string(row, "nic", nic->name);
        put_key(row, nic, &entry->key);
        put_value(row, nic, &claim->value);
        put_number(row, "packets", count.packets);
        put_number(row, "bytes", count.bytes);
        put_used(row, count.used);
        json_array_add(rows, row);
    }
}

struct json *
hwv_rows_flows(const char *nic)
{
    struct json *rows = rows_for_nics(nic, add_flows);

    sort_rows(rows);
    return rows;
}

/* Packets that flows have sent through 'use'. */
static uint64_t
tunnel_packets(const struct hwv_tunnel_use *use)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_flow *flow;
    uint64_t packets = use->gone.packets;

    HMAP_FOR_EACH (flow, node, hwv_flows()) {
        if (flow->tunnel_use == use) {
            struct hwv_count count;

            hwv_flow_count(flow, &count);
            packets += count.packets - flow->tunnel_base;
        }
    }
    return packets;
}

static void
add_tunnels(const struct hwv_nic *nic, struct json *rows)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_tunnel_use *use;

    HMAP_FOR_EACH (use, node, &nic->tunnels) {
        struct json *row = json_object_create();

        put_string(row, "nic", nic->name);
        put_number(row, "id", use->id);
        put_ip(row, "vtep", &use->remote);
        put_mac(row, "next_hop_mac", hwv_tunnel_use_mac(use));
        if (use->bridge[0]) {
            put_ip(row, "next_hop_ip", &use->next_hop);
            put_string(row, "bridge", use->bridge);
        } else {
            put_string(row, "next_hop_ip", "unknown");
            put_string(row, "bridge", "unknown");
        }
        put_number(row, "flows", use->n_flows);
        put_number(row, "packets", tunnel_packets(use));
        json_array_add(rows, row);
    }
}

struct json *
hwv_rows_tunnels(const char *nic)
{
    struct json *rows = rows_for_nics(nic, add_tunnels);

    sort_rows(rows);
    return rows;
}

static void
put_source(struct json *row, const struct hwv_source *source)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_tunnel_match *match = &source->match;

    put_string(row, "nic", source->nic->name);
    put_number(row, "id", source->id);
    put_ip(row, "vtep", &match->src);
    put_ip(row, "local", &match->dst);
    put_number(row, "vni", match->vni);
    put_number(row, "tos", match->tos);
    put_string(row, "flags",
               match->flags & HWV_SOURCE_CSUM ? "+csum" : "-csum");
    put_number(row, "flows", source->n_flows);
}

static void
add_sources(const struct hwv_nic *nic, struct json *rows)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_source *source;

    HMAP_FOR_EACH (source, node, &nic->sources) {
        for (size_t i = 0; i < source->n_rows; i++) {
            const struct hwv_source_key *key = &source->rows[i].key;
            struct json *row = json_object_create();

            put_source(row, source);
            put_number(row, "udp_dst", ntohs(key->udp_dst));
            put_mac(row, "dmac", key->dmac);
            if (key->smac_matched) {
                put_mac(row, "smac", key->smac);
            } else {
                put_string(row, "smac", "any");
            }
            json_array_add(rows, row);
        }
    }
}

struct json *
hwv_rows_sources(const char *nic)
{
    struct json *rows = rows_for_nics(nic, add_sources);

    sort_rows(rows);
    return rows;
}

struct json *
hwv_rows_rejected(void)
{
    struct json *rows = json_array_create_empty();
    struct hwv_reject_stats stats[HWV_N_REJECTS];

    ovs_mutex_lock(&hwv_control_mutex);
    hwv_flow_reject_stats(stats);
    for (int i = HWV_ACCEPT + 1; i < HWV_N_REJECTS; i++) {
        struct ds example = DS_EMPTY_INITIALIZER;
        struct json *row;

        if (!stats[i].total && !stats[i].now) {
            continue;
        }
        hwv_flow_reject_example(i, &example);
        row = json_object_create();
        put_string(row, "reason", hwv_reject_name(i));
        put_number(row, "now", stats[i].now);
        put_number(row, "total", stats[i].total);
        put_string(row, "text", hwv_reject_text(i));
        put_string(row, "example", ds_cstr(&example));
        json_array_add(rows, row);
        ds_destroy(&example);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
    return rows;
}
