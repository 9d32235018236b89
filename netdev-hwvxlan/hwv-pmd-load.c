/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-pmd-load.h"

#include <stdbool.h>

#include "dp-packet.h"
#include "ovs-thread.h"
#include "util.h"

/* As with pmd-maxsleep in lib/dpif-netdev.c: after an iteration in which a
 * queue brought half a burst (PMD_SLEEP_THRESH), the thread sleeps for no
 * time, in the next one without for 1 us (PMD_SLEEP_INC_US), then for 2 us,
 * and so on, at most for 10 ms (PMD_RCU_QUIESCE_INTERVAL). */
#define AWAKE_PACKETS (NETDEV_MAX_BURST / 2)
#define SLEEP_INC_US 1
#define MAX_SLEEP_US 10000

struct load {
    size_t n;                   /* Packets in this iteration. */
    bool awake;                 /* Are they so many that it must not sleep? */
    uint64_t sleep_us;          /* Otherwise for so long at most. */
};
DEFINE_STATIC_PER_THREAD_DATA(struct load, load,
                              { .sleep_us = MAX_SLEEP_US });

void
hwv_pmd_load_add(size_t n_received, size_t n_handled)
{
    struct load *load = load_get();

    load->n += n_handled;
    load->awake = load->awake || n_received >= AWAKE_PACKETS;
}

uint64_t
hwv_pmd_load_limit_sleep(uint64_t nanoseconds)
{
    const struct load *load = load_get();

    return load->awake ? 0 : MIN(nanoseconds, load->sleep_us * 1000);
}

size_t
hwv_pmd_load_take(void)
{
    struct load *load = load_get();
    size_t n = load->n;

    load->sleep_us = (load->awake ? SLEEP_INC_US
                      : MIN(load->sleep_us + SLEEP_INC_US, MAX_SLEEP_US));
    load->awake = false;
    load->n = 0;
    return n;
}
