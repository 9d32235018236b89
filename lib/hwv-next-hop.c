/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-next-hop.h"

#include "hash.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "ovs-thread.h"
#include "tnl-neigh-cache.h"
#include "util.h"

struct next_hop {
    struct hmap_node node;      /* In 'next_hops'. */
    char bridge[IFNAMSIZ];
    struct in6_addr ip;
    struct eth_addr mac;
    unsigned int n_confirmed;
    struct ovs_list watches;    /* Of struct hwv_next_hop_watch. */
};

struct hwv_next_hop_watch {
    struct ovs_list node;       /* In 'next_hop->watches'. */
    struct next_hop *next_hop;
    void (*cb)(struct eth_addr mac, void *aux);
    void *aux;
};

static struct ovs_mutex mutex = OVS_MUTEX_INITIALIZER;
static struct hmap next_hops OVS_GUARDED_BY(mutex)
    = HMAP_INITIALIZER(&next_hops);

static struct next_hop *next_hop_find(const char *bridge,
                                      const struct in6_addr *)
    OVS_REQUIRES(mutex);
static void next_hop_refresh(struct next_hop *, hwv_next_hop_lookup_cb *)
    OVS_REQUIRES(mutex);
static int next_hop_update(struct next_hop *, struct eth_addr)
    OVS_REQUIRES(mutex);

static uint32_t
next_hop_hash(const struct in6_addr *ip)
{
    return hash_bytes(ip, sizeof *ip, 0);
}

struct hwv_next_hop_watch *
hwv_next_hop_watch(const char *bridge, const struct in6_addr *ip,
                   struct eth_addr mac,
                   void (*cb)(struct eth_addr mac, void *aux), void *aux)
{
    struct hwv_next_hop_watch *watch = xmalloc(sizeof *watch);
    struct next_hop *nh;

    ovs_mutex_lock(&mutex);
    nh = next_hop_find(bridge, ip);
    if (!nh) {
        nh = xzalloc(sizeof *nh);
        ovs_strlcpy(nh->bridge, bridge, sizeof nh->bridge);
        nh->ip = *ip;
        nh->mac = mac;
        ovs_list_init(&nh->watches);
        hmap_insert(&next_hops, &nh->node, next_hop_hash(ip));
    } else if (eth_addr_is_zero(nh->mac)) {
        next_hop_update(nh, mac);
    }
    watch->next_hop = nh;
    watch->cb = cb;
    watch->aux = aux;
    ovs_list_push_back(&nh->watches, &watch->node);
    cb(nh->mac, aux);
    ovs_mutex_unlock(&mutex);

    return watch;
}

void
hwv_next_hop_unwatch(struct hwv_next_hop_watch *watch)
{
    struct next_hop *nh;

    if (!watch) {
        return;
    }

    ovs_mutex_lock(&mutex);
    nh = watch->next_hop;
    ovs_list_remove(&watch->node);
    if (ovs_list_is_empty(&nh->watches)) {
        hmap_remove(&next_hops, &nh->node);
        free(nh);
    }
    ovs_mutex_unlock(&mutex);
    free(watch);
}

struct eth_addr
hwv_next_hop_mac(const struct hwv_next_hop_watch *watch)
{
    struct eth_addr mac;

    ovs_mutex_lock(&mutex);
    mac = watch->next_hop->mac;
    ovs_mutex_unlock(&mutex);
    return mac;
}

int
hwv_next_hop_set(const char *bridge, const struct in6_addr *ip,
                 struct eth_addr mac)
{
    struct next_hop *nh;
    int n;

    ovs_mutex_lock(&mutex);
    nh = next_hop_find(bridge, ip);
    n = nh ? next_hop_update(nh, mac) : 0;
    ovs_mutex_unlock(&mutex);
    return n;
}

void
hwv_next_hop_refresh(hwv_next_hop_lookup_cb *cb)
{
    struct next_hop *nh;

    ovs_mutex_lock(&mutex);
    HMAP_FOR_EACH (nh, node, &next_hops) {
        next_hop_refresh(nh, cb);
    }
    ovs_mutex_unlock(&mutex);
}

void
hwv_next_hop_refresh_one(const char *bridge, const struct in6_addr *ip,
                         hwv_next_hop_lookup_cb *cb)
{
    struct next_hop *nh;

    ovs_mutex_lock(&mutex);
    nh = next_hop_find(bridge, ip);
    if (nh) {
        next_hop_refresh(nh, cb);
    }
    ovs_mutex_unlock(&mutex);
}

bool
hwv_next_hop_differs(const struct in6_addr *ip, struct eth_addr mac)
{
    const struct next_hop *nh;
    bool differs = false;

    ovs_mutex_lock(&mutex);
    HMAP_FOR_EACH_WITH_HASH (nh, node, next_hop_hash(ip), &next_hops) {
        differs = differs || (ipv6_addr_equals(&nh->ip, ip)
                              && !eth_addr_equals(nh->mac, mac));
    }
    ovs_mutex_unlock(&mutex);
    return differs;
}

void
hwv_next_hop_confirm(const struct in6_addr *ip, struct eth_addr mac)
{
    struct next_hop *nh;

    ovs_mutex_lock(&mutex);
    HMAP_FOR_EACH_WITH_HASH (nh, node, next_hop_hash(ip), &next_hops) {
        if (ipv6_addr_equals(&nh->ip, ip) && eth_addr_equals(nh->mac, mac)) {
            nh->n_confirmed++;
        }
    }
    ovs_mutex_unlock(&mutex);
}

unsigned int
hwv_next_hop_n_confirmed(const struct hwv_next_hop_watch *watch)
{
    unsigned int n;

    ovs_mutex_lock(&mutex);
    n = watch->next_hop->n_confirmed;
    ovs_mutex_unlock(&mutex);
    return n;
}

static void
next_hop_refresh(struct next_hop *nh, hwv_next_hop_lookup_cb *cb)
{
    struct eth_addr mac;

    if (cb(nh->bridge, &nh->ip, &mac)) {
        next_hop_update(nh, mac);
    }
}

bool
hwv_next_hop_lookup(const char *bridge, const struct in6_addr *ip,
                    struct eth_addr *mac)
{
    char name[IFNAMSIZ] = "";

    ovs_strlcpy(name, bridge, sizeof name);
    return !tnl_neigh_lookup(name, ip, mac);
}

static struct next_hop *
next_hop_find(const char *bridge, const struct in6_addr *ip)
{
    struct next_hop *nh;

    HMAP_FOR_EACH_WITH_HASH (nh, node, next_hop_hash(ip), &next_hops) {
        if (!strcmp(nh->bridge, bridge) && ipv6_addr_equals(&nh->ip, ip)) {
            return nh;
        }
    }
    return NULL;
}

static int
next_hop_update(struct next_hop *nh, struct eth_addr mac)
{
    struct hwv_next_hop_watch *watch;
    int n = 0;

    if (eth_addr_equals(nh->mac, mac)) {
        return 0;
    }
    nh->mac = mac;
    LIST_FOR_EACH (watch, node, &nh->watches) {
        watch->cb(mac, watch->aux);
        n++;
    }
    return n;
}
