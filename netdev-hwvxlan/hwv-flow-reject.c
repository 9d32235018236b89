/* SPDX-License-Identifier: Apache-2.0 */

/* Counts of the flows that are refused, and an example for each reason. */

#include <config.h>
#include "hwv-bind.h"

#include "openvswitch/dynamic-string.h"
#include "util.h"

static struct hwv_reject_stats reject_stats[HWV_N_REJECTS]
    OVS_GUARDED_BY(hwv_control_mutex);
static char *reject_examples[HWV_N_REJECTS]
    OVS_GUARDED_BY(hwv_control_mutex);

/* Keeps the first flow that is refused for a reason as its example: the flow
 * may be another one tomorrow, or gone. */
static void
keep_example(const struct hwv_flow *flow)
    OVS_REQUIRES(hwv_control_mutex)
{
    if (flow->reject && !reject_examples[flow->reject]) {
        struct ds s = DS_EMPTY_INITIALIZER;

        hwv_flow_format(flow, &s);
        reject_examples[flow->reject] = ds_steal_cstr(&s);
    }
}

void
hwv_flow_set_reject(struct hwv_flow *flow, enum hwv_reject reject)
{
    if (flow->reject != reject) {
        reject_stats[flow->reject].now--;
        reject_stats[reject].now++;
        if (reject != HWV_REJECT_UNVERIFIED) {
            reject_stats[reject].total++;   /* That one is no refusal. */
        }
        flow->reject = reject;
        keep_example(flow);
    }
}

bool
hwv_flow_waits_for_room(void)
{
    return reject_stats[HWV_REJECT_SOURCES_FULL].now
           || reject_stats[HWV_REJECT_COUNTERS_FULL].now;
}

void
hwv_flow_reject_stats(struct hwv_reject_stats stats[HWV_N_REJECTS])
{
    memcpy(stats, reject_stats, sizeof reject_stats);
}

void
hwv_flow_reject_example(enum hwv_reject reject, struct ds *s)
{
    const struct hwv_flow *flow;

    HMAP_FOR_EACH (flow, node, hwv_flows()) {
        if (flow->reject == reject) {
            hwv_flow_format(flow, s);
            return;
        }
    }
    if (reject_examples[reject]) {
        ds_put_cstr(s, reject_examples[reject]);
    }
}
