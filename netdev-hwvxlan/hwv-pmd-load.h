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

#include <stddef.h>
#include <stdint.h>

/* Of 'n_received' packets of a queue the NIC has handled 'n_handled'. */
void hwv_pmd_load_add(size_t n_received, size_t n_handled);

/* OVS wants the thread to sleep for 'nanoseconds', as far as it knows.
 * Returns for how long it may. */
uint64_t hwv_pmd_load_limit_sleep(uint64_t nanoseconds);

/* The iteration ends.  Returns how many packets the NIC handled in it. */
size_t hwv_pmd_load_take(void);

#endif /* hwv-pmd-load.h */
