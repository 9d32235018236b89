/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-segments-private.h"

#include "connectivity.h"
#include "hash.h"
#include "hwv-fdb.h"
#include "hwv-rule-store.h"
#include "netdev.h"
#include "netdev-vport.h"
#include "ofproto/ofproto-dpif.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "seq.h"
#include "util.h"

/* A VF that says that it is in a segment. */
struct candidate {
    struct hwv_bridge *bridge;
    struct ofport *ofport;
    struct hwv_segment_config config;
    ofp_port_t trunk;           /* For its segment in 'bridge'. */
};

struct candidates {
    struct candidate *array;
    size_t n;
    size_t allocated;
};

static void collect(struct candidates *);
static int compare_candidates(const void *, const void *);
static ofp_port_t find_uplink(const struct hwv_bridge *, const char *pf);
static void update_segments(const struct candidates *);
static const struct candidate *choose(const struct candidate *, size_t n);
static void update_segment(const struct candidate *, size_t n);
static void add_members(const struct candidates *);
static void update_leads(const struct candidates *);
static void tell_state(const struct candidate *);

static uint64_t config_seqno;
static uint64_t connectivity_seqno;

bool
hwv_members_changed(void)
{
    const struct hwv_bridge *bridge;

    if (seq_read(hwv_netdev_config_seq()) != config_seqno
        || seq_read(connectivity_seq_get()) != connectivity_seqno) {
        return true;
    }
    HMAP_FOR_EACH (bridge, node, &hwv_bridges) {
        if (bridge->n_ports != hmap_count(&bridge->ofproto->up.ports)) {
            return true;
        }
    }
    return false;
}

void
hwv_members_update(void)
{
    struct candidates candidates = { .n = 0 };
    struct hwv_bridge *bridge;

    config_seqno = seq_read(hwv_netdev_config_seq());
    connectivity_seqno = seq_read(connectivity_seq_get());
    HMAP_FOR_EACH (bridge, node, &hwv_bridges) {
        bridge->n_ports = hmap_count(&bridge->ofproto->up.ports);
        hwv_bridge_update_tunnel(bridge);
    }

    collect(&candidates);
    update_segments(&candidates);
    add_members(&candidates);
    hwv_segments_complete();
    update_leads(&candidates);
    for (size_t i = 0; i < candidates.n; i++) {
        tell_state(&candidates.array[i]);
    }
    free(candidates.array);
}

void
hwv_members_wait(void)
{
    if (hwv_members_changed()) {
        poll_immediate_wake();
    } else {
        seq_wait(hwv_netdev_config_seq(), config_seqno);
        seq_wait(connectivity_seq_get(), connectivity_seqno);
    }
}

void
hwv_members_bridge_gone(struct hwv_bridge *bridge)
{
    struct hwv_segment *segment;

    HMAP_FOR_EACH_SAFE (segment, node, &hwv_segments) {
        if (segment->bridge == bridge) {
            hwv_segment_destroy(segment);
        }
    }
    hwv_members_invalidate();   /* Another bridge may have the segment now. */
}

void
hwv_members_invalidate(void)
{
    config_seqno = 0;           /* No seq is ever 0. */
}

/* Collects the VFs of all segments, the VFs of a segment one after the other,
 * those of the same bridge one after the other, too. */
static void
collect(struct candidates *candidates)
{
    struct hwv_bridge *bridge;
    struct ofport *ofport;

    HMAP_FOR_EACH (bridge, node, &hwv_bridges) {
        HMAP_FOR_EACH (ofport, hmap_node, &bridge->ofproto->up.ports) {
            struct hwv_segment_config config;
            struct candidate *candidate;
            char *pf;

            if (!hwv_netdev_get_segment(ofport->netdev, &config)) {
                continue;
            }
            if (candidates->n == candidates->allocated) {
                candidates->array = x2nrealloc(candidates->array,
                                               &candidates->allocated,
                                               sizeof *candidates->array);
            }
            candidate = &candidates->array[candidates->n++];
            candidate->bridge = bridge;
            candidate->ofport = ofport;
            candidate->config = config;
            candidate->trunk = bridge->tunnel;
            if (config.vtag.type == HWV_VTAG_VLAN) {
                pf = hwv_netdev_get_pf(ofport->netdev);
                candidate->trunk = pf ? find_uplink(bridge, pf) : OFPP_NONE;
                free(pf);
            }
        }
    }
    if (candidates->n) {
        qsort(candidates->array, candidates->n, sizeof *candidates->array,
              compare_candidates);
    }
}

static int
compare_candidates(const void *a_, const void *b_)
{
    const struct candidate *a = a_;
    const struct candidate *b = b_;
    uint32_t a_reg = hwv_segment_vtag_reg(&a->config.vtag);
    uint32_t b_reg = hwv_segment_vtag_reg(&b->config.vtag);
    uint32_t a_port = ofp_to_u16(a->ofport->ofp_port);
    uint32_t b_port = ofp_to_u16(b->ofport->ofp_port);

    if (a_reg != b_reg) {
        return a_reg < b_reg ? -1 : 1;
    }
    if (a->bridge != b->bridge) {
        return strcmp(a->bridge->name, b->bridge->name);
    }
    return a_port < b_port ? -1 : a_port > b_port;
}

/* Returns the port of 'bridge' that leads to PF 'pf': its own, or a patch port
 * to a bridge that has it, or OFPP_NONE. */
static ofp_port_t
find_uplink(const struct hwv_bridge *bridge, const char *pf)
{
    const struct shash *ports = &bridge->ofproto->up.port_by_name;
    const struct ofport *ofport = shash_find_data(ports, pf);
    const struct hwv_bridge *peer;
    struct shash_node *node;

    if (ofport) {
        return ofport->ofp_port;
    }
    HMAP_FOR_EACH (peer, node, &hwv_bridges) {
        const struct shash *peers = &peer->ofproto->up.port_by_name;

        if (peer == bridge || !shash_find(peers, pf)) {
            continue;
        }
        SHASH_FOR_EACH (node, ports) {
            char *name;

            ofport = node->data;
            name = netdev_vport_patch_peer(ofport->netdev);
            if (name && shash_find(peers, name)) {
                free(name);
                return ofport->ofp_port;
            }
            free(name);
        }
    }
    return OFPP_NONE;
}

/* Segments that go, and members, have to go before others come: a member that
 * comes may have the port of one that goes. */
static void
update_segments(const struct candidates *candidates)
{
    struct hwv_segment *segment;
    size_t n;

    HMAP_FOR_EACH (segment, node, &hwv_segments) {
        segment->wanted = false;
    }
    for (size_t i = 0; i < candidates->n; i += n) {
        const struct candidate *first = &candidates->array[i];

        for (n = 1; i + n < candidates->n
                    && hwv_vtag_equal(&first->config.vtag,
                                      &first[n].config.vtag); n++) {
            continue;
        }
        update_segment(first, n);
    }
    HMAP_FOR_EACH_SAFE (segment, node, &hwv_segments) {
        if (!segment->wanted) {
            hwv_segment_destroy(segment);
        }
    }
}

/* Returns the candidate, of 'n' with the same VTAG, whose bridge and trunk the
 * segment has. */
static const struct candidate *
choose(const struct candidate *candidates, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (candidates[i].trunk != OFPP_NONE) {
            return &candidates[i];
        }
    }
    return candidates;
}

/* Brings the segment of 'n' candidates with the same VTAG up to date, but for
 * members that are new. */
static void
update_segment(const struct candidate *candidates, size_t n)
{
    const struct candidate *chosen = choose(candidates, n);
    const struct hwv_vtag *vtag = &chosen->config.vtag;
    struct hwv_segment *segment = hwv_segment_find(vtag);
    struct hwv_member *member;

    if (segment && segment->bridge != chosen->bridge) {
        hwv_segment_destroy(segment);
        segment = NULL;
    }
    if (!segment) {
        segment = hwv_segment_create(vtag, chosen->bridge);
    }
    segment->wanted = true;
    hwv_segment_set_trunk(segment, chosen->trunk);

    HMAP_FOR_EACH (member, node, &segment->members) {
        member->wanted = false;
    }
    for (size_t i = 0; i < n; i++) {
        const struct candidate *c = &candidates[i];

        member = hwv_segment_member(segment, c->ofport->ofp_port);
        if (c->bridge == segment->bridge && member) {
            if (!hwv_segment_config_equal(&member->config, &c->config)) {
                hwv_segment_change_member(segment, member, &c->config);
            }
            member->wanted = true;
        }
    }
    HMAP_FOR_EACH_SAFE (member, node, &segment->members) {
        if (!member->wanted) {
            hwv_segment_remove_member(segment, member);
        }
    }
}

static void
add_members(const struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->n; i++) {
        const struct candidate *c = &candidates->array[i];
        struct hwv_segment *segment = hwv_segment_find(&c->config.vtag);

        if (segment->bridge == c->bridge
            && !hwv_segment_member(segment, c->ofport->ofp_port)) {
            hwv_segment_add_member(segment, c->ofport->ofp_port, &c->config);
        }
    }
}

/* VFs of a segment that is on another bridge have one, too: the user's rules
 * must not get their packets. */
static void
update_leads(const struct candidates *candidates)
{
    struct hwv_segment *segment;
    struct hwv_bridge *bridge;

    HMAP_FOR_EACH (bridge, node, &hwv_bridges) {
        hwv_bridge_leads_begin(bridge);
    }
    for (size_t i = 0; i < candidates->n; i++) {
        const struct candidate *c = &candidates->array[i];

        hwv_bridge_want_lead(c->bridge, c->ofport->ofp_port, HWV_LEAD_VF);
    }
    HMAP_FOR_EACH (segment, node, &hwv_segments) {
        if (segment->trunk != OFPP_NONE) {
            hwv_bridge_want_lead(segment->bridge, segment->trunk,
                                 segment->vtag.type == HWV_VTAG_VXLAN
                                 ? HWV_LEAD_TUNNEL : HWV_LEAD_UPLINK);
        }
    }
    HMAP_FOR_EACH (bridge, node, &hwv_bridges) {
        hwv_bridge_leads_end(bridge);
    }
}

static void
tell_state(const struct candidate *c)
{
    const struct hwv_segment *segment = hwv_segment_find(&c->config.vtag);
    struct ds state = DS_EMPTY_INITIALIZER;

    if (segment->bridge != c->bridge) {
        ds_put_format(&state, "down: the segment is on bridge %s",
                      segment->bridge->name);
    } else if (hwv_bridge_lead_taken(c->bridge, c->ofport->ofp_port)) {
        ds_put_cstr(&state, "down: there is another rule with in_port and "
                    "priority 1 in table 0");
    } else {
        hwv_segment_format_state(segment, &state);
    }
    hwv_netdev_set_segment_state(c->ofport->netdev, ds_cstr(&state));
    ds_destroy(&state);
}
