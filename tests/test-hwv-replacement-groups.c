/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the replacement policies: fair shares, quotas, and how quickly
 * "aged-lfu" reacts. */

#include <config.h>
#undef NDEBUG
#include "hwv-replacement.h"

#include <errno.h>

#include "hwv-replacement-world.h"
#include "hwv-unit.h"

/* Lets 'n' flows from 'first' on, of 'group', come with 'n_misses' each. */
static void
come(struct world *world, uint32_t group, uint32_t first, uint32_t n,
     uint64_t n_misses)
{
    world->group = group;
    for (uint32_t i = 0; i < n; i++) {
        world_miss(world, first + i, n_misses);
    }
}

/* A group by itself may have everything, and has to give the others their
 * share, but not more, to flows that recur. */
START_TEST(test_fair_share)
{
    struct hwv_replacement_stats stats;
    struct world world;

    world_init(&world, "aged-lfu", 12, 100);
    come(&world, 1, 0, 20, 30);
    ck_assert_uint_eq(world_held(&world, 1), 12);
    hwv_replacement_stats(world.r, &stats);
    ck_assert_uint_eq(stats.share, 12);

    come(&world, 2, 20, 20, 1);
    ck_assert_uint_eq(world_held(&world, 2), 0);
    come(&world, 2, 20, 20, 1);
    ck_assert_uint_eq(world_held(&world, 1), 6);
    ck_assert_uint_eq(world_held(&world, 2), 6);
    hwv_replacement_stats(world.r, &stats);
    ck_assert_uint_eq(stats.share, 6);
    ck_assert_uint_eq(stats.active_groups, 2);

    /* Neither pushes the other below its share, however much it sends, but
     * its own entries. */
    come(&world, 2, 40, 20, 100);
    ck_assert_uint_eq(world_held(&world, 1), 6);
    ck_assert_uint_eq(world_held(&world, 2), 6);
    for (int i = 20; i < 40; i++) {
        ck_assert(!world.flows[i].node.resident);
    }

    /* A third one has its share from both. */
    come(&world, 3, 60, 20, 2);
    for (uint32_t group = 1; group <= 3; group++) {
        ck_assert_uint_eq(world_held(&world, group), 4);
    }
    world_destroy(&world);
}
END_TEST

/* Who is not heard of any longer has no share. */
START_TEST(test_inactive)
{
    struct hwv_replacement_stats stats;
    struct world world;

    world_init(&world, "aged-lfu", 8, 100);
    come(&world, 1, 0, 4, 100);
    come(&world, 2, 10, 20, 100);
    ck_assert_uint_eq(world_held(&world, 1), 4);
    ck_assert_uint_eq(world_held(&world, 2), 4);
    for (int i = 0; i < 100; i++) {
        world.now += 64;
        come(&world, 2, 10, 20, 10);
    }
    hwv_replacement_stats(world.r, &stats);
    ck_assert_uint_eq(stats.active_groups, 1);
    ck_assert_uint_eq(world_held(&world, 1), 0);
    ck_assert_uint_eq(world_held(&world, 2), 8);
    world_destroy(&world);
}
END_TEST

/* What hits is heard of, too, although nobody tells. */
START_TEST(test_active_by_hits)
{
    struct world world;

    world_init(&world, "aged-lfu", 8, 100);
    come(&world, 1, 0, 4, 100);
    come(&world, 2, 10, 20, 100);
    for (int i = 0; i < 100; i++) {
        world.now += 64;
        for (int j = 0; j < 4; j++) {
            world.flows[j].hits += 8;
        }
        come(&world, 2, 10, 20, 10);
    }
    ck_assert_uint_eq(world_held(&world, 1), 4);
    world_destroy(&world);
}
END_TEST

/* A flow that does not recur takes nothing from others, but what a group holds
 * beyond its share and does not use again. */
START_TEST(test_once)
{
    struct world world;

    world_init(&world, "aged-lfu", 12, 200);
    come(&world, 1, 0, 12, 1);
    come(&world, 2, 20, 20, 1);
    ck_assert_uint_eq(world_held(&world, 1), 6);
    ck_assert_uint_eq(world_held(&world, 2), 6);

    /* With its share, neither gets on, though each flow is the latest. */
    for (int i = 0; i < 10; i++) {
        world.now += 12;
        come(&world, 1 + i % 2, 40 + 10 * i, 10, 1);
        ck_assert_uint_eq(world_held(&world, 1), 6);
        ck_assert_uint_eq(world_held(&world, 2), 6);
    }

    /* But a flow that recurs takes what does not, wherever it is. */
    come(&world, 1, 150, 12, 2);
    ck_assert_uint_eq(world_held(&world, 1), 12);
    world_destroy(&world);
}
END_TEST

/* Hits of a group of flows, for 100,000 of its packets after as many to learn.
 * If 'n_times' is not 0, another group has as many packets, for flows that
 * each come so many times and never again. */
static uint32_t
hits_beside(uint32_t capacity, uint32_t n_times)
{
    enum { FLOWS = 5000, PACKETS = 200000 };
    uint32_t n_hits = 0;
    struct world world;

    random_set_seed(1);
    world_init(&world, "aged-lfu", capacity, FLOWS + PACKETS);
    for (uint32_t i = 0; i < PACKETS; i++) {
        uint32_t n;

        world.group = 1;
        n = world_run(&world, FLOWS, 0, 1);
        n_hits += i >= PACKETS / 2 ? n : 0;
        if (n_times) {
            world.group = 2;
            world_packet(&world, FLOWS + i / n_times);
        }
    }
    if (n_times) {
        ck_assert_uint_ge(world_held(&world, 1), capacity / 2);
        ck_assert(world_half_life(&world, 1) >= 60 * capacity);
    }
    world_destroy(&world);
    return n_hits;
}

/* Whatever another group does, a group has the hits that it has with a table
 * of its share for itself, less 1 %; if the other one's flows do not recur, of
 * the whole table. */
START_TEST(test_beside_a_scan)
{
    uint32_t half = hits_beside(50, 0), all = hits_beside(100, 0);

    ck_assert_uint_gt(half, 40000);
    ck_assert_uint_gt(all, half + 5000);
    ck_assert_uint_gt(hits_beside(100, 1), all - 1000);
    ck_assert_uint_gt(hits_beside(100, 2), half - 1000);
    ck_assert_uint_gt(hits_beside(100, 100), half - 1000);
}
END_TEST

/* While another group could have its share and does not, a flow that does not
 * recur still takes nothing for a group that has its own. */
START_TEST(test_once_beyond_share)
{
    struct world world;

    world_init(&world, "aged-lfu", 12, 100);
    hwv_replacement_set_quota(world.r, 3, 0);
    come(&world, 3, 0, 1, 1);
    come(&world, 1, 10, 7, 1);
    come(&world, 2, 20, 20, 1);
    for (int i = 0; i < 3; i++) {
        world.now += 12;
        come(&world, 2, 40 + 20 * i, 20, 1);
        ck_assert_uint_eq(world_held(&world, 1), 7);
        ck_assert_uint_eq(world_held(&world, 2), 5);
    }
    world_destroy(&world);
}
END_TEST

/* A group that has its share keeps it, even of flows that do not recur, as
 * long as another has more, whose flows all do. */
START_TEST(test_who_first)
{
    struct world world;

    world_init(&world, "aged-lfu", 12, 100);
    come(&world, 1, 0, 8, 100);
    come(&world, 2, 20, 4, 1);
    come(&world, 3, 40, 3, 1);
    ck_assert_uint_eq(world_held(&world, 1), 8);
    ck_assert_uint_eq(world_held(&world, 2), 4);
    come(&world, 3, 40, 3, 1);
    ck_assert_uint_eq(world_held(&world, 1), 5);
    ck_assert_uint_eq(world_held(&world, 2), 4);
    ck_assert_uint_eq(world_held(&world, 3), 3);
    world_destroy(&world);
}
END_TEST

START_TEST(test_quota)
{
    struct hwv_replacement_group_stats stats;
    struct hwv_replacement_stats all;
    struct world world;

    world_init(&world, "aged-lfu", 8, 100);
    ck_assert_int_eq(hwv_replacement_group_stats(world.r, 1, &stats), ENOENT);
    hwv_replacement_set_quota(world.r, 1, 2);
    come(&world, 1, 0, 2, 2);
    ck_assert_int_eq(world_miss(&world, 2, 1), HWV_REPLACEMENT_QUOTA);
    ck_assert_int_eq(world_miss(&world, 2, 1), HWV_REPLACEMENT_QUOTA);
    ck_assert_int_eq(hwv_replacement_group_stats(world.r, 1, &stats), 0);
    ck_assert_uint_eq(stats.nodes, 3);
    ck_assert_uint_eq(stats.residents, 2);
    ck_assert_uint_eq(stats.quota, 2);
    ck_assert_uint_eq(stats.quota_refused, 2);
    ck_assert_uint_eq(stats.refused, 0);
    hwv_replacement_stats(world.r, &all);
    ck_assert_uint_eq(all.quota, 2);
    ck_assert_uint_eq(all.refused, 0);

    /* It may replace entries of its own, not of others. */
    ck_assert_int_eq(world_miss(&world, 2, 1), HWV_REPLACEMENT_PROMOTED);
    ck_assert_uint_eq(world_held(&world, 1), 2);
    come(&world, 2, 10, 20, 1);
    ck_assert_uint_eq(world_held(&world, 2), 6);
    world.group = 1;
    ck_assert_int_eq(world_miss(&world, 3, 1000), HWV_REPLACEMENT_PROMOTED);
    ck_assert_uint_eq(world_held(&world, 1), 2);

    /* What is beyond a quota that comes later makes room. */
    hwv_replacement_set_quota(world.r, 2, 3);
    hwv_replacement_set_quota(world.r, 1, HWV_REPLACEMENT_NO_QUOTA);
    come(&world, 1, 40, 3, 3);
    ck_assert_uint_eq(world_held(&world, 1), 5);
    ck_assert_uint_eq(world_held(&world, 2), 3);

    hwv_replacement_set_quota(world.r, 7, 0);
    world.group = 7;
    ck_assert_int_eq(world_miss(&world, 60, 9), HWV_REPLACEMENT_QUOTA);
    world_remove(&world, 60);
    ck_assert_int_eq(hwv_replacement_group_stats(world.r, 7, &stats), 0);
    hwv_replacement_set_quota(world.r, 7, HWV_REPLACEMENT_NO_QUOTA);
    ck_assert_int_eq(hwv_replacement_group_stats(world.r, 7, &stats), ENOENT);
    world_destroy(&world);
}
END_TEST

/* What exceeds a quota makes room however much it is used, even if its group
 * has less than its share, and that of the flow all of its own. */
START_TEST(test_beyond_quota)
{
    struct world world;

    world_init(&world, "aged-lfu", 12, 100);
    come(&world, 1, 0, 6, 100);
    come(&world, 2, 10, 6, 100);
    hwv_replacement_set_quota(world.r, 1, 5);
    come(&world, 2, 20, 3, 2);
    ck_assert_uint_eq(world_held(&world, 1), 5);
    ck_assert_uint_eq(world_held(&world, 2), 7);
    world_destroy(&world);
}
END_TEST

/* More groups than entries: nobody has a share. */
START_TEST(test_many_groups)
{
    struct hwv_replacement_stats stats;
    struct world world;

    world_init(&world, "aged-lfu", 4, 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        world.group = i;
        world_miss(&world, i, 1);
        world_miss(&world, i, 2 + i);
        ck_assert(hwv_replacement_check(world.r));
    }
    hwv_replacement_stats(world.r, &stats);
    ck_assert_uint_eq(stats.residents, 4);
    ck_assert_uint_eq(stats.groups, 1000);
    ck_assert(stats.promotions > 4);
    world_destroy(&world);
}
END_TEST

static const struct {
    uint32_t capacity;
    int rounds;                 /* Of history, packets of each resident. */
    bool hot;                   /* 1/8 of all packets, or 4/capacity. */
    uint32_t n_misses;
} reactions[] = {
    { 64, 5, true, HWV_REPLACEMENT_REACTION_HOT },
    { 64, 5000, true, HWV_REPLACEMENT_REACTION_HOT },
    { 64, 5, false, HWV_REPLACEMENT_REACTION },
    { 64, 5000, false, HWV_REPLACEMENT_REACTION },
    { 65536, 5, true, HWV_REPLACEMENT_REACTION_HOT },
    { 65536, 350, true, HWV_REPLACEMENT_REACTION_HOT },
    { 65536, 5, false, HWV_REPLACEMENT_REACTION },
    { 65536, 350, false, HWV_REPLACEMENT_REACTION },
};

/* The worst history there is: residents that are all used the same, while one
 * packet in 100 is of a flow that never comes back. */
static void
make_history(struct world *world, uint32_t capacity, int rounds,
             uint32_t n_strangers)
{
    uint32_t n = 0;

    for (int i = 0; i < rounds; i++) {
        for (uint32_t j = 0; j < capacity; j++) {
            world_packet(world, j);
            if (i && !random_range(100)) {
                uint32_t stranger = capacity + n++ % n_strangers;

                world_remove(world, stranger);
                world_packet(world, stranger);
            }
        }
    }
}

START_TEST(test_reaction)
{
    uint32_t capacity = reactions[_i].capacity;
    uint32_t one_of = reactions[_i].hot ? 8 : capacity / 4;
    uint32_t n_strangers = 1000, hot = capacity + n_strangers;
    uint32_t n_misses = 0;
    struct world world;

    random_set_seed(1 + _i);
    world_init(&world, "aged-lfu", capacity, hot + 1);
    make_history(&world, capacity, reactions[_i].rounds, n_strangers);
    while (!world.flows[hot].inside) {
        if (!random_range(one_of)) {
            world_packet(&world, hot);
            n_misses++;
        } else {
            world_packet(&world, random_range(capacity));
        }
        ck_assert_uint_le(n_misses, reactions[_i].n_misses);
    }
    world_destroy(&world);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("hwv-replacement-groups");
    TCase *tcase = hwv_unit_tcase(suite, "groups");

    tcase_add_test(tcase, test_fair_share);
    tcase_add_test(tcase, test_inactive);
    tcase_add_test(tcase, test_active_by_hits);
    tcase_add_test(tcase, test_once);
    tcase_add_test(tcase, test_beside_a_scan);
    tcase_add_test(tcase, test_once_beyond_share);
    tcase_add_test(tcase, test_who_first);
    tcase_add_test(tcase, test_quota);
    tcase_add_test(tcase, test_beyond_quota);
    tcase_add_test(tcase, test_many_groups);
    tcase_add_loop_test(tcase, test_reaction, 0, ARRAY_SIZE(reactions));
    return hwv_unit_run(argv[0], suite);
}
