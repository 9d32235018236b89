/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-neigh.h"

#include "hwv-next-hop.h"
#include "netdev.h"
#include "seq.h"

/* The value of 'tnl_conf_seq', which OVS changes along with the neighbour
 * cache, that was last acted upon.  Main thread only. */
static uint64_t last_seqno;

void
hwv_neigh_learned(const char *bridge, const struct in6_addr *ip)
{
    hwv_next_hop_refresh_one(bridge, ip, hwv_next_hop_lookup);
}

/* 'tnl_conf_seq' exists once OVS has its configuration. */

void
hwv_neigh_run(void)
{
    if (tnl_conf_seq) {
        uint64_t seqno = seq_read(tnl_conf_seq);

        if (seqno != last_seqno) {
            last_seqno = seqno;
            hwv_next_hop_refresh(hwv_next_hop_lookup);
        }
    }
}

void
hwv_neigh_wait(void)
{
    if (tnl_conf_seq) {
        seq_wait(tnl_conf_seq, last_seqno);
    }
}
