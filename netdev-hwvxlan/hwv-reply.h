/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_REPLY_H
#define HWV_REPLY_H 1

/* Replies of unixctl commands that show a table: columns for people, or with
 * --format=json an array of objects for programs.  A real number is how many
 * seconds ago something was, and null a time that has not been.  Main
 * thread. */

#include <stdbool.h>

struct ds;
struct json;
struct unixctl_conn;

/* Is 'arg' a long option?  If so, returns true and stores in '*json' whether
 * it is --format=json.  Where it is neither that nor --format=table, also
 * stores the error message in '*errp', for the caller to free. */
bool hwv_reply_parse_format(const char *arg, bool *json, char **errp);

/* Appends 'json' as programs want it, with a line feed. */
void hwv_reply_format_json(const struct json *json, struct ds *);

/* Replies with 'rows', an array of objects, which it takes: their 'columns',
 * a NULL-terminated list of member names, or everything if 'json'. */
void hwv_reply_rows(struct unixctl_conn *, struct json *rows, bool json,
                    const char *const *columns);

#endif /* hwv-reply.h */
