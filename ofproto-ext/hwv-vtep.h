/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_VTEP_H
#define HWV_VTEP_H 1

/* VTEPs
 * =====
 *
 * The other ends of tunnels, by IP address: only that is ever configured.  Who
 * wants to send to a VTEP refers to it here; from then on its route is
 * followed and its next hop is resolved, whatever traffic there is
 * (hwv-neighbor.h), and who registered a callback is told whenever packets to
 * it have to be treated differently.
 *
 *     NO_ROUTE      No route, or one by a device that is no port of a bridge:
 *                   packets are dropped.
 *     RESOLVING     The next hop has been asked for: packets wait
 *                   (hwv-hold.h).
 *     UNREACHABLE   It has not answered for a while; it is asked for all the
 *                   same, less often.  Packets wait until it was asked for
 *                   HWV_NEIGHBOR_LOST times, and then they are dropped.
 *     SILENT        The next hop's MAC is known, but it has not answered for a
 *                   while: OVS sends.
 *     UP            The next hop's MAC is known: OVS sends.
 *
 * A VTEP whose last reference goes is withdrawn.
 *
 * Main thread only. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "hwv-route.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"

struct hwv_neighbor;

enum hwv_vtep_state {
    HWV_VTEP_NO_ROUTE,
    HWV_VTEP_RESOLVING,
    HWV_VTEP_UNREACHABLE,
    HWV_VTEP_SILENT,
    HWV_VTEP_UP,
};

/* What has to become of packets to a VTEP. */
enum hwv_vtep_use {
    HWV_VTEP_DROP,
    HWV_VTEP_HOLD,
    HWV_VTEP_SEND,
};

struct hwv_vtep {
    struct hmap_node node;      /* In all VTEPs, by 'ip'. */
    struct hmap_node id_node;   /* In all VTEPs, by 'id'. */
    struct in6_addr ip;         /* IPv4 as IPv4-mapped. */
    uint32_t id;                /* Not 0.  Of a VTEP that was withdrawn, it is
                                 * not used again for long. */
    unsigned int n_refs;
    enum hwv_vtep_state state;
    enum hwv_vtep_use use;

    struct hwv_route route;     /* All zeros if there is none. */
    struct hwv_neighbor *neighbor; /* The next hop, or NULL without route. */
    struct ovs_list neighbor_node; /* In 'neighbor->users'. */
};

/* Largest id of a VTEP. */
#define HWV_VTEP_MAX_ID 0xffffff

/* Refers to the VTEP at 'ip' (IPv4 as IPv4-mapped), which the first reference
 * creates.  Its state is right from the start, and 'changed' is not called for
 * that. */
struct hwv_vtep *hwv_vtep_ref(const struct in6_addr *ip);

/* Ends a reference.  Returns true if it was the last: then '*vtep' has gone.
 * 'vtep' may be NULL. */
bool hwv_vtep_unref(struct hwv_vtep *vtep);

/* Returns the VTEP, or NULL if nobody refers to it. */
struct hwv_vtep *hwv_vtep_find(const struct in6_addr *ip);
struct hwv_vtep *hwv_vtep_find_by_id(uint32_t id);

/* All VTEPs, by 'node' of struct hwv_vtep. */
const struct hmap *hwv_vteps(void);

/* "up" and so on. */
const char *hwv_vtep_state_name(enum hwv_vtep_state);

/* From now on 'changed' is called with 'aux', by hwv_vtep_run(), after each
 * change of what has to become of packets to a VTEP.  It may not refer to
 * VTEPs or end references. */
void hwv_vtep_set_cb(void (*changed)(struct hwv_vtep *, void *aux), void *aux);

/* Main loop. */
void hwv_vtep_run(void);
void hwv_vtep_wait(void);

#endif /* hwv-vtep.h */
