/* SPDX-License-Identifier: Apache-2.0 */

/* What ovs-appctl can say to hwvxlan/... .
 *
 * Each command replies once, an error or, if it was asked for that, JSON; it
 * changes no table, but for hwvxlan/flush, and releases its lock.
 *
 * The linker sends our registrations and the replies through here.
 *
 * Input: command, then its arguments, each up to a zero. */

#include <config.h>
#undef NDEBUG

#include <stdlib.h>
#include <string.h>

#include "hwv-dump.h"
#include "hwv-flow.h"
#include "hwv-fuzz.h"
#include "hwv-nic.h"
#include "hwv-test-frames.h"
#include "hwv-test-port.h"
#include "hwv-trace.h"
#include "openvswitch/json.h"
#include "unixctl.h"

enum { MAX_COMMANDS = 16, MAX_ARGS = 4 };

static struct command {
    const char *name;
    int min_args, max_args;
    unixctl_cb_func *cb;
    void *aux;
} commands[MAX_COMMANDS];
static size_t n_commands;

static unsigned int n_replies;
static bool is_error;
static char *reply;

void __wrap_unixctl_command_register(const char *name, const char *usage,
                                     int min_args, int max_args,
                                     unixctl_cb_func *cb, void *aux);
void __wrap_unixctl_command_reply(struct unixctl_conn *, const char *body);
void __wrap_unixctl_command_reply_error(struct unixctl_conn *,
                                        const char *error);

void
__wrap_unixctl_command_register(const char *name,
                                const char *usage OVS_UNUSED,
                                int min_args, int max_args,
                                unixctl_cb_func *cb, void *aux)
{
    if (!strncmp(name, "hwvxlan/", 8)) {
        HWV_CHECK(n_commands < MAX_COMMANDS);
        commands[n_commands++] = (struct command) {
            name, min_args, max_args, cb, aux
        };
    }
}

static void
replied(const char *s, bool error)
{
    n_replies++;
    is_error = error;
    free(reply);
    reply = nullable_xstrdup(s);
}

void
__wrap_unixctl_command_reply(struct unixctl_conn *conn OVS_UNUSED,
                             const char *body)
{
    replied(body, false);
}

void
__wrap_unixctl_command_reply_error(struct unixctl_conn *conn OVS_UNUSED,
                                   const char *error)
{
    replied(error, true);
}

/* A NIC with two VFs and a flow of each kind. */

static void
add_flow(struct netdev *netdev, enum hwv_flow_kind kind, const char *match,
         const char *actions)
{
    static uint32_t n_flows;
    ovs_u128 ufid = { .u32 = { 1, 2, 3, ++n_flows } };

    hwv_test_flow_add(&ufid, netdev, kind, match, actions);
}

/* What was flushed comes back without a delay. */
static void
unflush(void)
{
    struct hwv_nic *nic;

    ovs_mutex_lock(&hwv_control_mutex);
    nic = hwv_nic_find("pf0");
    nic->hold_until = 0;
    hwv_nic_set_stale(nic);
    ovs_mutex_unlock(&hwv_control_mutex);
    hwv_nic_run();
}

#define ETH "packet_type(ns=0,id=0),eth(dst=50:54:00:00:00:0a),"

static void
setup(void)
{
    struct netdev *pf0, *vm1, *vm2;

    hwv_test_ports_init();
    pf0 = hwv_test_port_add("pf0", ODP_PORT_C(1), -1);
    vm1 = hwv_test_port_add("vm1", ODP_PORT_C(2), 1);
    vm2 = hwv_test_port_add("vm2", ODP_PORT_C(3), 2);
    add_flow(vm1, HWV_FLOW_VF, "recirc_id(0),in_port(2)," ETH
             "eth_type(0x0800),ipv4(frag=no)", "3");
    add_flow(vm2, HWV_FLOW_VF, "recirc_id(0),in_port(3)," ETH
             "eth_type(0x86dd),ipv6(frag=no)", "");
    add_flow(vm2, HWV_FLOW_VF, "recirc_id(0),in_port(3)," ETH
             "eth_type(0x0800),ipv4(proto=6,frag=no),tcp(dst=22)", "2");
    add_flow(pf0, HWV_FLOW_UPLINK, "recirc_id(0),in_port(1)," ETH
             "eth_type(0x0800),ipv4(dst=10.0.0.1,proto=17,frag=no),"
             "udp(dst=4789)", "tnl_pop(5)");
    HWV_CHECK_EQ(hwv_test_usage().flows, 8);
    hwv_trace_register();
    hwv_dump_register();
    HWV_CHECK_EQ(n_commands, 9);
}

/* Fails unless the reply to 'argv' is of the kind that it asks for. */
static void
check_reply(int argc, const char *argv[])
{
    bool json = false;

    HWV_CHECK_EQ(n_replies, 1);
    if (is_error) {
        HWV_CHECK(reply && reply[0]);
        return;
    }
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "--format=", 9)) {
            json = !strcmp(argv[i], "--format=json"); /* The last one counts. */
        }
    }
    if (json) {
        struct json *parsed = json_from_string(reply);

        HWV_CHECK(parsed->type == JSON_OBJECT || parsed->type == JSON_ARRAY);
        json_destroy(parsed);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hwv_fuzz input = { .data = data, .left = size };
    const char *argv[1 + MAX_ARGS];
    struct command *command;
    int argc = 1;

    if (!n_commands) {
        setup();
    }
    command = &commands[hwv_fuzz_u8(&input) % n_commands];
    argv[0] = command->name;
    while (input.left && argc <= MAX_ARGS) {
        argv[argc++] = hwv_fuzz_string(&input);
    }

    /* As unixctl does. */
    if (argc - 1 >= command->min_args && argc - 1 <= command->max_args) {
        n_replies = 0;
        command->cb(NULL, argc, argv, command->aux);
        check_reply(argc, argv);
        HWV_CHECK(!ovs_mutex_trylock(&hwv_control_mutex));
        ovs_mutex_unlock(&hwv_control_mutex);
        if (!strcmp(command->name, "hwvxlan/flush") && !is_error) {
            HWV_CHECK_EQ(hwv_test_usage().flows, 0);
            unflush();
        }
        HWV_CHECK_EQ(hwv_test_usage().flows, 8);
    }
    for (int i = 1; i < argc; i++) {
        free(CONST_CAST(char *, argv[i]));
    }
    return 0;
}
