/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FRAME_H
#define HWV_FRAME_H 1

/* Inner frame parser
 * ==================
 *
 * Reads from an Ethernet frame what a flow key needs.  Only IPv4 and IPv6
 * frames have a class, untagged, or from the uplink with one VLAN tag; every
 * other frame (ARP, truncated, ...) is for OVS.
 *
 * Soundness rests on agreeing with OVS's miniflow_extract(): wherever this
 * parser finds a class, miniflow_extract() must find the same eth_type,
 * nw_frag and ECN.  In doubt there is no class.
 *
 * Never reads outside [data, data + len), which is aligned to 2 bytes as a
 * packet's data is everywhere in OVS.  Thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packets.h"

struct hwv_frame {
    struct eth_addr dmac;
    struct eth_addr smac;
    uint8_t class;      /* HWV_CLASS_IPV6, _FRAG, and _ECN bits as found in
                         * the frame; neither _RX nor the shape. */
};

/* Parses the 'len' bytes at 'data'.  Returns true and fills in '*frame' if the
 * frame has a class, otherwise returns false and leaves '*frame' undefined. */
bool hwv_frame_parse(const void *data, size_t len, struct hwv_frame *frame);

/* The same for a frame with exactly one VLAN tag, of type 0x8100 (IEEE 802.1Q
 * section 9.4).  Stores the tag control information with DEI 0, in host byte
 * order, into '*tci'. */
bool hwv_frame_parse_tagged(const void *data, size_t len,
                            struct hwv_frame *frame, uint16_t *tci);

/* Returns a hash of the addresses, protocol and ports of the frame that
 * hwv_frame_parse() parsed into '*frame'.  All fragments of a datagram hash
 * alike, because ports are left out of any fragment.  It decides the outer UDP
 * source port (RFC 7348 section 5), on hits and on misses. */
uint32_t hwv_frame_hash(const void *data, size_t len,
                        const struct hwv_frame *frame);

#endif /* hwv-frame.h */
