/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the replacement policies: what each does in cases small enough
 * to be worked out by hand, and what holds for all of them at any time.  For
 * groups, and for how quickly they react, there are tests of their own. */

#include <config.h>
#undef NDEBUG
#include "hwv-replacement.h"

#include <errno.h>

#include "hwv-replacement-policy.h"
#include "hwv-replacement-world.h"
#include "hwv-unit.h"

START_TEST(test_names)
{
    static const char *names[] = { "aged-lfu", "lfu", "lru", "none" };
    const struct hwv_replacement_policy *policy;
    struct hwv_replacement *r = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        ck_assert_int_eq(hwv_replacement_policy_from_name(names[i], &policy),
                         0);
        ck_assert_ptr_eq(policy, hwv_replacement_policies[i]);
        ck_assert_str_eq(hwv_replacement_policy_name(policy), names[i]);
        ck_assert_int_eq(hwv_replacement_create(policy, 0, 0, world_read, NULL,
                                                &r), EINVAL);
        ck_assert_ptr_null(r);
    }
    ck_assert_ptr_null(hwv_replacement_policies[ARRAY_SIZE(names)]);
    ck_assert_int_eq(hwv_replacement_policy_from_name("", &policy), EINVAL);
    ck_assert_int_eq(hwv_replacement_policy_from_name("LRU", &policy), EINVAL);
    hwv_replacement_destroy(NULL);
}
END_TEST

/* First come, first served, and nothing is ever read. */
START_TEST(test_none)
{
    struct world world;

    world_init(&world, "none", 2, 5);
    ck_assert_int_eq(world_miss(&world, 0, 1), HWV_REPLACEMENT_PROMOTED);
    ck_assert_int_eq(world_miss(&world, 1, 1), HWV_REPLACEMENT_PROMOTED);
    ck_assert_int_eq(world_miss(&world, 2, 100), HWV_REPLACEMENT_REFUSED);
    ck_assert_int_eq(world_miss(&world, 0, 1), HWV_REPLACEMENT_ALREADY);

    /* Room for one, whoever comes. */
    world_remove(&world, 0);
    ck_assert_int_eq(world_miss(&world, 3, 1), HWV_REPLACEMENT_PROMOTED);
    ck_assert_int_eq(world_miss(&world, 2, 1), HWV_REPLACEMENT_REFUSED);
    ck_assert_uint_eq(world.n_reads, 0);
    world_destroy(&world);
}
END_TEST

/* Each new one is taken in, the least used makes room, and who comes back
 * starts again. */
START_TEST(test_lfu)
{
    struct world world;

    world_init(&world, "lfu", 2, 5);
    world_miss(&world, 0, 1);
    world_miss(&world, 1, 1);
    world.flows[0].hits += 5;
    world.flows[1].hits += 2;
    world_expect_evicted(&world, 2, 1, 1);
    world.flows[2].hits += 1;
    world_expect_evicted(&world, 1, 1, 2);
    world.flows[1].hits += 6;

    /* No more are looked at than it takes: 1, which had hits since it was
     * looked at, 0, which is the least used now, and 3 as it comes in. */
    world.n_reads = 0;
    world_expect_evicted(&world, 3, 1, 0);
    ck_assert_uint_eq(world.n_reads, 3);

    /* However many misses there were, an entry begins with one. */
    world_expect_evicted(&world, 4, 100, 3);
    world_expect_evicted(&world, 3, 1, 4);
    world_destroy(&world);
}
END_TEST

/* Where all that are looked at had hits that nobody told of, the least used of
 * these makes room, in whatever order they are looked at. */
START_TEST(test_looks)
{
    enum { CAPACITY = 40 };
    uint32_t least = UINT32_MAX;
    struct world world;

    random_set_seed(1 + _i);
    world_init(&world, "lfu", CAPACITY, CAPACITY + 1);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        world_miss(&world, i, 1);
    }
    for (uint32_t i = 0; i < CAPACITY; i++) {
        world.flows[i].hits = 1 + random_range(900);
    }
    world.n_reads = 0;
    world.now += 1000;
    world_miss(&world, CAPACITY, 1);
    ck_assert_uint_eq(world.n_reads, HWV_REPLACEMENT_MAX_READS);
    for (int i = 0; i < HWV_REPLACEMENT_MAX_LOOKS; i++) {
        least = MIN(least,
                    world.reads[HWV_REPLACEMENT_DUE_LOOKS + i]->hits);
    }
    for (uint32_t i = 0; i < CAPACITY; i++) {
        ck_assert(world.flows[i].inside || world.flows[i].hits == least);
    }
    world_destroy(&world);
}
END_TEST

/* One is looked at for each packet that there was: what a decision leaves of
 * them, the next ones do. */
START_TEST(test_due)
{
    enum { CAPACITY = 40, PACKETS = 20 };
    static const uint32_t n_looked[] = { 12, 20, 20 };
    struct world world;

    world_init(&world, "aged-lfu", CAPACITY, CAPACITY + 1);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        world_miss(&world, i, 1);
    }
    /* A group without room has nobody to look at for another reason. */
    hwv_replacement_set_quota(world.r, 1, 0);
    world.group = 1;
    world.now += PACKETS;
    world.n_reads = 0;
    for (size_t i = 0; i < ARRAY_SIZE(n_looked); i++) {
        world_miss(&world, CAPACITY, 1);
        ck_assert_uint_eq(world.n_reads, n_looked[i]);
    }
    for (uint32_t i = 0; i < PACKETS; i++) {
        ck_assert_ptr_eq(world.reads[i], &world.flows[i]);
    }
    world_destroy(&world);
}
END_TEST

/* Each new one is taken in, and who was not used for the longest time makes
 * room. */
START_TEST(test_lru)
{
    struct world world;

    world_init(&world, "lru", 3, 6);
    for (int i = 0; i < 3; i++) {
        world.now++;
        world_miss(&world, i, 1);
    }
    world.flows[0].hits++;
    world.now = 100;
    world_expect_evicted(&world, 3, 1, 1);
    world.now = 101;
    world_expect_evicted(&world, 1, 1, 2);

    /* 0 was last used at about 50, and 3 has been since. */
    world.flows[3].hits++;
    world.now = 200;
    world_expect_evicted(&world, 2, 1, 0);
    world_destroy(&world);
}
END_TEST

/* No time passes here, so that counts are exact. */
START_TEST(test_margin)
{
    struct world world;

    world_init(&world, "aged-lfu", 4, 8);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(world_miss(&world, i, 1), HWV_REPLACEMENT_PROMOTED);
        world.flows[i].hits += 9 + 10 * i;
    }

    /* 0 has a count of 10. */
    for (int i = 1; i <= 12; i++) {
        ck_assert_int_eq(world_miss(&world, 4, 1), HWV_REPLACEMENT_REFUSED);
    }
    ck_assert_int_eq(world_miss(&world, 5, 12), HWV_REPLACEMENT_REFUSED);
    world_expect_evicted(&world, 4, 2, 0);

    /* 0 keeps its count, and needs more than 1.3 * 14. */
    ck_assert_int_eq(world_miss(&world, 0, 8), HWV_REPLACEMENT_REFUSED);
    world_expect_evicted(&world, 0, 1, 4);
    world_destroy(&world);
}
END_TEST

/* Where nothing is used again, who came last is the better guess, but not for
 * those who come at the same time. */
START_TEST(test_no_memory)
{
    struct world world;

    world_init(&world, "aged-lfu", 1, 3);
    world_miss(&world, 0, 1);
    ck_assert_int_eq(world_miss(&world, 1, 1), HWV_REPLACEMENT_REFUSED);
    world.now += 100;
    world_expect_evicted(&world, 2, 1, 0);
    world_destroy(&world);
}
END_TEST

/* Where memory is long, a guess is not worth an insertion: who came last needs
 * the margin, too.  It is long where misses are told of so late that a short
 * one would know nothing. */
START_TEST(test_long_memory)
{
    enum { LATE = 10000, TOLD = 100, ROUNDS = 70 };

    const struct hwv_replacement_policy *p = &hwv_replacement_aged_lfu;
    struct hwv_replacement_state *state = p->create(1, 0);
    struct hwv_replacement_node nodes[3];
    struct hwv_replacement_node *busy = &nodes[0];
    struct hwv_replacement_node *victim = &nodes[1], *node = &nodes[2];
    double short_half_life = p->half_life(state), half_life;
    uint64_t now = 0;

    memset(nodes, 0, sizeof nodes);
    for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
        p->add(state, &nodes[i], now);
    }
    for (int i = 0; i < ROUNDS; i++) {
        p->count(state, busy, TOLD, now, now + LATE);
        now += LATE;
    }
    ck_assert(p->adapt(state));
    half_life = p->half_life(state);
    ck_assert(half_life > 2 * short_half_life);

    /* Of two with a packet each, the later one has a higher count: by a half
     * of an octave if it is half a half-life later. */
    p->count(state, victim, 1, now, now + 1);
    for (int i = 2; i <= 5; i++) {
        uint64_t later = now + 1 + i * half_life / 10;

        p->remove(state, node);
        p->add(state, node, later - 1);
        p->count(state, node, 1, later - 1, later);
        p->count(state, victim, 0, later - 1, later);
        ck_assert_msg(p->beats(state, node, state, victim) == (i >= 4),
                      "%d tenths of a half-life", i);
    }
    p->destroy(state);
}
END_TEST

/* A use count of a million does not help a flow that is over. */
START_TEST(test_ageing)
{
    struct world world;

    world_init(&world, "aged-lfu", 2, 10);
    world_miss(&world, 0, 1);
    world_miss(&world, 1, 1);
    world.flows[0].hits = 1000000;
    world.now = 1000000;
    ck_assert_int_eq(world_miss(&world, 2, 1), HWV_REPLACEMENT_PROMOTED);
    ck_assert(world.flows[0].node.resident);

    for (int i = 0; i < 10; i++) {
        world.now += 100;
        world.flows[2].hits += 50;
        world_miss(&world, 3, 50);
    }
    ck_assert(!world.flows[0].node.resident);
    ck_assert(world.flows[2].node.resident);
    ck_assert(world.flows[3].node.resident);
    world_destroy(&world);
}
END_TEST

/* A long memory where nothing changes, a short one where it does. */
START_TEST(test_half_life)
{
    enum { CAPACITY = 100, FLOWS = 5000 };
    struct world world;
    double before;

    random_set_seed(1);
    world_init(&world, "aged-lfu", CAPACITY, FLOWS);
    world_run(&world, FLOWS, 0, 300000);
    before = world_half_life(&world, 0);
    ck_assert(before >= 60 * CAPACITY);
    for (int i = 0; i < 60; i++) {
        world_run(&world, FLOWS, i * (FLOWS - CAPACITY), 2000);
    }
    ck_assert(world_half_life(&world, 0) < before / 2);
    world_run(&world, FLOWS, 0, 300000);
    ck_assert(world_half_life(&world, 0) >= 60 * CAPACITY);

    /* The best are inside. */
    for (int i = 0; i < CAPACITY / 2; i++) {
        ck_assert(world.flows[i].node.resident);
    }
    world_destroy(&world);
}
END_TEST

/* Returns how many of 100,000 packets are hits, after as many to learn, if
 * misses are told each 'interval' packets, in the order of the first ones. */
static uint32_t
hits_of_collected(uint32_t interval)
{
    enum { CAPACITY = 64, FLOWS = 1000, PACKETS = 200000 };
    uint32_t misses[FLOWS] = { 0 };
    uint32_t order[FLOWS], n = 0, n_hits = 0;
    struct world world;

    random_set_seed(1);
    world_init(&world, "aged-lfu", CAPACITY, FLOWS);
    world.lag = interval > 1 ? interval : 0;
    for (int i = 0; i < PACKETS; i++) {
        uint32_t flow = pow(FLOWS, random_uint32() / (UINT32_MAX + 1.0)) - 1;

        world.now++;
        if (world.flows[flow].inside) {
            world.flows[flow].hits++;
            n_hits += i >= PACKETS / 2;
        } else if (!misses[flow]++) {
            order[n++] = flow;
        }
        if ((i + 1) % interval == 0) {
            for (uint32_t j = 0; j < n; j++) {
                world_miss(&world, order[j], misses[order[j]]);
                misses[order[j]] = 0;
            }
            n = 0;
        }
    }
    world_destroy(&world);
    return n_hits;
}

/* Who collects misses and tells of many at once has as many hits as who tells
 * of each as it comes: less than 1 % less. */
START_TEST(test_collected)
{
    static const uint32_t intervals[] = { 32, 250, 500, 1000, 2000, 10000 };
    uint32_t best = hits_of_collected(1);

    ck_assert_uint_gt(best, 50000);
    for (size_t i = 0; i < ARRAY_SIZE(intervals); i++) {
        ck_assert_uint_gt(hits_of_collected(intervals[i]), best - 1000);
    }
}
END_TEST

/* When flows were last used stays known, however short half-lives are. */
START_TEST(test_recency)
{
    static const struct hwv_frequency_scales scales = {
        .half_life = { 16, 32, 64, 128, 1 << 20 },
    };
    const int recency = HWV_FREQUENCY_RECENCY;
    struct hwv_frequency never, f[2];

    hwv_frequency_init(&never, 0);
    for (int i = 0; i < 2; i++) {
        hwv_frequency_init(&f[i], 0);
        hwv_frequency_add(&f[i], &scales, 1000 - 999 * i, 50 + i, 50 + i);
    }
    for (uint64_t now = 100; now <= 1000000; now += 100) {
        hwv_frequency_add(&never, &scales, 0, 0, now);
        for (int i = 0; i < 2; i++) {
            hwv_frequency_add(&f[i], &scales, 0, 0, now);
        }
    }
    ck_assert(hwv_frequency_level(&never, &scales, recency)
              == HWV_LEVEL_NONE);
    for (int i = 0; i < 2; i++) {
        double level = hwv_frequency_level(&f[i], &scales, recency);

        ck_assert_double_eq_tol(level, (50 + i) / 16.0, 1e-3);
        ck_assert_double_eq(hwv_frequency_alive(&f[i], &scales, recency, 1e-3,
                                                1000000), 0);
    }
}
END_TEST

START_TEST(test_demote)
{
    struct hwv_replacement_stats stats;
    struct world world;

    world_init(&world, "aged-lfu", 2, 4);
    world_miss(&world, 0, 1);
    world_miss(&world, 1, 1);
    world.flows[0].hits = 100;
    world_demote(&world, 0);
    ck_assert(!world.flows[0].node.resident);
    world_demote(&world, 0);

    /* There is room for anybody, and what it was is not forgotten. */
    ck_assert_int_eq(world_miss(&world, 2, 1), HWV_REPLACEMENT_PROMOTED);
    ck_assert_int_eq(world_miss(&world, 3, 1), HWV_REPLACEMENT_REFUSED);
    ck_assert_int_eq(world_miss(&world, 0, 1), HWV_REPLACEMENT_PROMOTED);

    hwv_replacement_demote_all(world.r, world.now);
    hwv_replacement_stats(world.r, &stats);
    ck_assert_uint_eq(stats.residents, 0);
    ck_assert_uint_eq(stats.promotions, 4);
    ck_assert_uint_eq(stats.evictions, 1);
    ck_assert_uint_eq(stats.demotions, 3);
    ck_assert_uint_eq(stats.refused, 1);
    world_destroy(&world);
}
END_TEST

/* Anything at any time: 'resident' of all flows is what the decisions said,
 * nothing reads more than it may, and hwv_replacement_check() agrees. */
START_TEST(test_random)
{
    enum { FLOWS = 60, CAPACITY = 12 };
    const struct hwv_replacement_policy *policy
        = hwv_replacement_policies[_i % 4];
    struct hwv_replacement_stats stats;
    struct world world;

    random_set_seed(1 + _i);
    world_init(&world, hwv_replacement_policy_name(policy), CAPACITY, FLOWS);
    for (int i = 0; i < 20000; i++) {
        uint32_t flow = random_range(1 + random_range(FLOWS));

        world.group = flow % 5;
        if (random_range(3)) {
            world_packet(&world, flow);
        } else if (random_range(20)) {
            world_miss(&world, flow, 1 + random_range(5));
        } else {
            world_random_change(&world, flow);
        }
        if (!random_range(500)) {
            world.now += random_range(100000);
        }
        world.now -= random_range(10) ? 0 : MIN(world.now, 3);
        ck_assert(hwv_replacement_check(world.r));
        hwv_replacement_stats(world.r, &stats);
        ck_assert_uint_eq(stats.residents, world.n_residents);
        ck_assert_uint_le(stats.residents, CAPACITY);
        ck_assert_uint_eq(stats.reads, world.n_reads);
        ck_assert_uint_eq(stats.promotions - stats.evictions - stats.demotions,
                          stats.residents);
    }
    ck_assert_uint_gt(stats.promotions, 50);
    if (_i % 4 == 0 || _i % 4 == 3) {
        /* The others take everybody in. */
        ck_assert_uint_gt(stats.refused + stats.quota, 100);
    }
    world_destroy(&world);
}
END_TEST

START_TEST(test_million)
{
    enum { FLOWS = 1000000, CAPACITY = 65536 };
    struct hwv_replacement_stats stats;
    struct world world;

    ck_assert_uint_le(sizeof(struct hwv_replacement_node), 88);
    random_set_seed(3);
    world_init(&world, "aged-lfu", CAPACITY, FLOWS);
    for (uint32_t i = 0; i < FLOWS; i++) {
        world_miss(&world, i, 1);
        world.now++;
    }
    world_run(&world, FLOWS, 0, 1000000);
    ck_assert(hwv_replacement_check(world.r));
    hwv_replacement_stats(world.r, &stats);
    ck_assert_uint_eq(stats.nodes, FLOWS);
    ck_assert_uint_eq(stats.residents, CAPACITY);
    for (uint32_t i = 0; i < 1000; i++) {
        ck_assert(world.flows[i].node.resident);
    }
    world_destroy(&world);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("hwv-replacement");
    TCase *tcase = hwv_unit_tcase(suite, "policies");

    tcase_add_test(tcase, test_names);
    tcase_add_test(tcase, test_none);
    tcase_add_test(tcase, test_lfu);
    tcase_add_loop_test(tcase, test_looks, 0, 10);
    tcase_add_test(tcase, test_due);
    tcase_add_test(tcase, test_lru);
    tcase_add_test(tcase, test_margin);
    tcase_add_test(tcase, test_no_memory);
    tcase_add_test(tcase, test_long_memory);
    tcase_add_test(tcase, test_ageing);
    tcase_add_test(tcase, test_half_life);
    tcase_add_test(tcase, test_recency);
    tcase_add_test(tcase, test_collected);
    tcase_add_test(tcase, test_demote);
    tcase_add_loop_test(tcase, test_random, 0, 12);
    tcase_add_test(tcase, test_million);
    return hwv_unit_run(argv[0], suite);
}
