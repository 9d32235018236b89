/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_ODP_STRING_H
#define HWV_ODP_STRING_H 1

/* Datapath flows and actions from strings as "ovs-appctl dpctl/dump-flows"
 * prints them, for unit tests.  A string that OVS does not understand fails
 * the test. */

#include <stdbool.h>

/* tnl_push() with these IP, UDP and VXLAN fields, and typical ones. */
#define HWV_PUSH4(IP, UDP, VXLAN) \
    "tnl_push(tnl_port(5),header(size=50,type=4,eth(dst=aa:aa:aa:aa:aa:01," \
    "src=bb:bb:bb:bb:bb:02,dl_type=0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2," \
    IP "),udp(src=0," UDP "),vxlan(" VXLAN ")),out_port(7))"
#define HWV_PUSH6(IP, UDP, VXLAN) \
    "tnl_push(tnl_port(5),header(size=70,type=4,eth(dst=aa:aa:aa:aa:aa:01," \
    "src=bb:bb:bb:bb:bb:02,dl_type=0x86dd),ipv6(src=fd00::1,dst=fd00::2," \
    IP "),udp(src=0," UDP "),vxlan(" VXLAN ")),out_port(7))"
#define HWV_IP4 "proto=17,tos=0,ttl=64,frag=0x4000"
#define HWV_IP6 "label=0,proto=17,tclass=0x0,hlimit=64"
#define HWV_UDP "dst=4789,csum=0x0"
#define HWV_UDP_CSUM "dst=4789,csum=0xffff"
#define HWV_VXLAN "flags=0x8000000,vni=0x1389"

struct match;
struct ofpbuf;

/* Makes of 's' the Netlink attributes of a flow, in '*key' and '*mask', which
 * must not be initialised and which the caller must pass to
 * ofpbuf_uninit(). */
void hwv_netlink_from_string(const char *s, struct ofpbuf *key,
                             struct ofpbuf *mask);

/* Makes of 'key' and 'mask' the match that dpif-netdev would offload.  Returns
 * false if dpif-netdev would not take them, and then a message in '*errorp',
 * which may be NULL. */
bool hwv_match_from_netlink(const struct ofpbuf *key,
                            const struct ofpbuf *mask, struct match *match,
                            char **errorp);

/* Makes of 's' the match that dpif-netdev would offload.  A tunnel needs its
 * TTL, "ttl=0/0" if it is ignored. */
void hwv_match_from_string(const char *s, struct match *match);

/* Makes of 's' actions in '*actions', which must not be initialised and which
 * the caller must pass to ofpbuf_uninit(). */
void hwv_actions_from_string(const char *s, struct ofpbuf *actions);

#endif /* hwv-odp-string.h */
