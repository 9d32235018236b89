/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FDB_INSTANCE_H
#define HWV_FDB_INSTANCE_H 1

/* The FDB of this process, and its turn in the main loop.  Main thread
 * only. */

struct hwv_fdb;

/* Creates the FDB, and registers its commands.  Called once. */
void hwv_fdb_register(void);

/* Returns the FDB. */
struct hwv_fdb *hwv_fdb_instance(void);

/* Main loop.  Whoever reads the changes does so afterwards. */
void hwv_fdb_instance_run(void);
void hwv_fdb_instance_wait(void);

/* Frees the FDB. */
void hwv_fdb_instance_exit(void);

#endif /* hwv-fdb-instance.h */
