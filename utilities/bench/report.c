/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "util.h"

struct report {
    struct result *results;
    size_t n, allocated;
    FILE *json;
    const char *json_name, *plot_name;
};

static FILE *
open_to_write(const char *option, const char *name)
{
    FILE *file = fopen(name, "w");

    if (!file) {
        fail("--%s: cannot write %s: %s", option, name, ovs_strerror(errno));
    }
    return file;
}

/* Ends the program unless there is a program called 'name'. */
static void
need_program(const char *name, const char *remedy)
{
    const char *path = getenv("PATH");
    char *copy = xstrdup(path ? path : "/usr/bin:/bin");
    char *next = copy;
    bool found = false;

    for (char *dir; (dir = strsep(&next, ":")) && !found;) {
        char *file = xasprintf("%s/%s", dir, name);

        found = !access(file, X_OK);
        free(file);
    }
    free(copy);
    if (!found) {
        fail("%s", remedy);
    }
}

struct report *
report_start(const char *json, const char *plot)
{
    struct report *report = xzalloc(sizeof *report);

    if (plot) {
        need_program("gnuplot", "--plot needs gnuplot, which is not here: "
                                "apt-get install gnuplot-nox");
        fclose(open_to_write("plot", plot));
    }
    if (json) {
        report->json = open_to_write("json", json);
    }
    report->json_name = json;
    report->plot_name = plot;
    printf("%-12s %5s %8s %7s  %-10s %6s %9s\n", "workload", "alpha", "keys",
           "table", "policy", "hit %", "inserts");
    return report;
}

void
report_add(struct report *report, const struct result *result)
{
    if (report->n >= report->allocated) {
        report->results = x2nrealloc(report->results, &report->allocated,
                                     sizeof *report->results);
    }
    report->results[report->n++] = *result;
    printf("%-12s %5s %8"PRIu32" %7"PRIu32"  %-10s %6.2f %9.5f\n",
           result->workload, result->alpha ? result->alpha : "-", result->keys,
           result->table, result->policy, result->hit, result->inserts);
    fflush(stdout);
}

static void
write_json(const struct report *report)
{
    fputs("[", report->json);
    for (size_t i = 0; i < report->n; i++) {
        const struct result *r = &report->results[i];

        fprintf(report->json, "%s\n{\"workload\": \"%s\", \"alpha\": ",
                i ? "," : "", r->workload);
        if (r->alpha) {
            fprintf(report->json, "%.12g", strtod(r->alpha, NULL));
        } else {
            fputs("null", report->json);
        }
        fprintf(report->json,
                ", \"keys\": %"PRIu32", \"table\": %"PRIu32", \"policy\": "
                "\"%s\", \"hit\": %.4f, \"inserts_per_request\": %.6f}",
                r->keys, r->table, r->policy, r->hit, r->inserts);
    }
    fputs("\n]\n", report->json);
    if (fclose(report->json)) {
        fail("--json: cannot write %s: %s", report->json_name,
             ovs_strerror(errno));
    }
}

static bool
same_panel(const struct result *a, const struct result *b)
{
    return !strcmp(a->workload, b->workload) && a->keys == b->keys
           && !strcmp(a->alpha ? a->alpha : "", b->alpha ? b->alpha : "");
}

/* Is result 'i' the first of its panel, or, if 'policy', of its line? */
static bool
is_first(const struct report *report, size_t i, bool policy)
{
    const struct result *r = &report->results[i];

    for (size_t j = 0; j < i; j++) {
        if (same_panel(&report->results[j], r)
            && (!policy || !strcmp(report->results[j].policy, r->policy))) {
            return false;
        }
    }
    return true;
}

/* One panel, of those like result 'at': hits over table sizes, a line for each
 * policy. */
static void
plot_panel(const struct report *report, size_t at, FILE *gnuplot)
{
    const struct result *panel = &report->results[at];
    const char *separator = "plot ";

    fprintf(gnuplot, "set title '%s, %s%s, %"PRIu32" keys'\n", panel->workload,
            panel->alpha ? "alpha " : "file", panel->alpha ? panel->alpha : "",
            panel->keys);
    for (size_t i = at; i < report->n; i++) {
        if (same_panel(&report->results[i], panel)
            && is_first(report, i, true)) {
            fprintf(gnuplot, "%s'-' with linespoints title '%s'", separator,
                    report->results[i].policy);
            separator = ", ";
        }
    }
    fputs("\n", gnuplot);
    for (size_t i = at; i < report->n; i++) {
        if (!same_panel(&report->results[i], panel)
            || !is_first(report, i, true)) {
            continue;
        }
        for (size_t j = i; j < report->n; j++) {
            const struct result *r = &report->results[j];

            if (same_panel(r, panel)
                && !strcmp(r->policy, report->results[i].policy)) {
                fprintf(gnuplot, "%"PRIu32" %.4f\n", r->table, r->hit);
            }
        }
        fputs("e\n", gnuplot);
    }
}

static void
write_plot(const struct report *report)
{
    const char *suffix = strrchr(report->plot_name, '.');
    bool svg = suffix && !strcmp(suffix, ".svg");
    size_t n_panels = 0, columns = 1, rows;
    FILE *gnuplot = popen("gnuplot", "w");

    if (!gnuplot) {
        fail("--plot: cannot run gnuplot: %s", ovs_strerror(errno));
    }
    for (size_t i = 0; i < report->n; i++) {
        n_panels += is_first(report, i, false);
    }
    while (columns * columns < n_panels) {
        columns++;
    }
    rows = DIV_ROUND_UP(MAX(n_panels, 1), columns);
    fprintf(gnuplot, "set terminal %s size %"PRIuSIZE",%"PRIuSIZE"\n"
            "set output '%s'\nset logscale x\nset xlabel 'entries'\n"
            "set ylabel 'hit %%'\nset key bottom right\n"
            "set multiplot layout %"PRIuSIZE",%"PRIuSIZE"\n",
            svg ? "svg" : "png", columns * 500, rows * 400,
            report->plot_name, rows, columns);
    for (size_t i = 0; i < report->n; i++) {
        if (is_first(report, i, false)) {
            plot_panel(report, i, gnuplot);
        }
    }
    fputs("unset multiplot\n", gnuplot);
    if (pclose(gnuplot)) {
        fail("--plot: gnuplot could not draw %s", report->plot_name);
    }
}

void
report_finish(struct report *report)
{
    if (report->json) {
        write_json(report);
    }
    if (report->plot_name) {
        write_plot(report);
    }
    free(report->results);
    free(report);
}
