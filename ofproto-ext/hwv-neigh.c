/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-neigh.h"

#include "hwv-next-hop.h"
#include "netdev.h"
#include "ovs-thread.h"
#include "seq.h"

/* The state that was last acted upon, as hwv_neigh_seqno() says.  Main thread
 * only. */
static uint64_t last_seqno;

/* Changes after OVS has learned a neighbour.  OVS changes 'tnl_conf_seq'
 * just before that: who looks in between is not told again. */
static struct seq *
learned_seq(void)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;
    static struct seq *seq;

    if (ovsthread_once_start(&once)) {
        seq = seq_create();
        ovsthread_once_done(&once);
    }
    return seq;
}

void
hwv_neigh_learned(const char *bridge, const struct in6_addr *ip)
{
    hwv_next_hop_refresh_one(bridge, ip, hwv_next_hop_lookup);
    seq_change(learned_seq());
}

/* 'tnl_conf_seq' exists once OVS has its configuration.  Neither number ever
 * gets smaller, so the sum does not stay if one of them changes. */
uint64_t
hwv_neigh_seqno(void)
{
    return (seq_read(learned_seq())
            + (tnl_conf_seq ? seq_read(tnl_conf_seq) : 0));
}

void
hwv_neigh_seqno_wait(uint64_t seqno)
{
    uint64_t learned = seq_read(learned_seq());

    seq_wait(learned_seq(), learned);
    if (tnl_conf_seq) {
        seq_wait(tnl_conf_seq, seqno - learned);
    }
}

void
hwv_neigh_run(void)
{
    uint64_t seqno = hwv_neigh_seqno();

    if (seqno != last_seqno) {
        last_seqno = seqno;
        hwv_next_hop_refresh(hwv_next_hop_lookup);
    }
}

void
hwv_neigh_wait(void)
{
    hwv_neigh_seqno_wait(last_seqno);
}
