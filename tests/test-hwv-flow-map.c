/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the flow map: what its flow table's tests do not see, which is
 * where the entries are. */

#include <config.h>
#undef NDEBUG
#include "hwv-flow-map.h"

#include <errno.h>

#include "hwv-test-frames.h"
#include "hwv-unit.h"
#include "random.h"

static struct hwv_key
key_of(uint32_t i)
{
    return (struct hwv_key) {
        .dst = UINT64_C(0x020000000000) + i,
        .src = (uint64_t) HWV_CLASS_DMAC << 56,
    };
}

static bool
find(const struct hwv_flow_map *map, uint32_t i, struct hwv_flow_value *value)
{
    const struct hwv_flow_buckets *buckets = hwv_flow_map_get(map);
    struct hwv_key key = key_of(i);

    return hwv_flow_buckets_find(buckets,
                                 hwv_flow_buckets_start(buckets, &key), &key,
                                 value);
}

static int
set(struct hwv_flow_map *map, uint32_t i)
{
    struct hwv_flow_value value = {
        .output = HWV_OUT_TUNNEL,
        .vni = 0xffffff - i,
        .tunnel = i + 1,
        .counter = i + 2,
    };
    struct hwv_key key = key_of(i);

    return hwv_flow_map_set(map, &key, &value);
}

static void
check(const struct hwv_flow_map *map, uint32_t i, bool present)
{
    struct hwv_flow_value value;

    HWV_CHECK_EQ(find(map, i, &value), present);
    if (present) {
        HWV_CHECK_EQ(value.output, HWV_OUT_TUNNEL);
        HWV_CHECK_EQ(value.vni, 0xffffff - i);
        HWV_CHECK_EQ(value.tunnel, i + 1);
        HWV_CHECK_EQ(value.counter, i + 2);
    }
}

/* Small maps, where entries come and go so that sooner or later each bucket
 * has been passed: what is not there must not be looked for without end. */
START_TEST(test_small)
{
    enum { N_KEYS = 16 };

    for (int round = 0; round < 300; round++) {
        const uint32_t max = 1 + random_range(9);
        bool present[N_KEYS] = { false };
        struct hwv_flow_map map;
        uint32_t n = 0;

        hwv_flow_map_init(&map, max);
        for (int step = 0; step < 300; step++) {
            uint32_t i = random_range(N_KEYS);
            struct hwv_key key = key_of(i);

            if (hwv_flow_map_remove(&map, &key)) {
                HWV_CHECK(present[i]);
                present[i] = false;
                n--;
                HWV_CHECK(!hwv_flow_map_remove(&map, &key));
            } else if (n < max) {
                HWV_CHECK(!present[i]);
                HWV_CHECK_EQ(set(&map, i), 0);
                present[i] = true;
                n++;
            } else {
                HWV_CHECK(!present[i]);
                HWV_CHECK_EQ(set(&map, i), ENOSPC);
            }
            HWV_CHECK_EQ(hwv_flow_map_count(&map), n);
            for (uint32_t j = 0; j < N_KEYS; j++) {
                check(&map, j, present[j]);
            }
        }
        hwv_flow_map_destroy(&map);
        hwv_unit_settle();
    }
}
END_TEST

/* Returns how many buckets a lookup of key 'i' reads. */
static uint32_t
probes(const struct hwv_flow_map *map, uint32_t i)
{
    const struct hwv_flow_buckets *buckets = hwv_flow_map_get(map);
    struct hwv_key key = key_of(i);
    uint32_t b = hwv_flow_buckets_start(buckets, &key);

    for (uint32_t n = 1;; n++, b = (b + 1) % buckets->n) {
        for (int j = 0; j < HWV_BUCKET_ENTRIES; j++) {
            uint64_t dst;

            atomic_read_relaxed(&buckets->array[b].keys[j].dst, &dst);
            if (dst == key.dst) {
                return n;
            }
        }
    }
}

/* What the header says about full maps. */
START_TEST(test_full)
{
    enum { N = 65536 };
    struct hwv_flow_map map;
    uint64_t sum = 0;

    hwv_flow_map_init(&map, N);
    for (uint32_t i = 0; i < N; i++) {
        HWV_CHECK_EQ(set(&map, i), 0);
    }
    HWV_CHECK_EQ(set(&map, N), ENOSPC);
    for (uint32_t i = 0; i < N; i++) {
        check(&map, i, true);
        sum += probes(&map, i);
    }
    check(&map, N, false);

    ck_assert_uint_le(hwv_flow_map_get(&map)->n * sizeof(struct hwv_bucket),
                      49 * N);
    ck_assert_uint_lt(sum, N * 15 / 10);
    printf("a lookup reads %.2f cache lines\n", sum / (double) N);
    hwv_flow_map_destroy(&map);
    hwv_unit_settle();
}
END_TEST

/* Which keys share a bucket is different in each map. */
START_TEST(test_secret)
{
    enum { N = 1000 };
    struct hwv_flow_map a, b;
    uint32_t n_same = 0;

    hwv_flow_map_init(&a, N);
    hwv_flow_map_init(&b, N);
    for (uint32_t i = 0; i < N; i++) {
        struct hwv_key key = key_of(i);

        n_same += hwv_flow_buckets_start(hwv_flow_map_get(&a), &key)
                  == hwv_flow_buckets_start(hwv_flow_map_get(&b), &key);
    }
    ck_assert_uint_lt(n_same, N / 10);  /* One of 64 is to be expected. */
    hwv_flow_map_destroy(&a);
    hwv_flow_map_destroy(&b);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("flow-map");
    TCase *tcase = hwv_unit_tcase(suite, "one thread");

    tcase_add_test(tcase, test_small);
    tcase_add_test(tcase, test_full);
    tcase_add_test(tcase, test_secret);
    return hwv_unit_run(argv[0], suite);
}
