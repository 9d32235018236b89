/* SPDX-License-Identifier: Apache-2.0
 *
 * Match compiler: does the NIC find an entry for exactly the packets that the
 * flow behind it matches?
 *
 * What OVS matches is what its own flow_extract() and tnl_pop make of real
 * packets, compared under the flow's mask.  What the NIC matches is what its
 * own parsers make of the same bytes, compared with the compiled keys.  The
 * two have to agree on each packet that the NIC can parse, for a number of
 * typical flows and for each flow that differs from one of them in one bit of
 * its key or mask, all bits of 'struct flow' being tried. */

#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "hwv-agreement.h"
#include "hwv-match.h"
#include "hwv-odp-string.h"
#include "hwv-samples.h"
#include "hwv-test-frames.h"
#include "hwv-unit.h"
#include "packets.h"
#include "random.h"
#include "util.h"

#define HALF 200                /* Packets that match, and that do not. */

struct samples {
    struct hwv_sample samples[2 * HALF];
    size_t n_matching;
    size_t n;
};

/* Fails unless OVS and the NIC agree on all 'samples', if the NIC has an entry
 * for 'flows' at all.  Returns false if it has none. */
static bool
check_agreement(const struct hwv_flows *flows, const struct samples *samples)
{
    struct hwv_compiled entry;

    if (hwv_compile(flows, &entry)) {
        return false;
    }
    for (size_t i = 0; i < samples->n; i++) {
        hwv_check_agreement(flows, &entry, &samples->samples[i]);
    }
    return true;
}

/* Samples around a flow. */

static struct samples *
samples_create(const struct hwv_flows *flows)
{
    struct samples *s = xzalloc(sizeof *s);

    for (int i = 0; i < 100000 && s->n < 2UL * HALF; i++) {
        struct hwv_sample *sample = &s->samples[s->n];

        if (!hwv_random_sample(flows, sample)) {
            continue;
        }
        if (hwv_ovs_matches(flows, sample)) {
            if (s->n_matching < HALF) {
                s->n_matching++;
                s->n++;
            }
        } else if (s->n - s->n_matching < HALF) {
            s->n++;
        }
    }
    ck_assert_uint_eq(s->n, 2UL * HALF);
    return s;
}

/* Fails unless the samples that match show as 0 and as 1 each bit of the 'n'
 * bytes at 'offset' into 'struct flow' that is in 'bits', or each if NULL. */
static void
check_variety(const struct samples *samples, const struct hwv_flows *flows,
              size_t offset, size_t n, const void *bits, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t expected = bits ? ((const uint8_t *) bits)[i] : 0xff;
        uint8_t or = 0, and = 0xff;

        for (size_t j = 0; j < samples->n; j++) {
            const struct hwv_sample *sample = &samples->samples[j];
            uint8_t byte = ((const uint8_t *) &sample->flow)[offset + i];

            if (hwv_ovs_matches(flows, sample)) {
                or |= byte;
                and &= byte;
            }
        }
        ck_assert_msg((or & ~and & expected) == expected,
                      "%s[%"PRIuSIZE"]: %#x", name, i, or & ~and);
    }
}
#define CHECK_VARIETY(SAMPLES, FLOWS, FIELD, BITS) \
    check_variety(SAMPLES, FLOWS, offsetof(struct flow, FIELD), \
                  sizeof((SAMPLES)->samples[0].flow.FIELD), BITS, #FIELD)

/* A field that does not vary would hide that the NIC does not look at it. */
static void
check_samples(const struct samples *samples, const struct hwv_flows *flows)
{
    ovs_be16 tcp_flags = htons(0xff); /* All but reserved bits. */
    ovs_be32 label = htonl(IPV6_LABEL_MASK);
    uint8_t dscp = IP_DSCP_MASK;

    CHECK_VARIETY(samples, flows, nw_ttl, NULL);
    CHECK_VARIETY(samples, flows, nw_tos, &dscp);
    if (flows->match.flow.dl_type == htons(ETH_TYPE_IP)) {
        CHECK_VARIETY(samples, flows, nw_src, NULL);
        CHECK_VARIETY(samples, flows, nw_dst, NULL);
    } else {
        CHECK_VARIETY(samples, flows, ipv6_src, NULL);
        CHECK_VARIETY(samples, flows, ipv6_dst, NULL);
        CHECK_VARIETY(samples, flows, ipv6_label, &label);
    }

    if (flows->match.flow.nw_frag) {
        return;                 /* With less, or no, transport header. */
    }
    CHECK_VARIETY(samples, flows, tp_src, NULL);
    CHECK_VARIETY(samples, flows, tp_dst, NULL);
    CHECK_VARIETY(samples, flows, igmp_group_ip4, NULL);
    if (flows->match.flow.dl_type == htons(ETH_TYPE_IP)) {
        CHECK_VARIETY(samples, flows, tcp_flags, &tcp_flags);
    } else {
        CHECK_VARIETY(samples, flows, nd_target, NULL);
        CHECK_VARIETY(samples, flows, arp_sha, NULL);
        CHECK_VARIETY(samples, flows, arp_tha, NULL);
    }
}

/* Tests. */

static void
flows_init(struct hwv_flows *flows, size_t i)
{
    memset(flows, 0, sizeof *flows);
    flows->rx = hwv_typical[i].outer != NULL;
    flows->vlan = i >= HWV_FIRST_VLAN;
    hwv_match_from_string(hwv_typical[i].match, &flows->match);
    if (flows->rx) {
        hwv_match_from_string(hwv_typical[i].outer, &flows->outer);
    }
}

/* Tries each way in which 'match' of 'flows' can differ in one bit. */
static void
try_bits(const struct hwv_flows *flows, struct match *match,
         const struct samples *samples)
{
    uint8_t *flow = (uint8_t *) &match->flow;
    uint8_t *mask = (uint8_t *) &match->wc.masks;
    unsigned int n_accepted = 0;
    unsigned int n_refused = 0;

    for (size_t i = 0; i < 8 * sizeof match->flow; i++) {
        uint8_t bit = 1 << i % 8;

        for (int variant = 0; variant < 3; variant++) {
            struct match saved = *match;

            flow[i / 8] &= ~bit;
            flow[i / 8] |= variant == 1 ? bit : 0;
            mask[i / 8] |= bit;
            mask[i / 8] &= ~(variant == 2 ? bit : 0);
            hwv_scramble(match);
            if (check_agreement(flows, samples)) {
                n_accepted++;
            } else {
                n_refused++;
            }
            *match = saved;
        }
    }
    ck_assert_uint_gt(n_accepted, 4 * sizeof match->flow);
    ck_assert_uint_gt(n_refused, 4 * sizeof match->flow);
}

START_TEST(test_bits)
{
    struct samples *samples;
    struct hwv_flows flows;

    hwv_test_seed();
    flows_init(&flows, _i);
    samples = samples_create(&flows);
    check_samples(samples, &flows);
    ck_assert(check_agreement(&flows, samples));
    try_bits(&flows, &flows.match, samples);
    if (flows.rx) {
        try_bits(&flows, &flows.outer, samples);
    }
    free(samples);
}
END_TEST

/* A random mask for 'match', of which OVS could have thought or not. */
static void
random_mask(struct match *match)
{
    struct flow *masks = &match->wc.masks;
    uint8_t *bytes = (uint8_t *) masks;

    masks->dl_dst = hwv_one_in(2) ? eth_addr_exact : eth_addr_zero;
    masks->dl_src = hwv_one_in(2) ? eth_addr_exact : eth_addr_zero;
    if (hwv_one_in(16)) {
        masks->dl_type = htons(1 << random_range(16));
    }
    if (hwv_one_in(3)) {
        masks->nw_tos = hwv_one_in(2) ? IP_ECN_MASK : random_uint8();
    }
    while (hwv_one_in(2)) {
        bytes[random_range(sizeof *masks)] ^= 1 << random_range(8);
    }
}

/* Flows as random packets make them, under random masks. */
START_TEST(test_random)
{
    struct samples *samples;
    unsigned int n = 0;
    struct hwv_flows base;

    hwv_test_seed();
    flows_init(&base, _i);
    samples = samples_create(&base);
    for (int i = 0; i < 5000; i++) {
        const struct hwv_sample *sample =
            &samples->samples[random_range(samples->n)];
        struct hwv_flows flows = base;

        flows.match.flow = sample->flow;
        flows.outer.flow = sample->outer;
        random_mask(&flows.match);
        if (flows.rx) {
            random_mask(&flows.outer);
        }
        n += check_agreement(&flows, samples);
    }
    ck_assert_uint_gt(n, 100);
    free(samples);
}
END_TEST

/* Fields that are zero in each packet that matches the first IPv4 flow, from a
 * VF, a tunnel, the uplink or a VLAN: they may be matched as zero, which
 * refuses no packet, but not otherwise. */
static const struct implied_row {
    const char *name;
    size_t offset, n;           /* In 'struct flow'. */
    enum hwv_reject reject;
    char from;                  /* 'v', 't', 'u' or 'l'. */
} implied_rows[] = {
#define IMPLIED(FROM, FIELD, REJECT) \
    { #FIELD, offsetof(struct flow, FIELD), \
      sizeof(((struct flow *) NULL)->FIELD), HWV_REJECT_##REJECT, FROM }
    IMPLIED('v', tunnel, TUNNEL_MATCH),
    IMPLIED('v', skb_priority, METADATA),
    IMPLIED('v', pkt_mark, METADATA),
    IMPLIED('v', dp_hash, METADATA),
    IMPLIED('v', recirc_id, RECIRC),
    IMPLIED('v', ct_state, CONNTRACK),
    IMPLIED('v', ct_nw_proto, CONNTRACK),
    IMPLIED('v', ct_zone, CONNTRACK),
    IMPLIED('v', ct_mark, CONNTRACK),
    IMPLIED('v', ct_label, CONNTRACK),
    IMPLIED('v', ct_nw_src, CONNTRACK),
    IMPLIED('v', ct_nw_dst, CONNTRACK),
    IMPLIED('v', ct_ipv6_src, CONNTRACK),
    IMPLIED('v', ct_ipv6_dst, CONNTRACK),
    IMPLIED('v', ct_tp_src, CONNTRACK),
    IMPLIED('v', ct_tp_dst, CONNTRACK),
    IMPLIED('v', packet_type, PACKET_TYPE),
    IMPLIED('v', vlans, VLAN),
    IMPLIED('v', mpls_lse, MATCH_OTHER),
    IMPLIED('v', nsh, MATCH_OTHER),
    IMPLIED('v', ipv6_src, L3),
    IMPLIED('v', ipv6_dst, L3),
    IMPLIED('v', ipv6_label, L3),
    IMPLIED('v', nd_target, MATCH_OTHER),
    IMPLIED('v', arp_sha, MATCH_OTHER),
    IMPLIED('v', arp_tha, MATCH_OTHER),
    IMPLIED('t', tunnel.ipv6_src, TUNNEL_MATCH),
    IMPLIED('t', tunnel.ipv6_dst, TUNNEL_MATCH),
    IMPLIED('t', tunnel.gbp_id, TUNNEL_MATCH),
    IMPLIED('t', tunnel.gbp_flags, TUNNEL_MATCH),
    IMPLIED('t', tunnel.erspan_ver, TUNNEL_MATCH),
    IMPLIED('t', tunnel.erspan_idx, TUNNEL_MATCH),
    IMPLIED('t', tunnel.erspan_dir, TUNNEL_MATCH),
    IMPLIED('t', tunnel.erspan_hwid, TUNNEL_MATCH),
    IMPLIED('t', tunnel.gtpu_flags, TUNNEL_MATCH),
    IMPLIED('t', tunnel.gtpu_msgtype, TUNNEL_MATCH),
    IMPLIED('t', tunnel.metadata, TUNNEL_MATCH),
    IMPLIED('u', ipv6_src, OUTER_MATCH),
    IMPLIED('u', ipv6_dst, OUTER_MATCH),
    IMPLIED('u', ipv6_label, OUTER_MATCH),
    IMPLIED('u', tcp_flags, L4),
    IMPLIED('u', igmp_group_ip4, L4),
    IMPLIED('u', nd_target, L4),
    IMPLIED('u', arp_sha, L4),
    IMPLIED('u', arp_tha, L4),
    IMPLIED('u', vlans, VLAN),
    IMPLIED('l', vlans[1], VLAN_MASK),
    IMPLIED('l', tunnel, TUNNEL_MATCH),
    IMPLIED('l', recirc_id, RECIRC),
    IMPLIED('l', ct_state, CONNTRACK),
    IMPLIED('l', mpls_lse, MATCH_OTHER),
    IMPLIED('l', ipv6_src, L3),
};

START_TEST(test_implied)
{
    const struct implied_row *row = &implied_rows[_i];
    struct hwv_flows flows;
    struct match *match;
    struct hwv_compiled entry;

    flows_init(&flows, (row->from == 'v' ? 0
                        : row->from == 'l' ? HWV_FIRST_VLAN
                        : HWV_FIRST_TUNNEL));
    match = row->from == 'u' ? &flows.outer : &flows.match;
    memset((uint8_t *) &match->wc.masks + row->offset, 0xff, row->n);
    memset((uint8_t *) &match->flow + row->offset, 0, row->n);
    ck_assert_msg(!hwv_compile(&flows, &entry), "%s", row->name);
    *((uint8_t *) &match->flow + row->offset + row->n - 1) = 0x10;
    ck_assert_msg(hwv_compile(&flows, &entry) == row->reject, "%s", row->name);
}
END_TEST

/* OVS's parsers would not let this pass. */
START_TEST(test_protocol_mask)
{
    struct hwv_flows flows;
    struct hwv_compiled entry;

    flows_init(&flows, HWV_FIRST_TUNNEL);
    flows.outer.wc.masks.nw_proto = 0x7f;
    ck_assert_int_eq(hwv_compile(&flows, &entry), HWV_REJECT_OUTER_MATCH);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("match-soundness");
    TCase *tcase = hwv_unit_tcase(suite, "soundness");

    tcase_add_loop_test(tcase, test_bits, 0, HWV_N_TYPICAL);
    tcase_add_loop_test(tcase, test_random, 0, HWV_N_TYPICAL);
    tcase_add_loop_test(tcase, test_implied, 0, ARRAY_SIZE(implied_rows));
    tcase_add_test(tcase, test_protocol_mask);
    return hwv_unit_run(argv[0], suite);
}
