/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-wire.h"

#include <errno.h>

#include "dp-packet.h"
#include "fat-rwlock.h"
#include "hwv-dpdk.h"
#include "hwv-wire-class.h"
#include "netdev-provider.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "seq.h"
#include "smap.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_wire);

static struct ovs_mutex list_mutex = OVS_MUTEX_INITIALIZER;

/* A configuration of a wire. */
struct setup {
    struct smap options;
    int mtu;                        /* 0: there is none. */
    unsigned int n_txq;
};

/* A transmit queue of a DPDK port, which threads may share. */
struct txq {
    PADDED_MEMBERS(CACHE_LINE_SIZE, struct ovs_spin lock;);
};

struct hwv_wire {
    struct netdev *netdev;
    const struct hwv_wire_class *class;
    struct smap options;            /* The last that it took. */
    int mtu;                        /* The last that it took, or 0. */
    int refused_mtu;                /* Did not work, or 0. */
    bool worked;                    /* Is 'good' there? */
    struct setup good;              /* The last that it worked with. */
    struct fat_rwlock gate;         /* Readers send, the writer stops. */
    atomic_bool open;               /* Changes with 'gate' write-locked. */
    atomic_uint32_t max_frame;
    bool is_dpdk;                   /* May 'rx_port' and 'tx_port' be used? */
    uint32_t n_txq;                 /* Changes with 'gate' write-locked, ... */
    struct txq *txqs;               /* ...and so do these. */
    atomic_bool policed;
    atomic_int rx_port;             /* See hwv-dpdk.h. */
    atomic_int tx_port;
    struct ovs_list node;           /* In 'open_wires', then 'retired'. */
};

/* Wires that ports have. */
static struct ovs_list open_wires OVS_GUARDED_BY(list_mutex)
    = OVS_LIST_INITIALIZER(&open_wires);

/* Wires that no thread uses any longer, to be closed by hwv_wire_reap(). */
static struct ovs_list retired OVS_GUARDED_BY(list_mutex)
    = OVS_LIST_INITIALIZER(&retired);
static struct seq *retired_seq;
static uint64_t retired_seqno;

static int check_options(const struct hwv_wire *, const struct smap *options,
                         char **errp);
static void put_difference(struct ds *, const struct smap *now,
                           const struct smap *good);
static char *explain_rejection(const struct hwv_wire *,
                               const struct smap *options, int error);
static int try_setup(struct hwv_wire *, unsigned int n_txq);
static void set_txqs(struct hwv_wire *, uint32_t n);
static void remember_setup(struct hwv_wire *, unsigned int n_txq);
static int go_back(struct hwv_wire *, unsigned int *n_txq, int error,
                   struct hwv_wire_refusal *);
static int take_back_mtu(struct hwv_wire *, unsigned int n_txq);
static int take_back_options(struct hwv_wire *, unsigned int n_txq);
static void explain_refusal(const struct hwv_wire *, const struct ds *what,
                            int error, struct hwv_wire_refusal *);
static void wire_retire(struct hwv_wire *);
static void wire_free(struct hwv_wire *);

struct hwv_wire *
hwv_wire_open(const char *name, const struct hwv_wire_class *class,
              const struct smap *options, char **errp)
{
    struct netdev *netdev;
    struct hwv_wire *wire;
    int error;

    if (!retired_seq) {
        retired_seq = seq_create();
    }

    error = netdev_open(name, class->netdev_type, &netdev);
    if (!error && hwv_wire_has(netdev)) {
        *errp = xasprintf("%s%s is the wire of another Interface: choose "
                          "another device",
                          class->suffix ? "" : "options:wire-dev=", name);
        netdev_close(netdev);
        return NULL;
    }
    if (error) {
        *errp = xasprintf("%s%s: cannot open the wire of type %s: %s",
                          class->suffix ? "" : "options:wire-dev=", name,
                          class->netdev_type,
                          hwv_wire_class_explain_error(class, error));
        return NULL;
    }

    wire = xzalloc(sizeof *wire);
    wire->netdev = netdev;
    wire->class = class;
    smap_init(&wire->options);
    smap_init(&wire->good.options);
    fat_rwlock_init(&wire->gate);
    atomic_init(&wire->open, false);
    atomic_init(&wire->max_frame, UINT32_MAX);
    wire->is_dpdk = !strcmp(netdev_get_type(netdev), "dpdk");
    atomic_init(&wire->policed, false);
    atomic_init(&wire->rx_port, -1);
    atomic_init(&wire->tx_port, -1);
    if (hwv_wire_set_options(wire, options, errp)) {
        wire_free(wire);
        return NULL;
    }

    ovs_mutex_lock(&list_mutex);
    ovs_list_push_back(&open_wires, &wire->node);
    ovs_mutex_unlock(&list_mutex);
    return wire;
}

int
hwv_wire_set_options(struct hwv_wire *wire, const struct smap *options,
                     char **errp)
{
    int error = check_options(wire, options, errp);

    if (error) {
        return error;
    }
    error = netdev_set_config(wire->netdev, options, errp);
    if (error) {
        if (!*errp) {
            *errp = explain_rejection(wire, options, error);
        }
        if (!smap_is_empty(&wire->options)) {
            netdev_set_config(wire->netdev, &wire->options, NULL);
        }
        return error;
    }

    if (!smap_equal(&wire->options, options)) {
        wire->refused_mtu = 0;
        smap_destroy(&wire->options);
        smap_clone(&wire->options, options);
    }
    return 0;
}

void
hwv_wire_close(struct hwv_wire *wire)
{
    if (wire) {
        ovs_mutex_lock(&list_mutex);
        ovs_list_remove(&wire->node);
        ovs_mutex_unlock(&list_mutex);
        hwv_wire_stop(wire);
        ovsrcu_postpone(wire_retire, wire);
    }
}

void
hwv_wire_reap(void)
{
    struct ovs_list wires = OVS_LIST_INITIALIZER(&wires);
    struct hwv_wire *wire;

    if (!retired_seq) {
        return;
    }

    retired_seqno = seq_read(retired_seq);
    ovs_mutex_lock(&list_mutex);
    ovs_list_push_back_all(&wires, &retired);
    ovs_mutex_unlock(&list_mutex);

    LIST_FOR_EACH_POP (wire, node, &wires) {
        wire_free(wire);
    }
}

void
hwv_wire_reap_wait(void)
{
    if (retired_seq) {
        seq_wait(retired_seq, retired_seqno);
    }
}

bool
hwv_wire_has(const struct netdev *netdev)
{
    const struct hwv_wire *wire;
    bool found = false;

    ovs_mutex_lock(&list_mutex);
    LIST_FOR_EACH (wire, node, &open_wires) {
        found = found || wire->netdev == netdev;
    }
    ovs_mutex_unlock(&list_mutex);
    return found;
}

struct netdev *
hwv_wire_netdev(const struct hwv_wire *wire)
{
    return wire->netdev;
}

const char *
hwv_wire_type(const struct hwv_wire *wire)
{
    return netdev_get_type(wire->netdev);
}

int
hwv_wire_set_mtu(struct hwv_wire *wire, int mtu)
{
    int error;

    if (mtu == wire->refused_mtu) {
        return EINVAL;
    }

    error = netdev_set_mtu(wire->netdev, mtu);
    if (!error) {
        wire->mtu = mtu;
        wire->refused_mtu = 0;
    }
    return error;
}

int
hwv_wire_reconfigure(struct hwv_wire *wire, unsigned int *n_txq,
                     struct hwv_wire_refusal *refusal)
{
    int error;

    memset(refusal, 0, sizeof *refusal);
    fat_rwlock_wrlock(&wire->gate);
    atomic_store_relaxed(&wire->open, false);
    error = try_setup(wire, *n_txq);
    if (error) {
        error = go_back(wire, n_txq, error, refusal);
    }
    if (!error) {
        remember_setup(wire, *n_txq);
        set_txqs(wire, MAX(1, netdev_n_txq(wire->netdev)));
        hwv_wire_update(wire);
        atomic_store_relaxed(&wire->open, true);
    }
    fat_rwlock_unlock(&wire->gate);
    return error;
}

void
hwv_wire_stop(struct hwv_wire *wire)
{
    fat_rwlock_wrlock(&wire->gate);
    atomic_store_relaxed(&wire->open, false);
    fat_rwlock_unlock(&wire->gate);
}

bool
hwv_wire_enter(struct hwv_wire *wire)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    bool open;

    if (fat_rwlock_tryrdlock(&wire->gate)) {
        return false;
    }
    atomic_read_relaxed(&wire->open, &open);
    if (!open) {
        fat_rwlock_unlock(&wire->gate);
    }
    return open;
}

void
hwv_wire_leave(struct hwv_wire *wire)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    fat_rwlock_unlock(&wire->gate);
}

int
hwv_wire_recv(struct hwv_wire *wire, struct netdev_rxq *rxq,
              struct dp_packet_batch *batch, int *qfill)
{
    int port;

    atomic_read_relaxed(&wire->rx_port, &port);
    return (port < 0
            ? netdev_rxq_recv(rxq, batch, qfill)
            : hwv_dpdk_recv(port, netdev_rxq_get_queue_id(rxq), batch));
}

void
hwv_wire_init_packets(struct dp_packet_batch *batch)
{
    hwv_dpdk_init(batch);
}

/* Both ways take the lock of the queue, as either thread may be on either. */
static size_t
send_dpdk(struct hwv_wire *wire, uint32_t queue, struct dp_packet_batch *batch)
{
    struct ovs_spin *lock = &wire->txqs[queue].lock;
    size_t n_dropped = 0;
    int port;

    atomic_read_relaxed(&wire->tx_port, &port);
    ovs_spin_lock(lock);
    if (port >= 0 && hwv_dpdk_can_send(batch)) {
        n_dropped = hwv_dpdk_send(port, queue, batch);
    } else {
        netdev_send(wire->netdev, queue, batch, false);
    }
    ovs_spin_unlock(lock);
    return n_dropped;
}

size_t
hwv_wire_send(struct hwv_wire *wire, struct dp_packet_batch *batch)
{
    /* By thread, whoever sends, OVS or the NIC: two queues would let a hit
     * overtake the miss before it. */
    const uint32_t queue = ovsthread_id_self() % wire->n_txq;

    if (wire->is_dpdk) {
        return send_dpdk(wire, queue, batch);
    }
    netdev_send(wire->netdev, queue, batch, true);
    return 0;
}

uint32_t
hwv_wire_max_frame(const struct hwv_wire *wire)
{
    uint32_t max_frame;

    atomic_read_relaxed(&CONST_CAST(struct hwv_wire *, wire)->max_frame,
                        &max_frame);
    return max_frame;
}

void
hwv_wire_update(struct hwv_wire *wire)
{
    uint32_t max_frame = UINT32_MAX;
    bool policed;
    int mtu;

    /* A vhost-user port that has not been connected yet has an MTU of 0. */
    if (!netdev_get_mtu(wire->netdev, &mtu) && mtu > 0) {
        max_frame = mtu + ETH_HEADER_LEN;
    }
    atomic_store_relaxed(&wire->max_frame, max_frame);

    if (wire->is_dpdk) {
        atomic_read_relaxed(&wire->policed, &policed);
        atomic_store_relaxed(&wire->rx_port,
                             hwv_dpdk_rx_port(wire->netdev, policed));
        atomic_store_relaxed(&wire->tx_port, hwv_dpdk_tx_port(wire->netdev));
    }
}

void
hwv_wire_set_policed(struct hwv_wire *wire, bool policed)
{
    atomic_store_relaxed(&wire->policed, policed);
    hwv_wire_update(wire);
}

/* Applies what was asked of the netdev. */
static int
try_setup(struct hwv_wire *wire, unsigned int n_txq)
{
    int error = netdev_set_tx_multiq(wire->netdev, n_txq);

    if (error && error != EOPNOTSUPP) {
        VLOG_WARN("%s: cannot use %u transmit queues: %s",
                  netdev_get_name(wire->netdev), n_txq, ovs_strerror(error));
    }
    error = netdev_reconfigure(wire->netdev);
    return error == EOPNOTSUPP ? 0 : error; /* Nothing to apply. */
}

/* Makes the transmit queues 'n'.  Nobody may be inside the gate. */
static void
set_txqs(struct hwv_wire *wire, uint32_t n)
{
    if (n == wire->n_txq) {
        return;
    }
    for (uint32_t i = 0; i < wire->n_txq; i++) {
        ovs_spin_destroy(&wire->txqs[i].lock);
    }
    free_cacheline(wire->txqs);
    wire->n_txq = n;
    wire->txqs = n ? xzalloc_cacheline(n * sizeof *wire->txqs) : NULL;
    for (uint32_t i = 0; i < n; i++) {
        ovs_spin_init(&wire->txqs[i].lock);
    }
}

static void
remember_setup(struct hwv_wire *wire, unsigned int n_txq)
{
    smap_destroy(&wire->good.options);
    smap_clone(&wire->good.options, &wire->options);
    if (netdev_get_mtu(wire->netdev, &wire->good.mtu)) {
        wire->good.mtu = 0;
    }
    wire->good.n_txq = n_txq;
    wire->worked = true;
}

/* Adds to 'ds' how 'now' differs from 'good', with ", " behind each. */
static void
put_difference(struct ds *ds, const struct smap *now, const struct smap *good)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, now) {
        const char *old = smap_get(good, node->key);

        if (!old || strcmp(old, node->value)) {
            ds_put_format(ds, "options:%s=%s, ", node->key, node->value);
        }
    }
    SMAP_FOR_EACH (node, good) {
        if (!smap_get(now, node->key)) {
            ds_put_format(ds, "no options:%s, ", node->key);
        }
    }
}

/* Makes 'wire', which has failed with 'error', work with as much as possible
 * of what was asked of it: without the new MTU, or else without new options,
 * too, or else as it was. */
static int
go_back(struct hwv_wire *wire, unsigned int *n_txq, int error,
        struct hwv_wire_refusal *refusal)
{
    struct ds what = DS_EMPTY_INITIALIZER;
    int cause = error;

    if (wire->worked && wire->mtu && wire->mtu != wire->good.mtu) {
        refusal->mtu = true;
        ds_put_format(&what, "mtu_request=%d, ", wire->mtu);
        error = take_back_mtu(wire, *n_txq);
    }
    if (error && wire->worked) {
        size_t mtu_length = what.length;

        put_difference(&what, &wire->options, &wire->good.options);
        refusal->options = what.length > mtu_length;
        *n_txq = wire->good.n_txq;
        error = take_back_options(wire, *n_txq);
    } else if (error) {
        refusal->options = true;
    }
    explain_refusal(wire, &what, cause, refusal);
    ds_destroy(&what);
    return error;
}

static int
take_back_mtu(struct hwv_wire *wire, unsigned int n_txq)
{
    wire->refused_mtu = wire->mtu;
    wire->mtu = wire->good.mtu;
    netdev_set_mtu(wire->netdev, wire->mtu);
    return try_setup(wire, n_txq);
}

static int
take_back_options(struct hwv_wire *wire, unsigned int n_txq)
{
    int error = netdev_set_config(wire->netdev, &wire->good.options, NULL);

    if (error) {
        VLOG_WARN("%s: cannot have the options back that it had: %s",
                  netdev_get_name(wire->netdev), ovs_strerror(error));
    }
    smap_destroy(&wire->options);
    smap_clone(&wire->options, &wire->good.options);
    return try_setup(wire, n_txq);
}

static void
explain_refusal(const struct hwv_wire *wire, const struct ds *what, int error,
                struct hwv_wire_refusal *refusal)
{
    int length = what->length;

    if (length) {
        length -= strlen(", ");
    }
    refusal->message
        = xasprintf("wire \"%s\" of type %s does not start%s%.*s: %s%s",
                    netdev_get_name(wire->netdev),
                    netdev_get_type(wire->netdev), length ? " with " : "",
                    length, length ? what->string : "", ovs_strerror(error),
                    length ? "; it goes on as before" : "");
}

/* Refuses what a netdev would not notice or not explain: options where it has
 * none, and another device than it has had first. */
static int
check_options(const struct hwv_wire *wire, const struct smap *options,
              char **errp)
{
    const char *key = wire->class->device;
    const char *old = key ? smap_get(&wire->options, key) : NULL;
    const char *new = key ? smap_get(options, key) : NULL;

    if (!wire->netdev->netdev_class->set_config && !smap_is_empty(options)) {
        *errp = explain_rejection(wire, options, EOPNOTSUPP);
        return EINVAL;
    }
    if (old && strcmp(old, new)) {
        *errp = xasprintf("options:%s=%s: that would be another device than "
                          "%s: remove the Interface and add it again",
                          key, new, old);
        return EINVAL;
    }
    return 0;
}

static char *
explain_rejection(const struct hwv_wire *wire, const struct smap *options,
                  int error)
{
    struct ds what = DS_EMPTY_INITIALIZER;
    char *message;

    put_difference(&what, options, &wire->options);
    ds_chomp(&what, ' ');
    ds_chomp(&what, ',');
    message = xasprintf("wire \"%s\" of type %s rejects %s: %s",
                        netdev_get_name(wire->netdev),
                        netdev_get_type(wire->netdev),
                        what.length ? ds_cstr(&what) : "its options",
                        ovs_strerror(error));
    ds_destroy(&what);
    return message;
}

/* RCU callback: no thread can be inside the gate any longer. */
static void
wire_retire(struct hwv_wire *wire)
{
    ovs_mutex_lock(&list_mutex);
    ovs_list_push_back(&retired, &wire->node);
    ovs_mutex_unlock(&list_mutex);
    seq_change(retired_seq);
}

static void
wire_free(struct hwv_wire *wire)
{
    VLOG_DBG("%s: closing the wire", netdev_get_name(wire->netdev));
    netdev_close(wire->netdev);
    smap_destroy(&wire->options);
    smap_destroy(&wire->good.options);
    fat_rwlock_destroy(&wire->gate);
    set_txqs(wire, 0);
    free(wire);
}
