/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#undef NDEBUG
#include "hwv-burst.h"

#include <string.h>

#include "hwv-codec.h"
#include "hwv-frame.h"
#include "hwv-test-frames.h"

static bool
contains(const uint32_t array[], size_t n, uint32_t x)
{
    for (size_t i = 0; i < n; i++) {
        if (array[i] == x) {
            return true;
        }
    }
    return false;
}

static void
check_hit(const struct world *w, const struct ref_packet *packet,
          const struct hwv_verdict *got, const struct ref_verdict *want)
{
    static const enum hwv_verdict_type types[] = {
        [HWV_OUT_DROP] = HWV_VERDICT_DROP,
        [HWV_OUT_VF] = HWV_VERDICT_VF,
        [HWV_OUT_UPLINK] = HWV_VERDICT_UPLINK,
        [HWV_OUT_VLAN] = HWV_VERDICT_VLAN,
        [HWV_OUT_TUNNEL] = HWV_VERDICT_ENCAP,
    };

    HWV_CHECK(want->hit);
    HWV_CHECK_EQ(got->type, (want->value.output == HWV_OUT_TUNNEL
                             && w->ref.blocked >> want->value.tunnel & 1
                             ? HWV_VERDICT_WITHDRAWN
                             : types[want->value.output]));
    HWV_CHECK_EQ(got->ecn, (packet->vlan.has_class
                            ? packet->vlan.ecn : packet->ecn));
    HWV_CHECK_EQ(got->pop_vlan, (packet->vlan.has_class
                                 && got->type == HWV_VERDICT_VF));
    HWV_CHECK(contains(want->counters, want->n_counters, got->counter));
    if (got->type == HWV_VERDICT_VF) {
        HWV_CHECK_EQ(got->vf, want->value.vf);
    }
    if (got->type == HWV_VERDICT_VLAN) {
        HWV_CHECK_EQ(got->tci, want->value.tci);
    }
    if (got->type == HWV_VERDICT_ENCAP) {
        HWV_CHECK_EQ(got->vni, want->value.vni);
        HWV_CHECK(got->tunnel == hwv_tunnel_table_get(w->tables.tunnels,
                                                      want->value.tunnel));
    }
    if (want->n_outer_counters) {
        HWV_CHECK_EQ(got->outer_len,
                     IN6_IS_ADDR_V4MAPPED(&packet->key.dst) ? 50 : 70);
        HWV_CHECK(contains(want->outer_counters, want->n_outer_counters,
                           got->outer_counter));
    } else {
        HWV_CHECK_EQ(got->outer_len, 0);
        HWV_CHECK_EQ(got->outer_counter, HWV_NO_COUNTER);
    }
}

/* Has packet 'j' of 'burst' missed, and does that hold packet 'i' back? */
static bool
holds_back(const struct hwv_burst *burst, size_t j, size_t i)
{
    return burst->verdicts[j].type == HWV_VERDICT_MISS
           && ref_holds_back(&burst->packets[j], burst->verdicts[j].miss,
                             &burst->packets[i]);
}

/* Is packet 'i' of 'burst' held back by one before it? */
static bool
held_back(const struct hwv_burst *burst, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (holds_back(burst, j, i)) {
            return true;
        }
    }
    return false;
}

/* How many flows of the kind of packet 'i' of 'burst', from a VLAN or not,
 * hold others of their packets back after the packets before it? */
static size_t
count_held_back(const struct hwv_burst *burst, size_t i)
{
    struct hwv_burst same_kind = *burst;
    size_t n = 0;

    for (size_t j = 0; j < i; j++) {
        same_kind.packets[j].vlan.has_class
            = burst->packets[i].vlan.has_class;
    }
    for (size_t j = 0; j < i; j++) {
        n += holds_back(&same_kind, j, j) && !held_back(&same_kind, j);
    }
    return n;
}

/* Has a packet before packet 'i' missed that has its MACs, but is in another
 * virtual network? */
static bool
has_twin(const struct hwv_burst *burst, size_t i)
{
    const struct ref_packet *p = &burst->packets[i];

    for (size_t j = 0; j < i; j++) {
        struct ref_packet moved = burst->packets[j];

        moved.key.vni = p->key.vni;
        if (burst->verdicts[j].type == HWV_VERDICT_MISS
            && moved.outer != REF_OUTER_LOST
            && ref_holds_back(&moved, burst->verdicts[j].miss, p)) {
            return true;
        }
    }
    return false;
}

void
hwv_check_verdict(const struct world *w, const struct hwv_burst *burst,
                  size_t i, const struct ref_verdict *want,
                  struct hwv_burst_seen *seen)
{
    const struct hwv_verdict *got = &burst->verdicts[i];

    if (got->type == HWV_VERDICT_MISS) {
        HWV_CHECK_EQ(got->counter, HWV_NO_COUNTER);
        HWV_CHECK_EQ(got->outer_counter, HWV_NO_COUNTER);
        HWV_CHECK_EQ(got->outer_len, 0);
        seen->misses[got->miss]++;
    } else {
        check_hit(w, &burst->packets[i], got, want);
        seen->hits[got->type]++;
        seen->popped += got->pop_vlan;
    }
    if (!want->hit) {
        HWV_CHECK_EQ(got->type, HWV_VERDICT_MISS);
        HWV_CHECK_EQ(got->miss, want->miss);
        return;
    }

    if (held_back(burst, i)) {
        HWV_CHECK_EQ(got->type, HWV_VERDICT_MISS);
        HWV_CHECK_EQ(got->miss, HWV_MISS_ORDER);
    } else {
        size_t n = count_held_back(burst, i);

        seen->expected_collisions += n / 1024.0;
        if (has_twin(burst, i)) {
            seen->twins++;
            seen->missed_twins += got->type == HWV_VERDICT_MISS;
        }
        if (got->type == HWV_VERDICT_MISS) {
            HWV_CHECK_EQ(got->miss, HWV_MISS_ORDER);
            HWV_CHECK(n);
            seen->collisions++;
        }
    }
}

void
hwv_check_untouched(const struct dp_packet *packet,
                    const struct dp_packet *copy, bool from_vf,
                    const struct ref_packet *ref)
{
    bool had_rss = dp_packet_rss_valid(copy);

    HWV_CHECK(dp_packet_equal(packet, copy));
    if (had_rss) {
        HWV_CHECK_EQ(dp_packet_get_rss_hash(packet),
                     dp_packet_get_rss_hash(copy));
    } else if (from_vf && ref->has_class) {
        const void *data = dp_packet_data(packet);
        size_t len = dp_packet_size(packet);
        struct hwv_frame frame;

        HWV_CHECK(hwv_frame_parse(data, len, &frame));
        HWV_CHECK_EQ(dp_packet_get_rss_hash(packet),
                     hwv_frame_hash(data, &frame));
    }
    HWV_CHECK(dp_packet_rss_valid(packet)
              == (had_rss || (from_vf && ref->has_class)));
    HWV_CHECK_EQ(*dp_packet_ol_flags_ptr(packet)
                 & ~DP_PACKET_OL_RSS_HASH,
                 *dp_packet_ol_flags_ptr(copy) & ~DP_PACKET_OL_RSS_HASH);
}

/* The 4 bytes behind the MACs (IEEE 802.1Q section 9.3). */
static void
check_tag(const struct dp_packet *tagged, const struct dp_packet *untagged)
{
    const uint8_t *a = dp_packet_data(tagged);
    const uint8_t *b = dp_packet_data(untagged);

    HWV_CHECK_EQ(dp_packet_size(tagged), dp_packet_size(untagged) + 4);
    HWV_CHECK(!memcmp(a, b, 12));
    HWV_CHECK(!memcmp(a + 16, b + 12, dp_packet_size(untagged) - 12));
    HWV_CHECK_EQ(a[12], 0x81);
    HWV_CHECK_EQ(a[13], 0x00);
}

void
hwv_check_rewrite(struct dp_packet *packet,
                  const struct hwv_verdict *verdict, bool from_uplink)
{
    size_t size = hwv_rewritten_size(packet, verdict);
    struct dp_packet *want = dp_packet_clone(packet);

    if (verdict->pop_vlan || verdict->type == HWV_VERDICT_VLAN) {
        const uint8_t *data;

        HWV_CHECK(!verdict->outer_len);
        hwv_rewrite(packet, verdict, from_uplink);
        if (verdict->pop_vlan) {
            HWV_CHECK_EQ(size, dp_packet_size(packet));
            check_tag(want, packet);
        } else {
            HWV_CHECK_EQ(size, dp_packet_size(want));
            check_tag(packet, want);
            data = dp_packet_data(packet);
            HWV_CHECK_EQ(data[14] << 8 | data[15], verdict->tci);
        }
        dp_packet_delete(want);
        return;
    }

    if (verdict->outer_len) {
        hwv_decapsulate(want, verdict->outer_len);
    }
    if (verdict->type == HWV_VERDICT_ENCAP) {
        hwv_encapsulate(want, verdict->tunnel, verdict->vni, verdict->ecn);
    }
    hwv_rewrite(packet, verdict, from_uplink);
    HWV_CHECK(dp_packet_equal(packet, want));
    HWV_CHECK_EQ(size, dp_packet_size(packet));
    dp_packet_delete(want);
}
