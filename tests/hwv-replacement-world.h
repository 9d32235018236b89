/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_REPLACEMENT_WORLD_H
#define HWV_REPLACEMENT_WORLD_H 1

/* A NIC without packets, for the tests of its replacement policies: flows that
 * are numbered, and the table that they want to be in. */

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "hwv-replacement.h"

struct world_flow {
    struct hwv_replacement_node node;
    uint64_t hits;
    bool added;
    bool inside;                /* As the decisions said. */
};

struct world {
    struct hwv_replacement *r;
    struct world_flow *flows;
    uint32_t n_flows, n_residents;
    uint32_t group;             /* Of flows that come. */
    uint64_t now;
    uint64_t lag;               /* Misses are told this late, at most. */
    uint64_t n_reads;
    struct world_flow *reads[32]; /* The latest, by n_reads modulo 32. */
};

void world_init(struct world *world, const char *policy, uint32_t capacity,
                uint32_t n_flows);
void world_destroy(struct world *world);
hwv_replacement_hits_cb world_read;

/* 'n' misses of 'flow', which is added if it is not there.  Carries out and
 * checks the decision. */
enum hwv_replacement_verdict world_miss(struct world *world, uint32_t flow,
                                        uint64_t n);

/* The same, and the decision must be that 'evicted' makes room. */
void world_expect_evicted(struct world *world, uint32_t flow, uint64_t n,
                          uint32_t evicted);

/* A packet of 'flow': hit or miss.  Returns true if it is a hit. */
bool world_packet(struct world *world, uint32_t flow);

/* 'n' packets of flows below 'n_flows', whose popularity falls as 1/rank, and
 * out of which 'from' is the most popular one.  Returns the number of hits. */
uint32_t world_run(struct world *world, uint32_t n_flows, uint32_t from,
                   uint32_t n);

void world_demote(struct world *world, uint32_t flow);
void world_remove(struct world *world, uint32_t flow);

/* Something that is rare. */
void world_random_change(struct world *world, uint32_t flow);

/* Number of residents of 'group', and the half-life of its counts. */
uint32_t world_held(const struct world *world, uint32_t group);
double world_half_life(const struct world *world, uint32_t group);

#endif /* hwv-replacement-world.h */
