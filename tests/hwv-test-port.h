/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_TEST_PORT_H
#define HWV_TEST_PORT_H 1

/* Ports of NIC "pf0" on dummy wires, and flows of theirs, for tests without a
 * bridge.  They are in a datapath of type hwv_test_dpif_type, which does not
 * exist. */

#include "hwv-flow.h"
#include "hwv-port-counters.h"
#include "openvswitch/types.h"

struct netdev;

extern const char hwv_test_dpif_type[];

/* Makes ports possible: to be called first, once. */
void hwv_test_ports_init(void);

/* Opens hw-vxlan port 'name' and lets it have number 'odp_port' in the
 * datapath: VF 'vf', or the PF if that is negative.  Its wire, a dummy, works.
 * The caller must close what is returned. */
struct netdev *hwv_test_port_add(const char *name, odp_port_t odp_port,
                                 int vf);

/* Puts a flow, in and out as in hwv-odp-string.h, and binds it as if the
 * datapath had it. */
void hwv_test_flow_add(const ovs_u128 *ufid, const struct netdev *,
                       enum hwv_flow_kind, const char *match,
                       const char *actions);

/* How full the tables of pf0 are. */
struct hwv_nic_usage hwv_test_usage(void);

/* Is the flow 'ufid', which is there, in the NIC? */
bool hwv_test_is_resident(const ovs_u128 *ufid);

/* Fails unless 'now' flows are refused for 'reject' and 'total' ever were. */
void hwv_test_check_reject(enum hwv_reject reject, unsigned int now,
                           unsigned int total);

/* Lets the NIC have 'batch', received by 'netdev'. */
void hwv_test_burst(const struct netdev *, struct dp_packet_batch *);

/* Fails unless "hwvxlan/trace" would say 'expected' of 'packet', which it
 * takes, from 'netdev'. */
void hwv_test_check_verdict(const struct netdev *, struct dp_packet *packet,
                            const char *expected);

/* A named counter of 'netdev'. */
uint64_t hwv_test_counter(const struct netdev *, enum hwv_port_counter);

/* Lets flows that had no room in pf0 in, after the delay for that. */
void hwv_test_await_room(void);

#endif /* hwv-test-port.h */
