/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#undef NDEBUG
#include "hwv-test-port.h"

#include "hwv-nic.h"
#include "hwv-test-frames.h"
#include "netdev-provider.h"
#include "smap.h"

const char hwv_test_dpif_type[] = "netdev";

struct netdev *
hwv_test_port_add(const char *name, odp_port_t odp_port, int vf)
{
    struct smap options = SMAP_INITIALIZER(&options);
    struct netdev *netdev;
    char *error = NULL;

    smap_add(&options, "wire", "dummy");
    if (vf >= 0) {
        smap_add(&options, "nic", "pf0");
        smap_add_format(&options, "vf", "%d", vf);
    }
    HWV_CHECK(!netdev_open(name, "hw-vxlan", &netdev));
    HWV_CHECK(!netdev_set_config(netdev, &options, &error));
    HWV_CHECK(!error);
    netdev_set_dpif_type(netdev, hwv_test_dpif_type);
    hwv_port_added(netdev, odp_port);
    smap_destroy(&options);
    return netdev;
}
