/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FDB_NETLINK_H
#define HWV_FDB_NETLINK_H 1

/* What rtnetlink messages tell about vxlan devices. */

#include <stdbool.h>

struct hwv_fdb_devices;
struct nlmsghdr;

/* Applies message 'nlh', of any type, to 'devices'.  Returns true if it tells
 * of a device that was not known before. */
bool hwv_fdb_netlink_apply(struct hwv_fdb_devices *devices,
                           struct nlmsghdr *nlh);

#endif /* hwv-fdb-netlink.h */
