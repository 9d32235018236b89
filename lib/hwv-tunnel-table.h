/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_TUNNEL_TABLE_H
#define HWV_TUNNEL_TABLE_H 1

/* Tunnel table
 * ============
 *
 * The VTEP information table: tunnel id (a small linear index) -> the outer
 * header to put in front of a frame, and the next hop's MAC.
 *
 * The header is immutable.  The next hop's MAC is apart from it, a single
 * 64-bit word, because it changes while thousands of flows use the tunnel: one
 * write and every one of them follows.  The same word says whether the tunnel
 * is blocked: then packets that hit are dropped.
 *
 * Thread-safety: hwv_tunnel_table_get() and reading a tunnel from any thread
 * within an RCU read-side section; hwv_tunnel_table_set_next_hop() from any
 * thread; one other writer at a time (the caller's lock). */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/thread.h"
#include "ovs-atomic.h"
#include "ovs-rcu.h"
#include "packets.h"
#include "util.h"

/* Ethernet, IPv6, UDP and VXLAN headers (RFC 7348 section 5). */
#define HWV_ENCAP_MAX (14 + 40 + 8 + 8)
#define HWV_ENCAP_IPV4 (14 + 20 + 8 + 8)

/* An outer header, less what differs between the packets of a tunnel: Ethernet
 * destination, IP length and ECN, UDP source port, length and checksum, and
 * VNI are zero.  An IPv4 header's checksum is that of the header with those
 * zeros. */
struct hwv_encap {
    uint8_t len;                        /* 50 (IPv4) or 70 (IPv6). */
    bool udp_csum;                      /* Compute the UDP checksum? */
    uint8_t header[HWV_ENCAP_MAX];
};

/* Is the outer header IPv6? */
static inline bool
hwv_encap_is_ipv6(const struct hwv_encap *encap)
{
    return encap->len == HWV_ENCAP_MAX;
}

/* The next hop comes first so that all of an IPv4 tunnel is in one cache
 * line. */
struct hwv_tunnel {
    atomic_uint64_t next_hop;           /* As hwv_mac_to_word(), and perhaps
                                         * HWV_TUNNEL_BLOCKED. */
    struct hwv_encap encap;
};

/* Beyond the bits of the MAC. */
#define HWV_TUNNEL_BLOCKED (UINT64_C(1) << 63)

/* Are packets for 'tunnel' to be dropped? */
static inline bool
hwv_tunnel_is_blocked(const struct hwv_tunnel *tunnel)
{
    uint64_t next_hop;

    atomic_read_relaxed(&CONST_CAST(struct hwv_tunnel *, tunnel)->next_hop,
                        &next_hop);
    return (next_hop & HWV_TUNNEL_BLOCKED) != 0;
}

struct id_pool;

/* For hwv_tunnel_table_get() to be inline. */
struct hwv_tunnel_table {
    /* One reference for the table's owner and one for each removed tunnel:
     * callbacks of different threads run in any order, so that a tunnel's may
     * come after the table's. */
    struct ovs_refcount refs;
    uint32_t max;
    atomic_uint32_t n;          /* Tunnels in 'slots', less the removed. */

    /* Ids are given back by RCU callbacks, which hold no lock of the
     * caller's. */
    struct ovs_mutex mutex;
    struct id_pool *ids OVS_GUARDED;

    OVSRCU_TYPE(struct hwv_tunnel *) slots[];   /* By id. */
};

/* Creates a table for at most 'max' tunnels, with ids 0 to 'max' - 1. */
struct hwv_tunnel_table *hwv_tunnel_table_create(uint32_t max);

/* Frees 'table' after an RCU grace period. */
void hwv_tunnel_table_destroy(struct hwv_tunnel_table *table);

/* Adds a tunnel and stores its id in '*id': the smallest that is free.
 * Returns 0, or ENOSPC if the table is full, counting removed tunnels whose
 * ids are not reusable yet. */
int hwv_tunnel_table_add(struct hwv_tunnel_table *table,
                         const struct hwv_encap *encap,
                         struct eth_addr next_hop, uint32_t *id);

/* Changes the next hop's MAC of tunnel 'id', in one write.  Does nothing if
 * there is no such tunnel. */
void hwv_tunnel_table_set_next_hop(struct hwv_tunnel_table *table, uint32_t id,
                                   struct eth_addr next_hop);

/* Blocks tunnel 'id', or lets it send again, in one write.  Does nothing if
 * there is no such tunnel.  Any thread. */
void hwv_tunnel_table_block(struct hwv_tunnel_table *table, uint32_t id,
                            bool blocked);

/* Removes tunnel 'id', which no flow may name any longer.  Until after an RCU
 * grace period hwv_tunnel_table_get() still returns it, so a packet that found
 * a flow just before the flow went still finds this tunnel and no other.  Its
 * memory and its id are reused after another grace period.  Does nothing if
 * there is no such tunnel. */
void hwv_tunnel_table_remove(struct hwv_tunnel_table *table, uint32_t id);

/* Returns tunnel 'id' or NULL.  The pointer is good until the end of the RCU
 * read-side section. */
static inline const struct hwv_tunnel *
hwv_tunnel_table_get(const struct hwv_tunnel_table *table, uint32_t id)
{
    return OVS_LIKELY(id < table->max)
           ? ovsrcu_get(struct hwv_tunnel *, &table->slots[id])
           : NULL;
}

/* Number of tunnels, without the removed ones, and the limit. */
uint32_t hwv_tunnel_table_count(const struct hwv_tunnel_table *table);
uint32_t hwv_tunnel_table_max(const struct hwv_tunnel_table *table);

#endif /* hwv-tunnel-table.h */
