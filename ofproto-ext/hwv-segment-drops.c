/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-segments-private.h"

#include "hwv-rule-store.h"
#include "hwv-segment-rules.h"

/* Returns the packets of a rule, and frees it. */
static uint64_t
count(const struct hwv_segment *segment, struct hwv_rule *rule)
{
    struct hwv_rule_stats stats;
    bool found = hwv_rule_get_stats(segment->bridge->ofproto, rule, &stats);

    hwv_rule_destroy(rule);
    return found ? stats.n_packets : 0;
}

static uint64_t
count_unknown(const struct hwv_segment *segment,
              const struct hwv_member *member)
{
    struct hwv_rule rule;

    hwv_rule_target_no_flood(&rule, &segment->vtag, member->port);
    return count(segment, &rule);
}

static uint64_t
count_tagged(const struct hwv_segment *segment,
             const struct hwv_member *member)
{
    struct hwv_rule rule;

    hwv_rule_entry_tagged(&rule, member->port);
    return count(segment, &rule);
}

static uint64_t
count_tunnel_to_tunnel(const struct hwv_segment *segment)
{
    struct hwv_rule rule;

    hwv_rule_vtep_from_tunnel(&rule, &segment->vtag, segment->trunk);
    return count(segment, &rule);
}

void
hwv_segment_get_drops(const struct hwv_segment *segment,
                      struct hwv_segment_drops *drops)
{
    const struct hwv_vtag *vtag = &segment->vtag;
    const struct hwv_member *member;
    struct hwv_rule rule;

    hwv_rule_source_multicast(&rule, vtag);
    drops->multicast_source = count(segment, &rule);
    hwv_rule_source_zero(&rule, vtag);
    drops->zero_source = count(segment, &rule);
    hwv_rule_place_wrong(&rule, vtag, HWV_BELIEF_STATIC);
    drops->moved_static = count(segment, &rule);
    hwv_rule_vtep_down(&rule, vtag);
    drops->vtep_down = count(segment, &rule);

    drops->tunnel_to_tunnel = (segment->dropped_tunnel_to_tunnel
                               + count_tunnel_to_tunnel(segment));
    drops->unknown = segment->dropped_unknown;
    drops->tagged = segment->dropped_tagged;
    HMAP_FOR_EACH (member, node, &segment->members) {
        drops->unknown += count_unknown(segment, member);
        drops->tagged += count_tagged(segment, member);
    }
}

void
hwv_segment_keep_unknown_drops(struct hwv_segment *segment,
                               const struct hwv_member *member)
{
    segment->dropped_unknown += count_unknown(segment, member);
}

void
hwv_segment_keep_drops(struct hwv_segment *segment,
                       const struct hwv_member *member)
{
    hwv_segment_keep_unknown_drops(segment, member);
    segment->dropped_tagged += count_tagged(segment, member);
}

void
hwv_segment_keep_trunk_drops(struct hwv_segment *segment)
{
    segment->dropped_tunnel_to_tunnel += count_tunnel_to_tunnel(segment);
}
