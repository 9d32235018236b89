/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-withdraw.h"

#include "hash.h"
#include "hwv-blocked-vteps.h"
#include "ofproto/ofproto-dpif.h"
#include "ofproto/ofproto-dpif-upcall.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "packets.h"
#include "seq.h"
#include "timeval.h"
#include "util.h"

/* A VTEP that is blocked. */
struct withdrawn {
    struct ovs_list node;       /* In 'all_withdrawn'. */
    struct hmap_node ip_node;   /* In 'withdrawn_by_ip'. */
    struct in6_addr vtep;
    long long int until;        /* msec. */
    uint64_t until_round;       /* And until 'n_rounds' is this. */
};

/* In the order in which they end. */
static struct ovs_list all_withdrawn = OVS_LIST_INITIALIZER(&all_withdrawn);
static struct hmap withdrawn_by_ip = HMAP_INITIALIZER(&withdrawn_by_ip);

/* Rounds of revalidation whose end was seen, and what tells of the next. */
static uint64_t n_rounds;
static uint64_t last_seq;

static uint64_t dump_seq(void);
static void count_rounds(void);
static bool is_over(const struct withdrawn *);
static void withdrawn_end(struct withdrawn *);

static uint32_t
ip_hash(const struct in6_addr *ip)
{
    return hash_bytes(ip, sizeof *ip, 0);
}

void
hwv_withdraw(const struct in6_addr *vtep)
{
    struct withdrawn *w;

    hwv_withdraw_end(vtep);
    hwv_block_vtep(vtep, true);
    count_rounds();
    w = xmalloc(sizeof *w);
    w->vtep = *vtep;
    w->until = time_msec() + HWV_WITHDRAW_TIME;
    w->until_round = n_rounds + HWV_WITHDRAW_ROUNDS;
    ovs_list_push_back(&all_withdrawn, &w->node);
    hmap_insert(&withdrawn_by_ip, &w->ip_node, ip_hash(vtep));
}

void
hwv_withdraw_end(const struct in6_addr *vtep)
{
    struct withdrawn *w;

    HMAP_FOR_EACH_WITH_HASH (w, ip_node, ip_hash(vtep), &withdrawn_by_ip) {
        if (ipv6_addr_equals(&w->vtep, vtep)) {
            withdrawn_end(w);
            return;
        }
    }
}

void
hwv_withdraw_run(void)
{
    struct withdrawn *w, *next;

    if (ovs_list_is_empty(&all_withdrawn)) {
        return;
    }
    count_rounds();
    LIST_FOR_EACH_SAFE (w, next, node, &all_withdrawn) {
        if (!is_over(w)) {
            break;
        }
        withdrawn_end(w);
    }
}

/* OVS itself wakes up when a round of revalidation ends. */
void
hwv_withdraw_wait(void)
{
    const struct withdrawn *w;

    if (ovs_list_is_empty(&all_withdrawn)) {
        return;
    }
    w = CONTAINER_OF(ovs_list_front(&all_withdrawn), struct withdrawn, node);
    if (time_msec() < w->until) {
        poll_timer_wait_until(w->until);
    } else if (dump_seq() != last_seq) {
        poll_immediate_wake();
    }
}

/* Changes when OVS has looked at all flows of a datapath. */
static uint64_t
dump_seq(void)
{
    const struct shash_node *node;
    uint64_t sum = 0;

    SHASH_FOR_EACH (node, &all_dpif_backers) {
        const struct dpif_backer *backer = node->data;

        sum += seq_read(udpif_dump_seq(backer->udpif));
    }
    return sum;
}

static void
count_rounds(void)
{
    uint64_t seq = dump_seq();

    if (seq != last_seq) {
        last_seq = seq;
        n_rounds++;
    }
}

/* Without a datapath there is nobody to wait for. */
static bool
is_over(const struct withdrawn *w)
{
    return (time_msec() >= w->until
            && (n_rounds >= w->until_round
                || shash_is_empty(&all_dpif_backers)));
}

static void
withdrawn_end(struct withdrawn *w)
{
    hwv_block_vtep(&w->vtep, false);
    ovs_list_remove(&w->node);
    hmap_remove(&withdrawn_by_ip, &w->ip_node);
    free(w);
}
