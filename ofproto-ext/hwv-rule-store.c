/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-rule-store.h"

#include "hwv-segment-rules.h"
#include "ofproto/ofproto-dpif.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/vlog.h"

VLOG_DEFINE_THIS_MODULE(hwv_rule_store);

static struct rule *find(const struct ofproto_dpif *, const struct hwv_rule *);
static bool is_ours(const struct rule *, const struct hwv_rule *);
static int flow_mod(struct ofproto_dpif *, const struct hwv_rule *,
                    enum ofp_flow_mod_command);

int
hwv_rule_install(struct ofproto_dpif *ofproto, const struct hwv_rule *rule)
{
    const struct rule *old = find(ofproto, rule);

    if (old) {
        const struct rule_actions *actions = rule_get_actions(old);

        if (!is_ours(old, rule)) {
            return EEXIST;
        }
        if (ofpacts_equal(actions->ofpacts, actions->ofpacts_len,
                          rule->ofpacts.data, rule->ofpacts.size)) {
            return 0;
        }
    }

    /* Without OFPFC_MODIFY_STRICT the statistics would start anew. */
    return flow_mod(ofproto, rule, OFPFC_MODIFY_STRICT);
}

void
hwv_rule_remove(struct ofproto_dpif *ofproto, const struct hwv_rule *rule)
{
    const struct rule *old = find(ofproto, rule);

    if (old && is_ours(old, rule)) {
        flow_mod(ofproto, rule, OFPFC_DELETE_STRICT);
    }
}

bool
hwv_rule_get_stats(struct ofproto_dpif *ofproto, const struct hwv_rule *rule,
                   struct hwv_rule_stats *stats)
{
    struct rule *found = find(ofproto, rule);
    struct pkt_stats pkt_stats;

    if (!found || !is_ours(found, rule)) {
        return false;
    }
    ofproto->up.ofproto_class->rule_get_stats(found, &pkt_stats,
                                              &stats->used);
    stats->n_packets = pkt_stats.n_packets;
    return true;
}

/* The rule is good until the calling thread quiesces or changes it. */
static struct rule *
find(const struct ofproto_dpif *ofproto, const struct hwv_rule *rule)
{
    return rule_from_cls_rule(classifier_find_match_exactly(
        &ofproto->up.tables[rule->table_id].cls, &rule->match, rule->priority,
        OVS_VERSION_MAX));
}

static bool
is_ours(const struct rule *found, const struct hwv_rule *rule)
{
    return found->flow_cookie == htonll(rule->cookie);
}

static int
flow_mod(struct ofproto_dpif *ofproto, const struct hwv_rule *rule,
         enum ofp_flow_mod_command command)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);
    struct ofputil_flow_mod fm = {
        .buffer_id = UINT32_MAX,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .priority = rule->priority,
        .table_id = rule->table_id,
        .command = command,
        .new_cookie = htonll(rule->cookie),
        .ofpacts = rule->ofpacts.data,
        .ofpacts_len = rule->ofpacts.size,
    };
    enum ofperr error;

    if (rule->table_id == TBL_INTERNAL) {
        fm.flags = OFPUTIL_FF_HIDDEN_FIELDS | OFPUTIL_FF_NO_READONLY;
    }
    minimatch_init(&fm.match, &rule->match);
    error = ofproto_flow_mod(&ofproto->up, &fm);
    minimatch_destroy(&fm.match);
    if (error) {
        VLOG_ERR_RL(&rl, "%s: cannot change a rule of table %u: %s",
                    ofproto->up.name, rule->table_id,
                    ofperr_to_string(error));
    }
    return error ? EIO : 0;
}
