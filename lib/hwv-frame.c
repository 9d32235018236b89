/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-frame.h"

#include <netinet/ip6.h>
#include <string.h>

#include "flow.h"
#include "hash.h"
#include "hwv-key.h"
#include "unaligned.h"

/* The class has room for exactly these. */
BUILD_ASSERT_DECL((FLOW_NW_FRAG_ANY | FLOW_NW_FRAG_LATER)
                  == HWV_CLASS_FRAG >> HWV_CLASS_FRAG_SHIFT);
BUILD_ASSERT_DECL(IP_ECN_MASK == HWV_CLASS_ECN >> HWV_CLASS_ECN_SHIFT);

/* What follows the IP header. */
struct payload {
    const void *data;
    size_t size;                /* Without the padding of a short frame. */
    uint8_t proto;              /* IPPROTO_*. */
};

static inline bool parse_network(ovs_be16 eth_type, const void *nh,
                                 size_t size, uint8_t *class);
static inline bool parse_ipv4(const struct ip_header *, size_t size,
                              uint8_t *class);
static bool parse_ipv6(const struct ovs_16aligned_ip6_hdr *, size_t size,
                       uint8_t *class);
static bool parse_extensions(const struct ovs_16aligned_ip6_hdr *,
                             struct payload *, uint8_t *nw_frag);
static inline uint32_t hash_ipv4(const struct ip_header *, uint8_t class);
static uint32_t hash_ipv6(const struct ovs_16aligned_ip6_hdr *, uint8_t class);
static inline uint32_t hash_ports(uint32_t hash, const struct payload *);

bool
hwv_frame_parse(const void *data, size_t len, struct hwv_frame *frame)
{
    const struct eth_header *eth = data;

    if (len < sizeof *eth) {
        return false;
    }

    frame->dmac = eth->eth_dst;
    frame->smac = eth->eth_src;
    return parse_network(eth->eth_type, eth + 1, len - sizeof *eth,
                         &frame->class);
}

/* OVS may be told to follow two tags (other_config:vlan-limit), but what it
 * finds behind one is the same. */
bool
hwv_frame_parse_tagged(const void *data, size_t len, struct hwv_frame *frame,
                       uint16_t *tci)
{
    const struct vlan_eth_header *veh = data;

    if (len < sizeof *veh || veh->veth_type != htons(ETH_TYPE_VLAN_8021Q)) {
        return false;
    }

    frame->dmac = veh->veth_dst;
    frame->smac = veh->veth_src;
    *tci = ntohs(veh->veth_tci) & ~VLAN_CFI;
    return parse_network(veh->veth_next_type, veh + 1, len - sizeof *veh,
                         &frame->class);
}

uint32_t
hwv_frame_hash(const void *data, size_t len OVS_UNUSED,
               const struct hwv_frame *frame)
{
    const void *nh = (const char *) data + sizeof(struct eth_header);

    return frame->class & HWV_CLASS_IPV6
           ? hash_ipv6(nh, frame->class)
           : hash_ipv4(nh, frame->class);
}

static inline uint8_t
make_class(uint8_t version, uint8_t nw_frag, uint8_t tos)
{
    return version
           | nw_frag << HWV_CLASS_FRAG_SHIFT
           | (tos & IP_ECN_MASK) << HWV_CLASS_ECN_SHIFT;
}

static inline bool
parse_network(ovs_be16 eth_type, const void *nh, size_t size, uint8_t *class)
{
    return (eth_type == htons(ETH_TYPE_IP) ? parse_ipv4(nh, size, class)
            : eth_type == htons(ETH_TYPE_IPV6) ? parse_ipv6(nh, size, class)
            : false);
}

/* The conditions are those of miniflow_extract(), and that the version is
 * right, which it does not ask. */
static inline bool
parse_ipv4(const struct ip_header *nh, size_t size, uint8_t *class)
{
    uint8_t nw_frag = 0;
    size_t hdr_len, tot_len;

    if (size < sizeof *nh) {
        return false;
    }

    hdr_len = IP_IHL(nh->ip_ihl_ver) * 4;
    tot_len = ntohs(nh->ip_tot_len);
    if (IP_VER(nh->ip_ihl_ver) != 4
        || hdr_len < sizeof *nh
        || hdr_len > tot_len
        || tot_len > size
        || size - tot_len > UINT16_MAX) {
        return false;
    }

    if (IP_IS_FRAGMENT(nh->ip_frag_off)) {
        nw_frag = FLOW_NW_FRAG_ANY;
        if (nh->ip_frag_off & htons(IP_FRAG_OFF_MASK)) {
            nw_frag |= FLOW_NW_FRAG_LATER;
        }
    }
    *class = make_class(0, nw_frag, nh->ip_tos);
    return true;
}

/* As parse_ipv4(). */
static bool
parse_ipv6(const struct ovs_16aligned_ip6_hdr *nh, size_t size, uint8_t *class)
{
    struct payload payload;
    uint8_t nw_frag;
    size_t tot_len;
    uint32_t word;              /* Version, traffic class, flow label. */

    if (size < sizeof *nh) {
        return false;
    }

    word = ntohl(get_16aligned_be32(&nh->ip6_flow));
    tot_len = sizeof *nh + ntohs(nh->ip6_plen);
    if (word >> 28 != 6
        || tot_len > size
        || size - tot_len > UINT16_MAX
        || !parse_extensions(nh, &payload, &nw_frag)) {
        return false;
    }

    *class = make_class(HWV_CLASS_IPV6, nw_frag, word >> 20);
    return true;
}

/* Finds what follows the extension headers of 'nh' (RFC 8200 section 4), all
 * of whose payload must be there.  This is left to OVS: how far it follows a
 * chain of headers, and what it makes of several fragment headers, decides on
 * 'nw_frag'. */
static bool
parse_extensions(const struct ovs_16aligned_ip6_hdr *nh,
                 struct payload *payload, uint8_t *nw_frag)
{
    const struct ovs_16aligned_ip6_frag *frag_hdr;

    payload->data = nh + 1;
    payload->size = ntohs(nh->ip6_plen);
    payload->proto = nh->ip6_nxt;
    *nw_frag = 0;
    return parse_ipv6_ext_hdrs(&payload->data, &payload->size, &payload->proto,
                               nw_frag, &frag_hdr);
}

/* For TCP and UDP, this and hash_ipv6() give the hash that miniflow_extract()
 * gives a packet without one, so that a flow keeps its outer UDP port when
 * offload is turned on or off. */
enum { HASH_FINAL = 42 };

static inline uint32_t
hash_ipv4_addr(uint32_t hash, const ovs_16aligned_be32 *addr)
{
    return hash_add(hash, (OVS_FORCE uint32_t) get_16aligned_be32(addr));
}

static uint32_t
hash_ipv6_addr(uint32_t hash, const union ovs_16aligned_in6_addr *addr)
{
    uint64_t words[2];

    BUILD_ASSERT_DECL(sizeof words == sizeof *addr);
    memcpy(words, addr, sizeof words);
    return hash_add64(hash_add64(hash, words[0]), words[1]);
}

static inline uint32_t
hash_ipv4(const struct ip_header *nh, uint8_t class)
{
    size_t hdr_len = IP_IHL(nh->ip_ihl_ver) * 4;
    uint32_t hash = 0;

    hash = hash_ipv4_addr(hash, &nh->ip_src);
    hash = hash_ipv4_addr(hash, &nh->ip_dst);
    hash = hash_add(hash, nh->ip_proto);
    if (!(class & HWV_CLASS_FRAG)) {
        struct payload payload = {
            .data = (const char *) nh + hdr_len,
            .size = ntohs(nh->ip_tot_len) - hdr_len,
            .proto = nh->ip_proto,
        };

        hash = hash_ports(hash, &payload);
    }
    return hash_finish(hash, HASH_FINAL);
}

static uint32_t
hash_ipv6(const struct ovs_16aligned_ip6_hdr *nh, uint8_t class)
{
    uint32_t hash = 0;

    hash = hash_ipv6_addr(hash, &nh->ip6_src);
    hash = hash_ipv6_addr(hash, &nh->ip6_dst);

    /* Fragments of one datagram may differ even in the protocol (RFC 8200
     * section 4.5: only the first one's counts). */
    if (!(class & HWV_CLASS_FRAG)) {
        struct payload payload;
        uint8_t nw_frag;

        parse_extensions(nh, &payload, &nw_frag);
        hash = hash_add(hash, payload.proto);
        hash = hash_ports(hash, &payload);
    }
    return hash_finish(hash, HASH_FINAL);
}

/* Adds the ports of a whole datagram to 'hash', if its protocol has any. */
static inline uint32_t
hash_ports(uint32_t hash, const struct payload *payload)
{
    uint32_t ports;

    if ((payload->proto == IPPROTO_TCP
         || payload->proto == IPPROTO_UDP
         || payload->proto == IPPROTO_SCTP)
        && payload->size >= sizeof ports) {
        memcpy(&ports, payload->data, sizeof ports);
        hash = hash_add(hash, ports);
    }
    return hash;
}
