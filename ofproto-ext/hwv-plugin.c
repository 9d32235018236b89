/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-plugin.h"

#include "hwv-dump.h"
#include "hwv-fdb-instance.h"
#include "hwv-follow.h"
#include "hwv-neigh-kernel.h"
#include "hwv-neigh.h"
#include "hwv-netdev.h"
#include "hwv-nic.h"
#include "hwv-offload.h"
#include "hwv-residency.h"
#include "hwv-segments.h"
#include "hwv-trace.h"
#include "hwv-vtep-cmd.h"
#include "hwv-vtep.h"
#include "hwv-wire.h"
#include "netdev-provider.h"
#include "sset.h"

void
hwv_plugin_register(void)
{
    struct sset types = SSET_INITIALIZER(&types);

    /* OVS fills its registry of netdev classes at the first call of one of
     * these functions, and ours would not survive that. */
    netdev_enumerate_types(&types);
    sset_destroy(&types);

    netdev_register_provider(&hwv_netdev_class);
    netdev_register_flow_api_provider(&hwv_offload_api);
    hwv_fdb_register();
    hwv_dump_register();
    hwv_follow_register();
    hwv_neigh_kernel_register();
    hwv_trace_register();
    hwv_vtep_cmd_register();
    hwv_segments_init();
}

void
hwv_plugin_run(void)
{
    hwv_fdb_instance_run();
    hwv_neigh_kernel_run();
    hwv_neigh_run();
    hwv_follow_run();
    hwv_vtep_run();
    hwv_segments_run();
    hwv_nic_run();
    hwv_wire_reap();
}

void
hwv_plugin_wait(void)
{
    hwv_fdb_instance_wait();
    hwv_neigh_kernel_wait();
    hwv_neigh_wait();
    hwv_follow_wait();
    hwv_vtep_wait();
    hwv_segments_wait();
    hwv_nic_wait();
    hwv_wire_reap_wait();
}

void
hwv_plugin_exit(void)
{
    hwv_residency_exit();
    hwv_wire_reap();
    hwv_fdb_instance_exit();
}

const char *
hwv_plugin_version(void)
{
    return "hw-vxlan " HWV_VERSION;
}
