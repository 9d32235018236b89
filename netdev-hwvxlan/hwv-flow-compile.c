/* SPDX-License-Identifier: Apache-2.0 */

/* What a flow is to the NIC: its kind, match and action, compiled. */

#include <config.h>
#include "hwv-bind.h"

#include "hwv-codec.h"
#include "util.h"

static enum hwv_reject compile_match(struct hwv_flow *, const struct match *);
static enum hwv_reject check(const struct hwv_flow *);

void
hwv_flow_compile(struct hwv_flow *flow, const struct hwv_flow_put *put)
{
    enum hwv_reject action_reject;

    action_reject = hwv_action_compile(put->actions, put->actions_len,
                                       &flow->action);
    flow->kind = put->kind;
    if (flow->kind == HWV_FLOW_UPLINK || flow->kind == HWV_FLOW_VLAN) {
        bool pops = !action_reject && flow->action.type == HWV_ACTION_POP;

        flow->kind = (hwv_match_has_tag(put->match) && !pops
                      ? HWV_FLOW_VLAN : HWV_FLOW_UPLINK);
    }

    /* An obstacle in the match tells more than one in the actions. */
    flow->compiled = compile_match(flow, put->match);
    if (!flow->compiled) {
        flow->compiled = action_reject;
    }
    if (!flow->compiled) {
        flow->compiled = check(flow);
    }
}

static enum hwv_reject
compile_match(struct hwv_flow *flow, const struct match *match)
{
    switch (flow->kind) {
    case HWV_FLOW_VF:
        return hwv_match_from_vf(match, &flow->inner);
    case HWV_FLOW_TUNNEL:
        return hwv_match_from_tunnel(match, &flow->inner, &flow->tunnel);
    case HWV_FLOW_UPLINK:
        return hwv_match_from_uplink(match, &flow->outer);
    case HWV_FLOW_VLAN:
        return hwv_match_from_vlan(match, &flow->inner, &flow->tci);
    default:
        OVS_NOT_REACHED();
    }
}

/* Do the match and the action of 'flow', each fine by itself, go together? */
static enum hwv_reject
check(const struct hwv_flow *flow)
{
    const struct hwv_inner_match *inner = &flow->inner;
    const struct hwv_action *action = &flow->action;
    uint8_t ecn = (inner->class & HWV_CLASS_ECN) >> HWV_CLASS_ECN_SHIFT;

    if (flow->kind == HWV_FLOW_UPLINK && action->type != HWV_ACTION_POP) {
        return HWV_REJECT_NOT_TNL_POP;
    }
    if (flow->kind != HWV_FLOW_UPLINK && action->type == HWV_ACTION_POP) {
        return HWV_REJECT_ACTION;
    }
    if (action->type != HWV_ACTION_DROP
        && (action->pop_vlan != (flow->kind == HWV_FLOW_VLAN)
            || (action->push_vlan
                && (flow->kind != HWV_FLOW_VF
                    || action->type != HWV_ACTION_OUTPUT)))) {
        return HWV_REJECT_VLAN_ACTION;
    }
    if (action->type == HWV_ACTION_ENCAP
        && (!inner->ecn_matched || action->outer_ecn != hwv_outer_ecn(ecn))) {
        return HWV_REJECT_TUNNEL_ECN;
    }
    return HWV_ACCEPT;
}
