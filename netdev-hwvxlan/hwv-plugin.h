/* SPDX-License-Identifier: Apache-2.0
 *
 * Registration of everything that this plugin adds to ovs-vswitchd. */

#ifndef HWV_PLUGIN_H
#define HWV_PLUGIN_H 1

/* Called once by the main thread, after OVS's bridge module has initialised
 * and before the database is read for the first time. */
void hwv_plugin_register(void);

/* "hw-vxlan VERSION", for logs and --version. */
const char *hwv_plugin_version(void);

#endif /* hwv-plugin.h */
