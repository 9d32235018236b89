/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-vtep.h"

#include "hash.h"
#include "hwv-hold.h"
#include "hwv-neigh.h"
#include "hwv-neighbor.h"
#include "hwv-withdraw.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_vtep);

/* How often routes are looked up even if OVS's router tells of no change, in
 * msec: a port may have come that a route leads to. */
#define ROUTE_INTERVAL 1000

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(20, 60);

static struct hmap vteps = HMAP_INITIALIZER(&vteps);
static struct hmap vteps_by_id = HMAP_INITIALIZER(&vteps_by_id);
static uint32_t last_id;

static void (*changed_cb)(struct hwv_vtep *, void *aux);
static void *changed_aux;

static uint64_t last_seqno;     /* See hwv_neigh_seqno(). */
static long long int next_lookup;   /* msec. */

static uint32_t new_id(void);
static void follow_route(struct hwv_vtep *);
static void use_route(struct hwv_vtep *, const struct hwv_route *);
static enum hwv_vtep_state vtep_state(const struct hwv_vtep *);
static enum hwv_vtep_use vtep_use(const struct hwv_vtep *);
static void update(struct hwv_vtep *);
static void neighbor_changed(struct hwv_neighbor *);

static uint32_t
vtep_hash(const struct in6_addr *ip)
{
    return hash_bytes(ip, sizeof *ip, 0);
}

struct hwv_vtep *
hwv_vtep_ref(const struct in6_addr *ip)
{
    struct hwv_vtep *vtep = hwv_vtep_find(ip);

    if (!vtep) {
        vtep = xzalloc(sizeof *vtep);
        vtep->ip = *ip;
        vtep->id = new_id();
        hmap_insert(&vteps, &vtep->node, vtep_hash(ip));
        hmap_insert(&vteps_by_id, &vtep->id_node, hash_int(vtep->id, 0));
        follow_route(vtep);
        vtep->state = vtep_state(vtep);
        vtep->use = vtep_use(vtep);
        hwv_withdraw_end(ip);
        hwv_hold_create(vtep->id, vtep->use == HWV_VTEP_SEND);
    }
    vtep->n_refs++;
    return vtep;
}

bool
hwv_vtep_unref(struct hwv_vtep *vtep)
{
    static const struct hwv_route none;

    if (!vtep || --vtep->n_refs) {
        return false;
    }
    hwv_hold_destroy(vtep->id);
    hwv_withdraw(&vtep->ip);
    use_route(vtep, &none);
    hmap_remove(&vteps, &vtep->node);
    hmap_remove(&vteps_by_id, &vtep->id_node);
    free(vtep);
    return true;
}

struct hwv_vtep *
hwv_vtep_find(const struct in6_addr *ip)
{
    struct hwv_vtep *vtep;

    HMAP_FOR_EACH_WITH_HASH (vtep, node, vtep_hash(ip), &vteps) {
        if (ipv6_addr_equals(&vtep->ip, ip)) {
            return vtep;
        }
    }
    return NULL;
}

struct hwv_vtep *
hwv_vtep_find_by_id(uint32_t id)
{
    struct hwv_vtep *vtep;

    HMAP_FOR_EACH_WITH_HASH (vtep, id_node, hash_int(id, 0), &vteps_by_id) {
        if (vtep->id == id) {
            return vtep;
        }
    }
    return NULL;
}

const struct hmap *
hwv_vteps(void)
{
    return &vteps;
}

const char *
hwv_vtep_state_name(enum hwv_vtep_state state)
{
    switch (state) {
    case HWV_VTEP_NO_ROUTE: return "no-route";
    case HWV_VTEP_RESOLVING: return "resolving";
    case HWV_VTEP_UNREACHABLE: return "unreachable";
    case HWV_VTEP_SILENT: return "silent";
    case HWV_VTEP_UP: return "up";
    default: OVS_NOT_REACHED();
    }
}

void
hwv_vtep_set_cb(void (*changed)(struct hwv_vtep *, void *aux), void *aux)
{
    changed_cb = changed;
    changed_aux = aux;
}

void
hwv_vtep_run(void)
{
    uint64_t seqno = hwv_neigh_seqno();
    struct hwv_vtep *vtep;

    hwv_withdraw_run();
    if (hmap_is_empty(&vteps)) {
        return;
    }
    if (seqno != last_seqno || time_msec() >= next_lookup) {
        last_seqno = seqno;
        next_lookup = time_msec() + ROUTE_INTERVAL;
        HMAP_FOR_EACH (vtep, node, &vteps) {
            follow_route(vtep);
            update(vtep);
        }
    }
    hwv_neighbor_run(neighbor_changed);
    hwv_hold_run();
}

void
hwv_vtep_wait(void)
{
    hwv_withdraw_wait();
    if (!hmap_is_empty(&vteps)) {
        hwv_neigh_seqno_wait(last_seqno);
        poll_timer_wait_until(next_lookup);
        hwv_neighbor_wait();
        hwv_hold_wait();
    }
}

static uint32_t
new_id(void)
{
    do {
        last_id = last_id < HWV_VTEP_MAX_ID ? last_id + 1 : 1;
    } while (hwv_vtep_find_by_id(last_id));
    return last_id;
}

static void
follow_route(struct hwv_vtep *vtep)
{
    struct hwv_route route;

    hwv_route_lookup(&vtep->ip, &route);
    use_route(vtep, &route);
}

/* 'route' is all zeros if there is none. */
static void
use_route(struct hwv_vtep *vtep, const struct hwv_route *route)
{
    struct hwv_neighbor *old = vtep->neighbor;

    if (!memcmp(&vtep->route, route, sizeof *route)) {
        return;
    }
    if (old) {
        ovs_list_remove(&vtep->neighbor_node);
        vtep->neighbor = NULL;
    }
    vtep->route = *route;
    if (route->dev[0]) {
        vtep->neighbor = hwv_neighbor_ref(route->bridge, route->dev,
                                          &route->next_hop);
        ovs_list_push_back(&vtep->neighbor->users, &vtep->neighbor_node);
    }
    hwv_neighbor_unref(old);
}

static enum hwv_vtep_state
vtep_state(const struct hwv_vtep *vtep)
{
    bool gave_up;

    if (!vtep->neighbor) {
        return HWV_VTEP_NO_ROUTE;
    }
    gave_up = hwv_neighbor_gave_up(vtep->neighbor);
    if (vtep->neighbor->known) {
        return gave_up ? HWV_VTEP_SILENT : HWV_VTEP_UP;
    }
    return gave_up ? HWV_VTEP_UNREACHABLE : HWV_VTEP_RESOLVING;
}

/* According to its state. */
static enum hwv_vtep_use
vtep_use(const struct hwv_vtep *vtep)
{
    if (vtep->state >= HWV_VTEP_SILENT) {
        return HWV_VTEP_SEND;
    }
    return (vtep->state == HWV_VTEP_NO_ROUTE
            || hwv_neighbor_is_lost(vtep->neighbor)
            ? HWV_VTEP_DROP
            : HWV_VTEP_HOLD);
}

static void
update(struct hwv_vtep *vtep)
{
    enum hwv_vtep_state old_state = vtep->state;
    enum hwv_vtep_use old_use = vtep->use;

    vtep->state = vtep_state(vtep);
    if (vtep->state != old_state) {
        char ip[INET6_ADDRSTRLEN];

        VLOG_INFO_RL(&rl, "VTEP %s: %s", ipv6_string_mapped(ip, &vtep->ip),
                     hwv_vtep_state_name(vtep->state));
    }
    vtep->use = vtep_use(vtep);
    if (vtep->use == old_use) {
        return;
    }

    /* In this order: see hwv-hold.h. */
    if (vtep->use == HWV_VTEP_SEND) {
        hwv_hold_release(vtep->id);
    } else {
        hwv_hold_start(vtep->id);
    }
    if (changed_cb) {
        changed_cb(vtep, changed_aux);
    }
}

static void
neighbor_changed(struct hwv_neighbor *neighbor)
{
    struct hwv_vtep *vtep;

    LIST_FOR_EACH (vtep, neighbor_node, &neighbor->users) {
        update(vtep);
    }
}
