/* SPDX-License-Identifier: Apache-2.0 */

/* A DPDK plugin for a test: memory pools that are empty as long as there is a
 * file, $HWV_SHORT_POOL.
 *
 * The pools are DPDK's rings otherwise.  EAL loads this with "-d FILE" and
 * takes it for all packet buffers with "--mbuf-pool-ops-name=hwv-short". */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_mempool.h>

/* DPDK's own, which may be registered after ours. */
static const struct rte_mempool_ops *
ring(void)
{
    for (uint32_t i = 0; i < rte_mempool_ops_table.num_ops; i++) {
        const struct rte_mempool_ops *ops = &rte_mempool_ops_table.ops[i];

        if (!strcmp(ops->name, "ring_mp_mc")) {
            return ops;
        }
    }
    abort();
}

/* The threads' caches have no room, so each buffer that is taken is asked for
 * here. */
static int
short_alloc(struct rte_mempool *pool)
{
    for (int i = 0; pool->local_cache && i < RTE_MAX_LCORE; i++) {
        pool->local_cache[i].size = 0;
        pool->local_cache[i].flushthresh = 0;
    }
    return ring()->alloc(pool);
}

static void
short_free(struct rte_mempool *pool)
{
    ring()->free(pool);
}

static int
short_enqueue(struct rte_mempool *pool, void *const *objects, unsigned int n)
{
    return ring()->enqueue(pool, objects, n);
}

static int
short_dequeue(struct rte_mempool *pool, void **objects, unsigned int n)
{
    const char *file = getenv("HWV_SHORT_POOL");

    if (file && !access(file, F_OK)) {
        return -ENOBUFS;
    }
    return ring()->dequeue(pool, objects, n);
}

static unsigned int
short_get_count(const struct rte_mempool *pool)
{
    return ring()->get_count(pool);
}

static const struct rte_mempool_ops short_ops = {
    .name = "hwv-short",
    .alloc = short_alloc,
    .free = short_free,
    .enqueue = short_enqueue,
    .dequeue = short_dequeue,
    .get_count = short_get_count,
};

RTE_MEMPOOL_REGISTER_OPS(short_ops);
