/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-withdraw.h"

#include "hwv-blocked-vteps.h"
#include "ofproto/ofproto-dpif.h"
#include "ofproto/ofproto-dpif-upcall.h"
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
    struct in6_addr vtep;
    long long int until;        /* msec. */
    int n_rounds;               /* Of revalidation that have ended since. */
};

/* In the order in which they end. */
static struct ovs_list all_withdrawn = OVS_LIST_INITIALIZER(&all_withdrawn);

/* Changes with each round of revalidation that ends, see rounds(). */
static uint64_t last_rounds;

static uint64_t rounds(void);
static bool is_over(const struct withdrawn *);
static void withdrawn_end(struct withdrawn *);

void
hwv_withdraw(const struct in6_addr *vtep)
{
    struct withdrawn *w;

    hwv_withdraw_end(vtep);
    hwv_block_vtep(vtep, true);
    if (ovs_list_is_empty(&all_withdrawn)) {
        last_rounds = rounds();
    }
    w = xmalloc(sizeof *w);
    w->vtep = *vtep;
    w->until = time_msec() + HWV_WITHDRAW_TIME;
    w->n_rounds = 0;
    ovs_list_push_back(&all_withdrawn, &w->node);
}

void
hwv_withdraw_end(const struct in6_addr *vtep)
{
    struct withdrawn *w, *next;

    LIST_FOR_EACH_SAFE (w, next, node, &all_withdrawn) {
        if (ipv6_addr_equals(&w->vtep, vtep)) {
            withdrawn_end(w);
        }
    }
}

void
hwv_withdraw_run(void)
{
    struct withdrawn *w, *next;
    uint64_t now;

    if (ovs_list_is_empty(&all_withdrawn)) {
        return;
    }
    now = rounds();
    if (now != last_rounds) {
        last_rounds = now;
        LIST_FOR_EACH (w, node, &all_withdrawn) {
            w->n_rounds++;
        }
    }
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
    } else if (rounds() != last_rounds) {
        poll_immediate_wake();
    }
}

/* OVS changes a datapath's 'dump_seq' when it has looked at all its flows. */
static uint64_t
rounds(void)
{
    const struct shash_node *node;
    uint64_t sum = 0;

    SHASH_FOR_EACH (node, &all_dpif_backers) {
        const struct dpif_backer *backer = node->data;

        sum += seq_read(udpif_dump_seq(backer->udpif));
    }
    return sum;
}

/* Without a datapath there is nobody to wait for. */
static bool
is_over(const struct withdrawn *w)
{
    return (time_msec() >= w->until
            && (w->n_rounds >= HWV_WITHDRAW_ROUNDS
                || shash_is_empty(&all_dpif_backers)));
}

static void
withdrawn_end(struct withdrawn *w)
{
    hwv_block_vtep(&w->vtep, false);
    ovs_list_remove(&w->node);
    free(w);
}
