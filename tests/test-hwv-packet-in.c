/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of ofproto-ext/hwv-packet-in.c: whose messages are taken, and
 * what waits to be learned. */

#include <config.h>

#include "hwv-packet-in.h"
#include "hwv-segment-rules.h"
#include "hwv-unit.h"
#include "ofproto/connmgr.h"
#include "ofproto/ofproto-dpif.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-packet.h"
#include "openvswitch/ofpbuf.h"
#include "packets.h"
#include "uuid.h"

#define VTAG 0x1389

static struct ofproto_dpif bridge = { .uuid = { .parts = { 1, 2, 3, 4 } } };

/* How many messages there are. */
static int n_messages;

/* What was learned, in this order. */
static struct hwv_learn learned[HWV_LEARN_MAX];
static unsigned int n_learned;

void
ofproto_async_msg_free(struct ofproto_async_msg *msg)
{
    free(msg->pin.up.base.packet);
    free(msg->pin.up.base.userdata);
    free(msg);
    n_messages--;
}

/* A message as OVS makes it of our action. */
static struct ofproto_async_msg *
make_message(enum hwv_packet_in_kind kind, ofp_port_t port, uint32_t mac)
{
    struct ofproto_async_msg *msg = xzalloc(sizeof *msg);
    struct ofputil_packet_in *pin = &msg->pin.up.base;
    struct eth_header *eth = xzalloc(sizeof *eth);
    const struct ofpact_controller *controller;
    struct ofpbuf ofpacts;

    ofpbuf_init(&ofpacts, 0);
    hwv_packet_in_put_action(&ofpacts, kind);
    controller = ofpact_get_CONTROLLER(ofpacts.data);
    pin->userdata = xmemdup(controller->userdata, controller->userdata_len);
    pin->userdata_len = controller->userdata_len;
    ofpbuf_uninit(&ofpacts);

    eth_addr_from_uint64(0x020000000000 + mac, &eth->eth_src);
    pin->packet = eth;
    pin->packet_len = sizeof *eth;
    pin->table_id = TBL_INTERNAL;
    pin->flow_metadata.flow.regs[HWV_SEGMENT_REG_VTAG] = VTAG;
    pin->flow_metadata.flow.in_port.ofp_port = port;
    msg->oam = OAM_PACKET_IN;
    n_messages++;
    return msg;
}

static void
see(uint16_t port, uint32_t mac)
{
    ck_assert(hwv_packet_in_take(&bridge,
                                 make_message(HWV_PACKET_IN_LEARN,
                                              u16_to_ofp(port), mac)));
    ck_assert_int_eq(n_messages, 0);
}

static void
learn(const struct hwv_learn *what, void *aux)
{
    ck_assert_ptr_eq(aux, &bridge);
    learned[n_learned++] = *what;
}

/* Learns what waits, at most 'max'. */
static void
learn_some(unsigned int max)
{
    n_learned = 0;
    ck_assert_uint_eq(hwv_packet_in_run(max, learn, &bridge), n_learned);
}

static void
check_learned(unsigned int i, uint16_t port, uint32_t mac)
{
    ck_assert(uuid_equals(&learned[i].bridge, &bridge.uuid));
    ck_assert_uint_eq(learned[i].vtag_reg, VTAG);
    ck_assert_uint_eq(ofp_to_u16(learned[i].in_port), port);
    ck_assert_uint_eq(eth_addr_to_uint64(learned[i].mac),
                      0x020000000000 + mac);
}

static void
check_stats(uint64_t queued, uint64_t repeated, uint64_t overflow,
            uint64_t overflow_place)
{
    struct hwv_packet_in_stats stats;

    hwv_packet_in_get_stats(&stats);
    ck_assert_uint_eq(stats.queued, queued);
    ck_assert_uint_eq(stats.repeated, repeated);
    ck_assert_uint_eq(stats.overflow, overflow);
    ck_assert_uint_eq(stats.overflow_place, overflow_place);
}

/* Is 'msg' left to the controllers? */
static void
check_others(struct ofproto_async_msg *msg)
{
    ck_assert(!hwv_packet_in_take(&bridge, msg));
    ck_assert_int_eq(n_messages, 1);
    ofproto_async_msg_free(msg);
}

START_TEST(test_others)
{
    struct ofproto_async_msg *msg;

    msg = make_message(HWV_PACKET_IN_LEARN, 1, 1);
    msg->oam = OAM_FLOW_REMOVED;
    check_others(msg);

    /* A user's rule may have our user data. */
    msg = make_message(HWV_PACKET_IN_LEARN, 1, 1);
    msg->pin.up.base.table_id = 0;
    check_others(msg);

    msg = make_message(HWV_PACKET_IN_LEARN, 1, 1);
    msg->pin.up.base.userdata[0] ^= 1;
    check_others(msg);

    msg = make_message(HWV_PACKET_IN_LEARN, 1, 1);
    msg->pin.up.base.userdata_len--;
    check_others(msg);
    check_stats(0, 0, 0, 0);
}
END_TEST

static void
hold(struct ofproto_dpif *from, struct ofproto_async_msg *msg)
{
    const struct flow *flow = &msg->pin.up.base.flow_metadata.flow;

    ck_assert_ptr_eq(from, &bridge);
    ck_assert_uint_eq(ofp_to_u16(flow->in_port.ofp_port), 9);
    ofproto_async_msg_free(msg);
    n_learned++;
}

START_TEST(test_hold)
{
    /* Nobody is there yet who holds it. */
    ck_assert(hwv_packet_in_take(&bridge,
                                 make_message(HWV_PACKET_IN_HOLD, 9, 1)));
    ck_assert_int_eq(n_messages, 0);

    hwv_packet_in_set_hold(hold);
    ck_assert(hwv_packet_in_take(&bridge,
                                 make_message(HWV_PACKET_IN_HOLD, 9, 1)));
    ck_assert_int_eq(n_messages, 0);
    ck_assert_uint_eq(n_learned, 1);
    check_stats(0, 0, 0, 0);

    /* What is to be learned is not held. */
    see(7, 1);
    ck_assert_uint_eq(n_learned, 1);
    check_stats(1, 0, 0, 0);
}
END_TEST

/* All of the packet comes, past any meter, and goes on. */
START_TEST(test_action)
{
    const struct ofpact_controller *controller;
    struct ofpbuf ofpacts;

    ofpbuf_init(&ofpacts, 0);
    hwv_packet_in_put_action(&ofpacts, HWV_PACKET_IN_HOLD);
    controller = ofpact_get_CONTROLLER(ofpacts.data);
    ck_assert_uint_eq(controller->max_len, UINT16_MAX);
    ck_assert_uint_eq(controller->controller_id, 0);
    ck_assert_int_eq(controller->reason, OFPR_ACTION);
    ck_assert_uint_eq(controller->meter_id, NX_CTLR_NO_METER);
    ck_assert_uint_eq(controller->provider_meter_id, UINT32_MAX);
    ck_assert(!controller->pause);
    ofpbuf_uninit(&ofpacts);
}
END_TEST

START_TEST(test_what_is_learned)
{
    struct ofproto_async_msg *msg;
    struct flow_tnl *tunnel;
    struct in6_addr ip;

    see(7, 1);

    msg = make_message(HWV_PACKET_IN_LEARN, 8, 2);
    tunnel = &msg->pin.up.base.flow_metadata.flow.tunnel;
    tunnel->ip_src = htonl(0x01010203);
    tunnel->ip_dst = htonl(0x01010204);
    ck_assert(hwv_packet_in_take(&bridge, msg));

    ipv6_parse("2001:cafe::92", &ip);
    msg = make_message(HWV_PACKET_IN_LEARN, 8, 3);
    tunnel = &msg->pin.up.base.flow_metadata.flow.tunnel;
    tunnel->ipv6_src = ip;
    tunnel->ipv6_dst = ip;
    ck_assert(hwv_packet_in_take(&bridge, msg));

    /* No source address. */
    msg = make_message(HWV_PACKET_IN_LEARN, 8, 4);
    msg->pin.up.base.packet_len--;
    ck_assert(hwv_packet_in_take(&bridge, msg));
    ck_assert_int_eq(n_messages, 0);
    check_stats(3, 0, 0, 0);

    learn_some(2);
    ck_assert_uint_eq(n_learned, 2);
    check_learned(0, 7, 1);
    ck_assert(!ipv6_addr_is_set(&learned[0].tun_src));
    check_learned(1, 8, 2);
    ck_assert_uint_eq(ntohl(in6_addr_get_mapped_ipv4(&learned[1].tun_src)),
                      0x01010203);
    learn_some(2);
    ck_assert_uint_eq(n_learned, 1);
    check_learned(0, 8, 3);
    ck_assert(ipv6_addr_equals(&learned[0].tun_src, &ip));
    learn_some(2);
    ck_assert_uint_eq(n_learned, 0);
}
END_TEST

/* What waits is not put there again; what was learned is, and so is the same
 * address in another place. */
START_TEST(test_repeated)
{
    see(7, 1);
    see(7, 1);
    see(8, 1);
    check_stats(2, 1, 0, 0);
    learn_some(1);
    see(7, 1);
    see(8, 1);
    check_stats(3, 2, 0, 0);

    hwv_packet_in_flush();
    learn_some(1);
    ck_assert_uint_eq(n_learned, 0);
    see(8, 1);
    check_stats(4, 2, 0, 0);
}
END_TEST

/* One place takes no room from others, and has its own again when what waited
 * has been learned. */
START_TEST(test_limit_of_a_place)
{
    for (uint32_t i = 0; i < HWV_LEARN_MAX_PER_PLACE + 88; i++) {
        see(7, i);
    }
    check_stats(HWV_LEARN_MAX_PER_PLACE, 0, 0, 88);
    see(8, 1);
    check_stats(HWV_LEARN_MAX_PER_PLACE + 1, 0, 0, 88);

    learn_some(HWV_LEARN_MAX);
    ck_assert_uint_eq(n_learned, HWV_LEARN_MAX_PER_PLACE + 1);
    for (uint32_t i = 0; i < HWV_LEARN_MAX_PER_PLACE; i++) {
        check_learned(i, 7, i);
        see(7, 1000 + i);
    }
    check_stats(2 * HWV_LEARN_MAX_PER_PLACE + 1, 0, 0, 88);
}
END_TEST

START_TEST(test_limit_of_all)
{
    const uint32_t n_each = HWV_LEARN_MAX_PER_PLACE - 12;
    const uint16_t n_places = HWV_LEARN_MAX / n_each + 1;
    const uint32_t beyond = n_places * n_each - HWV_LEARN_MAX;

    for (uint32_t i = 0; i < n_each; i++) {
        for (uint16_t port = 1; port <= n_places; port++) {
            see(port, i);
        }
    }
    check_stats(HWV_LEARN_MAX, 0, beyond, 0);

    learn_some(HWV_LEARN_MAX);
    ck_assert_uint_eq(n_learned, HWV_LEARN_MAX);
    for (unsigned int i = 0; i < n_learned; i++) {
        check_learned(i, 1 + i % n_places, i / n_places);
    }

    /* What had no room took none. */
    for (uint32_t i = 0; i < n_each; i++) {
        see(n_places, 1000 + i);
    }
    check_stats(HWV_LEARN_MAX + n_each, 0, beyond, 0);

    /* Nor does it count as waiting. */
    learn_some(n_each);
    for (uint32_t i = 0; i < n_each; i++) {
        for (uint16_t port = 1; port <= n_places; port++) {
            see(port, i);
        }
    }
    check_stats(2 * HWV_LEARN_MAX + n_each, 0, 2 * beyond, 0);
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("packet-in");
    TCase *tcase = hwv_unit_tcase(suite, "packet-in");

    tcase_add_test(tcase, test_others);
    tcase_add_test(tcase, test_hold);
    tcase_add_test(tcase, test_action);
    tcase_add_test(tcase, test_what_is_learned);
    tcase_add_test(tcase, test_repeated);
    tcase_add_test(tcase, test_limit_of_a_place);
    tcase_add_test(tcase, test_limit_of_all);
    return hwv_unit_run(argv[0], suite);
}
