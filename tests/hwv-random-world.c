/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#undef NDEBUG
#include "hwv-random-world.h"

#include <netinet/ip6.h>
#include <string.h>

#include "flow.h"
#include "hwv-key.h"
#include "hwv-test-frames.h"
#include "hwv-unit.h"
#include "unaligned.h"

/* The world is small, so that packets, flows and sources meet. */
enum { N_VFS = 2, N_MACS = 3, N_VNIS = 2, N_VTEPS = 2, N_IDS = 2,
       N_TUNNELS = 2, MAX_SOURCES = 24, MAX_FLOWS = 120 };

/* Tables. */

static struct eth_addr
random_mac(void)
{
    struct eth_addr mac = ETH_ADDR_C(02,00,00,00,00,00);

    mac.ea[5] = random_range(N_MACS);
    return mac;
}

/* Flows that ignore a MAC see many of them. */
static struct eth_addr
random_packet_mac(int one_in)
{
    struct eth_addr mac = random_mac();

    if (hwv_one_in(one_in)) {
        mac.ea[4] = random_uint8();
    }
    return mac;
}

/* The same choice for flows and packets, so that they often agree. */
static void
random_class(bool *ipv6, uint8_t *nw_frag, uint8_t *ecn)
{
    *ipv6 = hwv_one_in(4);
    *nw_frag = !hwv_one_in(5) ? 0
               : hwv_one_in(2) ? FLOW_NW_FRAG_ANY
               : FLOW_NW_FRAG_ANY | FLOW_NW_FRAG_LATER;
    *ecn = hwv_one_in(4) ? random_range(4) : 0;
}

/* A few tags that differ in priority or VLAN id. */
static uint16_t
random_tci(void)
{
    static const uint16_t tcis[] = { 0x0005, 0x6005, 0x0fff, 0xe000 };

    return tcis[hwv_one_in(4) ? random_range(ARRAY_SIZE(tcis)) : 0];
}

/* Mostly the same for a domain, so that flows often agree, and a counter of
 * its own. */
static struct hwv_flow_value
random_value(bool rx, uint32_t domain)
{
    static uint32_t counter;
    struct hwv_flow_value value = { .vni = 0 };

    value.counter = ++counter;
    if (!hwv_one_in(8)) {
        value.output = rx || domain ? HWV_OUT_VF : HWV_OUT_TUNNEL;
        value.vni = value.output == HWV_OUT_TUNNEL ? 7 : 0;
        return value;
    }
    value.output = random_range(5);
    if (value.output == HWV_OUT_VF) {
        value.vf = random_range(2);
    } else if (value.output == HWV_OUT_VLAN) {
        value.tci = random_tci();
    } else if (value.output == HWV_OUT_TUNNEL) {
        value.tunnel = random_range(N_TUNNELS + 1);     /* One too many. */
        value.vni = hwv_one_in(2) ? 0xfffffe : 7;
    }
    return value;
}

static void
random_flow(struct ref_flow *flow)
{
    memset(flow, 0, sizeof *flow);
    flow->rx = hwv_one_in(2);
    flow->tagged = flow->rx && hwv_one_in(4);
    flow->domain = (flow->tagged ? random_tci()
                    : random_range(flow->rx ? N_IDS : N_VFS));
    flow->dmac_matched = !hwv_one_in(4);
    flow->smac_matched = hwv_one_in(2);
    if (flow->dmac_matched) {
        flow->dmac = random_mac();
    }
    if (flow->smac_matched) {
        flow->smac = random_mac();
    }
    random_class(&flow->ipv6, &flow->nw_frag, &flow->ecn);
    if (flow->rx) {
        flow->ecn = 0;
    }
    flow->value = random_value(flow->rx, flow->domain);
}

static struct hwv_key
flow_key(const struct ref_flow *flow)
{
    return hwv_key_make(flow->tagged ? hwv_tagged_domain(flow->domain)
                        : flow->domain, flow->dmac, flow->smac,
                        (flow->rx ? HWV_CLASS_RX : 0)
                        | (flow->ipv6 ? HWV_CLASS_IPV6 : 0)
                        | (flow->nw_frag << HWV_CLASS_FRAG_SHIFT)
                        | (flow->ecn << HWV_CLASS_ECN_SHIFT)
                        | (flow->dmac_matched ? HWV_CLASS_DMAC : 0)
                        | (flow->smac_matched ? HWV_CLASS_SMAC : 0));
}

static void
random_key(struct hwv_source_key *key)
{
    memset(key, 0, sizeof *key);
    if (hwv_one_in(3)) {
        key->src.s6_addr[0] = key->dst.s6_addr[0] = 0x20;
        key->src.s6_addr[15] = random_range(N_VTEPS);
        key->flags = HWV_SOURCE_CSUM;
    } else {
        in6_addr_set_mapped_ipv4(&key->src,
                                 htonl(0x0a000000 + random_range(N_VTEPS)));
        in6_addr_set_mapped_ipv4(&key->dst, htonl(0x0a000100));
        key->flags = hwv_one_in(4) ? HWV_SOURCE_CSUM : 0;
    }
    key->vni = 0xfffffe + random_range(N_VNIS);
    key->udp_dst = htons(hwv_one_in(16) ? 8472 : 4789);
    key->tos = hwv_one_in(4) ? IP_ECN_ECT_0 : 0;
    key->dmac.ea[5] = hwv_one_in(16);
    key->smac.ea[5] = 2 + hwv_one_in(4);
    key->smac_matched = 1;
}

static void
random_source(struct ref_source *source)
{
    static uint32_t counter = 1000000;

    random_key(&source->key);
    if (hwv_one_in(2)) {
        source->key.smac = eth_addr_zero;
        source->key.smac_matched = 0;
    }
    source->value.id = random_range(N_IDS);
    source->value.counter = ++counter;
}

void
world_change(struct world *w)
{
    struct ref_source source;
    struct ref_flow flow;
    struct hwv_key key;
    size_t i;

    if (w->ref.n_flows >= MAX_FLOWS || (w->ref.n_flows && hwv_one_in(8))) {
        i = random_range(w->ref.n_flows);
        key = flow_key(&w->ref.flows[i]);
        HWV_CHECK_EQ(hwv_flow_table_remove(w->tables.flows, &key), 0);
        ref_remove_flow(&w->ref, i);
    } else {
        random_flow(&flow);
        key = flow_key(&flow);
        HWV_CHECK_EQ(hwv_flow_table_set(w->tables.flows, &key,
                                        &flow.value), 0);
        ref_set_flow(&w->ref, &flow);
    }

    if (w->ref.n_sources >= MAX_SOURCES
        || (w->ref.n_sources && hwv_one_in(8))) {
        i = random_range(w->ref.n_sources);
        HWV_CHECK_EQ(hwv_source_table_remove(w->tables.sources,
                                             &w->ref.sources[i].key), 0);
        ref_remove_source(&w->ref, i);
    } else {
        random_source(&source);
        HWV_CHECK_EQ(hwv_source_table_set(w->tables.sources, &source.key,
                                          &source.value), 0);
        ref_set_source(&w->ref, &source);
    }
}

void
world_block(struct world *w)
{
    uint32_t id = random_range(w->ref.n_tunnels);

    w->ref.blocked ^= 1u << id;
    hwv_tunnel_table_block(w->tables.tunnels, id, w->ref.blocked >> id & 1);
}

void
world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->tables.flows = hwv_flow_table_create(MAX_FLOWS, 8);
    w->tables.sources = hwv_source_table_create(MAX_SOURCES);
    w->tables.tunnels = hwv_tunnel_table_create(N_TUNNELS);
    for (int i = 0; i < N_TUNNELS; i++) {
        struct hwv_encap encap = { .len = i ? 70 : 50, .udp_csum = i };
        uint32_t id;

        encap.header[12] = i ? 0x86 : 0x08;
        encap.header[13] = i ? 0xdd : 0x00;
        encap.header[14] = i ? 0x60 : 0x45;
        HWV_CHECK_EQ(hwv_tunnel_table_add(w->tables.tunnels, &encap,
                                          random_mac(), &id), 0);
        HWV_CHECK_EQ(id, i);
    }
    w->ref.n_tunnels = N_TUNNELS;
}

void
world_destroy(struct world *w)
{
    hwv_flow_table_destroy(w->tables.flows);
    hwv_source_table_destroy(w->tables.sources);
    hwv_tunnel_table_destroy(w->tables.tunnels);
    hwv_unit_settle();
}

uint16_t
world_vf(void)
{
    return random_range(N_VFS);
}

/* Packets. */

/* Writes the frame that 'packet' describes to 'buf' and returns its length. */
static size_t
write_frame(const struct ref_packet *packet, uint8_t *buf)
{
    struct eth_header *eth = (void *) buf;
    uint8_t *ip = buf + ETH_HEADER_LEN;

    memset(buf, 0, 100);
    eth->eth_dst = packet->dmac;
    eth->eth_src = packet->smac;
    if (!packet->has_class) {
        static const uint16_t types[] = {
            ETH_TYPE_ARP, ETH_TYPE_VLAN_8021Q, ETH_TYPE_IP, ETH_TYPE_IPV6,
        };

        eth->eth_type = htons(types[random_range(ARRAY_SIZE(types))]);
        return ETH_HEADER_LEN + random_range(60);
    } else if (!packet->ipv6) {
        eth->eth_type = htons(ETH_TYPE_IP);
        ip[0] = 0x45;
        ip[1] = packet->ecn;
        ip[3] = 28 + random_range(40);
        ip[6] = packet->nw_frag == FLOW_NW_FRAG_ANY ? 0x20 : 0;
        ip[7] = packet->nw_frag & FLOW_NW_FRAG_LATER ? 9 : 0;
        ip[9] = IPPROTO_UDP;
        ip[21] = random_uint8();
        return ETH_HEADER_LEN + ip[3];
    } else {
        eth->eth_type = htons(ETH_TYPE_IPV6);
        ip[0] = 0x60;
        ip[1] = packet->ecn << 4;
        ip[5] = 16 + random_range(25);
        ip[6] = packet->nw_frag ? IPPROTO_FRAGMENT : IPPROTO_UDP;
        ip[40] = packet->nw_frag ? IPPROTO_UDP : random_uint8();
        ip[43] = packet->nw_frag & FLOW_NW_FRAG_LATER ? 16
                 : packet->nw_frag ? 1 : random_uint8();
        return ETH_HEADER_LEN + 40 + ip[5];
    }
}

static void
random_inner(struct ref_packet *packet)
{
    packet->dmac = random_packet_mac(8);
    packet->smac = random_packet_mac(2);
    packet->has_class = !hwv_one_in(10);
    random_class(&packet->ipv6, &packet->nw_frag, &packet->ecn);
    packet->asks_for_offload = hwv_one_in(20);
}

struct dp_packet *
random_from_vf(struct ref_packet *packet)
{
    uint64_t flags[] = { DP_PACKET_OL_TX_TCP_SEG, DP_PACKET_OL_TX_TCP_CKSUM,
                         DP_PACKET_OL_TX_UDP_CKSUM,
                         DP_PACKET_OL_TX_SCTP_CKSUM };
    uint8_t buf[100] OVS_ALIGNED_VAR(2);
    struct dp_packet *p;

    memset(packet, 0, sizeof *packet);
    random_inner(packet);
    p = hwv_test_packet(buf, write_frame(packet, buf),
                        2UL * random_range(40));
    if (packet->asks_for_offload) {
        *dp_packet_ol_flags_ptr(p) |= flags[random_range(ARRAY_SIZE(flags))];
    }
    if (hwv_one_in(2)) {
        dp_packet_set_rss_hash(p, random_uint32());
    }
    return p;
}

static enum ref_outer
random_outer_kind(void)
{
    switch (random_range(40)) {
    case 0:
        return REF_OUTER_LOST;
    case 1:
    case 2:
        return REF_OUTER_SHORT;
    case 3:
    case 4:
    case 5:
        return REF_OUTER_DOUBTFUL;
    case 6:
        return REF_OUTER_OTHER;
    default:
        return REF_OUTER_VXLAN;
    }
}

/* Changes the packet at 'buf' in some way into what its kind says. */
static void
make_kind(enum ref_outer kind, uint8_t *buf, size_t outer_len)
{
    bool ipv6 = outer_len == 70;
    uint8_t *vxlan = buf + outer_len - 8;
    uint8_t *udp = vxlan - 8;

    switch (kind) {
    case REF_OUTER_DOUBTFUL:
        if (hwv_one_in(2)) {
            vxlan[1] = 1;
        } else {
            udp[5]++;
        }
        break;
    case REF_OUTER_LOST:
        if (hwv_one_in(2)) {
            put_unaligned_be16((void *) (buf + 12),
                               htons(ETH_TYPE_VLAN_8021Q));
        } else if (ipv6) {
            buf[14 + 6] = IPPROTO_HOPOPTS;
        } else {
            buf[14 + 6] |= 0x20;
        }
        break;
    case REF_OUTER_OTHER:
        if (hwv_one_in(2)) {
            put_unaligned_be16((void *) (buf + 12), htons(ETH_TYPE_ARP));
        } else {
            buf[14 + (ipv6 ? 6 : 9)] = IPPROTO_TCP;
        }
        break;
    case REF_OUTER_VXLAN:
    case REF_OUTER_SHORT:
        break;
    }
}

/* Makes a checksum wrong that is there. */
static void
break_checksum(uint8_t *buf, size_t outer_len)
{
    if (outer_len == 50 && hwv_one_in(2)) {
        buf[14 + 10] ^= 1;
    } else {
        /* Not to zero, which would say that there is none. */
        uint8_t *csum = buf + outer_len - 8 - 2;

        csum[0] ^= csum[0] == 1 ? 2 : 1;
    }
}

/* A frame with a VLAN tag.  It is TCP, which for tunnels is another protocol;
 * but OVS would look for UDP behind an IPv6 fragment header. */
static struct dp_packet *
random_from_vlan(struct ref_packet *packet)
{
    uint8_t buf[VLAN_HEADER_LEN + 100] OVS_ALIGNED_VAR(2);
    struct vlan_eth_header *veh = (void *) buf;
    uint8_t *ip = buf + sizeof *veh;
    size_t len;

    /* Other frames from the uplink have the same MACs now and then. */
    random_inner(packet);
    if (hwv_one_in(4)) {
        random_key(&packet->key);
        packet->dmac = packet->key.dmac;
        packet->smac = packet->key.smac;
    }
    memset(&packet->key, 0, sizeof packet->key);
    packet->key.dmac = packet->dmac;
    packet->key.smac = packet->smac;
    packet->vlan.has_class = packet->has_class;
    packet->vlan.tci = random_tci();
    packet->vlan.ipv6 = packet->ipv6;
    packet->vlan.nw_frag = packet->nw_frag;
    packet->vlan.ecn = packet->ecn;
    packet->outer = (packet->ipv6 && packet->nw_frag
                     ? REF_OUTER_LOST : REF_OUTER_OTHER);

    packet->has_class = true;
    len = write_frame(packet, buf + VLAN_HEADER_LEN) + VLAN_HEADER_LEN;
    memmove(buf, buf + VLAN_HEADER_LEN, 2 * sizeof(struct eth_addr));
    veh->veth_type = htons(ETH_TYPE_VLAN_8021Q);
    veh->veth_tci = htons(packet->vlan.tci | (hwv_one_in(2) ? VLAN_CFI : 0));
    if (!packet->ipv6) {
        ip[9] = IPPROTO_TCP;
    } else if (!packet->nw_frag) {
        ip[6] = IPPROTO_TCP;
    }
    if (!packet->vlan.has_class) {
        if (hwv_one_in(2)) {
            veh->veth_type = htons(ETH_TYPE_VLAN_8021AD);
        } else {
            veh->veth_next_type = htons(ETH_TYPE_ARP);
            packet->outer = REF_OUTER_OTHER;
        }
    }
    return hwv_test_packet(buf, len, 0);
}

static struct dp_packet *
random_from_tunnel(struct ref_packet *packet)
{
    uint8_t buf[170] OVS_ALIGNED_VAR(2);
    struct hwv_test_outer outer;
    size_t outer_len, inner_len;
    struct dp_packet *p;

    random_inner(packet);
    random_key(&packet->key);
    packet->outer = random_outer_kind();
    packet->checksums_right = (packet->outer != REF_OUTER_VXLAN
                               || !packet->key.flags || !hwv_one_in(10));
    packet->checked_by_wire = hwv_one_in(10);

    outer = (struct hwv_test_outer) {
        .dmac = packet->key.dmac, .smac = packet->key.smac,
        .src = packet->key.src, .dst = packet->key.dst,
        .tos = packet->key.tos, .ttl = 64, .df = hwv_one_in(2),
        .csum = packet->key.flags & HWV_SOURCE_CSUM,
        .udp_src = htons(random_uint16()), .udp_dst = packet->key.udp_dst,
        .vni = packet->key.vni,
    };
    outer_len = hwv_test_outer_len(&outer);
    inner_len = write_frame(packet, buf + outer_len);
    if (packet->outer == REF_OUTER_SHORT) {
        inner_len = random_range(ETH_HEADER_LEN);
    }
    hwv_test_write_outer(buf, &outer, inner_len);
    make_kind(packet->outer, buf, outer_len);
    if (!packet->checksums_right) {
        break_checksum(buf, outer_len);
    }

    p = hwv_test_packet(buf, outer_len + inner_len, 0);
    if (packet->checked_by_wire) {
        *dp_packet_ol_flags_ptr(p) |= DP_PACKET_OL_RX_IP_CKSUM_GOOD
                                      | DP_PACKET_OL_RX_L4_CKSUM_GOOD;
    } else if (hwv_one_in(4)) {
        *dp_packet_ol_flags_ptr(p) |= (hwv_one_in(2)
                                       ? DP_PACKET_OL_RX_IP_CKSUM_GOOD
                                       : DP_PACKET_OL_RX_L4_CKSUM_GOOD);
    }
    return p;
}

struct dp_packet *
random_from_uplink(struct ref_packet *packet)
{
    memset(packet, 0, sizeof *packet);
    return (hwv_one_in(4)
            ? random_from_vlan(packet) : random_from_tunnel(packet));
}
