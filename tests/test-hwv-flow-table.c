/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the flow table, against a list that is searched in full. */

#include <config.h>
#undef NDEBUG
#include "hwv-flow-table.h"

#include <errno.h>
#include <string.h>

#include "hwv-lookup.h"
#include "hwv-test-frames.h"
#include "hwv-unit.h"
#include "ovs-thread.h"

/* The world of the random tests is small, so that entries meet. */
#define N_DOMAINS 3
#define N_MACS 3
#define MAX_FLOWS 60

static const struct eth_addr macs[N_MACS] = {
    ETH_ADDR_C(00,00,00,00,00,00),
    ETH_ADDR_C(02,00,00,00,00,01),
    ETH_ADDR_C(fe,ff,ff,ff,ff,ff),
};
static const uint8_t frags[] = { 0, 1, 3 };

/* An entry of the reference model, in its own terms. */
struct model_flow {
    bool rx, ipv6, dmac_matched, smac_matched;
    uint8_t frag, ecn;
    int domain, dmac, smac;     /* MACs: indexes into 'macs'. */
    struct hwv_flow_value value;
};

struct model {
    struct model_flow flows[MAX_FLOWS];
    int n;
};

static struct hwv_frame
model_frame(const struct model_flow *f)
{
    return (struct hwv_frame) {
        .dmac = hwv_mac_to_word(macs[f->dmac]),
        .smac = hwv_mac_to_word(macs[f->smac]),
        .class = (f->ecn << HWV_CLASS_ECN_SHIFT)
                 | (f->frag << HWV_CLASS_FRAG_SHIFT)
                 | (f->ipv6 ? HWV_CLASS_IPV6 : 0),
    };
}

static struct hwv_key
model_key(const struct model_flow *f)
{
    struct hwv_frame frame = model_frame(f);

    return hwv_key_from_words(f->domain, frame.dmac, frame.smac,
                              frame.class
                              | (f->rx ? HWV_CLASS_RX : 0)
                              | (f->dmac_matched ? HWV_CLASS_DMAC : 0)
                              | (f->smac_matched ? HWV_CLASS_SMAC : 0));
}

/* A value out of a few, so that flows often agree, with a fresh counter. */
static struct hwv_flow_value
random_value(void)
{
    static uint32_t counter;
    struct hwv_flow_value value = { .vni = 0 };

    value.counter = counter++;
    value.output = random_range(5);
    if (value.output == HWV_OUT_VF) {
        value.vf = random_range(2);
    } else if (value.output == HWV_OUT_VLAN) {
        value.tci = 5 + random_range(2);
    } else if (value.output == HWV_OUT_TUNNEL) {
        value.tunnel = random_range(2);
        value.vni = random_range(2);
    }
    return value;
}

static struct model_flow
random_flow(void)
{
    struct model_flow f = {
        .rx = random_range(2),
        .ipv6 = random_range(4) == 0,
        .dmac_matched = random_range(2),
        .smac_matched = random_range(2),
        .frag = frags[random_range(4) ? 0 : random_range(3)],
        .ecn = random_range(3) ? 0 : random_range(4),
        .domain = random_range(N_DOMAINS),
        .dmac = random_range(N_MACS),
        .smac = random_range(N_MACS),
        .value = random_value(),
    };

    if (f.rx && random_range(2)) {
        f.domain = hwv_tagged_domain(f.domain ? 0xffff : 0);
    }

    /* As flow keys are made: what is not matched is not there. */
    f.dmac = f.dmac_matched ? f.dmac : 0;
    f.smac = f.smac_matched ? f.smac : 0;
    f.ecn = f.rx ? 0 : f.ecn;
    return f;
}

static bool
same_place(const struct model_flow *a, const struct model_flow *b)
{
    return a->rx == b->rx && a->ipv6 == b->ipv6 && a->frag == b->frag
           && a->ecn == b->ecn && a->domain == b->domain;
}

static struct model_flow *
model_find(struct model *model, const struct model_flow *f)
{
    for (int i = 0; i < model->n; i++) {
        struct model_flow *g = &model->flows[i];

        if (same_place(f, g) && f->dmac_matched == g->dmac_matched
            && f->smac_matched == g->smac_matched
            && f->dmac == g->dmac && f->smac == g->smac) {
            return g;
        }
    }
    return NULL;
}

static int
model_set(struct model *model, const struct model_flow *f)
{
    struct model_flow *old = model_find(model, f);

    if (!old && model->n >= MAX_FLOWS) {
        return ENOSPC;
    }
    *(old ? old : &model->flows[model->n++]) = *f;
    return 0;
}

static int
model_remove(struct model *model, const struct model_flow *f)
{
    struct model_flow *old = model_find(model, f);

    if (!old) {
        return ENOENT;
    }
    *old = model->flows[--model->n];
    return 0;
}

/* Looks up the frame that has all that 'f' names.  On a hit, '*n_macs' is how
 * many MACs the best flow matches. */
static enum hwv_lookup
model_lookup(const struct model *model, const struct model_flow *f,
             struct hwv_flow_value *value, int *n_macs)
{
    enum hwv_lookup result = HWV_LOOKUP_NONE;

    for (int i = 0; i < model->n; i++) {
        const struct model_flow *g = &model->flows[i];
        int n = g->dmac_matched + g->smac_matched;

        if (!same_place(f, g) || (g->dmac_matched && g->dmac != f->dmac)
            || (g->smac_matched && g->smac != f->smac)) {
            continue;
        }
        if (result == HWV_LOOKUP_HIT
            && (value->output != g->value.output
                || value->vf != g->value.vf
                || value->tci != g->value.tci
                || value->tunnel != g->value.tunnel
                || value->vni != g->value.vni)) {
            return HWV_LOOKUP_AMBIGUOUS;
        }
        if (result == HWV_LOOKUP_NONE || n > *n_macs) {
            *value = g->value;
            *n_macs = n;
        }
        result = HWV_LOOKUP_HIT;
    }
    return result;
}

static struct model_flow *
model_find_counter(struct model *model, uint32_t counter)
{
    for (int i = 0; i < model->n; i++) {
        if (model->flows[i].value.counter == counter) {
            return &model->flows[i];
        }
    }
    return NULL;
}

static void
assert_same_value(const struct hwv_flow_value *a,
                  const struct hwv_flow_value *b)
{
    ck_assert_int_eq(a->output, b->output);
    ck_assert_uint_eq(a->vf, b->vf);
    ck_assert_uint_eq(a->tci, b->tci);
    ck_assert_uint_eq(a->tunnel, b->tunnel);
    ck_assert_uint_eq(a->vni, b->vni);
}

/* Looks up a random frame in both and compares.  Returns the result. */
static enum hwv_lookup
compare_lookup(const struct hwv_flow_table *table, struct model *model)
{
    struct hwv_flow_value value, expected;
    struct model_flow probe = random_flow();
    enum hwv_lookup result;
    struct hwv_frame frame;
    int n_macs = 0;

    probe.dmac = random_range(N_MACS);
    probe.smac = random_range(N_MACS);
    result = model_lookup(model, &probe, &expected, &n_macs);

    frame = model_frame(&probe);
    if (probe.rx) {
        frame.class |= random_range(4) << HWV_CLASS_ECN_SHIFT;
    }
    ck_assert_int_eq(hwv_look_up(table,
                                 probe.rx ? HWV_CLASS_RX : 0,
                                 probe.domain, &frame, &value),
                     result);
    if (result == HWV_LOOKUP_HIT) {
        const struct model_flow *f = model_find_counter(model, value.counter);

        assert_same_value(&value, &expected);
        ck_assert_ptr_nonnull(f);
        ck_assert_int_eq(f->dmac_matched + f->smac_matched, n_macs);
        ck_assert(!f->dmac_matched || f->dmac == probe.dmac);
        ck_assert(!f->smac_matched || f->smac == probe.smac);
    }
    return result;
}

struct walk {
    struct model *model;
    int n;
};

static void
check_walked(const struct hwv_key *key, const struct hwv_flow_value *value,
             void *walk_)
{
    struct walk *walk = walk_;
    struct model_flow *f = model_find_counter(walk->model, value->counter);
    struct hwv_key expected;

    ck_assert_ptr_nonnull(f);
    expected = model_key(f);
    ck_assert(hwv_key_equal(key, &expected));
    assert_same_value(value, &f->value);
    walk->n++;
}

static void
compare_all(const struct hwv_flow_table *table, struct model *model)
{
    struct walk walk = { .model = model };

    ck_assert_uint_eq(hwv_flow_table_count(table), model->n);
    hwv_flow_table_for_each(table, check_walked, &walk);
    ck_assert_int_eq(walk.n, model->n);

    for (int i = 0; i < model->n; i++) {
        struct hwv_key key = model_key(&model->flows[i]);
        struct hwv_flow_value value;

        ck_assert(hwv_find_entry(table, &key, &value));
        assert_same_value(&value, &model->flows[i].value);
        ck_assert_uint_eq(value.counter, model->flows[i].value.counter);
    }
}

/* One random change of both.  Returns the error. */
static int
random_change(struct hwv_flow_table *table, struct model *model,
              int removals_of_8)
{
    struct model_flow f = random_flow();
    bool removal = random_range(8) < removals_of_8;
    struct hwv_key key;
    int error;

    if (removal && model->n && random_range(4)) {
        f = model->flows[random_range(model->n)];
    }
    key = model_key(&f);
    if (removal) {
        error = model_remove(model, &f);
        ck_assert_int_eq(hwv_flow_table_remove(table, &key), error);
    } else {
        error = model_set(model, &f);
        ck_assert_int_eq(hwv_flow_table_set(table, &key, &f.value), error);
    }
    return error;
}

START_TEST(test_random)
{
    struct hwv_flow_table *table;
    struct model model = { .n = 0 };
    int n_results[3] = { 0 };
    int n_enospc = 0, n_enoent = 0, n_empty = 0;

    random_set_seed(1000 + _i);
    table = hwv_flow_table_create(MAX_FLOWS, N_DOMAINS);
    ck_assert_uint_eq(hwv_flow_table_max(table), MAX_FLOWS);

    for (int i = 0; i < 20000; i++) {
        /* Fills up, then runs empty, and so on. */
        int removals = i / 500 % 2 ? 7 : 1;
        int error = random_change(table, &model, removals);

        n_enospc += error == ENOSPC;
        n_enoent += error == ENOENT;
        n_empty += !model.n;
        n_results[compare_lookup(table, &model)]++;
        if (i % 50 == 0) {
            compare_all(table, &model);
            ovsrcu_quiesce();
        }
    }

    /* The test has been where it should. */
    ck_assert_int_gt(n_enospc, 50);
    ck_assert_int_gt(n_enoent, 50);
    ck_assert_int_gt(n_empty, 50);
    ck_assert_int_gt(n_results[HWV_LOOKUP_HIT], 500);
    ck_assert_int_gt(n_results[HWV_LOOKUP_NONE], 500);
    ck_assert_int_gt(n_results[HWV_LOOKUP_AMBIGUOUS], 50);

    /* Readers may still be there. */
    hwv_flow_table_destroy(table);
    compare_all(table, &model);
    hwv_unit_settle();
}
END_TEST

START_TEST(test_value_equal)
{
    const struct hwv_flow_value a = {
        .output = HWV_OUT_TUNNEL, .tunnel = 2, .vni = 3, .counter = 4
    };
    struct hwv_flow_value b;

    b = a, b.counter++;
    ck_assert(hwv_flow_value_equal(&a, &b));
    b = a, b.output = HWV_OUT_VF;
    ck_assert(!hwv_flow_value_equal(&a, &b));
    b = a, b.tunnel++;
    ck_assert(!hwv_flow_value_equal(&a, &b));
    b = a, b.vni++;
    ck_assert(!hwv_flow_value_equal(&a, &b));
}
END_TEST

/* What is the answer where one MAC is matched by each of two flows is said
 * here, because the random test accepts either. */
START_TEST(test_dmac_before_smac)
{
    struct hwv_flow_table *table = hwv_flow_table_create(2, 1);
    struct hwv_frame frame = {
        .dmac = hwv_mac_to_word(macs[1]),
        .smac = hwv_mac_to_word(macs[2]),
    };
    struct hwv_flow_value value = { .output = HWV_OUT_UPLINK, .counter = 7 };
    struct hwv_key by_dmac = hwv_key_make(0, macs[1], macs[2], HWV_CLASS_DMAC);
    struct hwv_key by_smac = hwv_key_make(0, macs[1], macs[2], HWV_CLASS_SMAC);

    ck_assert_int_eq(hwv_flow_table_set(table, &by_dmac, &value), 0);
    value.counter = 8;
    ck_assert_int_eq(hwv_flow_table_set(table, &by_smac, &value), 0);
    ck_assert_int_eq(hwv_look_up(table, 0, 0, &frame, &value),
                     HWV_LOOKUP_HIT);
    ck_assert_uint_eq(value.counter, 7);

    hwv_flow_table_destroy(table);
    hwv_unit_settle();
}
END_TEST

/* Different for each 'i' in more than 32 bits: OVS's hash of one word differs
 * wherever the word does. */
static struct eth_addr
spread_mac(uint32_t i)
{
    struct eth_addr ea;

    eth_addr_from_uint64(i * UINT64_C(0x9e3779b97f4b) & 0xffffffffffff, &ea);
    return ea;
}

/* A burst has begun, and the table moves to more buckets and changes before
 * the state of the frame's domain is read: the frame finds what there is now,
 * and not an entry that was never there without another one beside it. */
START_TEST(test_moved)
{
    struct hwv_flow_table *table = hwv_flow_table_create(10000, N_DOMAINS);
    const struct hwv_flow_value tunnel = { .output = HWV_OUT_TUNNEL };
    const struct hwv_flow_value drop = { .output = HWV_OUT_DROP };
    const struct hwv_frame frame = {
        .dmac = hwv_mac_to_word(macs[1]),
        .smac = hwv_mac_to_word(macs[2]),
    };
    struct hwv_key by_dmac = hwv_key_make(0, macs[1], macs[2], HWV_CLASS_DMAC);
    struct hwv_key by_both = hwv_key_make(0, macs[1], macs[2],
                                          HWV_CLASS_DMAC | HWV_CLASS_SMAC);
    struct hwv_flow_lookups lookups;
    struct hwv_flow_value value;

    ck_assert_int_eq(hwv_flow_table_set(table, &by_both, &drop), 0);
    ck_assert_int_eq(hwv_flow_table_set(table, &by_dmac, &tunnel), 0);

    hwv_flow_lookups_init(&lookups, table, 1);
    for (int i = 0; i < 10000 - 2; i++) {
        struct hwv_key other = hwv_key_make(1, spread_mac(i), macs[0],
                                            HWV_CLASS_DMAC);

        ck_assert_int_eq(hwv_flow_table_set(table, &other, &drop), 0);
    }
    ck_assert_int_eq(hwv_flow_table_set(table, &by_dmac, &drop), 0);
    ck_assert_int_eq(hwv_flow_table_remove(table, &by_both), 0);

    hwv_frames_put(&lookups.frames, 0, &frame);
    hwv_flow_lookups_add(&lookups, 0, 0, 0);
    hwv_flow_lookups_start(&lookups);
    ck_assert_int_eq(hwv_flow_lookups_finish(&lookups, 0, &value),
                     HWV_LOOKUP_HIT);
    ck_assert_int_eq(value.output, HWV_OUT_DROP);
    hwv_flow_table_destroy(table);
    hwv_unit_settle();
}
END_TEST

/* What there is for each set of shapes is about the first of its shapes in the
 * order in which they count. */
START_TEST(test_shapes)
{
    static const uint8_t order[] = {
        HWV_CLASS_DMAC | HWV_CLASS_SMAC, HWV_CLASS_DMAC, HWV_CLASS_SMAC, 0,
    };

    for (uint32_t set = 0; set <= HWV_STATE_SHAPES; set++) {
        uint8_t first = 0, n = 0;

        for (int i = ARRAY_SIZE(order) - 1; i >= 0; i--) {
            if (set & HWV_STATE_SHAPE(order[i])) {
                first = order[i];
                n++;
            }
        }
        for (int rx = 0; rx < 2; rx++) {
            const struct hwv_flow_shapes *shapes = &hwv_flow_shapes[rx][set];
            const struct hwv_key key = hwv_key_from_words(
                0, UINT64_MAX >> 16, UINT64_MAX >> 16,
                first | (rx ? HWV_CLASS_RX : 0));

            ck_assert_int_eq(shapes->one, n == 1);
            ck_assert_uint_eq(shapes->dmac_mask, key.dst);
            ck_assert_uint_eq(shapes->smac_mask | shapes->class, key.src);
            ck_assert_uint_eq(shapes->class_mask,
                              rx ? UINT8_MAX & ~HWV_CLASS_ECN : UINT8_MAX);
        }
    }
}
END_TEST

/* Among so many flows there are some with the same hash. */
START_TEST(test_collisions)
{
    enum { N = 300000 };
    struct hwv_flow_table *table = hwv_flow_table_create(N, 1);
    struct hwv_flow_value value = { .output = HWV_OUT_DROP };
    struct hwv_key key;
    int n_wrong = 0;

    for (uint32_t i = 0; i < N; i++) {
        key = hwv_key_make(0, _i ? macs[1] : spread_mac(i),
                           _i ? spread_mac(i) : macs[1], HWV_CLASS_SHAPE);
        value.counter = i;
        n_wrong += hwv_flow_table_set(table, &key, &value) != 0;
    }
    for (uint32_t i = 0; i < N; i++) {
        key = hwv_key_make(0, _i ? macs[1] : spread_mac(i),
                           _i ? spread_mac(i) : macs[1], HWV_CLASS_SHAPE);
        n_wrong += !hwv_find_entry(table, &key, &value)
                   || value.counter != i;
    }
    ck_assert_int_eq(n_wrong, 0);
    hwv_flow_table_destroy(table);
    hwv_unit_settle();
}
END_TEST

START_TEST(test_limits)
{
    static const uint8_t directions[] = { 0, HWV_CLASS_RX };
    const struct hwv_flow_value value = { .output = HWV_OUT_DROP };
    struct hwv_frame frame = { .class = 0 };

    for (int i = 0; i < 2; i++) {
        uint8_t direction = directions[i];
        struct hwv_flow_table *table = hwv_flow_table_create(2, 5);
        struct hwv_flow_value found;

        for (uint32_t domain = 5; domain; domain = domain * 2 & 0xffffff) {
            struct hwv_key key = hwv_key_make(domain, macs[0], macs[0],
                                              direction);

            if (direction && domain == HWV_DOMAIN_TAGGED) {
                continue;
            }
            ck_assert_int_eq(hwv_flow_table_set(table, &key, &value), ERANGE);
            ck_assert_int_eq(hwv_flow_table_remove(table, &key), ENOENT);
            ck_assert(!hwv_find_entry(table, &key, &found));
            ck_assert_int_eq(hwv_look_up(table, direction, domain,
                                         &frame, &found),
                             HWV_LOOKUP_NONE);
        }
        ck_assert_uint_eq(hwv_flow_table_count(table), 0);

        /* The last domain of one direction is not the first of the other. */
        for (uint32_t domain = 0; domain < 5; domain += 4) {
            struct hwv_key key = hwv_key_make(domain, macs[0], macs[0],
                                              direction);

            ck_assert_int_eq(hwv_flow_table_set(table, &key, &value), 0);
            for (int j = 0; j < 2; j++) {
                ck_assert_int_eq(hwv_look_up(table, directions[j],
                                             domain, &frame, &found),
                                 i == j ? HWV_LOOKUP_HIT : HWV_LOOKUP_NONE);
            }
        }
        hwv_flow_table_destroy(table);
    }
    hwv_flow_table_destroy(NULL);
    hwv_unit_settle();
}
END_TEST

/* Each tag has a domain, on receive only. */
START_TEST(test_tagged)
{
    struct hwv_flow_table *table = hwv_flow_table_create(UINT32_MAX, 5);
    struct hwv_frame frame = { .class = 0 };
    struct hwv_flow_value value;
    uint32_t n = 0;

    for (uint32_t tci = 0; tci <= UINT16_MAX; tci++) {
        uint32_t domain = hwv_tagged_domain(tci);
        struct hwv_key key = hwv_key_make(domain, macs[0], macs[0],
                                          HWV_CLASS_RX);

        HWV_CHECK_EQ(hwv_domain_tci(domain), tci & ~VLAN_CFI);
        value = (struct hwv_flow_value) {
            .output = HWV_OUT_DROP, .counter = tci & ~VLAN_CFI,
        };
        n += !(tci & VLAN_CFI);
        HWV_CHECK_EQ(hwv_flow_table_set(table, &key, &value), 0);
        HWV_CHECK_EQ(hwv_flow_table_count(table), n);
        key = hwv_key_make(domain, macs[0], macs[0], 0);
        HWV_CHECK_EQ(hwv_flow_table_set(table, &key, &value), ERANGE);
    }
    for (uint32_t tci = 0; tci <= UINT16_MAX; tci++) {
        HWV_CHECK_EQ(hwv_look_up(table, HWV_CLASS_RX,
                                 hwv_tagged_domain(tci), &frame,
                                 &value), HWV_LOOKUP_HIT);
        HWV_CHECK_EQ(value.counter, tci & ~VLAN_CFI);
    }
    hwv_flow_table_destroy(table);
    hwv_unit_settle();
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("hwv-flow-table");
    TCase *tcase = hwv_unit_tcase(suite, "one thread");

    tcase_add_loop_test(tcase, test_random, 0, 5);
    tcase_add_test(tcase, test_value_equal);
    tcase_add_test(tcase, test_dmac_before_smac);
    tcase_add_test(tcase, test_moved);
    tcase_add_test(tcase, test_shapes);
    tcase_add_loop_test(tcase, test_collisions, 0, 2);
    tcase_add_test(tcase, test_limits);
    tcase_add_test(tcase, test_tagged);
    return hwv_unit_run(argv[0], suite);
}
