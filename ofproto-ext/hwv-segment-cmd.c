/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-segments-private.h"

#include "hwv-fdb.h"
#include "hwv-fdb-parse.h"
#include "hwv-reply.h"
#include "netdev.h"
#include "ofproto/ofproto-dpif.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "unixctl.h"
#include "util.h"

static const char *const columns[] = {
    "segment", "bridge", "state", "vfs", "macs", "flood", "beyond", "drops",
    NULL
};

static struct json *segment_rows(const struct hwv_vtag *);
static struct json *segment_row(const struct hwv_segment *);

static void
segment_show(struct unixctl_conn *conn, int argc, const char *argv[],
             void *aux OVS_UNUSED)
{
    struct hwv_vtag vtag = { .type = HWV_VTAG_NONE };
    char *message = NULL;
    bool json = false;

    for (int i = 1; i < argc && !message; i++) {
        if (hwv_reply_parse_format(argv[i], &json, &message)) {
            continue;
        }
        if (vtag.type != HWV_VTAG_NONE) {
            message = xasprintf("unexpected argument \"%s\"", argv[i]);
            break;
        }
        message = hwv_fdb_parse_vtag(argv[i], &vtag);
        if (!message && !hwv_segment_find(&vtag)) {
            message = xasprintf("%s: no VF is in this segment", argv[i]);
        }
    }
    if (message) {
        unixctl_command_reply_error(conn, message);
        free(message);
        return;
    }
    hwv_reply_rows(conn, segment_rows(&vtag), json, columns);
}

void
hwv_segment_cmd_register(void)
{
    unixctl_command_register("hwvxlan/segment-show",
                             "[--format=json] [vni|vlan:id]",
                             0, 2, segment_show, NULL);
}

static int
compare_segments(const void *a_, const void *b_)
{
    const struct hwv_segment *const *a = a_;
    const struct hwv_segment *const *b = b_;
    uint32_t a_reg = hwv_segment_vtag_reg(&(*a)->vtag);
    uint32_t b_reg = hwv_segment_vtag_reg(&(*b)->vtag);

    return a_reg < b_reg ? -1 : a_reg > b_reg;
}

/* Returns a row for the segment 'vtag', or for each if that is none. */
static struct json *
segment_rows(const struct hwv_vtag *vtag)
{
    const struct hwv_segment **sorted = xcalloc(hmap_count(&hwv_segments) + 1,
                                                sizeof *sorted);
    struct json *rows = json_array_create_empty();
    const struct hwv_segment *segment;
    size_t n = 0;

    HMAP_FOR_EACH (segment, node, &hwv_segments) {
        if (vtag->type == HWV_VTAG_NONE
            || hwv_vtag_equal(vtag, &segment->vtag)) {
            sorted[n++] = segment;
        }
    }
    qsort(sorted, n, sizeof *sorted, compare_segments);
    for (size_t i = 0; i < n; i++) {
        json_array_add(rows, segment_row(sorted[i]));
    }
    free(sorted);
    return rows;
}

static void
put_integer(struct json *row, const char *name, uint64_t value)
{
    json_object_put(row, name, json_integer_create(value));
}

/* Adds the count of each reason to 'row', and those that are not zero as one
 * string. */
static void
put_drops(struct json *row, const struct hwv_segment *segment)
{
    struct hwv_segment_drops drops;
    struct ds all = DS_EMPTY_INITIALIZER;

    hwv_segment_get_drops(segment, &drops);
    const struct {
        const char *name;
        uint64_t value;
    } names[] = {
        { "drop_multicast_source", drops.multicast_source },
        { "drop_zero_source", drops.zero_source },
        { "drop_moved_static", drops.moved_static },
        { "drop_unknown", drops.unknown },
        { "drop_tagged", drops.tagged },
        { "drop_tunnel_to_tunnel", drops.tunnel_to_tunnel },
        { "drop_vtep_down", drops.vtep_down },
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        put_integer(row, names[i].name, names[i].value);
        if (names[i].value) {
            ds_put_format(&all, "%s=%"PRIu64",",
                          names[i].name + strlen("drop_"), names[i].value);
        }
    }
    ds_chomp(&all, ',');
    json_object_put_string(row, "drops", ds_cstr(&all));
    ds_destroy(&all);
}

static struct json *
port_names(const struct hwv_segment *segment)
{
    struct json *names = json_array_create_empty();
    const struct hwv_member *member;

    HMAP_FOR_EACH (member, node, &segment->members) {
        const struct ofport *ofport
            = ofproto_get_port(&segment->bridge->ofproto->up, member->port);

        if (ofport) {
            const char *name = netdev_get_name(ofport->netdev);

            json_array_add(names, json_string_create(name));
        }
    }
    return names;
}

static struct json *
segment_row(const struct hwv_segment *segment)
{
    struct json *row = json_object_create();
    struct ds s = DS_EMPTY_INITIALIZER;

    hwv_vtag_format(&segment->vtag, &s);
    json_object_put_string(row, "segment", ds_cstr(&s));
    json_object_put_string(row, "bridge", segment->bridge->name);
    ds_clear(&s);
    hwv_segment_format_state(segment, &s);
    json_object_put_string(row, "state", ds_cstr(&s));
    put_integer(row, "vfs", hmap_count(&segment->members));
    json_object_put(row, "ports", port_names(segment));
    put_integer(row, "macs", hmap_count(&segment->macs));
    put_integer(row, "flood", segment->n_vteps);
    put_integer(row, "beyond", segment->n_beyond);
    put_drops(row, segment);
    ds_destroy(&s);
    return row;
}
