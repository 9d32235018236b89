/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-tx-flush.h"

#include <stdbool.h>

#include "hwv-dpif.h"
#include "ovs-atomic.h"
#include "ovs-thread.h"

static atomic_uint32_t interval = ATOMIC_VAR_INIT(0);

/* May OVS hold packets that this thread gave it? */
DEFINE_STATIC_PER_THREAD_DATA(bool, held, false);

void
hwv_tx_flush_set_interval(uint32_t usec)
{
    atomic_store_relaxed(&interval, usec);
}

void
hwv_tx_flush_needed(void)
{
    uint32_t usec;

    atomic_read_relaxed(&interval, &usec);
    if (usec) {
        *held_get() = true;
    }
}

void
hwv_tx_flush(void)
{
    bool *held = held_get();

    if (*held) {
        *held = false;
        hwv_dpif_flush_thread();
    }
}
