/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_TX_FLUSH_H
#define HWV_TX_FLUSH_H 1

/* Keeping hits behind the misses before them
 * ==========================================
 *
 * With other_config:tx-flush-interval, a PMD thread keeps the packets that OVS
 * outputs for a while.  A later hit of the same flow must not overtake them:
 * before the NIC sends, the thread's held packets are sent.
 *
 * Without the interval, OVS sends before the thread polls again, and all of
 * this does nothing.
 *
 * Thread-safe. */

#include <stdint.h>

/* The interval is now 'usec' microseconds. */
void hwv_tx_flush_set_interval(uint32_t usec);

/* The calling thread hands packets to OVS. */
void hwv_tx_flush_needed(void);

/* The NIC is about to send in the calling thread. */
void hwv_tx_flush(void);

#endif /* hwv-tx-flush.h */
