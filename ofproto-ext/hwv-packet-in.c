/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-packet-in.h"

#include "hash.h"
#include "hwv-segment-rules.h"
#include "mpsc-queue.h"
#include "ofproto/connmgr.h"
#include "ofproto/ofproto-dpif.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-packet.h"
#include "openvswitch/poll-loop.h"
#include "ovs-atomic.h"
#include "packets.h"
#include "seq.h"
#include "util.h"

/* User data of our actions. */
struct userdata {
    ovs_be32 magic;
    ovs_be32 kind;              /* enum hwv_packet_in_kind. */
};
#define USERDATA_MAGIC 0x68777678

/* A place in the queue. */
struct waiting {
    struct mpsc_queue_node node;
    uint32_t hash;              /* Of 'learn', never 0. */
    uint32_t place;             /* Index into 'per_place'. */
    struct hwv_learn learn;
};

/* Places with the same hash share a limit. */
#define N_PLACES 1024
/* An address that waits is found in the slot of its hash, unless another took
 * the slot; then it may wait twice, which harms nobody. */
#define N_SLOTS (2 * HWV_LEARN_MAX)

static struct mpsc_queue queue = MPSC_QUEUE_INITIALIZER(&queue);
static atomic_count n_waiting = ATOMIC_COUNT_INIT(0);
static atomic_count per_place[N_PLACES];
static ATOMIC(uint32_t) slots[N_SLOTS];

/* Changes when something is put into a queue that the main thread has found
 * empty; it says so by clearing 'woken'. */
static struct seq *queue_seq;
static uint64_t queue_seqno;
static atomic_bool woken = false;

static ATOMIC(hwv_packet_in_hold_cb *) hold_cb;

static atomic_uint64_t n_queued;
static atomic_uint64_t n_repeated;
static atomic_uint64_t n_overflow;
static atomic_uint64_t n_overflow_place;

static bool is_ours(const struct ofproto_async_msg *,
                    enum hwv_packet_in_kind *);
static void learn_later(const struct ofproto_dpif *,
                        const struct ofproto_async_msg *);
static void enqueue(const struct hwv_learn *, uint32_t hash);
static struct waiting *dequeue(void);
static struct seq *get_seq(void);

static void
count(atomic_uint64_t *counter)
{
    uint64_t orig;

    atomic_add_relaxed(counter, 1, &orig);
}

void
hwv_packet_in_put_action(struct ofpbuf *ofpacts, enum hwv_packet_in_kind kind)
{
    struct userdata userdata = {
        .magic = htonl(USERDATA_MAGIC),
        .kind = htonl(kind),
    };
    struct ofpact_controller *controller = ofpact_put_CONTROLLER(ofpacts);

    controller->max_len = UINT16_MAX;
    controller->controller_id = 0;
    controller->reason = OFPR_ACTION;
    controller->meter_id = NX_CTLR_NO_METER;
    controller->provider_meter_id = UINT32_MAX;
    ofpbuf_put(ofpacts, &userdata, sizeof userdata);
    controller = ofpacts->header;
    controller->userdata_len = sizeof userdata;
    ofpact_finish_CONTROLLER(ofpacts, &controller);
}

bool
hwv_packet_in_take(struct ofproto_dpif *ofproto, struct ofproto_async_msg *msg)
{
    hwv_packet_in_hold_cb *hold;
    enum hwv_packet_in_kind kind;

    if (!is_ours(msg, &kind)) {
        return false;
    }

    atomic_read(&hold_cb, &hold);
    if (kind == HWV_PACKET_IN_HOLD && hold) {
        hold(ofproto, msg);
        return true;
    }
    if (kind == HWV_PACKET_IN_LEARN) {
        learn_later(ofproto, msg);
    }
    ofproto_async_msg_free(msg);
    return true;
}

void
hwv_packet_in_set_hold(hwv_packet_in_hold_cb *hold)
{
    atomic_store(&hold_cb, hold);
}

unsigned int
hwv_packet_in_run(unsigned int max, hwv_learn_cb *learn, void *aux)
{
    unsigned int n;

    queue_seqno = seq_read(get_seq());
    atomic_store(&woken, false);
    for (n = 0; n < max; n++) {
        struct waiting *w = dequeue();

        if (!w) {
            break;
        }
        learn(&w->learn, aux);
        free(w);
    }
    return n;
}

void
hwv_packet_in_wait(void)
{
    if (atomic_count_get(&n_waiting)) {
        poll_immediate_wake();
    } else {
        seq_wait(get_seq(), queue_seqno);
    }
}

void
hwv_packet_in_flush(void)
{
    struct waiting *w;

    while ((w = dequeue())) {
        free(w);
    }
}

void
hwv_packet_in_get_stats(struct hwv_packet_in_stats *stats)
{
    atomic_read_relaxed(&n_queued, &stats->queued);
    atomic_read_relaxed(&n_repeated, &stats->repeated);
    atomic_read_relaxed(&n_overflow, &stats->overflow);
    atomic_read_relaxed(&n_overflow_place, &stats->overflow_place);
}

/* A user's rule may have any user data, but it is not in our table. */
static bool
is_ours(const struct ofproto_async_msg *msg, enum hwv_packet_in_kind *kind)
{
    const struct ofputil_packet_in *pin = &msg->pin.up.base;
    struct userdata userdata;

    if (msg->oam != OAM_PACKET_IN || pin->table_id != TBL_INTERNAL
        || pin->userdata_len != sizeof userdata) {
        return false;
    }
    memcpy(&userdata, pin->userdata, sizeof userdata);
    *kind = ntohl(userdata.kind);
    return userdata.magic == htonl(USERDATA_MAGIC);
}

static void
learn_later(const struct ofproto_dpif *ofproto,
            const struct ofproto_async_msg *msg)
{
    const struct ofputil_packet_in *pin = &msg->pin.up.base;
    const struct flow *flow = &pin->flow_metadata.flow;
    const struct eth_header *eth = pin->packet;
    struct hwv_learn learn;
    uint32_t hash;

    if (pin->packet_len < sizeof *eth) {
        return;
    }

    memset(&learn, 0, sizeof learn);
    learn.bridge = ofproto->uuid;
    learn.vtag_reg = flow->regs[HWV_SEGMENT_REG_VTAG];
    learn.in_port = flow->in_port.ofp_port;
    learn.mac = eth->eth_src;
    if (ipv6_addr_is_set(&flow->tunnel.ipv6_src)) {
        learn.tun_src = flow->tunnel.ipv6_src;
    } else if (flow_tnl_dst_is_set(&flow->tunnel)) {
        in6_addr_set_mapped_ipv4(&learn.tun_src, flow->tunnel.ip_src);
    }

    hash = hash_bytes(&learn, sizeof learn, 0) | 1;
    enqueue(&learn, hash);
}

/* Puts 'learn' into the queue, unless it is there or there is no room. */
static void
enqueue(const struct hwv_learn *learn, uint32_t hash)
{
    uint32_t place = hash_bytes(&learn->tun_src, sizeof learn->tun_src,
                                hash_add(ofp_to_u16(learn->in_port),
                                         learn->vtag_reg)) % N_PLACES;
    ATOMIC(uint32_t) *slot = &slots[hash % N_SLOTS];
    struct waiting *w;
    uint32_t waiting;
    bool was_woken = true;

    atomic_read(slot, &waiting);
    if (waiting == hash) {
        count(&n_repeated);
        return;
    }
    if (atomic_count_inc(&per_place[place]) >= HWV_LEARN_MAX_PER_PLACE) {
        atomic_count_dec(&per_place[place]);
        count(&n_overflow_place);
        return;
    }
    if (atomic_count_inc(&n_waiting) >= HWV_LEARN_MAX) {
        atomic_count_dec(&n_waiting);
        atomic_count_dec(&per_place[place]);
        count(&n_overflow);
        return;
    }

    w = xmalloc(sizeof *w);
    w->hash = hash;
    w->place = place;
    w->learn = *learn;
    atomic_store(slot, hash);
    count(&n_queued);
    mpsc_queue_insert(&queue, &w->node);

    was_woken = false;
    if (atomic_compare_exchange_strong(&woken, &was_woken, true)) {
        seq_change(get_seq());
    }
}

/* Returns the oldest in the queue, for the caller to free, or NULL.  From now
 * on the same address may be put there again. */
static struct waiting *
dequeue(void)
{
    struct mpsc_queue_node *node;
    struct waiting *w;
    uint32_t waiting;

    mpsc_queue_acquire(&queue);
    node = mpsc_queue_pop(&queue);
    mpsc_queue_release(&queue);
    if (!node) {
        return NULL;
    }

    w = CONTAINER_OF(node, struct waiting, node);
    waiting = w->hash;
    atomic_compare_exchange_strong(&slots[w->hash % N_SLOTS], &waiting, 0);
    atomic_count_dec(&per_place[w->place]);
    atomic_count_dec(&n_waiting);
    return w;
}

static struct seq *
get_seq(void)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;

    if (ovsthread_once_start(&once)) {
        queue_seq = seq_create();
        ovsthread_once_done(&once);
    }
    return queue_seq;
}
