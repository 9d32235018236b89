/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_REJECT_H
#define HWV_REJECT_H 1

/* Why a datapath flow stays in software
 * =====================================
 *
 * The reasons are counted and listed by 'hwvxlan/dump-rejected'.  Each is an
 * enumerator, a short name for programs and a sentence for people.  Pure data,
 * safe from any thread. */

#define HWV_REJECTS                                                         \
    /* Match. */                                                            \
    HWV_REJECT(RECIRC, "recirc", "matches a recirculation id")              \
    HWV_REJECT(PACKET_TYPE, "packet-type", "is not for Ethernet packets")   \
    HWV_REJECT(ETH_TYPE, "eth-type", "is not for IPv4 or IPv6")             \
    HWV_REJECT(VLAN, "vlan", "matches a VLAN tag")                          \
    HWV_REJECT(VLAN_MASK, "vlan-mask", "does not match a single VLAN tag "  \
               "(0x8100) with its priority exactly")                        \
    HWV_REJECT(MAC_MASK, "mac-mask", "matches a part of a MAC address")     \
    HWV_REJECT(NW_FRAG, "nw-frag",                                          \
               "does not match the fragment kind exactly")                  \
    HWV_REJECT(DSCP, "dscp", "matches DSCP, or TOS in part")                \
    HWV_REJECT(RX_ECN, "rx-ecn", "matches inner ECN on receive")            \
    HWV_REJECT(NW_TTL, "nw-ttl", "matches the TTL")                         \
    HWV_REJECT(L3, "l3", "matches an IP address or flow label")             \
    HWV_REJECT(L4, "l4",                                                    \
               "matches the IP protocol or a transport header")             \
    HWV_REJECT(CONNTRACK, "conntrack", "matches connection tracking state") \
    HWV_REJECT(METADATA, "metadata",                                        \
               "matches metadata (skb_priority, pkt_mark, dp_hash, ...)")   \
    HWV_REJECT(TUNNEL_MATCH, "tunnel-match",                                \
               "does not match the tunnel header exactly as VXLAN")         \
    HWV_REJECT(OUTER_CE, "outer-ce", "matches outer ECN CE")                \
    HWV_REJECT(OUTER_MATCH, "outer-match",                                  \
               "the tnl_pop flow matches other than the source table does") \
    HWV_REJECT(MATCH_OTHER, "match-other", "matches another field")         \
    /* Actions. */                                                          \
    HWV_REJECT(MULTI_OUTPUT, "multi-output", "has several outputs")         \
    HWV_REJECT(ACTION, "action", "has an action that the NIC lacks")        \
    HWV_REJECT(TRUNC, "trunc", "truncates")                                 \
    HWV_REJECT(TUNNEL_TYPE, "tunnel-type", "pushes another header than "    \
               "plain VXLAN")                                               \
    HWV_REJECT(TUNNEL_ECN, "tunnel-ecn",                                    \
               "does not inherit the outer ECN field")                      \
    HWV_REJECT(UNDERLAY_ACTION, "underlay-action",                          \
               "does more than one output after tnl_push (VLAN, mirror)")   \
    HWV_REJECT(VLAN_ACTION, "vlan-action", "does with VLAN tags other "     \
               "than take one off for a VF or put one on for the uplink")   \
    /* Ports and direction. */                                              \
    HWV_REJECT(OUTPUT_PORT, "output-port",                                  \
               "outputs to a port that is not on this NIC")                 \
    HWV_REJECT(HAIRPIN, "hairpin", "outputs to its own input port")         \
    HWV_REJECT(TUNNEL_TO_TUNNEL, "tunnel-to-tunnel",                        \
               "goes from a tunnel to the uplink")                          \
    HWV_REJECT(NOT_TNL_POP, "not-tnl-pop",                                  \
               "is an uplink flow without tnl_pop")                         \
    /* State. */                                                            \
    HWV_REJECT(NO_NIC, "no-nic", "its VF has no PF, or the NIC of its "     \
               "tunnel is not known")                                       \
    HWV_REJECT(CONFLICT, "conflict",                                        \
               "disagrees with another flow of the same key")               \
    HWV_REJECT(FLOWS_FULL, "flows-full", "the flow table is full of "       \
               "flows that are used more (options:max-flows)")              \
    HWV_REJECT(TUNNELS_FULL, "tunnels-full", "the tunnel table is full "    \
               "(options:max-tunnels)")                                     \
    HWV_REJECT(SOURCES_FULL, "sources-full", "the source table is full")    \
    HWV_REJECT(COUNTERS_FULL, "counters-full", "there is no counter left")  \
    HWV_REJECT(UNVERIFIED, "unverified", "is being changed or removed")     \
    HWV_REJECT(FLUSHED, "flushed", "the tables were flushed a moment ago")  \
    HWV_REJECT(OFFLOAD_OFF, "offload-off", "options:offload is false")

enum hwv_reject {
    HWV_ACCEPT,                 /* Not rejected. */
#define HWV_REJECT(ENUM, NAME, TEXT) HWV_REJECT_##ENUM,
    HWV_REJECTS
#undef HWV_REJECT
    HWV_N_REJECTS
};

/* Returns the short name ("l4") and the sentence ("matches the IP
 * protocol or a transport header") of 'reject'; "" for HWV_ACCEPT. */
const char *hwv_reject_name(enum hwv_reject reject);
const char *hwv_reject_text(enum hwv_reject reject);

#endif /* hwv-reject.h */
