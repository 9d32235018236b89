/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_BURST_H
#define HWV_BURST_H 1

/* Verdicts of the pipeline on a burst, held against those of the reference
 * model. */

#include "hwv-random-world.h"

/* A burst: bytes, and what they are. */
struct hwv_burst {
    struct dp_packet_batch batch;
    struct dp_packet *copies[NETDEV_MAX_BURST];
    struct ref_packet packets[NETDEV_MAX_BURST];
    struct hwv_verdict verdicts[NETDEV_MAX_BURST];
};

/* What came up. */
struct hwv_burst_seen {
    unsigned int hits[HWV_VERDICT_ENCAP + 1];
    unsigned int popped;        /* Hits from a VLAN. */
    unsigned int misses[HWV_N_MISSES];
    unsigned int collisions;    /* Hits turned into misses without need, */
    double expected_collisions; /* and how many are to be expected. */
    unsigned int twins;         /* Hits behind a miss that has the same MACs */
    unsigned int missed_twins;  /* in another VNI, and those that miss. */
};

/* Fails unless the verdict on packet 'i' of 'burst' is what the model's, on
 * that packet alone, and the order of the burst demand. */
void hwv_check_verdict(const struct world *, const struct hwv_burst *,
                       size_t i, const struct ref_verdict *want,
                       struct hwv_burst_seen *);

/* Fails unless classifying has left 'packet', of which 'copy' is a copy from
 * before, alone: it sets the RSS hash of frames with a class from VFs. */
void hwv_check_untouched(const struct dp_packet *packet,
                         const struct dp_packet *copy, bool from_vf,
                         const struct ref_packet *);

/* Rewrites 'packet', from the uplink or from a VF, and fails unless that does
 * what 'verdict' says. */
void hwv_check_rewrite(struct dp_packet *packet,
                       const struct hwv_verdict *verdict, bool from_uplink);

#endif /* hwv-burst.h */
