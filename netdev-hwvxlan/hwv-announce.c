/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-announce.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip6.h>

#include "dp-packet.h"
#include "packets.h"

/* More than OVS parses. */
#define MAX_VLANS 2

static hwv_announce_cb *announce_cb;

static bool is_announcement(const struct dp_packet *);
static bool is_nd_frame(const uint8_t *ip6, size_t size);

void
hwv_announce_set_cb(hwv_announce_cb *cb)
{
    announce_cb = cb;
}

void
hwv_announce_look(const char *port, struct dp_packet_batch *batch)
{
    struct dp_packet *packet;

    if (!announce_cb) {
        return;
    }
    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        if (is_announcement(packet)) {
            announce_cb(port, packet);
        }
    }
}

static bool
is_announcement(const struct dp_packet *packet)
{
    const uint8_t *data = dp_packet_data(packet);
    size_t size = dp_packet_size(packet);
    size_t ofs = 2 * sizeof(struct eth_addr);

    for (int i = 0; i <= MAX_VLANS && size >= ofs + 2; i++) {
        ovs_be16 type;

        memcpy(&type, data + ofs, sizeof type);
        if (type == htons(ETH_TYPE_ARP)) {
            return true;
        }
        if (type == htons(ETH_TYPE_IPV6)) {
            return is_nd_frame(data + ofs + 2, size - ofs - 2);
        }
        if (!eth_type_vlan(type)) {
            return false;
        }
        ofs += VLAN_HEADER_LEN;
    }
    return false;
}

/* Neighbour discovery has no extension headers that we would have to skip. */
static bool
is_nd_frame(const uint8_t *ip6, size_t size)
{
    const size_t next_header = 6;

    return (size > IPV6_HEADER_LEN && ip6[next_header] == IPPROTO_ICMPV6
            && (ip6[IPV6_HEADER_LEN] == ND_NEIGHBOR_SOLICIT
                || ip6[IPV6_HEADER_LEN] == ND_NEIGHBOR_ADVERT));
}
