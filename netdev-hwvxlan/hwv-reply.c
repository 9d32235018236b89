/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-reply.h"

#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "table.h"
#include "unixctl.h"
#include "util.h"

static void format_table(const struct json *rows, const char *const *columns,
                         struct ds *);
static char *cell_text(const struct json *);

bool
hwv_reply_parse_format(const char *arg, bool *json, char **errp)
{
    if (strncmp(arg, "--", 2)) {
        return false;
    }
    *json = !strcmp(arg, "--format=json");
    if (!*json && strcmp(arg, "--format=table")) {
        *errp = xasprintf("%s: use --format=table or --format=json", arg);
    }
    return true;
}

void
hwv_reply_format_json(const struct json *json, struct ds *s)
{
    json_to_ds(json, JSSF_PRETTY | JSSF_SORT, s);
    ds_put_char(s, '\n');
}

void
hwv_reply_rows(struct unixctl_conn *conn, struct json *rows, bool json,
               const char *const *columns)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    if (json) {
        hwv_reply_format_json(rows, &s);
    } else {
        format_table(rows, columns, &s);
    }
    json_destroy(rows);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
format_table(const struct json *rows, const char *const *columns, struct ds *s)
{
    struct table_style style = table_style_default;
    struct table table;

    style.format = TF_TABLE;
    table_init(&table);
    for (size_t i = 0; columns[i]; i++) {
        table_add_column(&table, "%s", columns[i]);
    }
    for (size_t i = 0; i < rows->array.n; i++) {
        table_add_row(&table);
        for (size_t j = 0; columns[j]; j++) {
            table_add_cell(&table)->text = cell_text(
                shash_find_data(rows->array.elems[i]->object, columns[j]));
        }
    }
    table_format_reset();
    table_format(&table, &style, s);
    table_destroy(&table);
}

/* Real numbers are times ago, in seconds, and null is a time that has not
 * been. */
static char *
cell_text(const struct json *value)
{
    return (!value ? xstrdup("")
            : value->type == JSON_STRING ? xstrdup(json_string(value))
            : value->type == JSON_REAL ? xasprintf("%.3fs", json_real(value))
            : value->type == JSON_NULL ? xstrdup("never")
            : json_to_string(value, 0));
}
