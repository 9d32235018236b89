/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_OUTERS_H
#define HWV_OUTERS_H 1

/* Outer headers of a burst
 * ========================
 *
 * What hwv_outer_parse() and hwv_outer_verify() find out about one packet, for
 * all packets of a burst at once, each of which has a lane (hwv-vector.h).
 * That is for "plain" packets: VXLAN over IPv4, without a UDP checksum, and
 * right in the eyes of both.  What else there is is left to these functions.
 *
 *    1. hwv_outers_load() or hwv_outers_skip() for each lane.
 *    2. hwv_outers_parse().
 *
 * Thread-safe. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dp-packet.h"
#include "hwv-hash.h"
#include "hwv-source-table.h"
#include "hwv-tunnel-table.h"
#include "hwv-vector.h"
#include "packets.h"
#include "util.h"

#define HWV_OUTERS_IPV4 0x0008  /* Type in the upper half of a word. */
#define HWV_OUTERS_WORTH 8      /* Lanes. */

struct hwv_outers {
    /* Words of a plain packet as they are in it, from the byte that the name
     * tells. */
    uint64_t word0[NETDEV_MAX_BURST];   /* MACs, */
    uint32_t word8[NETDEV_MAX_BURST];   /* the rest of them. */
    uint32_t word10[NETDEV_MAX_BURST];  /* Ethernet type. */
    uint32_t word14[NETDEV_MAX_BURST];  /* Version, TOS, total length. */
    uint32_t word18[NETDEV_MAX_BURST];  /* Fragment offset. */
    uint32_t word22[NETDEV_MAX_BURST];  /* Protocol, checksum. */
    uint32_t word26[NETDEV_MAX_BURST];  /* Source address. */
    uint32_t word30[NETDEV_MAX_BURST];  /* Destination address. */
    uint32_t word34[NETDEV_MAX_BURST];  /* Ports. */
    uint32_t word38[NETDEV_MAX_BURST];  /* UDP length and checksum. */
    uint32_t word42[NETDEV_MAX_BURST];  /* VXLAN flags. */
    uint32_t word46[NETDEV_MAX_BURST];  /* VNI. */
    uint32_t len[NETDEV_MAX_BURST];     /* Bytes of the packet. */

    uint32_t plain[NETDEV_MAX_BURST];   /* 1 or 0. */

    /* Parts of the source key, between two loops of ->parse_outers(). */
    uint32_t vni[NETDEV_MAX_BURST];
    uint32_t port_tos[NETDEV_MAX_BURST];
};

/* Says that the packet of lane 'i' is not plain. */
static inline void
hwv_outers_skip(struct hwv_outers *outers, size_t i)
{
    outers->word10[i] = 0;
}

/* Puts the 'len' bytes at 'data' into lane 'i', which is not plain if they are
 * too few. */
static inline void
hwv_outers_load(struct hwv_outers *outers, size_t i, const void *data,
                size_t len)
{
    const char *p = data;

    if (OVS_UNLIKELY(len < HWV_ENCAP_IPV4 + ETH_HEADER_LEN)) {
        hwv_outers_skip(outers, i);
        return;
    }
    memcpy(&outers->word0[i], p, sizeof outers->word0[i]);
    memcpy(&outers->word8[i], p + 8, sizeof outers->word8[i]);
    memcpy(&outers->word10[i], p + 10, sizeof outers->word10[i]);
    memcpy(&outers->word14[i], p + 14, sizeof outers->word14[i]);
    memcpy(&outers->word18[i], p + 18, sizeof outers->word18[i]);
    memcpy(&outers->word22[i], p + 22, sizeof outers->word22[i]);
    memcpy(&outers->word26[i], p + 26, sizeof outers->word26[i]);
    memcpy(&outers->word30[i], p + 30, sizeof outers->word30[i]);
    memcpy(&outers->word34[i], p + 34, sizeof outers->word34[i]);
    memcpy(&outers->word38[i], p + 38, sizeof outers->word38[i]);
    memcpy(&outers->word42[i], p + 42, sizeof outers->word42[i]);
    memcpy(&outers->word46[i], p + 46, sizeof outers->word46[i]);
    outers->len[i] = len;
}

/* Parses the first 'n' lanes, and makes source keys of those that are plain.
 * Where there are but a few that could be, it is not worth the while, and none
 * is. */
static inline void
hwv_outers_parse(struct hwv_outers *outers, struct hwv_source_lookups *lookups,
                 size_t n)
{
    size_t n_ipv4 = 0;

    for (size_t i = 0; i < n; i++) {
        n_ipv4 += outers->word10[i] >> 16 == HWV_OUTERS_IPV4;
    }
    if (n_ipv4 >= HWV_OUTERS_WORTH) {
        hwv_vector->parse_outers(outers, lookups, n);
    } else {
        memset(outers->plain, 0, n * sizeof outers->plain[0]);
    }
}

/* Inside of ->parse_outers().  No branches, and the first byte of a packet is
 * the least significant one of its word. */

static inline ALWAYS_INLINE uint32_t
hwv_outers_sum_halves(uint32_t word)
{
    return (word & UINT16_MAX) + (word >> 16);
}

/* Reads lane 'i': the conditions of hwv_outer_parse() and, for a packet
 * without a UDP checksum, of hwv_outer_verify(). */
static inline ALWAYS_INLINE void
hwv_outers_parse_lane(struct hwv_outers *outers, size_t i)
{
    const uint32_t frag_mask = 0xffbf0000;  /* All but "do not fragment". */
    const uint32_t ihl_ver = 0x45;
    const uint32_t flags = (OVS_FORCE uint32_t) htonl(VXLAN_FLAGS);
    const uint32_t word14 = outers->word14[i], word18 = outers->word18[i];
    const uint32_t word22 = outers->word22[i], word38 = outers->word38[i];
    const uint32_t tot_len
        = ntohl((OVS_FORCE ovs_be32) word14) & UINT16_MAX;
    const uint32_t udp_len = ntohl((OVS_FORCE ovs_be32) word38) >> 16;
    const uint32_t vni = ntohl((OVS_FORCE ovs_be32) outers->word46[i]);
    const uint32_t tos = word14 >> 8 & 0xff;
    uint32_t sum = (hwv_outers_sum_halves(word14)
                    + hwv_outers_sum_halves(word18)
                    + hwv_outers_sum_halves(word22)
                    + hwv_outers_sum_halves(outers->word26[i])
                    + hwv_outers_sum_halves(outers->word30[i]));

    sum = hwv_outers_sum_halves(sum);
    sum = hwv_outers_sum_halves(sum);
    outers->plain[i] = ((outers->word10[i] >> 16 == HWV_OUTERS_IPV4)
                        & ((word14 & 0xff) == ihl_ver)
                        & ((tos & IP_ECN_MASK) != IP_ECN_CE)
                        & (tot_len + ETH_HEADER_LEN == outers->len[i])
                        & !(word18 & frag_mask)
                        & ((word22 >> 8 & 0xff) == IPPROTO_UDP)
                        & (sum == UINT16_MAX)
                        & (udp_len + IP_HEADER_LEN == tot_len)
                        & !(word38 >> 16)
                        & (outers->word42[i] == flags)
                        & !(vni & 0xff));
    outers->vni[i] = vni >> 8;
    outers->port_tos[i] = outers->word34[i] >> 16 | tos << 16;
}

/* Writes the source key of lane 'i' and its hash: apart because of the size of
 * the words. */
static inline ALWAYS_INLINE void
hwv_outers_make_key(const struct hwv_outers *outers,
                    struct hwv_source_lookups *lookups, size_t i)
{
    const uint64_t mapped = UINT64_C(0xffff0000);   /* ::ffff:0:0 */
    const uint64_t src = mapped | (uint64_t) outers->word26[i] << 32;
    const uint64_t dst = mapped | (uint64_t) outers->word30[i] << 32;
    const uint64_t vni = (outers->vni[i]
                          | (uint64_t) outers->port_tos[i] << 32);
    const uint64_t macs = outers->word0[i] & lookups->mac_masks[0];
    const uint64_t rest = ((outers->word8[i] | UINT64_C(1) << 32)
                           & lookups->mac_masks[1]);
    uint64_t sum = lookups->secret.multipliers[0];

    lookups->keys[0][i] = 0;
    lookups->keys[1][i] = src;
    lookups->keys[2][i] = 0;
    lookups->keys[3][i] = dst;
    lookups->keys[4][i] = vni;
    lookups->keys[5][i] = macs;
    lookups->keys[6][i] = rest;
    sum += hwv_hash_product(&lookups->secret, 0, 0);
    sum += hwv_hash_product(&lookups->secret, 1, src);
    sum += hwv_hash_product(&lookups->secret, 2, 0);
    sum += hwv_hash_product(&lookups->secret, 3, dst);
    sum += hwv_hash_product(&lookups->secret, 4, vni);
    sum += hwv_hash_product(&lookups->secret, 5, macs);
    sum += hwv_hash_product(&lookups->secret, 6, rest);
    lookups->hashes[i] = hwv_hash_mix(sum);
}

#endif /* hwv-outers.h */
