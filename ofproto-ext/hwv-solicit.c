/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-solicit.h"

#include <errno.h>

#include "dp-packet.h"
#include "flow.h"
#include "hwv-route.h"
#include "netdev.h"
#include "ofproto/ofproto-dpif.h"
#include "openvswitch/ofp-actions.h"
#include "ovs-router.h"
#include "packets.h"

static int source_address(const struct ofport *, const struct in6_addr *ip,
                          struct in6_addr *src);
static int send_by_table(const struct ofport *, struct dp_packet *);

int
hwv_solicit(const char *dev, const struct in6_addr *ip, struct eth_addr to)
{
    const struct ofport *port = hwv_route_find_port(dev);
    struct dp_packet packet;
    struct in6_addr src;
    struct eth_addr mac;
    int error;

    if (!port) {
        return ENODEV;
    }
    error = netdev_get_etheraddr(port->netdev, &mac);
    if (!error) {
        error = source_address(port, ip, &src);
    }
    if (error) {
        return error;
    }

    dp_packet_init(&packet, 0);
    if (IN6_IS_ADDR_V4MAPPED(ip)) {
        compose_arp(&packet, ARP_OP_REQUEST, mac, to, eth_addr_is_zero(to),
                    in6_addr_get_mapped_ipv4(&src),
                    in6_addr_get_mapped_ipv4(ip));
    } else {
        compose_nd_ns(&packet, mac, &src, ip);
    }
    error = send_by_table(port, &packet);
    dp_packet_uninit(&packet);
    return error;
}

/* The port's address in the neighbour's network, else the one that OVS would
 * send tunnel packets from: a gateway may be in no network of ours. */
static int
source_address(const struct ofport *port, const struct in6_addr *ip,
               struct in6_addr *src)
{
    const char *dev = netdev_get_name(port->netdev);
    char route_dev[IFNAMSIZ];
    struct in6_addr gw;

    if (!ovs_router_get_netdev_source_address(ip, dev, src)) {
        return 0;
    }
    *src = in6addr_any;
    return (ovs_router_lookup(0, ip, route_dev, src, &gw)
            && !strcmp(route_dev, dev) ? 0 : EADDRNOTAVAIL);
}

static int
send_by_table(const struct ofport *port, struct dp_packet *packet)
{
    struct ofproto_dpif *ofproto
        = ofproto_dpif_lookup_by_name(port->ofproto->name);
    struct ofpact_output output;
    struct flow flow;

    if (!ofproto) {
        return ENODEV;
    }
    flow_extract(packet, &flow);
    flow.in_port.ofp_port = port->ofp_port;
    ofpact_init_OUTPUT(&output);
    output.port = OFPP_TABLE;
    return ofproto_dpif_execute_actions(
        ofproto, ofproto_dpif_get_tables_version(ofproto), &flow, NULL,
        &output.ofpact, sizeof output, packet);
}
