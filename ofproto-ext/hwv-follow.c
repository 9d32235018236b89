/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-follow.h"

#include <limits.h>
#include <netinet/icmp6.h>

#include "coverage.h"
#include "dp-packet.h"
#include "flow.h"
#include "hash.h"
#include "hwv-announce.h"
#include "hwv-next-hop.h"
#include "hwv-route.h"
#include "hwv-solicit.h"
#include "ofproto/ofproto-dpif.h"
#include "ofproto/ofproto-dpif-xlate.h"
#include "ofproto/ofproto-provider.h"
#include "openvswitch/hmap.h"
#include "openvswitch/poll-loop.h"
#include "ovs-thread.h"
#include "seq.h"
#include "timeval.h"
#include "util.h"

COVERAGE_DEFINE(hwv_follow_learn);      /* Frames translated once more. */
COVERAGE_DEFINE(hwv_follow_verify);     /* Addresses asked for. */

struct claim {
    struct hmap_node node;      /* In 'claims', by 'ip'. */
    struct in6_addr ip;
    struct eth_addr mac;        /* The latest that was claimed. */
    bool waiting;               /* For the main thread to do something. */
    struct dp_packet *packet;   /* What OVS may learn from, if 'waiting';
                                 * NULL: the address must be asked for. */
    char port[IFNAMSIZ];        /* Where 'packet' came in. */
    long long int ask_at;       /* msec: not to be asked for before that. */
};

static struct ovs_mutex mutex = OVS_MUTEX_INITIALIZER;
static struct hmap claims OVS_GUARDED_BY(mutex) = HMAP_INITIALIZER(&claims);

/* Changes when there is a claim. */
static struct seq *claim_seq;

/* Main thread only. */
static uint64_t last_seqno;
static long long int next_run = LLONG_MAX;  /* msec. */

static hwv_announce_cb look_at;
static void claim_make(const struct in6_addr *, struct eth_addr,
                       const char *port, const struct dp_packet *);
static struct claim *claim_add(const struct in6_addr *) OVS_REQUIRES(mutex);
static struct claim *claim_find(const struct in6_addr *)
    OVS_REQUIRES(mutex);
static bool claim_take(struct claim *, long long int now)
    OVS_REQUIRES(mutex);
static void act_on(const struct claim *);
static void learn_from(const char *port, struct dp_packet *);

void
hwv_follow_register(void)
{
    claim_seq = seq_create();
    hwv_announce_set_cb(look_at);
}

void
hwv_follow_suspect(const struct in6_addr *ip, struct eth_addr mac)
{
    claim_make(ip, mac, NULL, NULL);
}

void
hwv_follow_run(void)
{
    uint64_t seqno = seq_read(claim_seq);
    long long int now = time_msec();
    struct claim *claim, *next;
    struct claim *taken = NULL;
    size_t n = 0;

    if (seqno == last_seqno && now < next_run) {
        return;
    }
    last_seqno = seqno;
    next_run = LLONG_MAX;

    ovs_mutex_lock(&mutex);
    taken = xmalloc(hmap_count(&claims) * sizeof *taken);
    HMAP_FOR_EACH_SAFE (claim, next, node, &claims) {
        if (claim->waiting && claim_take(claim, now)) {
            taken[n++] = *claim;
            claim->packet = NULL;
        }
        if (claim->waiting || claim->ask_at > now) {
            next_run = MIN(next_run, claim->ask_at);
        } else {
            hmap_remove(&claims, &claim->node);
            free(claim);
        }
    }
    ovs_mutex_unlock(&mutex);

    for (size_t i = 0; i < n; i++) {
        act_on(&taken[i]);
    }
    free(taken);
}

void
hwv_follow_wait(void)
{
    seq_wait(claim_seq, last_seqno);
    poll_timer_wait_until(next_run);
}

/* Stores what 'flow', ARP or ND, claims into '*ip' and '*mac', and in '*learn'
 * whether OVS learns from it.  Returns false if it claims nothing. */
static bool
parse_claim(const struct flow *flow, struct in6_addr *ip, struct eth_addr *mac,
            bool *learn)
{
    if (flow->dl_type == htons(ETH_TYPE_ARP)) {
        in6_addr_set_mapped_ipv4(ip, flow->nw_src);
        *mac = flow->arp_sha;
        *learn = (flow->nw_proto == ARP_OP_REPLY
                  || flow->nw_src == flow->nw_dst);
        return flow->nw_src != 0 && !eth_addr_is_zero(*mac);
    }
    if (!is_nd(flow, NULL)) {
        return false;
    }
    if (flow->tp_src == htons(ND_NEIGHBOR_ADVERT)) {
        *ip = flow->nd_target;
        *learn = !eth_addr_is_zero(flow->arp_tha);
        *mac = *learn ? flow->arp_tha : flow->dl_src;
    } else {
        *ip = flow->ipv6_src;
        *learn = false;
        *mac = (eth_addr_is_zero(flow->arp_sha) ? flow->dl_src
                : flow->arp_sha);
    }
    return ipv6_addr_is_set(ip);
}

static void
look_at(const char *port, const struct dp_packet *packet)
{
    struct dp_packet *copy = dp_packet_clone_data(dp_packet_data(packet),
                                                  dp_packet_size(packet));
    struct in6_addr ip;
    struct eth_addr mac;
    struct flow flow;
    bool learn;

    flow_extract(copy, &flow);
    if (parse_claim(&flow, &ip, &mac, &learn)) {
        hwv_next_hop_confirm(&ip, mac);
        claim_make(&ip, mac, port, learn ? packet : NULL);
    }
    dp_packet_delete(copy);
}

/* What differs from the latest claim is news, else what differs from what we
 * know: a MAC that is claimed again, after another that we have yet to look
 * at, is the one that counts. */
static void
claim_make(const struct in6_addr *ip, struct eth_addr mac, const char *port,
           const struct dp_packet *packet)
{
    struct claim *claim;

    ovs_mutex_lock(&mutex);
    claim = claim_find(ip);
    if (claim && claim->waiting ? eth_addr_equals(claim->mac, mac)
        : !hwv_next_hop_differs(ip, mac)) {
        ovs_mutex_unlock(&mutex);
        return;
    }

    if (!claim) {
        claim = claim_add(ip);
    }
    claim->mac = mac;
    claim->waiting = true;
    dp_packet_delete(claim->packet);
    claim->packet = NULL;
    if (packet) {
        claim->packet = dp_packet_clone_data(dp_packet_data(packet),
                                             dp_packet_size(packet));
        ovs_strlcpy(claim->port, port, sizeof claim->port);
    }
    ovs_mutex_unlock(&mutex);
    seq_change(claim_seq);
}

/* OVS learned nothing from what 'old' had: asks, if no other claim came. */
static void
claim_again(const struct claim *old)
{
    struct claim *claim;

    ovs_mutex_lock(&mutex);
    claim = claim_find(&old->ip);
    if (!claim) {
        claim = claim_add(&old->ip);
        claim->ask_at = old->ask_at;
    }
    if (!claim->waiting) {
        claim->mac = old->mac;
        claim->waiting = true;
    }
    ovs_mutex_unlock(&mutex);
    seq_change(claim_seq);
}

static struct claim *
claim_add(const struct in6_addr *ip)
{
    struct claim *claim = xzalloc(sizeof *claim);

    claim->ip = *ip;
    hmap_insert(&claims, &claim->node, hash_bytes(ip, sizeof *ip, 0));
    return claim;
}

static struct claim *
claim_find(const struct in6_addr *ip)
{
    struct claim *claim;

    HMAP_FOR_EACH_WITH_HASH (claim, node, hash_bytes(ip, sizeof *ip, 0),
                             &claims) {
        if (ipv6_addr_equals(&claim->ip, ip)) {
            return claim;
        }
    }
    return NULL;
}

/* Is it time to act on 'claim'?  If so, it waits no longer. */
static bool
claim_take(struct claim *claim, long long int now)
{
    if (!claim->packet) {
        if (claim->ask_at > now) {
            return false;
        }
        claim->ask_at = now + HWV_FOLLOW_PAUSE;
    }
    claim->waiting = false;
    return true;
}

static void
act_on(const struct claim *claim)
{
    struct hwv_route route;

    if (claim->packet) {
        COVERAGE_INC(hwv_follow_learn);
        learn_from(claim->port, claim->packet);
        dp_packet_delete(claim->packet);
        if (hwv_next_hop_differs(&claim->ip, claim->mac)) {
            claim_again(claim);
        }
    } else if (!hwv_route_lookup(&claim->ip, &route)) {
        COVERAGE_INC(hwv_follow_verify);
        hwv_solicit(route.dev, &claim->ip, eth_addr_zero);
    }
}

/* Translates 'packet' as if it had come up from the datapath.  The actions are
 * for nobody: the packet itself has gone its way. */
static void
learn_from(const char *port, struct dp_packet *packet)
{
    uint64_t odp_actions_stub[1024 / 8];
    struct ofpbuf odp_actions = OFPBUF_STUB_INITIALIZER(odp_actions_stub);
    const struct ofport *ofport = hwv_route_find_port(port);
    struct ofproto_dpif *ofproto;
    struct xlate_out xout;
    struct xlate_in xin;
    struct flow flow;

    ofproto = (ofport ? ofproto_dpif_lookup_by_name(ofport->ofproto->name)
               : NULL);
    if (!ofproto) {
        return;
    }
    flow_extract(packet, &flow);
    flow.in_port.ofp_port = ofport->ofp_port;
    xlate_in_init(&xin, ofproto, ofproto_dpif_get_tables_version(ofproto),
                  &flow, flow.in_port.ofp_port, NULL, 0, packet, NULL,
                  &odp_actions);
    xlate_actions(&xin, &xout);
    xlate_out_uninit(&xout);
    ofpbuf_uninit(&odp_actions);
}
