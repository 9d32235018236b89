/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-wire-class.h"

#include <errno.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"

static const char *const no_options[] = { NULL };

static const char *const dpdk_options[] = {
    "dpdk-devargs", "n_rxq", "n_rxq_desc", "n_txq_desc", "dpdk-vf-mac",
    "dpdk-lsc-interrupt", "rx-flow-ctrl", "tx-flow-ctrl", "flow-ctrl-autoneg",
    NULL
};

static const char *const vhost_options[] = {
    "vhost-server-path", "tx-retries-max", NULL
};

static const char *const afxdp_options[] = {
    "n_rxq", "xdp-mode", "use-need-wakeup", NULL
};

static const char *const dummy_options[] = {
    "pcap", "rxq_pcap", "tx_pcap", "pstream", "stream", "ifindex", "n_rxq",
    "n_txq", "numa_id", NULL
};

static const struct hwv_wire_class dpdk = {
    .name = "dpdk",
    .netdev_type = "dpdk",
    .suffix = ".wire",
    .device = "dpdk-devargs",
    .device_help = "a DPDK device, as 0000:03:00.0",
    .options = dpdk_options,
};

static const struct hwv_wire_class vhost = {
    .name = "dpdkvhostuserclient",
    .netdev_type = "dpdkvhostuserclient",
    .suffix = ".vhost",
    .device = "vhost-server-path",
    .device_help = "the path of the socket on which QEMU listens",
    .options = vhost_options,
};

static const struct hwv_wire_class afxdp = {
    .name = "afxdp",
    .netdev_type = "afxdp",
    .device = "wire-dev",
    .device_help = "the name of a kernel network device (at most 15 "
                   "characters)",
    .options = afxdp_options,
};

static const struct hwv_wire_class system_ = {
    .name = "system",
    .netdev_type = "system",
    .device = "wire-dev",
    .device_help = "the name of a kernel network device (at most 15 "
                   "characters)",
    .options = no_options,
    .test_options = dummy_options,
};

static const struct hwv_wire_class dummy = {
    .name = "dummy",
    .netdev_type = "dummy-pmd", /* That several PMD threads can poll. */
    .suffix = ".wire",
    .options = dummy_options,
};

const struct hwv_wire_class *const hwv_wire_classes[] = {
    &dpdk, &vhost, &afxdp, &system_, &dummy, NULL
};

const struct hwv_wire_class *
hwv_wire_class_find(const char *name)
{
    for (size_t i = 0; hwv_wire_classes[i]; i++) {
        if (!strcmp(hwv_wire_classes[i]->name, name)) {
            return hwv_wire_classes[i];
        }
    }
    return NULL;
}

bool
hwv_wire_class_has_option(const struct hwv_wire_class *class, const char *key)
{
    return (hwv_options_contain(class->options, key)
            || (class->test_options
                && hwv_options_contain(class->test_options, key)));
}

bool
hwv_options_contain(const char *const options[], const char *key)
{
    for (size_t i = 0; options[i]; i++) {
        if (!strcmp(options[i], key)) {
            return true;
        }
    }
    return false;
}

void
hwv_wire_class_format_names(const char *key, struct ds *s)
{
    const char *separator = "";

    for (size_t i = 0; hwv_wire_classes[i]; i++) {
        const struct hwv_wire_class *class = hwv_wire_classes[i];

        if (!key || hwv_options_contain(class->options, key)) {
            ds_put_format(s, "%s%s", separator, class->name);
            separator = ", ";
        }
    }
}

const char *
hwv_wire_class_explain_error(const struct hwv_wire_class *class, int error)
{
    if (error == EEXIST) {
        return "it is in use as another type: remove that port first";
    }
    if (error != EAFNOSUPPORT) {
        return ovs_strerror(error);
    }
    if (class == &dpdk || class == &vhost) {
        return "DPDK is not initialized: set other_config:dpdk-init=true";
    }
    if (class == &dummy) {
        return "it exists only in tests (ovs-vswitchd --enable-dummy)";
    }
    return "this build of Open vSwitch does not have it";
}
