/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_WITHDRAW_H
#define HWV_WITHDRAW_H 1

/* VTEPs that were withdrawn a moment ago
 * ======================================
 *
 * When nobody refers to a VTEP any more, its rules change, and OVS revalidates
 * its flows; until it has, the NIC would go on sending to it.  So the tunnels
 * to it are blocked in the NIC, one write for all flows of each, and what hits
 * is dropped and counted as rx_drop_withdrawn.  A tunnel goes with its last
 * flow.  One that has flows left after HWV_WITHDRAW_TIME is used by a rule of
 * the user's: it is let send again, as it is as soon as the VTEP is referred
 * to again.
 *
 * Main thread only. */

#include <netinet/in.h>

/* msec.  OVS revalidates within 500 (other_config:max-revalidator). */
#define HWV_WITHDRAW_TIME 1000

/* 'vtep' (IPv4 as IPv4-mapped) has been withdrawn, or is there again. */
void hwv_withdraw(const struct in6_addr *vtep);
void hwv_withdraw_end(const struct in6_addr *vtep);

/* Main loop. */
void hwv_withdraw_run(void);
void hwv_withdraw_wait(void);

#endif /* hwv-withdraw.h */
