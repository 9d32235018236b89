/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_LEARNING_H
#define HWV_LEARNING_H 1

/* May OVS learn next hops from tunnel packets?
 * ============================================
 *
 * OVS takes the outer source MAC of each tunnel packet that comes up to it for
 * that of the sender, so that one forged packet moves a next hop.  Each PF has
 * a vote, options:learn-next-hop, false by default: OVS may learn so only if
 * no PF is against it.  (OVS does not tell by which of them the packet came.)
 *
 * Thread-safe. */

#include <stdbool.h>

/* Changes a vote: '*against', false at first and the caller's to keep, becomes
 * 'is_against'.  The votes' owner serialises calls for the same '*against'. */
void hwv_learning_vote(bool *against, bool is_against);

bool hwv_learning_allowed(void);

#endif /* hwv-learning.h */
