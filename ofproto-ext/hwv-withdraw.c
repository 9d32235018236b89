/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-withdraw.h"

#include "hwv-nic.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "packets.h"
#include "timeval.h"
#include "util.h"

/* A VTEP that is blocked. */
struct withdrawn {
    struct ovs_list node;       /* In 'all_withdrawn'. */
    struct in6_addr vtep;
    long long int until;        /* msec. */
};

/* In the order in which they end. */
static struct ovs_list all_withdrawn = OVS_LIST_INITIALIZER(&all_withdrawn);

static void withdrawn_end(struct withdrawn *);

void
hwv_withdraw(const struct in6_addr *vtep)
{
    struct withdrawn *w;

    hwv_withdraw_end(vtep);
    if (!hwv_nic_block_vtep(vtep, true)) {
        return;
    }
    w = xmalloc(sizeof *w);
    w->vtep = *vtep;
    w->until = time_msec() + HWV_WITHDRAW_TIME;
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

    LIST_FOR_EACH_SAFE (w, next, node, &all_withdrawn) {
        if (time_msec() < w->until) {
            break;
        }
        withdrawn_end(w);
    }
}

void
hwv_withdraw_wait(void)
{
    if (!ovs_list_is_empty(&all_withdrawn)) {
        poll_timer_wait_until(CONTAINER_OF(ovs_list_front(&all_withdrawn),
                                           struct withdrawn, node)->until);
    }
}

static void
withdrawn_end(struct withdrawn *w)
{
    hwv_nic_block_vtep(&w->vtep, false);
    ovs_list_remove(&w->node);
    free(w);
}
