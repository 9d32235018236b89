/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_RSS_H
#define HWV_RSS_H 1

/* RSS hashes of a burst
 * =====================
 *
 * Gives packets that came without an RSS hash the one of hwv_frame_hash().
 * Those of IPv4 frames are computed for a whole burst at once (hwv-vector.h).
 *
 *    1. Set 'n' to 0; there is nothing else to be initialized.
 *    2. hwv_rss_add() for each packet, at most NETDEV_MAX_BURST.
 *    3. hwv_rss_finish().
 *
 * Thread-safe; a packet has one owner at a time. */

#include <stddef.h>
#include <stdint.h>

#include "dp-packet.h"
#include "hwv-frame.h"
#include "hwv-key.h"
#include "hwv-vector.h"
#include "util.h"

/* A struct hwv_hash_words in each lane. */
struct hwv_rss_lanes {
    uint32_t src[NETDEV_MAX_BURST];
    uint32_t dst[NETDEV_MAX_BURST];
    uint32_t proto[NETDEV_MAX_BURST];
    uint32_t ports[NETDEV_MAX_BURST];
    uint32_t has_ports[NETDEV_MAX_BURST];
    uint32_t hash[NETDEV_MAX_BURST];    /* Their hashes. */
};

struct hwv_rss {
    size_t n;
    struct dp_packet *packets[NETDEV_MAX_BURST];
    struct hwv_rss_lanes lanes;
};

/* Adds 'packet', of which hwv_frame_parse() made '*frame'. */
static inline void
hwv_rss_add(struct hwv_rss *rss, struct dp_packet *packet,
            const struct hwv_frame *frame)
{
    const void *data = dp_packet_data(packet);

    if (OVS_UNLIKELY(frame->class & HWV_CLASS_IPV6)) {
        dp_packet_set_rss_hash(packet, hwv_frame_hash(data, frame));
    } else {
        struct hwv_hash_words words = hwv_frame_hash_words(data, frame);
        struct hwv_rss_lanes *lanes = &rss->lanes;
        size_t i = rss->n++;

        rss->packets[i] = packet;
        lanes->src[i] = words.src;
        lanes->dst[i] = words.dst;
        lanes->proto[i] = words.proto;
        lanes->ports[i] = words.ports;
        lanes->has_ports[i] = words.has_ports;
    }
}

/* Sets the hashes of all packets that have been added. */
static inline void
hwv_rss_finish(struct hwv_rss *rss)
{
    hwv_vector->hash_frames(&rss->lanes, rss->n);
    for (size_t i = 0; i < rss->n; i++) {
        dp_packet_set_rss_hash(rss->packets[i], rss->lanes.hash[i]);
    }
}

#endif /* hwv-rss.h */
