/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_LOOKUP_H
#define HWV_LOOKUP_H 1

#include "hwv-flow-table.h"

/* Asks 'table' one question.  On HWV_LOOKUP_HIT, stores the answer into
 * '*value'. */
static inline enum hwv_lookup
hwv_look_up(const struct hwv_flow_table *table, uint8_t direction,
            uint32_t domain, const struct hwv_frame *frame,
            struct hwv_flow_value *value)
{
    struct hwv_flow_lookups lookups;

    hwv_flow_lookups_init(&lookups, table, 1);
    hwv_frames_put(&lookups.frames, 0, frame);
    hwv_flow_lookups_add(&lookups, 0, direction, domain);
    hwv_flow_lookups_start(&lookups);
    return hwv_flow_lookups_finish(&lookups, 0, value);
}

/* Copies the value of exactly 'key' into '*value'.  Returns true if there is
 * one. */
static inline bool
hwv_find_entry(const struct hwv_flow_table *table, const struct hwv_key *key,
               struct hwv_flow_value *value)
{
    const struct hwv_flow_buckets *buckets = hwv_flow_map_get(&table->map);

    return hwv_flow_buckets_find(buckets, hwv_flow_buckets_start(buckets, key),
                                 key, value);
}

#endif /* hwv-lookup.h */
