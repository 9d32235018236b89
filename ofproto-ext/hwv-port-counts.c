/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-port-counts.h"

#include <stdlib.h>

#include "flow.h"
#include "hash.h"
#include "util.h"
#include "uuid.h"

struct port_count {
    struct hmap_node node;
    struct hwv_port_key key;
    unsigned int n;             /* Not 0. */
};

static uint32_t
key_hash(const struct hwv_port_key *key)
{
    return hash_int(ofp_to_u16(key->port), uuid_hash(&key->bridge));
}

static struct port_count *
find(const struct hwv_port_counts *counts, const struct hwv_port_key *key)
{
    struct port_count *count;

    HMAP_FOR_EACH_WITH_HASH (count, node, key_hash(key), &counts->counts) {
        if (count->key.port == key->port
            && uuid_equals(&count->key.bridge, &key->bridge)) {
            return count;
        }
    }
    return NULL;
}

void
hwv_port_counts_init(struct hwv_port_counts *counts)
{
    hmap_init(&counts->counts);
}

void
hwv_port_counts_destroy(struct hwv_port_counts *counts)
{
    hwv_port_counts_clear(counts);
    hmap_destroy(&counts->counts);
}

void
hwv_port_counts_clear(struct hwv_port_counts *counts)
{
    struct port_count *count;

    HMAP_FOR_EACH_POP (count, node, &counts->counts) {
        free(count);
    }
}

unsigned int
hwv_port_counts_get(const struct hwv_port_counts *counts,
                    const struct hwv_port_key *key)
{
    const struct port_count *count = find(counts, key);

    return count ? count->n : 0;
}

void
hwv_port_counts_inc(struct hwv_port_counts *counts,
                    const struct hwv_port_key *key)
{
    struct port_count *count = find(counts, key);

    if (!count) {
        count = xzalloc(sizeof *count);
        count->key = *key;
        hmap_insert(&counts->counts, &count->node, key_hash(key));
    }
    count->n++;
}

void
hwv_port_counts_dec(struct hwv_port_counts *counts,
                    const struct hwv_port_key *key)
{
    struct port_count *count = find(counts, key);

    if (!--count->n) {
        hmap_remove(&counts->counts, &count->node);
        free(count);
    }
}
