/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "policies.h"
#include "trace.h"
#include "util.h"

static const char help_start[] =
    "hwvxlan-bench cache: which flows should be in the NIC's flow table?\n"
    "usage: hwvxlan-bench cache [OPTION...]\n"
    "\n"
    "Lets replacement policies decide about a sequence of requests, each of\n"
    "which is a packet of a flow (\"key\").  Those of the product run in the\n"
    "product's own code; others are there to compare with.  One run for each\n"
    "combination of workload, alpha, keys, table and policy.\n"
    "\n"
    "\"hit\" is the part of the requests, in percent, whose key was in\n"
    "the table, \"inserts\" are the keys inserted for each request.  Both\n"
    "count from the second half of the requests on, the first half being\n"
    "warm-up, for all policies in the same way.  A run with 4,000,000\n"
    "requests takes 5 s, all of them hours, and --quick two minutes.\n"
    "\n"
    "  --workloads=NAME,...  which ones (default: all):\n";

static const char help_middle[] =
    "  --alphas=A,...        exponents of Zipf's law (default: 0.8,0.99,1.2)\n"
    "  --keys=N,...          keys (default: 65536,500000,1000000)\n"
    "  --tables=P,...        entries of the table, in percent of the keys\n"
    "                        (default: 0.1,1,5,10)\n"
    "  --policies=NAME,...   which ones (default: all):\n";

static const char help_end[] =
    "  --requests=N          for each run (default: 4000000)\n"
    "  --collect=N           the product is told of misses each N requests,\n"
    "                        as its thread collects them (default: 1)\n"
    "  --seed=N              of the random numbers (default: 1)\n"
    "  --quick               defaults are alpha 0.99, 65536 keys, table 1\n"
    "                        and 5 %, 1000000 requests\n"
    "  --trace=FILE          instead of the workloads: the requests of a\n"
    "                        file, one key in each line\n"
    "  --pcap=FILE           the same with the frames of a pcap file: the\n"
    "                        key is (destination MAC, source MAC)\n"
    "  --json=FILE           write the results, one row for each run, with\n"
    "                        the keys workload, alpha (null for a file),\n"
    "                        keys, table (entries), policy, hit (percent),\n"
    "                        inserts_per_request\n"
    "  --plot=FILE           draw them, as .svg or .png; needs gnuplot\n"
    "  -h, --help            show this\n";

static void
usage(void)
{
    fputs(help_start, stdout);
    for (const struct trace_workload *w = trace_workloads; w->name; w++) {
        printf("      %-12s %s\n", w->name, w->what);
    }
    fputs(help_middle, stdout);
    for (const struct sim_policy *p = sim_policies; p->name; p++) {
        printf("      %-12s %s\n", p->name, p->what);
    }
    fputs(help_end, stdout);
    exit(EXIT_SUCCESS);
}

static bool
parse_number(const char *s, double min, double max, double *value)
{
    char *end;

    errno = 0;
    *value = strtod(s, &end);
    return s[0] && !s[strspn(s, "0123456789.")] && !*end && !errno
           && *value >= min && *value <= max;
}

/* Parses 'list', the value of 'option', as numbers. */
static void
parse_numbers(const char *option, const char *list, double min, double max,
              bool integers, struct svec *numbers)
{
    svec_clear(numbers);
    for (const char *s = list; s;) {
        char *word = xmemdup0(s, strcspn(s, ","));
        double value;

        if (!parse_number(word, min, max, &value)
            || (integers && value != floor(value))) {
            fail("--%s: \"%s\" is not %s from %.12g to %.12g", option, word,
                 integers ? "an integer" : "a number", min, max);
        }
        svec_add_nocopy(numbers, word);
        s = strchr(s, ',');
        s = s ? s + 1 : NULL;
    }
}

static uint64_t
parse_integer(const char *option, const char *s, uint64_t min, uint64_t max)
{
    unsigned long long int value;
    char *end;

    errno = 0;
    value = strtoull(s, &end, 10);
    if (s[0] < '0' || s[0] > '9' || *end || errno || value < min
        || value > max) {
        fail("--%s: \"%s\" is not an integer from %"PRIu64" to %"PRIu64,
             option, s, min, max);
    }
    return value;
}

/* Parses 'list' as names, each of which must be one of 'known', which it
 * becomes a part of. */
static void
parse_names(const char *option, const char *list, const struct svec *known,
            struct svec *names)
{
    svec_clear(names);
    for (const char *s = list; s;) {
        char *word = xmemdup0(s, strcspn(s, ","));
        bool found = false;
        const char *name;
        size_t i;

        SVEC_FOR_EACH (i, name, known) {
            found = found || !strcmp(name, word);
        }
        if (!found) {
            char *all = svec_join(known, ", ", "");

            fail("--%s: there is no \"%s\", only %s", option, word, all);
        }
        svec_add_nocopy(names, word);
        s = strchr(s, ',');
        s = s ? s + 1 : NULL;
    }
}

static void
known_names(struct svec *workloads, struct svec *policies)
{
    svec_init(workloads);
    svec_init(policies);
    for (const struct trace_workload *w = trace_workloads; w->name; w++) {
        svec_add(workloads, w->name);
    }
    for (const struct sim_policy *p = sim_policies; p->name; p++) {
        svec_add(policies, p->name);
    }
}

static void
set_defaults(struct options *options, bool quick)
{
    *options = (struct options) {
        .requests = quick ? 1000000 : 4000000, .collect = 1,
        .seed = 1,
    };
    known_names(&options->workloads, &options->policies);
    svec_init(&options->alphas);
    svec_init(&options->keys);
    svec_init(&options->tables);
    parse_numbers("alphas", quick ? "0.99" : "0.8,0.99,1.2", 0, ALPHA_MAX,
                  false, &options->alphas);
    parse_numbers("keys", quick ? "65536" : "65536,500000,1000000", 1,
                  KEYS_MAX, true, &options->keys);
    parse_numbers("tables", quick ? "1,5" : "0.1,1,5,10", 0, 100, false,
                  &options->tables);
}

enum {
    OPT_WORKLOADS = UCHAR_MAX + 1, OPT_ALPHAS, OPT_KEYS, OPT_TABLES,
    OPT_POLICIES, OPT_REQUESTS, OPT_COLLECT, OPT_SEED, OPT_QUICK, OPT_TRACE,
    OPT_PCAP, OPT_JSON, OPT_PLOT,
};

static const struct option long_options[] = {
    { "workloads", required_argument, NULL, OPT_WORKLOADS },
    { "alphas", required_argument, NULL, OPT_ALPHAS },
    { "keys", required_argument, NULL, OPT_KEYS },
    { "tables", required_argument, NULL, OPT_TABLES },
    { "policies", required_argument, NULL, OPT_POLICIES },
    { "requests", required_argument, NULL, OPT_REQUESTS },
    { "collect", required_argument, NULL, OPT_COLLECT },
    { "seed", required_argument, NULL, OPT_SEED },
    { "quick", no_argument, NULL, OPT_QUICK },
    { "trace", required_argument, NULL, OPT_TRACE },
    { "pcap", required_argument, NULL, OPT_PCAP },
    { "json", required_argument, NULL, OPT_JSON },
    { "plot", required_argument, NULL, OPT_PLOT },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void
parse_option(int option, const char *arg, struct options *options)
{
    struct svec workloads, policies;

    known_names(&workloads, &policies);
    switch (option) {
    case OPT_WORKLOADS:
        parse_names("workloads", arg, &workloads, &options->workloads);
        break;
    case OPT_POLICIES:
        parse_names("policies", arg, &policies, &options->policies);
        break;
    case OPT_ALPHAS:
        parse_numbers("alphas", arg, 0, ALPHA_MAX, false, &options->alphas);
        break;
    case OPT_KEYS:
        parse_numbers("keys", arg, 1, KEYS_MAX, true, &options->keys);
        break;
    case OPT_TABLES:
        parse_numbers("tables", arg, 0, 100, false, &options->tables);
        break;
    case OPT_REQUESTS:
        options->requests = parse_integer("requests", arg, 2, UINT32_MAX - 1);
        break;
    case OPT_COLLECT:
        options->collect = parse_integer("collect", arg, 1, UINT32_MAX);
        break;
    case OPT_SEED:
        options->seed = parse_integer("seed", arg, 0, UINT32_MAX);
        break;
    case OPT_TRACE:
        options->trace = arg;
        break;
    case OPT_PCAP:
        options->pcap = arg;
        break;
    case OPT_JSON:
        options->json = arg;
        break;
    case OPT_PLOT:
        options->plot = arg;
        break;
    case OPT_QUICK:
        break;
    case 'h':
        usage();
        OVS_NOT_REACHED();
    default:
        OVS_NOT_REACHED();
    }
    svec_destroy(&workloads);
    svec_destroy(&policies);
}

void
options_parse(int argc, char *argv[], struct options *options)
{
    bool quick = false;
    int option;

    /* --quick changes the defaults of the others, wherever it is. */
    for (int i = 1; i < argc; i++) {
        quick = quick || !strcmp(argv[i], "--quick");
    }
    set_defaults(options, quick);

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", long_options, NULL))
           != -1) {
        if (option == '?' || option == ':') {
            fail("%s %s; see hwvxlan-bench cache --help", argv[optind - 1],
                 option == ':' ? "needs a value"
                 : "is no option, or has a value that it does not take");
        }
        parse_option(option, optarg, options);
    }
    if (optind < argc) {
        fail("\"%s\" is not an option; see hwvxlan-bench cache --help",
             argv[optind]);
    }
    if (options->trace && options->pcap) {
        fail("--trace and --pcap exclude each other; run twice");
    }
}

void
options_destroy(struct options *options)
{
    svec_destroy(&options->workloads);
    svec_destroy(&options->policies);
    svec_destroy(&options->alphas);
    svec_destroy(&options->keys);
    svec_destroy(&options->tables);
}
