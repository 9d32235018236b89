/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FDB_ROWS_H
#define HWV_FDB_ROWS_H 1

/* What hwvxlan/fdb-show and hwvxlan/fdb-stats show, as JSON.  The caller owns
 * the result.  Main thread. */

struct hwv_fdb;
struct hwv_vtag;
struct json;

/* An array with an object for each VTEP of a flood list (its MAC address is
 * all zeros) and for each entry, also those that are not in force, in order.
 * 'vtag' is NULL for all. */
struct json *hwv_fdb_rows(const struct hwv_fdb *fdb,
                          const struct hwv_vtag *vtag);

/* An object with a member for each number. */
struct json *hwv_fdb_stats_row(const struct hwv_fdb *fdb);

#endif /* hwv-fdb-rows.h */
