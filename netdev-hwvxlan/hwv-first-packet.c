/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-first-packet.h"

#include "coverage.h"
#include "dp-packet.h"
#include "hwv-actions.h"
#include "hwv-blocked-vteps.h"
#include "hwv-codec.h"
#include "hwv-key.h"
#include "hwv-nic.h"
#include "hwv-port-counters.h"
#include "odp-netlink.h"
#include "ovs-thread.h"
#include "timeval.h"

COVERAGE_DEFINE(hwv_push_drop_withdrawn);

DEFINE_STATIC_PER_THREAD_DATA(const struct hwv_port *, origin, NULL);

/* Returns the VF that all packets of 'batch' come from, or NULL. */
static const struct hwv_port *
find_vf(const struct dp_packet_batch *batch)
{
    const struct hwv_port *port;
    const struct hwv_rx *rx;
    struct dp_packet *packet;
    odp_port_t in_port;

    in_port = batch->packets[0]->md.in_port.odp_port;
    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        if (packet->md.in_port.odp_port != in_port) {
            return NULL;
        }
    }

    port = *origin_get() ? *origin_get() : hwv_port_find_rcu(in_port);
    rx = port ? ovsrcu_get(struct hwv_rx *, &port->rx) : NULL;
    return rx && rx->id != HWV_UPLINK ? port : NULL;
}

/* Does 'data' lead a VF of a segment to a VTEP that has been withdrawn? */
static bool
is_withdrawn(const struct hwv_port *vf,
             const struct ovs_action_push_tnl *data)
{
    struct hwv_action action;
    bool in_segment;

    if (!hwv_vteps_are_blocked()) {
        return false;
    }
    atomic_read_relaxed(&vf->in_segment, &in_segment);
    return (in_segment && !hwv_push_compile(data, &action)
            && hwv_vtep_is_blocked(&action.remote));
}

static bool
asks_for_offload(const struct dp_packet_batch *batch)
{
    struct dp_packet *packet;

    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        if (dp_packet_hwol_is_tso(packet) || dp_packet_hwol_l4_mask(packet)) {
            return true;
        }
    }
    return false;
}

/* Encapsulates 'batch' as the NIC does.  Returns false if it cannot. */
static bool
push(struct dp_packet_batch *batch, const struct ovs_action_push_tnl *data)
{
    struct hwv_tunnel tunnel;
    struct hwv_action action;
    struct dp_packet *packet;

    if (asks_for_offload(batch) || hwv_push_compile(data, &action)
        || hwv_outer_ecn(action.outer_ecn) != action.outer_ecn) {
        return false;
    }

    tunnel.encap = action.encap;
    atomic_init(&tunnel.next_hop, hwv_mac_to_word(action.next_hop));
    DP_PACKET_BATCH_FOR_EACH (i, packet, batch) {
        hwv_encapsulate(packet, &tunnel, action.vni, action.outer_ecn);

        /* What follows is for a packet from the underlay bridge. */
        pkt_metadata_init(&packet->md, data->out_port);
    }
    return true;
}

bool
hwv_first_packet_push(struct dp_packet_batch *batch,
                      const struct ovs_action_push_tnl *data)
{
    const struct hwv_port *vf;
    const struct hwv_rx *rx;
    bool by_nic;

    vf = dp_packet_batch_is_empty(batch) ? NULL : find_vf(batch);
    if (!vf) {
        return false;
    }
    if (is_withdrawn(vf, data)) {
        COVERAGE_ADD(hwv_push_drop_withdrawn, dp_packet_batch_size(batch));
        dp_packet_delete_batch(batch, true);
        return true;
    }

    rx = ovsrcu_get(struct hwv_rx *, &vf->rx);
    atomic_read_relaxed(&rx->nic->first_packet_nic, &by_nic);
    by_nic = by_nic && push(batch, data);
    hwv_lane_count(hwv_counters_lane(vf->counters),
                   by_nic ? HWV_FIRST_PACKET_NIC : HWV_FIRST_PACKET_CPU,
                   dp_packet_batch_size(batch), 0, time_msec());
    return by_nic;
}

void
hwv_first_packet_set_origin(const struct netdev *vf)
{
    *origin_get() = vf ? hwv_port_from_netdev(vf) : NULL;
}
