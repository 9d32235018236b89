/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_SEGMENT_H
#define HWV_SEGMENT_H 1

/* The segment of a VF
 * ===================
 *
 * options:vni or options:vlan makes a VF part of a segment.  The netdev layer
 * only reads the options and shows them; what a segment does is up to
 * ofproto-ext, which
 *
 *   - asks each port of each bridge for its segment
 *     (hwv_netdev_get_segment()), again whenever hwv_netdev_config_seq() has
 *     changed, and
 *
 *   - says here how the segment is doing (hwv_netdev_set_segment_state()), for
 *     the Interface's status and the commands.  Before that nothing comes in
 *     from the VF: it could get to rules that are not its segment's.
 *
 * All functions are thread-safe; they take hwv_control_mutex.  OVS closes a
 * port's netdev when the port goes, so that a state needs no taking back. */

#include <stdbool.h>

#include "hwv-nic.h"
#include "hwv-vtag.h"
#include "packets.h"

struct netdev;
struct seq;
struct smap;

struct hwv_segment_config {
    struct hwv_vtag vtag;
    bool unknown_flood;         /* options:unknown: what becomes of frames to
                                 * an unknown MAC; false is "drop". */
    bool has_mac;               /* options:mac: the VM has 'mac', and frames
                                 * from another were dropped already. */
    struct eth_addr mac;
};

/* If 'netdev' is a VF in a segment, stores the options that it works with into
 * '*config' and returns true.  Otherwise returns false, for netdevs of other
 * classes, too, and '*config' is unspecified. */
bool hwv_netdev_get_segment(const struct netdev *netdev,
                            struct hwv_segment_config *config)
    OVS_EXCLUDED(hwv_control_mutex);

/* Returns the name of the PF of 'netdev', for the caller to free, or NULL if
 * 'netdev' is not ours. */
char *hwv_netdev_get_pf(const struct netdev *netdev)
    OVS_EXCLUDED(hwv_control_mutex);

/* Changes whenever the configuration of a port of ours has changed, and when a
 * port is gone. */
struct seq *hwv_netdev_config_seq(void);

/* The segment of 'netdev', a VF, is in 'state', a short text like "up" or "no
 * tunnel port: ..."; NULL if nothing can be said yet.  The text is copied.
 * Does nothing if 'netdev' is not ours.  A change of options:vni or
 * options:vlan takes the text away. */
void hwv_netdev_set_segment_state(struct netdev *netdev, const char *state)
    OVS_EXCLUDED(hwv_control_mutex);

/* For the netdev class
 * -------------------- */

/* 'port' now has these options. */
void hwv_port_set_segment(struct hwv_port *port, const struct hwv_vtag *vtag,
                          bool unknown_flood)
    OVS_EXCLUDED(hwv_control_mutex);

/* 'port' is about to be freed, and out of its NIC. */
void hwv_port_destroy_segment(struct hwv_port *port);

/* Adds the VTAG and the state to an Interface's status. */
void hwv_port_segment_status(const struct hwv_port *port, struct smap *)
    OVS_REQUIRES(hwv_control_mutex);

#endif /* hwv-segment.h */
