/* SPDX-License-Identifier: Apache-2.0 */

/* The software NIC
 * ================
 *
 * Runs inside netdev_rxq_recv(): the thread that polls a port puts the burst
 * through the tables, sends the hits on and leaves the misses to OVS.  There
 * is no thread, ring or copy of its own. */

#include <config.h>
#include "nic-provider.h"

#include <errno.h>

#include "dp-packet.h"
#include "hwv-pipeline.h"
#include "hwv-port-counters.h"
#include "hwv-tx-flush.h"
#include "hwv-wire.h"
#include "netdev.h"
#include "openvswitch/vlog.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(nic_soft);

/* Rows of the source table.  A remote VTEP is one tunnel, but as many sources
 * as it has VNIs in common with us. */
#define MAX_SOURCES 16384

/* Source ids, which are cheap: also those have one whose rows are not in the
 * table. */
#define MAX_SOURCE_IDS (8 * MAX_SOURCES)

/* Domains of VFs, which outnumber VF ids because they rest for a while before
 * they are used again. */
#define MAX_DOMAINS 16384

/* Flows whose counters exist at the same time, resident or not. */
#define MAX_COUNTERS (1 << 22)

/* A port that can be sent to. */
struct soft_port {
    struct hwv_wire *wire;              /* NULL if there is none. */
    struct hwv_counters *counters;
};

/* The ports of a NIC.  Immutable, replaced as a whole: a burst takes its
 * snapshot before it looks into the tables, so that a VF id that it finds
 * there never means the next user of that id. */
struct soft_ports {
    struct soft_port uplink;
    struct soft_port vfs[HWV_MAX_VF + 1];
};

struct hwv_provider_nic {
    char *name;
    OVSRCU_TYPE(struct hwv_tables *) tables;
    OVSRCU_TYPE(struct soft_ports *) ports;
    struct hwv_counters *counters;      /* Those of all 'tables' ever. */
};

/* Neither a VF id nor HWV_UPLINK. */
#define NO_PORT (HWV_MAX_VF + 1)

/* The packets of a burst that leave through one port. */
struct egress {
    uint16_t port;
    const struct soft_port *to;         /* NULL if it cannot send now. */
    uint32_t max_frame;                 /* Of its wire, in bytes. */
    uint64_t bytes;                     /* Of 'batch'. */
    struct dp_packet_batch batch;
};

/* A burst on its way. */
struct burst {
    const struct soft_ports *ports;
    struct hwv_verdict verdicts[NETDEV_MAX_BURST];
    struct hwv_slot *slots[NETDEV_MAX_BURST];   /* Of the flows' counters, or
                                                 * NULL. */
    struct egress egresses[NETDEV_MAX_BURST];
    size_t n_egresses;
    struct egress *last;                /* That was asked for; at first one
                                         * whose port is NO_PORT. */
    struct hwv_lane *flow_lane;
    struct hwv_lane *port_lane;
    long long int now;
    uint64_t n_bytes;                   /* Of the hits that are sent, as they
                                         * came. */
};

static struct hwv_tables *tables_create(const struct hwv_nic_limits *,
                                        struct hwv_counters *);
static void tables_destroy(struct hwv_tables *);
static struct hwv_tables *tables_get(const struct hwv_provider_nic *);
static void burst_init(struct burst *, const struct hwv_provider_nic *);
static inline void burst_handle(struct burst *, struct dp_packet_batch *,
                                bool from_uplink);
static inline struct egress *burst_egress(struct burst *,
                                          const struct hwv_verdict *);
static void burst_send(struct burst *);

static int
soft_create(const char *name, const struct hwv_nic_limits *limits,
            struct hwv_provider_nic **nicp)
{
    struct hwv_provider_nic *nic = xzalloc(sizeof *nic);

    nic->name = xstrdup(name);
    nic->counters = hwv_counters_create(MAX_COUNTERS);
    ovsrcu_init(&nic->tables, tables_create(limits, nic->counters));
    ovsrcu_init(&nic->ports, xzalloc(sizeof(struct soft_ports)));
    *nicp = nic;
    return 0;
}

static void
soft_free(struct hwv_provider_nic *nic)
{
    free(ovsrcu_get_protected(struct soft_ports *, &nic->ports));
    free(nic->name);
    free(nic);
}

static void
soft_destroy(struct hwv_provider_nic *nic)
{
    tables_destroy(tables_get(nic));
    hwv_counters_destroy(nic->counters);
    ovsrcu_postpone(soft_free, nic);
}

static int
soft_resize(struct hwv_provider_nic *nic, const struct hwv_nic_limits *limits)
{
    struct hwv_tables *old = tables_get(nic);

    ovsrcu_set(&nic->tables, tables_create(limits, nic->counters));
    tables_destroy(old);
    return 0;
}

static void
soft_port_set(struct hwv_provider_nic *nic, uint16_t port,
              struct hwv_wire *wire, struct hwv_counters *counters)
{
    struct soft_ports *old = ovsrcu_get_protected(struct soft_ports *,
                                                  &nic->ports);
    struct soft_ports *new = xmemdup(old, sizeof *old);

    *(port == HWV_UPLINK ? &new->uplink : &new->vfs[port])
        = (struct soft_port) { .wire = wire, .counters = counters };
    ovsrcu_set(&nic->ports, new);
    ovsrcu_postpone(free, old);
}

static int
soft_tunnel_add(struct hwv_provider_nic *nic, const struct hwv_encap *encap,
                struct eth_addr next_hop, uint32_t *id)
{
    return hwv_tunnel_table_add(tables_get(nic)->tunnels, encap, next_hop, id);
}

static void
soft_tunnel_set_next_hop(struct hwv_provider_nic *nic, uint32_t id,
                         struct eth_addr next_hop)
{
    hwv_tunnel_table_set_next_hop(tables_get(nic)->tunnels, id, next_hop);
}

static void
soft_tunnel_block(struct hwv_provider_nic *nic, uint32_t id, bool blocked)
{
    hwv_tunnel_table_block(tables_get(nic)->tunnels, id, blocked);
}

static void
soft_tunnel_remove(struct hwv_provider_nic *nic, uint32_t id)
{
    hwv_tunnel_table_remove(tables_get(nic)->tunnels, id);
}

static int
soft_counter_alloc(struct hwv_provider_nic *nic, uint32_t *counter)
{
    return hwv_counters_alloc(nic->counters, counter);
}

static void
soft_counter_free(struct hwv_provider_nic *nic, uint32_t counter,
                  const struct hwv_count *seen)
{
    hwv_counters_free(nic->counters, counter, seen);
}

static void
soft_counter_read(const struct hwv_provider_nic *nic, uint32_t counter,
                  struct hwv_count *sum)
{
    hwv_counters_read(nic->counters, counter, sum);
}

static void
soft_counter_late(const struct hwv_provider_nic *nic, struct hwv_count *late)
{
    hwv_counters_late(nic->counters, late);
}

static int
soft_source_set(struct hwv_provider_nic *nic,
                const struct hwv_source_key *key,
                const struct hwv_source_value *value)
{
    return hwv_source_table_set(tables_get(nic)->sources, key, value);
}

static void
soft_source_remove(struct hwv_provider_nic *nic,
                   const struct hwv_source_key *key)
{
    hwv_source_table_remove(tables_get(nic)->sources, key);
}

static int
soft_flow_set(struct hwv_provider_nic *nic, const struct hwv_key *key,
              const struct hwv_flow_value *value)
{
    return hwv_flow_table_set(tables_get(nic)->flows, key, value);
}

static void
soft_flow_remove(struct hwv_provider_nic *nic, const struct hwv_key *key)
{
    hwv_flow_table_remove(tables_get(nic)->flows, key);
}

static void
soft_usage(const struct hwv_provider_nic *nic, struct hwv_nic_usage *usage)
{
    const struct hwv_tables *tables = tables_get(nic);

    *usage = (struct hwv_nic_usage) {
        .flows = hwv_flow_table_count(tables->flows),
        .max_flows = hwv_flow_table_max(tables->flows),
        .tunnels = hwv_tunnel_table_count(tables->tunnels),
        .max_tunnels = hwv_tunnel_table_max(tables->tunnels),
        .sources = hwv_source_table_count(tables->sources),
        .max_sources = hwv_source_table_max(tables->sources),
        .max_source_ids = MAX_SOURCE_IDS,
        .max_domains = MAX_DOMAINS,
    };
}

/* The way of a burst: classify, count and edit each hit, send.  The misses
 * stay in 'batch'.  All that burst_handle() calls is compiled twice, with a
 * constant 'from_uplink', so that a packet from a VF is not asked for what
 * only one from the uplink can have. */
static void
soft_burst(struct hwv_provider_nic *nic, uint16_t port, uint16_t domain,
           struct dp_packet_batch *batch, struct hwv_counters *counters)
{
    const struct hwv_tables *tables;
    struct burst b;

    burst_init(&b, nic);
    tables = tables_get(nic);
    b.flow_lane = hwv_counters_lane(tables->counters);
    b.port_lane = hwv_counters_lane(counters);
    b.now = time_msec();

    /* The ports before the tables, see struct soft_ports. */
    atomic_thread_fence(memory_order_acquire);
    if (port == HWV_UPLINK) {
        hwv_classify_from_uplink(tables, batch, b.verdicts);
        burst_handle(&b, batch, true);
    } else {
        hwv_classify_from_vf(tables, domain, batch, b.verdicts);
        burst_handle(&b, batch, false);
    }
    burst_send(&b);
}

static void
soft_trace(struct hwv_provider_nic *nic, uint16_t port, uint16_t domain,
           struct dp_packet *packet, struct ds *s)
{
    const struct hwv_tables *tables = tables_get(nic);
    struct dp_packet_batch batch;
    bool too_long = false;
    const struct egress *e;
    struct burst b;

    burst_init(&b, nic);
    dp_packet_batch_init_packet(&batch, packet);
    if (port == HWV_UPLINK) {
        hwv_classify_from_uplink(tables, &batch, b.verdicts);
    } else {
        hwv_classify_from_vf(tables, domain, &batch, b.verdicts);
    }
    e = (hwv_verdict_sends(&b.verdicts[0])
         ? burst_egress(&b, &b.verdicts[0]) : NULL);
    if (e && !e->to) {
        b.verdicts[0].type = HWV_VERDICT_MISS;
        b.verdicts[0].miss = HWV_MISS_PORT_DOWN;
    } else if (e) {
        too_long = hwv_rewritten_size(packet, &b.verdicts[0]) > e->max_frame;
        if (too_long) {
            ds_put_format(s, "The NIC drops it (rx_drop_mtu): it would leave "
                          "with %"PRIuSIZE" bytes, and %s takes %"PRIu32".",
                          hwv_rewritten_size(packet, &b.verdicts[0]),
                          netdev_get_name(hwv_wire_netdev(e->to->wire)),
                          e->max_frame);
        }
        hwv_wire_leave(e->to->wire);
    }
    if (!too_long) {
        hwv_verdict_format(&b.verdicts[0], s);
    }
}

const struct hwv_nic_provider hwv_nic_soft = {
    .type = "software",
    .create = soft_create,
    .destroy = soft_destroy,
    .resize = soft_resize,
    .port_set = soft_port_set,
    .tunnel_add = soft_tunnel_add,
    .tunnel_set_next_hop = soft_tunnel_set_next_hop,
    .tunnel_block = soft_tunnel_block,
    .tunnel_remove = soft_tunnel_remove,
    .counter_alloc = soft_counter_alloc,
    .counter_free = soft_counter_free,
    .counter_read = soft_counter_read,
    .counter_late = soft_counter_late,
    .source_set = soft_source_set,
    .source_remove = soft_source_remove,
    .flow_set = soft_flow_set,
    .flow_remove = soft_flow_remove,
    .usage = soft_usage,
    .burst = soft_burst,
    .trace = soft_trace,
};

static struct hwv_tables *
tables_create(const struct hwv_nic_limits *limits,
              struct hwv_counters *counters)
{
    struct hwv_tables *tables = xmalloc(sizeof *tables);

    tables->flows = hwv_flow_table_create(limits->max_flows,
                                          MAX(MAX_SOURCE_IDS, MAX_DOMAINS));
    tables->tunnels = hwv_tunnel_table_create(limits->max_tunnels);
    tables->sources = hwv_source_table_create(MAX_SOURCES);
    tables->counters = counters;
    return tables;
}

static void
tables_destroy(struct hwv_tables *tables)
{
    hwv_flow_table_destroy(tables->flows);
    hwv_tunnel_table_destroy(tables->tunnels);
    hwv_source_table_destroy(tables->sources);
    ovsrcu_postpone(free, tables);
}

static struct hwv_tables *
tables_get(const struct hwv_provider_nic *nic)
{
    return ovsrcu_get(struct hwv_tables *, &nic->tables);
}

static void
burst_init(struct burst *b, const struct hwv_provider_nic *nic)
{
    b->ports = ovsrcu_get(struct soft_ports *, &nic->ports);
    b->n_egresses = 0;
    b->last = b->egresses;
    b->last->port = NO_PORT;
    b->n_bytes = 0;
}

/* Finds where the hits of 'b' are counted, and has the processor fetch it. */
static inline ALWAYS_INLINE void
burst_find_counters(struct burst *b, size_t n, bool from_uplink)
{
    for (size_t i = 0; i < n; i++) {
        const struct hwv_verdict *verdict = &b->verdicts[i];
        struct hwv_slot *slot = NULL;

        if (OVS_LIKELY(verdict->counter != HWV_NO_COUNTER)) {
            slot = hwv_lane_slot(b->flow_lane, verdict->counter);
            OVS_PREFETCH_WRITE(slot);
        }
        b->slots[i] = slot;
        if (from_uplink) {
            hwv_lane_prefetch(b->flow_lane, verdict->outer_counter);
        }
    }
}

/* Returns the way out through 'port', for the first packet of the burst that
 * asks for it.  That goes through the gate of its wire, if it has one, for all
 * of the burst: where it cannot send now, all of them are misses, so that
 * their order stays. */
static struct egress *
burst_add_egress(struct burst *b, uint16_t port)
{
    struct egress *e = &b->egresses[b->n_egresses++];

    e->port = port;
    e->to = port == HWV_UPLINK ? &b->ports->uplink : &b->ports->vfs[port];
    if (!e->to->wire || !hwv_wire_enter(e->to->wire)) {
        e->to = NULL;
    } else {
        e->max_frame = hwv_wire_max_frame(e->to->wire);
    }
    e->bytes = 0;
    dp_packet_batch_init(&e->batch);
    return e;
}

/* Returns the way out that 'verdict', which sends, names. */
static inline struct egress *
burst_egress(struct burst *b, const struct hwv_verdict *verdict)
{
    const uint16_t port = (verdict->type == HWV_VERDICT_VF
                           ? verdict->vf : HWV_UPLINK);

    if (OVS_LIKELY(b->last->port == port)) {
        return b->last;
    }
    for (b->last = b->egresses; b->last < &b->egresses[b->n_egresses];
         b->last++) {
        if (b->last->port == port) {
            return b->last;
        }
    }
    return b->last = burst_add_egress(b, port);
}

static void
burst_count_port(const struct burst *b, enum hwv_port_counter counter,
                 uint32_t bytes)
{
    hwv_lane_count(b->port_lane, counter, 1, bytes, b->now);
}

/* As OVS counts: the bytes that the flow's match saw, before its actions; a
 * packet that is dropped on its way out is counted too. */
static inline ALWAYS_INLINE void
burst_count_flow(const struct burst *b, size_t i, uint32_t size,
                 bool from_uplink)
{
    const struct hwv_verdict *verdict = &b->verdicts[i];
    uint32_t inner_size = from_uplink ? size - verdict->outer_len : size;

    if (OVS_LIKELY(b->slots[i])) {
        hwv_slot_count(b->slots[i], 1, inner_size, b->now);
    } else {
        hwv_lane_count(b->flow_lane, verdict->counter, 1, inner_size, b->now);
    }
    if (from_uplink) {
        hwv_lane_count(b->flow_lane, verdict->outer_counter, 1, size, b->now);
    }
}

/* Counts 'packet' as one that is dropped for 'counter', and drops it. */
static void
burst_drop(const struct burst *b, struct dp_packet *packet,
           enum hwv_port_counter counter)
{
    burst_count_port(b, counter, dp_packet_size(packet));
    dp_packet_delete(packet);
}

/* Returns true if the NIC took packet 'i' of the burst, false if it is for
 * OVS. */
static inline ALWAYS_INLINE bool
burst_handle_packet(struct burst *b, size_t i, struct dp_packet *packet,
                    bool from_uplink)
{
    const struct hwv_verdict *verdict = &b->verdicts[i];
    const uint32_t size = dp_packet_size(packet);
    struct egress *e;

    if (OVS_UNLIKELY(!hwv_verdict_sends(verdict))) {
        if (verdict->type == HWV_VERDICT_MISS) {
            burst_count_port(b, HWV_RX_MISS + verdict->miss, size);
            return false;
        }
        burst_count_flow(b, i, size, from_uplink);
        burst_drop(b, packet, (verdict->type == HWV_VERDICT_DROP
                               ? HWV_RX_DROP_FLOW : HWV_RX_DROP_WITHDRAWN));
        return true;
    }

    e = burst_egress(b, verdict);
    if (OVS_UNLIKELY(!e->to)) {
        burst_count_port(b, HWV_RX_MISS + HWV_MISS_PORT_DOWN, size);
        return false;
    }
    burst_count_flow(b, i, size, from_uplink);
    if (OVS_UNLIKELY(hwv_rewritten_size(packet, verdict) > e->max_frame)) {
        burst_drop(b, packet, HWV_RX_DROP_MTU);
        return true;
    }

    b->n_bytes += size;
    hwv_rewrite(packet, verdict, from_uplink);
    e->bytes += dp_packet_size(packet);
    dp_packet_batch_add(&e->batch, packet);
    return true;
}

/* Counts and edits the hits of 'batch', which has its verdicts, and leaves the
 * misses there. */
static inline ALWAYS_INLINE void
burst_handle(struct burst *b, struct dp_packet_batch *batch, bool from_uplink)
{
    const size_t n = dp_packet_batch_size(batch);
    size_t n_left = 0;

    burst_find_counters(b, n, from_uplink);
    for (size_t i = 0; i < n; i++) {
        struct dp_packet *packet = batch->packets[i];

        if (!burst_handle_packet(b, i, packet, from_uplink)) {
            batch->packets[n_left++] = packet;
        }
    }
    batch->count = n_left;
}

static void
burst_send(struct burst *b)
{
    size_t n_hits = 0;

    for (size_t i = 0; i < b->n_egresses; i++) {
        n_hits += dp_packet_batch_size(&b->egresses[i].batch);
    }
    if (n_hits) {
        hwv_lane_count(b->port_lane, HWV_RX_HITS, n_hits, b->n_bytes, b->now);
    }
    for (size_t i = 0; i < b->n_egresses; i++) {
        struct egress *e = &b->egresses[i];
        size_t n = dp_packet_batch_size(&e->batch);

        if (!e->to) {
            continue;
        }
        if (n) {
            struct hwv_lane *lane = hwv_counters_lane(e->to->counters);

            hwv_lane_count(lane, HWV_TX_HITS, n, e->bytes, b->now);
            hwv_tx_flush();
            hwv_port_count_full(lane, hwv_wire_send(e->to->wire, &e->batch),
                                b->now);
        }
        hwv_wire_leave(e->to->wire);
    }
}
