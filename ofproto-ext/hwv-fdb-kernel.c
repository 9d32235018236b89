/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb-kernel.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "hwv-fdb-devices.h"
#include "hwv-fdb-netlink.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_fdb_kernel);

#define RECEIVE_BUFFER (4 * 1024 * 1024)
#define MESSAGE_BUFFER 65536    /* The kernel's answers have at most half. */
#define MAX_READS_PER_RUN 32
#define ROUND_INTERVAL 1000     /* msec from one round to the next. */
#define RETRY_INTERVAL 10000    /* msec until a socket is tried again. */

/* What a round asks for, one after the other. */
enum stage { IDLE, LINKS, NEXTHOPS, ENTRIES };

static struct hwv_fdb_devices *devices;
static struct nl_sock *sock;    /* NULL if it cannot be opened. */
static enum stage stage;
static uint32_t seq;            /* Of the latest request. */
static bool round_wanted;
static long long int next_round;
static long long int next_open;
static bool answered;           /* The first answer of this round is there. */
static bool disturbed;          /* The list of this round may have gaps. */
static bool more;               /* There may be more to read. */
static uint64_t n_rounds, n_overruns;

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

static struct nl_sock *open_socket(void);
static void start_stage(enum stage);
static void end_stage(void);
static int read_messages(void);
static void handle_message(struct nlmsghdr *);
static void handle_error(int error);

void
hwv_fdb_kernel_init(struct hwv_fdb *fdb)
{
    devices = hwv_fdb_devices_create(fdb);
}

void
hwv_fdb_kernel_run(void)
{
    if (!sock && time_msec() >= next_open) {
        next_open = time_msec() + RETRY_INTERVAL;
        sock = open_socket();
        stage = IDLE;
        round_wanted = sock != NULL;
    }
    if (!sock) {
        return;
    }
    if (round_wanted && stage == IDLE && time_msec() >= next_round) {
        round_wanted = false;
        disturbed = false;
        next_round = time_msec() + ROUND_INTERVAL;
        answered = false;
        start_stage(LINKS);
    }

    more = true;
    for (int i = 0; i < MAX_READS_PER_RUN && more; i++) {
        int error = read_messages();

        if (error) {
            handle_error(error);
        }
    }
    hwv_fdb_devices_settle(devices);
}

void
hwv_fdb_kernel_wait(void)
{
    if (!sock) {
        poll_timer_wait_until(next_open);
        return;
    }
    if (more) {
        poll_immediate_wake();
    }
    if (round_wanted && stage == IDLE) {
        poll_timer_wait_until(next_round);
    }
    poll_fd_wait(nl_socket_get_fd(sock), POLLIN);
}

void
hwv_fdb_kernel_exit(void)
{
    nl_socket_free(sock);
    sock = NULL;
    hwv_fdb_devices_destroy(devices);
    devices = NULL;
}

void
hwv_fdb_kernel_put_stats(struct json *row)
{
    struct hwv_fdb_devices_stats stats;

    hwv_fdb_devices_stats(devices, &stats);
    json_object_put(row, "kernel_devices",
                    json_integer_create(stats.n_devices));
    json_object_put(row, "kernel_entries",
                    json_integer_create(stats.n_entries));
    json_object_put(row, "kernel_ignored_other_vni",
                    json_integer_create(stats.n_other_vni));
    json_object_put(row, "kernel_ignored_multicast_mac",
                    json_integer_create(stats.n_multicast_mac));
    json_object_put(row, "kernel_ignored_multicast_vtep",
                    json_integer_create(stats.n_multicast_vtep));
    json_object_put(row, "kernel_ignored_no_nexthop",
                    json_integer_create(stats.n_no_nexthop));
    json_object_put(row, "kernel_ignored_flood_nexthop",
                    json_integer_create(stats.n_flood_nexthop));
    json_object_put(row, "kernel_rounds", json_integer_create(n_rounds));
    json_object_put(row, "kernel_overruns", json_integer_create(n_overruns));
}

static struct nl_sock *
open_socket(void)
{
    static const int groups[] = { RTNLGRP_LINK, RTNLGRP_NEIGH };
    struct nl_sock *s = nl_socket_alloc();
    int size = RECEIVE_BUFFER;
    int error;

    if (!s) {
        return NULL;
    }
    nl_socket_disable_auto_ack(s);
    error = nl_connect(s, NETLINK_ROUTE);
    for (size_t i = 0; i < ARRAY_SIZE(groups) && !error; i++) {
        error = nl_socket_add_membership(s, groups[i]);
    }
    if (!error) {
        error = nl_socket_set_nonblocking(s);
    }
    if (!error) {
        error = nl_socket_set_msg_buf_size(s, MESSAGE_BUFFER);
    }
    if (error) {
        VLOG_WARN_RL(&rl, "cannot follow the kernel's forwarding entries: %s",
                     nl_geterror(error));
        nl_socket_free(s);
        return NULL;
    }

    /* Kernels before 5.3 have no nexthops. */
    if (nl_socket_add_membership(s, RTNLGRP_NEXTHOP)) {
        VLOG_INFO("the kernel has no nexthops for forwarding entries");
    }
    if (setsockopt(nl_socket_get_fd(s), SOL_SOCKET, SO_RCVBUFFORCE, &size,
                   sizeof size)) {
        VLOG_DBG("no large receive buffer for the kernel's forwarding "
                 "entries: %s", ovs_strerror(errno));
    }
    return s;
}

/* Asks for what 'new' is about. */
static void
start_stage(enum stage new)
{
    static const int types[] = {
        [LINKS] = RTM_GETLINK,
        [NEXTHOPS] = RTM_GETNEXTHOP,
        [ENTRIES] = RTM_GETNEIGH,
    };
    struct nl_msg *msg = nlmsg_alloc_simple(types[new], NLM_F_DUMP);
    struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
    struct ndmsg ndm = { .ndm_family = AF_BRIDGE };
    struct nhmsg nhm = { .nh_family = AF_UNSPEC };
    int error;

    stage = new;
    if (!msg) {
        out_of_memory();
    }
    error = (new == LINKS ? nlmsg_append(msg, &ifi, sizeof ifi, NLMSG_ALIGNTO)
             : new == NEXTHOPS ? nlmsg_append(msg, &nhm, sizeof nhm,
                                              NLMSG_ALIGNTO)
             : nlmsg_append(msg, &ndm, sizeof ndm, NLMSG_ALIGNTO));
    if (!error) {
        error = nl_send_auto(sock, msg);
        seq = nlmsg_hdr(msg)->nlmsg_seq;
    }
    nlmsg_free(msg);
    if (error < 0) {
        VLOG_WARN_RL(&rl, "cannot ask for the kernel's forwarding entries: %s",
                     nl_geterror(error));
        stage = IDLE;
        round_wanted = true;
    }
}

/* All that was asked for has come. */
static void
end_stage(void)
{
    if (stage != ENTRIES) {
        start_stage(stage + 1);
        return;
    }
    stage = IDLE;
    n_rounds++;
    if (disturbed) {
        round_wanted = true;
    }
    hwv_fdb_devices_sweep(devices, disturbed ? 3 : 1);
}

/* Reads one datagram, if there is one, and handles what is in it.  Returns 0
 * or a negative error of libnl. */
static int
read_messages(void)
{
    struct sockaddr_nl from;
    struct nlmsghdr *nlh;
    unsigned char *buf;
    int n;

    n = nl_recv(sock, &from, &buf, NULL);
    if (n == -NLE_AGAIN || !n) {
        more = false;
        return 0;
    } else if (n < 0) {
        return n;
    }
    for (nlh = ALIGNED_CAST(struct nlmsghdr *, buf); nlmsg_ok(nlh, n);
         nlh = nlmsg_next(nlh, &n)) {
        if (!from.nl_pid) {
            handle_message(nlh);
        }
    }
    free(buf);
    return 0;
}

static void
handle_message(struct nlmsghdr *nlh)
{
    bool is_answer = (stage != IDLE && nlh->nlmsg_seq == seq
                      && nlh->nlmsg_pid == nl_socket_get_local_port(sock));

    /* Notifications up to here are older than the answer: after an overrun
     * they tell of what may be gone. */
    if (is_answer && !answered) {
        answered = true;
        hwv_fdb_devices_begin(devices);
    }
    if (is_answer && nlh->nlmsg_flags & NLM_F_DUMP_INTR) {
        disturbed = true;
    }
    if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR) {
        if (is_answer && nlh->nlmsg_type == NLMSG_ERROR && stage != NEXTHOPS) {
            disturbed = true;
        }
        if (is_answer) {
            end_stage();
        }
        return;
    }
    if (nlh->nlmsg_type == RTM_DELNEIGH && stage == ENTRIES) {
        disturbed = true;
    }
    if (hwv_fdb_netlink_apply(devices, nlh) && stage != LINKS) {
        round_wanted = true;
    }
}

/* 'error' is negative, one of libnl's. */
static void
handle_error(int error)
{
    if (error == -NLE_NOMEM) {
        /* ENOBUFS: notifications were lost. */
        n_overruns++;
        round_wanted = true;
        VLOG_INFO_RL(&rl, "notifications of forwarding entries were lost, "
                     "reading all of them again");
        return;
    }
    VLOG_WARN_RL(&rl, "cannot read the kernel's forwarding entries: %s",
                 nl_geterror(error));
    nl_socket_free(sock);
    sock = NULL;
    more = false;
    next_open = time_msec() + RETRY_INTERVAL;
}
