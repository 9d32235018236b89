/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb-netlink.h"

#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "hwv-fdb-devices.h"
#include "hwv-vtag.h"
#include "packets.h"
#include "util.h"

static bool apply_link(struct hwv_fdb_devices *, struct nlmsghdr *);
static bool parse_vni(struct nlattr *linkinfo, uint32_t *vni);
static void apply_neighbour(struct hwv_fdb_devices *, struct nlmsghdr *);
static void apply_nexthop(struct hwv_fdb_devices *, struct nlmsghdr *);
static bool parse_address(const struct nlattr *, struct in6_addr *);
static uint32_t get_u32(const struct nlattr *);

bool
hwv_fdb_netlink_apply(struct hwv_fdb_devices *devices, struct nlmsghdr *nlh)
{
    switch (nlh->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        return apply_link(devices, nlh);
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
        apply_neighbour(devices, nlh);
        return false;
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
        apply_nexthop(devices, nlh);
        return false;
    default:
        return false;
    }
}

/* Bridges tell of their ports by the same types of messages, for another
 * family. */
static bool
apply_link(struct hwv_fdb_devices *devices, struct nlmsghdr *nlh)
{
    struct nlattr *attrs[IFLA_MAX + 1];
    const struct ifinfomsg *ifi;
    uint32_t vni;

    if (nlmsg_parse(nlh, sizeof *ifi, attrs, IFLA_MAX, NULL) < 0) {
        return false;
    }
    ifi = nlmsg_data(nlh);
    if (ifi->ifi_family != AF_UNSPEC) {
        return false;
    }
    if (nlh->nlmsg_type == RTM_DELLINK) {
        hwv_fdb_devices_del(devices, ifi->ifi_index);
        return false;
    }
    return (parse_vni(attrs[IFLA_LINKINFO], &vni)
            && hwv_fdb_devices_add(devices, ifi->ifi_index, vni));
}

/* Stores the VNI of a vxlan device, or 0 if it is for any (external), in
 * '*vni'.  Returns false if the device is another one. */
static bool
parse_vni(struct nlattr *linkinfo, uint32_t *vni)
{
    struct nlattr *data[IFLA_VXLAN_MAX + 1];
    struct nlattr *info[IFLA_INFO_MAX + 1];

    if (!linkinfo || nla_parse_nested(info, IFLA_INFO_MAX, linkinfo, NULL) < 0
        || !info[IFLA_INFO_KIND] || !info[IFLA_INFO_DATA]
        || nla_strcmp(info[IFLA_INFO_KIND], "vxlan")
        || nla_parse_nested(data, IFLA_VXLAN_MAX, info[IFLA_INFO_DATA],
                            NULL) < 0) {
        return false;
    }
    *vni = get_u32(data[IFLA_VXLAN_ID]) & HWV_MAX_VNI;
    if (data[IFLA_VXLAN_COLLECT_METADATA]
        && nla_len(data[IFLA_VXLAN_COLLECT_METADATA]) >= 1
        && nla_get_u8(data[IFLA_VXLAN_COLLECT_METADATA])) {
        *vni = 0;
    }
    return true;
}

static void
apply_neighbour(struct hwv_fdb_devices *devices, struct nlmsghdr *nlh)
{
    struct hwv_device_entry entry = { .vtep = in6addr_any };
    struct nlattr *attrs[NDA_MAX + 1];
    const struct ndmsg *ndm;

    if (nlmsg_parse(nlh, sizeof *ndm, attrs, NDA_MAX, NULL) < 0) {
        return;
    }
    ndm = nlmsg_data(nlh);
    if (ndm->ndm_family != AF_BRIDGE || !(ndm->ndm_flags & NTF_SELF)
        || !attrs[NDA_LLADDR]
        || nla_len(attrs[NDA_LLADDR]) != sizeof entry.mac) {
        return;
    }
    entry.ifindex = ndm->ndm_ifindex;
    memcpy(&entry.mac, nla_data(attrs[NDA_LLADDR]), sizeof entry.mac);
    entry.src_vni = get_u32(attrs[NDA_SRC_VNI]) & HWV_MAX_VNI;
    entry.dst_vni = get_u32(attrs[NDA_VNI]) & HWV_MAX_VNI;
    entry.nexthop = get_u32(attrs[NDA_NH_ID]);
    if (!entry.nexthop && !parse_address(attrs[NDA_DST], &entry.vtep)) {
        return;
    }
    if (nlh->nlmsg_type == RTM_NEWNEIGH) {
        hwv_fdb_devices_add_entry(devices, &entry);
    } else {
        hwv_fdb_devices_del_entry(devices, &entry);
    }
}

static void
apply_nexthop(struct hwv_fdb_devices *devices, struct nlmsghdr *nlh)
{
    struct nlattr *attrs[NHA_MAX + 1];
    uint32_t members[256];
    struct in6_addr vtep;
    size_t n = 0;
    uint32_t id;

    if (nlmsg_parse(nlh, sizeof(struct nhmsg), attrs, NHA_MAX, NULL) < 0) {
        return;
    }
    id = get_u32(attrs[NHA_ID]);
    if (nlh->nlmsg_type == RTM_DELNEXTHOP || !attrs[NHA_FDB]) {
        hwv_fdb_devices_del_nexthop(devices, id);
    } else if (attrs[NHA_GROUP]) {
        const struct nexthop_grp *group = nla_data(attrs[NHA_GROUP]);
        size_t n_group = nla_len(attrs[NHA_GROUP]) / sizeof *group;

        for (size_t i = 0; i < MIN(n_group, ARRAY_SIZE(members)); i++) {
            members[n++] = group[i].id;
        }
        hwv_fdb_devices_add_nexthop(devices, id, NULL, members, n);
    } else if (parse_address(attrs[NHA_GATEWAY], &vtep)) {
        hwv_fdb_devices_add_nexthop(devices, id, &vtep, NULL, 0);
    }
}

static bool
parse_address(const struct nlattr *attr, struct in6_addr *ip)
{
    ovs_be32 ip4;

    if (attr && nla_len(attr) == sizeof *ip) {
        memcpy(ip, nla_data(attr), sizeof *ip);
        return true;
    } else if (attr && nla_len(attr) == sizeof ip4) {
        memcpy(&ip4, nla_data(attr), sizeof ip4);
        in6_addr_set_mapped_ipv4(ip, ip4);
        return true;
    }
    return false;
}

/* Returns the number in 'attr', or 0 if it is missing. */
static uint32_t
get_u32(const struct nlattr *attr)
{
    return attr && nla_len(attr) >= 4 ? nla_get_u32(attr) : 0;
}
