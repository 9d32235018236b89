/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-memory.h"

#include <string.h>
#include <sys/mman.h>

#include "util.h"

#define HUGE_PAGE ((size_t) 2 * 1024 * 1024)

void *
hwv_memory_alloc(size_t size)
{
    void *memory;

    if (size < HUGE_PAGE) {
        memory = xmalloc_size_align(size, CACHE_LINE_SIZE);
    } else {
        memory = xmalloc_size_align(size, HUGE_PAGE);

        /* A wish, for all but the rest: it works as well, and slower, with
         * small pages. */
        madvise(memory, ROUND_DOWN(size, HUGE_PAGE), MADV_HUGEPAGE);
    }
    return memset(memory, 0, size);
}

void
hwv_memory_free(void *memory)
{
    free_size_align(memory);
}
