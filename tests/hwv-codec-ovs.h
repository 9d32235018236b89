/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_CODEC_OVS_H
#define HWV_CODEC_OVS_H 1

/* Our VXLAN codec held against OVS's, packet by packet. */

#include <stddef.h>
#include <stdint.h>

#include "hwv-codec.h"

struct dp_packet;
struct hwv_test_outer;
struct ovs_action_push_tnl;

/* Fails unless 'a', which is ours, and 'b', which is OVS's, are alike in all
 * that the sender of a packet can see. */
void hwv_check_same_packet(const struct dp_packet *a,
                           const struct dp_packet *b);

/* Stores into '*outer' any outer header that OVS can build. */
void hwv_random_outer(struct hwv_test_outer *outer);

/* Makes the tnl_push action's header for 'outer', as OVS builds it. */
void hwv_build_push(const struct hwv_test_outer *outer,
                    struct ovs_action_push_tnl *push);

/* Makes what a tunnel is to have of such a header. */
void hwv_strip_push(const struct ovs_action_push_tnl *push,
                    struct hwv_tunnel *tunnel);

/* Encapsulates the 'len' bytes at 'frame' with some outer header and fails
 * unless OVS does it in the same way. */
void hwv_check_push(const uint8_t *frame, size_t len);

/* How often what came up. */
struct hwv_pop_seen {
    unsigned int vxlan, bad_checksum, placed, other;
    unsigned int popped_doubtful, popped_tagged;
};

/* Takes the 'len' bytes at 'data' for a packet from the uplink, fails unless
 * we make of it what OVS's tnl_pop does or leave it to OVS, and counts it in
 * '*seen'.  Returns what hwv_outer_parse() says. */
enum hwv_outer_result hwv_check_pop(const uint8_t *data, size_t len,
                                    struct hwv_pop_seen *seen);

#endif /* hwv-codec-ovs.h */
