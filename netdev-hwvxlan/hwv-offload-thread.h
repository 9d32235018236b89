/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_OFFLOAD_THREAD_H
#define HWV_OFFLOAD_THREAD_H 1

/* OVS's offload threads
 * =====================
 *
 * OVS leaves new flows to threads of its own, which put them into the NIC.
 * Such a thread looks whether there are any.  If not, it sleeps, first for 1
 * ms (DP_NETDEV_OFFLOAD_BACKOFF_MIN in lib/dpif-netdev.c), and each time twice
 * as long, up to 64 ms.  So a flow that comes after a quiet moment would be in
 * the NIC only 32 ms later, on average.  With 1 ms at most, a thread without
 * work takes some 1 % of a CPU. */

#include <stdint.h>

/* The calling thread, whichever it is, wants to sleep for 'nanoseconds'.
 * Returns for how long it may: offload threads for 1 ms at most, others for as
 * long as they want. */
uint64_t hwv_offload_thread_limit_sleep(uint64_t nanoseconds);

#endif /* hwv-offload-thread.h */
