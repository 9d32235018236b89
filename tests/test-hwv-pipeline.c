/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the pipeline, against the slow reference model. */

#include <config.h>
#undef NDEBUG
#include "hwv-pipeline.h"

#include <string.h>

#include "hwv-burst.h"
#include "hwv-test-frames.h"
#include "hwv-unit.h"
#include "openvswitch/dynamic-string.h"

#define N_BURSTS 20000

static void
run_burst(const struct world *w, bool from_vf, struct hwv_burst *burst,
          struct hwv_burst_seen *seen)
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
        hwv_check_verdict(w, burst, i, &want, seen);
        hwv_check_untouched(packet, burst->copies[i], from_vf,
                            &burst->packets[i]);
        if (burst->verdicts[i].type != HWV_VERDICT_MISS) {
            hwv_check_rewrite(packet, &burst->verdicts[i], !from_vf);
        }
        dp_packet_delete(burst->copies[i]);
    }
    dp_packet_delete_batch(&burst->batch, true);
}

static void
run_bursts(bool from_vf, struct hwv_burst_seen *seen)
{
    struct hwv_burst burst;
    struct world w;

    hwv_test_seed();
    world_init(&w);
    memset(seen, 0, sizeof *seen);
    for (int i = 0; i < N_BURSTS; i++) {
        for (int n = random_range(5); n > 0; n--) {
            world_change(&w);
            world_block(&w);
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
     * 1024 bits has to. */
    HWV_CHECK(seen->collisions < 1.5 * seen->expected_collisions);
    HWV_CHECK(seen->missed_twins <= seen->twins / 50);
}

/* The test says nothing about what did not come up. */
static void
check_seen(const struct hwv_burst_seen *seen, size_t n_hits,
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
        HWV_VERDICT_VLAN, HWV_VERDICT_ENCAP, HWV_VERDICT_WITHDRAWN,
    };
    static const enum hwv_miss misses[] = {
        HWV_MISS_NO_CLASS, HWV_MISS_NO_FLOW, HWV_MISS_AMBIGUOUS,
        HWV_MISS_ORDER, HWV_MISS_HWOL,
    };
    struct hwv_burst_seen seen;

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
    struct hwv_burst_seen seen;

    run_bursts(false, &seen);
    ck_assert_uint_ge(seen.twins, N_BURSTS / 50);
    ck_assert_uint_ge(seen.popped, N_BURSTS / 50);
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
        .type = HWV_VERDICT_VF, .vf = 5, .pop_vlan = true,
    };
    check_format(&verdict, "The NIC takes off the VLAN tag. The NIC sends it "
                 "to VF 5.");
    verdict = (struct hwv_verdict) {
        .type = HWV_VERDICT_VLAN, .tci = 0x6005,
    };
    check_format(&verdict, "The NIC sends it to the uplink with a tag of VLAN "
                 "5 and priority 3.");

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
