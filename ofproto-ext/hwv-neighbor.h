/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_NEIGHBOR_H
#define HWV_NEIGHBOR_H 1

/* Next hops that we resolve ourselves
 * ===================================
 *
 * OVS asks for a neighbour only when a packet needs one, once, and the flow
 * that it installs for lack of an answer stays as long as packets use it.  So
 * who needs a next hop refers to it here, and it is asked for as soon as that
 * and again and again, whatever the packets do: at once, after 1/4 s, and then
 * each time after twice as long, up to every 30 s, until OVS's neighbour cache
 * has it.  While it does, its entry is kept from expiring; if it is lost all
 * the same (tnl/neigh/flush), asking starts over at once.
 *
 * A neighbour that has not been heard of for half a minute is asked whether it
 * is still there, by unicast as RFC 4861 does (7.3.3), three times and a
 * second apart; then anybody is asked where it is, as above, and it counts as
 * silent.  Packets go on to its last MAC: it may be deaf to ARP only.
 *
 * What OVS's neighbour cache says counts, wherever it got it from.  If it is
 * what the kernel only remembers (hwv-neigh-kernel.h), the neighbour is used,
 * and asked at once whether it is still there.
 *
 * Main thread only. */

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "packets.h"

struct hwv_next_hop_watch;

struct hwv_neighbor {
    struct hmap_node node;      /* In all neighbours. */
    char bridge[IFNAMSIZ];      /* By which OVS's cache calls it. */
    char dev[IFNAMSIZ];         /* The port that asks. */
    struct in6_addr ip;         /* IPv4 as IPv4-mapped. */
    unsigned int n_refs;
    struct ovs_list users;      /* For those who refer to it. */
    struct hwv_next_hop_watch *watch; /* So that claims are followed. */

    bool known;
    struct eth_addr mac;        /* If 'known'. */
    uint64_t n_requests;        /* Sent, ever. */
    unsigned int n_confirmed;   /* As of the last look. */
    unsigned int n_unanswered;  /* Requests since it was heard of. */
    long long int next_request; /* msec. */
};

/* Requests without an answer after which a neighbour counts as unreachable,
 * or silent.  The fourth is sent 1 3/4 s after the first, or 3 s if it is
 * asked whether it is still there. */
#define HWV_NEIGHBOR_PATIENCE 4

/* Those after which nobody waits for it any more: the sixth is sent 7 3/4 s
 * after the first. */
#define HWV_NEIGHBOR_LOST 6

/* Refers to neighbour 'ip' on 'bridge', that 'dev' asks for.  It may be
 * known right away. */
struct hwv_neighbor *hwv_neighbor_ref(const char *bridge, const char *dev,
                                      const struct in6_addr *ip);

/* Ends that.  'neighbor' may be NULL. */
void hwv_neighbor_unref(struct hwv_neighbor *neighbor);

/* Has it been asked for often enough, in vain? */
static inline bool
hwv_neighbor_gave_up(const struct hwv_neighbor *neighbor)
{
    return neighbor->n_unanswered >= HWV_NEIGHBOR_PATIENCE;
}

/* Is it not known where it is, and no use to wait for it? */
static inline bool
hwv_neighbor_is_lost(const struct hwv_neighbor *neighbor)
{
    return !neighbor->known && neighbor->n_unanswered >= HWV_NEIGHBOR_LOST;
}

/* Main loop: looks at OVS's cache, and asks.  Calls 'changed' for each
 * neighbour that became known or unknown, that was given up, got lost, or is
 * there again, or that has another MAC. */
void hwv_neighbor_run(void (*changed)(struct hwv_neighbor *));
void hwv_neighbor_wait(void);

#endif /* hwv-neighbor.h */
