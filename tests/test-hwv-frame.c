/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the inner frame parser, with OVS's miniflow_extract() as the
 * oracle. */

#include <config.h>
#undef NDEBUG
#include "hwv-frame.h"

#include <netinet/ip6.h>
#include <string.h>

#include "flow.h"
#include "hwv-frame-ovs.h"
#include "hwv-key.h"
#include "hwv-test-frames.h"
#include "hwv-unit.h"
#include "unaligned.h"

#define N_RANDOM 300000

/* How often each class was found. */
static unsigned int n_found[UINT8_MAX + 1];
static unsigned int n_tagged[UINT8_MAX + 1];

static void
check_parse_bytes(const uint8_t *data, size_t len)
{
    struct dp_packet *packet = hwv_test_packet(data, len, 0);
    struct hwv_frame frame;
    uint16_t tci;

    if (hwv_check_parse(packet, &frame)) {
        n_found[frame.class]++;
    }
    if (hwv_check_parse_tagged(packet, &frame, &tci)) {
        n_tagged[frame.class]++;
    }
    dp_packet_delete(packet);
}

START_TEST(test_parse_random)
{
    static const uint8_t frags[] = { 0, 1, 3 };

    hwv_test_seed();
    for (int i = 0; i < N_RANDOM; i++) {
        uint8_t buf[HWV_RANDOM_FRAME_MAX];
        size_t len = hwv_random_frame(buf);

        if (hwv_one_in(2)) {
            len = hwv_damage_frame(buf, len);
        }
        check_parse_bytes(buf, len);
    }

    /* The test says nothing about what did not come up. */
    for (uint8_t version = 0; version <= HWV_CLASS_IPV6;
         version += HWV_CLASS_IPV6) {
        for (size_t i = 0; i < ARRAY_SIZE(frags); i++) {
            for (uint8_t ecn = 0; ecn < 4; ecn++) {
                uint8_t class = version | frags[i] << HWV_CLASS_FRAG_SHIFT
                                | ecn << HWV_CLASS_ECN_SHIFT;

                ck_assert_uint_ge(n_found[class], N_RANDOM / 500);
                ck_assert_uint_ge(n_tagged[class], N_RANDOM / 20000);
            }
        }
    }
}
END_TEST

START_TEST(test_parse_truncated)
{
    hwv_test_seed();
    for (int i = 0; i < 1000; i++) {
        uint8_t buf[HWV_RANDOM_FRAME_MAX];
        size_t len = hwv_random_frame(buf);

        for (size_t n = 0; n <= len; n++) {
            check_parse_bytes(buf, n);
        }
    }
}
END_TEST

/* A plain UDP datagram and its parts. */
struct udp4 {
    struct eth_header eth;
    struct ip_header ip;
    struct udp_header udp;
    uint8_t data[16];
};

struct udp6 {
    struct eth_header eth;
    struct ovs_16aligned_ip6_hdr ip;
    struct ovs_16aligned_ip6_frag frag;
    struct udp_header udp;
    uint8_t data[16];
};

static void
udp4_init(struct udp4 *p)
{
    memset(p, 0, sizeof *p);
    p->eth.eth_type = htons(ETH_TYPE_IP);
    p->ip.ip_ihl_ver = IP_IHL_VER(5, 4);
    p->ip.ip_tot_len = htons(sizeof *p - sizeof p->eth);
    p->ip.ip_proto = IPPROTO_UDP;
    put_16aligned_be32(&p->ip.ip_src, htonl(0x0a000001));
    put_16aligned_be32(&p->ip.ip_dst, htonl(0x0a000002));
    p->udp.udp_src = htons(1000);
    p->udp.udp_dst = htons(2000);
}

static void
udp6_init(struct udp6 *p)
{
    memset(p, 0, sizeof *p);
    p->eth.eth_type = htons(ETH_TYPE_IPV6);
    put_16aligned_be32(&p->ip.ip6_flow, htonl(6u << 28));
    p->ip.ip6_plen = htons(sizeof *p - sizeof p->eth - sizeof p->ip);
    p->ip.ip6_nxt = IPPROTO_FRAGMENT;
    memset(&p->ip.ip6_src, 0x11, sizeof p->ip.ip6_src);
    memset(&p->ip.ip6_dst, 0x22, sizeof p->ip.ip6_dst);
    p->frag.ip6f_nxt = IPPROTO_UDP;
    p->udp.udp_src = htons(1000);
    p->udp.udp_dst = htons(2000);
}

/* OVS cannot hold a packet with more than 64 kB of padding, but a frame of
 * that length has no class either way. */
START_TEST(test_parse_padding)
{
    static uint8_t buf[2 * UINT16_MAX];
    struct hwv_frame frame;
    struct udp4 udp4;
    struct udp6 udp6;

    udp4_init(&udp4);
    memcpy(buf, &udp4, sizeof udp4);
    ck_assert(hwv_frame_parse(buf, sizeof udp4 + UINT16_MAX, &frame));
    ck_assert(!hwv_frame_parse(buf, sizeof udp4 + UINT16_MAX + 1, &frame));

    udp6_init(&udp6);
    memcpy(buf, &udp6, sizeof udp6);
    ck_assert(hwv_frame_parse(buf, sizeof udp6 + UINT16_MAX, &frame));
    ck_assert(!hwv_frame_parse(buf, sizeof udp6 + UINT16_MAX + 1, &frame));
}
END_TEST

static uint32_t
hash_bytes_at(const void *data, size_t len)
{
    struct dp_packet *packet = hwv_test_packet(data, len, 0);
    struct hwv_frame frame;
    uint32_t hash;

    HWV_CHECK(hwv_frame_parse(dp_packet_data(packet), len, &frame));
    hash = hwv_frame_hash(dp_packet_data(packet), &frame);
    dp_packet_delete(packet);
    return hash;
}

#define HASH(FRAME) hash_bytes_at(&(FRAME), sizeof (FRAME))

START_TEST(test_hash_ipv4_fields)
{
    struct udp4 base, p;

    udp4_init(&base);

    /* What makes a flow. */
    p = base;
    put_16aligned_be32(&p.ip.ip_src, htonl(0x0a000003));
    ck_assert_uint_ne(HASH(p), HASH(base));
    p = base;
    put_16aligned_be32(&p.ip.ip_dst, htonl(0x0a000003));
    ck_assert_uint_ne(HASH(p), HASH(base));
    p = base;
    p.udp.udp_src = htons(1001);
    ck_assert_uint_ne(HASH(p), HASH(base));
    p = base;
    p.udp.udp_dst = htons(2001);
    ck_assert_uint_ne(HASH(p), HASH(base));
    p = base;
    p.ip.ip_proto = IPPROTO_TCP;
    ck_assert_uint_ne(HASH(p), HASH(base));
    p.udp.udp_dst = htons(2001);
    ck_assert_uint_ne(HASH(p), hash_bytes_at(&base, sizeof base));

    /* SCTP has ports, ICMP does not. */
    base.ip.ip_proto = p.ip.ip_proto = IPPROTO_SCTP;
    ck_assert_uint_ne(HASH(p), HASH(base));
    base.ip.ip_proto = p.ip.ip_proto = IPPROTO_ICMP;
    ck_assert_uint_eq(HASH(p), HASH(base));

    /* What may differ within a flow. */
    udp4_init(&base);
    p = base;
    p.ip.ip_tos = 0xff;
    p.ip.ip_id = htons(7);
    p.ip.ip_ttl = 3;
    p.ip.ip_frag_off = htons(IP_DONT_FRAGMENT);
    p.eth.eth_dst.ea[5] = 1;
    p.udp.udp_len = htons(5);
    p.data[0] = 1;
    ck_assert_uint_eq(HASH(p), HASH(base));

    /* What is behind the packet is not part of it. */
    base.ip.ip_tot_len = p.ip.ip_tot_len = htons(sizeof base.ip + 3);
    p.udp.udp_dst = htons(9);
    ck_assert_uint_eq(HASH(p), HASH(base));
}
END_TEST

START_TEST(test_hash_ipv6_fields)
{
    struct udp6 base, p;

    udp6_init(&base);
    for (int i = 0; i < 8; i++) {
        p = base;
        p.ip.ip6_src.be16[i] = 0;
        ck_assert_uint_ne(HASH(p), HASH(base));
        p = base;
        p.ip.ip6_dst.be16[i] = 0;
        ck_assert_uint_ne(HASH(p), HASH(base));
    }
    p = base;
    p.udp.udp_src = htons(1001);
    ck_assert_uint_ne(HASH(p), HASH(base));
    p = base;
    p.frag.ip6f_nxt = IPPROTO_TCP;
    ck_assert_uint_ne(HASH(p), HASH(base));

    p = base;
    put_16aligned_be32(&p.ip.ip6_flow, htonl(6u << 28 | 0x1234567));
    p.ip.ip6_hlim = 3;
    p.data[0] = 1;
    ck_assert_uint_eq(HASH(p), HASH(base));
}
END_TEST

START_TEST(test_hash_fragments)
{
    struct udp4 first4, later4;
    struct udp6 first6, later6;

    udp4_init(&first4);
    first4.ip.ip_frag_off = htons(IP_MORE_FRAGMENTS);
    later4 = first4;
    later4.ip.ip_frag_off = htons(IP_MORE_FRAGMENTS | 4);
    memset(&later4.udp, 0x99, sizeof later4.udp);
    ck_assert_uint_eq(HASH(first4), HASH(later4));
    later4.ip.ip_frag_off = htons(8);
    ck_assert_uint_eq(HASH(first4), HASH(later4));
    put_16aligned_be32(&later4.ip.ip_src, htonl(0x0a000003));
    ck_assert_uint_ne(HASH(first4), HASH(later4));

    /* RFC 8200 section 4.5 lets the protocol of a later fragment differ. */
    udp6_init(&first6);
    first6.frag.ip6f_offlg = IP6F_MORE_FRAG;
    later6 = first6;
    later6.frag.ip6f_offlg = htons(0x20) | IP6F_MORE_FRAG;
    later6.frag.ip6f_nxt = IPPROTO_DSTOPTS;
    memset(&later6.udp, 0x99, sizeof later6.udp);
    ck_assert_uint_eq(HASH(first6), HASH(later6));
    later6.frag.ip6f_offlg = htons(0x40);
    ck_assert_uint_eq(HASH(first6), HASH(later6));
    later6.ip.ip6_src.be16[7] = 0;
    ck_assert_uint_ne(HASH(first6), HASH(later6));
}
END_TEST

/* Where miniflow_extract() makes a hash of its own, ours is the same, unless
 * extension headers are in front of the ports: it takes the first of them for
 * the protocol. */
START_TEST(test_hash_as_ovs)
{
    unsigned int n_equal = 0;

    hwv_test_seed();
    for (int i = 0; i < N_RANDOM / 10; i++) {
        uint8_t buf[HWV_RANDOM_FRAME_MAX];
        size_t len = hwv_random_frame(buf);
        struct dp_packet *packet = hwv_test_packet(buf, len, 0);
        struct hwv_frame frame;
        struct flow flow;

        if (hwv_frame_parse(dp_packet_data(packet), len, &frame)) {
            uint32_t hash = hwv_frame_hash(dp_packet_data(packet), &frame);

            flow_extract(packet, &flow);
            if (dp_packet_rss_valid(packet) && !flow.nw_frag
                && (flow.dl_type == htons(ETH_TYPE_IP)
                    || buf[20] == flow.nw_proto)) {
                HWV_CHECK_EQ(hash, dp_packet_get_rss_hash(packet));
                n_equal++;
            }
        }
        dp_packet_delete(packet);
    }
    ck_assert_uint_ge(n_equal, N_RANDOM / 100);
}
END_TEST

/* Flows that differ in nothing but one port spread over the values of the high
 * bits, which are what becomes the outer UDP port. */
START_TEST(test_hash_spreads)
{
    unsigned int buckets[64] = { 0 };
    struct udp4 p;

    udp4_init(&p);
    for (int i = 0; i < 64000; i++) {
        p.udp.udp_src = htons(i);
        buckets[HASH(p) >> 26]++;
    }
    for (size_t i = 0; i < ARRAY_SIZE(buckets); i++) {
        ck_assert_uint_ge(buckets[i], 800);
        ck_assert_uint_le(buckets[i], 1200);
    }
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("frame");
    TCase *tcase = hwv_unit_tcase(suite, "parse");

    tcase_add_test(tcase, test_parse_random);
    tcase_add_test(tcase, test_parse_truncated);
    tcase_add_test(tcase, test_parse_padding);

    tcase = hwv_unit_tcase(suite, "hash");
    tcase_add_test(tcase, test_hash_ipv4_fields);
    tcase_add_test(tcase, test_hash_ipv6_fields);
    tcase_add_test(tcase, test_hash_fragments);
    tcase_add_test(tcase, test_hash_as_ovs);
    tcase_add_test(tcase, test_hash_spreads);
    return hwv_unit_run(argv[0], suite);
}
