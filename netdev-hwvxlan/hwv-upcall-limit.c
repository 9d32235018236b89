/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-upcall-limit.h"

#include <errno.h>

#include "flow.h"
#include "hwv-nic.h"
#include "hwv-port-counters.h"
#include "openvswitch/list.h"
#include "openvswitch/token-bucket.h"
#include "openvswitch/vlog.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_upcall_limit);

/* A token bucket counts tokens per msec, and so 1000 for an upcall. */
#define TOKENS 1000

BUILD_ASSERT_DECL(HWV_MAX_UPCALL_RATE <= UINT_MAX / TOKENS);

/* PMD threads that poll the VF's queues share it. */
struct hwv_upcall_limit {
    atomic_uint32_t rate;       /* Per second, or 0 for no limit. */
    struct ovs_mutex mutex;
    struct token_bucket bucket OVS_GUARDED;
};

/* Those whom OVS's threads ask, one for each datapath.  Main thread. */
struct limited {
    struct ovs_list node;       /* In 'all_limited'. */
    upcall_callback *cb;
    void *aux;
};

static struct ovs_list all_limited = OVS_LIST_INITIALIZER(&all_limited);

static bool is_too_much(const struct flow *);

struct hwv_upcall_limit *
hwv_upcall_limit_create(void)
{
    struct hwv_upcall_limit *limit = xmalloc(sizeof *limit);

    atomic_init(&limit->rate, 0);
    ovs_mutex_init(&limit->mutex);
    token_bucket_init(&limit->bucket, 0, 0);
    return limit;
}

static void
upcall_limit_free(struct hwv_upcall_limit *limit)
{
    ovs_mutex_destroy(&limit->mutex);
    free(limit);
}

void
hwv_upcall_limit_destroy(struct hwv_upcall_limit *limit)
{
    ovsrcu_postpone(upcall_limit_free, limit);
}

void
hwv_upcall_limit_set(struct hwv_upcall_limit *limit, uint32_t rate)
{
    ovs_mutex_lock(&limit->mutex);
    token_bucket_set(&limit->bucket, rate, rate * TOKENS);
    atomic_store_relaxed(&limit->rate, rate);
    ovs_mutex_unlock(&limit->mutex);
}

bool
hwv_upcall_limit_admit(struct hwv_upcall_limit *limit)
{
    uint32_t rate;
    bool admitted;

    atomic_read_relaxed(&limit->rate, &rate);
    if (!rate) {
        return true;
    }

    ovs_mutex_lock(&limit->mutex);
    admitted = token_bucket_withdraw(&limit->bucket, TOKENS);
    ovs_mutex_unlock(&limit->mutex);
    return admitted;
}

int
hwv_upcall(const struct dp_packet *packet, const struct flow *flow,
           ovs_u128 *ufid, unsigned pmd_id, enum dpif_upcall_type type,
           const struct nlattr *userdata, struct ofpbuf *actions,
           struct flow_wildcards *wc, struct ofpbuf *put_actions,
           void *limited_)
{
    const struct limited *limited = limited_;

    if (type == DPIF_UC_MISS && is_too_much(flow)) {
        return EBUSY;
    }
    return limited->cb(packet, flow, ufid, pmd_id, type, userdata, actions, wc,
                       put_actions, limited->aux);
}

void *
hwv_upcall_limited(upcall_callback *cb, void *aux)
{
    struct limited *limited = xmalloc(sizeof *limited);

    limited->cb = cb;
    limited->aux = aux;
    ovs_list_push_back(&all_limited, &limited->node);
    return limited;
}

void
hwv_upcall_unlimited(const void *aux)
{
    struct limited *limited;

    LIST_FOR_EACH_SAFE (limited, node, &all_limited) {
        if (limited->aux == aux) {
            ovs_list_remove(&limited->node);
            ovsrcu_postpone(free, limited);
        }
    }
}

/* Is it an upcall too many of the VF that 'flow' comes from?  Then it is
 * counted. */
static bool
is_too_much(const struct flow *flow)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 1);
    const struct hwv_port *port = hwv_port_find_rcu(flow->in_port.odp_port);

    if (!port || hwv_upcall_limit_admit(port->upcall_limit)) {
        return false;
    }
    hwv_lane_count(hwv_counters_lane(port->counters), HWV_UPCALL_DROP_RATE, 1,
                   0, time_msec());
    VLOG_WARN_RL(&rl, "%s: more upcalls than options:upcall-rate allows; "
                 "packets that need one are dropped", port->name);
    return true;
}
