/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_KEY_H
#define HWV_KEY_H 1

/* Flow key
 * ========
 *
 * What the NIC's flow table is looked up with: 16 bytes, exact match, the same
 * layout in both directions.
 *
 *     domain  24 bits  transmit: stands for the VF.  receive: source id, or
 *                      stands for the VLAN tag of a frame that has one.
 *     dmac    48 bits  inner destination MAC, 0 where the flow ignores it.
 *     smac    48 bits  inner source MAC, 0 where the flow ignores it.
 *     class    8 bits  direction, IP version, fragment kind, inner ECN (RFC
 *                      3168, transmit only), and the "shape": which of the
 *                      MACs the flow matches.
 *
 * The shape is part of the class, so that a flow that ignores a MAC and a flow
 * that matches the all-zeros MAC are different keys.
 *
 * Everything here is a pure function of its arguments, safe from any
 * thread. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "hash.h"
#include "openvswitch/types.h"
#include "packets.h"

/* Class bits. */
#define HWV_CLASS_DMAC       0x01   /* Shape: the destination MAC matters. */
#define HWV_CLASS_SMAC       0x02   /* Shape: the source MAC matters. */
#define HWV_CLASS_SHAPE      (HWV_CLASS_DMAC | HWV_CLASS_SMAC)
#define HWV_CLASS_ECN        0x0c   /* Inner ECN field, transmit only. */
#define HWV_CLASS_ECN_SHIFT  2
#define HWV_CLASS_FRAG       0x30   /* As FLOW_NW_FRAG_*: 0 none, 1 first,
                                     * 3 later fragment. */
#define HWV_CLASS_FRAG_SHIFT 4
#define HWV_CLASS_IPV6       0x40   /* IPv6, otherwise IPv4. */
#define HWV_CLASS_RX         0x80   /* From the uplink, otherwise from a VF. */

#define HWV_N_SHAPES 4              /* Values of 'class & HWV_CLASS_SHAPE'. */
#define HWV_DOMAIN_MAX 0xffffff     /* Largest domain. */

/* Domains of the frames that come from the uplink with a VLAN tag: one for
 * each priority and VLAN id (IEEE 802.1Q section 9.6).  The tag's DEI bit does
 * not matter, because OVS does not look at it. */
#define HWV_DOMAIN_TAGGED 0x800000  /* The first. */
#define HWV_N_DOMAINS_TAGGED 0x8000

/* Returns the domain of frames with tag control information 'tci' (host byte
 * order). */
static inline uint32_t
hwv_tagged_domain(uint16_t tci)
{
    return (HWV_DOMAIN_TAGGED
            | (tci & VLAN_PCP_MASK) >> 1 | (tci & VLAN_VID_MASK));
}

/* The opposite, with DEI 0. */
static inline uint16_t
hwv_domain_tci(uint32_t domain)
{
    return ((domain << 1 & VLAN_PCP_MASK) | (domain & VLAN_VID_MASK));
}

struct hwv_key {
    uint64_t dst;               /* dmac (48 bits), low 16 bits of domain. */
    uint64_t src;               /* smac (48), high 8 bits of domain, class. */
};
BUILD_ASSERT_DECL(sizeof(struct hwv_key) == 16);

/* Returns the bytes of 'mac' as a number, in the order in which they are in
 * memory: which one it is does not matter to a key, and this takes the
 * processor two loads. */
static inline uint64_t
hwv_mac_to_word(struct eth_addr mac)
{
    uint32_t first;
    uint16_t rest;

    memcpy(&first, mac.ea, sizeof first);
    memcpy(&rest, mac.ea + sizeof first, sizeof rest);
    return first | (uint64_t) rest << 32;
}

/* The opposite; ignores the upper 16 bits of 'word'. */
static inline struct eth_addr
hwv_mac_from_word(uint64_t word)
{
    uint32_t first = word;
    uint16_t rest = word >> 32;
    struct eth_addr mac;

    memcpy(mac.ea, &first, sizeof first);
    memcpy(mac.ea + sizeof first, &rest, sizeof rest);
    return mac;
}

/* Returns the key of 'class' in 'domain' (at most HWV_DOMAIN_MAX).  A MAC that
 * the shape in 'class' does not name is left out of the key.  'dmac' and
 * 'smac' are as hwv_mac_to_word() returns them. */
static inline struct hwv_key
hwv_key_from_words(uint32_t domain, uint64_t dmac, uint64_t smac,
                   uint8_t class)
{
    uint64_t d = class & HWV_CLASS_DMAC ? dmac : 0;
    uint64_t s = class & HWV_CLASS_SMAC ? smac : 0;

    return (struct hwv_key) {
        .dst = d | (uint64_t) (domain & 0xffff) << 48,
        .src = s | (uint64_t) (domain >> 16 & 0xff) << 48
                 | (uint64_t) class << 56,
    };
}

/* The same for MACs as they are in a frame. */
static inline struct hwv_key
hwv_key_make(uint32_t domain, struct eth_addr dmac, struct eth_addr smac,
             uint8_t class)
{
    return hwv_key_from_words(domain, hwv_mac_to_word(dmac),
                              hwv_mac_to_word(smac), class);
}

static inline uint32_t
hwv_key_domain(const struct hwv_key *key)
{
    return key->dst >> 48 | (key->src >> 48 & 0xff) << 16;
}

static inline uint8_t
hwv_key_class(const struct hwv_key *key)
{
    return key->src >> 56;
}

static inline struct eth_addr
hwv_key_dmac(const struct hwv_key *key)
{
    return hwv_mac_from_word(key->dst);
}

static inline struct eth_addr
hwv_key_smac(const struct hwv_key *key)
{
    return hwv_mac_from_word(key->src);
}

static inline bool
hwv_key_equal(const struct hwv_key *a, const struct hwv_key *b)
{
    return a->dst == b->dst && a->src == b->src;
}

static inline uint32_t
hwv_key_hash(const struct hwv_key *key)
{
    return hash_finish(hash_add64(hash_add64(0, key->dst), key->src), 16);
}

#endif /* hwv-key.h */
