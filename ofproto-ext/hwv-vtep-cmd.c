/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-vtep-cmd.h"

#include <stdlib.h>
#include <string.h>

#include "hwv-hold.h"
#include "hwv-neighbor.h"
#include "hwv-reply.h"
#include "hwv-vtep.h"
#include "openvswitch/json.h"
#include "packets.h"
#include "unixctl.h"
#include "util.h"

/* A VTEP that hwvxlan/vtep-add refers to. */
struct hwv_pinned {
    struct ovs_list node;       /* In 'pinned_vteps'. */
    struct hwv_vtep *vtep;
};

static struct ovs_list pinned_vteps = OVS_LIST_INITIALIZER(&pinned_vteps);

static struct json *vtep_rows(void);
static struct json *vtep_row(const struct hwv_vtep *);

static void
vtep_show(struct unixctl_conn *conn, int argc, const char *argv[],
          void *aux OVS_UNUSED)
{
    static const char *const columns[] = {
        "vtep", "state", "bridge", "next_hop", "mac", "refs", "requests",
        "held", "dropped", NULL
    };
    char *message = NULL;
    bool json = false;

    if (argc > 1 && !hwv_reply_parse_format(argv[1], &json, &message)) {
        message = xasprintf("unexpected argument \"%s\"", argv[1]);
    }
    if (message) {
        unixctl_command_reply_error(conn, message);
        free(message);
        return;
    }
    hwv_reply_rows(conn, vtep_rows(), json, columns);
}

/* Parses 'arg' into '*ip', and finds out whether it was added by command.
 * Returns true, or replies with an error. */
static bool
parse_pinned(struct unixctl_conn *conn, const char *arg, struct in6_addr *ip,
             struct hwv_pinned **pinnedp)
{
    struct hwv_pinned *pinned;
    ovs_be32 ip4;

    if (ip_parse(arg, &ip4)) {
        in6_addr_set_mapped_ipv4(ip, ip4);
    } else if (!ipv6_parse(arg, ip)) {
        char *message = xasprintf("%s: use an IPv4 or IPv6 address", arg);

        unixctl_command_reply_error(conn, message);
        free(message);
        return false;
    }
    *pinnedp = NULL;
    LIST_FOR_EACH (pinned, node, &pinned_vteps) {
        if (ipv6_addr_equals(&pinned->vtep->ip, ip)) {
            *pinnedp = pinned;
        }
    }
    return true;
}

static void
vtep_add(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[],
         void *aux OVS_UNUSED)
{
    struct hwv_pinned *pinned;
    struct in6_addr ip;

    if (parse_pinned(conn, argv[1], &ip, &pinned)) {
        if (!pinned) {
            pinned = xmalloc(sizeof *pinned);
            pinned->vtep = hwv_vtep_ref(&ip);
            ovs_list_push_back(&pinned_vteps, &pinned->node);
        }
        unixctl_command_reply(conn, NULL);
    }
}

static void
vtep_del(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[],
         void *aux OVS_UNUSED)
{
    struct hwv_pinned *pinned;
    struct in6_addr ip;

    if (!parse_pinned(conn, argv[1], &ip, &pinned)) {
        return;
    }
    if (!pinned) {
        char *message = xasprintf("%s: not added by hwvxlan/vtep-add",
                                  argv[1]);

        unixctl_command_reply_error(conn, message);
        free(message);
        return;
    }
    hwv_vtep_unref(pinned->vtep);
    ovs_list_remove(&pinned->node);
    free(pinned);
    unixctl_command_reply(conn, NULL);
}

void
hwv_vtep_cmd_register(void)
{
    unixctl_command_register("hwvxlan/vtep-add", "vtep", 1, 1, vtep_add, NULL);
    unixctl_command_register("hwvxlan/vtep-del", "vtep", 1, 1, vtep_del, NULL);
    unixctl_command_register("hwvxlan/vtep-show", "[--format=json]", 0, 1,
                             vtep_show, NULL);
}

static int
compare_ips(const void *a_, const void *b_)
{
    const struct hwv_vtep *const *a = a_;
    const struct hwv_vtep *const *b = b_;

    return memcmp(&(*a)->ip, &(*b)->ip, sizeof (*a)->ip);
}

static struct json *
vtep_rows(void)
{
    const struct hmap *vteps = hwv_vteps();
    const struct hwv_vtep **sorted = xcalloc(hmap_count(vteps),
                                             sizeof *sorted);
    struct json *rows = json_array_create_empty();
    const struct hwv_vtep *vtep;
    size_t n = 0;

    HMAP_FOR_EACH (vtep, node, vteps) {
        sorted[n++] = vtep;
    }
    qsort(sorted, n, sizeof *sorted, compare_ips);
    for (size_t i = 0; i < n; i++) {
        json_array_add(rows, vtep_row(sorted[i]));
    }
    free(sorted);
    return rows;
}

static struct json *
ip_json(const struct in6_addr *ip)
{
    char s[INET6_ADDRSTRLEN];

    return json_string_create(ipv6_string_mapped(s, ip));
}

static struct json *
vtep_row(const struct hwv_vtep *vtep)
{
    const struct hwv_neighbor *neighbor = vtep->neighbor;
    struct json *row = json_object_create();
    struct hwv_hold_stats hold;

    hwv_hold_get_stats(vtep->id, &hold);
    json_object_put(row, "vtep", ip_json(&vtep->ip));
    json_object_put_string(row, "state", hwv_vtep_state_name(vtep->state));
    json_object_put(row, "refs", json_integer_create(vtep->n_refs));
    json_object_put(row, "held", json_integer_create(hold.held));
    json_object_put(row, "released", json_integer_create(hold.sent));
    json_object_put(row, "dropped", json_integer_create(hold.dropped));
    if (neighbor) {
        json_object_put_string(row, "bridge", neighbor->bridge);
        json_object_put(row, "next_hop", ip_json(&neighbor->ip));
        json_object_put(row, "requests",
                        json_integer_create(neighbor->n_requests));
    }
    if (neighbor && neighbor->known) {
        json_object_put_format(row, "mac", ETH_ADDR_FMT,
                               ETH_ADDR_ARGS(neighbor->mac));
    }
    return row;
}
