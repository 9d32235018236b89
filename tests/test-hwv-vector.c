/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the vector code: each kind that this processor can do,
 * against the functions for one frame and for one key. */

#include <config.h>
#undef NDEBUG

#include <stdio.h>
#include <string.h>

#include "csum.h"
#include "hwv-codec.h"
#include "hwv-flow-map.h"
#include "hwv-flow-table.h"
#include "hwv-frames.h"
#include "hwv-outers.h"
#include "hwv-unit.h"
#include "hwv-vector.h"
#include "packets.h"
#include "random.h"
#include "unaligned.h"
#include "util.h"

/* What lanes hold that nobody has set. */
#define UNTOUCHED 0xa5a5a5a5

static uint32_t
random_word(void)
{
    switch (random_range(4)) {
    case 0:
        return 0;
    case 1:
        return UINT32_MAX;
    default:
        return random_uint32();
    }
}

static uint64_t
random_two_words(void)
{
    return (uint64_t) random_word() << 32 | random_word();
}

/* A frame, in memory where nothing follows. */
struct bytes {
    uint8_t *data;
    size_t len;
};

/* Returns a frame that is plain, or has a bit that is not as it should be, or
 * is too short, or has more padding than OVS accepts. */
static struct bytes
random_frame(void)
{
    static const uint8_t protos[] = {
        IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP,
    };
    size_t tot_len = 18 + random_range(40);
    size_t padding = (random_range(8) ? random_range(20)
                      : UINT16_MAX - 1 + random_range(3));
    struct bytes frame = {
        .len = (random_range(8) ? ETH_HEADER_LEN + tot_len + padding
                : (size_t) random_range(HWV_PLAIN_LEN)),
    };
    uint8_t header[HWV_PLAIN_LEN];
    uint8_t *ip = header + ETH_HEADER_LEN;

    random_bytes(header, sizeof header);
    header[12] = ETH_TYPE_IP >> 8;
    header[13] = ETH_TYPE_IP & 0xff;
    ip[0] = 0x45;
    ip[2] = 0;
    ip[3] = tot_len;
    ip[6] = 0x40;
    ip[7] = 0;
    ip[9] = protos[random_range(ARRAY_SIZE(protos))];
    if (random_range(2)) {
        header[12 + random_range(12)] ^= 1 << random_range(8);
    }
    frame.data = xcalloc(1, frame.len);
    memcpy(frame.data, header, MIN(frame.len, sizeof header));
    return frame;
}

/* Is 'frame' plain?  Then it has a class, is IPv4 and no fragment. */
static bool
is_plain(const struct bytes *frame, bool has_class,
         const struct hwv_frame *parsed)
{
    return (has_class && frame->len >= HWV_PLAIN_LEN
            && !(parsed->class & (HWV_CLASS_IPV6 | HWV_CLASS_FRAG))
            && frame->data[ETH_HEADER_LEN] == 0x45);
}

static void
check_frames(const struct hwv_vector *vector, size_t n, size_t *n_plain)
{
    struct bytes bytes[NETDEV_MAX_BURST];
    struct hwv_frames frames;

    memset(&frames, UNTOUCHED & 0xff, sizeof frames);
    for (size_t i = 0; i < n; i++) {
        const struct hwv_frame put = { .dmac = 1, .smac = 2, .class = 3 };

        bytes[i] = random_frame();
        hwv_frames_put(&frames, i, &put);
        hwv_frames_load(&frames, i, bytes[i].data, bytes[i].len);
    }
    vector->parse_frames(&frames, n);
    for (size_t i = 0; i < n; i++) {
        const struct hwv_frame got = hwv_frames_get(&frames, i);
        struct hwv_frame want;
        bool has_class;

        has_class = hwv_frame_parse(bytes[i].data, bytes[i].len, &want);
        ck_assert_uint_eq(frames.plain[i], is_plain(&bytes[i], has_class,
                                                    &want));
        if (frames.plain[i]) {
            ck_assert_uint_eq(got.class, want.class);
            ck_assert_uint_eq(got.dmac, want.dmac);
            ck_assert_uint_eq(got.smac, want.smac);
            ck_assert_uint_eq(frames.hash[i],
                              hwv_frame_hash(bytes[i].data, &want));
            (*n_plain)++;
        } else {
            ck_assert_uint_eq(got.class, 3);
        }
        free(bytes[i].data);
    }
}

/* What has been parsed already stays as it is. */
static void
check_put(const struct hwv_vector *vector)
{
    const struct hwv_frame put = {
        .dmac = UINT64_C(0xffffffffffff), .smac = 2,
        .class = HWV_CLASS_IPV6 | HWV_CLASS_FRAG,
    };
    struct hwv_frames frames;
    struct hwv_frame got;

    hwv_frames_put(&frames, 5, &put);
    vector->parse_frames(&frames, 6);
    got = hwv_frames_get(&frames, 5);
    ck_assert_uint_eq(frames.plain[5], 0);
    ck_assert_uint_eq(got.dmac, put.dmac);
    ck_assert_uint_eq(got.smac, put.smac);
    ck_assert_uint_eq(got.class, put.class);
}

/* Returns a packet that is plain, or has a bit that is not as it should be, or
 * another length. */
static struct bytes
random_packet(void)
{
    static const size_t lens[] = {
        256, 1500, 9000, 65549, 65550,  /* The last but one is the longest
                                         * that IPv4 can say. */
    };
    struct bytes packet = {
        .len = (random_range(8)
                ? (size_t) HWV_ENCAP_IPV4 + ETH_HEADER_LEN + random_range(20)
                : lens[random_range(ARRAY_SIZE(lens))]),
    };
    uint8_t header[HWV_ENCAP_IPV4 + ETH_HEADER_LEN];
    struct ip_header *ip = (void *) (header + ETH_HEADER_LEN);
    struct udp_header *udp = (void *) (ip + 1);
    struct vxlanhdr *vxlan = (void *) (udp + 1);

    random_bytes(header, sizeof header);
    header[12] = ETH_TYPE_IP >> 8;
    header[13] = ETH_TYPE_IP & 0xff;
    ip->ip_ihl_ver = IP_IHL_VER(5, 4);
    ip->ip_tos &= ~IP_ECN_MASK;
    ip->ip_tot_len = htons(packet.len - ETH_HEADER_LEN);
    ip->ip_frag_off = htons(random_range(2) ? IP_DONT_FRAGMENT : 0);
    ip->ip_proto = IPPROTO_UDP;
    udp->udp_len = htons(packet.len - ETH_HEADER_LEN - IP_HEADER_LEN);
    udp->udp_csum = 0;
    put_16aligned_be32(&vxlan->vx_flags, htonl(VXLAN_FLAGS));
    put_16aligned_be32(&vxlan->vx_vni, htonl(random_uint32() & ~0xff));
    if (random_range(3) == 0) {
        header[12 + random_range(38)] ^= 1 << random_range(8);
    }
    ip->ip_csum = 0;
    ip->ip_csum = csum(ip, sizeof *ip);
    if (random_range(4) == 0) {
        header[12 + random_range(38)] ^= 1 << random_range(8);
    }
    if (random_range(8) == 0) {
        packet.len = random_range(packet.len + 2);
    }
    packet.data = xcalloc(1, packet.len);
    memcpy(packet.data, header, MIN(packet.len, sizeof header));
    return packet;
}

/* Is 'packet' plain?  Then '*key' is its source key. */
static bool
is_plain_outer(const struct bytes *packet, struct hwv_source_key *key)
{
    size_t outer_len;

    return (hwv_outer_parse(packet->data, packet->len, key,
                            &outer_len) == HWV_OUTER_VXLAN
            && outer_len == HWV_ENCAP_IPV4
            && !(key->flags & HWV_SOURCE_CSUM)
            && hwv_outer_verify(packet->data, packet->len));
}

/* 'table' is one whose rows match the source MAC, or do not, or some do. */
static void
check_outers(const struct hwv_vector *vector,
             const struct hwv_source_table *table, size_t n, size_t *n_plain)
{
    const size_t skipped = random_range(NETDEV_MAX_BURST);
    struct bytes packets[NETDEV_MAX_BURST];
    struct hwv_source_lookups lookups, want;
    struct hwv_outers outers;

    memset(&outers, UNTOUCHED & 0xff, sizeof outers);
    hwv_source_lookups_begin(&lookups, table);
    hwv_source_lookups_begin(&want, table);
    for (size_t i = 0; i < n; i++) {
        packets[i] = random_packet();
        hwv_outers_load(&outers, i, packets[i].data, packets[i].len);
        if (i == skipped) {
            hwv_outers_skip(&outers, i);
        }
    }
    vector->parse_outers(&outers, &lookups, n);
    for (size_t i = 0; i < n; i++) {
        struct hwv_source_key key;
        bool plain = i != skipped && is_plain_outer(&packets[i], &key);

        ck_assert_uint_eq(outers.plain[i], plain);
        if (plain) {
            hwv_source_lookups_put(&want, i, &key);
            for (size_t j = 0; j < HWV_SOURCE_KEY_WORDS; j++) {
                ck_assert_uint_eq(lookups.keys[j][i], want.keys[j][i]);
            }
            ck_assert_uint_eq(lookups.hashes[i], want.hashes[i]);
            (*n_plain)++;
        }
        free(packets[i].data);
    }
}

static struct hwv_source_table *
table_with_rows(bool exact, bool wild)
{
    struct hwv_source_table *table = hwv_source_table_create(2);
    const struct hwv_source_value value = { .id = 0 };
    struct hwv_source_key key = { .smac_matched = 1 };

    if (exact) {
        ck_assert_int_eq(hwv_source_table_set(table, &key, &value), 0);
    }
    if (wild) {
        key.smac_matched = 0;
        ck_assert_int_eq(hwv_source_table_set(table, &key, &value), 0);
    }
    return table;
}

static void
check_keys(const struct hwv_vector *vector, size_t n)
{
    const struct hwv_flow_shapes shapes = {
        .dmac_mask = random_two_words(), .smac_mask = random_two_words(),
        .class_mask = random_range(256),
    };
    atomic_uint32_t state = ATOMIC_VAR_INIT(0);
    const struct hwv_flow_domain domain = {
        .state = &state, .before = random_word(), .shapes = &shapes,
        .key = { .dst = random_two_words(), .src = random_two_words() },
    };
    struct hwv_flow_lookups lookups;

    memset(&lookups, UNTOUCHED & 0xff, sizeof lookups);
    for (size_t i = 0; i < n; i++) {
        const struct hwv_frame frame = {
            .dmac = random_two_words(), .smac = random_two_words(),
            .class = random_range(256),
        };

        hwv_frames_put(&lookups.frames, i, &frame);
    }
    vector->add_all(&lookups, &domain, n);
    for (size_t i = 0; i < n; i++) {
        const struct hwv_frame frame = hwv_frames_get(&lookups.frames, i);
        uint64_t class = frame.class & shapes.class_mask;

        ck_assert_ptr_eq(lookups.shapes[i], &shapes);
        ck_assert_ptr_eq(lookups.states[i], &state);
        ck_assert_uint_eq(lookups.before[i], domain.before);
        ck_assert_uint_eq(lookups.keys.dst[i],
                          (frame.dmac & shapes.dmac_mask) | domain.key.dst);
        ck_assert_uint_eq(lookups.keys.src[i],
                          ((frame.smac & shapes.smac_mask) | domain.key.src
                           | class << 56));
    }
    if (!n) {
        ck_assert_uint_eq(lookups.before[0], UNTOUCHED);
    }
}

static void
check_buckets(const struct hwv_vector *vector, size_t n)
{
    struct hwv_flow_buckets buckets = {
        .n = 1 + random_range(random_range(2) ? 100 : INT32_MAX),
    };
    struct hwv_flow_keys keys;

    hwv_hash_secret_init(&buckets.secret);
    memset(&keys, UNTOUCHED & 0xff, sizeof keys);
    for (size_t i = 0; i < n; i++) {
        keys.dst[i] = random_two_words();
        keys.src[i] = random_two_words();
    }
    vector->find_buckets(&buckets, &keys, n);
    for (size_t i = 0; i < n; i++) {
        const struct hwv_key key = { .dst = keys.dst[i], .src = keys.src[i] };

        ck_assert_uint_eq(keys.bucket[i],
                          hwv_hash(&buckets.secret, &key, sizeof key)
                          * (uint64_t) buckets.n >> 32);
        ck_assert_uint_lt(keys.bucket[i], buckets.n);
    }
    if (!n) {
        ck_assert_uint_eq(keys.bucket[0], UNTOUCHED);
    }
}

START_TEST(test_vectors)
{
    const struct hwv_vector *vector = &hwv_vectors[_i];
    size_t n_plain = 0, n_plain_outers = 0;
    struct hwv_source_table *tables[3];

    if (!vector->supported()) {
        printf("%s: this processor cannot\n", vector->name);
        return;
    }
    tables[0] = table_with_rows(true, false);
    tables[1] = table_with_rows(false, true);
    tables[2] = table_with_rows(true, true);
    for (int round = 0; round < 200; round++) {
        for (size_t n = 0; n <= NETDEV_MAX_BURST; n++) {
            check_frames(vector, n, &n_plain);
            check_outers(vector, tables[round % ARRAY_SIZE(tables)], n,
                         &n_plain_outers);
            check_keys(vector, n);
            check_buckets(vector, n);
        }
        check_put(vector);
    }
    ck_assert_uint_gt(n_plain, 200 * NETDEV_MAX_BURST);
    ck_assert_uint_gt(n_plain_outers, 200 * NETDEV_MAX_BURST);
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        hwv_source_table_destroy(tables[i]);
    }
    hwv_unit_settle();
}
END_TEST

/* The best that the processor can do is used, and the last is for any. */
START_TEST(test_choice)
{
    ck_assert(hwv_vectors[hwv_n_vectors - 1].supported());
    ck_assert_str_eq(hwv_vectors[hwv_n_vectors - 1].name, "scalar");
    ck_assert(hwv_vector->supported());
    for (const struct hwv_vector *v = hwv_vectors; v < hwv_vector; v++) {
        ck_assert(!v->supported());
    }
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("vector");
    TCase *tcase = hwv_unit_tcase(suite, "vector");

    tcase_add_loop_test(tcase, test_vectors, 0, hwv_n_vectors);
    tcase_add_test(tcase, test_choice);
    return hwv_unit_run(argv[0], suite);
}
