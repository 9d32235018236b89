/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_PORT_COUNTERS_H
#define HWV_PORT_COUNTERS_H 1

/* Named counters of a port
 * ========================
 *
 * What became of each packet that a port received from its wire, and of each
 * packet that was to leave through it.  They are the port's custom statistics.
 * For any port, and any number of PMD threads:
 *
 *     packets received = rx_hits + rx_drop_flow + rx_drop_spoof
 *                        + rx_drop_segment + rx_drop_withdrawn
 *                        + rx_drop_mtu + all rx_miss_*
 *
 * Each is a slot of a struct hwv_counters; the enumerator is the slot. */

#include "hwv-counters.h"
#include "hwv-verdict.h"

struct netdev_custom_stats;

enum hwv_port_counter {
    HWV_RX_HITS,                /* Handled by the NIC and sent on. */
    HWV_RX_DROP_FLOW,           /* Handled by the NIC: a flow says drop. */
    HWV_RX_DROP_SPOOF,          /* Source MAC is not options:mac. */
    HWV_RX_DROP_SEGMENT,        /* The rules of its segment are not there. */
    HWV_RX_DROP_WITHDRAWN,      /* Hit, but its VTEP is withdrawn. */
    HWV_RX_DROP_MTU,            /* Hit, but too long for its output. */
    HWV_RX_MISS,                /* First of HWV_N_MISSES, in their order. */
    HWV_TX_HITS = HWV_RX_MISS + HWV_N_MISSES, /* Sent here by the NIC. */
    HWV_TX_SOFTWARE,            /* Sent here by OVS. */
    HWV_TX_DROP_MTU,            /* From OVS and too long for the wire. */
    HWV_TX_DROP_DOWN,           /* From OVS while the wire is stopped. */
    HWV_TX_DROP_FULL,           /* Among those two: the DPDK queue was full. */
    HWV_FIRST_PACKET_CPU,       /* VF: misses that OVS encapsulated, ... */
    HWV_FIRST_PACKET_NIC,       /* ... and that the NIC did for it. */
    HWV_UPCALL_DROP_RATE,       /* VF: misses that would have been upcalls too
                                 * many. */
    HWV_N_PORT_COUNTERS
};

/* Creates a port's set of counters, with all HWV_N_PORT_COUNTERS slots in
 * use. */
struct hwv_counters *hwv_port_counters_create(void);

/* Frees 'counters' after an RCU grace period. */
void hwv_port_counters_destroy(struct hwv_counters *counters);

/* Returns the name of 'counter' in the Interface's statistics, e.g.
 * "rx_miss_no_flow". */
const char *hwv_port_counter_name(enum hwv_port_counter counter);

/* Returns the packets counted on 'counter'. */
uint64_t hwv_port_counter_read(const struct hwv_counters *counters,
                               enum hwv_port_counter counter);

/* Counts 'n' packets, 0 or more, that hwv_wire_send() has dropped. */
static inline void
hwv_port_count_full(struct hwv_lane *lane, size_t n, long long int now)
{
    if (OVS_UNLIKELY(n)) {
        hwv_lane_count(lane, HWV_TX_DROP_FULL, n, 0, now);
    }
}

/* Sum of those that the port itself has dropped. */
uint64_t hwv_port_counters_rx_dropped(const struct hwv_counters *counters);
uint64_t hwv_port_counters_tx_dropped(const struct hwv_counters *counters);

/* Sum of all rx_miss_*. */
uint64_t hwv_port_counters_misses(const struct hwv_counters *counters);

#endif /* hwv-port-counters.h */
