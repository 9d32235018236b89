/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of what becomes of flows while OVS's threads bring old news of
 * them, and of ports that change: orders of events that no test from outside
 * can choose. */

#include <config.h>

#include "hwv-bind.h"
#include "hwv-flow.h"
#include "hwv-netdev.h"
#include "hwv-nic.h"
#include "hwv-odp-string.h"
#include "hwv-residency.h"
#include "hwv-test-frames.h"
#include "hwv-test-port.h"
#include "hwv-unit.h"
#include "odp-util.h"
#include "openvswitch/ofpbuf.h"

static const ovs_u128 flow_ufid = { .u32 = { 1, 2, 3, 4 } };
static const ovs_u128 other_ufid = { .u32 = { 5, 6, 7, 8 } };

/* One NIC, pf0, with two VFs, in a datapath. */
static struct netdev *pf0, *vm1, *vm2;

static void
setup(void)
{
    hwv_test_ports_init();
    pf0 = hwv_test_port_add("pf0", ODP_PORT_C(1), -1);
    vm1 = hwv_test_port_add("vm1", ODP_PORT_C(2), 1);
    vm2 = hwv_test_port_add("vm2", ODP_PORT_C(3), 2);
}

/* Number of entries in the flow table of pf0. */
static uint32_t
n_entries(void)
{
    return hwv_test_usage().flows;
}

/* A flow from vm1 with 'actions', which each test keeps. */
static struct hwv_flow_put
make_put(struct match *match, struct ofpbuf *actions, const char *s)
{
    hwv_match_from_string("in_port(2),packet_type(ns=0,id=0),"
                          "eth(dst=50:54:00:00:00:0a),eth_type(0x0800),"
                          "ipv4(frag=no)", match);
    match->flow.in_port.odp_port = ODP_PORT_C(2);
    match->wc.masks.in_port.odp_port = ODPP_NONE;
    hwv_actions_from_string(s, actions);
    return (struct hwv_flow_put) {
        .ufid = &flow_ufid,
        .netdev = vm1,
        .dpif_type = hwv_test_dpif_type,
        .kind = HWV_FLOW_VF,
        .orig_in_port = ODPP_NONE,
        .match = match,
        .actions = actions->data,
        .actions_len = actions->size,
    };
}

static void
suspend(void)
{
    ovs_mutex_lock(&hwv_control_mutex);
    hwv_flow_suspend(hwv_flow_find(&flow_ufid));
    ovs_mutex_unlock(&hwv_control_mutex);
}

static bool
flow_exists(void)
{
    bool exists;

    ovs_mutex_lock(&hwv_control_mutex);
    exists = hwv_flow_find(&flow_ufid) != NULL;
    ovs_mutex_unlock(&hwv_control_mutex);
    return exists;
}

/* What an offload thread brings is not bound before the datapath is seen to
 * have it: here it has no such flow, there being no datapath. */
START_TEST(test_put_waits_for_datapath)
{
    struct ofpbuf actions;
    struct match match;
    struct hwv_flow_put put = make_put(&match, &actions, "3");

    hwv_flow_put(&put);
    ck_assert(flow_exists());
    ck_assert_uint_eq(n_entries(), 0);
    ck_assert_uint_eq(hwv_flow_n_bound(vm1), 0);

    /* One entry per value of ECN. */
    hwv_flow_resume(&put, 1);
    ck_assert_uint_eq(n_entries(), 4);
    ck_assert_uint_eq(hwv_flow_n_bound(vm1), 1);
    ck_assert_uint_eq(hwv_flow_n_bound(pf0), 0);

    /* The same again changes nothing. */
    hwv_flow_put(&put);
    ck_assert_uint_eq(n_entries(), 4);
    ck_assert_uint_eq(hwv_flow_n_bound(vm1), 1);
    ck_assert_int_eq(hwv_flow_del(&flow_ufid), 0);
    ck_assert_uint_eq(n_entries(), 0);
    ck_assert_uint_eq(hwv_flow_n_bound(vm1), 0);
    ofpbuf_uninit(&actions);
}
END_TEST

/* A modification: the flow leaves the NIC at once, and older news than that do
 * not bring it back. */
START_TEST(test_old_news_do_not_resume)
{
    struct ofpbuf actions, new_actions;
    struct match match, new_match;
    struct hwv_flow_put put = make_put(&match, &actions, "3");
    struct hwv_flow_put new_put = make_put(&new_match, &new_actions, "1");

    hwv_flow_put(&put);
    hwv_flow_resume(&put, 1);
    ck_assert_uint_eq(n_entries(), 4);

    suspend();
    ck_assert_uint_eq(n_entries(), 0);
    hwv_flow_resume(&put, 1);
    ck_assert_uint_eq(n_entries(), 0);

    /* A put that was queued before another change. */
    hwv_flow_put(&put);
    suspend();
    hwv_flow_resume(&put, 3);
    ck_assert_uint_eq(n_entries(), 0);
    hwv_flow_resume(&new_put, 4);
    ck_assert_uint_eq(n_entries(), 4);

    /* Resumed once, it is not resumed again. */
    hwv_flow_resume(&put, 4);
    ovs_mutex_lock(&hwv_control_mutex);
    ck_assert_int_eq(odp_to_u32(hwv_flow_find(&flow_ufid)->action.port), 1);
    ovs_mutex_unlock(&hwv_control_mutex);

    hwv_flow_del(&flow_ufid);
    ofpbuf_uninit(&actions);
    ofpbuf_uninit(&new_actions);
}
END_TEST

START_TEST(test_no_resurrection)
{
    struct ofpbuf actions;
    struct match match;
    struct hwv_flow_put put = make_put(&match, &actions, "3");

    hwv_flow_put(&put);
    ck_assert_int_eq(hwv_flow_del(&flow_ufid), 0);
    hwv_flow_resume(&put, 1);
    ck_assert(!flow_exists());
    ck_assert_uint_eq(n_entries(), 0);
    ofpbuf_uninit(&actions);
}
END_TEST

static struct hwv_rx
rx_of(const struct netdev *netdev)
{
    return *ovsrcu_get(struct hwv_rx *, &hwv_netdev_cast(netdev)->port.rx);
}

/* A burst that began while vm1 was VF 1 must not be taken for one of vm2,
 * which has become VF 1 since. */
START_TEST(test_vf_id_changes_hands)
{
    struct hwv_rx before = rx_of(vm1);

    hwv_nic_attach(&hwv_netdev_cast(vm1)->port, "pf0", 7);
    hwv_nic_attach(&hwv_netdev_cast(vm2)->port, "pf0", 1);
    ck_assert_uint_eq(before.id, 1);
    ck_assert_uint_eq(rx_of(vm2).id, 1);
    ck_assert_uint_ne(rx_of(vm2).domain, before.domain);
    ck_assert_uint_ne(rx_of(vm1).domain, before.domain);

    /* Later, when no such burst can be left, domains are used again. */
    for (int i = 0; i < 20000; i++) {
        char *error = NULL;

        ck_assert_int_eq(hwv_nic_check(&hwv_netdev_cast(vm1)->port, "pf0",
                                       10 + i % 2, &error), 0);
        hwv_nic_attach(&hwv_netdev_cast(vm1)->port, "pf0", 10 + i % 2);
        if (i % 1000 == 999) {
            hwv_unit_settle();
        }
    }
}
END_TEST

/* The flows of a port that is no PF any more are not those of an uplink. */
START_TEST(test_role_changes)
{
    struct hwv_flow_put put;
    struct ofpbuf actions;
    struct match match;

    put = make_put(&match, &actions, "tnl_pop(5)");
    put.netdev = pf0;
    put.kind = HWV_FLOW_UPLINK;
    hwv_match_from_string("in_port(1),packet_type(ns=0,id=0),"
                          "eth(dst=aa:aa:aa:aa:aa:02),eth_type(0x0800),"
                          "ipv4(dst=10.0.0.1,proto=17,frag=no),udp(dst=4789)",
                          &match);
    hwv_flow_put(&put);
    hwv_flow_resume(&put, 1);
    ovs_mutex_lock(&hwv_control_mutex);
    ck_assert(hwv_flow_find(&flow_ufid)->bound);
    ovs_mutex_unlock(&hwv_control_mutex);

    hwv_nic_attach(&hwv_netdev_cast(pf0)->port, "pf9", 1);
    ovs_mutex_lock(&hwv_control_mutex);
    ck_assert(!hwv_flow_find(&flow_ufid)->bound);
    ck_assert_int_eq(hwv_flow_find(&flow_ufid)->kind, HWV_FLOW_VF);
    ck_assert_int_ne(hwv_flow_find(&flow_ufid)->compiled, HWV_ACCEPT);
    ovs_mutex_unlock(&hwv_control_mutex);
    hwv_flow_del(&flow_ufid);
    ofpbuf_uninit(&actions);
}
END_TEST

/* A flow for a MAC address from vm1. */
static void
add_flow(const ovs_u128 *ufid, const char *dmac, const char *actions)
{
    char *match = xasprintf("in_port(2),packet_type(ns=0,id=0),eth(dst=%s),"
                            "eth_type(0x0800),ipv4(frag=no)", dmac);

    hwv_test_flow_add(ufid, vm1, HWV_FLOW_VF, match, actions);
    free(match);
}

#define MAC_A "50:54:00:00:00:0a"
#define MAC_B "50:54:00:00:00:0b"

/* Fails unless the NIC says that of a packet from vm1 to 'MAC_A'. */
static void
check_verdict(const char *expected)
{
    hwv_test_check_verdict(vm1, hwv_test_ip_packet(0x0a, 1), expected);
}

#define TO_VF2 "The NIC sends it to VF 2."
#define TO_UPLINK "The NIC sends it to the uplink as it is."
#define TO_OVS "OVS handles it (no_flow): the flow table has no entry for it."

/* Two flows of one key that want different things: OVS has the packets. */
START_TEST(test_owners_disagree)
{
    add_flow(&flow_ufid, MAC_A, "3");
    ck_assert(hwv_test_is_resident(&flow_ufid));
    check_verdict(TO_VF2);
    add_flow(&other_ufid, MAC_A, "1");
    ck_assert(!hwv_test_is_resident(&flow_ufid));
    ck_assert(!hwv_test_is_resident(&other_ufid));
    ck_assert_uint_eq(n_entries(), 0);
    hwv_test_check_reject(HWV_REJECT_CONFLICT, 2, 2);
    check_verdict(TO_OVS);

    /* The one that stays gets its own way. */
    ck_assert_int_eq(hwv_flow_del(&flow_ufid), 0);
    ck_assert(hwv_test_is_resident(&other_ufid));
    ck_assert_uint_eq(n_entries(), 4);
    hwv_test_check_reject(HWV_REJECT_CONFLICT, 0, 2);
    check_verdict(TO_UPLINK);

    /* It does not matter which came first. */
    add_flow(&flow_ufid, MAC_A, "3");
    ck_assert_uint_eq(n_entries(), 0);
    hwv_test_check_reject(HWV_REJECT_CONFLICT, 2, 4);
    check_verdict(TO_OVS);
    hwv_flow_del(&flow_ufid);
    check_verdict(TO_UPLINK);
    hwv_flow_del(&other_ufid);
    ck_assert_uint_eq(n_entries(), 0);
    hwv_test_check_reject(HWV_REJECT_CONFLICT, 0, 4);
}
END_TEST

/* Lets the NIC have a packet from vm1 to 'MAC_A', and returns how many 'ufid'
 * has counted then. */
static uint64_t
count_packet(const ovs_u128 *ufid)
{
    struct dp_packet_batch batch;
    struct hwv_count count;

    dp_packet_batch_init_packet(&batch, hwv_test_ip_packet(0x0a, 1));
    hwv_test_burst(vm1, &batch);
    ck_assert(dp_packet_batch_is_empty(&batch));
    ovs_mutex_lock(&hwv_control_mutex);
    hwv_flow_count(hwv_flow_find(ufid), &count);
    ovs_mutex_unlock(&hwv_control_mutex);
    return count.packets;
}

static struct hwv_count
late(void)
{
    struct hwv_count count;

    ovs_mutex_lock(&hwv_control_mutex);
    hwv_nic_late(hwv_nic_find("pf0"), &count);
    ovs_mutex_unlock(&hwv_control_mutex);
    return count;
}

/* OVS removes a flow, and has not asked for its last packets. */
START_TEST(test_late)
{
    struct dp_packet *packet = hwv_test_ip_packet(0x0a, 1);

    add_flow(&flow_ufid, MAC_A, "");
    ck_assert_uint_eq(count_packet(&flow_ufid), 1);
    ck_assert_uint_eq(count_packet(&flow_ufid), 2);
    ck_assert_uint_eq(late().packets, 0);
    hwv_flow_del(&flow_ufid);
    ck_assert_uint_eq(late().packets, 2);
    ck_assert_uint_eq(late().bytes, 2 * dp_packet_size(packet));
    dp_packet_delete(packet);
}
END_TEST

/* Two flows of one key that want the same, here to drop: a packet is counted
 * once, and by a flow that is there. */
START_TEST(test_owners_agree)
{
    add_flow(&flow_ufid, MAC_A, "");
    add_flow(&other_ufid, MAC_A, "");
    ck_assert(hwv_test_is_resident(&flow_ufid));
    ck_assert(hwv_test_is_resident(&other_ufid));
    ck_assert_uint_eq(n_entries(), 4);
    ck_assert_uint_eq(hwv_flow_n_bound(vm1), 2);
    hwv_test_check_reject(HWV_REJECT_CONFLICT, 0, 0);
    ck_assert_uint_eq(count_packet(&flow_ufid), 1);
    ck_assert_uint_eq(count_packet(&other_ufid), 0);

    ck_assert_int_eq(hwv_flow_del(&flow_ufid), 0);
    ck_assert_uint_eq(hwv_flow_n_bound(vm1), 1);
    ck_assert(hwv_test_is_resident(&other_ufid));
    ck_assert_uint_eq(n_entries(), 4);
    ck_assert_uint_eq(count_packet(&other_ufid), 1);
    hwv_flow_del(&other_ufid);
    ck_assert_uint_eq(n_entries(), 0);
    hwv_test_check_reject(HWV_REJECT_CONFLICT, 0, 0);
}
END_TEST

/* While two flows of one key disagree, others take the room. */
START_TEST(test_conflict_ends_without_room)
{
    static const ovs_u128 third_ufid = { .u32 = { 9, 10, 11, 12 } };
    const struct hwv_nic_limits limits = { .max_flows = 4, .max_tunnels = 1 };

    hwv_nic_configure(&hwv_netdev_cast(pf0)->port, &limits,
                      hwv_replacement_policies[0], true, false);
    hwv_nic_run();              /* Flows wait for nothing but room then. */
    add_flow(&flow_ufid, MAC_A, "3");
    add_flow(&other_ufid, MAC_A, "1");
    add_flow(&third_ufid, MAC_B, "1");
    ck_assert_uint_eq(n_entries(), 4);
    hwv_test_check_reject(HWV_REJECT_CONFLICT, 2, 2);

    hwv_flow_del(&flow_ufid);
    ck_assert(!hwv_test_is_resident(&other_ufid));
    check_verdict(TO_OVS);
    hwv_test_check_reject(HWV_REJECT_CONFLICT, 0, 2);
    hwv_test_check_reject(HWV_REJECT_FLOWS_FULL, 1, 1);

    /* Room is for who is used. */
    hwv_flow_del(&third_ufid);
    ck_assert(!hwv_test_is_resident(&other_ufid));
    for (int ecn = 0; ecn < 4; ecn++) {
        struct dp_packet *packet = hwv_test_ip_packet(0x0a, 1);
        struct ip_header *ip = dp_packet_at(packet, ETH_HEADER_LEN,
                                            sizeof *ip);
        struct dp_packet_batch batch;

        ip->ip_tos = ecn;
        dp_packet_batch_init_packet(&batch, packet);
        hwv_test_burst(vm1, &batch);
        ck_assert_uint_eq(dp_packet_batch_size(&batch), 1);
        dp_packet_delete_batch(&batch, true);
    }
    hwv_residency_run();
    ck_assert(hwv_test_is_resident(&other_ufid));
    check_verdict(TO_UPLINK);
    hwv_test_check_reject(HWV_REJECT_FLOWS_FULL, 0, 1);
    hwv_flow_del(&other_ufid);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("flow");
    TCase *tcase = hwv_unit_tcase(suite, "flow");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_put_waits_for_datapath);
    tcase_add_test(tcase, test_old_news_do_not_resume);
    tcase_add_test(tcase, test_no_resurrection);
    tcase_add_test(tcase, test_vf_id_changes_hands);
    tcase_add_test(tcase, test_role_changes);
    tcase_add_test(tcase, test_owners_disagree);
    tcase_add_test(tcase, test_late);
    tcase_add_test(tcase, test_owners_agree);
    tcase_add_test(tcase, test_conflict_ends_without_room);
    return hwv_unit_run(argv[0], suite);
}
