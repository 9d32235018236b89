/* SPDX-License-Identifier: Apache-2.0
 *
 * Registration of everything that this plugin adds to ovs-vswitchd. */

#include <config.h>
#include "hwv-plugin.h"

#include "openvswitch/vlog.h"

VLOG_DEFINE_THIS_MODULE(hwv_plugin);

void
hwv_plugin_register(void)
{
    VLOG_DBG("%s registers", hwv_plugin_version());
}

const char *
hwv_plugin_version(void)
{
    return "hw-vxlan " HWV_VERSION;
}
