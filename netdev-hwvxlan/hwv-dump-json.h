/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_DUMP_JSON_H
#define HWV_DUMP_JSON_H 1

/* Members of a JSON object, for the files that make the rows of commands. */

#include <inttypes.h>
#include <stdint.h>

#include "openvswitch/json.h"
#include "packets.h"

static inline void
hwv_put_string(struct json *row, const char *name, const char *value)
{
    json_object_put_string(row, name, value);
}

static inline void
hwv_put_number(struct json *row, const char *name, uint64_t value)
{
    json_object_put(row, name, json_integer_create(value));
}

static inline void
hwv_put_mac(struct json *row, const char *name, struct eth_addr mac)
{
    json_object_put_format(row, name, ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
}

#endif /* hwv-dump-json.h */
