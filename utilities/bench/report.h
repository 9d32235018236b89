/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_BENCH_REPORT_H
#define HWV_BENCH_REPORT_H 1

/* Results of "hwvxlan-bench cache": a table for people as they come, and files
 * at the end. */

#include <stddef.h>
#include <stdint.h>

struct result {
    const char *workload;
    const char *alpha;          /* As written, or NULL for a file. */
    uint32_t keys, table;
    const char *policy;
    double hit;                 /* Percent. */
    double inserts;             /* For each request. */
};

struct report;

/* Starts a report, and makes sure that it can be written: ends the program if
 * 'json' or 'plot', either of which may be NULL, cannot. */
struct report *report_start(const char *json, const char *plot);

/* Prints 'result' and keeps a copy.  The strings must stay. */
void report_add(struct report *, const struct result *result);

/* Writes the files and frees the report. */
void report_finish(struct report *);

#endif /* report.h */
