/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FDB_CMD_H
#define HWV_FDB_CMD_H 1

/* The unixctl commands hwvxlan/fdb-*: they show the FDB, and change what is
 * static in it until OVS is started again.  Main thread. */

/* Registers the commands. */
void hwv_fdb_cmd_register(void);

#endif /* hwv-fdb-cmd.h */
