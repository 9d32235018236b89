/* SPDX-License-Identifier: Apache-2.0 */

/* The other end of the wires of "hwvxlan-bench latency".
 *
 *     hwvxlan-bench-probe EAL-OPTION... -- FRAMES N-LOAD N-QUEUES
 *
 * DPDK's first port is where packets are sent, its second one where they come
 * back, on as many queues as the switch sends on.  FRAMES is a pcap file, the
 * first N-LOAD frames of which are the load.  What to do is told, and what was
 * found out is read, over DPDK's telemetry socket; loop.h has what it means:
 *
 *     /probe/load,PPS
 *     /probe/window               begins one
 *     /probe/read                 the window
 *     /probe/train,FRAME          begins one
 *     /probe/train_read
 *     /probe/sent_at,I
 *
 * There are no such commands before both wires have their other ends.  Ends
 * when a signal says so. */

#include <config.h>

#include <errno.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_telemetry.h>
#include <stdlib.h>
#include <string.h>

#include "dp-packet.h"
#include "loop.h"
#include "openvswitch/vlog.h"
#include "pcap-file.h"
#include "util.h"

#define TX_PORT 0
#define RX_PORT 1
#define BUFFERS 16383
#define CACHE 256
#define RING 1024
#define MAX_RXQ 64
#define LINK_TRIES 10
#define LINK_INTERVAL 100000    /* Microseconds. */

/* Bytes of what the probe writes into a frame, behind its headers. */
#define LEAST_FRAME 64

static size_t n_frames;

/* Reads the frames of the file 'name' into '*config'. */
static void
read_frames(const char *name, struct probe_config *config)
{
    struct probe_frame *frames = NULL;
    struct dp_packet *packet;
    struct pcap_file *file;
    size_t allocated = 0;
    size_t n = 0;
    int error;

    file = ovs_pcap_open(name, "rb");
    if (!file) {
        exit(EXIT_FAILURE);     /* It has said why. */
    }
    while (!(error = ovs_pcap_read(file, &packet, NULL))) {
        if (dp_packet_size(packet) < LEAST_FRAME) {
            ovs_fatal(0, "%s: frame %"PRIuSIZE" has %"PRIu32" bytes, not %d",
                      name, n, dp_packet_size(packet), LEAST_FRAME);
        }
        if (n >= allocated) {
            frames = x2nrealloc(frames, &allocated, sizeof *frames);
        }
        frames[n++] = (struct probe_frame) {
            .data = dp_packet_data(packet),
            .size = dp_packet_size(packet),
        };
    }
    ovs_pcap_close(file);
    if (error != EOF) {
        ovs_fatal(error, "%s cannot be read", name);
    }
    config->frames = frames;
    config->n_frames = n;
}

/* Prepares 'port', which sends on one queue and receives on 'n_rxq'. */
static void
configure_port(uint16_t port, uint16_t n_rxq, struct rte_mempool *pool)
{
    const struct rte_eth_conf conf = { .lpbk_mode = 0 };
    int error;

    error = rte_eth_dev_configure(port, n_rxq, 1, &conf);
    for (uint16_t i = 0; !error && i < n_rxq; i++) {
        error = rte_eth_rx_queue_setup(port, i, RING, SOCKET_ID_ANY, NULL,
                                       pool);
    }
    if (!error) {
        error = rte_eth_tx_queue_setup(port, 0, RING, SOCKET_ID_ANY, NULL);
    }
    if (error) {
        ovs_fatal(-error, "DPDK's port %"PRIu16" cannot be used", port);
    }
}

static bool
is_up(uint16_t port)
{
    struct rte_eth_link link;

    return !rte_eth_link_get_nowait(port, &link) && link.link_status;
}

/* Starts both ports and waits until their other ends are there.  A memif tries
 * to find its other end only while it starts, which may fail if there is none.
 * OVS's xnanosleep() would catch the signals that are to end us. */
static void
start_ports(void)
{
    for (;;) {
        rte_eth_dev_start(TX_PORT);
        rte_eth_dev_start(RX_PORT);
        for (int i = 0; i < LINK_TRIES; i++) {
            if (is_up(TX_PORT) && is_up(RX_PORT)) {
                return;
            }
            rte_delay_us_sleep(LINK_INTERVAL);
        }
        rte_eth_dev_stop(TX_PORT);
        rte_eth_dev_stop(RX_PORT);
    }
}

/* Returns the number in 'params' in '*value', which is less than 'limit'. */
static bool
parse(const char *params, unsigned long long int limit,
      unsigned long long int *value)
{
    return params && str_to_ullong(params, 10, value) && *value < limit;
}

static int
set_load(const char *cmd OVS_UNUSED, const char *params,
         struct rte_tel_data *data)
{
    unsigned long long int pps;

    if (!parse(params, UINT32_MAX, &pps)) {
        return -EINVAL;
    }
    probe_set_load(pps);
    rte_tel_data_start_dict(data);
    return rte_tel_data_add_dict_u64(data, "load", pps);
}

static int
begin_window(const char *cmd OVS_UNUSED, const char *params OVS_UNUSED,
             struct rte_tel_data *data)
{
    probe_begin_window();
    return rte_tel_data_start_dict(data);
}

static int
read_window(const char *cmd OVS_UNUSED, const char *params OVS_UNUSED,
            struct rte_tel_data *data)
{
    struct probe_window w;

    probe_read_window(&w);
    rte_tel_data_start_dict(data);
    rte_tel_data_add_dict_u64(data, "sent", w.sent);
    rte_tel_data_add_dict_u64(data, "unsent", w.unsent);
    rte_tel_data_add_dict_u64(data, "received", w.received);
    rte_tel_data_add_dict_u64(data, "disturbed", w.disturbed);
    rte_tel_data_add_dict_u64(data, "p50", w.p50);
    rte_tel_data_add_dict_u64(data, "p99", w.p99);
    rte_tel_data_add_dict_u64(data, "p999", w.p999);
    return rte_tel_data_add_dict_u64(data, "max", w.max);
}

static int
begin_train(const char *cmd OVS_UNUSED, const char *params,
            struct rte_tel_data *data)
{
    unsigned long long int frame;

    if (!parse(params, n_frames, &frame)) {
        return -EINVAL;
    }
    probe_begin_train(frame);
    return rte_tel_data_start_dict(data);
}

static int
read_train(const char *cmd OVS_UNUSED, const char *params OVS_UNUSED,
           struct rte_tel_data *data)
{
    struct probe_train t;

    probe_read_train(&t);
    rte_tel_data_start_dict(data);
    rte_tel_data_add_dict_u64(data, "length", PROBE_TRAIN);
    rte_tel_data_add_dict_u64(data, "sent", t.sent);
    rte_tel_data_add_dict_u64(data, "unsent", t.unsent);
    rte_tel_data_add_dict_u64(data, "received", t.received);
    rte_tel_data_add_dict_u64(data, "disturbed", t.disturbed);
    return rte_tel_data_add_dict_u64(data, "first", t.first);
}

static int
sent_at(const char *cmd OVS_UNUSED, const char *params,
        struct rte_tel_data *data)
{
    unsigned long long int i;
    uint64_t ns;

    if (!parse(params, PROBE_TRAIN, &i) || !probe_sent_at(i, &ns)) {
        return -EINVAL;
    }
    rte_tel_data_start_dict(data);
    return rte_tel_data_add_dict_u64(data, "ns", ns);
}

static void
register_commands(void)
{
    static const struct {
        const char *name;
        telemetry_cb run;
        const char *help;
    } commands[] = {
        { "/probe/load", set_load, "Packets a second" },
        { "/probe/window", begin_window, "Begins a window" },
        { "/probe/read", read_window, "What has happened in the window" },
        { "/probe/train", begin_train, "Sends one frame many times" },
        { "/probe/train_read", read_train, "What has happened to that" },
        { "/probe/sent_at", sent_at, "When its packets were sent" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        int error = rte_telemetry_register_cmd(commands[i].name,
                                               commands[i].run,
                                               commands[i].help);

        if (error) {
            ovs_fatal(-error, "DPDK does not take the command %s",
                      commands[i].name);
        }
    }
}

int
main(int argc, char *argv[])
{
    struct probe_config config = { .tx_port = TX_PORT, .rx_port = RX_PORT };
    unsigned long long int n_load, n_rxq;
    int n_eal;

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_WARN);
    n_eal = rte_eal_init(argc, argv);
    if (n_eal < 0) {
        ovs_fatal(rte_errno, "DPDK does not start");
    }
    argc -= n_eal;
    argv += n_eal;
    if (argc != 4) {
        ovs_fatal(0, "FRAMES, N-LOAD and N-QUEUES are needed behind \"--\"");
    }

    read_frames(argv[1], &config);
    n_frames = config.n_frames;
    if (!parse(argv[2], n_frames + 1ULL, &n_load) || !n_load) {
        ovs_fatal(0, "%s is not from 1 to %"PRIuSIZE", the number of frames",
                  argv[2], n_frames);
    }
    config.n_load = n_load;
    if (!parse(argv[3], MAX_RXQ + 1, &n_rxq) || !n_rxq) {
        ovs_fatal(0, "%s is not from 1 to %d queues", argv[3], MAX_RXQ);
    }
    config.n_rxq = n_rxq;
    config.pool = rte_pktmbuf_pool_create("probe", BUFFERS, CACHE, 0,
                                          RTE_MBUF_DEFAULT_BUF_SIZE,
                                          SOCKET_ID_ANY);
    if (!config.pool) {
        ovs_fatal(rte_errno, "no memory for packets");
    }
    configure_port(TX_PORT, 1, config.pool);
    configure_port(RX_PORT, config.n_rxq, config.pool);
    start_ports();
    register_commands();
    probe_run(&config);
    return EXIT_SUCCESS;
}
