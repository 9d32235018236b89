/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-neigh.h"

#include "coverage.h"
#include "hwv-follow.h"
#include "hwv-learning.h"
#include "hwv-next-hop.h"
#include "hwv-nic.h"
#include "netdev.h"
#include "ovs-thread.h"
#include "seq.h"

/* Outer headers that were not learned from. */
COVERAGE_DEFINE(hwv_neigh_not_learned);

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

/* Looking up keeps an entry from expiring, as learning it once more does. */
bool
hwv_neigh_may_learn(const char *bridge, const struct in6_addr *ip,
                    struct eth_addr mac)
{
    struct eth_addr known;

    if (hwv_next_hop_lookup(bridge, ip, &known)
        && eth_addr_equals(known, mac)) {
        return false;
    }
    if (hwv_learning_allowed()) {
        return true;
    }
    COVERAGE_INC(hwv_neigh_not_learned);
    hwv_follow_suspect(ip, mac);
    return false;
}

void
hwv_neigh_learned(const char *bridge, const struct in6_addr *ip)
{
    struct eth_addr mac;

    hwv_next_hop_refresh_one(bridge, ip, hwv_next_hop_lookup);
    if (hwv_next_hop_lookup(bridge, ip, &mac)) {
        hwv_next_hop_confirm(ip, mac);
    }
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
        hwv_nic_follow_routes();
    }
}

void
hwv_neigh_wait(void)
{
    hwv_neigh_seqno_wait(last_seqno);
}
