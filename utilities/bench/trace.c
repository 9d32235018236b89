/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* A new line of "what", below the others in the help. */
#define INDENT "\n                   "

const struct trace_workload trace_workloads[] = {
    { "stationary",
      "popularity stays as it is" },
    { "drift",
      "each 200,000 requests the least popular keys, half as" INDENT
      "many as the table has entries, become the most popular" INDENT
      "ones, and all others move down" },
    { "drift-next",
      "the other way round: the most popular keys become the" INDENT
      "least popular ones, and all others move up" },
    { "scan",
      "each 200,000 requests begin with a scan: of 4 * table" INDENT
      "requests every other one is for a key that is new" },
    { "elephants",
      "for 50,000 of each 100,000 requests half of them are for" INDENT
      "table / 4 keys that are equally popular; two such sets" INDENT
      "take turns" },
    { "vf-scan",
      "8 VFs with keys of their own, and one that scans: each of" INDENT
      "its requests is for a new key, and it has ten times the" INDENT
      "requests of each of the others.  \"hit\" is that of the" INDENT
      "others, and \"vf-alone\" the same without the scan" },
    { "vf-retry",
      "the same, but the scan sends to each key twice: to 1,000" INDENT
      "keys, then to these again" },
    { NULL, NULL },
};

/* xorshift64*: S. Vigna, "An experimental exploration of Marsaglia's xorshift
 * generators, scrambled", ACM Transactions on Mathematical Software 42(4),
 * 2016. */
struct rng {
    uint64_t state;
};

/* Ranks that come with the probabilities of Zipf's law, in constant time: A.
 * Walker, "An Efficient Method for Generating Discrete Random Variables with
 * General Distributions", ACM Transactions on Mathematical Software 3(3),
 * 1977. */
struct zipf {
    uint32_t n;
    double *keep;               /* Probability to keep the rank drawn, */
    uint32_t *alias;            /* or to take this one instead. */
};

static void
rng_init(struct rng *rng, uint64_t seed)
{
    rng->state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    rng->state = rng->state ? rng->state : 1;
}

static uint64_t
rng_next(struct rng *rng)
{
    rng->state ^= rng->state >> 12;
    rng->state ^= rng->state << 25;
    rng->state ^= rng->state >> 27;
    return rng->state * UINT64_C(0x2545f4914f6cdd1d);
}

static uint32_t
rng_range(struct rng *rng, uint32_t n)
{
    return (rng_next(rng) >> 32) * n >> 32;
}

static void
zipf_init(struct zipf *zipf, uint32_t n, double alpha)
{
    uint32_t *poor = xmalloc(n * sizeof *poor);
    uint32_t *rich = xmalloc(n * sizeof *rich);
    uint32_t n_poor = 0, n_rich = 0;
    double sum = 0;

    zipf->n = n;
    zipf->keep = xmalloc(n * sizeof *zipf->keep);
    zipf->alias = xmalloc(n * sizeof *zipf->alias);
    for (uint32_t i = 0; i < n; i++) {
        zipf->keep[i] = pow(i + 1.0, -alpha);
        sum += zipf->keep[i];
        zipf->alias[i] = i;
    }
    for (uint32_t i = 0; i < n; i++) {
        zipf->keep[i] *= n / sum;
        if (zipf->keep[i] < 1) {
            poor[n_poor++] = i;
        } else {
            rich[n_rich++] = i;
        }
    }
    while (n_poor && n_rich) {
        uint32_t p = poor[--n_poor];
        uint32_t r = rich[n_rich - 1];

        zipf->alias[p] = r;
        zipf->keep[r] -= 1 - zipf->keep[p];
        if (zipf->keep[r] < 1) {
            n_rich--;
            poor[n_poor++] = r;
        }
    }
    free(poor);
    free(rich);
}

static void
zipf_destroy(struct zipf *zipf)
{
    free(zipf->keep);
    free(zipf->alias);
}

static uint32_t
zipf_rank(const struct zipf *zipf, struct rng *rng)
{
    uint32_t rank = rng_range(rng, zipf->n);

    return ldexp(rng_next(rng) >> 11, -53) < zipf->keep[rank]
           ? rank : zipf->alias[rank];
}

static uint32_t
drift_key(const struct trace_spec *spec, size_t i, uint32_t rank, bool next)
{
    uint64_t step = MAX(spec->table / 2, 1);
    uint32_t shift = i / TRACE_PERIOD * step % spec->n_keys;

    return ((uint64_t) rank + (next ? shift : spec->n_keys - shift))
           % spec->n_keys;
}

/* Keys from 'n_keys' on are those that scan, or elephants. */
static bool
has_scanner(const char *workload)
{
    return !strncmp(workload, "vf-", 3);
}

static uint32_t
make_request(const struct trace_spec *spec, size_t i, uint32_t rank,
             struct rng *rng, uint32_t *n_more)
{
    const char *workload = spec->workload;

    if (!strcmp(workload, "drift")) {
        return drift_key(spec, i, rank, false);
    } else if (!strcmp(workload, "drift-next")) {
        return drift_key(spec, i, rank, true);
    } else if (!strcmp(workload, "scan")) {
        if (i % TRACE_PERIOD < (uint64_t) 4 * spec->table && i % 2) {
            return spec->n_keys + (*n_more)++;
        }
    } else if (!strcmp(workload, "elephants")) {
        uint32_t set = MIN(MAX(spec->table / 4, 1), spec->n_keys / 2);

        if (i / 50000 % 2 && rng_next(rng) >> 63) {
            *n_more = 2 * set;
            return spec->n_keys + i / 100000 % 2 * set + rng_range(rng, set);
        }
    } else if (has_scanner(workload)
               && rng_range(rng, TRACE_VFS + 10) >= TRACE_VFS) {
        uint32_t n = (*n_more)++;

        return spec->n_keys + (!strcmp(workload, "vf-scan")
                               ? n : n / 2000 * 1000 + n % 1000);
    }
    return rank;
}

struct trace *
trace_make(const struct trace_spec *spec)
{
    bool vfs = has_scanner(spec->workload);
    struct trace *trace = xzalloc(sizeof *trace);
    uint32_t n_more = 0;
    struct zipf zipf;
    struct rng rng;

    trace->n = spec->n;
    trace->requests = xmalloc(trace->n * sizeof *trace->requests);
    trace->scanner = vfs ? TRACE_VFS : -1;

    rng_init(&rng, spec->seed);
    zipf_init(&zipf, spec->n_keys, spec->alpha);
    for (size_t i = 0; i < trace->n; i++) {
        trace->requests[i] = make_request(spec, i, zipf_rank(&zipf, &rng),
                                          &rng, &n_more);
    }
    zipf_destroy(&zipf);

    trace->n_keys = spec->n_keys + n_more;
    if (vfs) {
        trace->groups = xmalloc(trace->n_keys);
        for (uint32_t i = 0; i < trace->n_keys; i++) {
            trace->groups[i] = i < spec->n_keys ? i % TRACE_VFS : TRACE_VFS;
        }
    }
    return trace;
}

struct trace *
trace_without_scanner(const struct trace *base)
{
    struct trace *trace = xmemdup(base, sizeof *base);

    trace->groups = xmemdup(base->groups, base->n_keys);
    trace->requests = xmalloc(base->n * sizeof *base->requests);
    trace->n = 0;
    for (size_t i = 0; i < base->n; i++) {
        if (base->groups[base->requests[i]] != base->scanner) {
            trace->requests[trace->n++] = base->requests[i];
        }
    }
    return trace;
}

void
trace_free(struct trace *trace)
{
    if (trace) {
        free(trace->requests);
        free(trace->groups);
        free(trace);
    }
}
