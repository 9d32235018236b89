/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_TEST_FRAMES_H
#define HWV_TEST_FRAMES_H 1

/* Frames for tests: random ones, and in buffers of exactly their size, so that
 * a read beyond the end shows. */

#include <check.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>

#include "dp-packet.h"

/* For checks of each of many packets: ck_assert() and its like make a system
 * call even when all is well, which takes longer than most of what is tested
 * here. */
#define HWV_CHECK(CONDITION)                            \
    do {                                                \
        if (OVS_UNLIKELY(!(CONDITION))) {               \
            ck_abort_msg("failed: %s", #CONDITION);     \
        }                                               \
    } while (0)
#define HWV_CHECK_EQ(A, B)                                              \
    do {                                                                \
        uintmax_t a__ = (A), b__ = (B);                                 \
        if (OVS_UNLIKELY(a__ != b__)) {                                 \
            ck_abort_msg("failed: %s == %s: %#"PRIxMAX" == %#"PRIxMAX,  \
                         #A, #B, a__, b__);                             \
        }                                                               \
    } while (0)

/* Enough for any frame that hwv_random_frame() makes. */
#define HWV_RANDOM_FRAME_MAX 1024

/* Seeds OVS's random numbers with $HWV_TEST_SEED or a constant, and prints the
 * seed. */
void hwv_test_seed(void);

/* True in one of 'n' cases. */
bool hwv_one_in(int n);

/* Writes a random Ethernet frame into 'buf' and returns its length.  Most are
 * IPv4 or IPv6, with and without options, extension headers, fragments and
 * padding.  It is well-formed. */
size_t hwv_random_frame(uint8_t buf[HWV_RANDOM_FRAME_MAX]);

/* Does some damage to the 'len' bytes at 'buf': changes bytes, preferably of
 * headers, or cuts the end off.  Returns the new length. */
size_t hwv_damage_frame(uint8_t *buf, size_t len);

/* Returns a copy of the 'len' bytes at 'data' (64 kB at most) behind which the
 * memory ends: reading on is a crash even without a sanitizer, but for one
 * byte where 'len' is odd, as the copy is aligned to 2 bytes.  Good until the
 * next call. */
uint8_t *hwv_guarded_copy(const void *data, size_t len);

/* Returns a new packet of the 'len' bytes at 'data' with 'headroom' bytes in
 * front of them, and none behind. */
struct dp_packet *hwv_test_packet(const void *data, size_t len,
                                  size_t headroom);

/* Returns a new IPv4 packet from 50:54:00:00:00:01 to 50:54:00:00:00:'dst'
 * with identification 'id'. */
struct dp_packet *hwv_test_ip_packet(uint8_t dst, uint16_t id);

/* Writes VXLAN headers (RFC 7348 section 5) for the 'inner_len' bytes at
 * 'buf' + 'outer_len' in front of them, checksums included.  'outer_len', 50
 * or 70, tells the IP version. */
struct hwv_test_outer {
    struct eth_addr dmac, smac;
    struct in6_addr src, dst;   /* IPv4 as IPv4-mapped. */
    uint8_t tos, ttl;
    bool df, csum;
    ovs_be16 udp_src, udp_dst;
    uint32_t vni;
};
void hwv_test_write_outer(uint8_t *buf, const struct hwv_test_outer *,
                          size_t inner_len);
size_t hwv_test_outer_len(const struct hwv_test_outer *);

/* Corrects the checksums of the packet that hwv_test_write_outer() wrote into
 * 'buf', of 'len' bytes in all, after something else in it was changed.  A UDP
 * checksum of zero stays. */
void hwv_test_fix_checksums(uint8_t *buf, size_t len);

#endif /* hwv-test-frames.h */
