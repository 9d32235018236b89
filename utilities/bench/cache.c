/* SPDX-License-Identifier: Apache-2.0 */

/* "hwvxlan-bench cache", see options.c for what it does. */

#include <config.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/vlog.h"
#include "options.h"
#include "policies.h"
#include "report.h"
#include "trace.h"
#include "util.h"

/* Runs 'policy' over 'trace' and adds the result.  Returns the hits, in
 * percent. */
static double
run(struct report *report, const struct sim_policy *policy,
    const struct trace *trace, struct result *result)
{
    struct sim *sim = policy->create(policy, trace, result->table);
    size_t warm_up = trace->n / 2;
    uint64_t n_hits = 0, n_counted = 0, n_inserts = 0;

    for (size_t i = 0; i < trace->n; i++) {
        uint64_t n = 0;
        bool hit = policy->request(sim, i, &n);

        if (i >= warm_up) {
            n_inserts += n;
            if (!trace->groups
                || trace->groups[trace->requests[i]] != trace->scanner) {
                n_counted++;
                n_hits += hit;
            }
        }
    }
    policy->destroy(sim);

    result->policy = policy->name;
    result->hit = 100.0 * n_hits / MAX(n_counted, 1);
    result->inserts = (double) n_inserts / (trace->n - warm_up);
    report_add(report, result);
    return result->hit;
}

static const struct sim_policy *
find_policy(const char *name)
{
    const struct sim_policy *policy = sim_policies;

    while (strcmp(policy->name, name)) {
        policy++;
    }
    return policy;
}

static void
run_policies(struct report *report, const struct options *options,
             const struct trace *trace, struct result *result)
{
    struct trace *alone = trace->scanner >= 0 ? trace_without_scanner(trace)
                                              : NULL;
    const char *workload = result->workload;
    const char *name;
    size_t i;

    SVEC_FOR_EACH (i, name, &options->policies) {
        const struct sim_policy *policy = find_policy(name);
        double hit = run(report, policy, trace, result);

        if (alone && alone->n) {
            result->workload = "vf-alone";
            printf("%54s the others lose %.2f\n", "",
                   run(report, policy, alone, result) - hit);
            result->workload = workload;
        }
    }
    trace_free(alone);
}

/* Entries of a table of 'percent' of the keys. */
static uint32_t
table_size(uint32_t keys, const char *percent)
{
    uint32_t n = nextafter(keys * strtod(percent, NULL) / 100, keys);

    return MAX(n, 1);
}

static void
run_file(struct report *report, const struct options *options)
{
    const char *name = options->trace ? options->trace : options->pcap;
    const char *percent;
    struct trace *trace;
    char *error;
    size_t i;

    trace = options->trace ? trace_read(name, &error)
                           : trace_read_pcap(name, &error);
    if (!trace) {
        fail("--%s: %s", options->trace ? "trace" : "pcap", error);
    }
    SVEC_FOR_EACH (i, percent, &options->tables) {
        struct result result = {
            .workload = options->trace ? "trace" : "pcap",
            .keys = trace->n_keys,
            .table = table_size(trace->n_keys, percent),
        };

        run_policies(report, options, trace, &result);
    }
    trace_free(trace);
}

static void
run_workload(struct report *report, const struct options *options,
             const char *workload, const char *keys, const char *alpha)
{
    const char *percent;
    size_t i;

    SVEC_FOR_EACH (i, percent, &options->tables) {
        struct trace_spec spec = {
            .workload = workload,
            .alpha = strtod(alpha, NULL),
            .n_keys = strtod(keys, NULL),
            .n = options->requests,
            .seed = options->seed,
        };
        struct result result = { .workload = workload, .alpha = alpha };
        struct trace *trace;

        result.keys = spec.n_keys;
        result.table = spec.table = table_size(spec.n_keys, percent);
        trace = trace_make(&spec);
        run_policies(report, options, trace, &result);
        trace_free(trace);
    }
}

int
main(int argc, char *argv[])
{
    const char *workload, *keys, *alpha;
    struct options options;
    struct report *report;
    size_t i, j, k;

    set_program_name("hwvxlan-bench");
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    options_parse(argc, argv, &options);
    hwv_set_interval(options.collect);
    report = report_start(options.json, options.plot);
    if (options.trace || options.pcap) {
        run_file(report, &options);
    } else {
        SVEC_FOR_EACH (i, workload, &options.workloads) {
            SVEC_FOR_EACH (j, keys, &options.keys) {
                SVEC_FOR_EACH (k, alpha, &options.alphas) {
                    run_workload(report, &options, workload, keys, alpha);
                }
            }
        }
    }
    report_finish(report);
    options_destroy(&options);
    return EXIT_SUCCESS;
}
