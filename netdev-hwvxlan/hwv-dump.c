/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-dump.h"

#include <inttypes.h>
#include <string.h>

#include "hwv-dump-rows.h"
#include "hwv-nic.h"
#include "hwv-reply.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "unixctl.h"
#include "util.h"

/* What a command was called with. */
struct dump_args {
    bool json;
    const char *nic;            /* Or NULL. */
};

/* A command that prints rows. */
struct dump_command {
    const char *name;
    bool takes_nic;
    struct json *(*rows)(const char *nic);
    const char *const *columns; /* For people; NULL-terminated. */
};

/* Parses 'argv' into '*args'.  Returns true, or replies with an error. */
static bool
parse_args(struct unixctl_conn *conn, int argc, const char *argv[],
           bool takes_nic, struct dump_args *args)
{
    char *message = NULL;

    args->json = false;
    args->nic = NULL;
    for (int i = 1; i < argc && !message; i++) {
        if (hwv_reply_parse_format(argv[i], &args->json, &message)) {
            continue;
        }
        if (!takes_nic || args->nic || argv[i][0] == '-') {
            message = xasprintf("unexpected argument \"%s\"", argv[i]);
        } else {
            args->nic = argv[i];
        }
    }

    if (!message && args->nic) {
        ovs_mutex_lock(&hwv_control_mutex);
        if (!hwv_nic_find(args->nic)) {
            message = xasprintf("no NIC called \"%s\": use the name of a PF's "
                                "Interface (hwvxlan/show lists them)",
                                args->nic);
        }
        ovs_mutex_unlock(&hwv_control_mutex);
    }
    if (message) {
        unixctl_command_reply_error(conn, message);
        free(message);
        return false;
    }
    return true;
}

static void
dump_rows(struct unixctl_conn *conn, int argc, const char *argv[],
          void *command_)
{
    const struct dump_command *command = command_;
    struct dump_args args;

    if (parse_args(conn, argc, argv, command->takes_nic, &args)) {
        hwv_reply_rows(conn, command->rows(args.nic), args.json,
                       command->columns);
    }
}

static int64_t
number(const struct json *object, const char *name)
{
    return json_integer(shash_find_data(object->object, name));
}

static const char *
string(const struct json *object, const char *name)
{
    return json_string(shash_find_data(object->object, name));
}

static void
format_nic(const struct json *nic, struct ds *s)
{
    const struct json *ports = shash_find_data(nic->object, "ports");

    ds_put_format(s, "%s: %s, offload %s\n", string(nic, "nic"),
                  string(nic, "provider"), string(nic, "state"));
    ds_put_format(s, "  flows %"PRId64"/%"PRId64", tunnels %"PRId64"/%"PRId64
                  ", sources %"PRId64"/%"PRId64", late packets %"PRId64"\n",
                  number(nic, "flows"), number(nic, "max_flows"),
                  number(nic, "tunnels"), number(nic, "max_tunnels"),
                  number(nic, "sources"), number(nic, "max_sources"),
                  number(nic, "late_packets"));
    ds_put_format(s, "  replacement %s: shadows %"PRId64", promoted %"PRId64
                  ", evicted %"PRId64", refused %"PRId64", over quota "
                  "%"PRId64"\n", string(nic, "replacement"),
                  number(nic, "shadows"), number(nic, "promotions"),
                  number(nic, "evictions"), number(nic, "refusals"),
                  number(nic, "refusals_by_quota"));
    for (size_t i = 0; i < ports->array.n; i++) {
        const struct json *port = ports->array.elems[i];

        ds_put_format(s, "  %s (%s, %s): hits %"PRId64" (%"PRId64"/s), misses "
                      "%"PRId64" (%"PRId64"/s), dropped %"PRId64,
                      string(port, "port"), string(port, "role"),
                      string(port, "wire"), number(port, "hits"),
                      number(port, "hits_per_s"), number(port, "misses"),
                      number(port, "misses_per_s"), number(port, "dropped"));
        if (shash_find(port->object, "segment")) {
            ds_put_format(s, ", %s", string(port, "segment"));
        }
        ds_put_char(s, '\n');
    }
}

static void
show(struct unixctl_conn *conn, int argc, const char *argv[],
     void *aux OVS_UNUSED)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    struct dump_args args;
    struct json *nics;

    if (!parse_args(conn, argc, argv, true, &args)) {
        return;
    }
    nics = hwv_rows_nics(args.nic);
    if (args.json) {
        hwv_reply_format_json(nics, &s);
    } else {
        for (size_t i = 0; i < nics->array.n; i++) {
            format_nic(nics->array.elems[i], &s);
        }
    }
    json_destroy(nics);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
flush(struct unixctl_conn *conn, int argc, const char *argv[],
      void *aux OVS_UNUSED)
{
    struct dump_args args;
    struct hwv_nic *nic;
    char *reply;
    size_t n = 0;

    if (!parse_args(conn, argc, argv, true, &args)) {
        return;
    }

    ovs_mutex_lock(&hwv_control_mutex);
    HMAP_FOR_EACH (nic, node, hwv_nics()) {
        if (!args.nic || !strcmp(nic->name, args.nic)) {
            struct hwv_nic_usage usage;

            nic->provider->usage(nic->dev, &usage);
            n += usage.flows;
            hwv_nic_flush(nic);
        }
    }
    ovs_mutex_unlock(&hwv_control_mutex);

    reply = (args.json ? xasprintf("{\"flushed\":%"PRIuSIZE"}", n)
             : xasprintf("flushed %"PRIuSIZE" flow table entries", n));
    unixctl_command_reply(conn, reply);
    free(reply);
}

static struct json *
rejected_rows(const char *nic OVS_UNUSED)
{
    return hwv_rows_rejected();
}

void
hwv_dump_register(void)
{
    static const char *const vf_columns[] = {
        "nic", "vf", "port", "attribute", "vtag", "mac", "wire", "hits",
        "misses", "spoofed", "dropped", NULL
    };
    static const char *const flow_columns[] = {
        "nic", "in", "dmac", "smac", "ip", "frag", "ecn", "output", "packets",
        "bytes", "used", NULL
    };
    static const char *const shadow_columns[] = {
        "nic", "in", "dmac", "smac", "ip", "frag", "ecn", "output", "missed",
        "evicted", "by", NULL
    };
    static const char *const tunnel_columns[] = {
        "nic", "id", "vtep", "next_hop_mac", "next_hop_ip", "bridge", "flows",
        "packets", NULL
    };
    static const char *const source_columns[] = {
        "nic", "id", "vtep", "local", "vni", "tos", "flags", "udp_dst",
        "dmac", "smac", "flows", NULL
    };
    static const char *const rejected_columns[] = {
        "reason", "now", "total", "text", "example", NULL
    };
    static struct dump_command commands[] = {
        { "hwvxlan/dump-vfs", true, hwv_rows_vfs, vf_columns },
        { "hwvxlan/dump-flows", true, hwv_rows_flows, flow_columns },
        { "hwvxlan/dump-shadows", true, hwv_rows_shadows, shadow_columns },
        { "hwvxlan/dump-tunnels", true, hwv_rows_tunnels, tunnel_columns },
        { "hwvxlan/dump-sources", true, hwv_rows_sources, source_columns },
        { "hwvxlan/dump-rejected", false, rejected_rows, rejected_columns },
    };

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        unixctl_command_register(commands[i].name,
                                 commands[i].takes_nic
                                 ? "[--format=json] [nic]"
                                 : "[--format=json]",
                                 0, commands[i].takes_nic ? 2 : 1, dump_rows,
                                 &commands[i]);
    }
    unixctl_command_register("hwvxlan/show", "[--format=json] [nic]", 0, 2,
                             show, NULL);
    unixctl_command_register("hwvxlan/flush", "[--format=json] [nic]", 0, 2,
                             flush, NULL);
}
