/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-agreement.h"

#include <check.h>
#include <string.h>

#include "flow.h"
#include "hwv-key.h"
#include "packets.h"
#include "random.h"
#include "util.h"

bool
hwv_ovs_matches(const struct hwv_flows *flows,
                const struct hwv_sample *sample)
{
    return (flow_equal_except(&flows->match.flow, &sample->flow,
                              &flows->match.wc)
            && (!flows->rx
                || flow_equal_except(&flows->outer.flow, &sample->outer,
                                     &flows->outer.wc)));
}

enum hwv_reject
hwv_compile(const struct hwv_flows *flows, struct hwv_compiled *entry)
{
    enum hwv_reject reject;

    if (flows->vlan) {
        return hwv_match_from_vlan(&flows->match, &entry->inner, &entry->tci);
    }
    if (!flows->rx) {
        return hwv_match_from_vf(&flows->match, &entry->inner);
    }
    reject = hwv_match_from_tunnel(&flows->match, &entry->inner,
                                   &entry->tunnel);
    if (!reject) {
        reject = hwv_match_from_uplink(&flows->outer, &entry->outer);
    }
    entry->covered = (!reject
                      && hwv_outer_match_covers(&entry->outer, &entry->tunnel,
                                                &entry->source));
    return reject;
}

static bool
nic_matches_source(const struct hwv_compiled *entry,
                   const struct hwv_sample *sample)
{
    struct hwv_source_key source = sample->source;

    if (!entry->source.smac_matched) {
        source.smac = eth_addr_zero;
        source.smac_matched = 0;
    }
    return (entry->covered
            && !memcmp(&source, &entry->source, sizeof source));
}

/* Ports are compared by their numbers, by whoever uses the compiler. */
static bool
nic_matches(const struct hwv_flows *flows, const struct hwv_compiled *entry,
            const struct hwv_sample *sample)
{
    const struct hwv_inner_match *inner = &entry->inner;
    const struct hwv_frame *frame = &sample->frame;
    uint8_t class = frame->class | (inner->class & HWV_CLASS_SHAPE);
    struct hwv_key a, b;

    if (!inner->ecn_matched) {
        class &= ~HWV_CLASS_ECN;
    }
    if (flows->rx || flows->vlan) {
        class |= HWV_CLASS_RX;
    }
    a = hwv_key_make(flows->vlan ? hwv_tagged_domain(entry->tci) : 1,
                     inner->dmac, inner->smac, inner->class);
    b = hwv_key_from_words(flows->vlan ? hwv_tagged_domain(sample->tci) : 1,
                           frame->dmac, frame->smac, class);
    return (hwv_key_equal(&a, &b)
            && (flows->match.flow.in_port.odp_port
                == sample->flow.in_port.odp_port)
            && (!flows->rx
                || (nic_matches_source(entry, sample)
                    && (flows->outer.flow.in_port.odp_port
                        == sample->outer.in_port.odp_port))));
}

void
hwv_check_agreement(const struct hwv_flows *flows,
                    const struct hwv_compiled *entry,
                    const struct hwv_sample *sample)
{
    bool nic = nic_matches(flows, entry, sample);

    if (nic != hwv_ovs_matches(flows, sample)) {
        char *flow = match_to_string(&flows->match, NULL, 0);
        char *packet = flow_to_string(&sample->flow, NULL);

        ck_abort_msg("%s on the NIC only: %s: %s",
                     nic ? "matches" : "does not match", flow, packet);
    }
}

void
hwv_scramble(struct match *match)
{
    uint64_t *flow = (uint64_t *) &match->flow;
    const uint64_t *mask = (const uint64_t *) &match->wc.masks;
    uint64_t noise[FLOW_U64S];

    random_bytes(noise, sizeof noise);
    for (size_t i = 0; i < FLOW_U64S; i++) {
        flow[i] = (flow[i] & mask[i]) | (noise[i] & ~mask[i]);
    }
}
