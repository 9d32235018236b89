/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FDB_SETTINGS_H
#define HWV_FDB_SETTINGS_H 1

/* Settings of the FDB
 * ===================
 *
 * Column other_config of table Open_vSwitch has them, as it has OVS's own:
 *
 *     hwvxlan-mac-aging-time     s; 0: learned entries do not age
 *     hwvxlan-mac-limit          learned entries in all,
 *     hwvxlan-mac-limit-vtag     in one VNI or VLAN,
 *     hwvxlan-mac-limit-vtep     behind one VTEP, in all VNIs, and
 *     hwvxlan-mac-limit-port     behind one port: a VF, or in a VLAN the PF.
 *
 * A lower limit forgets nothing that is learned already.  Main thread only. */

struct smap;

/* Applies 'other_config' to the FDB.  What is not there has its default; what
 * is wrong is logged, once, and stays as it was. */
void hwv_fdb_settings_apply(const struct smap *other_config);

#endif /* hwv-fdb-settings.h */
