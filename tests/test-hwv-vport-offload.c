/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the tunnel flows that are not ours: what came in by a port of
 * type dpdk keeps OVS's own offload.
 *
 * Here is a provider that remembers what it was asked, in the place of OVS's
 * for DPDK, which needs a NIC that takes flows. */

#include <config.h>
#undef NDEBUG

#include <errno.h>

#include "dpdk.h"
#include "dpif.h"
#include "hwv-flow.h"
#include "hwv-netdev.h"
#include "hwv-nic.h"
#include "hwv-odp-string.h"
#include "hwv-offload.h"
#include "hwv-test-port.h"
#include "hwv-unit.h"
#include "netdev-provider.h"
#include "openvswitch/ofpbuf.h"

#ifndef DPDK_NETDEV
int
main(void)
{
    return 77;                  /* Skipped: there is no such provider. */
}
#else

static const ovs_u128 a_ufid = { .u32 = { 1, 2, 3, 4 } };
static const ovs_u128 b_ufid = { .u32 = { 5, 6, 7, 8 } };

/* The PF and a VF, a port that is not ours, and none: where the packets of
 * tunnel flows come in. */
enum { PF0 = 1, VM1 = 2, VX = 5, OTHERS = 9, NOBODY = UINT32_MAX };

static struct netdev *vx;

/* OVS's provider
 * -------------- */

static int theirs_error;        /* What it returns. */
static char theirs_data;        /* For a netdev's 'offload_data'. */

/* What it was asked to do, since the last look: "put(1) del(1) ", with the
 * first part of the ufid. */
static struct ds theirs = DS_EMPTY_INITIALIZER;

static int
asked(const struct netdev *netdev, const char *what, const ovs_u128 *ufid)
{
    ck_assert_ptr_eq(netdev, vx);
    ds_put_cstr(&theirs, what);
    if (ufid) {
        ds_put_format(&theirs, "(%"PRIu32")", ufid->u32[0]);
    }
    ds_put_char(&theirs, ' ');
    return theirs_error;
}

static void
check_asked(const char *expected)
{
    ck_assert_str_eq(ds_cstr(&theirs), expected);
    ds_clear(&theirs);
}

static int
theirs_init(struct netdev *netdev)
{
    ovsrcu_set(&netdev->hw_info.offload_data, (void *) &theirs_data);
    return asked(netdev, "init", NULL);
}

static void
theirs_uninit(struct netdev *netdev)
{
    ovsrcu_set(&netdev->hw_info.offload_data, NULL);
    asked(netdev, "uninit", NULL);
}

static int
theirs_put(struct netdev *netdev, struct match *match OVS_UNUSED,
           struct nlattr *actions OVS_UNUSED, size_t actions_len OVS_UNUSED,
           const ovs_u128 *ufid, struct offload_info *info OVS_UNUSED,
           struct dpif_flow_stats *stats OVS_UNUSED)
{
    return asked(netdev, "put", ufid);
}

static int
theirs_del(struct netdev *netdev, const ovs_u128 *ufid,
           struct dpif_flow_stats *stats)
{
    if (stats) {
        stats->n_packets = 42;
    }
    return asked(netdev, "del", ufid);
}

static int
theirs_get(struct netdev *netdev, struct match *match OVS_UNUSED,
           struct nlattr **actions OVS_UNUSED, const ovs_u128 *ufid,
           struct dpif_flow_stats *stats,
           struct dpif_flow_attrs *attrs OVS_UNUSED,
           struct ofpbuf *buf OVS_UNUSED)
{
    stats->n_packets = 41;
    return asked(netdev, "get", ufid);
}

static int
theirs_flush(struct netdev *netdev)
{
    return asked(netdev, "flush", NULL);
}

static int
theirs_get_n_flows(struct netdev *netdev, uint64_t *n_flows)
{
    *n_flows = 7;
    return asked(netdev, "n", NULL);
}

const struct netdev_flow_api netdev_offload_dpdk = {
    .type = (char[]) { "theirs" },
    .init_flow_api = theirs_init,
    .uninit_flow_api = theirs_uninit,
    .flow_put = theirs_put,
    .flow_del = theirs_del,
    .flow_get = theirs_get,
    .flow_flush = theirs_flush,
    .flow_get_n_flows = theirs_get_n_flows,
};

bool __wrap_dpdk_available(void);

bool
__wrap_dpdk_available(void)
{
    return true;
}

/* Ours
 * ---- */

static void
setup(void)
{
    hwv_test_ports_init();
    hwv_test_port_add("pf0", ODP_PORT_C(PF0), -1);
    hwv_test_port_add("vm1", ODP_PORT_C(VM1), 1);
    ck_assert(!netdev_open("vx", "vxlan", &vx));
    netdev_set_dpif_type(vx, hwv_test_dpif_type);
    ck_assert_int_eq(hwv_offload_api.init_flow_api(vx), 0);
    check_asked("init ");
}

/* Lets OVS put a flow to vm1 that comes in by the tunnel port, in packets from
 * 'orig_in_port'. */
static int
put(const ovs_u128 *ufid, uint32_t orig_in_port)
{
    struct offload_info info = { .orig_in_port = u32_to_odp(orig_in_port) };
    struct ofpbuf actions;
    struct match match;
    int error;

    hwv_match_from_string("tunnel(tun_id=1,src=10.0.0.2,dst=10.0.0.1,"
                          "tos=0/0xff,ttl=0/0,flags(-df-csum+key)),"
                          "in_port(5),packet_type(ns=0,id=0),"
                          "eth(dst=50:54:00:00:00:0a),eth_type(0x0800),"
                          "ipv4(frag=no)", &match);
    hwv_actions_from_string("2", &actions);
    error = hwv_offload_api.flow_put(vx, &match, actions.data, actions.size,
                                     ufid, &info, NULL);
    ofpbuf_uninit(&actions);
    return error;
}

static int
del(const ovs_u128 *ufid)
{
    struct dpif_flow_stats stats;

    return hwv_offload_api.flow_del(vx, ufid, &stats);
}

static int
get(const ovs_u128 *ufid, struct dpif_flow_stats *stats)
{
    struct dpif_flow_attrs attrs;

    return hwv_offload_api.flow_get(vx, NULL, NULL, ufid, stats, &attrs, NULL);
}

static bool
is_ours(const ovs_u128 *ufid)
{
    bool ours;

    ovs_mutex_lock(&hwv_control_mutex);
    ours = hwv_flow_find(ufid) != NULL;
    ovs_mutex_unlock(&hwv_control_mutex);
    return ours;
}

START_TEST(test_whose_flow)
{
    struct dpif_flow_stats stats;
    uint64_t n_flows;

    ck_assert_int_eq(put(&a_ufid, OTHERS), 0);
    check_asked("put(1) ");
    ck_assert(!is_ours(&a_ufid));
    ck_assert_int_eq(put(&b_ufid, PF0), 0);
    check_asked("");
    ck_assert(is_ours(&b_ufid));

    ck_assert_int_eq(get(&a_ufid, &stats), 0);
    ck_assert_uint_eq(stats.n_packets, 41);
    check_asked("get(1) ");
    ck_assert_int_eq(get(&b_ufid, &stats), 0);
    ck_assert_uint_eq(stats.n_packets, 0);
    ck_assert_int_eq(hwv_offload_api.flow_get_n_flows(vx, &n_flows), 0);
    ck_assert_uint_eq(n_flows, 7);
    check_asked("n ");

    /* OVS does not say where the packets of a flow that it changes came in:
     * it stays with whom it was. */
    ck_assert_int_eq(put(&a_ufid, NOBODY), 0);
    check_asked("put(1) ");
    ck_assert(!is_ours(&a_ufid));
    ck_assert_int_eq(put(&b_ufid, NOBODY), 0);
    check_asked("");
    ck_assert(is_ours(&b_ufid));

    ck_assert_int_eq(hwv_offload_api.flow_del(vx, &a_ufid, &stats), 0);
    ck_assert_uint_eq(stats.n_packets, 42);
    check_asked("del(1) ");
    ck_assert_int_eq(del(&b_ufid), 0);
    ck_assert(!is_ours(&b_ufid));
    ck_assert_int_eq(get(&a_ufid, &stats), ENOENT);
    ck_assert_int_eq(get(&b_ufid, &stats), ENOENT);
    ck_assert_int_eq(del(&a_ufid), ENOENT);
    ck_assert_int_eq(del(&b_ufid), ENOENT);
    check_asked("");
}
END_TEST

/* A flow has one owner at a time. */
START_TEST(test_flow_changes_hands)
{
    put(&a_ufid, OTHERS);
    check_asked("put(1) ");
    ck_assert_int_eq(put(&a_ufid, PF0), 0);
    check_asked("del(1) ");
    ck_assert(is_ours(&a_ufid));
    ck_assert_int_eq(put(&a_ufid, OTHERS), 0);
    check_asked("put(1) ");
    ck_assert(!is_ours(&a_ufid));
    ck_assert_int_eq(del(&a_ufid), 0);
    check_asked("del(1) ");
}
END_TEST

/* What their provider does not take it does not have, but a flow that it fails
 * to change it may have as it was. */
START_TEST(test_put_fails)
{
    struct dpif_flow_stats stats;

    theirs_error = EOPNOTSUPP;
    ck_assert_int_eq(put(&a_ufid, OTHERS), EOPNOTSUPP);
    check_asked("put(1) ");
    ck_assert(!is_ours(&a_ufid));
    ck_assert_int_eq(get(&a_ufid, &stats), ENOENT);
    ck_assert_int_eq(del(&a_ufid), ENOENT);
    check_asked("");

    theirs_error = 0;
    put(&a_ufid, OTHERS);
    theirs_error = EOPNOTSUPP;
    ck_assert_int_eq(put(&a_ufid, NOBODY), EOPNOTSUPP);
    theirs_error = 0;
    check_asked("put(1) put(1) ");
    ck_assert_int_eq(del(&a_ufid), 0);
    check_asked("del(1) ");
}
END_TEST

START_TEST(test_flush)
{
    put(&a_ufid, OTHERS);
    put(&b_ufid, PF0);
    check_asked("put(1) ");
    ck_assert_int_eq(hwv_offload_api.flow_flush(vx), 0);
    check_asked("flush ");
    ck_assert_int_eq(del(&a_ufid), ENOENT);
    ck_assert_int_eq(del(&b_ufid), ENOENT);

    put(&a_ufid, OTHERS);
    put(&b_ufid, PF0);
    hwv_offload_api.uninit_flow_api(vx);
    check_asked("put(1) uninit ");
    ck_assert_int_eq(del(&a_ufid), ENOENT);
    ck_assert_int_eq(del(&b_ufid), ENOENT);
    check_asked("");
}
END_TEST

/* A tunnel port that their provider does not accept is ours alone, wherever
 * its packets come in: the source table lets in what our uplinks bring. */
START_TEST(test_not_accepted)
{
    uint64_t n_flows = 0;

    hwv_offload_api.uninit_flow_api(vx);
    check_asked("uninit ");
    ck_assert_int_eq(put(&a_ufid, OTHERS), 0);
    ck_assert(is_ours(&a_ufid));
    ck_assert_int_eq(hwv_offload_api.flow_get_n_flows(vx, &n_flows), 0);
    ck_assert_uint_eq(n_flows, 0);
    ck_assert_int_eq(hwv_offload_api.flow_flush(vx), 0);
    ck_assert(!is_ours(&a_ufid));
    check_asked("");
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("vport-offload");
    TCase *tcase = hwv_unit_tcase(suite, "vport-offload");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_whose_flow);
    tcase_add_test(tcase, test_flow_changes_hands);
    tcase_add_test(tcase, test_put_fails);
    tcase_add_test(tcase, test_flush);
    tcase_add_test(tcase, test_not_accepted);
    return hwv_unit_run(argv[0], suite);
}
#endif /* DPDK_NETDEV */
