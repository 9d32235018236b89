/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_TEST_PORT_H
#define HWV_TEST_PORT_H 1

/* Ports of NIC "pf0" on dummy wires, for tests without a bridge.  They are in
 * a datapath of type hwv_test_dpif_type, which does not exist. */

#include "openvswitch/types.h"

struct netdev;

extern const char hwv_test_dpif_type[];

/* Opens hw-vxlan port 'name' and lets it have number 'odp_port' in the
 * datapath: VF 'vf', or the PF if that is negative.  The caller must close
 * what is returned. */
struct netdev *hwv_test_port_add(const char *name, odp_port_t odp_port,
                                 int vf);

#endif /* hwv-test-port.h */
