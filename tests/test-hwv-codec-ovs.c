/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the VXLAN codec against OVS's: whatever OVS's tnl_push and
 * tnl_pop make of random packets, we make of them too, or leave them. */

#include <config.h>
#undef NDEBUG
#include "hwv-codec-ovs.h"

#include <string.h>

#include "hwv-test-frames.h"
#include "hwv-unit.h"
#include "openvswitch/vlog.h"
#include "unaligned.h"

#define N_RANDOM 200000

START_TEST(test_push)
{
    hwv_test_seed();
    for (int i = 0; i < N_RANDOM; i++) {
        uint8_t frame[HWV_RANDOM_FRAME_MAX];
        size_t len = hwv_random_frame(frame);

        hwv_check_push(frame, len);
    }
}
END_TEST

/* Decapsulation. */

/* A few well-chosen doubts: fields that OVS looks at less closely than we. */
static void
raise_doubt(uint8_t *buf, size_t *len, size_t outer_len)
{
    uint8_t *ip = buf + ETH_HEADER_LEN;
    uint8_t *udp = buf + outer_len - 16;
    uint8_t *vxlan = udp + 8;

    switch (random_range(8)) {
    case 0:                     /* UDP length. */
        udp[5] ^= 1 << random_range(8);
        break;
    case 1:                     /* TOS. */
        ip[1] = random_uint8();
        break;
    case 2:                     /* IPv4 flags. */
        ip[6] ^= 1 << random_range(8);
        break;
    case 3:                     /* VXLAN flags, such as GPE's, */
        vxlan[0] ^= 1 << random_range(8);
        break;
    case 4:                     /* and protocol. */
        vxlan[0] |= 0x04;
        vxlan[3] = random_range(5);
        break;
    case 5:                     /* No UDP checksum. */
        memset(udp + 6, 0, 2);
        break;
    case 6:                     /* Padding. */
        memset(buf + *len, 0, 2);
        *len += 2;
        break;
    case 7:                     /* VLAN tags. */
        for (int n = 1 + random_range(3); n > 0; n--) {
            memmove(buf + 16, buf + 12, *len - 12);
            put_unaligned_be16((void *) (buf + 12),
                               htons(hwv_one_in(2) ? ETH_TYPE_VLAN_8021AD
                                                   : ETH_TYPE_VLAN_8021Q));
            *len += 4;
        }
        break;
    }
}

START_TEST(test_pop)
{
    struct hwv_pop_seen seen = { .vxlan = 0 };

    hwv_test_seed();
    for (int i = 0; i < N_RANDOM; i++) {
        uint8_t buf[3 * 4 + 70 + HWV_RANDOM_FRAME_MAX] OVS_ALIGNED_VAR(2);
        uint8_t frame[HWV_RANDOM_FRAME_MAX];
        struct hwv_test_outer outer;
        size_t outer_len, len;
        bool damaged = false;

        hwv_random_outer(&outer);
        outer_len = hwv_test_outer_len(&outer);
        len = outer_len + hwv_random_frame(frame);
        memcpy(buf + outer_len, frame, len - outer_len);
        hwv_test_write_outer(buf, &outer, len - outer_len);

        if (hwv_one_in(3)) {
            raise_doubt(buf, &len, outer_len);
            damaged = true;
        }
        if (hwv_one_in(3)) {
            len = hwv_damage_frame(buf, len);
            damaged = true;
        }
        if (damaged && len >= 70 && hwv_one_in(2)) {
            hwv_test_fix_checksums(buf, len);
        }

        enum hwv_outer_result result = hwv_check_pop(buf, len, &seen);
        if (!damaged && !IP_ECN_is_ce(outer.tos)) {
            HWV_CHECK_EQ(result, HWV_OUTER_VXLAN);
        }
    }

    /* The test says nothing about what did not come up. */
    ck_assert_uint_ge(seen.vxlan, N_RANDOM / 4);
    ck_assert_uint_ge(seen.bad_checksum, N_RANDOM / 50);
    ck_assert_uint_ge(seen.placed, N_RANDOM / 10);
    ck_assert_uint_ge(seen.popped_doubtful, N_RANDOM / 50);
    ck_assert_uint_ge(seen.popped_tagged, N_RANDOM / 200);
    ck_assert_uint_ge(seen.other, N_RANDOM / 500);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("codec and OVS");
    TCase *tcase = hwv_unit_tcase(suite, "push");

    /* netdev_vxlan_pop_header() complains of each bad packet. */
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);

    tcase_add_test(tcase, test_push);
    tcase = hwv_unit_tcase(suite, "pop");
    tcase_add_test(tcase, test_pop);
    return hwv_unit_run(argv[0], suite);
}
