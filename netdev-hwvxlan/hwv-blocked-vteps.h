/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_BLOCKED_VTEPS_H
#define HWV_BLOCKED_VTEPS_H 1

/* VTEPs that nothing is sent to
 * =============================
 *
 * While a VTEP is blocked, the NICs' tunnels that VFs of segments have to it
 * are (also those that a flow gets only then), and so is what OVS itself puts
 * into a tunnel to it for such a VF.  Nothing of theirs leaves any more when
 * hwv_block_vtep() has returned, but packets that are past these places.
 *
 * Other ports are their own business: the user's rules for them may name the
 * same VTEP. */

#include <netinet/in.h>
#include <stdbool.h>

/* Blocks 'vtep' (IPv4 as IPv4-mapped), or lets segments send to it again.
 * Main thread, without hwv_control_mutex. */
void hwv_block_vtep(const struct in6_addr *vtep, bool blocked);

/* Any thread, within an RCU read-side section. */
bool hwv_vtep_is_blocked(const struct in6_addr *vtep);

/* Is any VTEP blocked?  The same. */
bool hwv_vteps_are_blocked(void);

#endif /* hwv-blocked-vteps.h */
