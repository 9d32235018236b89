/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_DUMP_ROWS_H
#define HWV_DUMP_ROWS_H 1

/* What the hwvxlan/dump-* commands show, as JSON arrays with an object for
 * each row.  'nic' is a NIC's name, or NULL for all.  The caller owns the
 * result.  Main thread. */

#include "hwv-nic.h"

struct json;

struct json *hwv_rows_nics(const char *nic);
struct json *hwv_rows_vfs(const char *nic);
struct json *hwv_rows_flows(const char *nic);
struct json *hwv_rows_shadows(const char *nic);
struct json *hwv_rows_tunnels(const char *nic);
struct json *hwv_rows_sources(const char *nic);
struct json *hwv_rows_rejected(void);

/* For the files that make rows: calls 'add' for each NIC that 'nic' selects,
 * by name. */
struct json *hwv_rows_for_nics(const char *nic,
                               void (*add)(const struct hwv_nic *,
                                           struct json *rows))
    OVS_EXCLUDED(hwv_control_mutex);

#endif /* hwv-dump-rows.h */
