/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_ROUTE_H
#define HWV_ROUTE_H 1

/* Routes of the underlay
 * ======================
 *
 * Where the packets of a tunnel go first, found out as OVS does when it
 * translates an output to a tunnel port: its router (ovs/route/show) gives a
 * device and perhaps a gateway, and the device is a port of some bridge.
 *
 * Main thread only. */

#include <net/if.h>
#include <netinet/in.h>

struct ofport;

struct hwv_route {
    char dev[IFNAMSIZ];         /* The route's device: a bridge's local port,
                                 * or another port of a bridge. */
    char bridge[IFNAMSIZ];      /* The bridge that has it.  OVS calls its
                                 * neighbours by this name. */
    struct in6_addr next_hop;   /* The gateway, or the destination itself. */
};

/* Finds the route to 'dst' (IPv4 as IPv4-mapped).  Returns 0, ENETUNREACH if
 * there is none, or ENODEV if its device is not a port of a bridge, as OVS
 * would not send there.  If not 0, '*route' is all zeros. */
int hwv_route_lookup(const struct in6_addr *dst, struct hwv_route *route);

/* Returns the port called 'dev', or NULL.  Where several bridges have one, the
 * bridge's own is preferred. */
struct ofport *hwv_route_find_port(const char *dev);

#endif /* hwv-route.h */
