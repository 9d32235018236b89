/* SPDX-License-Identifier: Apache-2.0 */

#ifndef NIC_PROVIDER_H
#define NIC_PROVIDER_H 1

/* NIC provider interface
 * ======================
 *
 * What the offload layer needs of a NIC.  A provider keeps four things that
 * the offload layer tells it: tunnels, sources, flows and counters; it decides
 * nothing by itself.  The life of a NIC:
 *
 *   1. ->create() with the limits that the PF's options set.
 *   2. ->port_set() as the ports' wires come and go.
 *   3. Tunnels, counters, sources and flows are added, in the order in which
 *      they refer to each other, and removed in the opposite order.
 *   4. ->destroy() when the last port has gone.
 *
 * Thread-safety: the caller serialises all functions but ->counter_read(),
 * ->tunnel_set_next_hop(), ->usage() and ->burst(), which may be called from
 * any thread at any time.
 *
 * Errors are positive errno values.  ENOSPC means that a table is full, and
 * leaves everything as it was. */

#include <stdbool.h>
#include <stdint.h>

#include "hwv-counters.h"
#include "hwv-flow-table.h"
#include "hwv-source-table.h"
#include "hwv-tunnel-table.h"
#include "packets.h"

struct dp_packet;
struct dp_packet_batch;
struct ds;
struct hwv_wire;
struct hwv_provider_nic;

/* A port of a NIC: a VF id, or the uplink. */
#define HWV_UPLINK UINT16_MAX
#define HWV_MAX_VF 4095         /* Largest VF id. */

struct hwv_nic_limits {
    uint32_t max_flows;
    uint32_t max_tunnels;
};

/* Occupancy and limits of the tables, in entries.  Source ids are less than
 * 'max_source_ids' and domains of VFs less than 'max_domains', neither of
 * which changes. */
struct hwv_nic_usage {
    uint32_t flows, max_flows;
    uint32_t tunnels, max_tunnels;
    uint32_t sources, max_sources;
    uint32_t max_source_ids;    /* Not less than 'max_sources'. */
    uint32_t max_domains;       /* For VFs, more than HWV_MAX_VF + 1. */
};

struct hwv_nic_provider {
    const char *type;           /* "software", for show and status. */

    /* Creates a NIC called 'name' (for logs) into '*nicp'. */
    int (*create)(const char *name, const struct hwv_nic_limits *,
                  struct hwv_provider_nic **nicp);

    /* Destroys a NIC, whose tables may still be in use by other threads for
     * an RCU grace period. */
    void (*destroy)(struct hwv_provider_nic *);

    /* Empties the tables and gives them new limits.  Counters stay. */
    int (*resize)(struct hwv_provider_nic *, const struct hwv_nic_limits *);

    /* 'port' (HWV_UPLINK or a VF id) now has 'wire', or none if NULL, and its
     * named counters (hwv-port-counters.h) are 'counters'.  The caller keeps
     * both alive until an RCU grace period after they are replaced. */
    void (*port_set)(struct hwv_provider_nic *, uint16_t port,
                     struct hwv_wire *wire, struct hwv_counters *counters);

    /* Tunnels.  ->tunnel_add() stores the id, less than the limit, in '*id'.
     * While a tunnel is blocked, packets that would go through it are dropped,
     * and counted as HWV_RX_DROP_WITHDRAWN.
     * ->tunnel_remove() is called when no flow names 'id' any longer. */
    int (*tunnel_add)(struct hwv_provider_nic *, const struct hwv_encap *,
                      struct eth_addr next_hop, uint32_t *id);
    void (*tunnel_set_next_hop)(struct hwv_provider_nic *, uint32_t id,
                                struct eth_addr next_hop);
    void (*tunnel_block)(struct hwv_provider_nic *, uint32_t id,
                         bool blocked);
    void (*tunnel_remove)(struct hwv_provider_nic *, uint32_t id);

    /* Counters: a flow or source names one that ->counter_alloc() gave, and it
     * is freed after whatever names it is removed.  'seen' is the last sum
     * that the caller has disposed of; what was counted since must show up in
     * ->counter_late(). */
    int (*counter_alloc)(struct hwv_provider_nic *, uint32_t *counter);
    void (*counter_free)(struct hwv_provider_nic *, uint32_t counter,
                         const struct hwv_count *seen);
    void (*counter_read)(const struct hwv_provider_nic *, uint32_t counter,
                         struct hwv_count *sum);
    void (*counter_late)(const struct hwv_provider_nic *, struct hwv_count *);

    /* Adds or modifies, and removes, a row of the source table. */
    int (*source_set)(struct hwv_provider_nic *, const struct hwv_source_key *,
                      const struct hwv_source_value *);
    void (*source_remove)(struct hwv_provider_nic *,
                          const struct hwv_source_key *);

    /* Adds or modifies, and removes, an entry of the flow table. */
    int (*flow_set)(struct hwv_provider_nic *, const struct hwv_key *,
                    const struct hwv_flow_value *);
    void (*flow_remove)(struct hwv_provider_nic *, const struct hwv_key *);

    void (*usage)(const struct hwv_provider_nic *, struct hwv_nic_usage *);

    /* Handles 'batch', received from the wire of 'port', whose flows' keys are
     * in 'domain' (for the uplink the sources' ids are the domains): takes out
     * the packets that the tables cover and leaves the misses, in their order,
     * and counts both on the port's 'counters'.
     *
     * NULL for a NIC whose wires deliver only misses in the first place,
     * because its tables are ahead of them. */
    void (*burst)(struct hwv_provider_nic *, uint16_t port, uint16_t domain,
                  struct dp_packet_batch *batch,
                  struct hwv_counters *counters);

    /* Appends to 's' what the NIC would do with 'packet' if 'port' received
     * it, which leaves 'packet' and all counters alone.  May be NULL. */
    void (*trace)(struct hwv_provider_nic *, uint16_t port, uint16_t domain,
                  struct dp_packet *packet, struct ds *s);
};

/* The software NIC. */
extern const struct hwv_nic_provider hwv_nic_soft;

#endif /* nic-provider.h */
