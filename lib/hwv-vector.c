/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-vector.h"

#include "compiler.h"
#include "hwv-flow-map.h"
#include "hwv-rss.h"
#include "util.h"

/* GCC makes vector code of these loops only from -O3 on, and takes half of the
 * lanes if it is not told otherwise. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC optimize ("O3")
#define AVX512 "avx512f,avx512dq,avx512vl,prefer-vector-width=512"
#else
#define AVX512 "avx512f,avx512dq,avx512vl"
#endif

#define HWV_INLINE static inline __attribute__((always_inline))

/* The kernels are plain C.  The compiler makes vector code of them where they
 * are inlined into a function for a processor with a vector unit.
 *
 * Lanes come in groups, so that 'n' is rounded up: what is in lanes that
 * nobody has set is computed, too, and does not matter. */
#define GROUP 16
BUILD_ASSERT_DECL(NETDEV_MAX_BURST % GROUP == 0);

HWV_INLINE void
hash_frames(struct hwv_rss_lanes *lanes, size_t n)
{
    for (size_t group = 0; group < n; group += GROUP) {
        for (size_t i = group; i < group + GROUP; i++) {
            const struct hwv_hash_words words = {
                .src = lanes->src[i],
                .dst = lanes->dst[i],
                .proto = lanes->proto[i],
                .ports = lanes->ports[i],
                .has_ports = lanes->has_ports[i],
            };

            lanes->hash[i] = hwv_hash_words(&words);
        }
    }
}

HWV_INLINE void
find_buckets(const struct hwv_flow_buckets *buckets_,
             struct hwv_flow_keys *keys, size_t n)
{
    const struct hwv_flow_buckets buckets = *buckets_;

    for (size_t group = 0; group < n; group += GROUP) {
        for (size_t i = group; i < group + GROUP; i++) {
            keys->bucket[i] = hwv_flow_buckets_index(&buckets, keys->dst[i],
                                                     keys->src[i]);
        }
    }
}

/* One set of them.  Nobody may call those that the processor does not
 * have. */
#define HWV_VECTOR(NAME, ATTRIBUTES, SUPPORTED)                         \
    static bool                                                         \
    NAME##_supported(void)                                              \
    {                                                                   \
        return SUPPORTED;                                               \
    }                                                                   \
                                                                        \
    ATTRIBUTES static void                                              \
    NAME##_hash_frames(struct hwv_rss_lanes *lanes, size_t n)           \
    {                                                                   \
        hash_frames(lanes, n);                                          \
    }                                                                   \
                                                                        \
    ATTRIBUTES static void                                              \
    NAME##_find_buckets(const struct hwv_flow_buckets *buckets,         \
                        struct hwv_flow_keys *keys, size_t n)           \
    {                                                                   \
        find_buckets(buckets, keys, n);                                 \
    }

HWV_VECTOR(avx512, __attribute__((target(AVX512))),
           (__builtin_cpu_supports("avx512f")
            && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vl")))
HWV_VECTOR(avx2, __attribute__((target("avx2"))),
           __builtin_cpu_supports("avx2"))
HWV_VECTOR(scalar, , true)

#define HWV_VECTOR_INIT(NAME)                                           \
    { #NAME, NAME##_supported, NAME##_hash_frames, NAME##_find_buckets }

const struct hwv_vector hwv_vectors[] = {
    HWV_VECTOR_INIT(avx512),
    HWV_VECTOR_INIT(avx2),
    HWV_VECTOR_INIT(scalar),
};
const size_t hwv_n_vectors = ARRAY_SIZE(hwv_vectors);
const struct hwv_vector *hwv_vector;

OVS_CONSTRUCTOR(choose_vector) {
    __builtin_cpu_init();
    hwv_vector = hwv_vectors;
    while (!hwv_vector->supported()) {
        hwv_vector++;
    }
}
