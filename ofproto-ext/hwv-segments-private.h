/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_SEGMENTS_PRIVATE_H
#define HWV_SEGMENTS_PRIVATE_H 1

/* What the files that implement segments share
 * ============================================
 *
 *     hwv-segments.c          the main loop
 *     hwv-segment-bridge.c    bridges: trunks, rules in table 0
 *     hwv-segment-member.c    which VFs are in which segment
 *     hwv-segment-setup.c     rules of segments and members
 *     hwv-segment-mac.c       rules of addresses
 *     hwv-segment-learn.c     learning
 *     hwv-segment-flood.c     rules of flood lists
 *     hwv-segment-vtep.c      rules of VTEPs
 *     hwv-segment-drops.c     what is dropped
 *     hwv-segment-cmd.c       hwvxlan/segment-show
 *
 * Main thread only. */

#include "hwv-segment.h"
#include "hwv-segment-rules.h"
#include "hwv-vtag.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "versions.h"

struct ds;
struct hwv_fdb_dst;
struct hwv_fdb_entry;
struct hwv_learn;
struct hwv_vtep;
struct ofproto_dpif;

/* Bridges
 * ------- */

/* A rule in table 0 that leads to the internal table. */
struct hwv_lead {
    struct hmap_node node;      /* In its bridge's, by 'port'. */
    ofp_port_t port;
    enum hwv_lead_kind { HWV_LEAD_VF, HWV_LEAD_TUNNEL, HWV_LEAD_UPLINK } kind;
    bool taken;                 /* The user has a rule of this match. */
    bool wanted;                /* While leads are collected. */
};

struct hwv_bridge {
    struct hmap_node node;      /* In all bridges, by name. */
    struct ofproto_dpif *ofproto;
    const char *name;           /* The ofproto's. */
    size_t n_ports;             /* When last looked at. */
    ofp_port_t tunnel;          /* Tunnel port, or OFPP_NONE. */
    struct hmap leads;          /* "struct hwv_lead"s. */
    ovs_version_t version;      /* Of the tables, with our rules in place. */
};

/* All bridges, by 'node', in no order. */
extern struct hmap hwv_bridges;

struct hwv_bridge *hwv_bridge_find(const struct ofproto_dpif *);

/* Finds the tunnel port again, and returns true if it is another. */
bool hwv_bridge_update_tunnel(struct hwv_bridge *);

/* Leads: those that are wanted between begin and end are there afterwards,
 * with the rules that all segments share. */
void hwv_bridge_leads_begin(struct hwv_bridge *);
void hwv_bridge_want_lead(struct hwv_bridge *, ofp_port_t,
                          enum hwv_lead_kind);
void hwv_bridge_leads_end(struct hwv_bridge *);
bool hwv_bridge_lead_taken(const struct hwv_bridge *, ofp_port_t);

/* Puts leads back that somebody has removed. */
void hwv_bridge_restore_leads(struct hwv_bridge *);

/* Segments
 * -------- */

struct hwv_segment {
    struct hmap_node node;      /* In all segments, by 'vtag'. */
    struct hwv_vtag vtag;
    struct hwv_bridge *bridge;
    ofp_port_t trunk;           /* Tunnel port or uplink, or OFPP_NONE. */
    struct hmap members;        /* "struct hwv_member"s, by 'port'. */
    struct hmap macs;           /* "struct hwv_segment_mac"s. */

    /* Flood list. */
    bool flood_changed;         /* In 'changed_floods', by 'flood_node'. */
    struct ovs_list flood_node;
    struct hwv_segment_vtep **vteps; /* Those that are flooded to. */
    size_t n_vteps;
    size_t n_beyond;            /* Those that are too many. */

    bool macs_changed;          /* All have to be looked at. */

    /* Drops of members and trunks that have gone. */
    uint64_t dropped_tagged;
    uint64_t dropped_unknown;
    uint64_t dropped_tunnel_to_tunnel;
    bool wanted;                /* While members are collected. */
};

static inline bool
hwv_segment_config_equal(const struct hwv_segment_config *a,
                         const struct hwv_segment_config *b)
{
    return (hwv_vtag_equal(&a->vtag, &b->vtag)
            && a->unknown_flood == b->unknown_flood
            && a->has_mac == b->has_mac
            && (!a->has_mac || eth_addr_equals(a->mac, b->mac)));
}

/* A VF in a segment. */
struct hwv_member {
    struct hmap_node node;      /* In its segment's, by 'port'. */
    ofp_port_t port;
    struct hwv_segment_config config;
    bool wanted;                /* While members are collected. */
};

/* All segments, by 'node'. */
extern struct hmap hwv_segments;

struct hwv_segment *hwv_segment_find(const struct hwv_vtag *);
struct hwv_member *hwv_segment_member(const struct hwv_segment *, ofp_port_t);

/* "up", or what is missing. */
void hwv_segment_format_state(const struct hwv_segment *, struct ds *);

/* Each installs or removes rules.  A segment is complete, with its addresses
 * and flood list, after the next hwv_segments_complete(). */
struct hwv_segment *hwv_segment_create(const struct hwv_vtag *,
                                       struct hwv_bridge *);
void hwv_segment_destroy(struct hwv_segment *);
void hwv_segment_set_trunk(struct hwv_segment *, ofp_port_t);
void hwv_segment_add_member(struct hwv_segment *, ofp_port_t,
                            const struct hwv_segment_config *);
void hwv_segment_change_member(struct hwv_segment *, struct hwv_member *,
                               const struct hwv_segment_config *);
void hwv_segment_remove_member(struct hwv_segment *, struct hwv_member *);
void hwv_segments_complete(void);

/* Has something changed that may change segments? */
bool hwv_members_changed(void);

/* Finds out which VFs are in which segment, and installs their rules. */
void hwv_members_update(void);
void hwv_members_wait(void);

/* Makes the next hwv_members_changed() return true. */
void hwv_members_invalidate(void);

/* 'bridge' goes: its segments go, too. */
void hwv_members_bridge_gone(struct hwv_bridge *);

/* Addresses
 * --------- */

/* An address whose rules are installed. */
struct hwv_segment_mac {
    struct hmap_node node;      /* In its segment's 'macs'. */
    struct hwv_segment_vtep *vtep;      /* NULL: 'port' has it. */
    ofp_port_t port;
    struct eth_addr mac;
    uint8_t belief;             /* enum hwv_segment_belief. */
    bool muted;                 /* Not to be learned anew for a while. */
};

void hwv_segment_macs_init(struct hwv_segment *);
void hwv_segment_macs_destroy(struct hwv_segment *);

/* Installs the rules of what the FDB has now for 'mac'. */
void hwv_segment_update_mac(struct hwv_segment *, struct eth_addr mac,
                            const struct hwv_fdb_entry *);

/* The same for all addresses. */
void hwv_segment_update_macs(struct hwv_segment *);

/* When were the rules of 'entry' last used, in msec?  0: not at all. */
long long int hwv_segment_mac_used(const struct hwv_fdb_entry *entry,
                                   void *aux);

/* Returns 'mac', or NULL if it has no rules. */
struct hwv_segment_mac *hwv_segment_mac_find(const struct hwv_segment *,
                                             struct eth_addr mac);

/* Can the segment have an address there? */
bool hwv_segment_can_have(const struct hwv_segment *,
                          const struct hwv_fdb_dst *);

/* From now on, frames of 'mac' that come from elsewhere than where it was
 * learned do not come up for being learned, or do again. */
void hwv_segment_mute_mac(struct hwv_segment *, struct eth_addr mac,
                          bool mute);

/* Learning
 * -------- */

/* Learns, or if the FDB does not want to, sees to it that frames do not come
 * up for that for a while. */
void hwv_segment_learn(const struct hwv_learn *, void *aux);
void hwv_segment_learn_run(void);
void hwv_segment_learn_wait(void);

/* Is it 'mac' that does not come up for that? */
bool hwv_segment_learn_muted(const struct hwv_segment *, struct eth_addr mac);

/* 'segment' goes. */
void hwv_segment_learn_forget(struct hwv_segment *);

/* Flood lists
 * ----------- */

/* The flood list of 'segment' has changed. */
void hwv_segment_flood_changed(struct hwv_segment *);

/* Installs the rules of all flood lists that have changed. */
void hwv_segment_floods_run(void);
void hwv_segment_flood_destroy(struct hwv_segment *);

/* VTEPs
 * ----- */

/* A VTEP that some segment sends to. */
struct hwv_segment_vtep {
    struct hmap_node node;      /* By IP address. */
    struct hwv_vtep *vtep;
    unsigned int n_refs;
};

struct hwv_segment_vtep *hwv_segment_vtep_ref(const struct in6_addr *);
void hwv_segment_vtep_unref(struct hwv_segment_vtep *);

/* Packets to 'vtep' have to be treated differently. */
void hwv_segment_vtep_changed(struct hwv_vtep *vtep, void *aux);

/* Installs the rules of all VTEPs in 'bridge', or removes them as 'tunnel' is
 * its tunnel port no longer. */
void hwv_segment_vteps_install(struct hwv_bridge *);
void hwv_segment_vteps_remove(struct hwv_bridge *, ofp_port_t tunnel);

/* Drops and commands
 * ------------------ */

/* Packets that a segment has dropped, by reason. */
struct hwv_segment_drops {
    uint64_t multicast_source;  /* Source MAC is that of a group, */
    uint64_t zero_source;       /* or all zeros. */
    uint64_t moved_static;      /* Source is configured to be elsewhere. */
    uint64_t unknown;           /* options:unknown=drop. */
    uint64_t tagged;            /* From a VF in a VLAN. */
    uint64_t tunnel_to_tunnel;
    uint64_t vtep_down;         /* VTEP without route, or lost. */
};
void hwv_segment_get_drops(const struct hwv_segment *,
                           struct hwv_segment_drops *);

/* 'member' goes, or only its rule that drops frames to unknown addresses:
 * keeps what was dropped. */
void hwv_segment_keep_drops(struct hwv_segment *, const struct hwv_member *);
void hwv_segment_keep_unknown_drops(struct hwv_segment *,
                                    const struct hwv_member *);

/* The same, as the trunk goes. */
void hwv_segment_keep_trunk_drops(struct hwv_segment *);

void hwv_segment_cmd_register(void);

#endif /* hwv-segments-private.h */
