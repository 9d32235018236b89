/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of a NIC that is full: of sources, of rows of the source table,
 * of counters, of tunnels.  There is room for so many that OVS would take long
 * to fill it.
 *
 * Nothing is lost: a packet that finds no entry is OVS's, and a flow that
 * finds no room gets in when there is some. */

#include <config.h>
#undef NDEBUG

#include <arpa/inet.h>

#include "hwv-bind.h"
#include "hwv-flow.h"
#include "hwv-netdev.h"
#include "hwv-nic.h"
#include "hwv-port-counters.h"
#include "hwv-residency.h"
#include "hwv-test-frames.h"
#include "hwv-test-port.h"
#include "hwv-unit.h"
#include "id-pool.h"

static const ovs_u128 pop_ufid = { .u32 = { 1, 1, 1, 1 } };
static const ovs_u128 first_ufid = { .u32 = { 2, 2, 2, 2 } };
static const ovs_u128 second_ufid = { .u32 = { 3, 3, 3, 3 } };
static const ovs_u128 third_ufid = { .u32 = { 4, 4, 4, 4 } };

/* One NIC, pf0, with a VF, and a tunnel port. */
static struct netdev *pf0, *vm1, *vx;
static struct hwv_nic *nic;

static void
setup(void)
{
    hwv_test_ports_init();
    pf0 = hwv_test_port_add("pf0", ODP_PORT_C(1), -1);
    vm1 = hwv_test_port_add("vm1", ODP_PORT_C(2), 1);
    ck_assert(!netdev_open("vx", "dummy", &vx));
    ovs_mutex_lock(&hwv_control_mutex);
    nic = hwv_nic_find("pf0");
    ovs_mutex_unlock(&hwv_control_mutex);
    hwv_nic_run();              /* Flows wait for nothing but room then. */
}

/* A flow from vm1 to 50:54:00:00:00:'MAC'. */
#define VM1_FLOW(MAC) "in_port(2),packet_type(ns=0,id=0)," \
    "eth(dst=50:54:00:00:00:" MAC "),eth_type(0x0800),ipv4(frag=no)"

/* The NIC gets new tables, of these sizes. */
static void
resize(uint32_t max_flows, uint32_t max_tunnels)
{
    const struct hwv_nic_limits limits = {
        .max_flows = max_flows,
        .max_tunnels = max_tunnels,
    };

    hwv_nic_configure(&hwv_netdev_cast(pf0)->port, &limits,
                      hwv_replacement_policies[0], true, false);
    hwv_test_await_room();
}

/* The rows of others are for this VNI and those that follow it. */
static struct hwv_source_key other_row = { .vni = 1000 };

/* Lets others have the rows of the source table, but for 'n'. */
static void
take_rows(uint32_t n)
{
    static const struct hwv_source_value value = { .counter = HWV_NO_COUNTER };
    struct hwv_nic_usage usage = hwv_test_usage();

    ovs_mutex_lock(&hwv_control_mutex);
    for (uint32_t i = usage.sources; i < usage.max_sources - n; i++) {
        ck_assert(!nic->provider->source_set(nic->dev, &other_row, &value));
        other_row.vni++;
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

/* Takes one of their rows away from them. */
static void
give_row(void)
{
    ovs_mutex_lock(&hwv_control_mutex);
    other_row.vni--;
    nic->provider->source_remove(nic->dev, &other_row);
    hwv_nic_has_room(nic);
    ovs_mutex_unlock(&hwv_control_mutex);
}

static void
add_pop_flow(void)
{
    hwv_test_flow_add(&pop_ufid, pf0, HWV_FLOW_UPLINK,
                      "in_port(1),packet_type(ns=0,id=0),"
                      "eth(dst=aa:aa:aa:aa:aa:01),eth_type(0x0800),"
                      "ipv4(dst=10.0.0.1,proto=17,frag=no),udp(dst=4789)",
                      "tnl_pop(5)");
}

/* A flow from VNI 'vni' of the tunnel port to vm1. */
static void
add_tunnel_flow(const ovs_u128 *ufid, uint32_t vni)
{
    char *match = xasprintf("tunnel(tun_id=%#"PRIx32",src=10.0.0.2,"
                            "dst=10.0.0.1,tos=0/0xff,ttl=0/0,"
                            "flags(-df-csum+key)),in_port(5),"
                            "packet_type(ns=0,id=0),"
                            "eth(dst=50:54:00:00:00:0a),eth_type(0x0800),"
                            "ipv4(frag=no)", vni);

    hwv_test_flow_add(ufid, vx, HWV_FLOW_TUNNEL, match, "2");
    free(match);
}

static struct dp_packet *
make_packet(uint32_t vni)
{
    static const struct hwv_test_outer typical = {
        .dmac = ETH_ADDR_C(aa, aa, aa, aa, aa, 01),
        .smac = ETH_ADDR_C(aa, aa, aa, aa, aa, 02),
        .ttl = 64,
        .udp_src = CONSTANT_HTONS(50000),
        .udp_dst = CONSTANT_HTONS(4789),
    };
    struct dp_packet *packet = hwv_test_ip_packet(0x0a, 1);
    struct hwv_test_outer outer = typical;
    size_t inner_len = dp_packet_size(packet);

    outer.vni = vni;
    in6_addr_set_mapped_ipv4(&outer.src, htonl(0x0a000002));
    in6_addr_set_mapped_ipv4(&outer.dst, htonl(0x0a000001));
    hwv_test_write_outer(dp_packet_push_uninit(packet, 50), &outer,
                         inner_len);
    return packet;
}

/* Fails unless 'packet' from 'netdev' is left to OVS, as it is, and counted on
 * 'counter', which is at 'n' then.  Takes 'packet'.  The miss is over then: it
 * does not let anything into the NIC later on, when there is room. */
static void
check_miss(struct netdev *netdev, struct dp_packet *packet,
           enum hwv_port_counter counter, uint64_t n)
{
    struct dp_packet *copy = dp_packet_clone(packet);
    struct dp_packet_batch batch;

    dp_packet_batch_init_packet(&batch, packet);
    hwv_test_burst(netdev, &batch);
    ck_assert_uint_eq(dp_packet_batch_size(&batch), 1);
    ck_assert_ptr_eq(batch.packets[0], packet);
    ck_assert(dp_packet_equal(packet, copy));
    ck_assert_uint_eq(hwv_test_counter(netdev, counter), n);
    dp_packet_delete(copy);
    dp_packet_delete(packet);
    hwv_residency_run();
}

#define TO_VF1 "The NIC takes off 50 bytes of outer headers. " \
    "The NIC sends it to VF 1."
#define TO_UPLINK "The NIC sends it to the uplink as it is."
#define NO_FLOW "OVS handles it (no_flow): the flow table has no entry for it."
#define NO_SOURCE "OVS handles it (no_source): the source table has no row " \
    "for its outer headers."

START_TEST(test_sources)
{
    uint32_t id;

    add_pop_flow();
    add_tunnel_flow(&first_ufid, 1);
    hwv_test_check_verdict(pf0, make_packet(1), TO_VF1);
    while (id_pool_alloc_id(nic->source_ids, &id)) {
        continue;
    }

    add_tunnel_flow(&second_ufid, 2);
    hwv_test_check_reject(HWV_REJECT_SOURCES_FULL, 1, 1);
    ck_assert(!hwv_test_is_resident(&second_ufid));
    hwv_test_check_verdict(pf0, make_packet(2), NO_SOURCE);
    check_miss(pf0, make_packet(2), HWV_RX_MISS + HWV_MISS_NO_SOURCE, 1);
    hwv_test_check_verdict(pf0, make_packet(1), TO_VF1);

    ck_assert_int_eq(hwv_flow_del(&first_ufid), 0);
    hwv_test_await_room();
    hwv_test_check_reject(HWV_REJECT_SOURCES_FULL, 0, 1);
    ck_assert(hwv_test_is_resident(&second_ufid));
    hwv_test_check_verdict(pf0, make_packet(2), TO_VF1);
    check_miss(pf0, make_packet(1), HWV_RX_MISS + HWV_MISS_NO_SOURCE, 2);
}
END_TEST

/* The source table is full of the rows of others. */
START_TEST(test_rows)
{
    add_pop_flow();
    add_tunnel_flow(&first_ufid, 1);
    take_rows(0);

    add_tunnel_flow(&second_ufid, 2);
    hwv_test_check_reject(HWV_REJECT_SOURCES_FULL, 1, 1);
    ck_assert(!hwv_test_is_resident(&second_ufid));
    hwv_test_check_verdict(pf0, make_packet(1), TO_VF1);
    hwv_test_check_verdict(pf0, make_packet(2), NO_SOURCE);
    check_miss(pf0, make_packet(2), HWV_RX_MISS + HWV_MISS_NO_SOURCE, 1);

    /* It gets in by its next packet, when there is room. */
    ck_assert_int_eq(hwv_flow_del(&first_ufid), 0);
    check_miss(pf0, make_packet(2), HWV_RX_MISS + HWV_MISS_NO_SOURCE, 2);
    hwv_test_check_reject(HWV_REJECT_SOURCES_FULL, 0, 1);
    hwv_test_check_verdict(pf0, make_packet(2), TO_VF1);
    check_miss(pf0, make_packet(1), HWV_RX_MISS + HWV_MISS_NO_SOURCE, 3);

    /* A tnl_pop flow that comes when there is no room. */
    hwv_flow_del(&pop_ufid);
    hwv_test_check_reject(HWV_REJECT_SOURCES_FULL, 0, 1);
    take_rows(0);
    add_pop_flow();
    hwv_test_check_reject(HWV_REJECT_SOURCES_FULL, 1, 2);
    ck_assert(!hwv_test_is_resident(&pop_ufid));
    hwv_test_check_verdict(pf0, make_packet(2), NO_SOURCE);

    /* It gets in when there is. */
    give_row();
    hwv_test_await_room();
    hwv_test_check_reject(HWV_REJECT_SOURCES_FULL, 0, 2);
    ck_assert(hwv_test_is_resident(&pop_ufid));
    hwv_test_check_verdict(pf0, make_packet(2), TO_VF1);

    /* It waits no more when it goes. */
    hwv_flow_del(&pop_ufid);
    take_rows(0);
    add_pop_flow();
    hwv_test_check_reject(HWV_REJECT_SOURCES_FULL, 1, 3);
    hwv_flow_del(&pop_ufid);
    hwv_test_check_reject(HWV_REJECT_SOURCES_FULL, 0, 3);
}
END_TEST

/* Lets flow 'ufid' have packets like 'packet', which it takes, from 'netdev'
 * until it is in the NIC. */
static void
use_until_resident(const ovs_u128 *ufid, const struct netdev *netdev,
                   struct dp_packet *packet)
{
    for (int i = 0; i < 100 && !hwv_test_is_resident(ufid); i++) {
        struct dp_packet_batch batch;

        dp_packet_batch_init(&batch);
        while (!dp_packet_batch_is_full(&batch)) {
            dp_packet_batch_add(&batch, dp_packet_clone(packet));
        }
        hwv_test_burst(netdev, &batch);
        dp_packet_delete_batch(&batch, true);
        hwv_residency_run();
        hwv_unit_settle();      /* Tunnel ids rest until then. */
    }
    ck_assert(hwv_test_is_resident(ufid));
    dp_packet_delete(packet);
}

/* There is room for one flow and for two sources.  The source that no flow in
 * the NIC has come from for the longest time makes room. */
START_TEST(test_idle_sources)
{
    resize(1, 1);
    add_pop_flow();
    take_rows(2);
    add_tunnel_flow(&first_ufid, 1);
    add_tunnel_flow(&second_ufid, 2);
    add_tunnel_flow(&third_ufid, 3);
    hwv_test_check_reject(HWV_REJECT_FLOWS_FULL, 2, 2);
    hwv_test_check_verdict(pf0, make_packet(1), TO_VF1);
    hwv_test_check_verdict(pf0, make_packet(2), NO_SOURCE);

    use_until_resident(&second_ufid, pf0, make_packet(2));
    hwv_test_check_verdict(pf0, make_packet(1), NO_FLOW);
    hwv_test_check_verdict(pf0, make_packet(2), TO_VF1);
    hwv_test_check_verdict(pf0, make_packet(3), NO_SOURCE);

    use_until_resident(&third_ufid, pf0, make_packet(3));
    hwv_test_check_verdict(pf0, make_packet(1), NO_SOURCE);
    hwv_test_check_verdict(pf0, make_packet(2), NO_FLOW);
    hwv_test_check_verdict(pf0, make_packet(3), TO_VF1);

    /* The same for a row that the source of a flow in the NIC needs. */
    hwv_flow_del(&pop_ufid);
    take_rows(1);
    add_pop_flow();
    hwv_test_check_verdict(pf0, make_packet(3), TO_VF1);
    hwv_test_check_reject(HWV_REJECT_SOURCES_FULL, 0, 0);
    use_until_resident(&second_ufid, pf0, make_packet(2));
}
END_TEST

START_TEST(test_counters)
{
    uint32_t counter;

    hwv_test_flow_add(&first_ufid, vm1, HWV_FLOW_VF, VM1_FLOW("0b"), "1");
    ovs_mutex_lock(&hwv_control_mutex);
    while (!nic->provider->counter_alloc(nic->dev, &counter)) {
        continue;
    }
    ovs_mutex_unlock(&hwv_control_mutex);

    hwv_test_flow_add(&second_ufid, vm1, HWV_FLOW_VF, VM1_FLOW("0a"), "1");
    hwv_test_check_reject(HWV_REJECT_COUNTERS_FULL, 1, 1);
    ck_assert(!hwv_test_is_resident(&second_ufid));
    ck_assert_uint_eq(hwv_test_usage().flows, 4);
    hwv_test_check_verdict(vm1, hwv_test_ip_packet(0x0a, 1), NO_FLOW);
    check_miss(vm1, hwv_test_ip_packet(0x0a, 1),
               HWV_RX_MISS + HWV_MISS_NO_FLOW, 1);
    hwv_test_check_verdict(vm1, hwv_test_ip_packet(0x0b, 1), TO_UPLINK);

    /* Nobody else may have a counter before its grace period is over. */
    ck_assert_int_eq(hwv_flow_del(&first_ufid), 0);
    hwv_test_await_room();
    hwv_test_check_reject(HWV_REJECT_COUNTERS_FULL, 0, 1);
    ck_assert(hwv_test_is_resident(&second_ufid));
    hwv_test_check_verdict(vm1, hwv_test_ip_packet(0x0a, 1), TO_UPLINK);
    check_miss(vm1, hwv_test_ip_packet(0x0b, 1),
               HWV_RX_MISS + HWV_MISS_NO_FLOW, 2);
}
END_TEST

/* The same as OVS makes it where it goes into a tunnel. */
#define VM1_TUNNEL_FLOW(MAC) "in_port(2),packet_type(ns=0,id=0)," \
    "eth(dst=50:54:00:00:00:" MAC "),eth_type(0x0800)," \
    "ipv4(tos=0/0x3,frag=no)"

/* What it does: puts a header for 10.0.0.'VTEP' before the packet. */
#define TO_VTEP(VTEP) "tnl_push(tnl_port(5),header(size=50,type=4," \
    "eth(dst=aa:aa:aa:aa:aa:02,src=aa:aa:aa:aa:aa:01,dl_type=0x0800)," \
    "ipv4(src=10.0.0.1,dst=10.0.0." VTEP ",proto=17,tos=0,ttl=64," \
    "frag=0x4000),udp(src=0,dst=4789,csum=0x0)," \
    "vxlan(flags=0x8000000,vni=0x1)),out_port(1)),1"

/* Two flows with a tunnel each, and one tunnel id: it is for the flow that is
 * in the NIC. */
START_TEST(test_tunnels)
{
    resize(64, 1);
    hwv_test_flow_add(&first_ufid, vm1, HWV_FLOW_VF, VM1_TUNNEL_FLOW("0a"),
                      TO_VTEP("2"));
    ck_assert(hwv_test_is_resident(&first_ufid));
    hwv_test_flow_add(&second_ufid, vm1, HWV_FLOW_VF, VM1_TUNNEL_FLOW("0b"),
                      TO_VTEP("3"));
    hwv_test_check_reject(HWV_REJECT_TUNNELS_FULL, 1, 1);
    ck_assert(!hwv_test_is_resident(&second_ufid));
    ck_assert_uint_eq(hwv_test_usage().tunnels, 1);
    check_miss(vm1, hwv_test_ip_packet(0x0b, 1),
               HWV_RX_MISS + HWV_MISS_NO_FLOW, 1);

    /* It gets in by its next packets, when the id is free and has rested. */
    ck_assert_int_eq(hwv_flow_del(&first_ufid), 0);
    ck_assert_uint_eq(hwv_test_usage().tunnels, 0);
    hwv_test_await_room();
    check_miss(vm1, hwv_test_ip_packet(0x0b, 1),
               HWV_RX_MISS + HWV_MISS_NO_FLOW, 2);
    ck_assert(hwv_test_is_resident(&second_ufid));
    hwv_test_check_reject(HWV_REJECT_TUNNELS_FULL, 0, 1);
    ck_assert_uint_eq(hwv_test_usage().tunnels, 1);
}
END_TEST

/* There is room for one flow and its tunnel: the flow that is used more gets
 * both. */
START_TEST(test_only_tunnel)
{
    resize(1, 1);
    hwv_test_flow_add(&first_ufid, vm1, HWV_FLOW_VF, VM1_TUNNEL_FLOW("0a"),
                      TO_VTEP("2"));
    hwv_test_flow_add(&second_ufid, vm1, HWV_FLOW_VF, VM1_TUNNEL_FLOW("0b"),
                      TO_VTEP("3"));
    hwv_test_check_reject(HWV_REJECT_FLOWS_FULL, 1, 1);
    use_until_resident(&second_ufid, vm1, hwv_test_ip_packet(0x0b, 1));
    ck_assert(!hwv_test_is_resident(&first_ufid));
    use_until_resident(&first_ufid, vm1, hwv_test_ip_packet(0x0a, 1));
    ck_assert(!hwv_test_is_resident(&second_ufid));
    ck_assert_uint_eq(hwv_test_usage().flows, 1);
    ck_assert_uint_eq(hwv_test_usage().tunnels, 1);
}
END_TEST

/* Holds on to the tunnel of flow 'ufid', and deletes the flow. */
static struct hwv_tunnel_use *
hold_tunnel(const ovs_u128 *ufid)
{
    struct hwv_tunnel_use *tunnel_use;

    ovs_mutex_lock(&hwv_control_mutex);
    tunnel_use = hwv_flow_find(ufid)->tunnel_use;
    hwv_tunnel_use_hold(tunnel_use);
    ovs_mutex_unlock(&hwv_control_mutex);
    ck_assert_int_eq(hwv_flow_del(ufid), 0);
    ck_assert_uint_eq(hwv_test_usage().tunnels, 1);
    return tunnel_use;
}

static void
release_tunnel(struct hwv_tunnel_use *tunnel_use)
{
    ovs_mutex_lock(&hwv_control_mutex);
    hwv_tunnel_use_release(tunnel_use);
    ovs_mutex_unlock(&hwv_control_mutex);
}

/* A tunnel that is held while no flow uses it does not disturb new tables, in
 * which another one has its id, and the NIC stays for it. */
START_TEST(test_held_tunnel)
{
    struct hwv_tunnel_use *tunnel_use;

    hwv_test_flow_add(&first_ufid, vm1, HWV_FLOW_VF, VM1_TUNNEL_FLOW("0a"),
                      TO_VTEP("2"));
    tunnel_use = hold_tunnel(&first_ufid);
    resize(64, 2);
    ck_assert_uint_eq(hwv_test_usage().tunnels, 0);
    hwv_test_flow_add(&second_ufid, vm1, HWV_FLOW_VF, VM1_TUNNEL_FLOW("0b"),
                      TO_VTEP("3"));
    release_tunnel(tunnel_use);
    ck_assert_uint_eq(hwv_test_usage().tunnels, 1);

    tunnel_use = hold_tunnel(&second_ufid);
    netdev_close(vm1);
    netdev_close(pf0);
    hwv_unit_settle();
    ovs_mutex_lock(&hwv_control_mutex);
    ck_assert_ptr_eq(hwv_nic_find("pf0"), nic);
    ovs_mutex_unlock(&hwv_control_mutex);
    release_tunnel(tunnel_use);
    ovs_mutex_lock(&hwv_control_mutex);
    ck_assert_ptr_eq(hwv_nic_find("pf0"), NULL);
    ovs_mutex_unlock(&hwv_control_mutex);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("full");
    TCase *tcase = hwv_unit_tcase(suite, "full");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_sources);
    tcase_add_test(tcase, test_rows);
    tcase_add_test(tcase, test_idle_sources);
    tcase_add_test(tcase, test_counters);
    tcase_add_test(tcase, test_tunnels);
    tcase_add_test(tcase, test_only_tunnel);
    tcase_add_test(tcase, test_held_tunnel);
    return hwv_unit_run(argv[0], suite);
}
