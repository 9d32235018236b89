/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-bind.h"

#include "hwv-residency.h"
#include "util.h"

static struct hwv_entry *entry_find(const struct hwv_nic *,
                                    const struct hwv_key *)
    OVS_REQUIRES(hwv_control_mutex);
static void entry_refresh(struct hwv_entry *)
    OVS_REQUIRES(hwv_control_mutex);

void
hwv_entry_claim(struct hwv_flow *flow, const struct hwv_key *key,
                const struct hwv_flow_value *value)
{
    struct hwv_claim *claim = &flow->claims[flow->n_claims];
    struct hwv_nic *nic = flow->nic;
    struct hwv_entry *entry = entry_find(nic, key);

    ovs_assert(flow->n_claims < HWV_MAX_CLAIMS);
    if (!entry) {
        entry = xzalloc(sizeof *entry);
        entry->nic = nic;
        entry->key = *key;
        ovs_list_init(&entry->claims);
        hmap_insert(&nic->entries, &entry->node, hwv_key_hash(key));
    }
    claim->entry = entry;
    claim->flow = flow;
    claim->value = *value;
    ovs_list_push_back(&entry->claims, &claim->node);
    flow->n_claims++;

    entry_refresh(entry);
}

void
hwv_entry_disclaim(struct hwv_flow *flow)
{
    while (flow->n_claims) {
        struct hwv_claim *claim = &flow->claims[--flow->n_claims];

        ovs_list_remove(&claim->node);
        entry_refresh(claim->entry);
    }
}

void
hwv_entry_moved(const struct hwv_entry *entry)
{
    const struct hwv_claim *claim;

    LIST_FOR_EACH (claim, node, &entry->claims) {
        hwv_flow_update_reject(claim->flow);
    }
}

static struct hwv_entry *
entry_find(const struct hwv_nic *nic, const struct hwv_key *key)
{
    struct hwv_entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, node, hwv_key_hash(key), &nic->entries) {
        if (hwv_key_equal(&entry->key, key)) {
            return entry;
        }
    }
    return NULL;
}

/* Do all claims of 'entry' say the same? */
static bool
entry_agrees(const struct hwv_entry *entry)
    OVS_REQUIRES(hwv_control_mutex)
{
    const struct hwv_claim *first = hwv_entry_first_claim(entry);
    const struct hwv_claim *claim;

    LIST_FOR_EACH (claim, node, &entry->claims) {
        if (!hwv_flow_value_equal(&claim->value, &first->value)
            || claim->flow->tunnel_use != first->flow->tunnel_use) {
            return false;
        }
    }
    return true;
}

/* Brings the NIC in line with the claims of 'entry', which is freed if there
 * are none. */
static void
entry_refresh(struct hwv_entry *entry)
{
    bool was_resident = entry->resident;
    bool was_wanted = entry->wanted;

    if (!ovs_list_is_empty(&entry->claims) && entry_agrees(entry)) {
        hwv_residency_update(entry);
    } else {
        hwv_residency_remove(entry);
    }

    if (entry->resident != was_resident || entry->wanted != was_wanted) {
        hwv_entry_moved(entry);
    }
    if (ovs_list_is_empty(&entry->claims)) {
        hmap_remove(&entry->nic->entries, &entry->node);
        free(entry);
    }
}
