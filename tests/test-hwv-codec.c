/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the VXLAN codec against bytes that scapy made. */

#include <config.h>
#undef NDEBUG
#include "hwv-codec.h"

#include <stdlib.h>
#include <string.h>

#include "csum.h"
#include "hwv-key.h"
#include "hwv-test-frames.h"
#include "hwv-unit.h"
#include "hwv-vectors.h"
#include "openvswitch/shash.h"

/* A frame with its length. */
struct bytes {
    size_t len;
    uint8_t *data;
};

static void
put_frame(struct shash *frames, const char *name, const char *word)
{
    struct bytes *frame = xmalloc(sizeof *frame);

    frame->data = hwv_vectors_bytes(word, &frame->len);
    shash_add_once(frames, name, frame);
}

static void
destroy_frames(struct shash *frames)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, frames) {
        struct bytes *frame = node->data;

        free(frame->data);
        shash_delete(frames, node);
        free(frame);
    }
    shash_destroy(frames);
}

static void
tunnel_init(struct hwv_tunnel *tunnel, const char *base_word,
            const char *mac_word, bool udp_csum)
{
    struct eth_addr mac;
    uint8_t *base;
    size_t len;

    base = hwv_vectors_bytes(base_word, &len);
    memset(tunnel, 0, sizeof *tunnel);
    memcpy(tunnel->encap.header, base, len);
    tunnel->encap.len = len;
    tunnel->encap.udp_csum = udp_csum;
    free(base);

    ck_assert(eth_addr_from_string(mac_word, &mac));
    atomic_init(&tunnel->next_hop, hwv_mac_to_word(mac));
}

static void
check_bytes(const char *name, const void *got, const void *want, size_t len)
{
    if (memcmp(got, want, len)) {
        ovs_hex_dump(stderr, got, len, 0, false);
        ovs_hex_dump(stderr, want, len, 0, false);
        ck_abort_msg("%s: got the first, wanted the second", name);
    }
}

/* encap NAME FRAME VNI INNER-ECN RSS-HASH NEXT-HOP UDP-CSUM BASE OUTER */
static void
check_encap(char *words[], const struct shash *frames)
{
    const struct bytes *frame = shash_find_data(frames, words[2]);
    struct hwv_tunnel tunnel;
    size_t headroom = 2 * random_range(50);
    struct dp_packet *packet;
    size_t outer_len;
    uint8_t *outer;

    tunnel_init(&tunnel, words[8], words[6], atoi(words[7]));
    outer = hwv_vectors_bytes(words[9], &outer_len);
    packet = hwv_test_packet(frame->data, frame->len, headroom);
    packet->l2_5_ofs = 5;
    dp_packet_set_l2_pad_size(packet, 1);
    packet->packet_type = htonl(PT_NSH);
    dp_packet_set_rss_hash(packet, strtoul(words[5], NULL, 0));

    hwv_encapsulate(packet, &tunnel, atoi(words[3]), atoi(words[4]));

    ck_assert_uint_eq(dp_packet_size(packet), outer_len + frame->len);
    check_bytes(words[1], dp_packet_data(packet), outer, outer_len);
    check_bytes(words[1], (char *) dp_packet_data(packet) + outer_len,
                frame->data, frame->len);
    ck_assert_uint_eq(packet->l2_5_ofs, UINT16_MAX);
    ck_assert_uint_eq(packet->l3_ofs, 14);
    ck_assert_uint_eq(packet->l4_ofs, outer_len - 16);
    ck_assert_uint_eq(dp_packet_l2_pad_size(packet), 0);
    ck_assert_uint_eq(packet->packet_type, htonl(PT_ETH));
    free(outer);
    dp_packet_delete(packet);
}

START_TEST(test_encap_vectors)
{
    struct hwv_vectors *vectors = hwv_vectors_open("encap.txt");
    struct shash frames = SHASH_INITIALIZER(&frames);
    char *words[HWV_VECTOR_MAX_WORDS];
    unsigned int n = 0;
    size_t n_words;

    hwv_test_seed();
    while ((n_words = hwv_vectors_next(vectors, words))) {
        if (!strcmp(words[0], "frame")) {
            ck_assert_uint_eq(n_words, 3);
            put_frame(&frames, words[1], words[2]);
        } else {
            ck_assert_str_eq(words[0], "encap");
            ck_assert_uint_eq(n_words, 10);
            check_encap(words, &frames);
            n++;
        }
    }
    destroy_frames(&frames);
    ck_assert_uint_ge(n, 80);
}
END_TEST

/* The IPv4 checksum is updated from that of the base.  It has to be the same
 * as that of the whole header, 0x0000 and 0xffff included, from any base. */
START_TEST(test_encap_ipv4_checksum)
{
    static const uint8_t inner[100];
    struct hwv_tunnel tunnel = {
        .encap = {
            .len = 50,
            .header = { [12] = 8, [14] = 0x45, [22] = 64, [23] = 17 },
        },
    };
    struct ip_header *base = (void *) (tunnel.encap.header + 14);
    unsigned int n_zero = 0;

    atomic_init(&tunnel.next_hop, 0);
    for (int i = 0; i <= UINT16_MAX; i++) {
        struct dp_packet *packet = hwv_test_packet(inner, sizeof inner, 50);
        struct ip_header *ip;
        ovs_be16 ip_csum;

        put_16aligned_be32(&base->ip_src, htonl(0xac100000 | i));
        base->ip_tos = (i & 63) << 2;
        base->ip_csum = 0;
        base->ip_csum = csum(base, sizeof *base);
        dp_packet_set_rss_hash(packet, 0);

        hwv_encapsulate(packet, &tunnel, 0, i & 3);

        ip = dp_packet_l3(packet);
        ip_csum = ip->ip_csum;
        ip->ip_csum = 0;
        HWV_CHECK_EQ(ip_csum, csum(ip, sizeof *ip));
        n_zero += !ip_csum;
        dp_packet_delete(packet);
    }
    ck_assert_uint_ge(n_zero, 1);
}
END_TEST

START_TEST(test_outer_ecn)
{
    ck_assert_uint_eq(hwv_outer_ecn(IP_ECN_NOT_ECT), IP_ECN_NOT_ECT);
    ck_assert_uint_eq(hwv_outer_ecn(IP_ECN_ECT_0), IP_ECN_ECT_0);
    ck_assert_uint_eq(hwv_outer_ecn(IP_ECN_ECT_1), IP_ECN_ECT_1);
    ck_assert_uint_eq(hwv_outer_ecn(IP_ECN_CE), IP_ECN_ECT_0);
}
END_TEST

/* Parses the packet cut off at each length, and with something behind it.
 * 'vxlan' says that the packet is VXLAN; then those are not. */
static void
check_other_lengths(const char *name, const uint8_t *packet, size_t len,
                    bool vxlan)
{
    uint8_t *longer = xzalloc(len + 2);

    memcpy(longer, packet, len);
    for (size_t n = 0; n <= len + 2; n++) {
        const uint8_t *copy = hwv_guarded_copy(longer, n);
        enum hwv_outer_result result;
        struct hwv_source_key key;
        size_t outer_len;

        result = hwv_outer_parse(copy, n, &key, &outer_len);
        if (vxlan) {
            ck_assert_msg((result == HWV_OUTER_VXLAN) == (n == len),
                          "%s: %"PRIuSIZE" bytes", name, n);
        }
    }
    free(longer);
}

static struct in6_addr
parse_address(const char *word)
{
    struct in6_addr addr;
    ovs_be32 addr4;

    if (ip_parse(word, &addr4)) {
        in6_addr_set_mapped_ipv4(&addr, addr4);
    } else {
        ck_assert(ipv6_parse(word, &addr));
    }
    return addr;
}

/* vxlan NAME CHECKSUMS VNI PORT TOS UDP-CSUM DMAC SMAC SRC DST OUTER-LEN
 * BYTES */
static void
check_vxlan(char *words[])
{
    struct hwv_source_key key, want;
    size_t len, outer_len;
    uint8_t *data;

    memset(&want, 0, sizeof want);
    want.vni = atoi(words[3]);
    want.udp_dst = htons(atoi(words[4]));
    want.tos = atoi(words[5]);
    want.flags = atoi(words[6]) ? HWV_SOURCE_CSUM : 0;
    ck_assert(eth_addr_from_string(words[7], &want.dmac));
    ck_assert(eth_addr_from_string(words[8], &want.smac));
    want.smac_matched = 1;
    want.src = parse_address(words[9]);
    want.dst = parse_address(words[10]);

    data = hwv_vectors_bytes(words[12], &len);
    memset(&key, 0xcc, sizeof key);
    ck_assert_int_eq(hwv_outer_parse(data, len, &key, &outer_len),
                     HWV_OUTER_VXLAN);
    check_bytes(words[1], &key, &want, sizeof key);
    ck_assert_uint_eq(outer_len, atoi(words[11]));
    ck_assert_msg(hwv_outer_verify(data, len) == !strcmp(words[2], "good"),
                  "%s: is not %s", words[1], words[2]);
    check_other_lengths(words[1], data, len, true);
    free(data);
}

/* doubtful NAME OUTER-LEN VNI BYTES */
static void
check_doubtful(char *words[])
{
    struct hwv_source_key key;
    size_t len, outer_len;
    uint8_t *data;

    data = hwv_vectors_bytes(words[4], &len);
    ck_assert_msg(hwv_outer_parse(data, len, &key, &outer_len)
                  == HWV_OUTER_DOUBTFUL, "%s", words[1]);
    ck_assert_msg((int) outer_len == atoi(words[2]), "%s: %"PRIuSIZE, words[1],
                  outer_len);
    if (strcmp(words[3], "-")) {
        ck_assert_msg((int) key.vni == atoi(words[3]), "%s", words[1]);
    } else if (outer_len) {
        ck_assert_uint_lt(len, outer_len + ETH_HEADER_LEN);
    }
    check_other_lengths(words[1], data, len, false);
    free(data);
}

START_TEST(test_outer_vectors)
{
    struct hwv_vectors *vectors = hwv_vectors_open("outer.txt");
    unsigned int n_vxlan = 0, n_doubtful = 0, n_other = 0;
    char *words[HWV_VECTOR_MAX_WORDS];
    size_t n_words;

    while ((n_words = hwv_vectors_next(vectors, words))) {
        if (!strcmp(words[0], "vxlan")) {
            ck_assert_uint_eq(n_words, 13);
            check_vxlan(words);
            n_vxlan++;
        } else if (!strcmp(words[0], "doubtful")) {
            ck_assert_uint_eq(n_words, 5);
            check_doubtful(words);
            n_doubtful++;
        } else {
            struct hwv_source_key key;
            size_t len, outer_len;
            uint8_t *data;

            ck_assert_str_eq(words[0], "other");
            ck_assert_uint_eq(n_words, 3);
            data = hwv_vectors_bytes(words[2], &len);
            ck_assert_msg(hwv_outer_parse(data, len, &key, &outer_len)
                          == HWV_OUTER_OTHER, "%s", words[1]);
            check_other_lengths(words[1], data, len, false);
            free(data);
            n_other++;
        }
    }
    ck_assert_uint_ge(n_vxlan, 40);
    ck_assert_uint_ge(n_doubtful, 70);
    ck_assert_uint_ge(n_other, 10);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("codec");
    TCase *tcase = hwv_unit_tcase(suite, "encapsulate");

    tcase_add_test(tcase, test_encap_vectors);
    tcase_add_test(tcase, test_encap_ipv4_checksum);
    tcase_add_test(tcase, test_outer_ecn);

    tcase = hwv_unit_tcase(suite, "outer");
    tcase_add_test(tcase, test_outer_vectors);
    return hwv_unit_run(argv[0], suite);
}
