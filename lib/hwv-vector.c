/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-vector.h"

#include "compiler.h"
#include "hwv-flow-map.h"
#include "hwv-flow-table.h"
#include "hwv-frames.h"
#include "hwv-outers.h"
#include "util.h"

/* GCC makes vector code of these loops only from -O3 on, and takes half of the
 * lanes if it is not told otherwise. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC optimize ("O3")
#define AVX512 "avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512"
#else
#define AVX512 "avx512f,avx512bw,avx512dq,avx512vl"
#endif

/* The kernels are plain C.  The compiler makes vector code of them where they
 * are inlined into a function for a processor with a vector unit.
 *
 * Lanes come in groups, so that 'n' is rounded up: what is in lanes that
 * nobody has set is computed, too, and does not matter. */
#define GROUP 16
BUILD_ASSERT_DECL(NETDEV_MAX_BURST % GROUP == 0);

static inline ALWAYS_INLINE void
parse_frames(struct hwv_frames *frames, size_t n)
{
    for (size_t group = 0; group < n; group += GROUP) {
        for (size_t i = group; i < group + GROUP; i++) {
            hwv_frames_parse_lane(frames, i);
        }
        for (size_t i = group; i < group + GROUP; i++) {
            hwv_frames_mask_macs(frames, i);
        }
    }
}

static inline ALWAYS_INLINE void
parse_outers(struct hwv_outers *outers, struct hwv_source_lookups *lookups,
             size_t n)
{
    for (size_t group = 0; group < n; group += GROUP) {
        for (size_t i = group; i < group + GROUP; i++) {
            hwv_outers_parse_lane(outers, i);
        }
        for (size_t i = group; i < group + GROUP; i++) {
            hwv_outers_make_key(outers, lookups, i);
        }
    }
}

static inline ALWAYS_INLINE void
add_all(struct hwv_flow_lookups *lookups,
        const struct hwv_flow_domain *domain_, size_t n)
{
    const struct hwv_flow_domain domain = *domain_;
    const struct hwv_flow_shapes shapes = *domain.shapes;

    n = ROUND_UP(n, GROUP);
    for (size_t i = 0; i < n; i++) {
        hwv_flow_lookups_put_domain(lookups, i, &domain);
    }
    for (size_t i = 0; i < n; i++) {
        hwv_flow_lookups_put_key(lookups, i, &domain, &shapes);
    }
}

static inline ALWAYS_INLINE void
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
    NAME##_parse_frames(struct hwv_frames *frames, size_t n)            \
    {                                                                   \
        parse_frames(frames, n);                                        \
    }                                                                   \
                                                                        \
    ATTRIBUTES static void                                              \
    NAME##_parse_outers(struct hwv_outers *outers,                      \
                        struct hwv_source_lookups *lookups, size_t n)   \
    {                                                                   \
        parse_outers(outers, lookups, n);                               \
    }                                                                   \
                                                                        \
    ATTRIBUTES static void                                              \
    NAME##_add_all(struct hwv_flow_lookups *lookups,                    \
                   const struct hwv_flow_domain *domain, size_t n)      \
    {                                                                   \
        add_all(lookups, domain, n);                                    \
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
            && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vl")))
HWV_VECTOR(avx2, __attribute__((target("avx2"))),
           __builtin_cpu_supports("avx2"))
HWV_VECTOR(scalar, , true)

#define HWV_VECTOR_INIT(NAME)                                           \
    { #NAME, NAME##_supported, NAME##_parse_frames, NAME##_parse_outers, \
      NAME##_add_all, NAME##_find_buckets }

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
