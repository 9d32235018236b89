/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-hold.h"

#include <errno.h>

#include "cmap.h"
#include "coverage.h"
#include "dp-packet.h"
#include "flow.h"
#include "hash.h"
#include "hwv-first-packet.h"
#include "hwv-port-counts.h"
#include "ofproto/ofproto-dpif.h"
#include "ofproto/ofproto-provider.h"
#include "openvswitch/list.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/poll-loop.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"

COVERAGE_DEFINE(hwv_hold_put);
COVERAGE_DEFINE(hwv_hold_sent);
COVERAGE_DEFINE(hwv_hold_drop_full);        /* HWV_HOLD_MAX_PACKETS. */
COVERAGE_DEFINE(hwv_hold_drop_port);        /* HWV_HOLD_MAX_PORT. */
COVERAGE_DEFINE(hwv_hold_drop_total);       /* HWV_HOLD_MAX_TOTAL. */
COVERAGE_DEFINE(hwv_hold_drop_old);         /* HWV_HOLD_MAX_AGE. */
COVERAGE_DEFINE(hwv_hold_drop_withdrawn);   /* No such VTEP any more. */
COVERAGE_DEFINE(hwv_hold_drop_failed);      /* OVS could not send it. */

/* A packet that waits. */
struct held {
    struct ovs_list node;       /* In 'hold->queue', the oldest first. */
    struct dp_packet *packet;
    struct flow flow;           /* Of the packet, and its metadata. */
    struct hwv_port_key from;
    long long int since;        /* msec. */
};

enum hold_mode {
    HOLDING,
    DIRECT,
    WITHDRAWN,                  /* Of use only to who found it before. */
};

/* Of a VTEP. */
struct hold {
    struct cmap_node node;      /* In 'holds', by 'vtep_id'. */
    uint32_t vtep_id;

    struct ovs_mutex mutex;
    enum hold_mode mode OVS_GUARDED;
    struct ovs_list queue OVS_GUARDED;  /* Of struct held. */

    /* Those that wait, or were sent since the release began. */
    struct hwv_port_counts ports OVS_GUARDED;
    struct hwv_hold_stats stats OVS_GUARDED;
};

static struct cmap holds = CMAP_INITIALIZER;
static atomic_count total = ATOMIC_COUNT_INIT(0);   /* Packets that wait. */

/* The same by port, and those of them that are not in a port's reserve. */
static struct ovs_mutex room_mutex = OVS_MUTEX_INITIALIZER;
static struct hwv_port_counts room_ports OVS_GUARDED_BY(room_mutex)
    = { HMAP_INITIALIZER(&room_ports.counts) };
static unsigned int n_beyond_reserve OVS_GUARDED_BY(room_mutex);

/* When hwv_hold_run() looks for packets that have waited too long, msec. */
static long long int next_look;
#define LOOK_INTERVAL 100

static struct hold *hold_find(uint32_t vtep_id);
static bool enqueue(struct hold *hold, struct ofproto_dpif *,
                    struct dp_packet *, const struct flow *)
    OVS_REQUIRES(hold->mutex);
static struct held *dequeue(struct hold *hold) OVS_REQUIRES(hold->mutex);
static bool take_room(const struct hwv_port_key *);
static void give_room(const struct hwv_port_key *);
static void held_free(struct held *);
static void drop_old(struct hold *hold, long long int limit)
    OVS_REQUIRES(hold->mutex);
static void set_origin(const struct ofproto_dpif *, ofp_port_t);
static int inject(struct ofproto_dpif *, const struct flow *,
                  struct dp_packet *);
static void count_sent(struct hold *, int error);

void
hwv_hold_create(uint32_t vtep_id, bool direct)
{
    struct hold *hold = xzalloc(sizeof *hold);

    hold->vtep_id = vtep_id;
    ovs_mutex_init(&hold->mutex);
    ovs_mutex_lock(&hold->mutex);
    hold->mode = direct ? DIRECT : HOLDING;
    ovs_list_init(&hold->queue);
    hwv_port_counts_init(&hold->ports);
    ovs_mutex_unlock(&hold->mutex);
    cmap_insert(&holds, &hold->node, hash_int(vtep_id, 0));
}

static void
hold_free(struct hold *hold)
{
    ovs_mutex_destroy(&hold->mutex);
    free(hold);
}

void
hwv_hold_destroy(uint32_t vtep_id)
{
    struct hold *hold = hold_find(vtep_id);
    struct held *held;

    if (!hold) {
        return;
    }
    cmap_remove(&holds, &hold->node, hash_int(vtep_id, 0));

    ovs_mutex_lock(&hold->mutex);
    hold->mode = WITHDRAWN;
    for (held = dequeue(hold); held; held = dequeue(hold)) {
        COVERAGE_INC(hwv_hold_drop_withdrawn);
        held_free(held);
    }
    hwv_port_counts_destroy(&hold->ports);
    ovs_mutex_unlock(&hold->mutex);
    ovsrcu_postpone(hold_free, hold);
}

/* It sends without the mutex, so nobody waits for it.  It comes to an end, as
 * what it has sent stays in 'ports' until then, and so enqueue() lets in no
 * more than what may wait. */
void
hwv_hold_release(uint32_t vtep_id)
{
    struct hold *hold = hold_find(vtep_id);
    bool more = hold != NULL;

    while (more) {
        struct held *held;

        ovs_mutex_lock(&hold->mutex);
        held = dequeue(hold);
        if (!held) {
            hwv_port_counts_clear(&hold->ports);
            hold->mode = DIRECT;
            more = false;
        }
        ovs_mutex_unlock(&hold->mutex);

        if (held) {
            struct ofproto_dpif *ofproto
                = ofproto_dpif_lookup_by_uuid(&held->from.bridge);

            set_origin(ofproto, held->from.port);
            count_sent(hold, inject(ofproto, &held->flow, held->packet));
            set_origin(NULL, OFPP_NONE);
            held_free(held);
        }
    }
}

void
hwv_hold_start(uint32_t vtep_id)
{
    struct hold *hold = hold_find(vtep_id);

    if (hold) {
        ovs_mutex_lock(&hold->mutex);
        hold->mode = HOLDING;
        ovs_mutex_unlock(&hold->mutex);
    }
}

/* What OVS knows of a packet that is not in the packet. */
static void
copy_metadata(struct flow *dst, const struct flow *src)
{
    dst->tunnel = src->tunnel;
    dst->metadata = src->metadata;
    memcpy(dst->regs, src->regs, sizeof dst->regs);
    dst->skb_priority = src->skb_priority;
    dst->pkt_mark = src->pkt_mark;
    dst->in_port = src->in_port;
    dst->packet_type = src->packet_type;
    dst->conj_id = src->conj_id;
}

void
hwv_hold_put(struct ofproto_dpif *ofproto, uint32_t vtep_id, const void *data,
             size_t size, const struct flow *metadata)
{
    struct hold *hold = hold_find(vtep_id);
    struct dp_packet *packet;
    struct flow flow;
    enum hold_mode mode;

    COVERAGE_INC(hwv_hold_put);
    if (!hold) {
        COVERAGE_INC(hwv_hold_drop_withdrawn);
        return;
    }

    packet = dp_packet_clone_data_with_headroom(data, size, 2);
    packet->packet_type = metadata->packet_type;
    flow_extract(packet, &flow);
    copy_metadata(&flow, metadata);

    ovs_mutex_lock(&hold->mutex);
    mode = hold->mode;
    if (mode == HOLDING && enqueue(hold, ofproto, packet, &flow)) {
        packet = NULL;
    }
    ovs_mutex_unlock(&hold->mutex);

    if (mode == DIRECT) {
        count_sent(hold, inject(ofproto, &flow, packet));
    } else if (mode == WITHDRAWN) {
        COVERAGE_INC(hwv_hold_drop_withdrawn);
    }
    dp_packet_delete(packet);
}

void
hwv_hold_get_stats(uint32_t vtep_id, struct hwv_hold_stats *stats)
{
    struct hold *hold = hold_find(vtep_id);

    if (hold) {
        ovs_mutex_lock(&hold->mutex);
        *stats = hold->stats;
        ovs_mutex_unlock(&hold->mutex);
    } else {
        memset(stats, 0, sizeof *stats);
    }
}

void
hwv_hold_run(void)
{
    struct hold *hold;

    if (!atomic_count_get(&total) || time_msec() < next_look) {
        return;
    }
    next_look = time_msec() + LOOK_INTERVAL;
    CMAP_FOR_EACH (hold, node, &holds) {
        ovs_mutex_lock(&hold->mutex);
        drop_old(hold, time_msec() - HWV_HOLD_MAX_AGE);
        ovs_mutex_unlock(&hold->mutex);
    }
}

void
hwv_hold_wait(void)
{
    if (atomic_count_get(&total)) {
        poll_timer_wait_until(next_look);
    }
}

static struct hold *
hold_find(uint32_t vtep_id)
{
    struct hold *hold;

    CMAP_FOR_EACH_WITH_HASH (hold, node, hash_int(vtep_id, 0), &holds) {
        if (hold->vtep_id == vtep_id) {
            return hold;
        }
    }
    return NULL;
}

static void
held_free(struct held *held)
{
    dp_packet_delete(held->packet);
    free(held);
}

/* Takes 'packet'.  Returns true, or, where there is no room, false after it
 * has counted that. */
static bool
enqueue(struct hold *hold, struct ofproto_dpif *ofproto,
        struct dp_packet *packet, const struct flow *flow)
{
    const struct hwv_port_key from = { ofproto->uuid, flow->in_port.ofp_port };
    struct held *held;

    if (hwv_port_counts_get(&hold->ports, &from) >= HWV_HOLD_MAX_PACKETS) {
        COVERAGE_INC(hwv_hold_drop_full);
        hold->stats.dropped++;
        return false;
    }
    if (!take_room(&from)) {
        hold->stats.dropped++;
        return false;
    }

    hwv_port_counts_inc(&hold->ports, &from);
    held = xmalloc(sizeof *held);
    held->packet = packet;
    held->flow = *flow;
    held->from = from;
    held->since = time_msec();
    ovs_list_push_back(&hold->queue, &held->node);
    hold->stats.held++;
    return true;
}

/* Returns the packet that has waited longest, or NULL.  It stays counted in
 * 'ports'. */
static struct held *
dequeue(struct hold *hold)
{
    struct held *held;

    if (ovs_list_is_empty(&hold->queue)) {
        return NULL;
    }
    held = CONTAINER_OF(ovs_list_pop_front(&hold->queue), struct held, node);
    hold->stats.held--;
    give_room(&held->from);
    return held;
}

/* Takes room for a packet from a port.  If there is none, counts that and
 * returns false. */
static bool
take_room(const struct hwv_port_key *from)
{
    bool taken = false;
    unsigned int n;

    ovs_mutex_lock(&room_mutex);
    n = hwv_port_counts_get(&room_ports, from);
    if (n >= HWV_HOLD_MAX_PORT) {
        COVERAGE_INC(hwv_hold_drop_port);
    } else if (n >= HWV_HOLD_RESERVED
               && n_beyond_reserve >= HWV_HOLD_MAX_TOTAL) {
        COVERAGE_INC(hwv_hold_drop_total);
    } else {
        n_beyond_reserve += n >= HWV_HOLD_RESERVED;
        hwv_port_counts_inc(&room_ports, from);
        atomic_count_inc(&total);
        taken = true;
    }
    ovs_mutex_unlock(&room_mutex);
    return taken;
}

static void
give_room(const struct hwv_port_key *from)
{
    ovs_mutex_lock(&room_mutex);
    hwv_port_counts_dec(&room_ports, from);
    n_beyond_reserve -= (hwv_port_counts_get(&room_ports, from)
                         >= HWV_HOLD_RESERVED);
    atomic_count_dec(&total);
    ovs_mutex_unlock(&room_mutex);
}

/* Drops what has waited since 'limit' (msec) or longer. */
static void
drop_old(struct hold *hold, long long int limit)
{
    while (!ovs_list_is_empty(&hold->queue)) {
        struct held *held = CONTAINER_OF(ovs_list_front(&hold->queue),
                                         struct held, node);

        if (held->since > limit) {
            break;
        }
        COVERAGE_INC(hwv_hold_drop_old);
        hold->stats.dropped++;
        hwv_port_counts_dec(&hold->ports, &held->from);
        held_free(dequeue(hold));
    }
}

/* Says whose packet is sent: a VF's may be the NIC's to encapsulate.  In the
 * main thread only, as others may not ask OVS for its ports. */
static void
set_origin(const struct ofproto_dpif *ofproto, ofp_port_t port)
{
    const struct ofport *ofport = NULL;

    if (ofproto) {
        ofport = ofproto_get_port(&ofproto->up, port);
    }
    hwv_first_packet_set_origin(ofport ? ofport->netdev : NULL);
}

/* Sends 'packet', with 'flow', through the internal table of 'ofproto', which
 * is NULL if the bridge has gone.  Not from its port: when it came from there
 * it was sampled and mirrored. */
static int
inject(struct ofproto_dpif *ofproto, const struct flow *flow,
       struct dp_packet *packet)
{
    struct ofpact_resubmit resubmit;
    struct flow from_nowhere = *flow;

    if (!ofproto) {
        return ENODEV;
    }
    from_nowhere.in_port.ofp_port = OFPP_NONE;
    ofpact_init_RESUBMIT(&resubmit);
    resubmit.in_port = OFPP_IN_PORT;
    resubmit.table_id = TBL_INTERNAL;
    return ofproto_dpif_execute_actions(
        ofproto, ofproto_dpif_get_tables_version(ofproto), &from_nowhere, NULL,
        &resubmit.ofpact, sizeof resubmit, packet);
}

static void
count_sent(struct hold *hold, int error)
{
    if (error) {
        COVERAGE_INC(hwv_hold_drop_failed);
    } else {
        COVERAGE_INC(hwv_hold_sent);
    }
    ovs_mutex_lock(&hold->mutex);
    if (error) {
        hold->stats.dropped++;
    } else {
        hold->stats.sent++;
    }
    ovs_mutex_unlock(&hold->mutex);
}
