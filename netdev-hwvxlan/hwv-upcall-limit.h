/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_UPCALL_LIMIT_H
#define HWV_UPCALL_LIMIT_H 1

/* How many packets of a VF may go up to OpenFlow
 * ==============================================
 *
 * A packet that no datapath flow covers is an upcall: OVS translates its
 * OpenFlow pipeline and installs a flow, which takes far longer than the next
 * packet of that flow.  A guest that scans addresses has a PMD thread do
 * nothing else, and others' packets wait.
 *
 * With options:upcall-rate a VF has so many upcalls per second, and as many at
 * once after a second without.  Beyond that, a packet that needs one is
 * dropped and counted as upcall_drop_rate.  Packets that a datapath flow
 * covers do not come here, and what flows send up (to a controller, or as
 * samples) is not limited. */

#include <stdbool.h>
#include <stdint.h>

#include "dpif.h"

struct hwv_upcall_limit;

/* The highest rate, in upcalls per second. */
#define HWV_MAX_UPCALL_RATE 1000000

/* Creates one without a limit. */
struct hwv_upcall_limit *hwv_upcall_limit_create(void);

/* Frees 'limit' after an RCU grace period. */
void hwv_upcall_limit_destroy(struct hwv_upcall_limit *limit);

/* 'rate' is the number of upcalls per second, or 0 for no limit.  Any
 * thread. */
void hwv_upcall_limit_set(struct hwv_upcall_limit *limit, uint32_t rate);

/* May a packet go up now?  If so, it has.  Any thread, within an RCU read-side
 * section. */
bool hwv_upcall_limit_admit(struct hwv_upcall_limit *limit);

/* What OVS calls for each upcall
 * ------------------------------
 *
 * hwv_upcall(), with what hwv_upcall_limited() returns as 'aux', does what
 * 'cb' with 'aux' does, unless the packet comes from a VF that has had its
 * share: then it returns EBUSY, and OVS drops the packet. */
upcall_callback hwv_upcall;
void *hwv_upcall_limited(upcall_callback *cb, void *aux);

/* 'aux' will not be used any more for hwv_upcall_limited(). */
void hwv_upcall_unlimited(const void *aux);

#endif /* hwv-upcall-limit.h */
