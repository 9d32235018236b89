/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FDB_WORLD_H
#define HWV_FDB_WORLD_H 1

/* What the unit tests of the FDB share: an FDB, a clock that they set, and
 * short ways to write addresses down. */

#include "hwv-fdb.h"

extern struct hwv_fdb *fdb;
extern long long int clock_ms;

/* Fixture: makes and destroys 'fdb'. */
void hwv_fdb_world_setup(void);
void hwv_fdb_world_teardown(void);

/* Address 10.0.0.N, and the place behind it. */
struct in6_addr ip(int n);
struct hwv_fdb_dst vtep(int n);

/* Address 02:00:NN:NN:NN:NN. */
struct eth_addr mac(int n);

int add(const struct hwv_vtag *vtag, struct eth_addr ea,
        struct hwv_fdb_dst dst, enum hwv_fdb_origin origin);

/* Sets the clock, and lets the FDB do what is due. */
void run_until(long long int ms);

/* What is in force for 'ea' in 'vtag' is 'dst', by 'origin'. */
void check_in_force(const struct hwv_vtag *vtag, struct eth_addr ea,
                    struct hwv_fdb_dst dst, enum hwv_fdb_origin origin);

/* The next change told is that of 'ea' in 'vtag'; or there is none. */
void check_change(const struct hwv_vtag *vtag, struct eth_addr ea);
void check_no_change(void);

#endif /* hwv-fdb-world.h */
