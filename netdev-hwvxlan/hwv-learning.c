/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-learning.h"

#include "ovs-atomic.h"

static atomic_count n_against = ATOMIC_COUNT_INIT(0);

void
hwv_learning_vote(bool *against, bool is_against)
{
    if (!*against && is_against) {
        atomic_count_inc(&n_against);
    } else if (*against && !is_against) {
        atomic_count_dec(&n_against);
    }
    *against = is_against;
}

bool
hwv_learning_allowed(void)
{
    return !atomic_count_get(&n_against);
}
