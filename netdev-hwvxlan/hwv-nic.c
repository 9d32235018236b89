/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-nic.h"

#include <errno.h>

#include "hash.h"
#include "hwv-bind.h"
#include "hwv-flow.h"
#include "hwv-port-counters.h"
#include "hwv-residency.h"
#include "hwv-wire.h"
#include "id-pool.h"
#include "netdev-offload.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "seq.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_nic);

#define DEFAULT_MAX_FLOWS 65536
#define DEFAULT_MAX_TUNNELS 1024

/* How long rates are averaged over, at least. */
#define RATE_INTERVAL_MS 1000

struct ovs_mutex hwv_control_mutex = OVS_MUTEX_INITIALIZER;

static struct hmap nics OVS_GUARDED_BY(hwv_control_mutex)
    = HMAP_INITIALIZER(&nics);

/* Changes when some NIC becomes stale, to wake the main thread. */
static struct seq *stale_seq;
static uint64_t stale_seqno;

static struct hwv_nic *nic_create(const char *name)
    OVS_REQUIRES(hwv_control_mutex);
static void nic_destroy_if_unused(struct hwv_nic *)
    OVS_REQUIRES(hwv_control_mutex);
static void nic_free(struct hwv_nic *);
static void nic_add_port(struct hwv_nic *, struct hwv_port *, uint16_t id)
    OVS_REQUIRES(hwv_control_mutex);
static void rx_free(struct hwv_rx *);
static void nic_remove_port(struct hwv_port *)
    OVS_REQUIRES(hwv_control_mutex);
static long long int nic_run_at(const struct hwv_nic *)
    OVS_REQUIRES(hwv_control_mutex);
static void nic_update_rates(struct hwv_nic *)
    OVS_REQUIRES(hwv_control_mutex);
static struct seq *stale_seq_get(void);

struct hwv_nic *
hwv_nic_find(const char *name)
{
    struct hwv_nic *nic;

    HMAP_FOR_EACH_WITH_HASH (nic, node, hash_string(name, 0), &nics) {
        if (!strcmp(nic->name, name)) {
            return nic;
        }
    }
    return NULL;
}

const struct hmap *
hwv_nics(void)
{
    return &nics;
}

bool
hwv_nics_exist(void)
{
    bool exist;

    ovs_mutex_lock(&hwv_control_mutex);
    exist = !hmap_is_empty(&nics);
    ovs_mutex_unlock(&hwv_control_mutex);
    return exist;
}

int
hwv_nic_check(const struct hwv_port *port, const char *nic_name, uint16_t id,
              char **errp)
{
    const struct hwv_port *other;
    const struct hwv_nic *nic;
    int error = 0;

    ovs_mutex_lock(&hwv_control_mutex);
    nic = hwv_nic_find(nic_name);
    other = nic ? hwv_nic_port(nic, id) : NULL;
    if (other && other != port) {
        *errp = xasprintf("options:vf=%"PRIu16" of NIC \"%s\" is already used "
                          "by Interface \"%s\": choose another VF id",
                          id, nic_name, other->name);
        error = EEXIST;
    } else if (nic && nic->n_domains >= nic->max_domains) {
        *errp = xasprintf("too many VFs of NIC \"%s\" have come and gone in "
                          "no time: try again", nic_name);
        error = EAGAIN;
    }
    ovs_mutex_unlock(&hwv_control_mutex);

    return error;
}

void
hwv_nic_attach(struct hwv_port *port, const char *nic_name, uint16_t id)
{
    struct hwv_nic *nic;

    ovs_mutex_lock(&hwv_control_mutex);
    nic = hwv_nic_find(nic_name);
    if (!nic) {
        nic = nic_create(nic_name);
    }
    if (port->nic != nic || port->id != id) {
        bool was_pf = port->nic && port->id == HWV_UPLINK;

        hwv_nic_use(nic);       /* Keep it while 'port' changes over. */
        nic_remove_port(port);
        nic_add_port(nic, port, id);
        if (was_pf != (id == HWV_UPLINK)) {
            hwv_flow_change_role(port);
        }
        hwv_nic_set_stale(nic);
        hwv_nic_unuse(nic);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_nic_detach(struct hwv_port *port)
{
    ovs_mutex_lock(&hwv_control_mutex);
    nic_remove_port(port);
    ovsrcu_set(&port->rx, NULL);
    hwv_port_forget(port);
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_nic_set_wire(struct hwv_port *port, struct hwv_wire *wire)
{
    ovs_mutex_lock(&hwv_control_mutex);
    port->wire = wire;
    if (port->nic) {
        port->nic->provider->port_set(port->nic->dev, port->id, wire,
                                      port->counters);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_nic_set_mac(struct hwv_port *port, const struct eth_addr *mac)
{
    ovs_mutex_lock(&hwv_control_mutex);
    port->check_mac = mac != NULL;
    port->mac = mac ? *mac : eth_addr_zero;
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_nic_set_quota(struct hwv_port *port, uint32_t max)
{
    ovs_mutex_lock(&hwv_control_mutex);
    port->quota = max;
    hwv_residency_set_quota(port->nic, port->id, max);
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_nic_configure(struct hwv_port *pf, const struct hwv_nic_limits *limits,
                  const struct hwv_replacement_policy *policy,
                  bool offload, bool first_packet_nic)
{
    struct hwv_nic *nic;

    ovs_mutex_lock(&hwv_control_mutex);
    nic = pf->nic;
    atomic_store_relaxed(&nic->first_packet_nic, first_packet_nic);
    if (limits->max_flows != nic->limits.max_flows
        || limits->max_tunnels != nic->limits.max_tunnels
        || policy != hwv_residency_policy(nic)) {
        hwv_flow_unbind_all(nic, HWV_REJECT_NO_NIC);
        hwv_nic_remove_idle_tunnels(nic);
        nic->provider->resize(nic->dev, limits);
        nic->limits = *limits;
        hwv_residency_reset(nic, policy);
    }
    if (offload != nic->offload) {
        nic->offload = offload;
        if (!offload) {
            hwv_flow_unbind_all(nic, HWV_REJECT_OFFLOAD_OFF);
        }
    }
    hwv_nic_set_stale(nic);
    ovs_mutex_unlock(&hwv_control_mutex);
}

struct hwv_port *
hwv_nic_port(const struct hwv_nic *nic, uint16_t id)
{
    struct hwv_port *port;

    HMAP_FOR_EACH_WITH_HASH (port, nic_node, hash_int(id, 0), &nic->ports) {
        if (port->id == id) {
            return port;
        }
    }
    return NULL;
}

struct hwv_port *
hwv_nic_port_by_domain(const struct hwv_nic *nic, uint32_t domain)
{
    struct hwv_port *port;

    HMAP_FOR_EACH (port, nic_node, &nic->ports) {
        if (port->id != HWV_UPLINK && port->domain == domain) {
            return port;
        }
    }
    return NULL;
}

bool
hwv_nic_enabled(const struct hwv_nic *nic)
{
    const struct hwv_port *pf = hwv_nic_port(nic, HWV_UPLINK);

    return pf && pf->odp_port != ODPP_NONE && nic->offload
           && time_msec() >= nic->hold_until;
}

/* Is the Interface that 'nic' is called after a VF of another NIC? */
static bool
names_vf(const struct hwv_nic *nic)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_nic *other;

    HMAP_FOR_EACH (other, node, &nics) {
        const struct hwv_port *port;

        HMAP_FOR_EACH (port, nic_node, &other->ports) {
            if (other != nic && !strcmp(port->name, nic->name)) {
                return true;
            }
        }
    }
    return false;
}

const char *
hwv_nic_state(const struct hwv_nic *nic)
{
    const struct hwv_port *pf = hwv_nic_port(nic, HWV_UPLINK);

    return (!netdev_is_flow_api_enabled()
            ? "off: other_config:hw-offload is not true"
            : !pf && names_vf(nic) ? "off: options:nic names a VF, not the PF"
            : !pf ? "off: the PF is missing"
            : pf->odp_port == ODPP_NONE ? "off: the PF is not in a bridge"
            : !nic->offload ? "off: options:offload=false on the PF"
            : hwv_nic_enabled(nic) ? "on"
            : "off: flushed a moment ago");
}

void
hwv_nic_flush(struct hwv_nic *nic)
{
    nic->hold_until = time_msec() + HWV_FLUSH_HOLD_MS;
    hwv_flow_unbind_all(nic, HWV_REJECT_FLUSHED);
    hwv_nic_set_stale(nic);
}

void
hwv_nic_set_stale(struct hwv_nic *nic)
{
    nic->stale = true;
    seq_change(stale_seq_get());
}

void
hwv_nic_has_room(struct hwv_nic *nic)
{
    if (nic->room_at == LLONG_MAX) {
        nic->room_at = time_msec() + HWV_ROOM_DELAY_MS;
        seq_change(stale_seq_get());
    }
}

void
hwv_nic_late(const struct hwv_nic *nic, struct hwv_count *late)
{
    nic->provider->counter_late(nic->dev, late);
    late->packets += nic->late.packets;
    late->bytes += nic->late.bytes;
}

void
hwv_nic_use(struct hwv_nic *nic)
{
    nic->n_users++;
}

void
hwv_nic_unuse(struct hwv_nic *nic)
{
    nic->n_users--;
    nic_destroy_if_unused(nic);
}

void
hwv_nic_run(void)
{
    struct hwv_nic *nic;

    stale_seqno = seq_read(stale_seq_get());
    ovs_mutex_lock(&hwv_control_mutex);
    HMAP_FOR_EACH (nic, node, &nics) {
        if (nic_run_at(nic) <= time_msec()) {
            nic->stale = false;
            nic->room_at = LLONG_MAX;
            if (hwv_nic_enabled(nic)) {
                hwv_flow_bind_all(nic);
            }
        }
        nic_update_rates(nic);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_nic_wait(void)
{
    struct hwv_nic *nic;

    seq_wait(stale_seq_get(), stale_seqno);
    ovs_mutex_lock(&hwv_control_mutex);
    HMAP_FOR_EACH (nic, node, &nics) {
        long long int when = nic_run_at(nic);

        if (when != LLONG_MAX) {
            poll_timer_wait_until(when);
        }
        poll_timer_wait(RATE_INTERVAL_MS);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

/* When 'nic' has something to do, or LLONG_MAX. */
static long long int
nic_run_at(const struct hwv_nic *nic)
{
    return MAX(nic->stale ? LLONG_MIN : nic->room_at, nic->hold_until);
}

static void
nic_update_rates(struct hwv_nic *nic)
{
    long long int now = time_msec();
    struct hwv_port *port;

    HMAP_FOR_EACH (port, nic_node, &nic->ports) {
        const struct hwv_counters *c = port->counters;
        struct hwv_rate *rate = &port->rate;
        long long int elapsed = now - rate->at;
        uint64_t hits, misses;

        if (elapsed < RATE_INTERVAL_MS) {
            continue;
        }
        hits = hwv_port_counter_read(c, HWV_RX_HITS)
               + hwv_port_counter_read(c, HWV_RX_DROP_FLOW);
        misses = hwv_port_counters_misses(c);
        rate->hits_per_s = (hits - rate->hits) * 1000 / elapsed;
        rate->misses_per_s = (misses - rate->misses) * 1000 / elapsed;
        rate->hits = hits;
        rate->misses = misses;
        rate->at = now;
    }
}

static struct hwv_nic *
nic_create(const char *name)
{
    struct hwv_nic *nic = xzalloc(sizeof *nic);
    struct hwv_nic_usage usage;
    int error;

    nic->name = xstrdup(name);
    nic->limits.max_flows = DEFAULT_MAX_FLOWS;
    nic->limits.max_tunnels = DEFAULT_MAX_TUNNELS;
    nic->provider = &hwv_nic_soft;
    error = nic->provider->create(name, &nic->limits, &nic->dev);
    ovs_assert(!error);         /* The software NIC takes any limits. */
    hmap_init(&nic->ports);
    hmap_init(&nic->entries);
    hmap_init(&nic->tunnels);
    ovs_list_init(&nic->idle_tunnels);
    hmap_init(&nic->sources);
    ovs_list_init(&nic->idle_sources);
    ovs_list_init(&nic->pops);
    hwv_residency_create(nic);
    nic->provider->usage(nic->dev, &usage);
    nic->source_ids = id_pool_create(0, usage.max_source_ids);
    nic->domains = id_pool_create(0, usage.max_domains);
    nic->max_domains = usage.max_domains;
    nic->offload = true;
    nic->hold_until = LLONG_MIN;
    nic->room_at = LLONG_MAX;
    hmap_insert(&nics, &nic->node, hash_string(name, 0));
    return nic;
}

static void
nic_destroy_if_unused(struct hwv_nic *nic)
{
    if (!hmap_is_empty(&nic->ports) || nic->n_users) {
        return;
    }

    /* Entries, tunnels and sources belong to flows, and those are users. */
    hmap_remove(&nics, &nic->node);
    nic->provider->destroy(nic->dev);
    hwv_residency_destroy(nic);
    hmap_destroy(&nic->ports);
    hmap_destroy(&nic->entries);
    hmap_destroy(&nic->tunnels);
    hmap_destroy(&nic->sources);
    id_pool_destroy(nic->source_ids);
    id_pool_destroy(nic->domains);
    ovsrcu_postpone(nic_free, nic);
}

static void
nic_free(struct hwv_nic *nic)
{
    free(nic->name);
    free(nic);
}

static void
nic_add_port(struct hwv_nic *nic, struct hwv_port *port, uint16_t id)
{
    struct hwv_rx *rx = xzalloc(sizeof *rx);
    uint32_t domain = 0;

    if (id != HWV_UPLINK) {
        bool ok = id_pool_alloc_id(nic->domains, &domain);

        ovs_assert(ok);         /* hwv_nic_check() has looked. */
        nic->n_domains++;
    }
    rx->nic = nic;
    rx->id = id;
    rx->domain = domain;
    port->nic = nic;
    port->id = id;
    port->domain = domain;
    hmap_insert(&nic->ports, &port->nic_node, hash_int(id, 0));
    nic->provider->port_set(nic->dev, id, port->wire, port->counters);
    ovsrcu_set(&port->rx, rx);
}

/* Takes 'port' out of its NIC, except that 'port->rx', which no longer finds
 * anything, is left to the caller to replace before the next grace period. */
static void
nic_remove_port(struct hwv_port *port)
{
    struct hwv_nic *nic = port->nic;

    if (!nic) {
        return;
    }

    if (port->id == HWV_UPLINK) {
        hwv_flow_unbind_all(nic, HWV_REJECT_NO_NIC);
    } else {
        hwv_flow_unbind_port(nic, port);
    }
    nic->provider->port_set(nic->dev, port->id, NULL, NULL);
    hwv_residency_set_quota(nic, port->id, HWV_REPLACEMENT_NO_QUOTA);
    hmap_remove(&nic->ports, &port->nic_node);
    port->nic = NULL;

    /* A burst on its way may be about to look into the flow table: nobody else
     * may have the domain before it has done so. */
    hwv_nic_use(nic);
    ovsrcu_postpone(rx_free, ovsrcu_get_protected(struct hwv_rx *, &port->rx));
}

/* RCU callback. */
static void
rx_free(struct hwv_rx *rx)
{
    ovs_mutex_lock(&hwv_control_mutex);
    if (rx->id != HWV_UPLINK) {
        id_pool_free_id(rx->nic->domains, rx->domain);
        rx->nic->n_domains--;
    }
    hwv_nic_unuse(rx->nic);
    ovs_mutex_unlock(&hwv_control_mutex);
    free(rx);
}

static struct seq *
stale_seq_get(void)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;

    if (ovsthread_once_start(&once)) {
        stale_seq = seq_create();
        ovsthread_once_done(&once);
    }
    return stale_seq;
}
