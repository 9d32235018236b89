/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-config.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "hwv-number.h"
#include "hwv-upcall-limit.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* 32-byte keys and values: 128 MiB of flow table. */
#define MAX_MAX_FLOWS (1 << 22)
#define MAX_MAX_TUNNELS (1 << 16)

/* Values of options:wire, and how they become a netdev. */
static const struct wire_type {
    const char *name;
    const char *netdev_type;
    const char *suffix;         /* Of the netdev's name; NULL: it is a kernel
                                 * device and needs options:wire-dev. */
} wire_types[] = {
    { "dpdk", "dpdk", ".wire" },
    { "dpdkvhostuserclient", "dpdkvhostuserclient", ".vhost" },
    { "afxdp", "afxdp", NULL },
    { "system", "system", NULL },

    /* The variant that several PMD threads can poll. */
    { "dummy", "dummy-pmd", ".wire" },
};

static int parse_role(const char *name, const struct smap *,
                      struct hwv_config *, char **errp);
static int parse_pf(const struct smap *, struct hwv_config *, char **errp);
static int parse_vf(const struct smap *, struct hwv_config *, char **errp);
static int parse_segment(const struct smap *, struct hwv_config *,
                         char **errp);
static int parse_wire(const char *name, const struct smap *,
                      struct hwv_config *, char **errp);
static void copy_wire_options(const struct smap *, struct smap *);

int
hwv_config_parse(const char *name, const struct smap *options,
                 struct hwv_config *config, char **errp)
{
    int error;

    memset(config, 0, sizeof *config);
    config->quota = HWV_REPLACEMENT_NO_QUOTA;
    smap_init(&config->wire_options);

    error = parse_role(name, options, config, errp);
    if (!error) {
        error = (config->is_pf ? parse_pf : parse_vf)(options, config, errp);
    }
    if (!error) {
        error = parse_wire(name, options, config, errp);
    }
    if (error) {
        hwv_config_destroy(config);
    }
    return error;
}

void
hwv_config_destroy(struct hwv_config *config)
{
    free(config->nic);
    free(config->wire_name);
    smap_destroy(&config->wire_options);
}

/* Stores 'message', which it takes, into '*errp' and returns EINVAL. */
static int
fail(char **errp, char *message)
{
    *errp = message;
    return EINVAL;
}

/* A port that names a NIC is a VF of it; a port that names none is a PF. */
static int
parse_role(const char *name, const struct smap *options,
           struct hwv_config *config, char **errp)
{
    const char *nic = smap_get(options, "nic");

    config->is_pf = !nic;
    config->nic = xstrdup(nic ? nic : name);
    if (nic && !nic[0]) {
        return fail(errp, xstrdup("options:nic is empty: use the name of the "
                                  "PF's Interface, or leave it out for a "
                                  "PF"));
    }
    if (nic && !strcmp(nic, name)) {
        return fail(errp, xasprintf("options:nic=%s is this Interface itself: "
                                    "use the name of the PF's Interface, or "
                                    "leave it out for a PF", nic));
    }
    return 0;
}

/* Refuses the 'n' options 'keys', which only make sense for 'whom'. */
static int
refuse_options(const struct smap *options, const char *const *keys, size_t n,
               const char *whom, char **errp)
{
    for (size_t i = 0; i < n; i++) {
        const char *value = smap_get(options, keys[i]);

        if (value) {
            return fail(errp, xasprintf("options:%s=%s is only for %s",
                                        keys[i], value, whom));
        }
    }
    return 0;
}

static int
parse_limit(const struct smap *options, const char *key, unsigned int def,
            unsigned int max, uint32_t *limit, char **errp)
{
    const char *value = smap_get(options, key);
    unsigned int n = def;

    if (value && !hwv_number_parse(value, 1, max, &n)) {
        return fail(errp, xasprintf("options:%s=%s: use a number from 1 to "
                                    "%u (default %u)", key, value, max, def));
    }
    *limit = n;
    return 0;
}

static int
parse_replacement(const struct smap *options,
                  const struct hwv_replacement_policy **policyp, char **errp)
{
    const char *name = smap_get(options, "replacement");
    struct ds names = DS_EMPTY_INITIALIZER;

    if (!name) {
        *policyp = hwv_replacement_policies[0];
        return 0;
    }
    if (!hwv_replacement_policy_from_name(name, policyp)) {
        return 0;
    }

    for (size_t i = 0; hwv_replacement_policies[i]; i++) {
        ds_put_format(&names, "%s%s%s",
                      !i ? "" : hwv_replacement_policies[i + 1] ? ", "
                                                                : " or ",
                      hwv_replacement_policy_name(hwv_replacement_policies[i]),
                      i ? "" : " (default)");
    }
    fail(errp, xasprintf("options:replacement=%s: use %s", name,
                         ds_cstr(&names)));
    ds_destroy(&names);
    return EINVAL;
}

static int
parse_bool(const struct smap *options, const char *key, bool def, bool *value,
           char **errp)
{
    const char *s = smap_get_def(options, key, def ? "true" : "false");

    *value = !strcmp(s, "true");
    if (!*value && strcmp(s, "false")) {
        return fail(errp, xasprintf("options:%s=%s: use true or false", key,
                                    s));
    }
    return 0;
}

static int
parse_pf(const struct smap *options, struct hwv_config *config, char **errp)
{
    static const char *const vf_options[] = {
        "vf", "mac", "vni", "vlan", "unknown", "upcall-rate"
    };
    const char *first_packet = smap_get_def(options, "first-packet", "cpu");
    int error;

    config->id = HWV_UPLINK;
    error = refuse_options(options, vf_options, ARRAY_SIZE(vf_options),
                           "a VF, together with options:nic", errp);
    if (!error) {
        error = parse_limit(options, "max-flows", 65536, MAX_MAX_FLOWS,
                            &config->limits.max_flows, errp);
    }
    if (!error) {
        error = parse_limit(options, "max-tunnels", 1024, MAX_MAX_TUNNELS,
                            &config->limits.max_tunnels, errp);
    }
    if (!error) {
        error = parse_replacement(options, &config->replacement, errp);
    }
    if (error) {
        return error;
    }

    config->first_packet_nic = !strcmp(first_packet, "nic");
    if (!config->first_packet_nic && strcmp(first_packet, "cpu")) {
        return fail(errp, xasprintf("options:first-packet=%s: use cpu "
                                    "(default) or nic", first_packet));
    }

    error = parse_bool(options, "offload", true, &config->offload, errp);
    if (!error) {
        error = parse_bool(options, "learn-next-hop", false,
                           &config->learn_next_hop, errp);
    }
    return error;
}

/* Returns true if 's' is a unicast address, written as OVS writes it, in
 * '*mac'.  eth_addr_from_string() would take more digits than fit, too. */
static bool
parse_mac(const char *s, struct eth_addr *mac)
{
    char text[ETH_ADDR_STRLEN + 1];

    if (!eth_addr_from_string(s, mac)) {
        return false;
    }
    snprintf(text, sizeof text, ETH_ADDR_FMT, ETH_ADDR_ARGS(*mac));
    return (!strcasecmp(s, text) && !eth_addr_is_multicast(*mac)
            && !eth_addr_is_zero(*mac));
}

static int
parse_vf(const struct smap *options, struct hwv_config *config, char **errp)
{
    static const char *const pf_options[] = {
        "max-tunnels", "replacement", "offload", "learn-next-hop",
        "first-packet"
    };
    const char *vf = smap_get(options, "vf");
    const char *quota = smap_get(options, "max-flows");
    const char *rate = smap_get(options, "upcall-rate");
    const char *mac = smap_get(options, "mac");
    unsigned int id;
    int error;

    error = refuse_options(options, pf_options, ARRAY_SIZE(pf_options),
                           "a PF", errp);
    if (error) {
        return error;
    }

    if (!vf) {
        return fail(errp, xasprintf("options:nic=%s needs options:vf, a VF id "
                                    "from 0 to %d", config->nic, HWV_MAX_VF));
    }
    if (!hwv_number_parse(vf, 0, HWV_MAX_VF, &id)) {
        return fail(errp, xasprintf("options:vf=%s: use a VF id from 0 to %d",
                                    vf, HWV_MAX_VF));
    }
    config->id = id;

    if (quota && !hwv_number_parse(quota, 1, MAX_MAX_FLOWS, &config->quota)) {
        return fail(errp, xasprintf("options:max-flows=%s: use a number from "
                                    "1 to %u, or leave it out for no limit",
                                    quota, MAX_MAX_FLOWS));
    }

    if (rate && !hwv_number_parse(rate, 1, HWV_MAX_UPCALL_RATE,
                                  &config->upcall_rate)) {
        return fail(errp, xasprintf("options:upcall-rate=%s: use upcalls per "
                                    "second from 1 to %d, or leave it out for "
                                    "no limit", rate, HWV_MAX_UPCALL_RATE));
    }

    if (mac) {
        config->check_mac = true;
        if (!parse_mac(mac, &config->mac)) {
            return fail(errp, xasprintf("options:mac=%s: use a unicast "
                                        "Ethernet address, as "
                                        "02:00:00:00:00:01", mac));
        }
    }
    return parse_segment(options, config, errp);
}

static int
parse_vtag(const struct smap *options, struct hwv_vtag *vtag, char **errp)
{
    const char *vni = smap_get(options, "vni");
    const char *vlan = smap_get(options, "vlan");
    unsigned int id = 0;

    if (vni && vlan) {
        return fail(errp, xasprintf("options:vni=%s and options:vlan=%s: use "
                                    "one of them, as a VF is in a VXLAN "
                                    "segment or in a VLAN", vni, vlan));
    }
    if (vni && !hwv_number_parse(vni, HWV_MIN_VNI, HWV_MAX_VNI, &id)) {
        return fail(errp, xasprintf("options:vni=%s: use a VNI from %d to %d",
                                    vni, HWV_MIN_VNI, HWV_MAX_VNI));
    }
    if (vlan && !hwv_number_parse(vlan, HWV_MIN_VLAN, HWV_MAX_VLAN, &id)) {
        return fail(errp, xasprintf("options:vlan=%s: use a VLAN id from %d "
                                    "to %d", vlan, HWV_MIN_VLAN,
                                    HWV_MAX_VLAN));
    }
    vtag->type = vni ? HWV_VTAG_VXLAN : vlan ? HWV_VTAG_VLAN : HWV_VTAG_NONE;
    vtag->id = id;
    return 0;
}

/* What makes a VF part of a segment. */
static int
parse_segment(const struct smap *options, struct hwv_config *config,
              char **errp)
{
    const char *unknown = smap_get(options, "unknown");
    int error;

    error = parse_vtag(options, &config->vtag, errp);
    if (error) {
        return error;
    }

    config->unknown_flood = !unknown || !strcmp(unknown, "flood");
    if (!config->unknown_flood && strcmp(unknown, "drop")) {
        return fail(errp, xasprintf("options:unknown=%s: use flood (default) "
                                    "or drop", unknown));
    }
    if (unknown && config->vtag.type == HWV_VTAG_NONE) {
        return fail(errp, xasprintf("options:unknown=%s is only for a VF with "
                                    "options:vni or options:vlan", unknown));
    }
    return 0;
}

static const struct wire_type *
find_wire_type(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(wire_types); i++) {
        if (!strcmp(wire_types[i].name, name)) {
            return &wire_types[i];
        }
    }
    return NULL;
}

static int
parse_wire(const char *name, const struct smap *options,
           struct hwv_config *config, char **errp)
{
    const char *wire = smap_get_def(options, "wire", "dpdk");
    const struct wire_type *type = find_wire_type(wire);
    const char *dev = smap_get(options, "wire-dev");

    if (!type) {
        struct ds allowed = DS_EMPTY_INITIALIZER;

        for (size_t i = 0; i < ARRAY_SIZE(wire_types); i++) {
            ds_put_format(&allowed, "%s%s", i ? ", " : "",
                          wire_types[i].name);
        }
        *errp = xasprintf("options:wire=%s: use one of %s", wire,
                          ds_cstr(&allowed));
        ds_destroy(&allowed);
        return EINVAL;
    }

    config->wire_type = type->netdev_type;
    if (!type->suffix) {
        if (!dev || !dev[0] || strlen(dev) >= IFNAMSIZ) {
            return fail(errp, xasprintf("options:wire=%s needs "
                                        "options:wire-dev, the name of a "
                                        "kernel network device (at most %d "
                                        "characters)", wire, IFNAMSIZ - 1));
        }
        if (!strcmp(dev, name)) {
            return fail(errp, xasprintf("options:wire-dev=%s: the Interface "
                                        "needs another name than its kernel "
                                        "device", dev));
        }
        config->wire_name = xstrdup(dev);
    } else {
        if (dev) {
            return fail(errp, xasprintf("options:wire-dev=%s is only for "
                                        "wire=system and wire=afxdp", dev));
        }
        config->wire_name = xasprintf("%s%s", name, type->suffix);
    }
    copy_wire_options(options, &config->wire_options);
    return 0;
}

/* What is not ours is the wire's. */
static void
copy_wire_options(const struct smap *options, struct smap *wire_options)
{
    static const char *const ours[] = {
        "nic", "vf", "mac", "vni", "vlan", "unknown", "upcall-rate",
        "max-flows", "max-tunnels", "replacement", "offload",
        "learn-next-hop", "first-packet", "wire", "wire-dev",
    };

    smap_clone(wire_options, options);
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
        smap_remove(wire_options, ours[i]);
    }
}
