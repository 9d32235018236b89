/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#undef NDEBUG
#include "hwv-test-port.h"

#include "dpif.h"
#include "dummy.h"
#include "hwv-netdev.h"
#include "hwv-nic.h"
#include "hwv-residency.h"
#include "hwv-odp-string.h"
#include "hwv-test-frames.h"
#include "hwv-unit.h"
#include "netdev-provider.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofpbuf.h"
#include "ovs-router.h"
#include "smap.h"
#include "sset.h"
#include "timeval.h"

const char hwv_test_dpif_type[] = "netdev";

void
hwv_test_ports_init(void)
{
    struct sset types = SSET_INITIALIZER(&types);

    time_msec();                /* Initialises the clock for dummy_enable(). */
    dummy_enable("");
    netdev_enumerate_types(&types);
    ovs_router_disable_system_routing_table();
    dp_enumerate_types(&types); /* Initialises routes and neighbours, too. */
    sset_destroy(&types);
    netdev_register_provider(&hwv_netdev_class);
}

struct netdev *
hwv_test_port_add(const char *name, odp_port_t odp_port, int vf)
{
    struct smap options = SMAP_INITIALIZER(&options);
    struct netdev *netdev;
    char *error = NULL;

    smap_add(&options, "wire", "dummy");
    if (vf >= 0) {
        smap_add(&options, "nic", "pf0");
        smap_add_format(&options, "vf", "%d", vf);
    }
    HWV_CHECK(!netdev_open(name, "hw-vxlan", &netdev));
    HWV_CHECK(!netdev_set_config(netdev, &options, &error));
    HWV_CHECK(!error);
    netdev_set_dpif_type(netdev, hwv_test_dpif_type);
    hwv_port_added(netdev, odp_port);
    HWV_CHECK(!netdev_reconfigure(netdev)); /* Starts the wire. */
    smap_destroy(&options);
    return netdev;
}

void
hwv_test_flow_add(const ovs_u128 *ufid, const struct netdev *netdev,
                  enum hwv_flow_kind kind, const char *match_s,
                  const char *actions_s)
{
    struct ofpbuf actions;
    struct match match;

    hwv_match_from_string(match_s, &match);
    hwv_actions_from_string(actions_s, &actions);
    struct hwv_flow_put put = {
        .ufid = ufid,
        .netdev = netdev,
        .dpif_type = hwv_test_dpif_type,
        .kind = kind,
        .orig_in_port = ODPP_NONE,
        .match = &match,
        .actions = actions.data,
        .actions_len = actions.size,
    };
    hwv_flow_put(&put);
    hwv_flow_resume(&put, 1);
    ofpbuf_uninit(&actions);
}

struct hwv_nic_usage
hwv_test_usage(void)
{
    struct hwv_nic_usage usage;
    struct hwv_nic *nic;

    ovs_mutex_lock(&hwv_control_mutex);
    nic = hwv_nic_find("pf0");
    nic->provider->usage(nic->dev, &usage);
    ovs_mutex_unlock(&hwv_control_mutex);
    return usage;
}

bool
hwv_test_is_resident(const ovs_u128 *ufid)
{
    bool resident;

    ovs_mutex_lock(&hwv_control_mutex);
    resident = hwv_flow_resident(hwv_flow_find(ufid));
    ovs_mutex_unlock(&hwv_control_mutex);
    return resident;
}

void
hwv_test_check_reject(enum hwv_reject reject, unsigned int now,
                      unsigned int total)
{
    struct hwv_reject_stats stats[HWV_N_REJECTS];

    ovs_mutex_lock(&hwv_control_mutex);
    hwv_flow_reject_stats(stats);
    ovs_mutex_unlock(&hwv_control_mutex);
    HWV_CHECK_EQ(stats[reject].now, now);
    HWV_CHECK_EQ(stats[reject].total, total);
}

void
hwv_test_burst(const struct netdev *netdev, struct dp_packet_batch *batch)
{
    const struct hwv_port *port = hwv_port_from_netdev(netdev);

    port->nic->provider->burst(port->nic->dev, port->id, port->domain, batch,
                               port->counters);
    hwv_residency_missed(ovsrcu_get(struct hwv_rx *, &port->rx), batch);
}

void
hwv_test_check_verdict(const struct netdev *netdev, struct dp_packet *packet,
                       const char *expected)
{
    const struct hwv_port *port = hwv_port_from_netdev(netdev);
    struct ds s = DS_EMPTY_INITIALIZER;

    ovs_mutex_lock(&hwv_control_mutex);
    port->nic->provider->trace(port->nic->dev, port->id, port->domain, packet,
                               &s);
    ovs_mutex_unlock(&hwv_control_mutex);
    if (strcmp(ds_cstr(&s), expected)) {
        ck_abort_msg("\"%s\" is not \"%s\"", ds_cstr(&s), expected);
    }
    ds_destroy(&s);
    dp_packet_delete(packet);
}

uint64_t
hwv_test_counter(const struct netdev *netdev, enum hwv_port_counter counter)
{
    return hwv_port_counter_read(hwv_port_from_netdev(netdev)->counters,
                                 counter);
}

void
hwv_test_await_room(void)
{
    hwv_unit_settle();
    xnanosleep((HWV_ROOM_DELAY_MS + 1) * 1000000ULL);
    hwv_nic_run();
}
