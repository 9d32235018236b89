/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-segments-private.h"

#include "hash.h"
#include "hwv-rule-store.h"
#include "hwv-vtep.h"
#include "util.h"

/* VTEPs that segments send to, by IP address. */
static struct hmap vteps = HMAP_INITIALIZER(&vteps);

static void install_everywhere(const struct hwv_vtep *);
static void install(struct hwv_bridge *, const struct hwv_vtep *);
static void uninstall(struct hwv_bridge *, const struct hwv_vtep *,
                      ofp_port_t tunnel);

static uint32_t
hash_ip(const struct in6_addr *ip)
{
    return hash_bytes(ip, sizeof *ip, 0);
}

struct hwv_segment_vtep *
hwv_segment_vtep_ref(const struct in6_addr *ip)
{
    struct hwv_segment_vtep *sv;

    HMAP_FOR_EACH_WITH_HASH (sv, node, hash_ip(ip), &vteps) {
        if (ipv6_addr_equals(&sv->vtep->ip, ip)) {
            sv->n_refs++;
            return sv;
        }
    }

    sv = xmalloc(sizeof *sv);
    sv->vtep = hwv_vtep_ref(ip);
    sv->n_refs = 1;
    hmap_insert(&vteps, &sv->node, hash_ip(ip));
    install_everywhere(sv->vtep);
    return sv;
}

void
hwv_segment_vtep_unref(struct hwv_segment_vtep *sv)
{
    struct hwv_bridge *bridge;

    if (!sv || --sv->n_refs) {
        return;
    }
    HMAP_FOR_EACH (bridge, node, &hwv_bridges) {
        uninstall(bridge, sv->vtep, bridge->tunnel);
    }
    hmap_remove(&vteps, &sv->node);
    hwv_vtep_unref(sv->vtep);
    free(sv);
}

void
hwv_segment_vtep_changed(struct hwv_vtep *vtep, void *aux OVS_UNUSED)
{
    struct hwv_segment_vtep *sv;

    HMAP_FOR_EACH_WITH_HASH (sv, node, hash_ip(&vtep->ip), &vteps) {
        if (sv->vtep == vtep) {
            install_everywhere(vtep);
        }
    }
}

void
hwv_segment_vteps_install(struct hwv_bridge *bridge)
{
    struct hwv_segment_vtep *sv;

    HMAP_FOR_EACH (sv, node, &vteps) {
        install(bridge, sv->vtep);
    }
}

void
hwv_segment_vteps_remove(struct hwv_bridge *bridge, ofp_port_t tunnel)
{
    struct hwv_segment_vtep *sv;

    HMAP_FOR_EACH (sv, node, &vteps) {
        uninstall(bridge, sv->vtep, tunnel);
    }
}

static void
install_everywhere(const struct hwv_vtep *vtep)
{
    struct hwv_bridge *bridge;

    HMAP_FOR_EACH (bridge, node, &hwv_bridges) {
        install(bridge, vtep);
    }
}

static void
install(struct hwv_bridge *bridge, const struct hwv_vtep *vtep)
{
    struct hwv_rule rule;

    if (bridge->tunnel == OFPP_NONE) {
        return;
    }
    hwv_rule_place_vtep(&rule, vtep->id, &vtep->ip, bridge->tunnel);
    hwv_rule_install(bridge->ofproto, &rule);
    hwv_rule_destroy(&rule);
    hwv_rule_released(&rule, vtep->id, &vtep->ip, bridge->tunnel);
    hwv_rule_install(bridge->ofproto, &rule);
    hwv_rule_destroy(&rule);
    hwv_rule_vtep(&rule, vtep->id, &vtep->ip, bridge->tunnel,
                  vtep->use == HWV_VTEP_HOLD);
    if (vtep->use == HWV_VTEP_DROP) {
        hwv_rule_remove(bridge->ofproto, &rule);
    } else {
        hwv_rule_install(bridge->ofproto, &rule);
    }
    hwv_rule_destroy(&rule);
}

static void
uninstall(struct hwv_bridge *bridge, const struct hwv_vtep *vtep,
          ofp_port_t tunnel)
{
    struct hwv_rule rule;

    if (tunnel == OFPP_NONE) {
        return;
    }
    hwv_rule_vtep(&rule, vtep->id, &vtep->ip, tunnel, false);
    hwv_rule_remove(bridge->ofproto, &rule);
    hwv_rule_destroy(&rule);
    hwv_rule_released(&rule, vtep->id, &vtep->ip, tunnel);
    hwv_rule_remove(bridge->ofproto, &rule);
    hwv_rule_destroy(&rule);
    hwv_rule_place_vtep(&rule, vtep->id, &vtep->ip, tunnel);
    hwv_rule_remove(bridge->ofproto, &rule);
    hwv_rule_destroy(&rule);
}
