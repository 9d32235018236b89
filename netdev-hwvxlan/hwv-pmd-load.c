/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-pmd-load.h"

#include "dp-packet.h"
#include "ovs-thread.h"

/* So many packets of one queue keep a thread of OVS's awake
 * (PMD_SLEEP_THRESH). */
#define SLEEP_THRESHOLD (NETDEV_MAX_BURST / 2)

struct load {
    size_t n;                   /* Packets in this iteration. */
    bool high;
};
DEFINE_STATIC_PER_THREAD_DATA(struct load, load, { .n = 0 });

void
hwv_pmd_load_add(size_t n)
{
    struct load *load = load_get();

    load->n += n;
    load->high = load->high || n >= SLEEP_THRESHOLD;
}

bool
hwv_pmd_load_is_high(void)
{
    return load_get()->high;
}

size_t
hwv_pmd_load_take(void)
{
    struct load *load = load_get();
    size_t n = load->n;

    *load = (struct load) { .n = 0 };
    return n;
}
