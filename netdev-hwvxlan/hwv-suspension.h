/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_SUSPENSION_H
#define HWV_SUSPENSION_H 1

/* Suspended flows
 * ===============
 *
 * What OVS's offload threads bring is old: a flow that they put may have been
 * changed since, or have gone, and OVS has switched long ago.  Nor do they
 * bring everything (see Documentation/design.rst).  So a flow gets into the
 * NIC only as the datapath has it at that time: it is suspended (not in the
 * NIC), then fetched from the datapath, and put as it is there, unless
 * something has happened to it meanwhile that suspended it once more.
 *
 * Thread-safe.  hwv_suspension_end() takes locks of the datapath, and so must
 * not be called with hwv_control_mutex held. */

#include "hwv-flow.h"

/* A suspension of a flow, and where the datapath has the flow. */
struct hwv_suspension {
    struct hwv_flow_put put;            /* Without match and actions. */
    ovs_u128 our_ufid;                  /* What 'put.ufid' points to. */
    ovs_u128 ufid;
    unsigned int pmd_id;
    uint64_t n;                         /* The flow's 'n_suspensions'. */
};

/* Notes in '*s' that 'flow' is suspended and that the datapath may have it as
 * flow 'ufid' of 'pmd_id' (or PMD_ID_NULL). */
void hwv_suspension_note(struct hwv_suspension *s, const struct hwv_flow *flow,
                         const ovs_u128 *ufid, unsigned int pmd_id)
    OVS_REQUIRES(hwv_control_mutex);

/* Puts the flow as the datapath has it.  Does nothing if the datapath does not
 * have it, or if it has been suspended again or put since. */
void hwv_suspension_end(struct hwv_suspension *s)
    OVS_EXCLUDED(hwv_control_mutex);

#endif /* hwv-suspension.h */
