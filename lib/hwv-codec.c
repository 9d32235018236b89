/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-codec.h"

#include <netinet/ip6.h>
#include <string.h>

#include "csum.h"
#include "hwv-key.h"
#include "unaligned.h"

/* lib/ keeps away from OVS's netdevs, with this one exception, for
 * netdev_tnl_get_src_port(): an inline function of a packet and of two global
 * variables that "ovs-appctl tnl/egress_port_range" sets.  A copy of it would
 * stop agreeing with what OVS sends as soon as either of them changed. */
#include "netdev-native-tnl.h"

BUILD_ASSERT_DECL(offsetof(struct eth_header, eth_src)
                  == sizeof(struct eth_addr));
BUILD_ASSERT_DECL(offsetof(struct hwv_source_key, smac)
                  == (offsetof(struct hwv_source_key, dmac)
                      + sizeof(struct eth_addr)));

/* Length of what is between the outer IP header and the inner frame. */
#define UDP_VXLAN_LEN (sizeof(struct udp_header) + sizeof(struct vxlanhdr))

/* Bit 0 of the traffic class in the first word of an IPv6 header. */
#define IPV6_TC_SHIFT 20

static inline void finish_eth(struct eth_header *, const struct hwv_tunnel *);
static inline void finish_ipv4(struct ip_header *, const struct hwv_encap *,
                               size_t udp_len, uint8_t ecn);
static inline void finish_ipv6(struct ovs_16aligned_ip6_hdr *, size_t udp_len,
                               uint8_t ecn);
static inline void finish_udp(struct udp_header *, size_t udp_len,
                              ovs_be16 src_port);
static void finish_udp_csum(struct dp_packet *);
static size_t skip_vlans(const void *data, size_t len, ovs_be16 *eth_type);
static enum hwv_outer_result parse_ipv4(const void *data, size_t len,
                                        size_t ip_ofs, struct hwv_source_key *,
                                        size_t *outer_len);
static enum hwv_outer_result parse_ipv6(const void *data, size_t len,
                                        size_t ip_ofs, struct hwv_source_key *,
                                        size_t *outer_len);
static enum hwv_outer_result parse_udp(const void *data, size_t len,
                                       size_t udp_ofs, size_t udp_len,
                                       uint8_t tos, struct hwv_source_key *,
                                       size_t *outer_len);
static bool verify_udp(const struct udp_header *, size_t udp_len,
                       uint32_t pseudo_header);

static const void *
at(const void *data, size_t ofs)
{
    return (const char *) data + ofs;
}

/* Internet checksums (RFC 1071), as csum() computes them, but four bytes at a
 * time (section 2, "parallel summation"). */

/* Returns the sum of the 16-bit words of the 'n' bytes at 'data', with the
 * carries not yet added. */
static inline uint64_t
sum_up(const void *data, size_t n)
{
    const char *p = data;
    uint64_t sum = 0;
    uint32_t word;

    for (; n >= sizeof word; n -= sizeof word, p += sizeof word) {
        memcpy(&word, p, sizeof word);
        sum += word;
    }
    if (n) {
        word = 0;
        memcpy(&word, p, n);
        sum += word;
    }
    return sum;
}

/* Returns the checksum of what has 'sum'. */
static inline ovs_be16
finish_sum(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    return (OVS_FORCE ovs_be16) ~sum;
}

/* The same for a sum of few words. */
static inline ovs_be16
finish_short_sum(uint32_t sum)
{
    sum = (sum & UINT16_MAX) + (sum >> 16);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    return (OVS_FORCE ovs_be16) ~sum;
}

/* Encapsulation. */

uint8_t
hwv_outer_ecn(uint8_t ecn)
{
    return ecn == IP_ECN_CE ? IP_ECN_ECT_0 : ecn;
}

/* Writes the outer header to 'eth', in front of what 'packet' has had; that
 * was 'inner_len' bytes long.  With a constant 'is_ipv6', so that all offsets
 * are constants, too. */
static inline ALWAYS_INLINE void
encapsulate(struct dp_packet *packet, struct eth_header *eth,
            size_t inner_len, const struct hwv_tunnel *tunnel, bool is_ipv6,
            uint32_t vni, uint8_t ecn)
{
    const struct hwv_encap *encap = &tunnel->encap;
    const size_t outer_len = is_ipv6 ? HWV_ENCAP_MAX : HWV_ENCAP_IPV4;
    const size_t udp_ofs = outer_len - UDP_VXLAN_LEN;
    const size_t udp_len = inner_len + UDP_VXLAN_LEN;

    void *ip = eth + 1;
    struct udp_header *udp = (void *) ((char *) eth + udp_ofs);
    struct vxlanhdr *vxlan = (void *) (udp + 1);

    memcpy(eth, encap->header, outer_len);
    finish_eth(eth, tunnel);
    if (is_ipv6) {
        finish_ipv6(ip, udp_len, hwv_outer_ecn(ecn));
    } else {
        finish_ipv4(ip, encap, udp_len, hwv_outer_ecn(ecn));
    }
    put_16aligned_be32(&vxlan->vx_vni, htonl(vni << 8));
    finish_udp(udp, udp_len, netdev_tnl_get_src_port(packet));

    packet->packet_type = htonl(PT_ETH);
    dp_packet_reset_offsets(packet);
    packet->l3_ofs = sizeof(struct eth_header);
    packet->l4_ofs = udp_ofs;
}

/* Where there is IPv6, a UDP checksum, or no room in front of 'packet', so
 * that the data has to move. */
static __attribute__((noinline)) void
encapsulate_slowly(struct dp_packet *packet, const struct hwv_tunnel *tunnel,
                   uint32_t vni, uint8_t ecn)
{
    const size_t inner_len = dp_packet_size(packet);
    struct eth_header *eth = dp_packet_push_uninit(packet, tunnel->encap.len);

    if (hwv_encap_is_ipv6(&tunnel->encap)) {
        encapsulate(packet, eth, inner_len, tunnel, true, vni, ecn);
    } else {
        encapsulate(packet, eth, inner_len, tunnel, false, vni, ecn);
    }
    if (tunnel->encap.udp_csum) {
        finish_udp_csum(packet);
    }
}

void
hwv_encapsulate(struct dp_packet *packet, const struct hwv_tunnel *tunnel,
                uint32_t vni, uint8_t ecn)
{
    const size_t inner_len = dp_packet_size(packet);
    uint16_t data_ofs = __packet_data(packet);

    if (OVS_UNLIKELY(hwv_encap_is_ipv6(&tunnel->encap)
                     || tunnel->encap.udp_csum
                     || data_ofs < HWV_ENCAP_IPV4)) {
        encapsulate_slowly(packet, tunnel, vni, ecn);
        return;
    }
    data_ofs -= HWV_ENCAP_IPV4;
    __packet_set_data(packet, data_ofs);
    dp_packet_set_size(packet, inner_len + HWV_ENCAP_IPV4);
    encapsulate(packet, (void *) ((char *) dp_packet_base(packet) + data_ofs),
                inner_len, tunnel, false, vni, ecn);
}

static inline void
finish_eth(struct eth_header *eth, const struct hwv_tunnel *tunnel)
{
    struct hwv_tunnel *tunnel_ = CONST_CAST(struct hwv_tunnel *, tunnel);
    uint64_t next_hop;

    atomic_read_relaxed(&tunnel_->next_hop, &next_hop);
    eth->eth_dst = hwv_mac_from_word(next_hop);
}

/* The base's checksum is that of an ECN field and a length of zero.  Adding
 * these (RFC 1624) gives the same bytes as summing up the whole header: the
 * two could differ only as 0x0000 and 0xffff do, and 0xffff is the checksum of
 * nothing but zeros. */
static inline void
finish_ipv4(struct ip_header *ip, const struct hwv_encap *encap,
            size_t udp_len, uint8_t ecn)
{
    const struct ip_header *base = at(encap->header,
                                      sizeof(struct eth_header));
    ovs_be16 tot_len = htons(sizeof *ip + udp_len);

    ip->ip_tos = base->ip_tos | ecn;
    ip->ip_tot_len = tot_len;
    ip->ip_csum = finish_short_sum((OVS_FORCE uint16_t) ~base->ip_csum
                                   + (OVS_FORCE uint16_t) tot_len
                                   + (OVS_FORCE uint16_t) htons(ecn));
}

static inline void
finish_ipv6(struct ovs_16aligned_ip6_hdr *ip, size_t udp_len, uint8_t ecn)
{
    ovs_be32 word = get_16aligned_be32(&ip->ip6_flow);

    put_16aligned_be32(&ip->ip6_flow,
                       word | htonl((uint32_t) ecn << IPV6_TC_SHIFT));
    ip->ip6_plen = htons(udp_len);
}

static inline void
finish_udp(struct udp_header *udp, size_t udp_len, ovs_be16 src_port)
{
    udp->udp_src = src_port;
    udp->udp_len = htons(udp_len);
}

/* Everything that the checksum covers must be there.  A result of zero is
 * sent as 0xffff, as zero says that there is no checksum (RFC 768). */
static void
finish_udp_csum(struct dp_packet *packet)
{
    const bool is_ipv6 = (packet->l4_ofs == HWV_ENCAP_MAX - UDP_VXLAN_LEN);
    struct udp_header *udp = dp_packet_l4(packet);
    void *ip = dp_packet_l3(packet);
    uint32_t pseudo_header = (is_ipv6 ? packet_csum_pseudoheader6(ip)
                              : packet_csum_pseudoheader(ip));

    udp->udp_csum = finish_sum(pseudo_header
                               + sum_up(udp, dp_packet_l4_size(packet)));
    if (!udp->udp_csum) {
        udp->udp_csum = htons(0xffff);
    }
}

/* Decapsulation.
 *
 * The small fields of a source key are written a word of 32 bits at a time, as
 * hwv_source_lookups_put() reads them: a processor waits where it reads at
 * once what it has just written in parts.  The first field has the least
 * significant bits. */

BUILD_ASSERT_DECL(offsetof(struct hwv_source_key, tos)
                  == offsetof(struct hwv_source_key, udp_dst) + 2);
BUILD_ASSERT_DECL(offsetof(struct hwv_source_key, flags)
                  == offsetof(struct hwv_source_key, udp_dst) + 3);
BUILD_ASSERT_DECL(offsetof(struct hwv_source_key, smac_matched) % 4 == 0);
#ifdef WORDS_BIGENDIAN
#error "not for processors of this byte order"
#endif

/* HWV_SOURCE_CSUM in the word that begins with 'udp_dst'. */
#define FLAGS_CSUM ((uint32_t) HWV_SOURCE_CSUM << 24)

static inline void
put_word(void *field, uint32_t word)
{
    memcpy(field, &word, sizeof word);
}

enum hwv_outer_result
hwv_outer_parse(const void *data, size_t len, struct hwv_source_key *key,
                size_t *outer_len)
{
    const struct eth_header *eth = data;
    enum hwv_outer_result result;
    ovs_be16 eth_type;
    size_t ip_ofs;

    *outer_len = 0;
    if (len < sizeof *eth) {
        return HWV_OUTER_OTHER;
    }

    memset(key, 0, sizeof *key);
    /* Both addresses, which are beside each other here and there. */
    memcpy((char *) key + offsetof(struct hwv_source_key, dmac), eth,
           sizeof key->dmac + sizeof key->smac);
    put_word(&key->smac_matched, 1);

    ip_ofs = skip_vlans(data, len, &eth_type);
    if (eth_type == htons(ETH_TYPE_IP)) {
        result = parse_ipv4(data, len, ip_ofs, key, outer_len);
    } else if (eth_type == htons(ETH_TYPE_IPV6)) {
        result = parse_ipv6(data, len, ip_ofs, key, outer_len);
    } else if (eth_type_vlan(eth_type) || ntohs(eth_type) < ETH_TYPE_MIN) {
        /* Tags that we have not followed, or a length: then IP can be behind
         * LLC and SNAP headers. */
        return HWV_OUTER_DOUBTFUL;
    } else {
        return HWV_OUTER_OTHER;
    }

    return (result == HWV_OUTER_VXLAN && ip_ofs != sizeof *eth
            ? HWV_OUTER_DOUBTFUL
            : result);
}

/* The sums are made up only where UDP has one. */
bool
hwv_outer_verify(const void *data, size_t len)
{
    const struct eth_header *eth = data;
    size_t ip_len = len - sizeof *eth;

    if (eth->eth_type == htons(ETH_TYPE_IP)) {
        const struct ip_header *ip = at(data, sizeof *eth);
        const struct udp_header *udp = at(ip, sizeof *ip);

        return (!finish_sum(sum_up(ip, sizeof *ip))
                && (!udp->udp_csum
                    || verify_udp(udp, ip_len - sizeof *ip,
                                  packet_csum_pseudoheader(ip))));
    } else {
        const struct ovs_16aligned_ip6_hdr *ip = at(data, sizeof *eth);
        const struct udp_header *udp = at(ip, sizeof *ip);

        return (!udp->udp_csum
                || verify_udp(udp, ip_len - sizeof *ip,
                              packet_csum_pseudoheader6(ip)));
    }
}

void
hwv_decapsulate(struct dp_packet *packet, size_t outer_len)
{
    dp_packet_reset_packet(packet, outer_len);
    packet->packet_type = htonl(PT_ETH);

    /* What the wire found out about the outer headers does not hold for the
     * inner ones. */
    dp_packet_reset_offload(packet);
}

void
hwv_push_vlan(struct dp_packet *packet, uint16_t tci)
{
    eth_push_vlan(packet, htons(ETH_TYPE_VLAN_8021Q), htons(tci));
}

/* eth_pop_vlan() does nothing to a packet in which OVS has not found the
 * network header yet. */
void
hwv_pop_vlan(struct dp_packet *packet)
{
    char *eth = dp_packet_data(packet);

    memmove(eth + VLAN_HEADER_LEN, eth, 2 * sizeof(struct eth_addr));
    dp_packet_resize_l2(packet, -VLAN_HEADER_LEN);
}

/* Stores the Ethernet type behind at most two VLAN tags (IEEE 802.1Q) into
 * '*eth_type' and returns where what it says begins.  On a trunk other traffic
 * is tagged, and must not be taken for packets of just any inner flow. */
static size_t
skip_vlans(const void *data, size_t len, ovs_be16 *eth_type)
{
    const struct eth_header *eth = data;
    const struct vlan_header *vlan = (const void *) (eth + 1);
    size_t ofs = sizeof *eth;

    *eth_type = eth->eth_type;
    for (int i = 0; i < 2 && eth_type_vlan(*eth_type)
         && len >= ofs + sizeof *vlan; i++) {
        *eth_type = vlan++->vlan_next_type;
        ofs += sizeof *vlan;
    }
    return ofs;
}

static enum hwv_outer_result
parse_ipv4(const void *data, size_t len, size_t ip_ofs,
           struct hwv_source_key *key, size_t *outer_len)
{
    const struct ip_header *ip = at(data, ip_ofs);
    size_t udp_ofs = ip_ofs + sizeof *ip;

    if (len < udp_ofs) {
        return HWV_OUTER_DOUBTFUL;
    }
    if (ip->ip_proto != IPPROTO_UDP) {
        return HWV_OUTER_OTHER;
    }
    if (ip->ip_ihl_ver != IP_IHL_VER(5, 4)
        || ip->ip_frag_off & ~htons(IP_DONT_FRAGMENT)) {
        return HWV_OUTER_DOUBTFUL;
    }

    /* As in6_addr_set_mapped_ipv4(), but one word at a time, see above. */
    key->src.s6_addr32[2] = key->dst.s6_addr32[2] = htonl(0xffff);
    memcpy(&key->src.s6_addr32[3], &ip->ip_src, sizeof ip->ip_src);
    memcpy(&key->dst.s6_addr32[3], &ip->ip_dst, sizeof ip->ip_dst);
    return parse_udp(data, len, udp_ofs, ntohs(ip->ip_tot_len) - sizeof *ip,
                     ip->ip_tos, key, outer_len);
}

static enum hwv_outer_result
parse_ipv6(const void *data, size_t len, size_t ip_ofs,
           struct hwv_source_key *key, size_t *outer_len)
{
    const struct ovs_16aligned_ip6_hdr *ip = at(data, ip_ofs);
    size_t udp_ofs = ip_ofs + sizeof *ip;
    enum hwv_outer_result result;
    uint32_t word;              /* Version, traffic class, flow label. */

    if (len < udp_ofs) {
        return HWV_OUTER_DOUBTFUL;
    }
    switch (ip->ip6_nxt) {
    case IPPROTO_UDP:
        break;

    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_FRAGMENT:
    case IPPROTO_AH:
    case IPPROTO_DSTOPTS:
        /* OVS looks for UDP behind these. */
        return HWV_OUTER_DOUBTFUL;

    default:
        return HWV_OUTER_OTHER;
    }

    word = ntohl(get_16aligned_be32(&ip->ip6_flow));
    if (word >> 28 != 6) {
        return HWV_OUTER_DOUBTFUL;
    }

    memcpy(&key->src, &ip->ip6_src, sizeof key->src);
    memcpy(&key->dst, &ip->ip6_dst, sizeof key->dst);
    result = parse_udp(data, len, udp_ofs, ntohs(ip->ip6_plen),
                       word >> IPV6_TC_SHIFT, key, outer_len);

    /* IPv4-mapped addresses say "IPv4" in the key, and UDP over IPv6 must have
     * a checksum (RFC 8200 section 8.1; OVS would take RFC 6935's exception,
     * under which nothing protects the addresses). */
    if (result == HWV_OUTER_VXLAN
        && (IN6_IS_ADDR_V4MAPPED(&key->src)
            || IN6_IS_ADDR_V4MAPPED(&key->dst)
            || !(key->flags & HWV_SOURCE_CSUM))) {
        return HWV_OUTER_DOUBTFUL;
    }
    return result;
}

/* Reads the UDP header at 'udp_ofs', 'udp_len' bytes long with its data and
 * with TOS 'tos' according to the IP header in front of it, and the VXLAN
 * header behind. */
static enum hwv_outer_result
parse_udp(const void *data, size_t len, size_t udp_ofs, size_t udp_len,
          uint8_t tos, struct hwv_source_key *key, size_t *outer_len)
{
    const struct udp_header *udp;
    const struct vxlanhdr *vxlan;
    uint32_t vni;

    *outer_len = udp_ofs + UDP_VXLAN_LEN;
    if (len < *outer_len + ETH_HEADER_LEN) {
        return HWV_OUTER_DOUBTFUL;
    }

    udp = at(data, udp_ofs);
    vxlan = at(udp, sizeof *udp);
    vni = ntohl(get_16aligned_be32(&vxlan->vx_vni));

    key->vni = vni >> 8;
    put_word(&key->udp_dst, ((OVS_FORCE uint16_t) udp->udp_dst
                             | (uint32_t) tos << 16
                             | (udp->udp_csum ? FLAGS_CSUM : 0)));

    return (udp_len == len - udp_ofs
            && ntohs(udp->udp_len) == udp_len
            && get_16aligned_be32(&vxlan->vx_flags) == htonl(VXLAN_FLAGS)
            && !(vni & 0xff)
            && !IP_ECN_is_ce(tos)
            ? HWV_OUTER_VXLAN
            : HWV_OUTER_DOUBTFUL);
}

static bool
verify_udp(const struct udp_header *udp, size_t udp_len,
           uint32_t pseudo_header)
{
    return !finish_sum(pseudo_header + sum_up(udp, udp_len));
}
