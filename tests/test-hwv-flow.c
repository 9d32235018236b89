/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of what becomes of flows while OVS's threads bring old news of
 * them, and of ports that change: orders of events that no test from outside
 * can choose. */

#include <config.h>

#include "dummy.h"
#include "hwv-flow.h"
#include "hwv-netdev.h"
#include "hwv-nic.h"
#include "hwv-odp-string.h"
#include "hwv-test-port.h"
#include "hwv-unit.h"
#include "netdev-provider.h"
#include "odp-util.h"
#include "openvswitch/ofpbuf.h"
#include "sset.h"

static const ovs_u128 flow_ufid = { .u32 = { 1, 2, 3, 4 } };

/* One NIC, pf0, with two VFs, in a datapath. */
static struct netdev *pf0, *vm1, *vm2;

static void
setup(void)
{
    struct sset types = SSET_INITIALIZER(&types);

    time_msec();                /* Initialises the clock for dummy_enable(). */
    dummy_enable("");
    netdev_enumerate_types(&types);
    sset_destroy(&types);
    netdev_register_provider(&hwv_netdev_class);
    pf0 = hwv_test_port_add("pf0", ODP_PORT_C(1), -1);
    vm1 = hwv_test_port_add("vm1", ODP_PORT_C(2), 1);
    vm2 = hwv_test_port_add("vm2", ODP_PORT_C(3), 2);
}

/* Number of entries in the flow table of pf0. */
static uint32_t
n_entries(void)
{
    struct hwv_nic_usage usage;
    struct hwv_nic *nic;

    ovs_mutex_lock(&hwv_control_mutex);
    nic = hwv_nic_find("pf0");
    nic->provider->usage(nic->dev, &usage);
    ovs_mutex_unlock(&hwv_control_mutex);
    return usage.flows;
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

    /* One entry per value of ECN. */
    hwv_flow_resume(&put, 1);
    ck_assert_uint_eq(n_entries(), 4);

    /* The same again changes nothing. */
    hwv_flow_put(&put);
    ck_assert_uint_eq(n_entries(), 4);
    ck_assert_int_eq(hwv_flow_del(&flow_ufid), 0);
    ck_assert_uint_eq(n_entries(), 0);
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
    return hwv_unit_run(argv[0], suite);
}
