/* SPDX-License-Identifier: Apache-2.0 */

/* The FDB refuses to learn an address if a place has too many or is none (a
 * tunnel packet from what is no host's address), and to move one that has
 * moved too often.  Packets with such an address would come up to userspace
 * one by one, for nothing.  So the place, or the address, is muted: for some
 * time, its packets go on without.
 *
 * An address that shows up at a place that is full is forgotten.  It stays
 * muted when it is learned anew: else somebody there who pretends to have it
 * could have it forgotten again and again. */

#include <config.h>
#include "hwv-segments-private.h"

#include <errno.h>

#include "hash.h"
#include "hwv-fdb.h"
#include "hwv-fdb-instance.h"
#include "hwv-packet-in.h"
#include "hwv-rule-store.h"
#include "ofproto/ofproto-dpif.h"
#include "openvswitch/poll-loop.h"
#include "packets.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"

#define MUTE_TIME 5000          /* msec. */

struct mute {
    struct ovs_list node;       /* In 'mutes', the oldest first. */
    struct hmap_node hash_node; /* In 'mutes_by_key'. */
    long long int until;        /* In msec. */
    struct mute_key {
        struct hwv_vtag vtag;
        ofp_port_t in_port;     /* 0 if 'mac' is what is muted. */
        struct eth_addr mac;
        struct in6_addr tun_src;
    } key;
};

static struct ovs_list mutes = OVS_LIST_INITIALIZER(&mutes);
static struct hmap mutes_by_key = HMAP_INITIALIZER(&mutes_by_key);

static void mute(struct hwv_segment *, const struct hwv_learn *);
static void start(struct hwv_segment *, const struct mute_key *);
static void stop(struct hwv_segment *, const struct mute_key *);
static struct mute *find(const struct mute_key *);
static void compose(struct hwv_rule *, const struct mute_key *);
static void free_mute(struct mute *);

static uint32_t
key_hash(const struct mute_key *key)
{
    return hash_bytes(key, sizeof *key, 0);
}

void
hwv_segment_learn(const struct hwv_learn *learn, void *aux OVS_UNUSED)
{
    struct hwv_vtag vtag = hwv_segment_reg_vtag(learn->vtag_reg);
    struct hwv_segment *segment = hwv_segment_find(&vtag);
    struct hwv_fdb_dst dst;
    int error;

    /* The segment may have gone, or moved, in the meantime. */
    if (!segment
        || !uuid_equals(&segment->bridge->ofproto->uuid, &learn->bridge)) {
        return;
    }
    if (ipv6_addr_is_set(&learn->tun_src)) {
        dst = hwv_fdb_dst_vtep(&learn->tun_src);
    } else {
        dst = hwv_fdb_dst_port(learn->in_port);
    }
    if (!hwv_segment_can_have(segment, &dst)) {
        return;
    }
    error = hwv_fdb_add(hwv_fdb_instance(), &vtag, learn->mac, &dst,
                        HWV_FDB_LEARNED);
    if (error == EINVAL || error == ENOSPC || error == EAGAIN) {
        mute(segment, learn);
    }
}

void
hwv_segment_learn_run(void)
{
    long long int now = time_msec();
    struct mute *m;

    LIST_FOR_EACH_SAFE (m, node, &mutes) {
        struct hwv_segment *segment = hwv_segment_find(&m->key.vtag);

        if (m->until > now) {
            break;
        }
        if (segment) {
            stop(segment, &m->key);
        }
        free_mute(m);
    }
}

void
hwv_segment_learn_wait(void)
{
    if (!ovs_list_is_empty(&mutes)) {
        const struct mute *m = CONTAINER_OF(ovs_list_front(&mutes),
                                            struct mute, node);

        poll_timer_wait_until(m->until);
    }
}

void
hwv_segment_learn_forget(struct hwv_segment *segment)
{
    struct mute *m;

    LIST_FOR_EACH_SAFE (m, node, &mutes) {
        if (hwv_vtag_equal(&m->key.vtag, &segment->vtag)) {
            stop(segment, &m->key);
            free_mute(m);
        }
    }
}

bool
hwv_segment_learn_muted(const struct hwv_segment *segment, struct eth_addr mac)
{
    struct mute_key key;

    memset(&key, 0, sizeof key);
    key.vtag = segment->vtag;
    key.mac = mac;
    return find(&key) != NULL;
}

/* Mutes an address that is known to be elsewhere, or the place of one that is
 * not. */
static void
mute(struct hwv_segment *segment, const struct hwv_learn *learn)
{
    struct mute_key key;
    struct mute *m;

    memset(&key, 0, sizeof key);
    key.vtag = segment->vtag;
    if (hwv_segment_mac_find(segment, learn->mac)) {
        key.mac = learn->mac;
    } else {
        key.in_port = learn->in_port;
        key.tun_src = learn->tun_src;
    }
    if (find(&key)) {
        return;
    }

    m = xmalloc(sizeof *m);
    m->until = time_msec() + MUTE_TIME;
    memcpy(&m->key, &key, sizeof key);
    ovs_list_push_back(&mutes, &m->node);
    hmap_insert(&mutes_by_key, &m->hash_node, key_hash(&key));
    start(segment, &key);
}

static struct mute *
find(const struct mute_key *key)
{
    struct mute *m;

    HMAP_FOR_EACH_WITH_HASH (m, hash_node, key_hash(key), &mutes_by_key) {
        if (!memcmp(&m->key, key, sizeof *key)) {
            return m;
        }
    }
    return NULL;
}

static void
start(struct hwv_segment *segment, const struct mute_key *key)
{
    struct hwv_rule rule;

    if (!key->in_port) {
        hwv_segment_mute_mac(segment, key->mac, true);
        return;
    }
    compose(&rule, key);
    hwv_rule_install(segment->bridge->ofproto, &rule);
    hwv_rule_destroy(&rule);
}

static void
stop(struct hwv_segment *segment, const struct mute_key *key)
{
    struct hwv_rule rule;

    if (!key->in_port) {
        hwv_segment_mute_mac(segment, key->mac, false);
        return;
    }
    compose(&rule, key);
    hwv_rule_remove(segment->bridge->ofproto, &rule);
    hwv_rule_destroy(&rule);
}

static void
compose(struct hwv_rule *rule, const struct mute_key *key)
{
    hwv_rule_source_muted(rule, &key->vtag, key->in_port, &key->tun_src);
}

static void
free_mute(struct mute *m)
{
    ovs_list_remove(&m->node);
    hmap_remove(&mutes_by_key, &m->hash_node);
    free(m);
}
