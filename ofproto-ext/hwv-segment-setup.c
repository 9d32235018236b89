/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-segments-private.h"

#include "hash.h"
#include "hwv-fdb.h"
#include "hwv-fdb-instance.h"
#include "hwv-rule-store.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

struct hmap hwv_segments = HMAP_INITIALIZER(&hwv_segments);

/* Rules that a segment, its trunk, or a member of it has. */
typedef void for_rules_cb(const struct hwv_segment *, struct hwv_rule *);

static void segment_rules(const struct hwv_segment *, for_rules_cb *);
static void trunk_rules(const struct hwv_segment *, for_rules_cb *);
static void member_rules(const struct hwv_segment *, const struct hwv_member *,
                         for_rules_cb *);
static void no_flood_rule(const struct hwv_segment *,
                          const struct hwv_member *, for_rules_cb *);
static void tell_macs(const struct hwv_segment *, const struct hwv_member *);
static void forget_macs(const struct hwv_segment *, const struct hwv_member *);
static const struct hwv_member *find_heir(const struct hwv_segment *,
                                          const struct hwv_member *);
static void install(const struct hwv_segment *, struct hwv_rule *);
static void uninstall(const struct hwv_segment *, struct hwv_rule *);

struct hwv_segment *
hwv_segment_find(const struct hwv_vtag *vtag)
{
    struct hwv_segment *segment;

    HMAP_FOR_EACH_WITH_HASH (segment, node, hwv_vtag_hash(vtag, 0),
                             &hwv_segments) {
        if (hwv_vtag_equal(&segment->vtag, vtag)) {
            return segment;
        }
    }
    return NULL;
}

struct hwv_member *
hwv_segment_member(const struct hwv_segment *segment, ofp_port_t port)
{
    struct hwv_member *member;

    HMAP_FOR_EACH_WITH_HASH (member, node, hash_ofp_port(port),
                             &segment->members) {
        if (member->port == port) {
            return member;
        }
    }
    return NULL;
}

void
hwv_segment_format_state(const struct hwv_segment *segment, struct ds *state)
{
    if (segment->trunk != OFPP_NONE) {
        ds_put_cstr(state, "up");
    } else if (segment->vtag.type == HWV_VTAG_VXLAN) {
        ds_put_format(state, "local: bridge %s has no port with type=vxlan, "
                      "options:remote_ip=flow and options:key=flow",
                      segment->bridge->name);
    } else {
        ds_put_format(state, "local: the PF is neither on bridge %s nor on "
                      "one that a patch port leads to",
                      segment->bridge->name);
    }
}

struct hwv_segment *
hwv_segment_create(const struct hwv_vtag *vtag, struct hwv_bridge *bridge)
{
    struct hwv_segment *segment = xzalloc(sizeof *segment);

    segment->vtag = *vtag;
    segment->bridge = bridge;
    segment->trunk = OFPP_NONE;
    hmap_init(&segment->members);
    hmap_insert(&hwv_segments, &segment->node, hwv_vtag_hash(vtag, 0));
    hwv_segment_macs_init(segment);
    segment->macs_changed = true;
    segment_rules(segment, install);
    hwv_segment_flood_changed(segment);
    return segment;
}

void
hwv_segment_destroy(struct hwv_segment *segment)
{
    struct hwv_member *member;

    HMAP_FOR_EACH_SAFE (member, node, &segment->members) {
        hwv_segment_remove_member(segment, member);
    }
    hmap_destroy(&segment->members);
    hwv_segment_learn_forget(segment);
    hwv_segment_set_trunk(segment, OFPP_NONE);
    hwv_segment_macs_destroy(segment);
    hwv_segment_flood_destroy(segment);
    segment_rules(segment, uninstall);
    hmap_remove(&hwv_segments, &segment->node);
    free(segment);
}

void
hwv_segment_set_trunk(struct hwv_segment *segment, ofp_port_t trunk)
{
    if (segment->trunk == trunk) {
        return;
    }
    if (segment->trunk != OFPP_NONE) {
        hwv_segment_keep_trunk_drops(segment);
        trunk_rules(segment, uninstall);
    }
    segment->trunk = trunk;
    if (trunk != OFPP_NONE) {
        trunk_rules(segment, install);
    }
    segment->macs_changed = true;
    hwv_segment_flood_changed(segment);
}

void
hwv_segment_add_member(struct hwv_segment *segment, ofp_port_t port,
                       const struct hwv_segment_config *config)
{
    struct hwv_member *member = xzalloc(sizeof *member);

    member->port = port;
    member->config = *config;
    hmap_insert(&segment->members, &member->node, hash_ofp_port(port));
    member_rules(segment, member, install);
    tell_macs(segment, member);
    hwv_segment_flood_changed(segment);
}

/* Traffic of the VF goes on meanwhile. */
void
hwv_segment_change_member(struct hwv_segment *segment,
                          struct hwv_member *member,
                          const struct hwv_segment_config *config)
{
    bool new_mac = (member->config.has_mac != config->has_mac
                    || (config->has_mac
                        && !eth_addr_equals(member->config.mac,
                                            config->mac)));

    if (new_mac) {
        forget_macs(segment, member);
    }
    if (config->unknown_flood && !member->config.unknown_flood) {
        hwv_segment_keep_unknown_drops(segment, member);
        no_flood_rule(segment, member, uninstall);
    } else if (!config->unknown_flood && member->config.unknown_flood) {
        no_flood_rule(segment, member, install);
    }
    member->config = *config;
    if (new_mac) {
        tell_macs(segment, member);
    }
}

void
hwv_segment_remove_member(struct hwv_segment *segment,
                          struct hwv_member *member)
{
    forget_macs(segment, member);
    hwv_segment_keep_drops(segment, member);
    member_rules(segment, member, uninstall);
    hmap_remove(&segment->members, &member->node);
    free(member);
    hwv_segment_flood_changed(segment);
}

void
hwv_segments_complete(void)
{
    struct hwv_segment *segment;

    HMAP_FOR_EACH (segment, node, &hwv_segments) {
        if (segment->macs_changed) {
            segment->macs_changed = false;
            hwv_segment_update_macs(segment);
        }
    }
    hwv_segment_floods_run();
}

static void
segment_rules(const struct hwv_segment *segment, for_rules_cb *cb)
{
    struct hwv_rule rule;

    hwv_rule_source_multicast(&rule, &segment->vtag);
    cb(segment, &rule);
    hwv_rule_source_zero(&rule, &segment->vtag);
    cb(segment, &rule);
    hwv_rule_source_unknown(&rule, &segment->vtag);
    cb(segment, &rule);
    hwv_rule_place_wrong(&rule, &segment->vtag, HWV_BELIEF_LEARNED);
    cb(segment, &rule);
    hwv_rule_place_wrong(&rule, &segment->vtag, HWV_BELIEF_STAYS);
    cb(segment, &rule);
    hwv_rule_place_wrong(&rule, &segment->vtag, HWV_BELIEF_STATIC);
    cb(segment, &rule);
    hwv_rule_vtep_down(&rule, &segment->vtag);
    cb(segment, &rule);
}

/* What comes from the trunk goes to the members only: see also
 * hwv-segment-flood.c. */
static void
trunk_rules(const struct hwv_segment *segment, for_rules_cb *cb)
{
    struct hwv_rule rule;

    hwv_rule_vtep_from_tunnel(&rule, &segment->vtag, segment->trunk);
    cb(segment, &rule);
    hwv_rule_entry_trunk(&rule, segment->trunk, &segment->vtag);
    cb(segment, &rule);
    if (cb == uninstall) {
        struct hwv_segment_flood flood = { .n_ports = 0 };

        hwv_rule_target_from_trunk(&rule, &segment->vtag, segment->trunk,
                                   &flood);
        cb(segment, &rule);
    }
}

static void
member_rules(const struct hwv_segment *segment,
             const struct hwv_member *member, for_rules_cb *cb)
{
    struct hwv_rule rule;

    if (segment->vtag.type == HWV_VTAG_VLAN) {
        hwv_rule_entry_tagged(&rule, member->port);
        cb(segment, &rule);
    }
    if (!member->config.unknown_flood) {
        no_flood_rule(segment, member, cb);
    }
    hwv_rule_entry_vf(&rule, member->port, &segment->vtag);
    cb(segment, &rule);
}

static void
no_flood_rule(const struct hwv_segment *segment,
              const struct hwv_member *member, for_rules_cb *cb)
{
    struct hwv_rule rule;

    hwv_rule_target_no_flood(&rule, &segment->vtag, member->port);
    cb(segment, &rule);
}

/* Tells the FDB what is configured about MACs behind 'member'. */
static void
tell_macs(const struct hwv_segment *segment, const struct hwv_member *member)
{
    struct hwv_fdb_dst dst = hwv_fdb_dst_port(member->port);

    if (member->config.has_mac) {
        hwv_fdb_add(hwv_fdb_instance(), &segment->vtag, member->config.mac,
                    &dst, HWV_FDB_LOCAL);
    }
}

/* Lets the FDB forget what it knows to be behind 'member', also what it has
 * learned.  Somebody else may have the same 'options:mac', and have it in the
 * FDB, too, or has it from now on. */
static void
forget_macs(const struct hwv_segment *segment, const struct hwv_member *member)
{
    struct hwv_fdb_dst dst = hwv_fdb_dst_port(member->port);
    struct hwv_fdb *fdb = hwv_fdb_instance();

    if (member->config.has_mac) {
        const struct hwv_fdb_entry *entry
            = hwv_fdb_lookup_origin(fdb, &segment->vtag, member->config.mac,
                                    HWV_FDB_LOCAL);

        if (entry && hwv_fdb_dst_equal(&entry->dst, &dst)) {
            const struct hwv_member *heir = find_heir(segment, member);

            hwv_fdb_del(fdb, &segment->vtag, member->config.mac,
                        HWV_FDB_LOCAL);
            if (heir) {
                tell_macs(segment, heir);
            }
        }
    }
    hwv_fdb_flush_dst(fdb, &segment->vtag, &dst);
}

/* Returns another member with the 'options:mac' of 'member', the one with the
 * lowest port number if there are several, or NULL. */
static const struct hwv_member *
find_heir(const struct hwv_segment *segment, const struct hwv_member *member)
{
    const struct hwv_member *other, *heir = NULL;

    HMAP_FOR_EACH (other, node, &segment->members) {
        if (other != member && other->config.has_mac
            && eth_addr_equals(other->config.mac, member->config.mac)
            && (!heir || ofp_to_u16(other->port) < ofp_to_u16(heir->port))) {
            heir = other;
        }
    }
    return heir;
}

static void
install(const struct hwv_segment *segment, struct hwv_rule *rule)
{
    hwv_rule_install(segment->bridge->ofproto, rule);
    hwv_rule_destroy(rule);
}

static void
uninstall(const struct hwv_segment *segment, struct hwv_rule *rule)
{
    hwv_rule_remove(segment->bridge->ofproto, rule);
    hwv_rule_destroy(rule);
}
