/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>

#include "hwv-reject.h"

#include "util.h"

static const char *const names[HWV_N_REJECTS] = {
    [HWV_ACCEPT] = "",
#define HWV_REJECT(ENUM, NAME, TEXT) [HWV_REJECT_##ENUM] = NAME,
    HWV_REJECTS
#undef HWV_REJECT
};

static const char *const texts[HWV_N_REJECTS] = {
    [HWV_ACCEPT] = "",
#define HWV_REJECT(ENUM, NAME, TEXT) [HWV_REJECT_##ENUM] = TEXT,
    HWV_REJECTS
#undef HWV_REJECT
};

const char *
hwv_reject_name(enum hwv_reject reject)
{
    ovs_assert(reject < HWV_N_REJECTS);
    return names[reject];
}

const char *
hwv_reject_text(enum hwv_reject reject)
{
    ovs_assert(reject < HWV_N_REJECTS);
    return texts[reject];
}
