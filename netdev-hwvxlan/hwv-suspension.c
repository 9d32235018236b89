/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-suspension.h"

#include <errno.h>

#include "dpif.h"
#include "hwv-dpif.h"
#include "odp-util.h"
#include "openvswitch/match.h"
#include "openvswitch/ofpbuf.h"

void
hwv_suspension_note(struct hwv_suspension *s, const struct hwv_flow *flow,
                    const ovs_u128 *ufid, unsigned int pmd_id)
{
    s->put = (struct hwv_flow_put) {
        .netdev = flow->netdev,
        .dpif_type = flow->dpif_type,
        .kind = flow->kind,
        .orig_in_port = flow->orig_in_port,
    };
    s->our_ufid = flow->ufid;
    s->ufid = *ufid;
    s->pmd_id = pmd_id;
    s->n = flow->n_suspensions;
}

/* Makes a match of the key and mask of 'flow', as dpif-netdev reads them.
 * Returns true if successful. */
static bool
match_from_dpif_flow(const struct dpif_flow *flow, struct match *match)
{
    memset(match, 0, sizeof *match);
    if (odp_flow_key_to_flow(flow->key, flow->key_len, &match->flow, NULL)
        || odp_flow_key_to_mask(flow->mask, flow->mask_len, &match->wc,
                                &match->flow, NULL)) {
        return false;
    }
    if (!match->wc.masks.vlans[0].tci) {
        match->wc.masks.vlans[0].tci = htons(VLAN_VID_MASK | VLAN_CFI);
    }
    return true;
}

void
hwv_suspension_end(struct hwv_suspension *s)
{
    uint64_t stub[DPIF_FLOW_BUFSIZE / 8];
    struct dpif_flow flow;
    struct ofpbuf buf;
    struct match match;

    ofpbuf_use_stub(&buf, stub, sizeof stub);
    if (!hwv_dpif_flow_get(s->put.dpif_type, &s->ufid, s->pmd_id, &buf, &flow)
        && match_from_dpif_flow(&flow, &match)) {
        s->put.ufid = &s->our_ufid;
        s->put.match = &match;
        s->put.actions = flow.actions;
        s->put.actions_len = flow.actions_len;
        hwv_flow_resume(&s->put, s->n);
    }
    ofpbuf_uninit(&buf);
}
