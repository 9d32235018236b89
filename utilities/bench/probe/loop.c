/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "loop.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/thread.h"
#include "ovs-atomic.h"
#include "util.h"

#define BURST 32

/* At the end of each packet: what it is. */
OVS_PACKED(
struct stamp {
    uint64_t sent;              /* When, by the TSC. */
    uint32_t number;            /* 0: of the load; else of the train, from 1
                                 * on. */
});

struct probe {
    struct probe_config config;
    uint64_t lost;              /* PROBE_LOST_US, in cycles of the TSC. */
    uint64_t turn;              /* When this turn of the loop began. */
    uint64_t resumed;           /* When the processor came back last. */

    /* The load. */
    uint64_t interval;          /* Cycles from one packet to the next, or 0. */
    uint64_t next;              /* When the next one is due. */
    size_t next_frame;

    /* Its window. */
    uint64_t began;
    struct probe_window window;
    uint32_t *samples;          /* Cycles on the way. */
    size_t n_samples;

    /* The train. */
    size_t frame;
    uint64_t due;               /* When its next packet is. */
    size_t n_train;             /* Packets that have been due. */
    bool runs;                  /* Are there more? */
    struct probe_train train;
    uint64_t times[PROBE_TRAIN];        /* When each was. */
};

/* What another thread wants the loop to do between two of its turns. */
struct request {
    void (*run)(struct probe *, void *aux);
    void *aux;
    sem_t done;
};

static ATOMIC(struct request *) posted;

static void probe_init(struct probe *, const struct probe_config *);
static void serve(struct probe *);
static void note_time(struct probe *);
static void send_due(struct probe *);
static void receive(struct probe *);

/* The loop. */
void
probe_run(const struct probe_config *config)
{
    struct probe *probe = xzalloc(sizeof *probe);

    probe_init(probe, config);
    for (;;) {
        serve(probe);
        note_time(probe);
        send_due(probe);
        receive(probe);
    }
}

static void
probe_init(struct probe *probe, const struct probe_config *config)
{
    probe->config = *config;
    probe->lost = PROBE_LOST_US * rte_get_tsc_hz() / 1000000;
    probe->turn = rte_rdtsc();
    probe->samples = xmalloc(PROBE_MAX_SAMPLES * sizeof *probe->samples);
}

static void
serve(struct probe *probe)
{
    struct request *request;

    atomic_read_explicit(&posted, &request, memory_order_acquire);
    if (OVS_UNLIKELY(request)) {
        atomic_store_explicit(&posted, NULL, memory_order_release);
        request->run(probe, request->aux);
        sem_post(&request->done);
    }
}

/* What was not sent in time, because the processor was away, is not sent all
 * at once now. */
static void
note_time(struct probe *probe)
{
    uint64_t now = rte_rdtsc();

    if (now - probe->turn > probe->lost) {
        probe->resumed = now;
        probe->next = MAX(probe->next, now);
        probe->due = MAX(probe->due, now);
    }
    probe->turn = now;
}

/* Makes a packet of frame number 'frame'.  Returns NULL if there is no
 * buffer. */
static struct rte_mbuf *
make_packet(const struct probe *probe, size_t frame, uint32_t number)
{
    const struct probe_frame *f = &probe->config.frames[frame];
    struct rte_mbuf *packet = rte_pktmbuf_alloc(probe->config.pool);

    if (packet) {
        const struct stamp stamp = {
            .sent = rte_rdtsc(),
            .number = number,
        };
        char *data = rte_pktmbuf_append(packet, f->size);

        memcpy(data, f->data, f->size - sizeof stamp);
        memcpy(data + f->size - sizeof stamp, &stamp, sizeof stamp);
    }
    return packet;
}

/* Sends 'packets', without those that are NULL.  Returns how many the switch
 * took. */
static size_t
send_packets(const struct probe *probe, struct rte_mbuf *packets[], size_t n)
{
    size_t n_made = 0, n_sent;

    for (size_t i = 0; i < n; i++) {
        if (packets[i]) {
            packets[n_made++] = packets[i];
        }
    }
    n_sent = rte_eth_tx_burst(probe->config.tx_port, 0, packets, n_made);
    rte_pktmbuf_free_bulk(&packets[n_sent], n_made - n_sent);
    return n_sent;
}

static void
send_load(struct probe *probe)
{
    struct rte_mbuf *packets[BURST];
    size_t n = 0, n_sent;

    while (probe->next <= probe->turn && n < BURST) {
        packets[n++] = make_packet(probe, probe->next_frame, 0);
        probe->next_frame = (probe->next_frame + 1) % probe->config.n_load;
        probe->next += probe->interval;
    }
    n_sent = send_packets(probe, packets, n);
    probe->window.sent += n_sent;
    probe->window.unsent += n - n_sent;
}

static void
send_train(struct probe *probe)
{
    const size_t number = probe->n_train++;
    struct rte_mbuf *packet = make_packet(probe, probe->frame, number + 1);
    size_t n_sent = send_packets(probe, &packet, 1);

    probe->times[number] = probe->turn;
    probe->train.sent += n_sent;
    probe->train.unsent += !n_sent;
    probe->runs = probe->n_train < PROBE_TRAIN;
    probe->due += PROBE_TRAIN_GAP_US * rte_get_tsc_hz() / 1000000;
}

static void
send_due(struct probe *probe)
{
    if (probe->interval && probe->next <= probe->turn) {
        send_load(probe);
    }
    if (probe->runs && probe->due <= probe->turn) {
        send_train(probe);
    }
}

/* Takes note of a packet that came back at 'now'. */
static void
take_packet(struct probe *probe, const struct rte_mbuf *packet, uint64_t now)
{
    bool disturbed;
    struct stamp stamp;

    if (packet->pkt_len < sizeof stamp) {
        return;
    }
    memcpy(&stamp, rte_pktmbuf_mtod_offset(packet, const char *,
                                           packet->pkt_len - sizeof stamp),
           sizeof stamp);
    disturbed = stamp.sent < probe->resumed;
    if (stamp.number) {
        probe->train.received++;
        probe->train.disturbed += disturbed;
        if (stamp.number == 1 && !disturbed) {
            probe->train.first = now - stamp.sent;
        }
    } else if (stamp.sent >= probe->began) {
        probe->window.received++;
        if (disturbed) {
            probe->window.disturbed++;
        } else if (probe->n_samples < PROBE_MAX_SAMPLES) {
            probe->samples[probe->n_samples++] = MIN(now - stamp.sent,
                                                     UINT32_MAX);
        }
    }
}

static void
receive(struct probe *probe)
{
    for (uint16_t queue = 0; queue < probe->config.n_rxq; queue++) {
        struct rte_mbuf *packets[BURST];
        size_t n = rte_eth_rx_burst(probe->config.rx_port, queue, packets,
                                    BURST);
        uint64_t now = rte_rdtsc();

        for (size_t i = 0; i < n; i++) {
            take_packet(probe, packets[i], now);
        }
        rte_pktmbuf_free_bulk(packets, n);
    }
}

/* Has the loop run 'run' with 'aux', and waits until it has. */
static void
ask(void (*run)(struct probe *, void *aux), void *aux)
{
    struct request request = { .run = run, .aux = aux };

    sem_init(&request.done, 0, 0);
    atomic_store_explicit(&posted, &request, memory_order_release);
    while (sem_wait(&request.done)) {
        continue;
    }
    sem_destroy(&request.done);
}

static void
set_load(struct probe *probe, void *pps_)
{
    const uint64_t *pps = pps_;

    probe->interval = *pps ? rte_get_tsc_hz() / *pps : 0;
    probe->next = rte_rdtsc();
}

void
probe_set_load(uint64_t pps)
{
    ask(set_load, &pps);
}

static void
begin_window(struct probe *probe, void *aux OVS_UNUSED)
{
    probe->began = rte_rdtsc();
    probe->window = (struct probe_window) { .sent = 0 };
    probe->n_samples = 0;
}

void
probe_begin_window(void)
{
    ask(begin_window, NULL);
}

static uint64_t
to_ns(uint64_t cycles)
{
    return cycles * 1e9 / rte_get_tsc_hz();
}

static int
compare_samples(const void *a_, const void *b_)
{
    const uint32_t *a = a_, *b = b_;

    return *a < *b ? -1 : *a > *b;
}

/* The least value that is not less than the part 'p' of all. */
static uint64_t
percentile(const struct probe *probe, double p)
{
    size_t rank = probe->n_samples * p;

    return (probe->n_samples
            ? to_ns(probe->samples[MIN(rank, probe->n_samples - 1)]) : 0);
}

static void
read_window(struct probe *probe, void *window_)
{
    struct probe_window *window = window_;

    qsort(probe->samples, probe->n_samples, sizeof *probe->samples,
          compare_samples);
    *window = probe->window;
    window->p50 = percentile(probe, .5);
    window->p99 = percentile(probe, .99);
    window->p999 = percentile(probe, .999);
    window->max = percentile(probe, 1);
}

void
probe_read_window(struct probe_window *window)
{
    ask(read_window, window);
}

static void
begin_train(struct probe *probe, void *frame_)
{
    const size_t *frame = frame_;

    probe->frame = *frame;
    /* When who asked for it is asleep again, who may have our processor. */
    probe->due = rte_rdtsc() + rte_get_tsc_hz() / 100;
    probe->n_train = 0;
    probe->runs = true;
    probe->train = (struct probe_train) { .sent = 0 };
}

void
probe_begin_train(size_t frame)
{
    ask(begin_train, &frame);
}

static void
read_train(struct probe *probe, void *train_)
{
    struct probe_train *train = train_;

    *train = probe->train;
    train->first = to_ns(train->first);
}

void
probe_read_train(struct probe_train *train)
{
    ask(read_train, train);
}

struct sent_at {
    size_t i;
    bool known;
    uint64_t ns;
};

static void
read_sent_at(struct probe *probe, void *sent_at_)
{
    struct sent_at *sent_at = sent_at_;

    sent_at->known = sent_at->i < probe->n_train;
    if (sent_at->known) {
        sent_at->ns = to_ns(probe->times[sent_at->i] - probe->times[0]);
    }
}

bool
probe_sent_at(size_t i, uint64_t *ns)
{
    struct sent_at sent_at = { .i = i };

    ask(read_sent_at, &sent_at);
    *ns = sent_at.ns;
    return sent_at.known;
}
