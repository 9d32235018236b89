/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#undef NDEBUG
#include "hwv-test-frames.h"

#include <netinet/ip6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "csum.h"
#include "random.h"
#include "unaligned.h"
#include "util.h"

#define DEFAULT_SEED 3273643

void
hwv_test_seed(void)
{
    const char *env = getenv("HWV_TEST_SEED");
    unsigned long int seed = env ? strtoul(env, NULL, 0) : DEFAULT_SEED;

    printf("HWV_TEST_SEED=%lu\n", seed);
    random_set_seed(seed);
}

bool
hwv_one_in(int n)
{
    return !random_range(n);
}

/* A frame being written. */
struct writer {
    uint8_t *buf;
    size_t len;
};

static void *
put(struct writer *w, size_t n)
{
    void *p = w->buf + w->len;

    ovs_assert(w->len + n <= HWV_RANDOM_FRAME_MAX);
    w->len += n;
    memset(p, 0, n);
    return p;
}

static void
put_random(struct writer *w, size_t n)
{
    random_bytes(put(w, n), n);
}

static void
put_be16(struct writer *w, uint16_t x)
{
    put_unaligned_be16(put(w, sizeof x), htons(x));
}

static uint8_t
random_l4_proto(void)
{
    static const uint8_t protos[] = {
        IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_SCTP,
        IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_IGMP, IPPROTO_ESP, IPPROTO_NONE,
        IPPROTO_IPIP, IPPROTO_IPV6,
    };

    return protos[random_range(ARRAY_SIZE(protos))];
}

/* A transport header and data, long enough for the former or not. */
static void
put_l4(struct writer *w, uint8_t proto)
{
    size_t start = w->len;

    put_random(w, hwv_one_in(4) ? random_range(24) : 40 + random_range(100));
    if (proto == IPPROTO_TCP && w->len - start > 12) {
        w->buf[start + 12] = 0x50;      /* A header of 20 bytes. */
    }
}

static uint16_t
random_frag_off(void)
{
    switch (random_range(8)) {
    case 0:
        return IP_MORE_FRAGMENTS;
    case 1:
        return IP_MORE_FRAGMENTS | random_range(IP_FRAG_OFF_MASK + 1);
    case 2:
        return random_range(IP_FRAG_OFF_MASK + 1);
    case 3:
        return IP_DONT_FRAGMENT;
    case 4:
        return random_uint16();
    default:
        return 0;
    }
}

static void
put_ipv4(struct writer *w)
{
    size_t options = hwv_one_in(6) ? random_range(11) * 4 : 0;
    size_t start = w->len;
    uint8_t proto = random_l4_proto();
    struct ip_header *ip = put(w, sizeof *ip);

    ip->ip_ihl_ver = IP_IHL_VER(5 + options / 4, 4);
    ip->ip_tos = random_uint8();
    ip->ip_id = htons(random_uint16());
    ip->ip_frag_off = htons(random_frag_off());
    ip->ip_ttl = random_uint8();
    ip->ip_proto = proto;
    random_bytes(&ip->ip_src, sizeof ip->ip_src);
    random_bytes(&ip->ip_dst, sizeof ip->ip_dst);
    put_random(w, options);
    put_l4(w, proto);
    ip->ip_tot_len = htons(w->len - start);
    ip->ip_csum = csum(ip, sizeof *ip + options);
}

/* Appends an extension header of type 'proto', which announces 'next'. */
static void
put_extension(struct writer *w, uint8_t proto, uint8_t next)
{
    uint8_t *p;
    size_t n;

    if (proto == IPPROTO_FRAGMENT) {
        uint16_t frag_off = random_frag_off();

        p = put(w, 8);
        p[0] = next;
        p[2] = (frag_off & IP_FRAG_OFF_MASK) >> 5;
        p[3] = (frag_off & IP_FRAG_OFF_MASK) << 3
               | !!(frag_off & IP_MORE_FRAGMENTS);
        random_bytes(p + 4, 4);
    } else if (proto == IPPROTO_AH) {
        n = 1 + random_range(6);
        p = put(w, (n + 2) * 4);
        p[0] = next;
        p[1] = n;
    } else {
        n = random_range(4);
        p = put(w, (n + 1) * 8);
        p[0] = next;
        p[1] = n;
    }
}

static void
put_ipv6(struct writer *w)
{
    static const uint8_t extensions[] = {
        IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS, IPPROTO_AH,
        IPPROTO_FRAGMENT, IPPROTO_FRAGMENT, IPPROTO_FRAGMENT,
    };
    int n_extensions = hwv_one_in(2) ? random_range(4) : 0;
    struct ovs_16aligned_ip6_hdr *ip = put(w, sizeof *ip);
    size_t start = w->len;
    uint8_t chain[4];

    for (int i = 0; i < n_extensions; i++) {
        chain[i] = extensions[random_range(ARRAY_SIZE(extensions))];
    }
    chain[n_extensions] = random_l4_proto();

    for (int i = 0; i < n_extensions; i++) {
        put_extension(w, chain[i], chain[i + 1]);
    }
    put_l4(w, chain[n_extensions]);

    put_16aligned_be32(&ip->ip6_flow,
                       htonl(6u << 28 | (random_uint32() & 0xfffffff)));
    ip->ip6_plen = htons(w->len - start);
    ip->ip6_nxt = chain[0];
    ip->ip6_hlim = random_uint8();
    random_bytes(&ip->ip6_src, sizeof ip->ip6_src);
    random_bytes(&ip->ip6_dst, sizeof ip->ip6_dst);
}

static void
put_ip(struct writer *w, bool ipv6)
{
    put_be16(w, ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP);
    if (ipv6) {
        put_ipv6(w);
    } else {
        put_ipv4(w);
    }
}

static void
put_vlan(struct writer *w)
{
    put_be16(w, hwv_one_in(4) ? ETH_TYPE_VLAN_8021AD : ETH_TYPE_VLAN_8021Q);
    put_be16(w, random_uint16());
    put_ip(w, hwv_one_in(2));
}

static void
put_snap(struct writer *w)
{
    static const uint8_t llc_snap[] = { 0xaa, 0xaa, 0x03, 0, 0, 0 };

    put_be16(w, random_range(ETH_TYPE_MIN));
    memcpy(put(w, sizeof llc_snap), llc_snap, sizeof llc_snap);
    put_ip(w, hwv_one_in(2));
}

size_t
hwv_random_frame(uint8_t buf[HWV_RANDOM_FRAME_MAX])
{
    struct writer w = { .buf = buf };

    put_random(&w, 2 * ETH_ADDR_LEN);
    switch (random_range(16)) {
    case 0:
        put_vlan(&w);
        break;
    case 1:
        put_snap(&w);
        break;
    case 2:
        put_be16(&w, ETH_TYPE_ARP);
        put_random(&w, 28);
        break;
    case 3:
        put_be16(&w, random_uint16());
        put_random(&w, random_range(64));
        break;
    default:
        put_ip(&w, hwv_one_in(2));
        break;
    }
    if (hwv_one_in(8)) {
        put(&w, 1 + random_range(46));
    }
    return w.len;
}

size_t
hwv_damage_frame(uint8_t *buf, size_t len)
{
    if (hwv_one_in(3)) {
        len = random_range(len + 1);
    }
    for (int n = random_range(4); len && n > 0; n--) {
        /* All that decides is at 12 and after, and most of it before 70. */
        size_t ofs = hwv_one_in(8) ? random_range(len) : 12 + random_range(58);

        if (ofs < len) {
            buf[ofs] = (hwv_one_in(2)
                        ? random_uint8()
                        : buf[ofs] ^ 1 << random_range(8));
        }
    }
    return len;
}

uint8_t *
hwv_guarded_copy(const void *data, size_t len)
{
    enum { SIZE = 65536 };
    static uint8_t *end;
    uint8_t *copy;

    if (!end) {
        void *start = mmap(NULL, SIZE + get_page_size(),
                           PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        ovs_assert(start != MAP_FAILED);
        end = (uint8_t *) start + SIZE;
        ovs_assert(!mprotect(end, get_page_size(), PROT_NONE));
    }
    ovs_assert(len <= SIZE);
    copy = end - ROUND_UP(len, 2);
    if (len) {
        memcpy(copy, data, len);
    }
    return copy;
}

struct dp_packet *
hwv_test_packet(const void *data, size_t len, size_t headroom)
{
    return dp_packet_clone_data_with_headroom(data, len, headroom);
}

/* Outer headers. */

static bool
is_ipv6(const uint8_t *buf)
{
    return get_unaligned_be16((const ovs_be16 *) (const void *) (buf + 12))
           == htons(ETH_TYPE_IPV6);
}

static void *
write_ipv4(uint8_t *buf, const struct hwv_test_outer *outer, size_t udp_len)
{
    struct ip_header *ip = (void *) buf;

    ip->ip_ihl_ver = IP_IHL_VER(5, 4);
    ip->ip_tos = outer->tos;
    ip->ip_tot_len = htons(sizeof *ip + udp_len);
    ip->ip_frag_off = htons(outer->df ? IP_DONT_FRAGMENT : 0);
    ip->ip_ttl = outer->ttl;
    ip->ip_proto = IPPROTO_UDP;
    put_16aligned_be32(&ip->ip_src, in6_addr_get_mapped_ipv4(&outer->src));
    put_16aligned_be32(&ip->ip_dst, in6_addr_get_mapped_ipv4(&outer->dst));
    return ip + 1;
}

static void *
write_ipv6(uint8_t *buf, const struct hwv_test_outer *outer, size_t udp_len)
{
    struct ovs_16aligned_ip6_hdr *ip = (void *) buf;

    put_16aligned_be32(&ip->ip6_flow,
                       htonl(6u << 28 | (uint32_t) outer->tos << 20));
    ip->ip6_plen = htons(udp_len);
    ip->ip6_nxt = IPPROTO_UDP;
    ip->ip6_hlim = outer->ttl;
    memcpy(&ip->ip6_src, &outer->src, sizeof ip->ip6_src);
    memcpy(&ip->ip6_dst, &outer->dst, sizeof ip->ip6_dst);
    return ip + 1;
}

struct dp_packet *
hwv_test_ip_packet(uint8_t dst, uint16_t id)
{
    uint8_t frame[60] = {
        0x50, 0x54, 0, 0, 0, dst, 0x50, 0x54, 0, 0, 0, 1, 0x08, 0x00,
    };
    struct ip_header *ip = (void *) &frame[ETH_HEADER_LEN];

    ip->ip_ihl_ver = IP_IHL_VER(5, 4);
    ip->ip_tot_len = htons(sizeof frame - ETH_HEADER_LEN);
    ip->ip_id = htons(id);
    ip->ip_ttl = 64;
    ip->ip_proto = IPPROTO_UDP;
    put_16aligned_be32(&ip->ip_src, htonl(0x02020201));
    put_16aligned_be32(&ip->ip_dst, htonl(0x02020202));
    ip->ip_csum = csum(ip, sizeof *ip);
    return hwv_test_packet(frame, sizeof frame, 128);
}

size_t
hwv_test_outer_len(const struct hwv_test_outer *outer)
{
    return IN6_IS_ADDR_V4MAPPED(&outer->dst) ? 50 : 70;
}

void
hwv_test_write_outer(uint8_t *buf, const struct hwv_test_outer *outer,
                     size_t inner_len)
{
    bool ipv6 = !IN6_IS_ADDR_V4MAPPED(&outer->dst);
    size_t udp_len = UDP_HEADER_LEN + sizeof(struct vxlanhdr) + inner_len;
    struct eth_header *eth = (void *) buf;
    struct vxlanhdr *vxlan;
    struct udp_header *udp;

    memset(buf, 0, hwv_test_outer_len(outer));
    eth->eth_dst = outer->dmac;
    eth->eth_src = outer->smac;
    eth->eth_type = htons(ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP);
    udp = (ipv6 ? write_ipv6 : write_ipv4)(buf + sizeof *eth, outer, udp_len);
    udp->udp_src = outer->udp_src;
    udp->udp_dst = outer->udp_dst;
    udp->udp_len = htons(udp_len);
    udp->udp_csum = htons(outer->csum ? 0xffff : 0);

    vxlan = (void *) (udp + 1);
    put_16aligned_be32(&vxlan->vx_flags, htonl(VXLAN_FLAGS));
    put_16aligned_be32(&vxlan->vx_vni, htonl(outer->vni << 8));
    hwv_test_fix_checksums(buf, hwv_test_outer_len(outer) + inner_len);
}

void
hwv_test_fix_checksums(uint8_t *buf, size_t len)
{
    struct ip_header *ip = (void *) (buf + ETH_HEADER_LEN);
    struct ovs_16aligned_ip6_hdr *ip6 = (void *) ip;
    struct udp_header *udp = is_ipv6(buf) ? (void *) (ip6 + 1)
                                          : (void *) (ip + 1);

    if (!is_ipv6(buf)) {
        ip->ip_csum = 0;
        ip->ip_csum = csum(ip, sizeof *ip);
    }
    if (udp->udp_csum) {
        uint32_t sum = (is_ipv6(buf)
                        ? packet_csum_pseudoheader6(ip6)
                        : packet_csum_pseudoheader(ip));
        size_t udp_len = buf + len - (uint8_t *) udp;

        udp->udp_csum = 0;
        udp->udp_csum = csum_finish(csum_continue(sum, udp, udp_len));
        if (!udp->udp_csum) {
            udp->udp_csum = htons(0xffff);
        }
    }
}
