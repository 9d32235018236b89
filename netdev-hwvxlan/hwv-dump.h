/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_DUMP_H
#define HWV_DUMP_H 1

/* The unixctl commands that show and flush the NICs' tables.  Columns for
 * people, or with --format=json an array of objects for programs. */

/* Registers the commands.  Main thread. */
void hwv_dump_register(void);

#endif /* hwv-dump.h */
