/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fuzz.h"

#include "hwv-random-world.h"
#include "random.h"
#include "util.h"

enum { N_WORLDS = 16, N_CHANGES = 300 };

/* Made at the first call, because the inputs must find the same. */
struct world *
hwv_fuzz_world(struct hwv_fuzz *input)
{
    static struct world *worlds;

    if (!worlds) {
        worlds = xcalloc(N_WORLDS, sizeof *worlds);
        for (size_t i = 0; i < N_WORLDS; i++) {
            random_set_seed(i + 1);
            world_init(&worlds[i]);
            for (int n = 0; n < N_CHANGES; n++) {
                world_change(&worlds[i]);
            }
        }
    }
    return &worlds[hwv_fuzz_u8(input) % N_WORLDS];
}
