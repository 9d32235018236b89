/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_PLUGIN_H
#define HWV_PLUGIN_H 1

/* The plugin as a whole
 * =====================
 *
 * The only file that knows all parts: registers them with OVS and gives each
 * its turn in the main loop.  Main thread only, except for
 * hwv_plugin_version(). */

/* Called once, after OVS's bridge module has initialised and before the
 * database is read for the first time. */
void hwv_plugin_register(void);

/* Called in each round of the main loop, before OVS looks at what has changed:
 * so the NIC follows a neighbour first. */
void hwv_plugin_run(void);
void hwv_plugin_wait(void);

/* Called when the bridges have gone. */
void hwv_plugin_exit(void);

/* "hw-vxlan VERSION", for logs and --version. */
const char *hwv_plugin_version(void);

#endif /* hwv-plugin.h */
