/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb-settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "hwv-fdb.h"
#include "hwv-fdb-instance.h"
#include "hwv-number.h"
#include "openvswitch/vlog.h"
#include "smap.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hwv_fdb_settings);

static struct setting {
    const char *key;
    size_t offset;              /* Of a uint32_t in the FDB's settings. */
    unsigned int max;
    char *wrong;                /* Value that was logged, or NULL. */
} settings[] = {
#define SETTING(KEY, MEMBER, MAX)                                           \
    { .key = "hwvxlan-mac-" KEY, .max = MAX,                                \
      .offset = offsetof(struct hwv_fdb_settings, MEMBER) }
    SETTING("aging-time", aging_time, HWV_FDB_MAX_AGING_TIME),
    SETTING("limit", max_learned, HWV_FDB_MAX_LEARNED),
    SETTING("limit-vtag", max_per_vtag, HWV_FDB_MAX_LEARNED),
    SETTING("limit-vtep", max_per_vtep, HWV_FDB_MAX_LEARNED),
    SETTING("limit-port", max_per_port, HWV_FDB_MAX_LEARNED),
};

void
hwv_fdb_settings_apply(const struct smap *other_config)
{
    struct hwv_fdb *fdb = hwv_fdb_instance();
    const struct hwv_fdb_settings *old = hwv_fdb_settings(fdb);
    struct hwv_fdb_settings new = HWV_FDB_SETTINGS_DEFAULT;

    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        struct setting *setting = &settings[i];
        const char *s = smap_get(other_config, setting->key);
        unsigned int *value = ALIGNED_CAST(unsigned int *,
                                           (char *) &new
                                           + setting->offset);

        if (!s || hwv_number_parse(s, 0, setting->max, value)) {
            free(setting->wrong);
            setting->wrong = NULL;
            continue;
        }
        memcpy(value, (const char *) old + setting->offset, sizeof *value);
        if (!setting->wrong || strcmp(setting->wrong, s)) {
            free(setting->wrong);
            setting->wrong = xstrdup(s);
            VLOG_WARN("other_config:%s=%s: use a number from 0 to %u; it "
                      "stays %u", setting->key, s, setting->max, *value);
        }
    }
    if (memcmp(&new, old, sizeof new)) {
        hwv_fdb_set_settings(fdb, &new);
    }
}
