/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb-devices.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "hwv-fdb.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "packets.h"
#include "util.h"

/* Why an entry is not followed. */
enum verdict {
    FOLLOWED,
    OTHER_VNI,
    MULTICAST_MAC,
    MULTICAST_VTEP,
    NO_NEXTHOP,
    FLOOD_NEXTHOP,
    N_VERDICTS
};

struct device {
    struct hmap_node node;      /* In "devices". */
    struct ovs_list entries;    /* Contains "struct entry"s. */
    int ifindex;
    uint32_t vni;
    uint32_t round;
};

/* 'entry.src_vni' is never 0 here, 'entry.dst_vni' always is unless the entry
 * changes the VNI, and 'entry.vtep' is where the nexthop led when it was last
 * looked up. */
struct entry {
    struct hmap_node node;      /* In "entries", by entry_hash(). */
    struct ovs_list device_node;
    struct hwv_device_entry entry;
    uint32_t round;
    uint8_t verdict;            /* enum verdict. */
};

struct nexthop {
    struct hmap_node node;      /* In "nexthops". */
    uint32_t id;
    uint32_t round;
    struct in6_addr vtep;       /* If not a group. */
    uint32_t *members;
    size_t n;
};

struct hwv_fdb_devices {
    struct hwv_fdb *fdb;
    struct hmap devices;        /* Contains "struct device"s. */
    struct hmap entries;        /* Contains "struct entry"s. */
    struct hmap nexthops;       /* Contains "struct nexthop"s. */
    size_t n_verdicts[N_VERDICTS];
    uint32_t round;
    bool nexthops_changed;
};

static struct device *find_device(const struct hwv_fdb_devices *, int ifindex);
static void device_destroy(struct hwv_fdb_devices *, struct device *);
static uint32_t entry_hash(const struct hwv_device_entry *);
static bool normalize(const struct device *, struct hwv_device_entry *);
static struct entry *find_entry(const struct hwv_fdb_devices *,
                                const struct hwv_device_entry *);
static void entry_judge(struct hwv_fdb_devices *, struct entry *);
static void entry_destroy(struct hwv_fdb_devices *, struct entry *);
static void update_fdb(struct hwv_fdb_devices *,
                       const struct hwv_device_entry *);
static struct nexthop *find_nexthop(const struct hwv_fdb_devices *,
                                    uint32_t id);
static void nexthop_destroy(struct hwv_fdb_devices *, struct nexthop *);

struct hwv_fdb_devices *
hwv_fdb_devices_create(struct hwv_fdb *fdb)
{
    struct hwv_fdb_devices *devices = xzalloc(sizeof *devices);

    devices->fdb = fdb;
    hmap_init(&devices->devices);
    hmap_init(&devices->entries);
    hmap_init(&devices->nexthops);
    return devices;
}

void
hwv_fdb_devices_destroy(struct hwv_fdb_devices *devices)
{
    struct nexthop *nexthop;
    struct device *device;
    struct entry *entry;

    if (!devices) {
        return;
    }
    HMAP_FOR_EACH_POP (entry, node, &devices->entries) {
        free(entry);
    }
    HMAP_FOR_EACH_POP (device, node, &devices->devices) {
        free(device);
    }
    HMAP_FOR_EACH_SAFE (nexthop, node, &devices->nexthops) {
        nexthop_destroy(devices, nexthop);
    }
    hmap_destroy(&devices->entries);
    hmap_destroy(&devices->devices);
    hmap_destroy(&devices->nexthops);
    free(devices);
}

bool
hwv_fdb_devices_add(struct hwv_fdb_devices *devices, int ifindex, uint32_t vni)
{
    struct device *device = find_device(devices, ifindex);
    bool is_new;

    if (device && device->vni != vni) {
        device_destroy(devices, device);
        device = NULL;
    }
    is_new = !device;
    if (is_new) {
        device = xzalloc(sizeof *device);
        device->ifindex = ifindex;
        device->vni = vni;
        ovs_list_init(&device->entries);
        hmap_insert(&devices->devices, &device->node, hash_int(ifindex, 0));
    }
    device->round = devices->round;
    return is_new;
}

void
hwv_fdb_devices_del(struct hwv_fdb_devices *devices, int ifindex)
{
    struct device *device = find_device(devices, ifindex);

    if (device) {
        device_destroy(devices, device);
    }
}

void
hwv_fdb_devices_add_entry(struct hwv_fdb_devices *devices,
                          const struct hwv_device_entry *entry_)
{
    struct device *device = find_device(devices, entry_->ifindex);
    struct hwv_device_entry key = *entry_;
    struct entry *entry;

    if (!device || !normalize(device, &key)) {
        return;
    }
    entry = find_entry(devices, &key);
    if (!entry) {
        entry = xzalloc(sizeof *entry);
        entry->entry = key;
        hmap_insert(&devices->entries, &entry->node, entry_hash(&key));
        ovs_list_push_back(&device->entries, &entry->device_node);
        devices->n_verdicts[entry->verdict]++;
    }
    entry->entry = key;
    entry->round = devices->round;
    entry_judge(devices, entry);
    update_fdb(devices, &key);
}

void
hwv_fdb_devices_del_entry(struct hwv_fdb_devices *devices,
                          const struct hwv_device_entry *entry_)
{
    const struct device *device = find_device(devices, entry_->ifindex);
    struct hwv_device_entry key = *entry_;
    struct entry *entry;

    if (device && normalize(device, &key)) {
        entry = find_entry(devices, &key);
        if (entry) {
            entry_destroy(devices, entry);
        }
    }
}

void
hwv_fdb_devices_add_nexthop(struct hwv_fdb_devices *devices, uint32_t id,
                            const struct in6_addr *vtep,
                            const uint32_t *members, size_t n)
{
    struct nexthop *nexthop = find_nexthop(devices, id);

    if (!nexthop) {
        nexthop = xzalloc(sizeof *nexthop);
        nexthop->id = id;
        hmap_insert(&devices->nexthops, &nexthop->node, hash_int(id, 0));
    }
    free(nexthop->members);
    nexthop->vtep = vtep ? *vtep : in6addr_any;
    nexthop->members = n ? xmemdup(members, n * sizeof *members) : NULL;
    nexthop->n = n;
    nexthop->round = devices->round;
    devices->nexthops_changed = true;
}

void
hwv_fdb_devices_del_nexthop(struct hwv_fdb_devices *devices, uint32_t id)
{
    struct nexthop *nexthop = find_nexthop(devices, id);

    if (nexthop) {
        nexthop_destroy(devices, nexthop);
    }
}

void
hwv_fdb_devices_settle(struct hwv_fdb_devices *devices)
{
    struct entry *entry;

    if (!devices->nexthops_changed) {
        return;
    }
    devices->nexthops_changed = false;
    HMAP_FOR_EACH (entry, node, &devices->entries) {
        if (entry->entry.nexthop) {
            entry_judge(devices, entry);
            update_fdb(devices, &entry->entry);
        }
    }
}

void
hwv_fdb_devices_begin(struct hwv_fdb_devices *devices)
{
    devices->round++;
}

void
hwv_fdb_devices_sweep(struct hwv_fdb_devices *devices, uint32_t n_rounds)
{
    struct nexthop *nexthop;
    struct device *device;
    struct entry *entry;

    HMAP_FOR_EACH_SAFE (device, node, &devices->devices) {
        if (devices->round - device->round >= n_rounds) {
            device_destroy(devices, device);
        }
    }
    HMAP_FOR_EACH_SAFE (nexthop, node, &devices->nexthops) {
        if (devices->round - nexthop->round >= n_rounds) {
            nexthop_destroy(devices, nexthop);
        }
    }
    HMAP_FOR_EACH_SAFE (entry, node, &devices->entries) {
        if (devices->round - entry->round >= n_rounds) {
            entry_destroy(devices, entry);
        }
    }
    hwv_fdb_devices_settle(devices);
}

void
hwv_fdb_devices_stats(const struct hwv_fdb_devices *devices,
                      struct hwv_fdb_devices_stats *stats)
{
    stats->n_devices = hmap_count(&devices->devices);
    stats->n_entries = hmap_count(&devices->entries);
    stats->n_other_vni = devices->n_verdicts[OTHER_VNI];
    stats->n_multicast_mac = devices->n_verdicts[MULTICAST_MAC];
    stats->n_multicast_vtep = devices->n_verdicts[MULTICAST_VTEP];
    stats->n_no_nexthop = devices->n_verdicts[NO_NEXTHOP];
    stats->n_flood_nexthop = devices->n_verdicts[FLOOD_NEXTHOP];
}

/* Devices
 * ------- */

static struct device *
find_device(const struct hwv_fdb_devices *devices, int ifindex)
{
    struct device *device;

    HMAP_FOR_EACH_WITH_HASH (device, node, hash_int(ifindex, 0),
                             &devices->devices) {
        if (device->ifindex == ifindex) {
            return device;
        }
    }
    return NULL;
}

static void
device_destroy(struct hwv_fdb_devices *devices, struct device *device)
{
    struct entry *entry;

    LIST_FOR_EACH_SAFE (entry, device_node, &device->entries) {
        entry_destroy(devices, entry);
    }
    hmap_remove(&devices->devices, &device->node);
    free(device);
}

/* Entries
 * ------- */

/* May there be several entries of this address, to different VTEPs? */
static bool
is_list(const struct hwv_device_entry *entry)
{
    return eth_addr_is_zero(entry->mac) || eth_addr_is_multicast(entry->mac);
}

/* Entries of different devices that say something about the same have the same
 * hash value. */
static uint32_t
entry_hash(const struct hwv_device_entry *entry)
{
    uint32_t hash = hash_mac(entry->mac, 0, entry->src_vni);

    return (is_list(entry)
            ? hash_bytes(&entry->vtep, sizeof entry->vtep, hash)
            : hash);
}

static bool
same_subject(const struct hwv_device_entry *a,
             const struct hwv_device_entry *b)
{
    return (a->src_vni == b->src_vni && eth_addr_equals(a->mac, b->mac)
            && (!is_list(a) || ipv6_addr_equals(&a->vtep, &b->vtep)));
}

/* Fills in what 'entry' leaves to its device.  Returns false if it has no VNI
 * then. */
static bool
normalize(const struct device *device, struct hwv_device_entry *entry)
{
    if (!entry->src_vni) {
        entry->src_vni = device->vni;
    }
    if (entry->dst_vni == entry->src_vni) {
        entry->dst_vni = 0;
    }
    return entry->src_vni != 0;
}

static struct entry *
find_entry(const struct hwv_fdb_devices *devices,
           const struct hwv_device_entry *key)
{
    struct entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, node, entry_hash(key),
                             &devices->entries) {
        if (entry->entry.ifindex == key->ifindex
            && same_subject(&entry->entry, key)) {
            return entry;
        }
    }
    return NULL;
}

/* Returns the nexthop that 'nexthop', which may be NULL, is or, if it is a
 * group, has for 'mac'; or NULL. */
static const struct nexthop *
choose(const struct hwv_fdb_devices *devices, const struct nexthop *nexthop,
       struct eth_addr mac)
{
    if (!nexthop || !nexthop->n) {
        return nexthop;
    }
    return find_nexthop(devices,
                        nexthop->members[hash_mac(mac, 0, 0) % nexthop->n]);
}

/* Decides about 'entry', and where it leads to. */
static void
entry_judge(struct hwv_fdb_devices *devices, struct entry *entry)
{
    struct hwv_device_entry *e = &entry->entry;
    enum verdict verdict = FOLLOWED;

    if (e->nexthop && is_list(e)) {
        verdict = FLOOD_NEXTHOP;
    } else if (e->nexthop) {
        const struct nexthop *nexthop;

        nexthop = choose(devices, find_nexthop(devices, e->nexthop), e->mac);
        e->vtep = nexthop ? nexthop->vtep : in6addr_any;
        verdict = nexthop ? FOLLOWED : NO_NEXTHOP;
    }
    if (e->dst_vni) {
        verdict = OTHER_VNI;
    } else if (eth_addr_is_multicast(e->mac)) {
        verdict = MULTICAST_MAC;
    } else if (verdict == FOLLOWED && !hwv_fdb_is_vtep(&e->vtep)) {
        verdict = MULTICAST_VTEP;
    }
    devices->n_verdicts[entry->verdict]--;
    devices->n_verdicts[verdict]++;
    entry->verdict = verdict;
}

static void
entry_destroy(struct hwv_fdb_devices *devices, struct entry *entry)
{
    struct hwv_device_entry key = entry->entry;

    devices->n_verdicts[entry->verdict]--;
    hmap_remove(&devices->entries, &entry->node);
    ovs_list_remove(&entry->device_node);
    free(entry);
    update_fdb(devices, &key);
}

/* Tells the FDB what holds for the address, or the flood list's VTEP, that
 * 'key' is about. */
static void
update_fdb(struct hwv_fdb_devices *devices, const struct hwv_device_entry *key)
{
    struct hwv_vtag vtag = { HWV_VTAG_VXLAN, key->src_vni };
    const struct hwv_device_entry *best = NULL;
    const struct entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, node, entry_hash(key),
                             &devices->entries) {
        if (entry->verdict == FOLLOWED && same_subject(&entry->entry, key)
            && (!best || entry->entry.ifindex < best->ifindex)) {
            best = &entry->entry;
        }
    }
    if (eth_addr_is_zero(key->mac)) {
        if (best) {
            hwv_fdb_flood_add(devices->fdb, &vtag, &best->vtep,
                              HWV_FDB_KERNEL);
        } else {
            hwv_fdb_flood_del(devices->fdb, &vtag, &key->vtep,
                              HWV_FDB_KERNEL);
        }
    } else if (best) {
        struct hwv_fdb_dst dst = hwv_fdb_dst_vtep(&best->vtep);

        hwv_fdb_add(devices->fdb, &vtag, key->mac, &dst, HWV_FDB_KERNEL);
    } else {
        hwv_fdb_del(devices->fdb, &vtag, key->mac, HWV_FDB_KERNEL);
    }
}

/* Nexthops
 * -------- */

static struct nexthop *
find_nexthop(const struct hwv_fdb_devices *devices, uint32_t id)
{
    struct nexthop *nexthop;

    HMAP_FOR_EACH_WITH_HASH (nexthop, node, hash_int(id, 0),
                             &devices->nexthops) {
        if (nexthop->id == id) {
            return nexthop;
        }
    }
    return NULL;
}

static void
nexthop_destroy(struct hwv_fdb_devices *devices, struct nexthop *nexthop)
{
    hmap_remove(&devices->nexthops, &nexthop->node);
    free(nexthop->members);
    free(nexthop);
    devices->nexthops_changed = true;
}
