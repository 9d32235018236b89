/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-residency.h"

#include "dp-packet.h"
#include "hwv-bind.h"
#include "hwv-port-counters.h"
#include "hwv-shadow-table.h"
#include "openvswitch/poll-loop.h"
#include "ovs-thread.h"
#include "seq.h"
#include "timeval.h"
#include "util.h"

/* Shadows of a NIC: as many as there are counters for flows. */
#define MAX_SHADOWS (1 << 22)

/* The thread looks at so many shadows with the mutex held, and then leaves the
 * misses that come meanwhile for so long: a burst of them is one decision. */
#define MAX_COLLECTED 256
#define INTERVAL_NS 2000000

struct hwv_residency {
    struct hwv_replacement *replacement;
    const struct hwv_replacement_policy *policy;
    struct hwv_shadow_table *shadows;
    uint64_t packets;           /* That the NIC has looked up so far. */
    uint64_t collected;         /* The same, when no misses were left. */
};

/* The thread. */
static pthread_t thread;
static bool started OVS_GUARDED_BY(hwv_control_mutex);
static atomic_bool exiting = false;
static struct seq *wake;        /* There is something to do for it. */

static void start(void) OVS_REQUIRES(hwv_control_mutex);
static void *residency_main(void *);
static hwv_shadow_cb collected;
static hwv_replacement_hits_cb entry_hits;
static bool collect(struct hwv_nic *) OVS_REQUIRES(hwv_control_mutex);
static void entry_miss(struct hwv_entry *, uint32_t n, uint64_t since)
    OVS_REQUIRES(hwv_control_mutex);
static void entry_in(struct hwv_entry *) OVS_REQUIRES(hwv_control_mutex);
static void entry_out(struct hwv_entry *) OVS_REQUIRES(hwv_control_mutex);
static int set_in_nic(const struct hwv_entry *)
    OVS_REQUIRES(hwv_control_mutex);
static void remove_from_nic(struct hwv_entry *)
    OVS_REQUIRES(hwv_control_mutex);
static enum hwv_reject lacking(const struct hwv_entry *)
    OVS_REQUIRES(hwv_control_mutex);
static bool references_enter(struct hwv_entry *)
    OVS_REQUIRES(hwv_control_mutex);
static void references_leave(struct hwv_entry *)
    OVS_REQUIRES(hwv_control_mutex);
static void set_lacks(struct hwv_entry *, enum hwv_reject)
    OVS_REQUIRES(hwv_control_mutex);
static void add_shadow(struct hwv_entry *) OVS_REQUIRES(hwv_control_mutex);
static void remove_shadow(struct hwv_entry *)
    OVS_REQUIRES(hwv_control_mutex);
static uint16_t entry_group(const struct hwv_entry *)
    OVS_REQUIRES(hwv_control_mutex);
static void update_packets(struct hwv_nic *)
    OVS_REQUIRES(hwv_control_mutex);
static bool has_room(const struct hwv_nic *)
    OVS_REQUIRES(hwv_control_mutex);

void
hwv_residency_create(struct hwv_nic *nic)
{
    struct hwv_residency *residency = xzalloc(sizeof *residency);
    struct hwv_nic_usage usage;

    start();
    nic->provider->usage(nic->dev, &usage);
    residency->shadows = hwv_shadow_table_create(MAX_SHADOWS,
                                                 MAX(usage.max_source_ids,
                                                     usage.max_domains),
                                                 usage.max_source_ids, wake);
    nic->residency = residency;
    hwv_residency_reset(nic, hwv_replacement_policies[0]);
}

void
hwv_residency_destroy(struct hwv_nic *nic)
{
    hwv_replacement_destroy(nic->residency->replacement);
    hwv_shadow_table_destroy(nic->residency->shadows);
    ovsrcu_postpone(free, nic->residency);
}

void
hwv_residency_reset(struct hwv_nic *nic,
                    const struct hwv_replacement_policy *policy)
{
    struct hwv_residency *residency = nic->residency;
    const struct hwv_port *port;
    int error;

    hwv_replacement_destroy(residency->replacement);
    error = hwv_replacement_create(policy, nic->limits.max_flows,
                                   residency->packets, entry_hits, NULL,
                                   &residency->replacement);
    ovs_assert(!error);         /* No limit is 0. */
    residency->policy = policy;
    HMAP_FOR_EACH (port, nic_node, &nic->ports) {
        hwv_residency_set_quota(nic, port->id, port->quota);
    }
}

void
hwv_residency_update(struct hwv_entry *entry)
{
    struct hwv_nic *nic = entry->nic;
    const struct hwv_claim *claim = hwv_entry_first_claim(entry);
    uint16_t group = entry_group(entry);

    if (entry->wanted && entry->group != group) {
        hwv_residency_remove(entry);
    }
    if (!entry->wanted) {
        hwv_replacement_add(nic->residency->replacement, &entry->replacement,
                            group, nic->residency->packets);
        entry->wanted = true;
        entry->group = group;
        entry->tunnel_use = claim->flow->tunnel_use;
        entry->source = claim->flow->source;
        entry->lacks = HWV_ACCEPT;
        entry->hits = 0;
        entry->evicted_at = 0;
        entry->counted = NULL;
        add_shadow(entry);
    }
    if (entry->counted != claim->flow) {
        struct hwv_count count;

        hwv_flow_count(claim->flow, &count);
        entry->hits_before = entry->hits - count.packets;
        entry->counted = claim->flow;
    }

    if (entry->resident) {
        int error = set_in_nic(entry);
        ovs_assert(!error);     /* A replacement never fails. */
    } else if (has_room(nic)) {
        /* The packet that made OVS install the flow. */
        entry_miss(entry, 1, nic->residency->packets);
    }
}

void
hwv_residency_remove(struct hwv_entry *entry)
{
    if (!entry->wanted) {
        return;
    }
    if (entry->resident) {
        remove_from_nic(entry);
    } else {
        remove_shadow(entry);
    }
    hwv_replacement_remove(entry->nic->residency->replacement,
                           &entry->replacement);
    entry->wanted = false;
}

void
hwv_residency_set_source(struct hwv_nic *nic, const struct hwv_source_key *key,
                         uint32_t source_id)
{
    hwv_shadow_table_set_source(nic->residency->shadows, key, source_id);
}

void
hwv_residency_remove_source(struct hwv_nic *nic,
                            const struct hwv_source_key *key)
{
    hwv_shadow_table_remove_source(nic->residency->shadows, key);
}

void
hwv_residency_set_quota(struct hwv_nic *nic, uint16_t id, uint32_t max)
{
    hwv_replacement_set_quota(nic->residency->replacement, id, max);
}

void
hwv_residency_missed(const struct hwv_rx *rx, struct dp_packet_batch *batch)
{
    struct hwv_shadow_table *shadows = rx->nic->residency->shadows;

    if (rx->id == HWV_UPLINK) {
        hwv_shadow_table_count_from_uplink(shadows, batch);
    } else {
        hwv_shadow_table_count_from_vf(shadows, rx->domain, batch);
    }
}

void
hwv_residency_stats(const struct hwv_nic *nic,
                    struct hwv_replacement_stats *stats)
{
    hwv_replacement_stats(nic->residency->replacement, stats);
}

const struct hwv_replacement_policy *
hwv_residency_policy(const struct hwv_nic *nic)
{
    return nic->residency->policy;
}

void
hwv_residency_run(void)
{
    bool more;

    do {
        struct hwv_nic *nic;

        more = false;
        ovs_mutex_lock(&hwv_control_mutex);
        HMAP_FOR_EACH (nic, node, hwv_nics()) {
            more |= collect(nic);
        }
        ovs_mutex_unlock(&hwv_control_mutex);
    } while (more);
}

void
hwv_residency_exit(void)
{
    bool join;

    ovs_mutex_lock(&hwv_control_mutex);
    join = started;
    started = false;
    ovs_mutex_unlock(&hwv_control_mutex);

    if (join) {
        atomic_store(&exiting, true);
        seq_change(wake);
        xpthread_join(thread, NULL);
    }
}

/* Starts the thread, unless it runs. */
static void
start(void)
{
    if (!wake) {
        wake = seq_create();
    }
    if (!started) {
        started = true;
        thread = ovs_thread_create("hwv_residency", residency_main, NULL);
    }
}

static void *
residency_main(void *aux OVS_UNUSED)
{
    for (;;) {
        uint64_t seqno = seq_read(wake);
        bool end;

        atomic_read(&exiting, &end);
        if (end) {
            return NULL;
        }
        hwv_residency_run();
        xnanosleep(INTERVAL_NS);

        seq_wait(wake, seqno);
        poll_block();
    }
}

static void
collected(void *entry_, uint32_t n, void *aux OVS_UNUSED)
    OVS_NO_THREAD_SAFETY_ANALYSIS   /* hwv_residency_run() has the mutex. */
{
    struct hwv_entry *entry = entry_;

    entry_miss(entry, n, entry->nic->residency->collected);
}

/* Returns true if there may be more misses of 'nic' to collect. */
static bool
collect(struct hwv_nic *nic)
{
    struct hwv_residency *residency = nic->residency;

    update_packets(nic);
    if (hwv_shadow_table_collect(residency->shadows, MAX_COLLECTED, collected,
                                 NULL) == MAX_COLLECTED) {
        return true;
    }
    residency->collected = residency->packets;
    return false;
}

/* 'n' packets that 'entry' would have handled have been missed after
 * 'since'. */
static void
entry_miss(struct hwv_entry *entry, uint32_t n, uint64_t since)
{
    struct hwv_nic *nic = entry->nic;
    struct hwv_replacement_decision decision;
    enum hwv_reject lacks = lacking(entry);

    entry->n_missed += n;
    if (lacks && has_room(nic)) {
        set_lacks(entry, lacks);
        return;
    }
    hwv_replacement_miss(nic->residency->replacement, &entry->replacement, n,
                         since, nic->residency->packets, &decision);
    if (decision.verdict != HWV_REPLACEMENT_PROMOTED) {
        set_lacks(entry, lacks);
        return;
    }
    if (decision.evicted) {
        /* What it refers to may be all that 'entry' lacks. */
        struct hwv_entry *evicted = CONTAINER_OF(decision.evicted,
                                                 struct hwv_entry,
                                                 replacement);

        evicted->evicted_at = time_msec();
        evicted->evicted_by = entry->group;
        entry_out(evicted);
    }
    entry_in(entry);
}

/* Puts 'entry' into the NIC, after what it refers to. */
static void
entry_in(struct hwv_entry *entry)
{
    struct hwv_residency *residency = entry->nic->residency;

    if (!references_enter(entry)) {
        hwv_replacement_demote(residency->replacement, &entry->replacement,
                               residency->packets);
        set_lacks(entry, (entry->tunnel_use ? HWV_REJECT_TUNNELS_FULL
                          : HWV_REJECT_SOURCES_FULL));
        return;
    }
    if (set_in_nic(entry)) {
        /* The NIC has less room than it says. */
        references_leave(entry);
        hwv_replacement_demote(residency->replacement, &entry->replacement,
                               residency->packets);
        set_lacks(entry, HWV_ACCEPT);
        return;
    }
    remove_shadow(entry);
    entry->resident = true;
    entry->lacks = HWV_ACCEPT;
    hwv_entry_moved(entry);
}

/* Takes 'entry', which is no longer to be there, out of the NIC. */
static void
entry_out(struct hwv_entry *entry)
{
    remove_from_nic(entry);
    add_shadow(entry);
    hwv_entry_moved(entry);
}

/* Adds 'entry' to the NIC's table, or modifies it.  Returns 0 or a positive
 * errno value. */
static int
set_in_nic(const struct hwv_entry *entry)
{
    struct hwv_flow_value value = hwv_entry_first_claim(entry)->value;
    struct hwv_nic *nic = entry->nic;

    if (entry->tunnel_use) {
        value.tunnel = entry->tunnel_use->id;
    }
    return nic->provider->flow_set(nic->dev, &entry->key, &value);
}

static void
remove_from_nic(struct hwv_entry *entry)
{
    entry->nic->provider->flow_remove(entry->nic->dev, &entry->key);
    entry->resident = false;
    references_leave(entry);
}

/* The other tables, to whose entries those of the flow table refer.  An entry
 * has a tunnel, if it goes there, or a source, if it comes from there. */

/* Why what 'entry' refers to cannot be in the NIC now, or HWV_ACCEPT. */
static enum hwv_reject
lacking(const struct hwv_entry *entry)
{
    if (entry->tunnel_use && !hwv_tunnel_use_may_enter(entry->tunnel_use)) {
        return HWV_REJECT_TUNNELS_FULL;
    }
    if (entry->source && !hwv_source_may_enter(entry->source)) {
        return HWV_REJECT_SOURCES_FULL;
    }
    return HWV_ACCEPT;
}

/* Makes sure that what 'entry' refers to is in the NIC.  Returns false if that
 * cannot be. */
static bool
references_enter(struct hwv_entry *entry)
{
    return (entry->tunnel_use ? hwv_tunnel_use_enter(entry->tunnel_use)
            : entry->source ? hwv_source_enter(entry->source)
            : true);
}

/* 'entry' is not, or no longer, in the NIC's flow table. */
static void
references_leave(struct hwv_entry *entry)
{
    if (entry->tunnel_use) {
        hwv_tunnel_use_leave(entry->tunnel_use);
    } else if (entry->source) {
        hwv_source_leave(entry->source);
    }
}

/* Notes whether 'entry' is a shadow because it lacks something. */
static void
set_lacks(struct hwv_entry *entry, enum hwv_reject lacks)
{
    if (entry->lacks != lacks) {
        entry->lacks = lacks;
        hwv_entry_moved(entry);
    }
}

/* A shadow beyond MAX_SHADOWS is not counted. */
static void
add_shadow(struct hwv_entry *entry)
{
    hwv_shadow_table_add(entry->nic->residency->shadows, &entry->key, entry,
                         &entry->shadow);
}

static void
remove_shadow(struct hwv_entry *entry)
{
    hwv_shadow_table_remove(entry->nic->residency->shadows, &entry->key,
                            entry->shadow);
}

/* The packets that the NIC has counted for the entry of 'node'.  Its flows
 * come and go, and its count goes on. */
static uint64_t
entry_hits(const struct hwv_replacement_node *node, void *aux OVS_UNUSED)
    OVS_NO_THREAD_SAFETY_ANALYSIS   /* Who calls it has the mutex. */
{
    struct hwv_entry *entry = CONTAINER_OF(node, struct hwv_entry,
                               replacement);
    struct hwv_count count;

    hwv_flow_count(entry->counted, &count);
    entry->hits = entry->hits_before + count.packets;
    return entry->hits;
}

/* Who has to answer for the room that 'entry' takes. */
static uint16_t
entry_group(const struct hwv_entry *entry)
{
    const struct hwv_claim *claim = hwv_entry_first_claim(entry);

    if (claim->flow->kind == HWV_FLOW_VF) {
        return hwv_port_from_netdev(claim->flow->netdev)->id;
    }
    return claim->value.output == HWV_OUT_VF ? claim->value.vf : HWV_UPLINK;
}

/* Adds up what the ports of 'nic' have received since the last call. */
static void
update_packets(struct hwv_nic *nic)
{
    struct hwv_port *port;

    HMAP_FOR_EACH (port, nic_node, &nic->ports) {
        uint64_t n = (hwv_port_counter_read(port->counters, HWV_RX_HITS)
                      + hwv_port_counter_read(port->counters, HWV_RX_DROP_FLOW)
                      + hwv_port_counters_misses(port->counters));

        nic->residency->packets += n - port->n_looked_up;
        port->n_looked_up = n;
    }
}

static bool
has_room(const struct hwv_nic *nic)
{
    struct hwv_nic_usage usage;

    nic->provider->usage(nic->dev, &usage);
    return usage.flows < usage.max_flows;
}
