/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FRAME_OVS_H
#define HWV_FRAME_OVS_H 1

/* Our frame parser held against OVS's. */

#include <stdbool.h>

#include "hwv-frame.h"

struct dp_packet;

/* Parses 'packet' as OVS does, which sets its offsets, and as we do, and fails
 * unless both see the same.  Returns true, with '*frame' filled in, if the
 * frame has a class. */
bool hwv_check_parse(struct dp_packet *packet, struct hwv_frame *frame);

/* The same for a frame with one VLAN tag (hwv_frame_parse_tagged()). */
bool hwv_check_parse_tagged(struct dp_packet *packet, struct hwv_frame *frame,
                            uint16_t *tci);

#endif /* hwv-frame-ovs.h */
