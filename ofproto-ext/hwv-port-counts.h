/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_PORT_COUNTS_H
#define HWV_PORT_COUNTS_H 1

/* Numbers by port
 * ===============
 *
 * A number for each OpenFlow port of each bridge, 0 for those that nobody has
 * counted: for limits that no port can use up for another one.  Takes memory
 * only for those that are not 0.
 *
 * A pure data structure, without locks. */

#include "openvswitch/hmap.h"
#include "openvswitch/types.h"
#include "openvswitch/uuid.h"

struct hwv_port_counts {
    struct hmap counts;
};

struct hwv_port_key {
    struct uuid bridge;         /* Of the ofproto_dpif. */
    ofp_port_t port;
};

void hwv_port_counts_init(struct hwv_port_counts *counts);
void hwv_port_counts_destroy(struct hwv_port_counts *counts);

/* Makes all numbers 0. */
void hwv_port_counts_clear(struct hwv_port_counts *counts);

unsigned int hwv_port_counts_get(const struct hwv_port_counts *counts,
                                 const struct hwv_port_key *key);
void hwv_port_counts_inc(struct hwv_port_counts *counts,
                         const struct hwv_port_key *key);

/* The number of 'key' must not be 0. */
void hwv_port_counts_dec(struct hwv_port_counts *counts,
                         const struct hwv_port_key *key);

#endif /* hwv-port-counts.h */
