/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_SEGMENTS_H
#define HWV_SEGMENTS_H 1

/* Segments
 * ========
 *
 * The VFs with the same VTAG (options:vni or options:vlan, see hwv-segment.h)
 * on one bridge are a segment: frames go between them, and to where the FDB
 * (hwv-fdb.h) says that an address is.
 *
 * Everything is done by OpenFlow rules (hwv-segment-rules.h): so what the NIC
 * gets to know are datapath flows like any others, and ofproto/trace, mirrors
 * and sFlow work as ever.  This module finds out what rules there have to be,
 * from the ports of all bridges, the FDB and the VTEPs, and keeps OVS's tables
 * like that.  A change of one address costs the same however many there are.
 *
 * A VXLAN segment needs a tunnel port on its bridge: type=vxlan with
 * options:remote_ip=flow and options:key=flow.  A VLAN segment needs the PF of
 * its VFs, on its bridge or on one that a patch port leads to.  Together they
 * are called trunks.  Where there is none the segment is local.
 *
 * If VFs with one VTAG are on several bridges, the first bridge by name that
 * has a trunk, or else the first, has the segment; what the VFs on the others
 * send is dropped, and their Interfaces say so.
 *
 * Main thread only. */

#include <stdint.h>

struct connmgr;
struct ofproto;

/* Registers commands and callbacks.  Called once. */
void hwv_segments_init(void);

/* Main loop. */
void hwv_segments_run(void);
void hwv_segments_wait(void);

/* A bridge was created, or is about to be destroyed. */
void hwv_segments_bridge_created(struct ofproto *);
void hwv_segments_bridge_destroyed(struct ofproto *);

/* All rules of a bridge but those in the internal table have gone, and OVS is
 * about to install its default rule: restores ours before that, so that no
 * packet of a segment meets the default rule. */
void hwv_segments_bridge_flushed(const struct connmgr *);

#endif /* hwv-segments.h */
