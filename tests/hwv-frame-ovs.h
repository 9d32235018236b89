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

#endif /* hwv-frame-ovs.h */
