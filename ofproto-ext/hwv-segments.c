/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-segments.h"

#include "hwv-fdb.h"
#include "hwv-fdb-instance.h"
#include "hwv-hold.h"
#include "hwv-packet-in.h"
#include "hwv-segments-private.h"
#include "hwv-vtep.h"
#include "ofproto/connmgr.h"
#include "ofproto/ofproto-dpif.h"
#include "openvswitch/poll-loop.h"

/* So much is done in one round of the main loop. */
#define MAX_LEARNED 1024
#define MAX_CHANGES 16384

static void apply_changes(void);
static void restore_leads(void);
static void remember_versions(void);
static void hold(struct ofproto_dpif *, struct ofproto_async_msg *);

void
hwv_segments_init(void)
{
    hwv_packet_in_set_hold(hold);
    hwv_vtep_set_cb(hwv_segment_vtep_changed, NULL);
    hwv_fdb_set_used_cb(hwv_fdb_instance(), hwv_segment_mac_used, NULL);
    hwv_segment_cmd_register();
}

void
hwv_segments_run(void)
{
    restore_leads();
    if (hwv_members_changed()) {
        hwv_members_update();
    }
    hwv_segment_learn_run();
    hwv_packet_in_run(MAX_LEARNED, hwv_segment_learn, NULL);
    apply_changes();
    hwv_segment_floods_run();
    remember_versions();
}

void
hwv_segments_wait(void)
{
    const struct hwv_bridge *bridge;

    hwv_members_wait();
    hwv_segment_learn_wait();
    hwv_packet_in_wait();
    if (hwv_fdb_has_changes(hwv_fdb_instance())) {
        poll_immediate_wake();
    }
    HMAP_FOR_EACH (bridge, node, &hwv_bridges) {
        if (!hmap_is_empty(&bridge->leads)
            && bridge->version
               != ofproto_dpif_get_tables_version(bridge->ofproto)) {
            poll_immediate_wake();
        }
    }
}

/* Brings the rules up to date with the FDB. */
static void
apply_changes(void)
{
    struct hwv_fdb_change change;

    for (int i = 0; i < MAX_CHANGES
                    && hwv_fdb_next_change(hwv_fdb_instance(), &change); i++) {
        struct hwv_segment *segment = hwv_segment_find(&change.vtag);

        if (!segment) {
            continue;
        }
        if (change.flood) {
            hwv_segment_flood_changed(segment);
        } else {
            hwv_segment_update_mac(segment, change.mac, change.entry);
        }
    }
}

/* Restores the leads of bridges whose tables somebody else has changed. */
static void
restore_leads(void)
{
    struct hwv_bridge *bridge;

    HMAP_FOR_EACH (bridge, node, &hwv_bridges) {
        if (bridge->version
            != ofproto_dpif_get_tables_version(bridge->ofproto)) {
            hwv_bridge_restore_leads(bridge);
        }
    }
}

static void
remember_versions(void)
{
    struct hwv_bridge *bridge;

    HMAP_FOR_EACH (bridge, node, &hwv_bridges) {
        bridge->version = ofproto_dpif_get_tables_version(bridge->ofproto);
    }
}

/* Any thread. */
static void
hold(struct ofproto_dpif *ofproto, struct ofproto_async_msg *msg)
{
    const struct ofputil_packet_in *pin = &msg->pin.up.base;
    struct flow metadata = pin->flow_metadata.flow;

    hwv_segment_set_resume(&metadata);
    hwv_hold_put(ofproto, metadata.regs[HWV_SEGMENT_REG_VTEP], pin->packet,
                 pin->packet_len, &metadata);
    ofproto_async_msg_free(msg);
}
