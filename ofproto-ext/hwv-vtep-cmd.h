/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_VTEP_CMD_H
#define HWV_VTEP_CMD_H 1

/* Commands about VTEPs
 * ====================
 *
 * hwvxlan/vtep-show prints the VTEPs in the order of their addresses.
 * hwvxlan/vtep-add refers to a VTEP by hand, and hwvxlan/vtep-del ends that:
 * so OVS always knows the next hop of a VTEP that only OpenFlow rules name. */

/* Registers the commands.  Main thread. */
void hwv_vtep_cmd_register(void);

#endif /* hwv-vtep-cmd.h */
