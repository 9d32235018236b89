/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_RANDOM_WORLD_H
#define HWV_RANDOM_WORLD_H 1

/* A NIC with random entries in its tables, its reference model with the same,
 * and random packets for both. */

#include "dp-packet.h"
#include "hwv-pipeline.h"
#include "hwv-reference.h"

/* The NIC and its model. */
struct world {
    struct hwv_tables tables;
    struct ref_nic ref;
};

void world_init(struct world *);
void world_destroy(struct world *);

/* Adds, replaces or removes a flow and a row, in the NIC and in the model. */
void world_change(struct world *);

/* Blocks a tunnel or lets it send again, in both. */
void world_block(struct world *);

/* Returns the number of a VF, at random. */
uint16_t world_vf(void);

/* Returns a new random packet and describes it in '*packet'. */
struct dp_packet *random_from_vf(struct ref_packet *packet);
struct dp_packet *random_from_uplink(struct ref_packet *packet);

#endif /* hwv-random-world.h */
