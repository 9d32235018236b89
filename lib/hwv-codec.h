/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_CODEC_H
#define HWV_CODEC_H 1

/* VXLAN and VLAN codec
 * ====================
 *
 * Puts an outer header in front of a frame and reads one off, byte for byte as
 * OVS's userspace datapath does (tnl_push and tnl_pop; RFC 7348 section 5),
 * and the same for VLAN tags (push_vlan and pop_vlan; IEEE 802.1Q section
 * 9.3).
 *
 * Thread-safe; a packet has one owner at a time.  Packets' data is aligned to
 * 2 bytes, as everywhere in OVS. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dp-packet.h"
#include "hwv-source-table.h"
#include "hwv-tunnel-table.h"

/* The ECN field of the outer header for the inner ECN field 'ecn' (0 to 3), as
 * OVS sets it: copied, but CE becomes ECT(0) (compare RFC 6040 section 4.1,
 * "normal mode", which would copy CE). */
uint8_t hwv_outer_ecn(uint8_t ecn);

/* Encapsulates 'packet', whose inner ECN field is 'ecn', with 'tunnel' and
 * 'vni'.  The packet's RSS hash must be set: the UDP source port is made from
 * it by netdev_tnl_get_src_port().  Reallocates the packet's data where the
 * headroom is too small, and leaves 'l3_ofs' and 'l4_ofs' at the outer
 * headers, as OVS does. */
void hwv_encapsulate(struct dp_packet *packet, const struct hwv_tunnel *tunnel,
                     uint32_t vni, uint8_t ecn);

enum hwv_outer_result {
    HWV_OUTER_VXLAN,        /* Well-formed: '*key' and '*len' are filled in. */
    HWV_OUTER_DOUBTFUL,     /* May be VXLAN, and is for OVS to judge: outer
                             * fragment, IP options or extension headers,
                             * wrong length or checksum, other VXLAN flags or
                             * reserved bits, outer CE, outer VLAN tag,
                             * inner frame too short for an Ethernet header,
                             * IPv4-mapped addresses or no UDP checksum with
                             * IPv6. */
    HWV_OUTER_OTHER,        /* Not IP, or IP but not UDP, tagged or not. */
};

/* Reads the outer headers of the 'len' bytes at 'data'.  On HWV_OUTER_VXLAN
 * stores into '*key' what the source table is looked up with and into
 * '*outer_len' the length of the outer headers in bytes (50 or 70), and at
 * least an Ethernet header follows them.  Any UDP destination port will do:
 * the source table decides.
 *
 * On HWV_OUTER_DOUBTFUL '*outer_len' tells which inner flow the packet may
 * belong to:
 *
 *     0                   unknown, the VXLAN header is not where it should be;
 *     otherwise           if it is VXLAN at all, then of VNI 'key->vni' and
 *                         with the inner frame at '*outer_len'; where that
 *                         leaves less than an Ethernet header ('key->vni' is
 *                         undefined then), of none.
 *
 * HWV_OUTER_VXLAN is returned only where OVS's tnl_pop would accept the
 * packet with the very same tunnel metadata: IPv4 header checksum right and no
 * options, total length and UDP length equal to what is there, UDP checksum
 * right where it is not zero (never zero with IPv6), VXLAN flags exactly "I",
 * reserved bits zero, TOS not CE.
 *
 * Does not verify checksums: see hwv_outer_verify(). */
enum hwv_outer_result hwv_outer_parse(const void *data, size_t len,
                                      struct hwv_source_key *key,
                                      size_t *outer_len);

/* Verifies the checksums of a packet for which hwv_outer_parse() returned
 * HWV_OUTER_VXLAN: IPv4 header always, UDP where not zero.  Apart from the
 * parser, because a checksum over a whole packet is worth computing only once
 * the source table knows the header. */
bool hwv_outer_verify(const void *data, size_t len);

/* Removes the first 'outer_len' bytes of 'packet' and leaves it as OVS's
 * tnl_pop leaves a packet for output. */
void hwv_decapsulate(struct dp_packet *packet, size_t outer_len);

/* Gives 'packet' a VLAN tag of type 0x8100 with priority and VLAN id from
 * 'tci' (host byte order). */
void hwv_push_vlan(struct dp_packet *packet, uint16_t tci);

/* Takes the VLAN tag off 'packet', which has one. */
void hwv_pop_vlan(struct dp_packet *packet);

#endif /* hwv-codec.h */
