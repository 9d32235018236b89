/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-port-counters.h"

#include "util.h"

struct hwv_counters *
hwv_port_counters_create(void)
{
    struct hwv_counters *counters = hwv_counters_create(HWV_N_PORT_COUNTERS);

    /* A fresh set gives each slot once; the enumerators use them all, so the
     * order in which they come does not matter. */
    for (int i = 0; i < HWV_N_PORT_COUNTERS; i++) {
        uint32_t slot;

        ovs_assert(!hwv_counters_alloc(counters, &slot));
    }
    return counters;
}

void
hwv_port_counters_destroy(struct hwv_counters *counters)
{
    const struct hwv_count all = { .packets = 0 };

    for (uint32_t slot = 0; slot < HWV_N_PORT_COUNTERS; slot++) {
        hwv_counters_free(counters, slot, &all);
    }
    hwv_counters_destroy(counters);
}

const char *
hwv_port_counter_name(enum hwv_port_counter counter)
{
    static const char *const names[HWV_N_PORT_COUNTERS] = {
        [HWV_RX_HITS] = "rx_hits",
        [HWV_RX_DROP_FLOW] = "rx_drop_flow",
        [HWV_RX_DROP_SPOOF] = "rx_drop_spoof",
        [HWV_RX_DROP_SEGMENT] = "rx_drop_segment",
        [HWV_RX_DROP_WITHDRAWN] = "rx_drop_withdrawn",
        [HWV_RX_DROP_MTU] = "rx_drop_mtu",
#define HWV_MISS(ENUM, NAME) [HWV_RX_MISS + HWV_MISS_##ENUM] = "rx_miss_" NAME,
        HWV_MISSES
#undef HWV_MISS
        [HWV_TX_HITS] = "tx_hits",
        [HWV_TX_SOFTWARE] = "tx_software",
        [HWV_TX_DROP_MTU] = "tx_drop_mtu",
        [HWV_TX_DROP_DOWN] = "tx_drop_down",
        [HWV_TX_DROP_FULL] = "tx_drop_full",
        [HWV_FIRST_PACKET_CPU] = "first_packet_cpu",
        [HWV_FIRST_PACKET_NIC] = "first_packet_nic",
        [HWV_UPCALL_DROP_RATE] = "upcall_drop_rate",
    };

    return names[counter];
}

uint64_t
hwv_port_counter_read(const struct hwv_counters *counters,
                      enum hwv_port_counter counter)
{
    struct hwv_count count;

    hwv_counters_read(counters, counter, &count);
    return count.packets;
}

uint64_t
hwv_port_counters_rx_dropped(const struct hwv_counters *counters)
{
    return (hwv_port_counter_read(counters, HWV_RX_DROP_SPOOF)
            + hwv_port_counter_read(counters, HWV_RX_DROP_SEGMENT)
            + hwv_port_counter_read(counters, HWV_RX_DROP_WITHDRAWN)
            + hwv_port_counter_read(counters, HWV_RX_DROP_MTU));
}

uint64_t
hwv_port_counters_tx_dropped(const struct hwv_counters *counters)
{
    return (hwv_port_counter_read(counters, HWV_TX_DROP_MTU)
            + hwv_port_counter_read(counters, HWV_TX_DROP_DOWN)
            + hwv_port_counter_read(counters, HWV_TX_DROP_FULL));
}

uint64_t
hwv_port_counters_misses(const struct hwv_counters *counters)
{
    uint64_t misses = 0;

    for (int i = 0; i < HWV_N_MISSES; i++) {
        misses += hwv_port_counter_read(counters, HWV_RX_MISS + i);
    }
    return misses;
}
