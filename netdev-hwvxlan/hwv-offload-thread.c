/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-offload-thread.h"

#include <string.h>

#include "util.h"

#define THREAD_NAME "hw_offload"        /* Its number follows. */
#define MAX_SLEEP_NS 1000000

uint64_t
hwv_offload_thread_limit_sleep(uint64_t nanoseconds)
{
    return (nanoseconds > MAX_SLEEP_NS
            && !strncmp(get_subprogram_name(), THREAD_NAME,
                        strlen(THREAD_NAME))
            ? MAX_SLEEP_NS : nanoseconds);
}
