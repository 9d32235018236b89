/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-stats.h"

#include "dpif.h"
#include "hash.h"
#include "hwv-flow.h"
#include "hwv-suspension.h"
#include "openvswitch/hmap.h"
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

static struct hwv_owner *owner_next(const struct hwv_owner *,
                                    const ovs_u128 *ufid, unsigned int pmd_id)
    OVS_REQUIRES(hwv_control_mutex);
static struct hwv_owner *owner_find(const ovs_u128 *ufid, unsigned int pmd_id)
    OVS_REQUIRES(hwv_control_mutex);
static struct hwv_owner *owner_get(struct hwv_flow *, const ovs_u128 *ufid,
                                   unsigned int pmd_id)
    OVS_REQUIRES(hwv_control_mutex);
static void owner_destroy(struct hwv_owner *)
    OVS_REQUIRES(hwv_control_mutex);
static void owner_settle(struct hwv_owner *, struct dpif_flow_stats *)
    OVS_REQUIRES(hwv_control_mutex);

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

void
hwv_stats_settle_dump(struct dpif_flow *flows, size_t n)
{
    const struct record *r = record_get();
    struct hwv_suspension suspensions[MAX_RECORD];
    size_t n_suspensions = 0;

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
        if (flow && flow->unverified) {
            hwv_suspension_note(&suspensions[n_suspensions++], flow, ufid,
                                flows[i].pmd_id);
        }
        if (owner) {
            owner_settle(owner, &flows[i].stats);
        }
    }
    ovs_mutex_unlock(&hwv_control_mutex);

    for (size_t i = 0; i < n_suspensions; i++) {
        hwv_suspension_end(&suspensions[i]);
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

/* Suspends 'flow', to which OVS is about to do 'op', unless that changes
 * nothing. */
static void
suspend_for(struct hwv_flow *flow, const struct dpif_op *op)
    OVS_REQUIRES(hwv_control_mutex)
{
    if (op->type != DPIF_OP_FLOW_PUT
        || !hwv_flow_does(flow, op->flow_put.actions,
                          op->flow_put.actions_len)) {
        hwv_flow_suspend(flow);
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
    if (!owner) {
        flow = hwv_flow_find_put(ufid);
        if (flow) {
            suspend_for(flow, op);
        }
    }
    for (; owner; owner = owner_next(owner, ufid, pmd_id)) {
        suspend_for(owner->flow, op);
    }
    ovs_mutex_unlock(&hwv_control_mutex);
}

void
hwv_stats_settle_op(const struct dpif_op *op)
{
    const struct record *r = record_get();
    unsigned int pmd_id;
    const ovs_u128 *ufid = op_ufid(op, &pmd_id);
    struct dpif_flow_stats *stats;
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

    stats = op_stats(op);
    for (owner = stats ? owner_find(ufid, pmd_id) : NULL; owner;
         owner = owner_next(owner, ufid, pmd_id)) {
        owner_settle(owner, stats);
    }
    if (op->type == DPIF_OP_FLOW_DEL) {
        while ((owner = owner_find(ufid, pmd_id))) {
            owner_destroy(owner);
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

void
hwv_stats_owner(const struct hwv_flow *flow, ovs_u128 *ufid,
                unsigned int *pmd_id)
{
    if (ovs_list_is_empty(&flow->owners)) {
        *ufid = flow->put_ufid;
        *pmd_id = PMD_ID_NULL;
    } else {
        const struct hwv_owner *owner
            = CONTAINER_OF(ovs_list_front(&flow->owners), struct hwv_owner,
                           flow_node);

        *ufid = owner->ufid;
        *pmd_id = owner->pmd_id;
    }
}

/* Returns the next owner after 'owner', or the first if that is NULL, of flow
 * 'ufid' in thread 'pmd_id', or NULL if there is none.  PMD_ID_NULL stands for
 * all threads, as in OVS's operations. */
static struct hwv_owner *
owner_next(const struct hwv_owner *owner, const ovs_u128 *ufid,
           unsigned int pmd_id)
{
    struct hmap_node *node = (owner
                              ? hmap_next_with_hash(&owner->node)
                              : hmap_first_with_hash(&owners, ufid->u32[0]));

    for (; node; node = hmap_next_with_hash(node)) {
        struct hwv_owner *next = CONTAINER_OF(node, struct hwv_owner, node);

        if (ovs_u128_equals(next->ufid, *ufid)
            && (pmd_id == PMD_ID_NULL || next->pmd_id == pmd_id)) {
            return next;
        }
    }
    return NULL;
}

static struct hwv_owner *
owner_find(const ovs_u128 *ufid, unsigned int pmd_id)
{
    return owner_next(NULL, ufid, pmd_id);
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
