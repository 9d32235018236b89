/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-stats.h"

#include "dpif.h"
#include "hash.h"
#include "hwv-flow.h"
#include "odp-util.h"
#include "openvswitch/hmap.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_stats);

/* A copy of one of our flows in the datapath. */
struct hwv_owner {
    struct hmap_node node;      /* In 'owners'. */
    struct ovs_list flow_node;  /* In 'flow->owners'. */
    struct hwv_flow *flow;
    ovs_u128 ufid;
    unsigned int pmd_id;
    uint64_t packets;           /* Handed out to this owner so far. */
    uint64_t bytes;
};

static struct hmap owners OVS_GUARDED_BY(hwv_control_mutex)
    = HMAP_INITIALIZER(&owners);

/* The most flows that dpif-netdev dumps at once. */
#define MAX_RECORD 64

/* A flow of ours that was suspended when OVS was seen to have it. */
struct suspended {
    bool found;
    ovs_u128 ufid;
    uint64_t n_suspensions;
    struct hwv_flow_put put;            /* What a dump does not tell. */
};

/* What dpif-netdev asked for since hwv_stats_record_start(). */
struct record {
    bool active;
    size_t n;                           /* Flows asked for. */
    struct {
        bool ours;
        ovs_u128 ufid;                  /* If 'ours'. */
    } flows[MAX_RECORD];
};
DEFINE_STATIC_PER_THREAD_DATA(struct record, record, { .active = false });

static struct hwv_owner *owner_find(const ovs_u128 *ufid, unsigned int pmd_id)
    OVS_REQUIRES(hwv_control_mutex);
static struct hwv_owner *owner_get(struct hwv_flow *, const ovs_u128 *ufid,
                                   unsigned int pmd_id)
    OVS_REQUIRES(hwv_control_mutex);
static void owner_destroy(struct hwv_owner *)
    OVS_REQUIRES(hwv_control_mutex);
static void owner_settle(struct hwv_owner *, struct dpif_flow_stats *)
    OVS_REQUIRES(hwv_control_mutex);
static void flow_verify(struct dpif *, const struct dpif_flow *,
                        const struct suspended *);

void
hwv_stats_record_start(void)
{
    struct record *r = record_get();

    r->active = true;
    r->n = 0;
}

void
hwv_stats_record_stop(void)
{
    record_get()->active = false;
}

void
hwv_stats_record_next(void)
{
    struct record *r = record_get();

    if (r->active && r->n < MAX_RECORD) {
        r->flows[r->n++].ours = false;
    }
}

void
hwv_stats_record_flow(const ovs_u128 *ufid)
{
    struct record *r = record_get();

    if (r->active && r->n) {
        r->flows[r->n - 1].ours = true;
        r->flows[r->n - 1].ufid = *ufid;
    }
}

/* Notes in '*suspended' whether 'flow', which may be NULL, is. */
static void
note_suspended(const struct hwv_flow *flow, struct suspended *suspended)
    OVS_REQUIRES(hwv_control_mutex)
{
    suspended->found = flow && flow->unverified;
    if (suspended->found) {
        suspended->ufid = flow->ufid;
        suspended->n_suspensions = flow->n_suspensions;
        suspended->put = (struct hwv_flow_put) {
            .netdev = flow->netdev,
            .dpif_type = flow->dpif_type,
            .kind = flow->kind,
            .orig_in_port = flow->orig_in_port,
        };
    }
}

void
hwv_stats_settle_dump(struct dpif *dpif, struct dpif_flow *flows, size_t n)
{
    const struct record *r = record_get();
    struct suspended suspended[MAX_RECORD];

    ovs_mutex_lock(&hwv_control_mutex);
    for (size_t i = 0; i < n; i++) {
        const ovs_u128 *ufid = &flows[i].ufid;
        struct hwv_owner *owner = owner_find(ufid, flows[i].pmd_id);
        struct hwv_flow *flow = NULL;

        if (i < r->n && r->flows[i].ours) {
            flow = hwv_flow_find(&r->flows[i].ufid);
            if (flow) {
                owner = owner_get(flow, ufid, flows[i].pmd_id);
            }
        }
        if (i < MAX_RECORD) {
            note_suspended(flow, &suspended[i]);
        }
        if (owner) {
            owner_settle(owner, &flows[i].stats);
        }
    }
    ovs_mutex_unlock(&hwv_control_mutex);

    for (size_t i = 0; i < MIN(n, MAX_RECORD); i++) {
        if (suspended[i].found) {
            flow_verify(dpif, &flows[i], &suspended[i]);
        }
    }
}

/* Returns the ufid and PMD that 'op' names, or NULL if it is none of ours. */
static const ovs_u128 *
op_ufid(const struct dpif_op *op, unsigned int *pmd_id)
{
    switch (op->type) {
    case DPIF_OP_FLOW_PUT:
        *pmd_id = op->flow_put.pmd_id;
        return op->flow_put.ufid;
    case DPIF_OP_FLOW_DEL:
        *pmd_id = op->flow_del.pmd_id;
        return op->flow_del.ufid;
    case DPIF_OP_FLOW_GET:
        *pmd_id = op->flow_get.pmd_id;
        return op->flow_get.ufid;
    case DPIF_OP_EXECUTE:
    default:
        return NULL;
    }
}

static struct dpif_flow_stats *
op_stats(const struct dpif_op *op)
{
    switch (op->type) {
    case DPIF_OP_FLOW_PUT:
        return op->flow_put.stats;
    case DPIF_OP_FLOW_DEL:
        return op->flow_del.stats;
    case DPIF_OP_FLOW_GET:
        return &op->flow_get.flow->stats;
    case DPIF_OP_EXECUTE:
    default:
        return NULL;
    }
}

void
hwv_stats_prepare_op(const struct dpif_op *op)
{
    unsigned int pmd_id;
    const ovs_u128 *ufid = op_ufid(op, &pmd_id);
    struct hwv_owner *owner;
    struct hwv_flow *flow;

    if (!ufid || op->type == DPIF_OP_FLOW_GET
        || (op->type == DPIF_OP_FLOW_PUT
            && !(op->flow_put.flags & DPIF_FP_MODIFY))) {
        return;
    }

    ovs_mutex_lock(&hwv_control_mutex);
    owner = owner_find(ufid, pmd_id);
    flow = owner ? owner->flow : hwv_flow_find_put(ufid);
    if (flow && !(op->type == DPIF_OP_FLOW_PUT
                  && hwv_flow_does(flow, op->flow_put.actions,
                                   op->flow_put.actions_len))) {
        hwv_flow_suspend(flow);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

static void
owner_settle_op(struct hwv_owner *owner, const struct dpif_op *op)
    OVS_REQUIRES(hwv_control_mutex)
{
    struct dpif_flow_stats *stats = op_stats(op);

    if (stats) {
        owner_settle(owner, stats);
    }
    if (op->type == DPIF_OP_FLOW_DEL) {
        owner_destroy(owner);
    }
}

void
hwv_stats_settle_op(const struct dpif_op *op)
{
    const struct record *r = record_get();
    unsigned int pmd_id;
    const ovs_u128 *ufid = op_ufid(op, &pmd_id);
    struct hwv_owner *owner;

    if (!ufid || op->error) {
        return;
    }

    ovs_mutex_lock(&hwv_control_mutex);
    if (r->n && r->flows[0].ours && pmd_id != PMD_ID_NULL) {
        struct hwv_flow *flow = hwv_flow_find(&r->flows[0].ufid);

        if (flow) {
            owner_get(flow, ufid, pmd_id);
        }
    }

    if (pmd_id != PMD_ID_NULL) {
        owner = owner_find(ufid, pmd_id);
        if (owner) {
            owner_settle_op(owner, op);
        }
    } else {
        /* All copies are meant. */
        HMAP_FOR_EACH_SAFE (owner, node, &owners) {
            if (ovs_u128_equals(owner->ufid, *ufid)) {
                owner_settle_op(owner, op);
            }
        }
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_stats_forget(struct hwv_flow *flow)
{
    struct hwv_owner *owner;

    LIST_FOR_EACH_SAFE (owner, flow_node, &flow->owners) {
        owner_destroy(owner);
    }
}

static struct hwv_owner *
owner_find(const ovs_u128 *ufid, unsigned int pmd_id)
{
    struct hwv_owner *owner;

    HMAP_FOR_EACH_WITH_HASH (owner, node, ufid->u32[0], &owners) {
        if (ovs_u128_equals(owner->ufid, *ufid) && owner->pmd_id == pmd_id) {
            return owner;
        }
    }
    return NULL;
}

/* Finds or adds the owner (ufid, pmd_id) and makes it one of 'flow'. */
static struct hwv_owner *
owner_get(struct hwv_flow *flow, const ovs_u128 *ufid, unsigned int pmd_id)
{
    struct hwv_owner *owner = owner_find(ufid, pmd_id);

    if (owner && owner->flow != flow) {
        /* OVS has replaced the flow by one with another match. */
        owner_destroy(owner);
        owner = NULL;
    }
    if (!owner) {
        owner = xzalloc(sizeof *owner);
        owner->flow = flow;
        owner->ufid = *ufid;
        owner->pmd_id = pmd_id;
        hmap_insert(&owners, &owner->node, ufid->u32[0]);
        ovs_list_push_back(&flow->owners, &owner->flow_node);
    }
    return owner;
}

static void
owner_destroy(struct hwv_owner *owner)
{
    hmap_remove(&owners, &owner->node);
    ovs_list_remove(&owner->flow_node);
    free(owner);
}

/* Hands what the NIC has counted and nobody has got yet to 'owner', and adds
 * all that 'owner' ever got to '*stats'. */
static void
owner_settle(struct hwv_owner *owner, struct dpif_flow_stats *stats)
{
    struct hwv_flow *flow = owner->flow;
    struct hwv_count sum;

    hwv_flow_count(flow, &sum);
    owner->packets += sum.packets - flow->handed_packets;
    owner->bytes += sum.bytes - flow->handed_bytes;
    flow->handed_packets = sum.packets;
    flow->handed_bytes = sum.bytes;

    stats->n_packets += owner->packets;
    stats->n_bytes += owner->bytes;
    stats->used = MAX(stats->used, sum.used);
}

/* OVS still has 'dumped', a copy of our flow that was suspended.  It may be
 * another copy than the one that we had compiled, and OVS does not put it once
 * more by itself: puts it as it is now. */
static void
flow_verify(struct dpif *dpif, const struct dpif_flow *dumped,
            const struct suspended *suspended)
{
    uint64_t stub[DPIF_FLOW_BUFSIZE / 8];
    struct dpif_flow now;
    struct ofpbuf buf;
    struct match match;

    ofpbuf_use_stub(&buf, stub, sizeof stub);
    memset(&match, 0, sizeof match);
    if (!dpif_flow_get(dpif, NULL, 0, &dumped->ufid, dumped->pmd_id, &buf,
                       &now)
        && !odp_flow_key_to_flow(now.key, now.key_len, &match.flow, NULL)
        && !odp_flow_key_to_mask(now.mask, now.mask_len, &match.wc,
                                 &match.flow, NULL)) {
        struct hwv_flow_put put = suspended->put;

        if (!match.wc.masks.vlans[0].tci) {
            /* As dpif-netdev reads it: no tag. */
            match.wc.masks.vlans[0].tci = htons(VLAN_VID_MASK | VLAN_CFI);
        }
        put.ufid = &suspended->ufid;
        put.match = &match;
        put.actions = now.actions;
        put.actions_len = now.actions_len;
        hwv_flow_resume(&put, suspended->n_suspensions);
    }
    ofpbuf_uninit(&buf);
}
