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
    struct hwv_flow_query query = {
        .frame = frame,
        .domain = domain,
        .direction = direction,
    };
    struct hwv_flow_answer answer;

    hwv_flow_table_lookup(table, &query, 1, &answer);
    if (answer.result == HWV_LOOKUP_HIT) {
        *value = answer.value;
    }
    return answer.result;
}

#endif /* hwv-lookup.h */
