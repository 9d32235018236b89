/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of residency: flows that come and go, and move in and out of a
 * small NIC all the while.  Each packet is handled once, by the NIC or by OVS,
 * and counted by its flow if the NIC did. */

#include <config.h>
#undef NDEBUG

#include "hwv-residency.h"

#include "hwv-flow.h"
#include "hwv-netdev.h"
#include "hwv-test-frames.h"
#include "hwv-test-port.h"
#include "hwv-unit.h"
#include "openvswitch/dynamic-string.h"

/* A third of the flows goes into tunnels, with an entry each; the others have
 * four entries each, one for each ECN. */
#define N_FLOWS 24
#define MAX_FLOWS 16
#define MAX_TUNNELS 4
#define N_BURSTS 20000

static struct netdev *pf0, *vm1;
static struct hwv_nic *nic;

struct test_flow {
    bool exists;
    uint64_t handled;           /* Packets that the NIC took, of this flow. */
};
static struct test_flow flows[N_FLOWS];

static void
set_policy(const struct hwv_replacement_policy *policy)
{
    const struct hwv_nic_limits limits = {
        .max_flows = MAX_FLOWS, .max_tunnels = MAX_TUNNELS,
    };

    hwv_nic_configure(&hwv_netdev_cast(pf0)->port, &limits, policy, true,
                      false);
    hwv_nic_run();
}

static void
setup(void)
{
    hwv_test_seed();
    hwv_test_ports_init();
    pf0 = hwv_test_port_add("pf0", ODP_PORT_C(1), -1);
    vm1 = hwv_test_port_add("vm1", ODP_PORT_C(2), 1);
    ovs_mutex_lock(&hwv_control_mutex);
    nic = hwv_nic_find("pf0");
    ovs_mutex_unlock(&hwv_control_mutex);
}

static ovs_u128
flow_ufid(int i)
{
    return (ovs_u128) { .u32 = { i + 1, 2, 3, 4 } };
}

static uint64_t
flow_count(int i)
{
    ovs_u128 ufid = flow_ufid(i);
    struct hwv_count count;

    ovs_mutex_lock(&hwv_control_mutex);
    hwv_flow_count(hwv_flow_find(&ufid), &count);
    ovs_mutex_unlock(&hwv_control_mutex);
    return count.packets;
}

static bool
is_tunnel_flow(int i)
{
    return i % 3 == 1;
}

/* The last byte of the VTEP's address.  There are six of them. */
static int
flow_vtep(int i)
{
    return i % 18;
}

/* The caller frees what this returns. */
static char *
flow_actions(int i)
{
    if (is_tunnel_flow(i)) {
        return xasprintf("tnl_push(tnl_port(5),header(size=50,type=4,"
                         "eth(dst=aa:aa:aa:aa:aa:%02x,src=aa:aa:aa:aa:aa:aa,"
                         "dl_type=0x0800),ipv4(src=10.0.0.99,dst=10.0.0.%d,"
                         "proto=17,tos=0,ttl=64,frag=0x4000),"
                         "udp(src=0,dst=4789,csum=0x0),"
                         "vxlan(flags=0x8000000,vni=0x1)),out_port(1)),1",
                         flow_vtep(i), flow_vtep(i));
    }
    return xstrdup(i % 5 ? "1" : "");
}

/* If the NIC has flow 'i', then with the right tunnel. */
static void
check_tunnel(int i)
{
    struct dp_packet *packet = hwv_test_ip_packet(i, 1);
    const struct hwv_port *port = hwv_port_from_netdev(vm1);
    char *expected = xasprintf("The NIC encapsulates it for VTEP 10.0.0.%d "
                               "with VNI 1 and outer ECN 0 and sends it to "
                               "the uplink.", flow_vtep(i));
    struct ds s = DS_EMPTY_INITIALIZER;
    ovs_u128 ufid = flow_ufid(i);

    ovs_mutex_lock(&hwv_control_mutex);
    nic->provider->trace(nic->dev, port->id, port->domain, packet, &s);
    HWV_CHECK_EQ(!strcmp(ds_cstr(&s), expected),
                 hwv_flow_resident(hwv_flow_find(&ufid)));
    ovs_mutex_unlock(&hwv_control_mutex);
    ds_destroy(&s);
    free(expected);
    dp_packet_delete(packet);
}

/* Adds flow 'i', or removes it, after its count was compared with ours. */
static void
toggle_flow(int i)
{
    struct test_flow *flow = &flows[i];
    ovs_u128 ufid = flow_ufid(i);

    if (flow->exists) {
        HWV_CHECK_EQ(flow_count(i), flow->handled);
        HWV_CHECK(!hwv_flow_del(&ufid));
    } else {
        char *match = xasprintf("in_port(2),packet_type(ns=0,id=0),"
                                "eth(dst=50:54:00:00:00:%02x),"
                                "eth_type(0x0800),ipv4(%sfrag=no)", i,
                                is_tunnel_flow(i) ? "tos=0/0x3," : "");
        char *actions = flow_actions(i);

        hwv_test_flow_add(&ufid, vm1, HWV_FLOW_VF, match, actions);
        free(actions);
        free(match);
    }
    flow->exists = !flow->exists;
    flow->handled = 0;
}

/* Low numbers are much more frequent than high ones, and which flow has which
 * number changes. */
static int
random_flow(unsigned int epoch)
{
    int i = random_range(N_FLOWS);

    i = random_range(i + 1);
    return (random_range(i + 1) + epoch) % N_FLOWS;
}

/* Sends a burst, and notes what the NIC took of each flow: what it leaves are
 * the packets themselves, by which we know them. */
static void
send_burst(unsigned int epoch)
{
    size_t n = 1 + random_range(NETDEV_MAX_BURST);
    struct dp_packet_batch batch;
    struct dp_packet *packet;

    dp_packet_batch_init(&batch);
    for (size_t j = 0; j < n; j++) {
        int i = random_flow(epoch);

        packet = hwv_test_ip_packet(i, j);
        flows[i].handled++;
        dp_packet_batch_add(&batch, packet);
    }
    hwv_test_burst(vm1, &batch);
    DP_PACKET_BATCH_FOR_EACH (j, packet, &batch) {
        const struct eth_header *eth = dp_packet_data(packet);

        flows[eth->eth_dst.ea[5]].handled--;
    }
    dp_packet_delete_batch(&batch, true);
}

/* The tables and what is known about them agree. */
static void
check_tables(void)
{
    struct hwv_replacement_stats stats;
    const struct hwv_entry *entry;
    struct hwv_nic_usage usage;
    unsigned int n_resident = 0, n_shadows = 0;

    ovs_mutex_lock(&hwv_control_mutex);
    hwv_residency_stats(nic, &stats);
    nic->provider->usage(nic->dev, &usage);
    HMAP_FOR_EACH (entry, node, &nic->entries) {
        n_resident += entry->resident;
        n_shadows += !entry->resident;
        HWV_CHECK_EQ(entry->resident,
                     hwv_replacement_resident(&entry->replacement));
    }
    ovs_mutex_unlock(&hwv_control_mutex);

    HWV_CHECK_EQ(usage.flows, n_resident);
    HWV_CHECK(n_resident <= MAX_FLOWS);
    HWV_CHECK_EQ(stats.residents, n_resident);
    HWV_CHECK_EQ(stats.nodes, n_resident + n_shadows);

    for (int i = 0; i < N_FLOWS; i++) {
        if (flows[i].exists && is_tunnel_flow(i)) {
            check_tunnel(i);
        }
    }
}

START_TEST(test_churn)
{
    const struct hwv_replacement_policy *policy = hwv_replacement_policies[_i];
    struct hwv_reject_stats rejects[HWV_N_REJECTS];
    struct hwv_replacement_stats stats;

    set_policy(policy);
    for (int i = 0; i < N_FLOWS; i++) {
        toggle_flow(i);
    }
    for (unsigned int b = 0; b < N_BURSTS; b++) {
        send_burst(b / 5000);
        if (hwv_one_in(4)) {
            hwv_residency_run();
        }
        if (hwv_one_in(200)) {
            toggle_flow(random_range(N_FLOWS));
        }
        if (hwv_one_in(50)) {
            hwv_unit_settle();  /* Tunnel ids rest until then. */
        }
        if (hwv_one_in(100)) {
            check_tables();
        }
    }

    ovs_mutex_lock(&hwv_control_mutex);
    hwv_residency_stats(nic, &stats);
    hwv_flow_reject_stats(rejects);
    ovs_mutex_unlock(&hwv_control_mutex);
    ck_assert_uint_gt(stats.promotions, MAX_FLOWS);
    if (strcmp(hwv_replacement_policy_name(policy), "none")) {
        ck_assert_uint_gt(stats.evictions, 0);
        ck_assert_uint_gt(rejects[HWV_REJECT_TUNNELS_FULL].total, 0);
    } else {
        ck_assert_uint_eq(stats.evictions, 0);
    }

    /* Nothing stays. */
    for (int i = 0; i < N_FLOWS; i++) {
        if (flows[i].exists) {
            toggle_flow(i);
        }
    }
    check_tables();
    ck_assert_uint_eq(hwv_test_usage().flows, 0);
    ck_assert_uint_eq(hwv_test_usage().tunnels, 0);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("residency");
    TCase *tcase = hwv_unit_tcase(suite, "residency");
    int n_policies = 0;

    while (hwv_replacement_policies[n_policies]) {
        n_policies++;
    }
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, test_churn, 0, n_policies);
    return hwv_unit_run(argv[0], suite);
}
