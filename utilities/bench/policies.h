/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_BENCH_POLICIES_H
#define HWV_BENCH_POLICIES_H 1

/* What "hwvxlan-bench cache" compares: the product's replacement policies, in
 * the product's own code, and others beside them that exist only here. */

#include <stdbool.h>
#include <stdint.h>

#include "trace.h"

struct sim;                     /* State of a policy: each has its own. */

struct sim_policy {
    const char *name;
    const char *what;
    struct sim *(*create)(const struct sim_policy *, const struct trace *,
                          uint32_t table);
    void (*destroy)(struct sim *);

    /* Serves request 'i' of the trace.  Returns true if its key is in the
     * table.  Otherwise, adds to '*inserts' the keys that are inserted. */
    bool (*request)(struct sim *, size_t i, uint64_t *inserts);
};

/* Ends with a name of NULL. */
extern const struct sim_policy sim_policies[];

/* hwv.c: the product's. */
struct sim *hwv_create(const struct sim_policy *, const struct trace *,
                       uint32_t table);
void hwv_destroy(struct sim *);
bool hwv_request(struct sim *, size_t i, uint64_t *inserts);

/* Of those created from now on misses are collected after each 'n' > 0
 * requests: for 1 they are told as they come. */
void hwv_set_interval(size_t n);

/* peers.c */
struct sim *lru_create(const struct sim_policy *, const struct trace *,
                       uint32_t table);
void lru_destroy(struct sim *);
bool lru_request(struct sim *, size_t i, uint64_t *inserts);
struct sim *ranked_create(const struct sim_policy *, const struct trace *,
                          uint32_t table);
void ranked_destroy(struct sim *);
bool lfu_request(struct sim *, size_t i, uint64_t *inserts);
bool belady_request(struct sim *, size_t i, uint64_t *inserts);

/* tinylfu.c */
struct sim *tinylfu_create(const struct sim_policy *, const struct trace *,
                           uint32_t table);
void tinylfu_destroy(struct sim *);
bool tinylfu_request(struct sim *, size_t i, uint64_t *inserts);

#endif /* policies.h */
