/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the pipeline, against the slow reference model. */

#include <config.h>
#undef NDEBUG
#include "hwv-pipeline.h"

#include <string.h>

#include "hwv-codec.h"
#include "hwv-frame.h"
#include "hwv-random-world.h"
#include "hwv-test-frames.h"
#include "hwv-unit.h"
#include "openvswitch/dynamic-string.h"

#define N_BURSTS 20000

/* A burst: bytes, and what they are. */
struct burst {
    struct dp_packet_batch batch;
    struct dp_packet *copies[NETDEV_MAX_BURST];
    struct ref_packet packets[NETDEV_MAX_BURST];
    struct hwv_verdict verdicts[NETDEV_MAX_BURST];
};

/* What came up. */
struct seen {
    unsigned int hits[HWV_VERDICT_ENCAP + 1];
    unsigned int misses[HWV_N_MISSES];
    unsigned int collisions;    /* Hits turned into misses without need, */
    double expected_collisions; /* and how many are to be expected. */
    unsigned int twins;         /* Hits behind a miss that has the same MACs */
    unsigned int missed_twins;  /* in another VNI, and those that miss. */
};

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
        [HWV_OUT_TUNNEL] = HWV_VERDICT_ENCAP,
    };

    HWV_CHECK(want->hit);
    HWV_CHECK_EQ(got->type, types[want->value.output]);
    HWV_CHECK_EQ(got->ecn, packet->ecn);
    HWV_CHECK(contains(want->counters, want->n_counters, got->counter));
    if (got->type == HWV_VERDICT_VF) {
        HWV_CHECK_EQ(got->vf, want->value.vf);
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
holds_back(const struct burst *burst, size_t j, size_t i)
{
    return burst->verdicts[j].type == HWV_VERDICT_MISS
           && ref_holds_back(&burst->packets[j], burst->verdicts[j].miss,
                             &burst->packets[i]);
}

/* Is packet 'i' of 'burst' held back by one before it? */
static bool
held_back(const struct burst *burst, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (holds_back(burst, j, i)) {
            return true;
        }
    }
    return false;
}

/* How many inner flows hold others of their packets back after the first 'i'
 * packets of 'burst'? */
static size_t
count_held_back(const struct burst *burst, size_t i)
{
    size_t n = 0;

    for (size_t j = 0; j < i; j++) {
        n += holds_back(burst, j, j) && !held_back(burst, j);
    }
    return n;
}

/* Has a packet before packet 'i' missed that has its MACs, but is in another
 * virtual network? */
static bool
has_twin(const struct burst *burst, size_t i)
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

static void
check_verdict(const struct world *w, const struct burst *burst, size_t i,
              const struct ref_verdict *want, struct seen *seen)
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

        seen->expected_collisions += n / 64.0;
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

/* Classifying sets RSS hashes of frames with a class from VFs, no more. */
static void
check_untouched(const struct dp_packet *packet, const struct dp_packet *copy,
                bool from_vf, const struct ref_packet *ref)
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
                     hwv_frame_hash(data, len, &frame));
    }
    HWV_CHECK(dp_packet_rss_valid(packet)
              == (had_rss || (from_vf && ref->has_class)));
    HWV_CHECK_EQ(*dp_packet_ol_flags_ptr(packet)
                 & ~DP_PACKET_OL_RSS_HASH,
                 *dp_packet_ol_flags_ptr(copy) & ~DP_PACKET_OL_RSS_HASH);
}

/* Does hwv_rewrite() what 'verdict' says? */
static void
check_rewrite(struct dp_packet *packet, const struct hwv_verdict *verdict)
{
    struct dp_packet *want = dp_packet_clone(packet);

    if (verdict->outer_len) {
        hwv_decapsulate(want, verdict->outer_len);
    }
    if (verdict->type == HWV_VERDICT_ENCAP) {
        hwv_encapsulate(want, verdict->tunnel, verdict->vni, verdict->ecn);
    }
    hwv_rewrite(packet, verdict);
    HWV_CHECK(dp_packet_equal(packet, want));
    dp_packet_delete(want);
}

static void
run_burst(const struct world *w, bool from_vf, struct burst *burst,
          struct seen *seen)
{
    size_t n = 1 + random_range(NETDEV_MAX_BURST);
    uint16_t vf = world_vf();
    struct ref_verdict want;
    struct dp_packet *packet;

    dp_packet_batch_init(&burst->batch);
    for (size_t i = 0; i < n; i++) {
        packet = (from_vf ? random_from_vf : random_from_uplink)(
            &burst->packets[i]);
        dp_packet_batch_add(&burst->batch, packet);
        burst->copies[i] = dp_packet_clone(packet);
    }

    if (from_vf) {
        hwv_classify_from_vf(&w->tables, vf, &burst->batch, burst->verdicts);
    } else {
        hwv_classify_from_uplink(&w->tables, &burst->batch, burst->verdicts);
    }

    HWV_CHECK_EQ(dp_packet_batch_size(&burst->batch), n);
    DP_PACKET_BATCH_FOR_EACH (i, packet, &burst->batch) {
        if (from_vf) {
            ref_classify_from_vf(&w->ref, vf, &burst->packets[i], &want);
        } else {
            ref_classify_from_uplink(&w->ref, &burst->packets[i], &want);
        }
        check_verdict(w, burst, i, &want, seen);
        check_untouched(packet, burst->copies[i], from_vf, &burst->packets[i]);
        if (burst->verdicts[i].type != HWV_VERDICT_MISS) {
            check_rewrite(packet, &burst->verdicts[i]);
        }
        dp_packet_delete(burst->copies[i]);
    }
    dp_packet_delete_batch(&burst->batch, true);
}

static void
run_bursts(bool from_vf, struct seen *seen)
{
    struct burst burst;
    struct world w;

    hwv_test_seed();
    world_init(&w);
    memset(seen, 0, sizeof *seen);
    for (int i = 0; i < N_BURSTS; i++) {
        for (int n = random_range(5); n > 0; n--) {
            world_change(&w);
        }
        run_burst(&w, from_vf, &burst, seen);
        ovsrcu_quiesce();
    }
    world_destroy(&w);

    for (size_t i = 0; i < ARRAY_SIZE(seen->hits); i++) {
        printf("verdict %"PRIuSIZE": %u\n", i, seen->hits[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(seen->misses); i++) {
        printf("%s: %u\n", hwv_miss_name(i), seen->misses[i]);
    }
    printf("collisions: %u of %.0f expected\n", seen->collisions,
           seen->expected_collisions);
    printf("twins: %u of %u missed\n", seen->missed_twins, seen->twins);

    /* The filter may take a flow for another, but not more often than one of
     * 64 bits has to. */
    HWV_CHECK(seen->collisions < 1.5 * seen->expected_collisions);
    HWV_CHECK(seen->missed_twins <= seen->twins / 2);
}

/* The test says nothing about what did not come up. */
static void
check_seen(const struct seen *seen, size_t n_hits,
           const enum hwv_verdict_type hits[],
           size_t n_misses, const enum hwv_miss misses[])
{
    for (size_t i = 0; i < n_hits; i++) {
        ck_assert_uint_ge(seen->hits[hits[i]], N_BURSTS / 50);
    }
    for (size_t i = 0; i < n_misses; i++) {
        ck_assert_uint_ge(seen->misses[misses[i]], N_BURSTS / 50);
    }
}

START_TEST(test_from_vf)
{
    static const enum hwv_verdict_type hits[] = {
        HWV_VERDICT_DROP, HWV_VERDICT_VF, HWV_VERDICT_UPLINK,
        HWV_VERDICT_ENCAP,
    };
    static const enum hwv_miss misses[] = {
        HWV_MISS_NO_CLASS, HWV_MISS_NO_FLOW, HWV_MISS_AMBIGUOUS,
        HWV_MISS_ORDER, HWV_MISS_HWOL,
    };
    struct seen seen;

    run_bursts(true, &seen);
    check_seen(&seen, ARRAY_SIZE(hits), hits, ARRAY_SIZE(misses), misses);
}
END_TEST

START_TEST(test_from_uplink)
{
    static const enum hwv_verdict_type hits[] = {
        HWV_VERDICT_DROP, HWV_VERDICT_VF,
    };
    static const enum hwv_miss misses[] = {
        HWV_MISS_NO_CLASS, HWV_MISS_NO_FLOW, HWV_MISS_AMBIGUOUS,
        HWV_MISS_ORDER, HWV_MISS_NOT_VXLAN, HWV_MISS_DOUBTFUL,
        HWV_MISS_NO_SOURCE,
    };
    struct seen seen;

    run_bursts(false, &seen);
    ck_assert_uint_ge(seen.twins, N_BURSTS / 50);
    check_seen(&seen, ARRAY_SIZE(hits), hits, ARRAY_SIZE(misses), misses);
}
END_TEST

static void
check_format(const struct hwv_verdict *verdict, const char *want)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    hwv_verdict_format(verdict, &s);
    ck_assert_str_eq(ds_cstr(&s), want);
    ds_destroy(&s);
}

START_TEST(test_format)
{
    struct hwv_tunnel v4 = {
        .encap = { .len = 50, .header = { [30] = 192, 0, 2, 1 } },
    };
    struct hwv_tunnel v6 = {
        .encap = { .len = 70, .header = { [38] = 0x20, 0x01, [53] = 9 } },
    };
    struct hwv_verdict verdict = { .type = HWV_VERDICT_DROP };

    check_format(&verdict, "The NIC drops it, as its flow says.");
    verdict.type = HWV_VERDICT_UPLINK;
    check_format(&verdict, "The NIC sends it to the uplink as it is.");
    verdict.type = HWV_VERDICT_VF;
    verdict.vf = 5;
    verdict.outer_len = 70;
    check_format(&verdict, "The NIC takes off 70 bytes of outer headers. "
                 "The NIC sends it to VF 5.");

    verdict = (struct hwv_verdict) {
        .type = HWV_VERDICT_ENCAP, .tunnel = &v4, .vni = 77, .ecn = 3,
    };
    check_format(&verdict, "The NIC encapsulates it for VTEP 192.0.2.1 with "
                 "VNI 77 and outer ECN 2 and sends it to the uplink.");
    verdict.tunnel = &v6;
    check_format(&verdict, "The NIC encapsulates it for VTEP 2001::9 with "
                 "VNI 77 and outer ECN 2 and sends it to the uplink.");

    verdict = (struct hwv_verdict) {
        .type = HWV_VERDICT_MISS, .miss = HWV_MISS_NO_SOURCE,
    };
    check_format(&verdict, "OVS handles it (no_source): the source table has "
                 "no row for its outer headers.");
    for (int i = 0; i < HWV_N_MISSES; i++) {
        struct ds s = DS_EMPTY_INITIALIZER;

        verdict.miss = i;
        hwv_verdict_format(&verdict, &s);
        ck_assert_ptr_nonnull(strstr(ds_cstr(&s), hwv_miss_name(i)));
        ds_destroy(&s);
    }
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("pipeline");
    TCase *tcase = hwv_unit_tcase(suite, "random");

    tcase_add_test(tcase, test_from_vf);
    tcase_add_test(tcase, test_from_uplink);
    tcase = hwv_unit_tcase(suite, "format");
    tcase_add_test(tcase, test_format);
    return hwv_unit_run(argv[0], suite);
}
