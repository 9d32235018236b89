/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_AGREEMENT_H
#define HWV_AGREEMENT_H 1

/* Does the NIC find an entry for exactly the packets that the flow behind it
 * matches?  Two independent answers. */

#include <stdbool.h>

#include "hwv-match.h"
#include "hwv-samples.h"

/* What the flows are compiled to. */
struct hwv_compiled {
    struct hwv_inner_match inner;
    uint16_t tci;
    struct hwv_tunnel_match tunnel;
    struct hwv_outer_match outer;
    bool covered;
    struct hwv_source_key source;
};

/* Compiles 'flows' into '*entry', or returns the reason why not. */
enum hwv_reject hwv_compile(const struct hwv_flows *flows,
                            struct hwv_compiled *entry);

/* Does OVS find that 'sample' matches 'flows'? */
bool hwv_ovs_matches(const struct hwv_flows *flows,
                     const struct hwv_sample *sample);

/* Fails unless OVS and the NIC, with 'entry', agree on 'sample'. */
void hwv_check_agreement(const struct hwv_flows *flows,
                         const struct hwv_compiled *entry,
                         const struct hwv_sample *sample);

/* Changes at random what 'match' does not match of its flow.  OVS hands on the
 * first packet's flow as it is: outside of the mask there may be anything. */
void hwv_scramble(struct match *match);

#endif /* hwv-agreement.h */
