/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-segments-private.h"

#include "hwv-fdb.h"
#include "hwv-fdb-instance.h"
#include "hwv-rule-store.h"
#include "hwv-vtep.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_segment_flood);

/* OVS stops translating a packet, without a word, at the first resubmit after
 * its datapath actions have grown beyond 64 kB.  So much of it we allow for
 * each output: to a VTEP over IPv6 it takes 104 bytes and what the underlay
 * bridge adds; to a port 8 bytes, more with VLANs. */
#define ACTIONS_SIZE 65536
#define VTEP_SIZE 128
#define PORT_SIZE 16

static struct ovs_list changed_floods = OVS_LIST_INITIALIZER(&changed_floods);

static void update(struct hwv_segment *);
static void get_vteps(struct hwv_segment *);
static int compare_vteps(const void *, const void *);
static void install(struct hwv_segment *);

void
hwv_segment_flood_changed(struct hwv_segment *segment)
{
    if (!segment->flood_changed) {
        segment->flood_changed = true;
        ovs_list_push_back(&changed_floods, &segment->flood_node);
    }
}

void
hwv_segment_floods_run(void)
{
    struct hwv_segment *segment;

    LIST_FOR_EACH_POP (segment, flood_node, &changed_floods) {
        segment->flood_changed = false;
        update(segment);
    }
}

void
hwv_segment_flood_destroy(struct hwv_segment *segment)
{
    struct hwv_segment_flood none = { .n_ports = 0 };
    struct hwv_rule rule;

    if (segment->flood_changed) {
        ovs_list_remove(&segment->flood_node);
    }
    hwv_rule_target_flood(&rule, &segment->vtag, &none);
    hwv_rule_remove(segment->bridge->ofproto, &rule);
    hwv_rule_destroy(&rule);
    for (size_t i = 0; i < segment->n_vteps; i++) {
        hwv_segment_vtep_unref(segment->vteps[i]);
    }
    free(segment->vteps);
}

static void
update(struct hwv_segment *segment)
{
    struct hwv_segment_vtep **old = segment->vteps;
    size_t n_old = segment->n_vteps;

    get_vteps(segment);
    install(segment);
    for (size_t i = 0; i < n_old; i++) {
        hwv_segment_vtep_unref(old[i]);
    }
    free(old);
}

/* Sets the VTEPs that 'segment' floods to, in the order of their addresses:
 * which are left out, if they are too many, does not depend on the order in
 * which they came. */
static void
get_vteps(struct hwv_segment *segment)
{
    const struct hwv_fdb *fdb = hwv_fdb_instance();
    size_t n_all = (segment->vtag.type != HWV_VTAG_VXLAN ? 0
                    : hwv_fdb_flood_count(fdb, &segment->vtag));
    size_t ports = hmap_count(&segment->members) * PORT_SIZE;
    size_t max = ports < ACTIONS_SIZE ? (ACTIONS_SIZE - ports) / VTEP_SIZE : 0;
    size_t n = MIN(n_all, max);
    const struct hwv_fdb_flood *flood = NULL;
    struct in6_addr *ips = xmalloc(MAX(n_all, 1) * sizeof *ips);
    size_t i = 0;

    while (i < n_all
           && (flood = hwv_fdb_flood_next(fdb, &segment->vtag, flood))) {
        ips[i++] = flood->vtep;
    }
    qsort(ips, n_all, sizeof *ips, compare_vteps);

    segment->vteps = xmalloc(MAX(n, 1) * sizeof *segment->vteps);
    segment->n_vteps = n;
    for (i = 0; i < n; i++) {
        segment->vteps[i] = hwv_segment_vtep_ref(&ips[i]);
    }
    free(ips);

    if (n_all - n > segment->n_beyond) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);
        struct ds s = DS_EMPTY_INITIALIZER;

        hwv_vtag_format(&segment->vtag, &s);
        VLOG_WARN_RL(&rl, "%s: the flood list has %"PRIuSIZE" VTEPs, but what "
                     "is flooded goes to %"PRIuSIZE" only", ds_cstr(&s),
                     n_all, n);
        ds_destroy(&s);
    }
    segment->n_beyond = n_all - n;
}

static int
compare_vteps(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct in6_addr));
}

static int
compare_ports(const void *a_, const void *b_)
{
    const ofp_port_t *a = a_;
    const ofp_port_t *b = b_;

    return ofp_to_u16(*a) < ofp_to_u16(*b) ? -1 : *a != *b;
}

/* Installs the rules for what is flooded from members, and from the trunk. */
static void
install(struct hwv_segment *segment)
{
    size_t n_ports = hmap_count(&segment->members);
    ofp_port_t *ports = xmalloc(MAX(n_ports, 1) * sizeof *ports);
    uint32_t *ids = xmalloc(MAX(segment->n_vteps, 1) * sizeof *ids);
    struct hwv_segment_flood flood = {
        .ports = ports,
        .n_ports = n_ports,
        .vteps = ids,
        .n_vteps = segment->n_vteps,
        .uplink = OFPP_NONE,
    };
    const struct hwv_member *member;
    struct hwv_rule rule;
    size_t i = 0;

    HMAP_FOR_EACH (member, node, &segment->members) {
        ports[i++] = member->port;
    }
    qsort(ports, n_ports, sizeof *ports, compare_ports);
    for (i = 0; i < segment->n_vteps; i++) {
        ids[i] = segment->vteps[i]->vtep->id;
    }
    if (segment->vtag.type == HWV_VTAG_VLAN) {
        flood.uplink = segment->trunk;
        flood.vlan = segment->vtag.id;
    }

    hwv_rule_target_flood(&rule, &segment->vtag, &flood);
    hwv_rule_install(segment->bridge->ofproto, &rule);
    hwv_rule_destroy(&rule);
    if (segment->trunk != OFPP_NONE) {
        hwv_rule_target_from_trunk(&rule, &segment->vtag, segment->trunk,
                                   &flood);
        hwv_rule_install(segment->bridge->ofproto, &rule);
        hwv_rule_destroy(&rule);
    }
    free(ids);
    free(ports);
}
