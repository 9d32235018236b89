/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb-parse.h"

#include <stdio.h>
#include <string.h>

#include "hwv-fdb.h"
#include "hwv-number.h"
#include "packets.h"
#include "util.h"

char *
hwv_fdb_parse_vni(const char *s, struct hwv_vtag *vtag)
{
    unsigned int vni;

    if (!hwv_number_parse(s, HWV_MIN_VNI, HWV_MAX_VNI, &vni)) {
        return xasprintf("VNI \"%s\": use a number from %d to %d", s,
                         HWV_MIN_VNI, HWV_MAX_VNI);
    }
    vtag->type = HWV_VTAG_VXLAN;
    vtag->id = vni;
    return NULL;
}

char *
hwv_fdb_parse_vtag(const char *s, struct hwv_vtag *vtag)
{
    unsigned int id;

    if (strncmp(s, "vlan:", 5)) {
        return hwv_fdb_parse_vni(strncmp(s, "vni:", 4) ? s : s + 4, vtag);
    }
    if (!hwv_number_parse(s + 5, HWV_MIN_VLAN, HWV_MAX_VLAN, &id)) {
        return xasprintf("VLAN id \"%s\": use a number from %d to %d", s + 5,
                         HWV_MIN_VLAN, HWV_MAX_VLAN);
    }
    vtag->type = HWV_VTAG_VLAN;
    vtag->id = id;
    return NULL;
}

char *
hwv_fdb_parse_mac(const char *s, bool zeros, struct eth_addr *mac)
{
    char text[ETH_ADDR_STRLEN + 1] = "";

    /* eth_addr_from_string() would take more digits than fit, too. */
    if (eth_addr_from_string(s, mac)) {
        snprintf(text, sizeof text, ETH_ADDR_FMT, ETH_ADDR_ARGS(*mac));
    }
    if (strcasecmp(s, text) || eth_addr_is_multicast(*mac)
        || (eth_addr_is_zero(*mac) && !zeros)) {
        return xasprintf("MAC address \"%s\": use that of one station, e.g. "
                         "02:00:00:00:00:01%s", s,
                         zeros ? ", or 00:00:00:00:00:00 for the flood list"
                         : "");
    }
    return NULL;
}

char *
hwv_fdb_parse_vtep(const char *s, struct in6_addr *vtep)
{
    ovs_be32 ip4;

    if (ip_parse(s, &ip4)) {
        in6_addr_set_mapped_ipv4(vtep, ip4);
    } else if (!ipv6_parse(s, vtep)) {
        *vtep = in6addr_any;
    }
    if (!hwv_fdb_is_vtep(vtep)) {
        return xasprintf("VTEP \"%s\": use the IPv4 or IPv6 address of one "
                         "host", s);
    }
    return NULL;
}
