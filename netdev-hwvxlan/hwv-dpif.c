/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-dpif.h"

#include <errno.h>

#include "dp-packet.h"
#include "dpif.h"
#include "dpif-provider.h"
#include "flow.h"
#include "openvswitch/list.h"
#include "ovs-thread.h"
#include "util.h"

struct dpif_handle {
    struct ovs_list node;       /* In 'handles'. */
    struct dpif *dpif;
};

static struct ovs_rwlock rwlock = OVS_RWLOCK_INITIALIZER;
static struct ovs_list handles OVS_GUARDED_BY(rwlock)
    = OVS_LIST_INITIALIZER(&handles);

static int flow_get(struct dpif *, const ovs_u128 *ufid, unsigned int pmd_id,
                    struct ofpbuf *, struct dpif_flow *);
static void flush_thread_of(struct dpif *);

void
hwv_dpif_opened(struct dpif *dpif)
{
    struct dpif_handle *handle;
    bool known = false;

    ovs_rwlock_wrlock(&rwlock);
    LIST_FOR_EACH (handle, node, &handles) {
        known = known || handle->dpif == dpif;
    }
    if (!known) {
        handle = xmalloc(sizeof *handle);
        handle->dpif = dpif;
        ovs_list_push_back(&handles, &handle->node);
    }
    ovs_rwlock_unlock(&rwlock);
}

void
hwv_dpif_closing(struct dpif *dpif)
{
    struct dpif_handle *handle;

    ovs_rwlock_wrlock(&rwlock);
    LIST_FOR_EACH_SAFE (handle, node, &handles) {
        if (handle->dpif == dpif) {
            ovs_list_remove(&handle->node);
            free(handle);
        }
    }
    ovs_rwlock_unlock(&rwlock);
}

int
hwv_dpif_flow_get(const char *type, const ovs_u128 *ufid, unsigned int pmd_id,
                  struct ofpbuf *buf, struct dpif_flow *flow)
{
    struct dpif_handle *handle;
    int error = ENODEV;

    ovs_rwlock_rdlock(&rwlock);
    LIST_FOR_EACH (handle, node, &handles) {
        if (!strcmp(dpif_normalize_type(dpif_type(handle->dpif)), type)) {
            error = flow_get(handle->dpif, ufid, pmd_id, buf, flow);
            break;
        }
    }
    ovs_rwlock_unlock(&rwlock);
    return error;
}

void
hwv_dpif_flush_thread(void)
{
    struct dpif_handle *handle;

    ovs_rwlock_rdlock(&rwlock);
    LIST_FOR_EACH (handle, node, &handles) {
        flush_thread_of(handle->dpif);
    }
    ovs_rwlock_unlock(&rwlock);
}

/* Like dpif_flow_get(), which would log it as a problem that a flow has just
 * gone. */
static int
flow_get(struct dpif *dpif, const ovs_u128 *ufid, unsigned int pmd_id,
         struct ofpbuf *buf, struct dpif_flow *flow)
{
    struct dpif_op op = {
        .type = DPIF_OP_FLOW_GET,
        .flow_get = {
            .ufid = ufid, .pmd_id = pmd_id, .buffer = buf, .flow = flow,
        },
    };
    struct dpif_op *opp = &op;

    memset(flow, 0, sizeof *flow);
    dpif->dpif_class->operate(dpif, &opp, 1, DPIF_OFFLOAD_AUTO);
    return op.error;
}

/* lib/dpif-netdev.c sends what a PMD thread holds at the end of
 * dpif_netdev_execute(), with the PMD thread that calls it, whatever the
 * actions; so empty actions do nothing else. */
static void
flush_thread_of(struct dpif *dpif)
{
    struct dpif_op op = { .type = DPIF_OP_EXECUTE };
    struct dpif_op *opp = &op;
    struct flow flow;

    memset(&flow, 0, sizeof flow);
    op.execute.flow = &flow;
    op.execute.packet = dp_packet_new(ETH_HEADER_LEN);
    dp_packet_put_zeros(op.execute.packet, ETH_HEADER_LEN);
    dpif_operate(dpif, &opp, 1, DPIF_OFFLOAD_AUTO);
    dp_packet_delete(op.execute.packet);
}
