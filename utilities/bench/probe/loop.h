/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_BENCH_PROBE_LOOP_H
#define HWV_BENCH_PROBE_LOOP_H 1

/* The probe's loop
 * ================
 *
 * One thread sends packets into a switch, each with the time in it, and
 * receives them from the switch, and so knows how long each was on its way.
 *
 * There are two kinds of traffic, which may go on at the same time:
 *
 *   - the load: the first frames, in turn, so many a second, for ever;
 *   - a train: PROBE_TRAIN times the same frame, PROBE_TRAIN_GAP_US
 *     apart.
 *
 * Where the thread does not get its processor for PROBE_LOST_US or longer,
 * what is on its way then has been there for longer than it took the switch.
 * Such packets are "disturbed", and their times do not count.
 *
 * Thread-safety: probe_run() in one thread, everything else in another one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rte_mempool;

#define PROBE_TRAIN 8192
#define PROBE_TRAIN_GAP_US 20
#define PROBE_LOST_US 10

/* The greatest load whose times are all kept, packets in a window. */
#define PROBE_MAX_SAMPLES (1 << 24)

struct probe_frame {
    const void *data;
    size_t size;                /* Bytes.  The last 12 belong to the probe. */
};

struct probe_config {
    uint16_t tx_port, rx_port;  /* Of DPDK, started. */
    uint16_t n_rxq;             /* Of 'rx_port'. */
    struct rte_mempool *pool;   /* For what is sent. */
    const struct probe_frame *frames;
    size_t n_frames, n_load;    /* All, and those of the load. */
};

/* What has happened to the load since the window began.  Times are in
 * nanoseconds, of packets that were sent and received in the window, and 0
 * where there is none. */
struct probe_window {
    uint64_t sent, unsent;      /* Unsent: the switch had no room. */
    uint64_t received, disturbed;
    uint64_t p50, p99, p999, max;
};

/* What has happened to the last train. */
struct probe_train {
    uint64_t sent, unsent, received, disturbed;
    uint64_t first;             /* Nanoseconds that the first packet was on its
                                 * way; 0 if it is not back, or disturbed. */
};

/* Sends and receives, for ever.  The load is 0 at first. */
void probe_run(const struct probe_config *config);

/* Makes the load 'pps' packets a second. */
void probe_set_load(uint64_t pps);

/* Begins a window. */
void probe_begin_window(void);

/* Stores what has happened in the window so far into '*window'.  Disturbs
 * what is on its way. */
void probe_read_window(struct probe_window *window);

/* Begins a train of frame number 'frame', which must exist. */
void probe_begin_train(size_t frame);

/* Stores what has happened to the train so far into '*train'. */
void probe_read_train(struct probe_train *train);

/* Stores how many nanoseconds after its first packet packet 'i' of the train,
 * from 0 on, was due to be sent into '*ns'.  Returns false if that has not
 * been yet. */
bool probe_sent_at(size_t i, uint64_t *ns);

#endif /* loop.h */
