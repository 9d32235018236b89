/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_VPORT_OFFLOAD_H
#define HWV_VPORT_OFFLOAD_H 1

/* What OVS's own offload provider has of vxlan ports
 * ==================================================
 *
 * Without us, the vxlan ports of an OVS with DPDK have its DPDK provider.
 * With us they have ours, which passes on to the other one, through this
 * file, the flows whose packets did not come in through our NIC.
 *
 * Which flows those are is kept here: the DPDK provider warns in the log about
 * flows that it is asked to delete and does not have.
 *
 * Thread-safety: any thread may call any function.  OVS puts and deletes one
 * flow by one thread only. */

#include <stdbool.h>
#include "netdev-offload-provider.h"

/* Makes the other provider accept 'netdev', a vxlan port, if there is one and
 * it can. */
void hwv_vport_offload_init(struct netdev *netdev);

/* Undoes that, and forgets the flows of 'netdev'. */
void hwv_vport_offload_uninit(struct netdev *netdev);

/* Has the other provider accepted 'netdev'? */
bool hwv_vport_offload_accepts(const struct netdev *netdev);

/* Does the other provider have flow 'ufid'? */
bool hwv_vport_offload_has(const ovs_u128 *ufid);

/* The functions of 'struct netdev_flow_api' with these names, of the other
 * provider.  All but hwv_vport_offload_put() return ENOENT where it has not
 * got the flow. */
int hwv_vport_offload_put(struct netdev *, struct match *,
                          struct nlattr *actions, size_t actions_len,
                          const ovs_u128 *ufid, struct offload_info *,
                          struct dpif_flow_stats *);
int hwv_vport_offload_del(struct netdev *, const ovs_u128 *ufid,
                          struct dpif_flow_stats *);
int hwv_vport_offload_get(struct netdev *, struct match *,
                          struct nlattr **actions, const ovs_u128 *ufid,
                          struct dpif_flow_stats *, struct dpif_flow_attrs *,
                          struct ofpbuf *);

/* Also these, for a 'netdev' that need not have been accepted. */
int hwv_vport_offload_flush(struct netdev *netdev);
int hwv_vport_offload_get_n_flows(struct netdev *netdev, uint64_t *n_flows);

#endif /* hwv-vport-offload.h */
