/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-verdict.h"

#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "util.h"

const char *
hwv_miss_name(enum hwv_miss why)
{
    switch (why) {
#define HWV_MISS(ENUM, NAME) case HWV_MISS_##ENUM: return NAME;
    HWV_MISSES
#undef HWV_MISS
    case HWV_N_MISSES:
        break;
    }
    OVS_NOT_REACHED();
}

static const char *
explain_miss(enum hwv_miss why)
{
    switch (why) {
    case HWV_MISS_NO_CLASS:
        return "it is not a whole, untagged IPv4 or IPv6 packet";
    case HWV_MISS_NO_FLOW:
        return "the flow table has no entry for it";
    case HWV_MISS_AMBIGUOUS:
        return "entries of the flow table disagree about it";
    case HWV_MISS_ORDER:
        return "a packet of its flow just before it went to OVS";
    case HWV_MISS_HWOL:
        return "it asks for checksum or segmentation offload";
    case HWV_MISS_NOT_VXLAN:
        return "it is not UDP over IPv4 or IPv6";
    case HWV_MISS_DOUBTFUL:
        return "its outer headers are not those of plain VXLAN, or are wrong";
    case HWV_MISS_NO_SOURCE:
        return "the source table has no row for its outer headers";
    case HWV_MISS_PORT_DOWN:
        return "the port it would leave by is stopped";
    case HWV_N_MISSES:
        break;
    }
    OVS_NOT_REACHED();
}

static void
format_encap(const struct hwv_verdict *verdict, struct ds *s)
{
    const struct hwv_encap *encap = &verdict->tunnel->encap;
    const uint8_t *ip = encap->header + sizeof(struct eth_header);
    struct in6_addr vtep;

    if (hwv_encap_is_ipv6(encap)) {
        memcpy(&vtep, ip + 24, sizeof vtep);
    } else {
        ovs_be32 vtep4;

        memcpy(&vtep4, ip + offsetof(struct ip_header, ip_dst), sizeof vtep4);
        in6_addr_set_mapped_ipv4(&vtep, vtep4);
    }

    ds_put_cstr(s, "The NIC encapsulates it for VTEP ");
    ipv6_format_mapped(&vtep, s);
    ds_put_format(s, " with VNI %"PRIu32" and outer ECN %"PRIu8
                  " and sends it to the uplink.",
                  verdict->vni, hwv_outer_ecn(verdict->ecn));
}

void
hwv_verdict_format(const struct hwv_verdict *verdict, struct ds *s)
{
    if (verdict->outer_len) {
        ds_put_format(s, "The NIC takes off %"PRIu8" bytes of outer headers. ",
                      verdict->outer_len);
    }
    if (verdict->pop_vlan) {
        ds_put_cstr(s, "The NIC takes off the VLAN tag. ");
    }

    switch (verdict->type) {
    case HWV_VERDICT_MISS:
        ds_put_format(s, "OVS handles it (%s): %s.",
                      hwv_miss_name(verdict->miss),
                      explain_miss(verdict->miss));
        break;
    case HWV_VERDICT_DROP:
        ds_put_cstr(s, "The NIC drops it, as its flow says.");
        break;
    case HWV_VERDICT_VF:
        ds_put_format(s, "The NIC sends it to VF %"PRIu16".", verdict->vf);
        break;
    case HWV_VERDICT_UPLINK:
        ds_put_cstr(s, "The NIC sends it to the uplink as it is.");
        break;
    case HWV_VERDICT_VLAN:
        ds_put_format(s, "The NIC sends it to the uplink with a tag of VLAN "
                      "%d and priority %d.",
                      vlan_tci_to_vid(htons(verdict->tci)),
                      vlan_tci_to_pcp(htons(verdict->tci)));
        break;
    case HWV_VERDICT_ENCAP:
        format_encap(verdict, s);
        break;
    case HWV_VERDICT_WITHDRAWN:
        ds_put_cstr(s, "The NIC drops it, as its VTEP has been withdrawn.");
        break;
    }
}
