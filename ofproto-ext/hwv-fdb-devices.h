/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FDB_DEVICES_H
#define HWV_FDB_DEVICES_H 1

/* What the Linux vxlan devices of this host say
 * =============================================
 *
 * Their forwarding entries and the nexthops that some of these refer to, as
 * far as they were reported, and what follows for the FDB: origin
 * HWV_FDB_KERNEL.
 *
 * Several devices may have one VNI.  Where they disagree about an address, the
 * device with the lowest index counts; flood lists are united.  An entry with
 * a nexthop id is behind that nexthop or, if that is a group, behind one of
 * the group's, chosen by the address.
 *
 * What cannot be followed is kept and counted, by reason: see
 * 'struct hwv_fdb_devices_stats'.
 *
 * Each thing carries the number of the "round" of reading in which it was
 * reported last, so that what is gone can be found at the end of a round.
 *
 * Main thread only.  An entry costs about 100 bytes, and as much again in the
 * FDB. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct hwv_fdb;
struct hwv_fdb_devices;

/* An entry, as a vxlan device has it. */
struct hwv_device_entry {
    int ifindex;
    uint32_t src_vni;           /* 0: the device's. */
    uint32_t dst_vni;           /* 0: the same. */
    uint32_t nexthop;           /* Nexthop id, or 0: behind 'vtep'. */
    struct in6_addr vtep;       /* IPv4 as IPv4-mapped. */
    struct eth_addr mac;        /* Zeros: the flood list. */
};

/* How many there are now. */
struct hwv_fdb_devices_stats {
    size_t n_devices;
    size_t n_entries;           /* Of which were not followed: */
    size_t n_other_vni;         /* Entries that change the VNI. */
    size_t n_multicast_mac;     /* Of multicast addresses. */
    size_t n_multicast_vtep;    /* Of multicast groups, or of no host. */
    size_t n_no_nexthop;        /* Of nexthops that are not known. */
    size_t n_flood_nexthop;     /* Of flood lists by nexthop. */
};

struct hwv_fdb_devices *hwv_fdb_devices_create(struct hwv_fdb *fdb);

/* Frees 'devices', which may be NULL, and leaves the FDB as it is. */
void hwv_fdb_devices_destroy(struct hwv_fdb_devices *devices);

/* There is a vxlan device: of VNI 'vni', or of any if 'vni' is 0.  Returns
 * true if it was not known, so that nothing of what it has is known. */
bool hwv_fdb_devices_add(struct hwv_fdb_devices *devices, int ifindex,
                         uint32_t vni);

/* There is no such device any longer, if there was one. */
void hwv_fdb_devices_del(struct hwv_fdb_devices *devices, int ifindex);

/* A device has an entry, or has it no longer.  Nothing happens if the device
 * is not known. */
void hwv_fdb_devices_add_entry(struct hwv_fdb_devices *devices,
                               const struct hwv_device_entry *entry);
void hwv_fdb_devices_del_entry(struct hwv_fdb_devices *devices,
                               const struct hwv_device_entry *entry);

/* There is a nexthop for forwarding entries: at 'vtep' or, if that is NULL, a
 * group of the 'n' nexthops 'members'.  It becomes effective by
 * hwv_fdb_devices_settle(). */
void hwv_fdb_devices_add_nexthop(struct hwv_fdb_devices *devices, uint32_t id,
                                 const struct in6_addr *vtep,
                                 const uint32_t *members, size_t n);
void hwv_fdb_devices_del_nexthop(struct hwv_fdb_devices *devices, uint32_t id);

/* Applies changes of nexthops: if there are any, in time proportional to the
 * entries. */
void hwv_fdb_devices_settle(struct hwv_fdb_devices *devices);

/* A round of reading begins. */
void hwv_fdb_devices_begin(struct hwv_fdb_devices *devices);

/* Removes all that was not reported in the last 'n_rounds' rounds. */
void hwv_fdb_devices_sweep(struct hwv_fdb_devices *devices, uint32_t n_rounds);

void hwv_fdb_devices_stats(const struct hwv_fdb_devices *devices,
                           struct hwv_fdb_devices_stats *stats);

#endif /* hwv-fdb-devices.h */
