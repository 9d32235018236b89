/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-config.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "hwv-number.h"
#include "hwv-upcall-limit.h"
#include "hwv-wire-class.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* 32-byte keys and values: 128 MiB of flow table. */
#define MAX_MAX_FLOWS (1 << 22)
#define MAX_MAX_TUNNELS (1 << 16)

/* Options that are ours, by whom they are for, with NULL at the end. */
static const char *const common_options[] = {
    "nic", "max-flows", "wire", "wire-dev", NULL
};
static const char *const pf_options[] = {
    "max-tunnels", "replacement", "offload", "learn-next-hop", "first-packet",
    NULL
};
static const char *const vf_options[] = {
    "vf", "mac", "vni", "vlan", "unknown", "upcall-rate", NULL
};

static int parse_role(const char *name, const struct smap *,
                      struct hwv_config *, char **errp);
static int parse_pf(const struct smap *, struct hwv_config *, char **errp);
static int parse_vf(const struct smap *, struct hwv_config *, char **errp);
static int parse_segment(const struct smap *, struct hwv_config *,
                         char **errp);
static int parse_wire(const char *name, const struct smap *,
                      struct hwv_config *, char **errp);
static int parse_wire_options(const struct smap *, struct hwv_config *,
                              char **errp);

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

/* Refuses the options 'keys', which only make sense for 'whom'. */
static int
refuse_options(const struct smap *options, const char *const keys[],
               const char *whom, char **errp)
{
    for (size_t i = 0; keys[i]; i++) {
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
    const char *first_packet = smap_get_def(options, "first-packet", "cpu");
    int error;

    config->id = HWV_UPLINK;
    error = refuse_options(options, vf_options,
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
    const char *vf = smap_get(options, "vf");
    const char *quota = smap_get(options, "max-flows");
    const char *rate = smap_get(options, "upcall-rate");
    const char *mac = smap_get(options, "mac");
    unsigned int id;
    int error;

    error = refuse_options(options, pf_options, "a PF", errp);
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

/* Stores into '*config' which device the wire is. */
static int
parse_wire(const char *name, const struct smap *options,
           struct hwv_config *config, char **errp)
{
    const char *wire = smap_get(options, "wire");
    const struct hwv_wire_class *class
        = wire ? hwv_wire_class_find(wire) : hwv_wire_classes[0];
    const char *dev = smap_get(options, "wire-dev");
    const char *value;

    if (!class) {
        struct ds allowed = DS_EMPTY_INITIALIZER;

        hwv_wire_class_format_names(NULL, &allowed);
        fail(errp, xasprintf("options:wire=%s: use one of %s", wire,
                             ds_cstr(&allowed)));
        ds_destroy(&allowed);
        return EINVAL;
    }

    config->wire_class = class;
    value = class->device ? smap_get(options, class->device) : NULL;
    if (class->device && (!value || !value[0])) {
        return fail(errp, xasprintf("options:wire=%s%s needs options:%s, %s",
                                    class->name, wire ? "" : " (default)",
                                    class->device, class->device_help));
    }
    if (class->suffix) {
        if (dev) {
            return fail(errp, xasprintf("options:wire-dev=%s is only for "
                                        "wire=system and wire=afxdp", dev));
        }
        config->wire_name = xasprintf("%s%s", name, class->suffix);
    } else {
        if (strlen(dev) >= IFNAMSIZ) {
            return fail(errp, xasprintf("options:wire-dev=%s: use %s", dev,
                                        class->device_help));
        }
        if (!strcmp(dev, name)) {
            return fail(errp, xasprintf("options:wire-dev=%s: the Interface "
                                        "needs another name than its kernel "
                                        "device", dev));
        }
        config->wire_name = xstrdup(dev);
    }
    return parse_wire_options(options, config, errp);
}

static void
format_names(const char *const names[], struct ds *s)
{
    for (size_t i = 0; names[i]; i++) {
        ds_put_format(s, ", %s", names[i]);
    }
}

/* Explains that options:'key'='value' is neither ours nor the wire's. */
static char *
explain_unknown(const char *key, const char *value,
                const struct hwv_config *config)
{
    const struct hwv_wire_class *class = config->wire_class;
    struct ds others = DS_EMPTY_INITIALIZER;
    struct ds known = DS_EMPTY_INITIALIZER;
    char *message;

    hwv_wire_class_format_names(key, &others);
    if (others.length) {
        message = xasprintf("options:%s=%s is only for a wire of type %s", key,
                            value, ds_cstr(&others));
    } else {
        format_names(common_options, &known);
        format_names(config->is_pf ? pf_options : vf_options, &known);
        format_names(class->options, &known);
        message = xasprintf("options:%s=%s is unknown: a %s with wire=%s has "
                            "%s", key, value, config->is_pf ? "PF" : "VF",
                            class->name, ds_cstr(&known) + strlen(", "));
    }
    ds_destroy(&others);
    ds_destroy(&known);
    return message;
}

/* What is not ours is the wire's, or a mistake that OVS's netdevs would not
 * notice. */
static int
parse_wire_options(const struct smap *options, struct hwv_config *config,
                   char **errp)
{
    const struct smap_node **nodes = smap_sort(options);
    int error = 0;

    for (size_t i = 0; i < smap_count(options) && !error; i++) {
        const char *key = nodes[i]->key, *value = nodes[i]->value;

        if (hwv_wire_class_has_option(config->wire_class, key)) {
            smap_add(&config->wire_options, key, value);
        } else if (!hwv_options_contain(common_options, key)
                   && !hwv_options_contain(pf_options, key)
                   && !hwv_options_contain(vf_options, key)) {
            error = fail(errp, explain_unknown(key, value, config));
        }
    }
    free(nodes);
    return error;
}
