/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_BENCH_TRACE_H
#define HWV_BENCH_TRACE_H 1

/* Traces for "hwvxlan-bench cache": sequences of requests, each of which asks
 * for a key.  Keys are numbered from 0. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Requests between two changes of a workload that changes. */
#define TRACE_PERIOD 200000

/* VFs of the workloads "vf-scan" and "vf-retry", beside the one that scans. */
#define TRACE_VFS 8

struct trace {
    uint32_t *requests;         /* Keys. */
    size_t n;
    uint32_t n_keys;
    uint8_t *groups;            /* By key, or NULL if there is one group. */
    int scanner;                /* The group whose requests are not in the
                                 * results, or -1. */
};

/* A trace to be made. */
struct trace_spec {
    const char *workload;
    double alpha;               /* Of the Zipf distribution. */
    uint32_t n_keys;
    uint32_t table;             /* Entries. */
    size_t n;                   /* Requests. */
    uint64_t seed;
};

struct trace_workload {
    const char *name;
    const char *what;
};

/* Ends with a name of NULL. */
extern const struct trace_workload trace_workloads[];

/* The same 'spec' always makes the same trace. */
struct trace *trace_make(const struct trace_spec *spec);

/* Returns the trace 'base', of one of these, without what the scanner
 * sends. */
struct trace *trace_without_scanner(const struct trace *base);

/* Read a trace from a file: one key in each line, of any characters, or a
 * pcap file, in which (destination MAC, source MAC) of a frame is the key.
 * Return NULL, and an error message in '*errorp', if that fails. */
struct trace *trace_read(const char *name, char **errorp);
struct trace *trace_read_pcap(const char *name, char **errorp);

void trace_free(struct trace *);

#endif /* trace.h */
