/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-segments-private.h"

#include "hash.h"
#include "hwv-fdb.h"
#include "hwv-fdb-instance.h"
#include "hwv-rule-store.h"
#include "hwv-vtep.h"
#include "ofproto/ofproto-dpif.h"
#include "packets.h"
#include "util.h"

static uint32_t eth_addr_hash(struct eth_addr);
static enum hwv_segment_belief belief_of(const struct hwv_fdb_entry *);
static void install(const struct hwv_segment *,
                    const struct hwv_segment_mac *);
static void remove_mac(struct hwv_segment *, struct hwv_segment_mac *);

void
hwv_segment_macs_init(struct hwv_segment *segment)
{
    hmap_init(&segment->macs);
}

void
hwv_segment_macs_destroy(struct hwv_segment *segment)
{
    struct hwv_segment_mac *sm;

    HMAP_FOR_EACH_SAFE (sm, node, &segment->macs) {
        remove_mac(segment, sm);
    }
    hmap_destroy(&segment->macs);
}

void
hwv_segment_update_mac(struct hwv_segment *segment, struct eth_addr mac,
                       const struct hwv_fdb_entry *entry)
{
    struct hwv_segment_mac *sm = hwv_segment_mac_find(segment, mac);
    struct hwv_segment_vtep *old_vtep = NULL;

    if (!entry || !hwv_segment_can_have(segment, &entry->dst)) {
        if (sm) {
            remove_mac(segment, sm);
        }
        return;
    }

    if (sm) {
        old_vtep = sm->vtep;
    } else {
        sm = xzalloc(sizeof *sm);
        sm->mac = mac;
        sm->muted = hwv_segment_learn_muted(segment, mac);
        hmap_insert(&segment->macs, &sm->node, eth_addr_hash(mac));
    }
    sm->port = entry->dst.port;
    sm->vtep = (hwv_fdb_dst_is_local(&entry->dst) ? NULL
                : hwv_segment_vtep_ref(&entry->dst.vtep));
    sm->belief = belief_of(entry);
    install(segment, sm);
    hwv_segment_vtep_unref(old_vtep);
}

void
hwv_segment_update_macs(struct hwv_segment *segment)
{
    const struct hwv_fdb *fdb = hwv_fdb_instance();
    const struct hwv_fdb_entry *entry = NULL;
    struct hwv_segment_mac *sm;

    HMAP_FOR_EACH_SAFE (sm, node, &segment->macs) {
        entry = hwv_fdb_lookup(fdb, &segment->vtag, sm->mac);
        hwv_segment_update_mac(segment, sm->mac, entry);
    }
    entry = NULL;
    while ((entry = hwv_fdb_next(fdb, &segment->vtag, entry))) {
        if (!hwv_segment_mac_find(segment, entry->mac)) {
            hwv_segment_update_mac(segment, entry->mac, entry);
        }
    }
}

/* Every frame from an address matches this rule, whichever way it goes on. */
long long int
hwv_segment_mac_used(const struct hwv_fdb_entry *entry, void *aux OVS_UNUSED)
{
    const struct hwv_segment *segment = hwv_segment_find(entry->vtag);
    struct hwv_segment_place place = { .port = OFPP_NONE };
    struct hwv_rule_stats stats;
    struct hwv_rule rule;
    bool found;

    if (!segment || !hwv_segment_mac_find(segment, entry->mac)) {
        return 0;
    }
    hwv_rule_source_known(&rule, &segment->vtag, entry->mac, &place,
                          HWV_BELIEF_LEARNED);
    found = hwv_rule_get_stats(segment->bridge->ofproto, &rule, &stats);
    hwv_rule_destroy(&rule);
    return found ? stats.used : 0;
}

void
hwv_segment_mute_mac(struct hwv_segment *segment, struct eth_addr mac,
                     bool mute)
{
    struct hwv_segment_mac *sm = hwv_segment_mac_find(segment, mac);

    if (sm && sm->muted != mute) {
        sm->muted = mute;
        install(segment, sm);
    }
}

struct hwv_segment_mac *
hwv_segment_mac_find(const struct hwv_segment *segment, struct eth_addr mac)
{
    struct hwv_segment_mac *sm;

    HMAP_FOR_EACH_WITH_HASH (sm, node, eth_addr_hash(mac), &segment->macs) {
        if (eth_addr_equals(sm->mac, mac)) {
            return sm;
        }
    }
    return NULL;
}

bool
hwv_segment_can_have(const struct hwv_segment *segment,
                     const struct hwv_fdb_dst *dst)
{
    bool is_vxlan = segment->vtag.type == HWV_VTAG_VXLAN;

    if (!hwv_fdb_dst_is_local(dst)) {
        return is_vxlan;
    }
    return (hwv_segment_member(segment, dst->port)
            || (!is_vxlan && dst->port == segment->trunk));
}

static uint32_t
eth_addr_hash(struct eth_addr mac)
{
    return hash_mac(mac, 0, 0);
}

static enum hwv_segment_belief
belief_of(const struct hwv_fdb_entry *entry)
{
    return (hwv_fdb_origin_is_static(entry->origin) ? HWV_BELIEF_STATIC
            : entry->origin == HWV_FDB_KERNEL ? HWV_BELIEF_STAYS
            : HWV_BELIEF_LEARNED);
}

static void
install(const struct hwv_segment *segment, const struct hwv_segment_mac *sm)
{
    struct ofproto_dpif *ofproto = segment->bridge->ofproto;
    struct hwv_segment_place place = {
        .vtep = sm->vtep ? sm->vtep->vtep->id : 0,
        .port = sm->port,
    };
    enum hwv_segment_belief belief = sm->belief;
    struct hwv_rule rule;

    if (belief == HWV_BELIEF_LEARNED && sm->muted) {
        belief = HWV_BELIEF_STAYS;
    }
    hwv_rule_source_known(&rule, &segment->vtag, sm->mac, &place, belief);
    hwv_rule_install(ofproto, &rule);
    hwv_rule_destroy(&rule);
    hwv_rule_target_known(&rule, &segment->vtag, sm->mac, &place,
                          segment->trunk);
    hwv_rule_install(ofproto, &rule);
    hwv_rule_destroy(&rule);
}

static void
remove_mac(struct hwv_segment *segment, struct hwv_segment_mac *sm)
{
    struct ofproto_dpif *ofproto = segment->bridge->ofproto;
    struct hwv_segment_place place = { .port = OFPP_NONE };
    struct hwv_rule rule;

    hwv_rule_target_known(&rule, &segment->vtag, sm->mac, &place, OFPP_NONE);
    hwv_rule_remove(ofproto, &rule);
    hwv_rule_destroy(&rule);
    hwv_rule_source_known(&rule, &segment->vtag, sm->mac, &place, sm->belief);
    hwv_rule_remove(ofproto, &rule);
    hwv_rule_destroy(&rule);
    hwv_segment_vtep_unref(sm->vtep);
    hmap_remove(&segment->macs, &sm->node);
    free(sm);
}
