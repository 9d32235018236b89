/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_BENCH_OPTIONS_H
#define HWV_BENCH_OPTIONS_H 1

#include <stdbool.h>
#include <stdint.h>

#include "svec.h"

/* What "hwvxlan-bench cache" was asked to do. */
struct options {
    struct svec workloads, policies;    /* Names that exist. */
    struct svec alphas, keys, tables;   /* As written; numbers in range. */
    uint64_t requests;
    uint64_t collect;           /* Requests between two collections. */
    uint64_t seed;
    const char *trace, *pcap;   /* File to take requests from, or NULL. */
    const char *json, *plot;    /* File to write, or NULL. */
};

/* Limits of what 'keys', 'alphas' and 'tables' may be. */
#define KEYS_MAX 100000000
#define ALPHA_MAX 10.0

/* Parses the command line into '*options'.  Ends the program for "--help" and
 * for whatever is wrong. */
void options_parse(int argc, char *argv[], struct options *options);
void options_destroy(struct options *options);

/* Says what is wrong, and ends the program. */
#define fail(...) ovs_fatal(0, __VA_ARGS__)

#endif /* options.h */
