/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_WITHDRAW_H
#define HWV_WITHDRAW_H 1

/* VTEPs that were withdrawn a moment ago
 * ======================================
 *
 * When nobody refers to a VTEP any more, its rules change, and OVS revalidates
 * its flows; until it has, the NIC and OVS would go on sending to it.  So the
 * VTEP is blocked for segments (hwv-blocked-vteps.h): in the NIC a tunnel with
 * one write for all its flows, and what hits is dropped and counted as
 * rx_drop_withdrawn.
 *
 * That ends when the VTEP is referred to again, or after HWV_WITHDRAW_TIME,
 * but not before OVS has looked at all of its flows: what goes on sending then
 * is a rule of the user's.
 *
 * Main thread only. */

#include <netinet/in.h>

/* msec. */
#define HWV_WITHDRAW_TIME 1000

/* Rounds of revalidation.  The first may be going on, and the second may begin
 * before OVS knows of the change of rules. */
#define HWV_WITHDRAW_ROUNDS 3

/* 'vtep' (IPv4 as IPv4-mapped) has been withdrawn, or is there again. */
void hwv_withdraw(const struct in6_addr *vtep);
void hwv_withdraw_end(const struct in6_addr *vtep);

/* Main loop. */
void hwv_withdraw_run(void);
void hwv_withdraw_wait(void);

#endif /* hwv-withdraw.h */
