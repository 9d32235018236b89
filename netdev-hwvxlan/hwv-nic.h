/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_NIC_H
#define HWV_NIC_H 1

/* NICs and their ports
 * ====================
 *
 * A NIC is known by the name of its PF's Interface.  It exists from the moment
 * that the first port, PF or VF, names it until the last one leaves, so that
 * VFs may come before their PF and survive it.  It takes flows only while it
 * is "enabled": it has its PF, options:offload is not false, and OVS has
 * other_config:hw-offload=true.
 *
 * Everything about which flow is in which NIC ("control") is guarded by one
 * mutex, hwv_control_mutex.  The data path never takes it.  Lock order:
 *
 *     dp_netdev's port_rwlock, netdev's mutex -> hwv_control_mutex
 *
 * so, with hwv_control_mutex held, no netdev may be opened, closed, ref'ed or
 * looked up. */

#include <stdbool.h>
#include <stdint.h>

#include "hwv-vtag.h"
#include "nic-provider.h"
#include "odp-util.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"

struct hwv_replacement_policy;
struct hwv_residency;
struct id_pool;
struct netdev;

extern struct ovs_mutex hwv_control_mutex;

/* Hits and misses of the last second or so. */
struct hwv_rate {
    long long int at;                   /* When they were computed, msec. */
    uint64_t hits, misses;              /* Totals then. */
    uint64_t hits_per_s, misses_per_s;
};

/* Where the packets that a port receives belong.  Immutable: a burst takes the
 * whole as it is when it begins. */
struct hwv_rx {
    struct hwv_nic *nic;
    uint16_t id;                        /* HWV_UPLINK or VF id. */
    uint16_t domain;                    /* Of the keys of its flows. */
};

/* A port of ours, as the offload layer sees it. */
struct hwv_port {
    const char *name;                   /* The Interface's. */
    const struct netdev *netdev;        /* Ours, not the wire's. */
    struct hwv_nic *nic;                /* NULL before configuration. */
    uint16_t id;                        /* HWV_UPLINK or VF id. */
    uint16_t domain;                    /* Its own as long as it has 'nic' and
                                         * 'id', and for a grace period. */
    OVSRCU_TYPE(struct hwv_rx *) rx;    /* The same, for the data path. */
    struct hwv_wire *wire;              /* Or NULL. */
    struct hwv_counters *counters;      /* Named counters. */
    struct hwv_upcall_limit *upcall_limit; /* No limit for a PF. */
    bool check_mac;                     /* VF: frames must come from 'mac'. */
    struct eth_addr mac;
    struct hwv_vtag vtag;               /* VF: see hwv-segment.h. */
    bool unknown_flood;
    char *segment_state;                /* Or NULL. */
    atomic_bool segment_closed;         /* VF: it is in a segment whose state
                                         * is NULL: nothing may come in. */
    atomic_bool in_segment;             /* VF: it is in a segment. */
    struct hwv_rate rate;
    uint32_t quota;                     /* Or HWV_REPLACEMENT_NO_QUOTA. */
    uint64_t n_looked_up;               /* Packets, see hwv-residency.c. */
    odp_port_t odp_port;                /* ODPP_NONE until in a datapath ... */
    const char *dpif_type;              /* ... of this type. */
    struct hmap_node nic_node;          /* In 'nic->ports', by id. */
    struct hmap_node odp_node;          /* By odp_port, while it has one. */
};

/* 'name', 'provider', 'dev' and 'residency' never change.  The data path reads
 * them and 'first_packet_nic' within an RCU read-side section; everything else
 * is guarded by the mutex. */
struct hwv_nic {
    struct hmap_node node;              /* In all NICs, by name. */
    char *name;
    const struct hwv_nic_provider *provider;
    struct hwv_provider_nic *dev;
    struct hwv_residency *residency;    /* Which entries are in 'dev'. */
    struct hwv_nic_limits limits;
    struct hmap ports;                  /* Of struct hwv_port. */
    bool offload;                       /* The PF's options:offload. */
    atomic_bool first_packet_nic;       /* The PF's options:first-packet. */

    /* Flows bound to this NIC, see hwv-flow.h. */
    struct hmap entries;                /* Of struct hwv_entry, by key. */
    struct hmap tunnels;                /* Of struct hwv_tunnel_use. */
    struct ovs_list idle_tunnels;       /* Those in the NIC, but for nobody,
                                         * the latest at the end. */
    struct hmap sources;                /* Of struct hwv_source. */
    struct ovs_list idle_sources;       /* As for tunnels. */
    struct ovs_list pops;               /* Of tnl_pop flows. */
    struct id_pool *source_ids;
    struct id_pool *domains;            /* For VFs. */
    size_t n_domains;                   /* In use, or resting. */
    size_t max_domains;
    size_t n_users;                     /* Flows that refer to this NIC. */
    struct hwv_count late;              /* See hwv_nic_late(). */

    bool stale;                         /* Flows wait to be bound (again). */
    long long int hold_until;           /* No flow is bound before, msec. */
    long long int room_at;              /* When to try the flows that had no
                                         * room before, msec, or LLONG_MAX. */
};

/* Returns the NIC called 'name', or NULL. */
struct hwv_nic *hwv_nic_find(const char *name)
    OVS_REQUIRES(hwv_control_mutex);

/* All NICs, a 'struct hmap' of struct hwv_nic. */
const struct hmap *hwv_nics(void) OVS_REQUIRES(hwv_control_mutex);

/* Is there any? */
bool hwv_nics_exist(void) OVS_EXCLUDED(hwv_control_mutex);

/* May 'port' become port 'id' of the NIC called 'nic_name'?  Returns 0, or
 * with a message in '*errp', for the caller to free, EEXIST if another port
 * has that id, or EAGAIN if ports of that NIC change too fast. */
int hwv_nic_check(const struct hwv_port *port, const char *nic_name,
                  uint16_t id, char **errp)
    OVS_EXCLUDED(hwv_control_mutex);

/* Makes 'port' port 'id' of the NIC called 'nic_name', for which
 * hwv_nic_check() has returned 0.  'port' may already be part of that or
 * another NIC. */
void hwv_nic_attach(struct hwv_port *port, const char *nic_name, uint16_t id)
    OVS_EXCLUDED(hwv_control_mutex);

/* Takes 'port' out of its NIC, and every flow that goes in or out by it out of
 * the NIC's tables. */
void hwv_nic_detach(struct hwv_port *port) OVS_EXCLUDED(hwv_control_mutex);

/* Gives 'port' the wire 'wire', or none.  The old one is the caller's to close
 * (hwv_wire_close()). */
void hwv_nic_set_wire(struct hwv_port *port, struct hwv_wire *wire)
    OVS_EXCLUDED(hwv_control_mutex);

/* Notes that frames from 'port' must come from '*mac', or from anywhere if
 * NULL. */
void hwv_nic_set_mac(struct hwv_port *port, const struct eth_addr *mac)
    OVS_EXCLUDED(hwv_control_mutex);

/* Notes that the NIC of 'port' may have at most 'max' entries of its flows, or
 * as many as it likes if HWV_REPLACEMENT_NO_QUOTA. */
void hwv_nic_set_quota(struct hwv_port *port, uint32_t max)
    OVS_EXCLUDED(hwv_control_mutex);

/* Applies a PF's options to the NIC of 'pf'. */
void hwv_nic_configure(struct hwv_port *pf, const struct hwv_nic_limits *,
                       const struct hwv_replacement_policy *,
                       bool offload, bool first_packet_nic)
    OVS_EXCLUDED(hwv_control_mutex);

/* 'netdev', of any class, now has port number 'odp_port' in the datapath that
 * its dpif_type names, or port 'odp_port' of that datapath goes.  A dpif_type
 * is the string that netdev_get_dpif_type() returns, compared as a pointer as
 * OVS does. */
void hwv_port_added(const struct netdev *netdev, odp_port_t odp_port)
    OVS_EXCLUDED(hwv_control_mutex);
void hwv_port_removed(odp_port_t odp_port, const char *dpif_type)
    OVS_EXCLUDED(hwv_control_mutex);

/* Is there a port called 'name', of any class, in a datapath? */
bool hwv_port_name_exists(const char *name) OVS_EXCLUDED(hwv_control_mutex);

/* 'port' leaves its datapath: its NIC must not output to it any more, and, if
 * it is the PF, not handle anything. */
void hwv_port_forget(struct hwv_port *port) OVS_REQUIRES(hwv_control_mutex);

/* Returns our port with number 'odp_port' in datapath 'dpif_type', or NULL. */
struct hwv_port *hwv_port_find(odp_port_t odp_port, const char *dpif_type)
    OVS_REQUIRES(hwv_control_mutex);

/* The same for the data path, within an RCU read-side section: of the result
 * only 'rx' and 'counters' may be used.  Returns NULL where ports of several
 * datapaths have that number. */
const struct hwv_port *hwv_port_find_rcu(odp_port_t odp_port);

/* Returns our port for 'netdev', one of our class. */
struct hwv_port *hwv_port_from_netdev(const struct netdev *netdev);

/* Returns port 'id' of 'nic', or NULL. */
struct hwv_port *hwv_nic_port(const struct hwv_nic *nic, uint16_t id)
    OVS_REQUIRES(hwv_control_mutex);

/* Returns the VF of 'nic' that has 'domain', or NULL. */
struct hwv_port *hwv_nic_port_by_domain(const struct hwv_nic *nic,
                                        uint32_t domain)
    OVS_REQUIRES(hwv_control_mutex);

/* May flows be bound to 'nic' now? */
bool hwv_nic_enabled(const struct hwv_nic *nic)
    OVS_REQUIRES(hwv_control_mutex);

/* Returns "on" if OVS gives flows to 'nic' and it takes them, otherwise
 * "off: " and the reason. */
const char *hwv_nic_state(const struct hwv_nic *nic)
    OVS_REQUIRES(hwv_control_mutex);

/* Empties the tables of 'nic'.  The flows come back HWV_FLUSH_HOLD_MS later:
 * a flush is for seeing that nothing but speed changes. */
#define HWV_FLUSH_HOLD_MS 1000
void hwv_nic_flush(struct hwv_nic *nic) OVS_REQUIRES(hwv_control_mutex);

/* 'nic' has flows to bind: hwv_nic_run() will. */
void hwv_nic_set_stale(struct hwv_nic *nic) OVS_REQUIRES(hwv_control_mutex);

/* There is room again in the tables of 'nic', and flows wait for it:
 * hwv_nic_run() will try them HWV_ROOM_DELAY_MS later, once for many. */
#define HWV_ROOM_DELAY_MS 100
void hwv_nic_has_room(struct hwv_nic *nic) OVS_REQUIRES(hwv_control_mutex);

/* Stores the packets that 'nic' handled and that no flow's statistics show,
 * because OVS removed the flow while they were in flight. */
void hwv_nic_late(const struct hwv_nic *nic, struct hwv_count *late)
    OVS_REQUIRES(hwv_control_mutex);

/* A flow refers to 'nic', or no longer does. */
void hwv_nic_use(struct hwv_nic *nic) OVS_REQUIRES(hwv_control_mutex);
void hwv_nic_unuse(struct hwv_nic *nic) OVS_REQUIRES(hwv_control_mutex);

/* Blocks all tunnels of all NICs to 'vtep' (IPv4 as IPv4-mapped) that segments
 * use, or lets them send again: see hwv-blocked-vteps.h. */
void hwv_nic_block_tunnels(const struct in6_addr *vtep, bool blocked)
    OVS_EXCLUDED(hwv_control_mutex);

/* OVS's routes may have changed: all tunnels of all NICs whose VTEPs are now
 * behind another next hop, whose MAC OVS knows, send there. */
void hwv_nic_follow_routes(void) OVS_EXCLUDED(hwv_control_mutex);

/* Main loop. */
void hwv_nic_run(void) OVS_EXCLUDED(hwv_control_mutex);
void hwv_nic_wait(void) OVS_EXCLUDED(hwv_control_mutex);

#endif /* hwv-nic.h */
