/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FDB_CONFIG_H
#define HWV_FDB_CONFIG_H 1

/* Static entries that are kept in the database
 * ============================================
 *
 * Column other_config of the Interfaces of tunnel ports (type=vxlan) has
 *
 *     fdb-VNI="MAC=VTEP,MAC=VTEP,..."    entries, and
 *     flood-VNI="VTEP,VTEP,..."          VTEPs of the flood list.
 *
 * A key whose value is wrong keeps the value that it had before, if any, and
 * is reported.  Where Interfaces disagree about an address, the first by name
 * counts, and the others are told.
 *
 * OVS goes over all of its Interfaces each time that it applies the database;
 * a change costs time proportional to all that is configured here.  Main
 * thread only. */

#include <stdbool.h>

struct smap;

/* Interface 'name' of 'type' is there, with 'other_config'.  Returns NULL or
 * what is wrong with it, for the caller to free. */
char *hwv_fdb_config_apply(const char *name, const char *type,
                           const struct smap *other_config);

/* OVS has gone over its Interfaces, if it did so at all: forgets those that
 * were not there. */
void hwv_fdb_config_end(void);

void hwv_fdb_config_exit(void);

#endif /* hwv-fdb-config.h */
