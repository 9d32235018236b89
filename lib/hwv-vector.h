/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_VECTOR_H
#define HWV_VECTOR_H 1

/* Vector code
 * ===========
 *
 * What the data path computes for all packets of a burst at once, one in each
 * lane of the processor's vector unit.  There are several ways to compute the
 * same, of which the best that this processor can do is chosen when the
 * program starts.
 *
 * Thread-safe. */

#include <stdbool.h>
#include <stddef.h>

struct hwv_flow_buckets;
struct hwv_flow_domain;
struct hwv_flow_keys;
struct hwv_flow_lookups;
struct hwv_frames;
struct hwv_outers;
struct hwv_source_lookups;

struct hwv_vector {
    const char *name;           /* E.g. "avx512". */
    bool (*supported)(void);

    /* Parses the frames of the first 'n' lanes (hwv-frames.h). */
    void (*parse_frames)(struct hwv_frames *, size_t n);

    /* Parses the outer headers in the first 'n' lanes (hwv-outers.h), and
     * makes keys of them (hwv-source-table.h). */
    void (*parse_outers)(struct hwv_outers *, struct hwv_source_lookups *,
                         size_t n);

    /* Has the first 'n' lanes looked up in one domain
     * (hwv-flow-table.h). */
    void (*add_all)(struct hwv_flow_lookups *, const struct hwv_flow_domain *,
                    size_t n);

    /* Finds the buckets of the first 'n' keys (hwv-flow-map.h). */
    void (*find_buckets)(const struct hwv_flow_buckets *,
                         struct hwv_flow_keys *, size_t n);
};

/* All of them, the best first.  The last is plain C, for any processor. */
extern const struct hwv_vector hwv_vectors[];
extern const size_t hwv_n_vectors;

/* The one that is used. */
extern const struct hwv_vector *hwv_vector;

#endif /* hwv-vector.h */
