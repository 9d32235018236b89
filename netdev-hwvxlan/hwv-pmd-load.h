/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_PMD_LOAD_H
#define HWV_PMD_LOAD_H 1

/* Load of PMD threads
 * ===================
 *
 * OVS takes a PMD thread for idle in an iteration over its queues in which no
 * queue brought it a packet, and the NIC's hits never reach it.  Here they are
 * counted, so that OVS can be told of them: its PMD statistics, its automatic
 * load balancing and its pmd-maxsleep then see what the thread really does.
 *
 * All of this is about the calling thread. */

#include <stdbool.h>
#include <stddef.h>

/* The NIC has handled 'n' packets. */
void hwv_pmd_load_add(size_t n);

/* Are there so many in this iteration that the thread must not sleep? */
bool hwv_pmd_load_is_high(void);

/* The iteration ends.  Returns how many packets the NIC handled in it. */
size_t hwv_pmd_load_take(void);

#endif /* hwv-pmd-load.h */
