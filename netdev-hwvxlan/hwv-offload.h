/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_OFFLOAD_H
#define HWV_OFFLOAD_H 1

/* The flow-offload provider of our ports
 * ======================================
 *
 * OVS gives each netdev one flow-offload provider, the first that accepts it,
 * in random order.  Ours must have our ports and the vxlan ports, where the
 * flows after tnl_pop arrive; the others must keep what is theirs.  So the
 * others register through hwv_offload_register(), which makes them leave our
 * ports and the vxlan ports alone, and what reaches a vxlan port from a port
 * that is not ours is passed on to OVS's DPDK provider. */

#include "netdev-offload-provider.h"

extern const struct netdev_flow_api hwv_offload_api;

/* Stands in for netdev_register_flow_api_provider(), reached by 'real':
 * registers 'api', or, if it is not ours, a copy that does not accept what is
 * ours. */
int hwv_offload_register(const struct netdev_flow_api *api,
                         int (*real)(const struct netdev_flow_api *));

#endif /* hwv-offload.h */
