/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-frame.h"

#include <netinet/ip6.h>
#include <string.h>

#include "flow.h"
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

static bool parse_extensions(const struct ovs_16aligned_ip6_hdr *,
                             struct payload *, uint8_t *nw_frag);
static uint32_t hash_ipv6(const struct ovs_16aligned_ip6_hdr *, uint8_t class);
static uint32_t hash_ports(uint32_t hash, const struct payload *);

/* OVS may be told to follow two tags (other_config:vlan-limit), but what it
 * finds behind one is the same. */
bool
hwv_frame_parse_behind_tag(const void *data, size_t len,
                           struct hwv_frame *frame, uint16_t *tci)
{
    const struct vlan_eth_header *veh = data;

    hwv_frame_parse_macs(data, frame);
    *tci = ntohs(veh->veth_tci) & ~VLAN_CFI;
    return hwv_frame_parse_network(veh->veth_next_type, veh + 1,
                                   len - sizeof *veh, &frame->class);
}

uint32_t
hwv_frame_hash(const void *data, const struct hwv_frame *frame)
{
    if (frame->class & HWV_CLASS_IPV6) {
        return hash_ipv6((const void *) ((const char *) data
                                         + sizeof(struct eth_header)),
                         frame->class);
    } else {
        const struct hwv_hash_words words = hwv_frame_hash_words(data, frame);

        return hwv_hash_words(&words);
    }
}

bool
hwv_frame_parse_ipv6(const struct ovs_16aligned_ip6_hdr *nh, size_t size,
                     uint8_t *class)
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

    *class = hwv_class_make(HWV_CLASS_IPV6, nw_frag, word >> 20);
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

static uint32_t
hash_ipv6_addr(uint32_t hash, const union ovs_16aligned_in6_addr *addr)
{
    uint64_t words[2];

    BUILD_ASSERT_DECL(sizeof words == sizeof *addr);
    memcpy(words, addr, sizeof words);
    return hash_add64(hash_add64(hash, words[0]), words[1]);
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
    return hash_finish(hash, HWV_HASH_FINAL);
}

/* Adds the ports of a whole datagram to 'hash', if its protocol has any. */
static uint32_t
hash_ports(uint32_t hash, const struct payload *payload)
{
    uint32_t ports;

    if (hwv_has_ports(payload->proto) && payload->size >= sizeof ports) {
        memcpy(&ports, payload->data, sizeof ports);
        hash = hash_add(hash, ports);
    }
    return hash;
}
