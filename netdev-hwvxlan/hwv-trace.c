/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-trace.h"

#include "dp-packet.h"
#include "flow.h"
#include "hwv-codec.h"
#include "hwv-flow.h"
#include "hwv-nic.h"
#include "hwv-reply.h"
#include "odp-util.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/ofpbuf.h"
#include "packets.h"
#include "simap.h"
#include "unixctl.h"
#include "util.h"

/* What the command was called with. */
struct trace_args {
    bool json;
    const char *port;
    const char *frame;          /* In hex, or a datapath flow. */
};

static bool parse_args(struct unixctl_conn *, int argc, const char *argv[],
                       struct trace_args *);
static struct dp_packet *parse_packet(const char *s, char **errp);
static bool parse_flow(const char *s, struct flow *, char **errp);
static void add_port_names(struct simap *);
static struct hwv_port *find_port(const char *name)
    OVS_REQUIRES(hwv_control_mutex);
static bool explain_gate(struct hwv_port *, const struct dp_packet *,
                         struct ds *)
    OVS_REQUIRES(hwv_control_mutex);
static void explain(const struct hwv_port *, struct dp_packet *, struct ds *)
    OVS_REQUIRES(hwv_control_mutex);

static void
trace(struct unixctl_conn *conn, int argc, const char *argv[],
      void *aux OVS_UNUSED)
{
    struct trace_args args;
    struct ds verdict = DS_EMPTY_INITIALIZER;
    struct ds flows = DS_EMPTY_INITIALIZER;
    struct dp_packet *packet;
    struct hwv_port *port;
    char *message = NULL;

    if (!parse_args(conn, argc, argv, &args)) {
        return;
    }
    packet = parse_packet(args.frame, &message);
    if (!packet) {
        unixctl_command_reply_error(conn, message);
        free(message);
        return;
    }

    ovs_mutex_lock(&hwv_control_mutex);
    port = find_port(args.port);
    if (!port) {
        message = xasprintf("no hw-vxlan port called \"%s\" (hwvxlan/show "
                            "lists them)", args.port);
    } else if (!port->nic->provider->trace) {
        message = xasprintf("NIC \"%s\" cannot trace", port->nic->name);
    } else if (!explain_gate(port, packet, &verdict)) {
        port->nic->provider->trace(port->nic->dev, port->id, port->domain,
                                   packet, &verdict);
        explain(port, packet, &flows);
    }
    ovs_mutex_unlock(&hwv_control_mutex);

    if (message) {
        unixctl_command_reply_error(conn, message);
        free(message);
    } else if (args.json) {
        struct json *reply = json_object_create();
        char *text;

        json_object_put_string(reply, "verdict", ds_cstr(&verdict));
        json_object_put_string(reply, "flows", ds_cstr(&flows));
        text = json_to_string(reply, JSSF_PRETTY | JSSF_SORT);
        unixctl_command_reply(conn, text);
        free(text);
        json_destroy(reply);
    } else {
        ds_put_format(&verdict, "\n%s", ds_cstr(&flows));
        unixctl_command_reply(conn, ds_cstr(&verdict));
    }
    dp_packet_delete(packet);
    ds_destroy(&verdict);
    ds_destroy(&flows);
}

void
hwv_trace_register(void)
{
    unixctl_command_register("hwvxlan/trace",
                             "[--format=json] port frame (hex or flow)",
                             2, 3, trace, NULL);
}

/* Parses 'argv' into '*args'.  Returns true, or replies with an error. */
static bool
parse_args(struct unixctl_conn *conn, int argc, const char *argv[],
           struct trace_args *args)
{
    const char **words[] = { &args->port, &args->frame };
    char *message = NULL;
    size_t n = 0;

    *args = (struct trace_args) { .json = false };
    for (int i = 1; i < argc && !message; i++) {
        if (hwv_reply_parse_format(argv[i], &args->json, &message)) {
            continue;
        }
        if (n >= ARRAY_SIZE(words)) {
            message = xasprintf("unexpected argument \"%s\"", argv[i]);
        } else {
            *words[n++] = argv[i];
        }
    }
    if (!message && args->frame) {
        return true;
    }
    if (!message) {
        message = xasprintf("%s is missing: use [--format=json] PORT FRAME, "
                            "FRAME being hex digits or a datapath flow",
                            args->port ? "FRAME" : "PORT");
    }
    unixctl_command_reply_error(conn, message);
    free(message);
    return false;
}

/* Makes a packet of hex digits, or of a flow as dpctl/dump-flows prints it:
 * what its match leaves open is zero.  Returns NULL and a message in '*errp'
 * if 's' is neither. */
static struct dp_packet *
parse_packet(const char *s, char **errp)
{
    const char *end = strstr(s, ", packets:");  /* Statistics and actions. */
    struct dp_packet *packet;
    struct flow flow;
    char *error = NULL;
    char *match;

    if (!eth_from_hex(s, &packet)) {
        return packet;
    }
    match = end ? xmemdup0(s, end - s) : xstrdup(s);
    if (strstr(match, "tunnel(")) {
        *errp = xasprintf("\"%s\" tells of an inner frame only: give the "
                          "whole one in hex", match);
    } else if (!parse_flow(match, &flow, &error)) {
        *errp = xasprintf("\"%s\" is neither a frame in hex (of 14 bytes at "
                          "least) nor a datapath flow: %s", match,
                          error ? error : "cannot parse it");
    } else {
        packet = dp_packet_new(0);
        flow_compose(packet, &flow, NULL, 64);
    }
    free(error);
    free(match);
    return packet;
}

/* Returns true if successful, otherwise there may be a message in '*errp'. */
static bool
parse_flow(const char *s, struct flow *flow, char **errp)
{
    struct simap ports = SIMAP_INITIALIZER(&ports);
    struct ofpbuf key, mask;
    bool ok;

    add_port_names(&ports);
    ofpbuf_init(&key, 0);
    ofpbuf_init(&mask, 0);
    ok = (!odp_flow_from_string(s, &ports, &key, &mask, errp)
          && odp_flow_key_to_flow(key.data, key.size, flow, errp)
             != ODP_FIT_ERROR);
    ofpbuf_uninit(&key);
    ofpbuf_uninit(&mask);
    simap_destroy(&ports);
    return ok;
}

/* Adds the names of our ports, as "dpctl/dump-flows --names" prints them. */
static void
add_port_names(struct simap *ports)
{
    struct hwv_port *port;
    struct hwv_nic *nic;

    ovs_mutex_lock(&hwv_control_mutex);
    HMAP_FOR_EACH (nic, node, hwv_nics()) {
        HMAP_FOR_EACH (port, nic_node, &nic->ports) {
            simap_put(ports, port->name, odp_to_u32(port->odp_port));
        }
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

static struct hwv_port *
find_port(const char *name)
{
    struct hwv_nic *nic;
    struct hwv_port *port;

    HMAP_FOR_EACH (nic, node, hwv_nics()) {
        HMAP_FOR_EACH (port, nic_node, &nic->ports) {
            if (!strcmp(port->name, name)) {
                return port;
            }
        }
    }
    return NULL;
}

/* If 'port' drops 'packet' before the tables see it, appends why, and returns
 * true. */
static bool
explain_gate(struct hwv_port *port, const struct dp_packet *packet,
             struct ds *s)
{
    const struct eth_header *eth = dp_packet_data(packet);
    bool closed;

    atomic_read_relaxed(&port->segment_closed, &closed);
    if (closed) {
        ds_put_cstr(s, "The port drops it (rx_drop_segment): the rules of its "
                    "segment are not in place.");
    } else if (port->check_mac && !eth_addr_equals(eth->eth_src, port->mac)) {
        ds_put_format(s, "The port drops it (rx_drop_spoof): its source MAC "
                      "is "ETH_ADDR_FMT" and not "ETH_ADDR_FMT
                      " (options:mac).", ETH_ADDR_ARGS(eth->eth_src),
                      ETH_ADDR_ARGS(port->mac));
        closed = true;
    }
    return closed;
}

/* Appends the datapath flow that 'packet' belongs to and what the NIC made of
 * it.  Returns the flow, or NULL if there is none. */
static const struct hwv_flow *
explain_flow(const struct flow *packet, struct ds *s)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_flow *flow;

    HMAP_FOR_EACH (flow, node, hwv_flows()) {
        if (minimatch_matches_flow(&flow->match, packet)) {
            ds_put_cstr(s, "Datapath flow: ");
            hwv_flow_format(flow, s);
            if (hwv_flow_resident(flow)) {
                ds_put_cstr(s, "\n  It is in the NIC.\n");
            } else if (flow->reject) {
                ds_put_format(s, "\n  It is not in the NIC: %s (%s).\n",
                              hwv_reject_name(flow->reject),
                              hwv_reject_text(flow->reject));
            } else {
                ds_put_cstr(s, "\n  Nothing in the NIC needs it.\n");
            }
            return flow;
        }
    }
    ds_put_cstr(s, "No datapath flow covers it yet.\n");
    return NULL;
}

/* Gives 'flow' the tunnel metadata that tnl_pop would make of 'key'. */
static void
set_tunnel(struct flow *flow, const struct hwv_source_key *key)
{
    struct flow_tnl *tnl = &flow->tunnel;

    if (IN6_IS_ADDR_V4MAPPED(&key->src)) {
        tnl->ip_src = in6_addr_get_mapped_ipv4(&key->src);
        tnl->ip_dst = in6_addr_get_mapped_ipv4(&key->dst);
    } else {
        tnl->ipv6_src = key->src;
        tnl->ipv6_dst = key->dst;
    }
    tnl->tun_id = htonll(key->vni);
    tnl->ip_tos = key->tos;
    tnl->tp_dst = key->udp_dst;
    tnl->flags = FLOW_TNL_F_KEY
                 | (key->flags & HWV_SOURCE_CSUM ? FLOW_TNL_F_CSUM : 0);
}

/* Appends the flows that OVS has for 'packet', received by 'port', first for
 * the outer frame and then for the inner one. */
static void
explain(const struct hwv_port *port, struct dp_packet *packet, struct ds *s)
{
    const struct hwv_flow *pop;
    struct hwv_source_key key;
    size_t outer_len;
    struct flow flow;

    pkt_metadata_init(&packet->md, port->odp_port);
    flow_extract(packet, &flow);
    flow.in_port.odp_port = port->odp_port;
    pop = explain_flow(&flow, s);

    if (pop && pop->kind == HWV_FLOW_UPLINK && !pop->compiled
        && hwv_outer_parse(dp_packet_data(packet), dp_packet_size(packet),
                           &key, &outer_len) == HWV_OUTER_VXLAN) {
        hwv_decapsulate(packet, outer_len);
        flow_extract(packet, &flow);
        flow.in_port.odp_port = pop->action.port;
        set_tunnel(&flow, &key);
        ds_put_cstr(s, "After tnl_pop: ");
        explain_flow(&flow, s);
    }
}
