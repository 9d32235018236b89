/* SPDX-License-Identifier: Apache-2.0 */

/* Match compiler.
 *
 * What is accepted must match, of packets around the flow, exactly those that
 * the flow matches as OVS looks at it.
 *
 * Input: a typical flow, a seed, then what is changed of it, see edit(); the
 * typical flow may be replaced by Netlink attributes. */

#include <config.h>
#undef NDEBUG

#include <stdlib.h>
#include <string.h>

#include "hwv-agreement.h"
#include "hwv-fuzz.h"
#include "hwv-odp-string.h"
#include "hwv-samples.h"
#include "hwv-test-frames.h"
#include "netlink.h"
#include "odp-netlink.h"
#include "odp-util.h"
#include "openvswitch/ofpbuf.h"
#include "util.h"

enum { N_SAMPLES = 24 };

/* The first byte of the input: this, or the index of a typical flow. */
enum { OWN_NETLINK = 0x80, SCRAMBLE = 0x40 };

/* A flow in Netlink. */
struct netlink {
    struct ofpbuf key, mask;
};

static void
netlink_uninit(struct netlink *netlink)
{
    ofpbuf_uninit(&netlink->key);
    ofpbuf_uninit(&netlink->mask);
}

/* Reads attributes for 'netlink': types, up to a zero, each with the bytes of
 * the key and of the mask.  They have the lengths that OVS asks for. */
static void
read_attributes(struct hwv_fuzz *input, struct netlink *netlink)
{
    uint8_t type;

    ofpbuf_init(&netlink->key, 0);
    ofpbuf_init(&netlink->mask, 0);
    while ((type = hwv_fuzz_u8(input) % (OVS_KEY_ATTR_MAX + 1))) {
        int n = ovs_flow_key_attr_lens[type].len;

        if (n > 0) {
            uint8_t *key = nl_msg_put_unspec_zero(&netlink->key, type, n);
            uint8_t *mask = nl_msg_put_unspec_zero(&netlink->mask, type, n);

            for (int i = 0; i < n; i++) {
                key[i] = hwv_fuzz_u8(input);
                mask[i] = hwv_fuzz_u8(input);
            }
        }
    }
}

static void
get_netlink(struct hwv_fuzz *input, const char *typical, bool own,
            struct netlink *netlink)
{
    if (own) {
        read_attributes(input, netlink);
    } else {
        hwv_netlink_from_string(typical, &netlink->key, &netlink->mask);
    }
}

/* Stores into '*byte', if 'offset' is not too large, that byte of the values
 * of the 'len' bytes of attributes at 'attrs'.  Returns the number of bytes
 * that there are.  (OVS does not expect wrong lengths of nested attributes, as
 * they all come from itself.) */
static size_t
find_value(const struct nlattr *attrs, size_t len, size_t offset, bool nested,
           uint8_t **byte)
{
    const struct nlattr *a;
    size_t n = 0, left;

    NL_ATTR_FOR_EACH (a, left, attrs, len) {
        size_t size = nl_attr_get_size(a);
        uint8_t *value = CONST_CAST(uint8_t *, nl_attr_get(a));

        if (!nested && (nl_attr_type(a) == OVS_KEY_ATTR_TUNNEL
                        || nl_attr_type(a) == OVS_KEY_ATTR_ENCAP)) {
            n += find_value(nl_attr_get(a), size, offset - n, true, byte);
        } else {
            if (offset >= n && offset - n < size) {
                *byte = value + (offset - n);
            }
            n += size;
        }
    }
    return n;
}

/* Where an edit is. */
enum {
    OUTER = 1,                  /* In the tnl_pop flow. */
    MASK = 2,                   /* In the mask. */
    FLIP = 4,                   /* The value is bits to flip. */
};

/* Changes one byte of 'netlinks' or, later, of 'flows': where, offset, new
 * value. */
static void
edit(struct hwv_fuzz *input, const struct netlink netlinks[2],
     struct hwv_flows *flows, bool later)
{
    uint8_t where = hwv_fuzz_u8(input);
    size_t offset = hwv_fuzz_u16(input);
    uint8_t value = hwv_fuzz_u8(input);
    uint8_t *byte = NULL;

    if (later) {
        struct match *match = where & OUTER ? &flows->outer : &flows->match;
        struct flow *flow = where & MASK ? &match->wc.masks : &match->flow;

        byte = (uint8_t *) flow + offset % sizeof *flow;
    } else {
        const struct netlink *netlink = &netlinks[where & OUTER];
        const struct ofpbuf *buf = (where & MASK
                                    ? &netlink->mask : &netlink->key);

        find_value(buf->data, buf->size, offset, false, &byte);
    }
    if (byte) {
        *byte = where & FLIP ? *byte ^ value : value;
    }
}

/* Edits 'netlinks', as often as the input says first, and then 'flows', which
 * are made of them.  Returns false if OVS does not take them. */
static bool
make_flows(struct hwv_fuzz *input, const struct netlink netlinks[2],
           struct hwv_flows *flows)
{
    uint8_t n_edits = hwv_fuzz_u8(input) % 32;
    char *error = NULL;
    bool ok;

    for (uint8_t i = 0; i < n_edits; i++) {
        edit(input, netlinks, flows, false);
    }
    ok = (hwv_match_from_netlink(&netlinks[0].key, &netlinks[0].mask,
                                 &flows->match, &error)
          && (!flows->rx
              || hwv_match_from_netlink(&netlinks[1].key, &netlinks[1].mask,
                                        &flows->outer, &error)));
    free(error);
    while (ok && input->left) {
        edit(input, netlinks, flows, true);
    }
    return ok;
}

/* Compares on packets around 'around'. */
static void
check_samples(const struct hwv_flows *flows, const struct hwv_compiled *entry,
              const struct hwv_flows *around)
{
    struct hwv_sample sample;

    for (int i = 0; i < N_SAMPLES; i++) {
        if (hwv_random_sample(around, &sample)) {
            hwv_check_agreement(flows, entry, &sample);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hwv_fuzz input = { .data = data, .left = size };
    uint8_t how = hwv_fuzz_u8(&input);
    size_t n = (how & 0x3f) % HWV_N_TYPICAL;
    const struct hwv_typical *typical = &hwv_typical[n];
    struct hwv_flows base = {
        .rx = typical->outer != NULL,
        .vlan = n >= HWV_FIRST_VLAN,
    };
    struct hwv_flows flows = base;
    struct netlink netlinks[2];
    struct hwv_compiled entry;

    hwv_fuzz_seed(&input);
    hwv_match_from_string(typical->match, &base.match);
    get_netlink(&input, typical->match, how & OWN_NETLINK, &netlinks[0]);
    if (flows.rx) {
        hwv_match_from_string(typical->outer, &base.outer);
    }
    get_netlink(&input, flows.rx ? typical->outer : typical->match,
                how & OWN_NETLINK && flows.rx, &netlinks[1]);

    if (make_flows(&input, netlinks, &flows)) {
        if (how & SCRAMBLE) {
            hwv_scramble(&flows.match);
            hwv_scramble(&flows.outer);
        }
        if (!hwv_compile(&flows, &entry)) {
            check_samples(&flows, &entry, &base);
            check_samples(&flows, &entry, &flows);
        }
    }
    netlink_uninit(&netlinks[0]);
    netlink_uninit(&netlinks[1]);
    return 0;
}
