/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the vector code: each kind that this processor can do,
 * against the functions for one frame and for one key. */

#include <config.h>
#undef NDEBUG

#include <stdio.h>
#include <string.h>

#include "hwv-flow-map.h"
#include "hwv-rss.h"
#include "hwv-unit.h"
#include "hwv-vector.h"
#include "random.h"
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

static void
check_hashes(const struct hwv_vector *vector, size_t n)
{
    struct hwv_rss_lanes lanes;

    memset(&lanes, UNTOUCHED & 0xff, sizeof lanes);
    for (size_t i = 0; i < n; i++) {
        lanes.src[i] = random_word();
        lanes.dst[i] = random_word();
        lanes.proto[i] = random_range(256);
        lanes.has_ports[i] = random_range(2);
        lanes.ports[i] = lanes.has_ports[i] ? random_word() : 0;
    }
    vector->hash_frames(&lanes, n);
    for (size_t i = 0; i < n; i++) {
        const struct hwv_hash_words words = {
            .src = lanes.src[i],
            .dst = lanes.dst[i],
            .proto = lanes.proto[i],
            .ports = lanes.ports[i],
            .has_ports = lanes.has_ports[i],
        };

        ck_assert_uint_eq(lanes.hash[i], hwv_hash_words(&words));
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

    if (!vector->supported()) {
        printf("%s: this processor cannot\n", vector->name);
        return;
    }
    for (int round = 0; round < 200; round++) {
        for (size_t n = 0; n <= NETDEV_MAX_BURST; n++) {
            check_hashes(vector, n);
            check_buckets(vector, n);
        }
    }
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
