/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-route.h"

#include <errno.h>

#include "ofproto/ofproto.h"
#include "ofproto/ofproto-provider.h"
#include "ovs-router.h"
#include "packets.h"
#include "sset.h"
#include "util.h"

static struct ofport *find_port_anywhere(const char *dev);
static struct ofport *find_port_in_type(const char *type, const char *dev);

int
hwv_route_lookup(const struct in6_addr *dst, struct hwv_route *route)
{
    struct in6_addr src = in6addr_any;
    struct in6_addr gw = in6addr_any;
    char dev[IFNAMSIZ];
    struct ofport *port;

    memset(route, 0, sizeof *route);
    if (!ovs_router_lookup(0, dst, dev, &src, &gw)) {
        return ENETUNREACH;
    }
    port = hwv_route_find_port(dev);
    if (!port) {
        return ENODEV;
    }

    ovs_strlcpy(route->dev, dev, sizeof route->dev);
    ovs_strlcpy(route->bridge, port->ofproto->name, sizeof route->bridge);
    route->next_hop = (ipv6_addr_is_set(&gw)
                       && (!IN6_IS_ADDR_V4MAPPED(&gw)
                           || in6_addr_get_mapped_ipv4(&gw)) ? gw : *dst);
    return 0;
}

struct ofport *
hwv_route_find_port(const char *dev)
{
    struct ofproto *ofproto = ofproto_lookup(dev);
    struct ofport *port = (ofproto
                           ? shash_find_data(&ofproto->port_by_name, dev)
                           : NULL);

    return port ? port : find_port_anywhere(dev);
}

static struct ofport *
find_port_anywhere(const char *dev)
{
    struct sset types = SSET_INITIALIZER(&types);
    struct ofport *port = NULL;
    const char *type;

    ofproto_enumerate_types(&types);
    SSET_FOR_EACH (type, &types) {
        port = find_port_in_type(type, dev);
        if (port) {
            break;
        }
    }
    sset_destroy(&types);
    return port;
}

static struct ofport *
find_port_in_type(const char *type, const char *dev)
{
    struct sset names = SSET_INITIALIZER(&names);
    struct ofport *port = NULL;
    const char *name;

    ofproto_enumerate_names(type, &names);
    SSET_FOR_EACH (name, &names) {
        struct ofproto *ofproto = ofproto_lookup(name);

        port = (ofproto ? shash_find_data(&ofproto->port_by_name, dev) : NULL);
        if (port) {
            break;
        }
    }
    sset_destroy(&names);
    return port;
}
