/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FLOW_H
#define HWV_FLOW_H 1

/* Offloaded flows
 * ===============
 *
 * Every datapath flow of our ports is kept here, as a "shadow": its match and
 * actions, compiled, and either "bound" to a NIC's tables or with the reason
 * why it is not.  A flow that cannot be bound for want of a port is bound when
 * the port comes.
 *
 * Binding goes through three kinds of objects that several flows share:
 *
 *   - struct hwv_entry, a flow key.  Flows that claim the same key must agree
 *     on the value, or the key is not in the NIC at all.
 *   - struct hwv_tunnel_use, an outer header to push.
 *   - struct hwv_source, an outer header to accept: a receive flow names it,
 *     and tnl_pop flows that cover it give it rows in the source table.
 *
 * All of it is guarded by hwv_control_mutex. */

#include <stdbool.h>
#include <stdint.h>

#include "hwv-actions.h"
#include "hwv-counters.h"
#include "hwv-flow-table.h"
#include "hwv-match.h"
#include "hwv-nic.h"
#include "hwv-reject.h"
#include "hwv-replacement.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/match.h"

enum hwv_flow_kind {
    HWV_FLOW_VF,                /* From a VF. */
    HWV_FLOW_TUNNEL,            /* From a tunnel port, after tnl_pop. */
    HWV_FLOW_UPLINK,            /* From a PF. */
    HWV_FLOW_VLAN,              /* From a PF too, with a VLAN tag and not for
                                 * tnl_pop: only compiling tells. */
};

/* The kind of flows that come in by 'port', until they are compiled. */
static inline enum hwv_flow_kind
hwv_port_flow_kind(const struct hwv_port *port)
{
    return port->id == HWV_UPLINK ? HWV_FLOW_UPLINK : HWV_FLOW_VF;
}

/* One key that a flow claims. */
struct hwv_claim {
    struct ovs_list node;       /* In 'entry->claims'. */
    struct hwv_entry *entry;
    struct hwv_flow *flow;
    struct hwv_flow_value value; /* But for the tunnel's id, which the NIC's
                                  * entry gets when it becomes resident. */
};

/* A key that flows claim. */
struct hwv_entry {
    struct hmap_node node;      /* In 'nic->entries'. */
    struct hwv_nic *nic;
    struct hwv_key key;
    struct ovs_list claims;     /* Of struct hwv_claim, never empty. */
    bool resident;              /* In the NIC, with the first claim's value. */

    /* See hwv-residency.h, which alone changes this and 'resident'. */
    bool wanted;                /* The claims agree, so it may be resident. */
    struct hwv_replacement_node replacement;
    uint16_t group;             /* VF id, or HWV_UPLINK. */
    struct hwv_tunnel_use *tunnel_use; /* That of the claims, or NULL. */
    struct hwv_source *source;  /* The same. */
    enum hwv_reject lacks;      /* Why one of them cannot be in the NIC, or
                                 * HWV_ACCEPT. */
    uint32_t shadow;            /* While wanted and not resident. */
    uint64_t n_missed;          /* Packets missed as a shadow. */
    long long int evicted_at;   /* When it had to make room, in msec, or 0, */
    uint16_t evicted_by;        /* and for which group. */
    const struct hwv_flow *counted; /* The first claim's. */
    uint64_t hits_before;       /* Plus the count of 'counted' are ... */
    uint64_t hits;              /* ... the hits, as last seen. */
};

/* One entry for each value of the ECN field. */
#define HWV_MAX_CLAIMS 4

struct hwv_flow {
    struct hmap_node node;      /* In all flows, by 'ufid'. */
    ovs_u128 ufid;              /* OVS's "mega_ufid". */
    struct hmap_node put_node;  /* In all flows, by 'put_ufid'. */
    ovs_u128 put_ufid;          /* The ufid of the flow that was put. */

    /* As OVS gave it. */
    const struct netdev *netdev; /* Input port, compared and not used. */
    const char *dpif_type;      /* Of the datapath, see hwv_port_find(). */
    odp_port_t in_port;
    odp_port_t orig_in_port;    /* Where a tunnel flow's packet came in, or
                                 * ODPP_NONE. */
    struct minimatch match;
    struct nlattr *actions;
    size_t actions_len;

    /* Compiled; undefined unless 'compiled' is HWV_ACCEPT. */
    enum hwv_flow_kind kind;
    enum hwv_reject compiled;
    struct hwv_inner_match inner;       /* VF, TUNNEL, VLAN. */
    uint16_t tci;                       /* VLAN: of the tag it matches. */
    struct hwv_tunnel_match tunnel;     /* TUNNEL. */
    struct hwv_outer_match outer;       /* UPLINK. */
    struct hwv_action action;

    /* Binding. */
    enum hwv_reject reject;     /* HWV_ACCEPT while bound. */
    bool unverified;            /* Unbound until OVS is seen to have it. */
    uint64_t n_suspensions;     /* By hwv_flow_suspend(). */
    struct hwv_nic *nic;        /* While bound, or being bound. */
    bool bound;                 /* Wholly. */
    struct hwv_claim claims[HWV_MAX_CLAIMS];
    size_t n_claims;
    struct hwv_tunnel_use *tunnel_use;  /* ENCAP. */
    uint64_t tunnel_base;       /* Packets counted before 'tunnel_use'. */
    struct hwv_source *source;          /* TUNNEL. */
    struct ovs_list pop_node;           /* UPLINK: in 'nic->pops'. */
    size_t n_rows;              /* UPLINK: its rows in the source table. */
    bool lacks_row;             /* UPLINK: there is no room for another. */

    /* Statistics: 'counter' of 'counter_nic' goes on over unbinding, until the
     * flow goes or is bound to another NIC. */
    struct hwv_nic *counter_nic;
    uint32_t counter;           /* Or HWV_NO_COUNTER. */
    struct hwv_count retired;   /* Counted on counters of other NICs. */
    uint64_t handed_packets;    /* Handed out to OVS, see hwv-stats.h. */
    uint64_t handed_bytes;
    struct ovs_list owners;     /* Of struct hwv_owner, see hwv-stats.c. */
};

/* A flow as OVS puts it. */
struct hwv_flow_put {
    const ovs_u128 *ufid;
    const struct netdev *netdev;
    const char *dpif_type;
    enum hwv_flow_kind kind;    /* UPLINK and VLAN are the same here. */
    odp_port_t orig_in_port;
    const struct match *match;
    const struct nlattr *actions;
    size_t actions_len;
};

/* OVS's offload thread has put the flow 'put->ufid': adds it, or notes its
 * change, and binds it as the datapath has it now (see hwv-suspension.h). */
void hwv_flow_put(const struct hwv_flow_put *put)
    OVS_EXCLUDED(hwv_control_mutex);

/* Binds the flow 'put->ufid' as 'put' has it, if possible, provided that it is
 * there, has been suspended 'n_suspensions' times and not been resumed
 * since. */
void hwv_flow_resume(const struct hwv_flow_put *put, uint64_t n_suspensions)
    OVS_EXCLUDED(hwv_control_mutex);

/* Removes a flow.  Returns 0 or ENOENT. */
int hwv_flow_del(const ovs_u128 *ufid) OVS_EXCLUDED(hwv_control_mutex);

/* Removes all flows that came in by 'netdev'. */
void hwv_flow_flush(const struct netdev *netdev)
    OVS_EXCLUDED(hwv_control_mutex);

struct hwv_flow *hwv_flow_find(const ovs_u128 *ufid)
    OVS_REQUIRES(hwv_control_mutex);
struct hwv_flow *hwv_flow_find_put(const ovs_u128 *put_ufid)
    OVS_REQUIRES(hwv_control_mutex);
const struct hmap *hwv_flows(void) OVS_REQUIRES(hwv_control_mutex);

/* Takes 'flow' out of the NIC's tables at once, until OVS puts it again or is
 * seen to have it (hwv_flow_put()). */
void hwv_flow_suspend(struct hwv_flow *flow) OVS_REQUIRES(hwv_control_mutex);

/* Takes 'flow' out of the NIC's tables, because of 'reject'. */
void hwv_flow_unbind(struct hwv_flow *flow, enum hwv_reject reject)
    OVS_REQUIRES(hwv_control_mutex);

/* Binds every flow that can be bound to 'nic' and is not. */
void hwv_flow_bind_all(struct hwv_nic *nic) OVS_REQUIRES(hwv_control_mutex);

/* An entry that 'flow' claims has become resident or ceased to be so, or there
 * is another reason why it is not; or 'flow->lacks_row' has changed. */
void hwv_flow_update_reject(struct hwv_flow *flow)
    OVS_REQUIRES(hwv_control_mutex);

/* Unbinds every flow bound to 'nic', or those that go in or out by its port
 * 'id'. */
void hwv_flow_unbind_all(struct hwv_nic *nic, enum hwv_reject reject)
    OVS_REQUIRES(hwv_control_mutex);
void hwv_flow_unbind_port(struct hwv_nic *nic, const struct hwv_port *port)
    OVS_REQUIRES(hwv_control_mutex);

/* Does the NIC do for 'flow' what 'actions' say, but for the next hop's MAC,
 * which is not the flow's to say? */
bool hwv_flow_does(const struct hwv_flow *flow, const struct nlattr *actions,
                   size_t actions_len)
    OVS_REQUIRES(hwv_control_mutex);

/* 'port' has become a PF or a VF: its flows mean something else. */
void hwv_flow_change_role(const struct hwv_port *port)
    OVS_REQUIRES(hwv_control_mutex);

/* 'port' has joined a segment or left it: its flows need other tunnels. */
void hwv_flow_change_tunnels(const struct hwv_port *port)
    OVS_REQUIRES(hwv_control_mutex);

/* Is 'flow' in the NIC now? */
bool hwv_flow_resident(const struct hwv_flow *flow)
    OVS_REQUIRES(hwv_control_mutex);

/* Everything that the NIC has counted for 'flow'. */
void hwv_flow_count(const struct hwv_flow *flow, struct hwv_count *count)
    OVS_REQUIRES(hwv_control_mutex);

/* Refused flows by reason. */
struct hwv_reject_stats {
    uint64_t now;               /* Flows that are refused now. */
    uint64_t total;             /* Flows ever refused. */
};
void hwv_flow_reject_stats(struct hwv_reject_stats stats[HWV_N_REJECTS])
    OVS_REQUIRES(hwv_control_mutex);

/* Stores the match and actions of a flow refused for 'reject' as text in 's':
 * one that is there now, or else the last that was. */
void hwv_flow_reject_example(enum hwv_reject reject, struct ds *s)
    OVS_REQUIRES(hwv_control_mutex);

/* Appends the match and actions of 'flow' to 's' as text. */
void hwv_flow_format(const struct hwv_flow *flow, struct ds *s)
    OVS_REQUIRES(hwv_control_mutex);

#endif /* hwv-flow.h */
