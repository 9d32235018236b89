/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_BIND_H
#define HWV_BIND_H 1

/* The objects that bound flows share (see hwv-flow.h): entries, tunnels and
 * sources.  Guarded by hwv_control_mutex. */

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "hwv-flow.h"

/* Compiling (hwv-flow-compile.c)
 * ------------------------------ */

/* Compiles 'put' into 'flow', which is not bound, and nothing else of it. */
void hwv_flow_compile(struct hwv_flow *flow, const struct hwv_flow_put *put);

/* Flows (hwv-flow-bind.c)
 * ----------------------- */

/* Binds 'flow', which is not bound, or notes why that is not possible now. */
void hwv_flow_bind(struct hwv_flow *flow) OVS_REQUIRES(hwv_control_mutex);

/* Takes 'flow', which is bound, wholly or in part, out of its NIC.  Its
 * counter stays. */
void hwv_flow_detach(struct hwv_flow *flow) OVS_REQUIRES(hwv_control_mutex);

/* Returns the number of bound flows that come in by 'netdev'. */
uint64_t hwv_flow_n_bound(const struct netdev *netdev)
    OVS_EXCLUDED(hwv_control_mutex);

/* Gives up the counter of 'flow', which is not bound.  What it counted stays
 * in the flow's count. */
void hwv_flow_release_counter(struct hwv_flow *flow)
    OVS_REQUIRES(hwv_control_mutex);

/* Counts what OVS was not told of the count of 'flow', which goes, as late
 * (see hwv_nic_late()). */
void hwv_flow_count_late(const struct hwv_flow *flow)
    OVS_REQUIRES(hwv_control_mutex);

/* Notes that 'flow' is refused for 'reject', or not (any longer). */
void hwv_flow_set_reject(struct hwv_flow *flow, enum hwv_reject reject)
    OVS_REQUIRES(hwv_control_mutex);

/* Does some flow wait for room in a table? */
bool hwv_flow_waits_for_room(void) OVS_REQUIRES(hwv_control_mutex);

/* Entries (hwv-entry.c)
 * --------------------- */

/* Makes 'flow' claim 'key' with 'value' in its NIC. */
void hwv_entry_claim(struct hwv_flow *flow, const struct hwv_key *key,
                     const struct hwv_flow_value *value)
    OVS_REQUIRES(hwv_control_mutex);

/* Drops all claims of 'flow'. */
void hwv_entry_disclaim(struct hwv_flow *flow)
    OVS_REQUIRES(hwv_control_mutex);

/* The claim whose value 'entry' has in the NIC, if they all agree. */
static inline const struct hwv_claim *
hwv_entry_first_claim(const struct hwv_entry *entry)
    OVS_REQUIRES(hwv_control_mutex)
{
    return CONTAINER_OF(ovs_list_front(&entry->claims), struct hwv_claim,
                        node);
}

/* 'entry' has become resident or ceased to be so. */
void hwv_entry_moved(const struct hwv_entry *entry)
    OVS_REQUIRES(hwv_control_mutex);

/* Tunnels (hwv-tunnel-use.c)
 * -------------------------- */

/* A tunnel of a NIC, which is in the NIC's tunnel table when resident entries
 * use it, and as long as there is room.  Its identity is the outer header
 * without the next hop's MAC, and the next hop: so a flow that OVS put with an
 * older MAC finds the tunnel that is there and cannot bring the older MAC
 * back.
 *
 * VFs of segments have tunnels of their own, which alone are blocked when a
 * VTEP is withdrawn (hwv-blocked-vteps.h): the user's rules for other VFs may
 * name that VTEP, too. */
struct hwv_tunnel_use {
    struct hmap_node node;      /* In 'nic->tunnels'. */
    struct hwv_nic *nic;
    struct hwv_encap encap;
    struct in6_addr remote;     /* The VTEP. */
    bool of_segment;            /* Its flows' VFs are in segments. */
    char bridge[IFNAMSIZ];      /* Of the next hop; "" if not known. */
    struct in6_addr next_hop;   /* Its IP address; zeros if not known. */
    struct in6_addr route_src;  /* The source address that its route has. */
    struct eth_addr mac;        /* The next hop's, where 'watch' is NULL. */
    size_t n_flows;             /* Flows that use it. */
    struct hwv_count gone;      /* Packets of flows that used it. */

    bool in_nic;                /* In the NIC's tunnel table, ... */
    uint32_t id;                /* ... there. */
    struct hwv_next_hop_watch *watch; /* While there, if the hop is known. */
    size_t n_residents;         /* Resident entries that use it. */
    struct ovs_list idle_node;  /* While there for none: in
                                 * 'nic->idle_tunnels'. */
};

/* Finds or adds the tunnel that 'flow', which encapsulates, needs and stores
 * it in 'flow->tunnel_use'. */
void hwv_tunnel_use_get(struct hwv_flow *flow)
    OVS_REQUIRES(hwv_control_mutex);
void hwv_tunnel_use_put(struct hwv_flow *flow)
    OVS_REQUIRES(hwv_control_mutex);

/* Keeps 'use', and its NIC, while no flow may use it for a moment. */
void hwv_tunnel_use_hold(struct hwv_tunnel_use *use)
    OVS_REQUIRES(hwv_control_mutex);
void hwv_tunnel_use_release(struct hwv_tunnel_use *use)
    OVS_REQUIRES(hwv_control_mutex);

/* Can 'use' be in the NIC?  Not so if resident entries use all ids. */
bool hwv_tunnel_use_may_enter(const struct hwv_tunnel_use *use)
    OVS_REQUIRES(hwv_control_mutex);

/* An entry that uses 'use' is about to become resident: makes sure that 'use'
 * is in the NIC.  Returns false if that cannot be, as it may for a moment also
 * after hwv_tunnel_use_may_enter(). */
bool hwv_tunnel_use_enter(struct hwv_tunnel_use *use)
    OVS_REQUIRES(hwv_control_mutex);

/* An entry for which hwv_tunnel_use_enter() was called has left the NIC. */
void hwv_tunnel_use_leave(struct hwv_tunnel_use *use)
    OVS_REQUIRES(hwv_control_mutex);

/* Takes all tunnels out of 'nic' that are there for no entry. */
void hwv_nic_remove_idle_tunnels(struct hwv_nic *nic)
    OVS_REQUIRES(hwv_control_mutex);

/* Would hwv_tunnel_use_get() give a flow of the same VF that does 'action' the
 * tunnel 'use', whose header it has?  Not so when the route changed. */
bool hwv_tunnel_use_is_current(const struct hwv_tunnel_use *use,
                               const struct hwv_action *action)
    OVS_REQUIRES(hwv_control_mutex);

/* The next hop's MAC that 'use' has now. */
struct eth_addr hwv_tunnel_use_mac(const struct hwv_tunnel_use *use)
    OVS_REQUIRES(hwv_control_mutex);

/* Sources (hwv-source.c)
 * ---------------------- */

/* One way that a source's packets may look on the wire. */
struct hwv_source_row {
    struct hwv_source_key key;
    struct hwv_flow *pop;       /* The tnl_pop flow that covers it. */
    bool in_nic;
};

/* Tunnel metadata that receive flows match.  Its rows are in the NIC's source
 * table when resident entries are of this source, and as long as there is
 * room. */
struct hwv_source {
    struct hmap_node node;      /* In 'nic->sources'. */
    struct hwv_nic *nic;
    struct hwv_tunnel_match match;
    odp_port_t tnl_port;        /* Tunnel port that takes the header off ... */
    const char *dpif_type;      /* ... in this datapath. */
    uint32_t id;
    size_t n_flows;             /* Flows that name it. */
    struct hwv_source_row *rows;
    size_t n_rows, allocated_rows;

    bool in_nic;                /* Its rows are in the NIC's table, ... */
    size_t n_residents;         /* ... for so many resident entries. */
    struct ovs_list idle_node;  /* While there for none: in
                                 * 'nic->idle_sources'. */
};

/* Finds or adds the source of 'flow', which came from a tunnel, and stores it
 * in 'flow->source'. */
enum hwv_reject hwv_source_get(struct hwv_flow *flow)
    OVS_REQUIRES(hwv_control_mutex);
void hwv_source_put(struct hwv_flow *flow) OVS_REQUIRES(hwv_control_mutex);

/* The same as for tunnels, see hwv_tunnel_use_may_enter(). */
bool hwv_source_may_enter(const struct hwv_source *source)
    OVS_REQUIRES(hwv_control_mutex);
bool hwv_source_enter(struct hwv_source *source)
    OVS_REQUIRES(hwv_control_mutex);
void hwv_source_leave(struct hwv_source *source)
    OVS_REQUIRES(hwv_control_mutex);

/* The tnl_pop flow 'pop' has joined 'pop->nic->pops', or is about to leave:
 * brings the rows of the sources that it covers up to date. */
void hwv_source_add_pop(struct hwv_flow *pop)
    OVS_REQUIRES(hwv_control_mutex);
void hwv_source_remove_pop(struct hwv_flow *pop)
    OVS_REQUIRES(hwv_control_mutex);

/* Tries the rows again that the source table of 'nic' had no room for. */
void hwv_source_refresh_all(struct hwv_nic *nic)
    OVS_REQUIRES(hwv_control_mutex);

#endif /* hwv-bind.h */
