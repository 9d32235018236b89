/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_RULE_STORE_H
#define HWV_RULE_STORE_H 1

/* Rules in OVS's flow tables
 * ==========================
 *
 * Installs, finds and removes single rules of ours.  OVS's tables are the only
 * record of what is there: no copy is kept.  Each takes a lookup in a
 * classifier, some microseconds, whatever the number of rules.
 *
 * Table 0 is the user's, too, and OpenFlow allows for one rule only of a match
 * and priority.  A rule of the user's is never touched.
 *
 * Main thread only. */

#include <stdbool.h>
#include <stdint.h>

struct hwv_rule;
struct ofproto_dpif;

struct hwv_rule_stats {
    uint64_t n_packets;
    long long int used;         /* In msec, or when it was installed. */
};

/* Installs 'rule' with its actions, or replaces the actions, and leaves it
 * alone if it is there with these.  Returns 0; EEXIST if there is a rule of
 * the user's with this match and priority; or EIO, which is logged, if OVS
 * refuses. */
int hwv_rule_install(struct ofproto_dpif *ofproto,
                     const struct hwv_rule *rule);

/* Removes the rule with the match and priority of 'rule', if it is ours. */
void hwv_rule_remove(struct ofproto_dpif *ofproto,
                     const struct hwv_rule *rule);

/* Is such a rule of ours there?  If so, stores its statistics, as far as OVS
 * knows by now. */
bool hwv_rule_get_stats(struct ofproto_dpif *ofproto,
                        const struct hwv_rule *rule,
                        struct hwv_rule_stats *stats);

#endif /* hwv-rule-store.h */
