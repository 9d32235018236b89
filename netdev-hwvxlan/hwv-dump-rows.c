/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-dump-rows.h"

#include <inttypes.h>
#include <stdlib.h>

#include "hwv-bind.h"
#include "hwv-dump-json.h"
#include "hwv-flow.h"
#include "hwv-nic.h"
#include "netdev-provider.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "timeval.h"
#include "util.h"

static void
put_ip(struct json *row, const char *name, const struct in6_addr *ip)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ipv6_format_mapped(ip, &s);
    hwv_put_string(row, name, ds_cstr(&s));
    ds_destroy(&s);
}

/* "PORT vlan 100", and the priority if there is one. */
static void
put_tag(struct json *row, const char *name, const char *port, uint16_t tci)
{
    int pcp = vlan_tci_to_pcp(htons(tci));
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "%s%svlan %d", port, port[0] ? " " : "",
                  vlan_tci_to_vid(htons(tci)));
    if (pcp) {
        ds_put_format(&s, " pcp %d", pcp);
    }
    hwv_put_string(row, name, ds_cstr(&s));
    ds_destroy(&s);
}

/* How many seconds ago 'when' was, in msec, or null, never, if it is 0. */
static void
put_ago(struct json *row, const char *name, long long int when)
{
    json_object_put(row, name,
                    when ? json_real_create((time_msec() - when) / 1000.0)
                         : json_null_create());
}

static int
compare_names(const void *a_, const void *b_)
{
    const struct hwv_nic *const *a = a_;
    const struct hwv_nic *const *b = b_;

    return strcmp((*a)->name, (*b)->name);
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

struct json *
hwv_rows_for_nics(const char *nic_name,
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

static void
put_key(struct json *row, const struct hwv_nic *nic, const struct hwv_key *key)
    OVS_REQUIRES(hwv_control_mutex)
{
    static const char *const frag_names[] = { "no", "first", "?", "later" };
    uint8_t class = hwv_key_class(key);

    if (class & HWV_CLASS_RX && hwv_key_domain(key) >= HWV_DOMAIN_TAGGED) {
        put_tag(row, "in", "", hwv_domain_tci(hwv_key_domain(key)));
    } else if (class & HWV_CLASS_RX) {
        json_object_put_format(row, "in", "source %"PRIu32,
                               hwv_key_domain(key));
    } else {
        const struct hwv_port *port
            = hwv_nic_port_by_domain(nic, hwv_key_domain(key));

        hwv_put_string(row, "in", port ? port->name : "?");
    }
    if (class & HWV_CLASS_DMAC) {
        hwv_put_mac(row, "dmac", hwv_key_dmac(key));
    } else {
        hwv_put_string(row, "dmac", "any");
    }
    if (class & HWV_CLASS_SMAC) {
        hwv_put_mac(row, "smac", hwv_key_smac(key));
    } else {
        hwv_put_string(row, "smac", "any");
    }
    hwv_put_number(row, "ip", class & HWV_CLASS_IPV6 ? 6 : 4);
    hwv_put_string(row, "frag",
               frag_names[(class & HWV_CLASS_FRAG) >> HWV_CLASS_FRAG_SHIFT]);
    if (class & HWV_CLASS_RX) {
        hwv_put_string(row, "ecn", "any");
    } else {
        json_object_put_format(row, "ecn", "%d", (class & HWV_CLASS_ECN)
                                                 >> HWV_CLASS_ECN_SHIFT);
    }
}

static void
put_value(struct json *row, const struct hwv_entry *entry)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_flow_value *value = &hwv_entry_first_claim(entry)->value;
    const struct hwv_nic *nic = entry->nic;
    const struct hwv_port *port;
    char id[INT_STRLEN(uint32_t) + 1];

    switch (value->output) {
    case HWV_OUT_DROP:
        hwv_put_string(row, "output", "drop");
        break;
    case HWV_OUT_VF:
        port = hwv_nic_port(nic, value->vf);
        hwv_put_string(row, "output", port ? port->name : "?");
        break;
    case HWV_OUT_UPLINK:
        hwv_put_string(row, "output", nic->name);
        break;
    case HWV_OUT_VLAN:
        put_tag(row, "output", nic->name, value->tci);
        break;
    case HWV_OUT_TUNNEL:
        snprintf(id, sizeof id, "%"PRIu32, entry->tunnel_use->id);
        json_object_put_format(row, "output", "tunnel %s vni %"PRIu32,
                               entry->tunnel_use->in_nic ? id : "-",
                               value->vni);
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
        claim = hwv_entry_first_claim(entry);
        hwv_flow_count(claim->flow, &count);
        row = json_object_create();
        hwv_put_string(row, "nic", nic->name);
        put_key(row, nic, &entry->key);
        put_value(row, entry);
        hwv_put_number(row, "packets", count.packets);
        hwv_put_number(row, "bytes", count.bytes);
        put_ago(row, "used", count.used);
        json_array_add(rows, row);
    }
}

struct json *
hwv_rows_flows(const char *nic)
{
    struct json *rows = hwv_rows_for_nics(nic, add_flows);

    sort_rows(rows);
    return rows;
}

static void
add_shadows(const struct hwv_nic *nic, struct json *rows)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_entry *entry;

    HMAP_FOR_EACH (entry, node, &nic->entries) {
        const struct hwv_port *by;
        struct json *row;

        if (entry->resident || !entry->wanted) {
            continue;
        }
        row = json_object_create();
        hwv_put_string(row, "nic", nic->name);
        put_key(row, nic, &entry->key);
        put_value(row, entry);
        hwv_put_number(row, "missed", entry->n_missed);
        put_ago(row, "evicted", entry->evicted_at);
        by = entry->evicted_at ? hwv_nic_port(nic, entry->evicted_by) : NULL;
        hwv_put_string(row, "by", by ? by->name : "-");
        json_array_add(rows, row);
    }
}

struct json *
hwv_rows_shadows(const char *nic)
{
    struct json *rows = hwv_rows_for_nics(nic, add_shadows);

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
        struct json *row;

        if (!use->in_nic) {
            continue;
        }
        row = json_object_create();
        hwv_put_string(row, "nic", nic->name);
        hwv_put_number(row, "id", use->id);
        put_ip(row, "vtep", &use->remote);
        hwv_put_mac(row, "next_hop_mac", hwv_tunnel_use_mac(use));
        if (use->bridge[0]) {
            put_ip(row, "next_hop_ip", &use->next_hop);
            hwv_put_string(row, "bridge", use->bridge);
        } else {
            hwv_put_string(row, "next_hop_ip", "unknown");
            hwv_put_string(row, "bridge", "unknown");
        }
        hwv_put_number(row, "flows", use->n_flows);
        hwv_put_number(row, "packets", tunnel_packets(use));
        json_array_add(rows, row);
    }
}

struct json *
hwv_rows_tunnels(const char *nic)
{
    struct json *rows = hwv_rows_for_nics(nic, add_tunnels);

    sort_rows(rows);
    return rows;
}

static void
put_source(struct json *row, const struct hwv_source *source)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_tunnel_match *match = &source->match;

    hwv_put_string(row, "nic", source->nic->name);
    hwv_put_number(row, "id", source->id);
    put_ip(row, "vtep", &match->src);
    put_ip(row, "local", &match->dst);
    hwv_put_number(row, "vni", match->vni);
    hwv_put_number(row, "tos", match->tos);
    hwv_put_string(row, "flags",
               match->flags & HWV_SOURCE_CSUM ? "+csum" : "-csum");
    hwv_put_number(row, "flows", source->n_flows);
}

static void
add_sources(const struct hwv_nic *nic, struct json *rows)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_source *source;

    HMAP_FOR_EACH (source, node, &nic->sources) {
        for (size_t i = 0; i < source->n_rows; i++) {
            const struct hwv_source_key *key = &source->rows[i].key;
            struct json *row;

            if (!source->rows[i].in_nic) {
                continue;
            }
            row = json_object_create();
            put_source(row, source);
            hwv_put_number(row, "udp_dst", ntohs(key->udp_dst));
            hwv_put_mac(row, "dmac", key->dmac);
            if (key->smac_matched) {
                hwv_put_mac(row, "smac", key->smac);
            } else {
                hwv_put_string(row, "smac", "any");
            }
            json_array_add(rows, row);
        }
    }
}

struct json *
hwv_rows_sources(const char *nic)
{
    struct json *rows = hwv_rows_for_nics(nic, add_sources);

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
        hwv_put_string(row, "reason", hwv_reject_name(i));
        hwv_put_number(row, "now", stats[i].now);
        hwv_put_number(row, "total", stats[i].total);
        hwv_put_string(row, "text", hwv_reject_text(i));
        hwv_put_string(row, "example", ds_cstr(&example));
        json_array_add(rows, row);
        ds_destroy(&example);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
    return rows;
}
