/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_VTAG_H
#define HWV_VTAG_H 1

/* What a VF belongs to
 * ====================
 *
 * The attribute and the VTAG of a VF, as the VF table has them: a VXLAN
 * segment with its VNI, or a VLAN with its id, or nothing of ours.  A plain
 * value without locks; two of them are the same if both members are, and a
 * VNI is never a VLAN id. */

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#include "hash.h"
#include "openvswitch/dynamic-string.h"

/* The ids that a VTAG may have. */
#define HWV_MIN_VNI 1
#define HWV_MAX_VNI ((1 << 24) - 1)
#define HWV_MIN_VLAN 1
#define HWV_MAX_VLAN 4094

enum hwv_vtag_type {
    HWV_VTAG_NONE,              /* Driven by OpenFlow alone. */
    HWV_VTAG_VXLAN,
    HWV_VTAG_VLAN,
};

struct hwv_vtag {
    enum hwv_vtag_type type;
    uint32_t id;                /* 24-bit VNI or 12-bit VLAN id, host byte
                                 * order; 0 for HWV_VTAG_NONE. */
};

static inline bool
hwv_vtag_equal(const struct hwv_vtag *a, const struct hwv_vtag *b)
{
    return a->type == b->type && a->id == b->id;
}

static inline uint32_t
hwv_vtag_hash(const struct hwv_vtag *vtag, uint32_t basis)
{
    return hash_2words((uint32_t) vtag->type << 24 | vtag->id, basis);
}

/* The attribute, as commands show it: "vxlan", "vlan" or "-". */
static inline const char *
hwv_vtag_attribute(const struct hwv_vtag *vtag)
{
    return (vtag->type == HWV_VTAG_VXLAN ? "vxlan"
            : vtag->type == HWV_VTAG_VLAN ? "vlan"
            : "-");
}

/* Appends "vni 5001", "vlan 100" or "none". */
static inline void
hwv_vtag_format(const struct hwv_vtag *vtag, struct ds *s)
{
    if (vtag->type == HWV_VTAG_NONE) {
        ds_put_cstr(s, "none");
    } else {
        ds_put_format(s, "%s %"PRIu32,
                      vtag->type == HWV_VTAG_VXLAN ? "vni" : "vlan",
                      vtag->id);
    }
}

#endif /* hwv-vtag.h */
