/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_MEMORY_H
#define HWV_MEMORY_H 1

/* Memory of tables
 * ================
 *
 * What the data path reads at random places: of huge pages where it is large
 * and the kernel has some (Documentation/admin-guide/mm/transhuge.rst in
 * Linux), so that the processor finds the pages' addresses in its TLB. */

#include <stddef.h>

/* Returns 'size' bytes of zeros that begin with a cache line, for the caller
 * to free with hwv_memory_free(). */
void *hwv_memory_alloc(size_t size);
void hwv_memory_free(void *memory);

#endif /* hwv-memory.h */
