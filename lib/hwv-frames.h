/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FRAMES_H
#define HWV_FRAMES_H 1

/* Frames of a burst
 * =================
 *
 * What hwv_frame_parse() and hwv_frame_hash() find out about one frame, for
 * all frames of a burst at once, each of which has a lane (hwv-vector.h).
 * That is for "plain" frames, as nearly all are: untagged IPv4, without
 * options, no fragment, and HWV_PLAIN_LEN bytes or more.  What else there is
 * is left to the functions for one frame.
 *
 *    1. hwv_frames_load() or hwv_frames_put() for each lane that matters: what
 *       is in others means nothing afterwards.
 *    2. ->parse_frames() of hwv_vector.
 *    3. Who is not plain after that, and has a class: hwv_frames_put().
 *
 * Thread-safe. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dp-packet.h"
#include "hwv-frame.h"
#include "hwv-key.h"
#include "packets.h"
#include "util.h"

/* As far as what is read goes: with the ports. */
#define HWV_PLAIN_LEN (ETH_HEADER_LEN + IP_HEADER_LEN + sizeof(uint32_t))

struct hwv_frames {
    /* Words of a plain frame as they are in it, from the byte that the name
     * tells. */
    uint32_t word12[NETDEV_MAX_BURST];  /* Ethernet type, version, TOS. */
    uint32_t word16[NETDEV_MAX_BURST];  /* Total length. */
    uint32_t word20[NETDEV_MAX_BURST];  /* Fragment offset, protocol. */
    uint32_t word26[NETDEV_MAX_BURST];  /* Source address. */
    uint32_t word30[NETDEV_MAX_BURST];  /* Destination address. */
    uint32_t word34[NETDEV_MAX_BURST];  /* Ports. */
    uint32_t len[NETDEV_MAX_BURST];     /* Bytes of the frame. */

    uint32_t plain[NETDEV_MAX_BURST];   /* 1, or 0: then there is no hash. */
    uint32_t hash[NETDEV_MAX_BURST];    /* As hwv_frame_hash() returns it. */

    /* As in struct hwv_frame.  Before, the 8 bytes that begin with each MAC,
     * and no class. */
    uint64_t dmac[NETDEV_MAX_BURST];
    uint64_t smac[NETDEV_MAX_BURST];
    uint32_t class[NETDEV_MAX_BURST];
};

/* Puts the 'len' bytes at 'data' into lane 'i', which is not plain if they are
 * too few. */
static inline void
hwv_frames_load(struct hwv_frames *frames, size_t i, const void *data,
                size_t len)
{
    const char *p = data;

    if (OVS_UNLIKELY(len < HWV_PLAIN_LEN)) {
        frames->word12[i] = 0;
        return;
    }
    memcpy(&frames->dmac[i], p, sizeof frames->dmac[i]);
    memcpy(&frames->smac[i], p + 6, sizeof frames->smac[i]);
    memcpy(&frames->word12[i], p + 12, sizeof frames->word12[i]);
    memcpy(&frames->word16[i], p + 16, sizeof frames->word16[i]);
    memcpy(&frames->word20[i], p + 20, sizeof frames->word20[i]);
    memcpy(&frames->word26[i], p + 26, sizeof frames->word26[i]);
    memcpy(&frames->word30[i], p + 30, sizeof frames->word30[i]);
    memcpy(&frames->word34[i], p + 34, sizeof frames->word34[i]);
    frames->len[i] = len;
}

/* Puts '*frame', which is parsed already, into lane 'i', which has not been
 * found to be plain and will not be. */
static inline void
hwv_frames_put(struct hwv_frames *frames, size_t i,
               const struct hwv_frame *frame)
{
    frames->word12[i] = 0;
    frames->dmac[i] = frame->dmac;
    frames->smac[i] = frame->smac;
    frames->class[i] = frame->class;
}

/* Returns the frame of lane 'i'. */
static inline struct hwv_frame
hwv_frames_get(const struct hwv_frames *frames, size_t i)
{
    return (struct hwv_frame) {
        .dmac = frames->dmac[i],
        .smac = frames->smac[i],
        .class = frames->class[i],
    };
}

/* What ->parse_frames() does with lane 'i'.  No branches, and the first byte
 * of a frame is the least significant one of its word.  The conditions are
 * those of hwv_frame_parse_ipv4() and hwv_frame_hash_words(). */
static inline ALWAYS_INLINE void
hwv_frames_parse_lane(struct hwv_frames *frames, size_t i)
{
    const uint32_t plain_type = 0x450008;   /* Of type and version. */
    const uint32_t frag_mask = 0xff3f;      /* IP_IS_FRAGMENT(). */
    const uint32_t word12 = frames->word12[i], word16 = frames->word16[i];
    const uint32_t word20 = frames->word20[i];
    const uint32_t proto = word20 >> 24, ecn = word12 >> 24 & IP_ECN_MASK;
    const uint32_t tot_len = ntohl((OVS_FORCE ovs_be32) word16) >> 16;
    const uint32_t padding = frames->len[i] - ETH_HEADER_LEN - tot_len;
    const uint32_t plain = (((word12 & 0xffffff) == plain_type)
                            & !(word20 & frag_mask)
                            & (tot_len >= IP_HEADER_LEN)
                            & (padding <= UINT16_MAX));
    const uint32_t has_ports = (((proto == IPPROTO_TCP)
                                 | (proto == IPPROTO_UDP)
                                 | (proto == IPPROTO_SCTP))
                                & (tot_len >= IP_HEADER_LEN + 4));
    const struct hwv_hash_words words = {
        .src = frames->word26[i],
        .dst = frames->word30[i],
        .proto = proto,
        .ports = frames->word34[i],
        .has_ports = has_ports,
    };

    frames->plain[i] = plain;
    frames->hash[i] = hwv_hash_words(&words);
    frames->class[i] = (plain ? ecn << HWV_CLASS_ECN_SHIFT
                        : frames->class[i]);
}

/* The other thing it does with lane 'i', apart because of the size of the
 * words. */
static inline ALWAYS_INLINE void
hwv_frames_mask_macs(struct hwv_frames *frames, size_t i)
{
    const uint64_t mac_mask = (UINT64_C(1) << 48) - 1;

    frames->dmac[i] &= mac_mask;
    frames->smac[i] &= mac_mask;
}

#endif /* hwv-frames.h */
