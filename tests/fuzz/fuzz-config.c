/* SPDX-License-Identifier: Apache-2.0 */

/* Options of an Interface.
 *
 * Either they are refused with a message, or what comes out is within the
 * documented limits, is what they say, and leaves to the wire all that is not
 * ours.
 *
 * Input: the Interface's name, then keys and values, each up to a zero. */

#include <config.h>
#undef NDEBUG

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "hwv-config.h"
#include "hwv-fuzz.h"
#include "hwv-test-frames.h"
#include "hwv-wire-class.h"
#include "util.h"

static const char *const our_keys[] = {
    "nic", "vf", "mac", "vni", "vlan", "unknown", "max-flows", "max-tunnels",
    "replacement", "offload", "learn-next-hop", "first-packet", "upcall-rate",
    "wire", "wire-dev",
};

/* Does option 'key', if it is there, say the number 'n'? */
static bool
says(const struct smap *options, const char *key, unsigned long long int n)
{
    const char *value = smap_get(options, key);

    return !value || (value[0] && strtoull(value, NULL, 10) == n);
}

static void
check_pf(const struct smap *options, const char *name,
         const struct hwv_config *config)
{
    const struct hwv_nic_limits *limits = &config->limits;
    const char *offload = smap_get_def(options, "offload", "true");

    HWV_CHECK(!smap_get(options, "nic") && !smap_get(options, "vf")
              && !smap_get(options, "mac") && !smap_get(options, "vni")
              && !smap_get(options, "vlan") && !smap_get(options, "unknown")
              && !smap_get(options, "upcall-rate"));
    HWV_CHECK_EQ(config->upcall_rate, 0);
    HWV_CHECK_EQ(config->vtag.type, HWV_VTAG_NONE);
    HWV_CHECK(!strcmp(config->nic, name));
    HWV_CHECK_EQ(config->id, HWV_UPLINK);
    HWV_CHECK(!config->check_mac);
    HWV_CHECK(limits->max_flows >= 1 && limits->max_flows <= 4194304);
    HWV_CHECK(limits->max_tunnels >= 1 && limits->max_tunnels <= 65536);
    HWV_CHECK(says(options, "max-flows", limits->max_flows));
    HWV_CHECK(says(options, "max-tunnels", limits->max_tunnels));
    HWV_CHECK(!strcmp(smap_get_def(options, "replacement", "aged-lfu"),
                      hwv_replacement_policy_name(config->replacement)));
    HWV_CHECK(!strcmp(offload, config->offload ? "true" : "false"));
    HWV_CHECK(!strcmp(smap_get_def(options, "learn-next-hop", "false"),
                      config->learn_next_hop ? "true" : "false"));
    HWV_CHECK(!strcmp(smap_get_def(options, "first-packet", "cpu"),
                      config->first_packet_nic ? "nic" : "cpu"));
}

static void
check_segment(const struct smap *options, const struct hwv_config *config)
{
    const char *vni = smap_get(options, "vni");
    const char *vlan = smap_get(options, "vlan");
    const char *unknown = smap_get_def(options, "unknown", "flood");

    HWV_CHECK_EQ(config->vtag.type, (vni ? HWV_VTAG_VXLAN
                                     : vlan ? HWV_VTAG_VLAN
                                     : HWV_VTAG_NONE));
    if (vni || vlan) {
        HWV_CHECK(!vni || !vlan);
        HWV_CHECK(says(options, vni ? "vni" : "vlan", config->vtag.id));
        HWV_CHECK(config->vtag.id >= 1);
        HWV_CHECK(config->vtag.id <= (vni ? 16777215 : 4094));
    } else {
        HWV_CHECK_EQ(config->vtag.id, 0);
        HWV_CHECK(!smap_get(options, "unknown"));
    }
    HWV_CHECK(!strcmp(unknown, config->unknown_flood ? "flood" : "drop"));
}

static void
check_vf(const struct smap *options, const char *name,
         const struct hwv_config *config)
{
    const char *mac = smap_get(options, "mac");

    HWV_CHECK(!smap_get(options, "max-tunnels")
              && !smap_get(options, "replacement")
              && !smap_get(options, "offload")
              && !smap_get(options, "learn-next-hop")
              && !smap_get(options, "first-packet"));
    HWV_CHECK(config->upcall_rate <= 1000000);
    HWV_CHECK(!smap_get(options, "upcall-rate") == !config->upcall_rate);
    HWV_CHECK(says(options, "upcall-rate", config->upcall_rate));
    HWV_CHECK(!strcmp(config->nic, smap_get(options, "nic")));
    HWV_CHECK(smap_get(options, "max-flows")
              ? config->quota >= 1 && config->quota <= 4194304
              : config->quota == HWV_REPLACEMENT_NO_QUOTA);
    HWV_CHECK(says(options, "max-flows", config->quota));
    HWV_CHECK(config->nic[0] && strcmp(config->nic, name));
    HWV_CHECK(config->id <= 4095 && smap_get(options, "vf"));
    HWV_CHECK(says(options, "vf", config->id));
    HWV_CHECK_EQ(config->check_mac, mac != NULL);
    if (mac) {
        char *text = xasprintf(ETH_ADDR_FMT, ETH_ADDR_ARGS(config->mac));

        HWV_CHECK(!(config->mac.ea[0] & 1));
        HWV_CHECK(eth_addr_to_uint64(config->mac));
        HWV_CHECK(!strcasecmp(mac, text));
        free(text);
    }
    check_segment(options, config);
}

static void
check_wire(const struct smap *options, const char *name,
           const struct hwv_config *config)
{
    const char *dev = smap_get(options, "wire-dev");
    struct smap wire_options;

    if (!config->wire_class->suffix) {
        HWV_CHECK(dev && dev[0] && strlen(dev) < IFNAMSIZ);
        HWV_CHECK(!strcmp(config->wire_name, dev));
    } else {
        HWV_CHECK(!dev && strlen(config->wire_name) > strlen(name));
        HWV_CHECK(!strncmp(config->wire_name, name, strlen(name)));
    }
    HWV_CHECK(strcmp(config->wire_name, name));

    smap_clone(&wire_options, options);
    for (size_t i = 0; i < ARRAY_SIZE(our_keys); i++) {
        smap_remove(&wire_options, our_keys[i]);
    }
    HWV_CHECK(smap_equal(&wire_options, &config->wire_options));
    smap_destroy(&wire_options);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hwv_fuzz input = { .data = data, .left = size };
    struct smap options = SMAP_INITIALIZER(&options);
    char *name = hwv_fuzz_string(&input);
    struct hwv_config config;
    char *message = NULL;
    int error;

    while (input.left) {
        char *key = hwv_fuzz_string(&input);

        smap_replace_nocopy(&options, key, hwv_fuzz_string(&input));
        free(key);
    }

    error = hwv_config_parse(name, &options, &config, &message);
    if (error) {
        HWV_CHECK_EQ(error, EINVAL);
        HWV_CHECK(message && message[0]);
        free(message);
    } else {
        HWV_CHECK(!message);
        (config.is_pf ? check_pf : check_vf)(&options, name, &config);
        check_wire(&options, name, &config);
        hwv_config_destroy(&config);
    }
    smap_destroy(&options);
    free(name);
    return 0;
}
