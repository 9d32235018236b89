/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb-cmd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hwv-fdb.h"
#include "hwv-fdb-instance.h"
#include "hwv-fdb-kernel.h"
#include "hwv-fdb-parse.h"
#include "hwv-fdb-rows.h"
#include "hwv-packet-in.h"
#include "hwv-reply.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "packets.h"
#include "unixctl.h"
#include "util.h"

/* The arguments of all commands together. */
struct fdb_args {
    bool json;                  /* --format=json */
    bool all;                   /* --all */
    bool has_vtag, has_mac, has_vtep;
    struct hwv_vtag vtag;
    struct eth_addr mac;
    struct in6_addr vtep;
};

static char *parse_arg(const char *arg, bool takes_all, int n_most,
                       struct fdb_args *);
static bool parse_args(struct unixctl_conn *, int argc, const char *argv[],
                       bool takes_all, int n_least, int n_most,
                       struct fdb_args *);
static void put_queue_stats(struct json *row);
static void reply_error(struct unixctl_conn *, char *message);
static void reply_number(struct unixctl_conn *, const struct fdb_args *,
                         const char *name, size_t n);
static char *delete_flood(const struct fdb_args *, size_t *n);
static char *delete_entry(const struct fdb_args *);
static char *explain(const struct hwv_fdb_entry *);

static void
fdb_show(struct unixctl_conn *conn, int argc, const char *argv[],
         void *aux OVS_UNUSED)
{
    static const char *const columns[] = {
        "attribute", "vtag", "mac", "vtep", "port", "origin", "in_force",
        "age", "idle", "moves", NULL
    };
    struct fdb_args args;

    if (parse_args(conn, argc, argv, false, 0, 1, &args)) {
        hwv_reply_rows(conn,
                       hwv_fdb_rows(hwv_fdb_instance(),
                                    args.has_vtag ? &args.vtag : NULL),
                       args.json, columns);
    }
}

static void
fdb_add(struct unixctl_conn *conn, int argc, const char *argv[],
        void *aux OVS_UNUSED)
{
    struct hwv_fdb *fdb = hwv_fdb_instance();
    const struct hwv_fdb_entry *entry;
    struct hwv_fdb_dst dst;
    struct fdb_args args;

    if (!parse_args(conn, argc, argv, false, 3, 3, &args)) {
        return;
    }
    if (args.vtag.type != HWV_VTAG_VXLAN) {
        reply_error(conn, xasprintf("vlan:%"PRIu32": nothing in a VLAN is "
                                    "behind a VTEP: use a VNI",
                                    args.vtag.id));
        return;
    }
    if (eth_addr_is_zero(args.mac)) {
        hwv_fdb_flood_add(fdb, &args.vtag, &args.vtep, HWV_FDB_STATIC);
        reply_number(conn, &args, "added", 1);
        return;
    }
    entry = hwv_fdb_lookup_origin(fdb, &args.vtag, args.mac, HWV_FDB_LOCAL);
    if (entry) {
        reply_error(conn, explain(entry));
        return;
    }
    dst = hwv_fdb_dst_vtep(&args.vtep);
    hwv_fdb_add(fdb, &args.vtag, args.mac, &dst, HWV_FDB_STATIC);
    reply_number(conn, &args, "added", 1);
}

static void
fdb_del(struct unixctl_conn *conn, int argc, const char *argv[],
        void *aux OVS_UNUSED)
{
    struct fdb_args args;
    char *message;
    size_t n = 1;

    if (!parse_args(conn, argc, argv, false, 2, 3, &args)) {
        return;
    }
    message = (eth_addr_is_zero(args.mac) ? delete_flood(&args, &n)
               : delete_entry(&args));
    if (message) {
        reply_error(conn, message);
    } else {
        reply_number(conn, &args, "deleted", n);
    }
}

static void
fdb_flush(struct unixctl_conn *conn, int argc, const char *argv[],
          void *aux OVS_UNUSED)
{
    struct hwv_fdb *fdb = hwv_fdb_instance();
    const struct hwv_vtag *vtag;
    struct fdb_args args;
    size_t n;

    if (!parse_args(conn, argc, argv, true, 0, 1, &args)) {
        return;
    }
    vtag = args.has_vtag ? &args.vtag : NULL;
    n = hwv_fdb_flush(fdb, vtag, HWV_FDB_LEARNED);
    if (args.all) {
        n += hwv_fdb_flush(fdb, vtag, HWV_FDB_STATIC);
        n += hwv_fdb_flood_flush(fdb, vtag, HWV_FDB_STATIC);
    }
    reply_number(conn, &args, args.all ? "flushed learned and static"
                 : "flushed learned", n);
}

static void
fdb_stats(struct unixctl_conn *conn, int argc, const char *argv[],
          void *aux OVS_UNUSED)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    struct fdb_args args;
    struct json *row;

    if (!parse_args(conn, argc, argv, false, 0, 0, &args)) {
        return;
    }
    row = hwv_fdb_stats_row(hwv_fdb_instance());
    hwv_fdb_kernel_put_stats(row);
    put_queue_stats(row);
    if (args.json) {
        hwv_reply_format_json(row, &s);
    } else {
        const struct shash_node **nodes = shash_sort(row->object);

        for (size_t i = 0; i < shash_count(row->object); i++) {
            ds_put_format(&s, "%s: %"PRId64"\n", nodes[i]->name,
                          json_integer(nodes[i]->data));
        }
        free(nodes);
    }
    json_destroy(row);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

void
hwv_fdb_cmd_register(void)
{
    unixctl_command_register("hwvxlan/fdb-show",
                             "[--format=json] [vni|vlan:id]",
                             0, 2, fdb_show, NULL);
    unixctl_command_register("hwvxlan/fdb-add",
                             "[--format=json] vni mac vtep",
                             0, 4, fdb_add, NULL);
    unixctl_command_register("hwvxlan/fdb-del",
                             "[--format=json] vni|vlan:id mac [vtep]",
                             0, 4, fdb_del, NULL);
    unixctl_command_register("hwvxlan/fdb-flush",
                             "[--format=json] [--all] [vni|vlan:id]",
                             0, 3, fdb_flush, NULL);
    unixctl_command_register("hwvxlan/fdb-stats", "[--format=json]",
                             0, 1, fdb_stats, NULL);
}

/* Parses 'arg' into 'args', which takes 'n_most' that are no options.  Returns
 * NULL or an error message. */
static char *
parse_arg(const char *arg, bool takes_all, int n_most, struct fdb_args *args)
{
    char *message = NULL;

    if (takes_all && !strcmp(arg, "--all")) {
        args->all = true;
        return NULL;
    }
    if (hwv_reply_parse_format(arg, &args->json, &message)) {
        return message;
    }
    if (!args->has_vtag && n_most >= 1) {
        args->has_vtag = true;
        return hwv_fdb_parse_vtag(arg, &args->vtag);
    }
    if (!args->has_mac && n_most >= 2) {
        args->has_mac = true;
        return hwv_fdb_parse_mac(arg, true, &args->mac);
    }
    if (!args->has_vtep && n_most >= 3) {
        args->has_vtep = true;
        return hwv_fdb_parse_vtep(arg, &args->vtep);
    }
    return xasprintf("unexpected argument \"%s\"", arg);
}

/* Parses 'argv' into '*args'.  Returns true, or replies with an error. */
static bool
parse_args(struct unixctl_conn *conn, int argc, const char *argv[],
           bool takes_all, int n_least, int n_most, struct fdb_args *args)
{
    static const char *const names[] = { "vni", "mac", "vtep" };
    char *message = NULL;
    int n;

    memset(args, 0, sizeof *args);
    for (int i = 1; i < argc && !message; i++) {
        message = parse_arg(argv[i], takes_all, n_most, args);
    }
    n = args->has_vtag + args->has_mac + args->has_vtep;
    if (!message && n < n_least) {
        message = xasprintf("%s is missing: use %s vni mac %s", names[n],
                            argv[0], n_least == 3 ? "vtep" : "[vtep]");
    }
    if (message) {
        reply_error(conn, message);
    }
    return !message;
}

/* Adds to 'row' what became of addresses on their way to being learned. */
static void
put_queue_stats(struct json *row)
{
    struct hwv_packet_in_stats stats;

    hwv_packet_in_get_stats(&stats);
    json_object_put(row, "learn_queued", json_integer_create(stats.queued));
    json_object_put(row, "learn_repeated",
                    json_integer_create(stats.repeated));
    json_object_put(row, "learn_overflow",
                    json_integer_create(stats.overflow));
    json_object_put(row, "learn_overflow_place",
                    json_integer_create(stats.overflow_place));
}

/* Replies with 'message', which it takes. */
static void
reply_error(struct unixctl_conn *conn, char *message)
{
    unixctl_command_reply_error(conn, message);
    free(message);
}

/* Replies that 'n' entries were "VERB", the first word of 'what'. */
static void
reply_number(struct unixctl_conn *conn, const struct fdb_args *args,
             const char *what, size_t n)
{
    int verb_len = strcspn(what, " ");
    char *reply;

    reply = (args->json ? xasprintf("{\"%.*s\":%"PRIuSIZE"}", verb_len, what,
                                    n)
             : xasprintf("%.*s %"PRIuSIZE"%s %s", verb_len, what, n,
                         what + verb_len, n == 1 ? "entry" : "entries"));
    unixctl_command_reply(conn, reply);
    free(reply);
}

static const char *
vtag_name(const struct hwv_vtag *vtag)
{
    return vtag->type == HWV_VTAG_VLAN ? "VLAN" : "VNI";
}

/* Deletes one VTEP, or all, from what is static in a flood list.  Returns NULL
 * and the number in '*n', or an error message. */
static char *
delete_flood(const struct fdb_args *args, size_t *n)
{
    struct hwv_fdb *fdb = hwv_fdb_instance();

    *n = (args->has_vtep
          ? !hwv_fdb_flood_del(fdb, &args->vtag, &args->vtep, HWV_FDB_STATIC)
          : hwv_fdb_flood_flush(fdb, &args->vtag, HWV_FDB_STATIC));
    return (*n ? NULL
            : xasprintf("no such entry of hwvxlan/fdb-add in the flood list "
                        "of %s %"PRIu32, vtag_name(&args->vtag),
                        args->vtag.id));
}

/* Deletes what is static, or else learned.  Returns NULL or an error
 * message. */
static char *
delete_entry(const struct fdb_args *args)
{
    struct hwv_fdb *fdb = hwv_fdb_instance();
    const struct hwv_fdb_entry *entry;
    struct hwv_fdb_dst dst;

    entry = hwv_fdb_lookup_origin(fdb, &args->vtag, args->mac, HWV_FDB_STATIC);
    if (!entry) {
        entry = hwv_fdb_lookup(fdb, &args->vtag, args->mac);
    }
    if (!entry) {
        return xasprintf(ETH_ADDR_FMT" is not known in %s %"PRIu32,
                         ETH_ADDR_ARGS(args->mac), vtag_name(&args->vtag),
                         args->vtag.id);
    }
    dst = hwv_fdb_dst_vtep(&args->vtep);
    if ((entry->origin != HWV_FDB_STATIC && entry->origin != HWV_FDB_LEARNED)
        || (args->has_vtep && !hwv_fdb_dst_equal(&entry->dst, &dst))) {
        return explain(entry);
    }
    hwv_fdb_del(fdb, &args->vtag, args->mac, entry->origin);
    return NULL;
}

/* Says what 'entry' is, and how it is changed. */
static char *
explain(const struct hwv_fdb_entry *entry)
{
    static const char *const how[] = {
        [HWV_FDB_LEARNED] = "it is learned",
        [HWV_FDB_KERNEL] = "it is the kernel's, see \"bridge fdb\"",
        [HWV_FDB_CONFIG] = "it is in other_config of an Interface",
        [HWV_FDB_STATIC] = "it is static, by hwvxlan/fdb-add",
        [HWV_FDB_LOCAL] = "it is options:mac of a VF",
    };
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, ETH_ADDR_FMT" in %s %"PRIu32" is ",
                  ETH_ADDR_ARGS(entry->mac), vtag_name(entry->vtag),
                  entry->vtag->id);
    if (hwv_fdb_dst_is_local(&entry->dst)) {
        ds_put_cstr(&s, "here: ");
    } else {
        ds_put_cstr(&s, "behind ");
        ipv6_format_mapped(&entry->dst.vtep, &s);
        ds_put_cstr(&s, ": ");
    }
    ds_put_cstr(&s, how[entry->origin]);
    return ds_steal_cstr(&s);
}
