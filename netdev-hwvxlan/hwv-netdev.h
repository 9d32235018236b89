/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_NETDEV_H
#define HWV_NETDEV_H 1

/* The netdev class "hw-vxlan"
 * ===========================
 *
 * A port of a NIC: a PF (its uplink) or a VF.  It is a PMD netdev around a
 * wire.  What comes in by the wire goes through the NIC first, and OVS gets
 * the misses; what OVS sends goes to the wire.  See hwv-config.h for the
 * options.
 *
 * This header is for the files that implement the class. */

#include "hwv-config.h"
#include "hwv-nic.h"
#include "netdev-provider.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"

extern const struct netdev_class hwv_netdev_class;

struct hwv_netdev {
    struct netdev up;
    struct ovs_list node;       /* In all ports of the class. */
    struct hwv_port port;

    struct ovs_mutex mutex;     /* Guards the configuration. */
    struct smap options OVS_GUARDED; /* As the user gave them. */
    struct hwv_wire *next_wire OVS_GUARDED; /* For reconfigure, or NULL. */
    unsigned int wanted_txqs OVS_GUARDED;
    bool policing_refused OVS_GUARDED;
    bool qos_refused OVS_GUARDED;
    bool against_learning OVS_GUARDED; /* See hwv-learning.h. */

    /* See hwv_netdev_config_error(). */
    char *config_error OVS_GUARDED; /* From set_config, or NULL. */
    char *wire_error OVS_GUARDED;   /* From reconfigure, or NULL. */
    char *mtu_error OVS_GUARDED;    /* From either, or NULL. */
    struct smap *refused OVS_GUARDED; /* Options that the wire does not start
                                       * with, or NULL. */

    /* For the data path. */
    OVSRCU_TYPE(struct hwv_wire *) wire;    /* Or NULL. */
    OVSRCU_TYPE(struct eth_addr *) mac;     /* Spoof check, or NULL. */

    /* Main thread only. */
    uint64_t wire_change_seq;
    int wire_ifindex;           /* The last that was seen, or 0. */
};

static inline struct hwv_netdev *
hwv_netdev_cast(const struct netdev *netdev)
{
    ovs_assert(netdev->netdev_class == &hwv_netdev_class);
    return CONTAINER_OF(netdev, struct hwv_netdev, up);
}

/* Returns the netdev of the wire, or NULL if there is none yet.  It lasts
 * until the calling thread quiesces. */
struct netdev *hwv_netdev_wire(const struct netdev *netdev);

/* Returns why the Interface called 'name' goes on with options or an MTU that
 * it had before those in the database, for the caller to free, or NULL if it
 * does not or is not ours.  Main thread. */
char *hwv_netdev_config_error(const char *name);

/* Wires come and change: hwv-netdev-reconf.c. */
int hwv_netdev_apply_wire(struct hwv_netdev *dev, const struct hwv_config *,
                          char **errp)
    OVS_REQUIRES(dev->mutex);

/* Are 'options' those that the wire has not started with?  If not, forgets
 * them. */
bool hwv_netdev_refuses(struct hwv_netdev *, const struct smap *options);

/* The port has taken new options. */
void hwv_netdev_options_changed(struct hwv_netdev *dev)
    OVS_REQUIRES(dev->mutex);
int hwv_netdev_set_tx_multiq(struct netdev *, unsigned int n_txq);
int hwv_netdev_set_mtu(struct netdev *, int);
int hwv_netdev_reconfigure(struct netdev *);

/* Packets: hwv-netdev-io.c. */
struct netdev_rxq *hwv_netdev_rxq_alloc(void);
int hwv_netdev_rxq_construct(struct netdev_rxq *);
void hwv_netdev_rxq_destruct(struct netdev_rxq *);
void hwv_netdev_rxq_dealloc(struct netdev_rxq *);
bool hwv_netdev_rxq_enabled(struct netdev_rxq *);
int hwv_netdev_rxq_recv(struct netdev_rxq *, struct dp_packet_batch *,
                        int *qfill);
void hwv_netdev_rxq_wait(struct netdev_rxq *);
int hwv_netdev_rxq_drain(struct netdev_rxq *);
int hwv_netdev_send(struct netdev *, int qid, struct dp_packet_batch *,
                    bool concurrent_txq);

/* Properties and statistics: hwv-netdev-info.c. */
int hwv_netdev_get_etheraddr(const struct netdev *, struct eth_addr *);
int hwv_netdev_set_etheraddr(struct netdev *, const struct eth_addr);
int hwv_netdev_get_ifindex(const struct netdev *);
int hwv_netdev_get_mtu(const struct netdev *, int *);
int hwv_netdev_get_carrier(const struct netdev *, bool *);
long long int hwv_netdev_get_carrier_resets(const struct netdev *);
int hwv_netdev_set_miimon_interval(struct netdev *, long long int);
int hwv_netdev_get_stats(const struct netdev *, struct netdev_stats *);
int hwv_netdev_get_custom_stats(const struct netdev *,
                                struct netdev_custom_stats *);
int hwv_netdev_get_features(const struct netdev *, enum netdev_features *,
                            enum netdev_features *, enum netdev_features *,
                            enum netdev_features *);
int hwv_netdev_set_advertisements(struct netdev *, enum netdev_features);
int hwv_netdev_get_status(const struct netdev *, struct smap *);
int hwv_netdev_update_flags(struct netdev *, enum netdev_flags off,
                            enum netdev_flags on, enum netdev_flags *);
int hwv_netdev_get_numa_id(const struct netdev *);

/* Quality of service: hwv-netdev-qos.c. */
int hwv_netdev_set_policing(struct netdev *, unsigned int kbits_rate,
                            unsigned int kbits_burst, unsigned int kpkts_rate,
                            unsigned int kpkts_burst);
int hwv_netdev_get_qos_types(const struct netdev *, struct sset *);
int hwv_netdev_get_qos_capabilities(const struct netdev *, const char *type,
                                    struct netdev_qos_capabilities *);
int hwv_netdev_get_qos(const struct netdev *, const char **typep,
                       struct smap *);
int hwv_netdev_set_qos(struct netdev *, const char *type,
                       const struct smap *);
int hwv_netdev_get_queue(const struct netdev *, unsigned int,
                         struct smap *);
int hwv_netdev_set_queue(struct netdev *, unsigned int, const struct smap *);
int hwv_netdev_delete_queue(struct netdev *, unsigned int);
int hwv_netdev_get_queue_stats(const struct netdev *, unsigned int,
                               struct netdev_queue_stats *);
int hwv_netdev_queue_dump_start(const struct netdev *, void **);
int hwv_netdev_queue_dump_next(const struct netdev *, void *,
                               unsigned int *, struct smap *);
int hwv_netdev_queue_dump_done(const struct netdev *, void *);
int hwv_netdev_dump_queue_stats(const struct netdev *,
                                netdev_dump_queue_stats_cb *, void *);

#endif /* hwv-netdev.h */
