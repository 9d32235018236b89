/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FRAME_H
#define HWV_FRAME_H 1

/* Inner frame parser
 * ==================
 *
 * Reads from an Ethernet frame what a flow key needs.  Only IPv4 and IPv6
 * frames have a class, untagged, or from the uplink with one VLAN tag; every
 * other frame (ARP, truncated, ...) is for OVS.
 *
 * Soundness rests on agreeing with OVS's miniflow_extract(): wherever this
 * parser finds a class, miniflow_extract() must find the same eth_type,
 * nw_frag and ECN.  In doubt there is no class.
 *
 * Never reads outside [data, data + len), which is aligned to 2 bytes as a
 * packet's data is everywhere in OVS.  Thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "flow.h"
#include "hash.h"
#include "hwv-key.h"
#include "packets.h"

/* For TCP and UDP, hwv_frame_hash() is the hash that miniflow_extract() gives
 * a packet without one, so that a flow keeps its outer UDP port when offload
 * is turned on or off.  That ends with this. */
#define HWV_HASH_FINAL 42

/* Do packets of 'proto' (IPPROTO_*) begin with two ports? */
static inline bool
hwv_has_ports(uint8_t proto)
{
    return (proto == IPPROTO_TCP || proto == IPPROTO_UDP
            || proto == IPPROTO_SCTP);
}

struct hwv_frame {
    uint64_t dmac;      /* As hwv_mac_to_word() returns it. */
    uint64_t smac;      /* The same. */
    uint8_t class;      /* HWV_CLASS_IPV6, _FRAG, and _ECN bits as found in
                         * the frame; neither _RX nor the shape. */
};

/* Parses the 'len' bytes at 'data'.  Returns true and fills in '*frame' if the
 * frame has a class, otherwise returns false and leaves '*frame' undefined. */
static inline bool hwv_frame_parse(const void *data, size_t len,
                                   struct hwv_frame *frame);

/* The same for a frame with exactly one VLAN tag, of type 0x8100 (IEEE 802.1Q
 * section 9.4).  Stores the tag control information with DEI 0, in host byte
 * order, into '*tci'. */
static inline bool hwv_frame_parse_tagged(const void *data, size_t len,
                                          struct hwv_frame *frame,
                                          uint16_t *tci);

/* Returns a hash of the addresses, protocol and ports of the frame that
 * hwv_frame_parse() parsed into '*frame'.  All fragments of a datagram hash
 * alike, because ports are left out of any fragment.  It decides the outer UDP
 * source port (RFC 7348 section 5), on hits and on misses. */
uint32_t hwv_frame_hash(const void *data, const struct hwv_frame *frame);

/* What the hash of an IPv4 frame is made of, as it is in the frame. */
struct hwv_hash_words {
    uint32_t src, dst, proto;
    uint32_t ports;             /* 0 where 'has_ports' is. */
    uint32_t has_ports;         /* 1, or 0: a fragment, or another protocol. */
};

/* Returns the words of the IPv4 frame that hwv_frame_parse() parsed into
 * '*frame'. */
static inline struct hwv_hash_words
hwv_frame_hash_words(const void *data, const struct hwv_frame *frame)
{
    const struct ip_header *nh = (const void *) ((const char *) data
                                                 + ETH_HEADER_LEN);
    size_t hdr_len = IP_IHL(nh->ip_ihl_ver) * 4;
    struct hwv_hash_words words = { .proto = nh->ip_proto };

    memcpy(&words.src, &nh->ip_src, sizeof words.src);
    memcpy(&words.dst, &nh->ip_dst, sizeof words.dst);
    if (!(frame->class & HWV_CLASS_FRAG)
        && hwv_has_ports(nh->ip_proto)
        && ntohs(nh->ip_tot_len) >= hdr_len + sizeof words.ports) {
        memcpy(&words.ports, (const char *) nh + hdr_len, sizeof words.ports);
        words.has_ports = 1;
    }
    return words;
}

/* Returns the hash of 'words'. */
static inline uint32_t
hwv_hash_words(const struct hwv_hash_words *words)
{
    uint32_t hash = hash_add(0, words->src);

    hash = hash_add(hash, words->dst);
    hash = hash_add(hash, words->proto);
    hash = words->has_ports ? hash_add(hash, words->ports) : hash;
    return hash_finish(hash, HWV_HASH_FINAL);
}

/* Inside of hwv_frame_parse(). */

/* Reads both MACs, each in one load: an Ethernet type at least is behind
 * them. */
static inline void
hwv_frame_parse_macs(const void *data, struct hwv_frame *frame)
{
    const uint64_t mac_mask = (UINT64_C(1) << 48) - 1;
    uint64_t words[2];

    memcpy(&words[0], data, sizeof words[0]);
    memcpy(&words[1], (const char *) data + sizeof(struct eth_addr),
           sizeof words[1]);
    frame->dmac = words[0] & mac_mask;
    frame->smac = words[1] & mac_mask;
}

static inline uint8_t
hwv_class_make(uint8_t version, uint8_t nw_frag, uint8_t tos)
{
    return version
           | nw_frag << HWV_CLASS_FRAG_SHIFT
           | (tos & IP_ECN_MASK) << HWV_CLASS_ECN_SHIFT;
}

/* The conditions are those of miniflow_extract(), and that the version is
 * right, which it does not ask. */
static inline bool
hwv_frame_parse_ipv4(const struct ip_header *nh, size_t size, uint8_t *class)
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

    if (OVS_UNLIKELY(IP_IS_FRAGMENT(nh->ip_frag_off))) {
        nw_frag = FLOW_NW_FRAG_ANY;
        if (nh->ip_frag_off & htons(IP_FRAG_OFF_MASK)) {
            nw_frag |= FLOW_NW_FRAG_LATER;
        }
    }
    *class = hwv_class_make(0, nw_frag, nh->ip_tos);
    return true;
}

/* The same. */
bool hwv_frame_parse_ipv6(const struct ovs_16aligned_ip6_hdr *nh, size_t size,
                          uint8_t *class);

static inline bool
hwv_frame_parse_network(ovs_be16 eth_type, const void *nh, size_t size,
                        uint8_t *class)
{
    return (eth_type == htons(ETH_TYPE_IP)
            ? hwv_frame_parse_ipv4(nh, size, class)
            : eth_type == htons(ETH_TYPE_IPV6)
            ? hwv_frame_parse_ipv6(nh, size, class)
            : false);
}

static inline bool
hwv_frame_parse(const void *data, size_t len, struct hwv_frame *frame)
{
    const struct eth_header *eth = data;

    if (len < sizeof *eth) {
        return false;
    }

    hwv_frame_parse_macs(data, frame);
    return hwv_frame_parse_network(eth->eth_type, eth + 1, len - sizeof *eth,
                                   &frame->class);
}

/* What hwv_frame_parse_tagged() does with a frame that has such a tag. */
bool hwv_frame_parse_behind_tag(const void *data, size_t len,
                                struct hwv_frame *frame, uint16_t *tci);

static inline bool
hwv_frame_parse_tagged(const void *data, size_t len, struct hwv_frame *frame,
                       uint16_t *tci)
{
    const struct vlan_eth_header *veh = data;

    return (OVS_UNLIKELY(len >= sizeof *veh
                         && veh->veth_type == htons(ETH_TYPE_VLAN_8021Q))
            && hwv_frame_parse_behind_tag(data, len, frame, tci));
}

#endif /* hwv-frame.h */
