/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-neighbor.h"

#include <limits.h>

#include "coverage.h"
#include "hash.h"
#include "hwv-neigh-kernel.h"
#include "hwv-neigh.h"
#include "hwv-next-hop.h"
#include "hwv-solicit.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_neighbor);

COVERAGE_DEFINE(hwv_neighbor_request);
COVERAGE_DEFINE(hwv_neighbor_request_failed);

/* msec between requests. */
#define FIRST_PAUSE 250
#define LONGEST_PAUSE (30 * 1000)

/* msec from when a neighbour was last heard of to when it is asked whether it
 * is still there, and between such requests: as RFC 4861's ReachableTime and
 * RetransTimer (section 10). */
#define REACHABLE_TIME 30000
#define RETRANS_TIME 1000

/* OVS's cache may forget an entry a second after it was last looked up
 * (tnl/neigh/aging). */
#define LOOKUP_INTERVAL 500

/* Requests in one round of the main loop, as each takes OVS a while. */
#define MAX_REQUESTS 100

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

static struct hmap neighbors = HMAP_INITIALIZER(&neighbors);

/* The state of OVS's cache that was last looked at, see hwv_neigh_seqno(). */
static uint64_t last_seqno;

/* msec. */
static long long int next_lookup;
static long long int next_request = LLONG_MAX;

static bool look_up(struct hwv_neighbor *, long long int now);
static bool is_hint(const struct hwv_neighbor *);
static void hear(struct hwv_neighbor *, long long int now);
static void heard_of(struct hwv_neighbor *, long long int now);
static void request(struct hwv_neighbor *, long long int now);

static uint32_t
neighbor_hash(const char *bridge, const char *dev, const struct in6_addr *ip)
{
    return hash_bytes(ip, sizeof *ip, hash_string(bridge,
                                                  hash_string(dev, 0)));
}

/* The main thread looks by itself. */
static void
ignore_mac(struct eth_addr mac OVS_UNUSED, void *aux OVS_UNUSED)
{
}

struct hwv_neighbor *
hwv_neighbor_ref(const char *bridge, const char *dev,
                 const struct in6_addr *ip)
{
    uint32_t hash = neighbor_hash(bridge, dev, ip);
    struct hwv_neighbor *neighbor;

    HMAP_FOR_EACH_WITH_HASH (neighbor, node, hash, &neighbors) {
        if (!strcmp(neighbor->bridge, bridge) && !strcmp(neighbor->dev, dev)
            && ipv6_addr_equals(&neighbor->ip, ip)) {
            neighbor->n_refs++;
            return neighbor;
        }
    }

    neighbor = xzalloc(sizeof *neighbor);
    ovs_strlcpy(neighbor->bridge, bridge, sizeof neighbor->bridge);
    ovs_strlcpy(neighbor->dev, dev, sizeof neighbor->dev);
    neighbor->ip = *ip;
    neighbor->n_refs = 1;
    ovs_list_init(&neighbor->users);
    neighbor->next_request = time_msec();
    hmap_insert(&neighbors, &neighbor->node, hash);
    look_up(neighbor, time_msec());
    neighbor->watch = hwv_next_hop_watch(bridge, ip,
                                         neighbor->known ? neighbor->mac
                                         : eth_addr_zero,
                                         ignore_mac, NULL);
    next_request = MIN(next_request, neighbor->next_request);
    return neighbor;
}

void
hwv_neighbor_unref(struct hwv_neighbor *neighbor)
{
    if (neighbor && !--neighbor->n_refs) {
        hmap_remove(&neighbors, &neighbor->node);
        hwv_next_hop_unwatch(neighbor->watch);
        free(neighbor);
    }
}

void
hwv_neighbor_run(void (*changed)(struct hwv_neighbor *))
{
    uint64_t seqno = hwv_neigh_seqno();
    long long int now = time_msec();
    bool lookup = seqno != last_seqno || now >= next_lookup;
    struct hwv_neighbor *neighbor;
    int budget = MAX_REQUESTS;

    if (hmap_is_empty(&neighbors) || (!lookup && now < next_request)) {
        return;
    }

    last_seqno = seqno;
    if (lookup) {
        next_lookup = now + LOOKUP_INTERVAL;
    }
    next_request = LLONG_MAX;
    HMAP_FOR_EACH (neighbor, node, &neighbors) {
        bool gave_up = hwv_neighbor_gave_up(neighbor);
        bool lost = hwv_neighbor_is_lost(neighbor);
        bool news = lookup && look_up(neighbor, now);

        hear(neighbor, now);

        if (now >= neighbor->next_request && budget > 0) {
            request(neighbor, now);
            budget--;
        }
        if (news || gave_up != hwv_neighbor_gave_up(neighbor)
            || lost != hwv_neighbor_is_lost(neighbor)) {
            changed(neighbor);
        }
        next_request = MIN(next_request, neighbor->next_request);
    }
}

void
hwv_neighbor_wait(void)
{
    if (!hmap_is_empty(&neighbors)) {
        hwv_neigh_seqno_wait(last_seqno);
        poll_timer_wait_until(MIN(next_lookup, next_request));
    }
}

/* Looks 'neighbor' up in OVS's cache.  Returns true if that tells news. */
static bool
look_up(struct hwv_neighbor *neighbor, long long int now)
{
    bool was_known = neighbor->known;
    struct eth_addr mac;

    neighbor->known = hwv_next_hop_lookup(neighbor->bridge, &neighbor->ip,
                                          &mac);
    if (!neighbor->known && hwv_neigh_kernel_find(neighbor->bridge,
                                                  &neighbor->ip, &mac)) {
        hwv_neigh_set(neighbor->bridge, &neighbor->ip, mac);
        neighbor->known = true;
    }
    if (neighbor->known) {
        bool same = was_known && eth_addr_equals(mac, neighbor->mac);

        neighbor->mac = mac;
        if (!same && is_hint(neighbor)) {
            neighbor->n_unanswered = 0;
            neighbor->next_request = now;
        } else if (!same) {
            heard_of(neighbor, now);
        }
        return !same;
    }
    if (was_known) {
        neighbor->n_unanswered = 0;
        neighbor->next_request = now;
    }
    return was_known;
}

/* Is its MAC one that the kernel had once, and does not vouch for? */
static bool
is_hint(const struct hwv_neighbor *neighbor)
{
    struct eth_addr mac;

    return (hwv_neigh_kernel_find(neighbor->bridge, &neighbor->ip, &mac)
            == HWV_NEIGH_KERNEL_HINT
            && eth_addr_equals(mac, neighbor->mac));
}

/* Has somebody confirmed where 'neighbor' is? */
static void
hear(struct hwv_neighbor *neighbor, long long int now)
{
    unsigned int n_confirmed = hwv_next_hop_n_confirmed(neighbor->watch);

    if (neighbor->known && n_confirmed != neighbor->n_confirmed) {
        heard_of(neighbor, now);
    }
    neighbor->n_confirmed = n_confirmed;
}

static void
heard_of(struct hwv_neighbor *neighbor, long long int now)
{
    neighbor->n_unanswered = 0;
    neighbor->next_request = now + REACHABLE_TIME;
}

/* Asks for 'neighbor', and says when to do so again. */
static void
request(struct hwv_neighbor *neighbor, long long int now)
{
    int exponent = MIN(neighbor->n_unanswered, 16);
    int pause = MIN(FIRST_PAUSE << exponent, LONGEST_PAUSE);
    struct eth_addr to = eth_addr_zero;
    int error;

    COVERAGE_INC(hwv_neighbor_request);
    neighbor->n_requests++;
    neighbor->n_unanswered++;
    if (neighbor->known && !hwv_neighbor_gave_up(neighbor)) {
        to = neighbor->mac;
        pause = RETRANS_TIME;
    }
    neighbor->next_request = now + pause;
    error = hwv_solicit(neighbor->dev, &neighbor->ip, to);
    if (error) {
        char ip[INET6_ADDRSTRLEN];

        COVERAGE_INC(hwv_neighbor_request_failed);
        VLOG_WARN_RL(&rl, "%s: cannot ask for next hop %s: %s", neighbor->dev,
                     ipv6_string_mapped(ip, &neighbor->ip),
                     ovs_strerror(error));
    }
}
