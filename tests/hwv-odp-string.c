/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-odp-string.h"

#include <check.h>
#include <netinet/ip6.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "netdev-native-tnl.h"
#include "netlink.h"
#include "odp-netlink.h"
#include "odp-util.h"
#include "openvswitch/match.h"
#include "openvswitch/ofpbuf.h"
#include "packets.h"
#include "util.h"

/* What "dpctl/dump-flows" leaves out unless "-m" is given. */
#define IGNORED_ETH ",eth(dst=00:00:00:00:00:00/00:00:00:00:00:00)"

void
hwv_netlink_from_string(const char *s, struct ofpbuf *key, struct ofpbuf *mask)
{
    bool no_eth = strstr(s, "packet_type(ns=0,id=0)") && !strstr(s, "eth(");
    char *full = xasprintf("%s%s", s, no_eth ? IGNORED_ETH : "");
    char *error = NULL;

    ofpbuf_init(key, 0);
    ofpbuf_init(mask, 0);
    ck_assert_msg(!odp_flow_from_string(full, NULL, key, mask, &error),
                  "%s: %s", s, error);
    free(full);
}

bool
hwv_match_from_netlink(const struct ofpbuf *key, const struct ofpbuf *mask,
                       struct match *match, char **errorp)
{
    memset(match, 0, sizeof *match);
    *errorp = NULL;
    if (odp_flow_key_to_flow(key->data, key->size, &match->flow, errorp)
        || odp_flow_key_to_mask(mask->data, mask->size, &match->wc,
                                &match->flow, errorp)) {
        return false;
    }

    /* As dpif_netdev_flow_put() and handle_packet_upcall(): where nothing is
     * said of VLANs there must be none. */
    if (!match->wc.masks.vlans[0].tci) {
        match->wc.masks.vlans[0].tci = htons(VLAN_VID_MASK | VLAN_CFI);
    }
    return true;
}

void
hwv_match_from_string(const char *s, struct match *match)
{
    struct ofpbuf key, mask;
    char *error;

    hwv_netlink_from_string(s, &key, &mask);
    ck_assert_msg(hwv_match_from_netlink(&key, &mask, match, &error),
                  "%s: %s", s, error);
    ofpbuf_uninit(&key);
    ofpbuf_uninit(&mask);
}

/* odp_actions_from_string() leaves the payload length of an IPv6 header as it
 * finds it in memory, where netdev_vxlan_build_header() leaves zero. */
static void
zero_payload_lengths(struct nlattr *actions, size_t len)
{
    struct nlattr *a;
    size_t left;

    NL_ATTR_FOR_EACH (a, left, actions, len) {
        void *data = CONST_CAST(void *, nl_attr_get(a));

        if (nl_attr_type(a) == OVS_ACTION_ATTR_CLONE) {
            zero_payload_lengths(data, nl_attr_get_size(a));
        } else if (nl_attr_type(a) == OVS_ACTION_ATTR_TUNNEL_PUSH) {
            struct ovs_action_push_tnl *push = data;

            if (netdev_tnl_is_header_ipv6(push->header)) {
                netdev_tnl_ipv6_hdr(push->header)->ip6_plen = 0;
            }
        }
    }
}

void
hwv_actions_from_string(const char *s, struct ofpbuf *actions)
{
    ofpbuf_init(actions, 0);
    ck_assert_msg(!odp_actions_from_string(s, NULL, actions), "%s", s);
    zero_payload_lengths(actions->data, actions->size);
}
