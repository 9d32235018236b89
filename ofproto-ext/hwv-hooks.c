/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the linker makes OVS call us: HWV_WRAPS in netdev-hwvxlan/automake.mk
 * lists the functions. */

#include <config.h>

#include <stdint.h>
#include <stdio.h>

#include "hwv-plugin.h"
#include "openvswitch/vlog.h"

VLOG_DEFINE_THIS_MODULE(hwv_hooks);

void __real_bridge_init(const char *remote);
void __wrap_bridge_init(const char *remote);
void __real_daemonize_complete(void);
void __wrap_daemonize_complete(void);
void __real_ovs_print_version(uint8_t min_ofp, uint8_t max_ofp);
void __wrap_ovs_print_version(uint8_t min_ofp, uint8_t max_ofp);

void
__wrap_bridge_init(const char *remote)
{
    __real_bridge_init(remote);
    hwv_plugin_register();
}

/* ovs-vswitchd calls this once it has applied the configuration for the first
 * time.  Only from here on, a log entry stays off the standard error of the
 * command that started the daemon. */
void
__wrap_daemonize_complete(void)
{
    __real_daemonize_complete();
    VLOG_INFO("%s", hwv_plugin_version());
}

void
__wrap_ovs_print_version(uint8_t min_ofp, uint8_t max_ofp)
{
    __real_ovs_print_version(min_ofp, max_ofp);
    printf("%s\n", hwv_plugin_version());
}
