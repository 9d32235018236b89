/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_SAMPLES_H
#define HWV_SAMPLES_H 1

/* Random packets around a flow, each as OVS sees it and as the NIC sees it.
 *
 * What OVS sees comes from its own functions, from the bytes of the packet. */

#include <stdbool.h>

#include "flow.h"
#include "hwv-frame.h"
#include "hwv-source-table.h"
#include "openvswitch/match.h"

/* Datapath ports. */
#define HWV_UPLINK_PORT 1
#define HWV_VF_PORT 4
#define HWV_TUNNEL_PORT 6

/* The flow or flows that decide about a packet. */
struct hwv_flows {
    bool rx;                    /* From a tunnel. */
    bool vlan;                  /* From a VLAN.  Otherwise from a VF. */
    struct match match;         /* Of the VF, tunnel port or uplink. */
    struct match outer;         /* The tnl_pop flow, if 'rx'. */
};

/* Flows that the NIC takes, for hwv_match_from_string(): from a VF, or, from
 * HWV_FIRST_TUNNEL on, from a tunnel together with its tnl_pop flow, or, from
 * HWV_FIRST_VLAN on, from a VLAN. */
enum { HWV_FIRST_TUNNEL = 6, HWV_FIRST_VLAN = 10, HWV_N_TYPICAL = 13 };
extern const struct hwv_typical {
    const char *match, *outer;
} hwv_typical[HWV_N_TYPICAL];

struct hwv_sample {
    /* OVS. */
    struct flow flow;           /* From a VF or VLAN, or after tnl_pop. */
    struct flow outer;          /* Before tnl_pop, if 'rx'. */

    /* The NIC. */
    struct hwv_frame frame;
    struct hwv_source_key source;   /* If 'rx'. */
    uint16_t tci;                   /* If 'vlan'. */
};

/* Stores into '*sample' a random packet that differs in few fields, or none,
 * from one that 'flows' match; what they ignore is random.  Returns false if
 * the packet is one that the NIC cannot parse. */
bool hwv_random_sample(const struct hwv_flows *flows,
                       struct hwv_sample *sample);

#endif /* hwv-samples.h */
