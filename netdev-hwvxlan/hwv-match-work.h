/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_MATCH_WORK_H
#define HWV_MATCH_WORK_H 1

/* Match compiler, common part
 * ===========================
 *
 * The compiler keeps a working copy of the mask.  Each function of it looks at
 * one layer and takes out of the copy what it has dealt with; whatever is left
 * in the end is a field that nobody has dealt with, and the flow is refused.
 *
 * A field is dealt with in one of three ways:
 *
 *   - expressed: the NIC's tables compare it (a MAC, the VNI, ...).
 *   - implied: it is zero in every packet that the NIC looks up, and the flow
 *     accepts zero there.  What OVS's datapath compares is what
 *     miniflow_extract() makes of a packet and its metadata, so "zero" means
 *     zero there; each function says why it is.
 *   - refused.
 *
 * A function that returns a reason may leave the working copy half done.
 *
 * Used by hwv-match.c and hwv-match-outer.c only.  Pure functions, safe from
 * any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hwv-reject.h"
#include "openvswitch/match.h"

struct hwv_work {
    const struct flow *flow;    /* Bits outside of the mask are arbitrary. */
    struct flow_wildcards wc;   /* What nobody has dealt with yet. */
};

/* How much of a field a mask covers. */
enum hwv_coverage {
    HWV_IGNORED,
    HWV_PARTIAL,
    HWV_EXACT,
};

/* Starts with 'match', and returns HWV_REJECT_MATCH_OTHER in the end if
 * anything of it is left. */
void hwv_work_init(struct hwv_work *work, const struct match *match);
enum hwv_reject hwv_work_finish(const struct hwv_work *work);

/* Takes out 'FIELD' of 'struct flow' and returns what the mask covered. */
#define HWV_TAKE(WORK, FIELD) \
    hwv_take__(&(WORK)->wc.masks.FIELD, sizeof (WORK)->wc.masks.FIELD)

/* Takes out 'FIELD' of 'struct flow' and returns true if packets match that
 * have only zeros there. */
#define HWV_TAKE_ZERO(WORK, FIELD) \
    hwv_take_zero__(&(WORK)->flow->FIELD, &(WORK)->wc.masks.FIELD, \
                    sizeof (WORK)->wc.masks.FIELD)

enum hwv_coverage hwv_take__(void *mask, size_t n);
bool hwv_take_zero__(const void *value, void *mask, size_t n);

/* Metadata of a packet that was just received or decapsulated. */
enum hwv_reject hwv_take_metadata(struct hwv_work *work);

/* The tunnel metadata of a packet that was not decapsulated. */
enum hwv_reject hwv_take_no_tunnel(struct hwv_work *work);

/* No VLAN tag. */
enum hwv_reject hwv_take_no_tag(struct hwv_work *work);

/* One VLAN tag of type 0x8100, its priority and VLAN id exact.  Stores both
 * into '*tci', in host byte order and with DEI 0. */
enum hwv_reject hwv_take_tag(struct hwv_work *work, uint16_t *tci);

/* The headers between the MACs, or VLAN tag, and IP: IPv4 or IPv6.  Always
 * sets '*ipv6'. */
enum hwv_reject hwv_take_ethernet(struct hwv_work *work, bool *ipv6);

/* MACs, each exact or ignored.  Stores HWV_CLASS_DMAC and HWV_CLASS_SMAC into
 * '*shape' for those that are matched, zeros into those that are not. */
enum hwv_reject hwv_take_macs(struct hwv_work *work, struct eth_addr *dmac,
                              struct eth_addr *smac, uint8_t *shape);

/* The fragment kind, exact, as FLOW_NW_FRAG_*. */
enum hwv_reject hwv_take_frag(struct hwv_work *work, uint8_t *frag);

/* The IP header that is not there: IPv4 if 'ipv6', otherwise IPv6. */
bool hwv_take_other_ip(struct hwv_work *work, bool ipv6);

#endif /* hwv-match-work.h */
