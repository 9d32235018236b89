/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the shadow table. */

#include <config.h>
#undef NDEBUG

#include "hwv-shadow-table.h"

#include <errno.h>

#include "dp-packet.h"
#include "hwv-test-frames.h"
#include "hwv-unit.h"
#include "seq.h"

#define MAX_SHADOWS 4
#define DOMAIN 7
#define SOURCE 3

static struct hwv_shadow_table *table;
static struct seq *wake;

/* Misses collected, by owner. */
static uint32_t collected[256];
static uint8_t owners[256];

static void
setup(void)
{
    wake = seq_create();
    table = hwv_shadow_table_create(MAX_SHADOWS, 16, 16, wake);
}

static void
teardown(void)
{
    hwv_shadow_table_destroy(table);
    hwv_unit_settle();
    seq_destroy(wake);
}

static struct hwv_key
make_key(uint8_t dst, uint8_t class)
{
    struct eth_addr dmac = ETH_ADDR_C(50, 54, 00, 00, 00, 00);

    dmac.ea[5] = dst;
    return hwv_key_make(class & HWV_CLASS_RX ? SOURCE : DOMAIN, dmac,
                        eth_addr_zero, class | HWV_CLASS_DMAC);
}

/* Adds the shadow of what goes to 50:54:00:00:00:'dst'. */
static uint32_t
add(uint8_t dst, uint8_t class)
{
    struct hwv_key key = make_key(dst, class);
    uint32_t id;

    ck_assert(!hwv_shadow_table_add(table, &key, &owners[dst], &id));
    ck_assert_uint_ne(id, HWV_NO_SHADOW);
    return id;
}

static void
remove_(uint8_t dst, uint32_t id)
{
    struct hwv_key key = make_key(dst, 0);

    hwv_shadow_table_remove(table, &key, id);
}

/* Lets the table see 'n' packets to 50:54:00:00:00:'dst', in bursts. */
static void
miss(uint8_t dst, size_t n, uint16_t domain)
{
    while (n) {
        size_t burst = MIN(n, NETDEV_MAX_BURST);
        struct dp_packet_batch batch;

        dp_packet_batch_init(&batch);
        for (size_t i = 0; i < burst; i++) {
            dp_packet_batch_add(&batch, hwv_test_ip_packet(dst, i));
        }
        hwv_shadow_table_count_from_vf(table, domain, &batch);
        ck_assert_uint_eq(dp_packet_batch_size(&batch), burst);
        dp_packet_delete_batch(&batch, true);
        n -= burst;
    }
}

static void
collected_cb(void *owner, uint32_t n, void *aux OVS_UNUSED)
{
    ck_assert_uint_gt(n, 0);
    collected[(uint8_t *) owner - owners] += n;
}

/* Collects everything and returns how many shadows were looked at. */
static size_t
collect(void)
{
    memset(collected, 0, sizeof collected);
    return hwv_shadow_table_collect(table, SIZE_MAX, collected_cb, NULL);
}

START_TEST(test_counts)
{
    uint64_t seqno = seq_read(wake);

    miss(0x0a, 5, DOMAIN);
    ck_assert_uint_eq(collect(), 0);
    ck_assert_uint_eq(seq_read(wake), seqno);

    add(0x0a, 0);
    add(0x0b, 0);
    ck_assert_uint_eq(hwv_shadow_table_n(table), 2);
    miss(0x0a, 70, DOMAIN);
    miss(0x0b, 3, DOMAIN);
    miss(0x0c, 9, DOMAIN);      /* Not there, */
    miss(0x0a, 9, DOMAIN + 1);  /* nor in this domain. */
    ck_assert_uint_ne(seq_read(wake), seqno);
    ck_assert_uint_eq(collect(), 2);
    ck_assert_uint_eq(collected[0x0a], 70);
    ck_assert_uint_eq(collected[0x0b], 3);
    ck_assert_uint_eq(collect(), 0);

    /* What comes after that is told again, by one more change. */
    seqno = seq_read(wake);
    miss(0x0a, 1, DOMAIN);
    miss(0x0a, 1, DOMAIN);
    ck_assert_uint_ne(seq_read(wake), seqno);
    ck_assert_uint_eq(collect(), 1);
    ck_assert_uint_eq(collected[0x0a], 2);
}
END_TEST

/* At most so many at once, and the rest later. */
START_TEST(test_limit)
{
    uint32_t n;

    memset(collected, 0, sizeof collected);
    for (uint8_t i = 1; i <= MAX_SHADOWS; i++) {
        add(i, 0);
        miss(i, i, DOMAIN);
    }
    n = hwv_shadow_table_collect(table, 3, collected_cb, NULL);
    ck_assert_uint_eq(n, 3);
    n = hwv_shadow_table_collect(table, 3, collected_cb, NULL);
    ck_assert_uint_eq(n, 1);
    for (uint8_t i = 1; i <= MAX_SHADOWS; i++) {
        ck_assert_uint_eq(collected[i], i);
    }
}
END_TEST

START_TEST(test_full)
{
    struct hwv_key key = make_key(0x77, 0);
    uint32_t ids[MAX_SHADOWS], id = 0;

    for (uint8_t i = 0; i < MAX_SHADOWS; i++) {
        ids[i] = add(i + 1, 0);
    }
    ck_assert_int_eq(hwv_shadow_table_add(table, &key, &owners[0x77], &id),
                     ENOSPC);
    ck_assert_uint_eq(id, HWV_NO_SHADOW);
    hwv_shadow_table_remove(table, &key, id);   /* Does nothing. */
    ck_assert_uint_eq(hwv_shadow_table_n(table), MAX_SHADOWS);

    /* The misses of one that goes are not those of the next one. */
    miss(1, 6, DOMAIN);
    remove_(1, ids[0]);
    ck_assert_uint_eq(hwv_shadow_table_n(table), MAX_SHADOWS - 1);
    add(0x0a, 0);
    collect();
    ck_assert_uint_eq(collected[1], 0);
    ck_assert_uint_eq(collected[0x0a], 0);
    miss(1, 6, DOMAIN);
    miss(0x0a, 2, DOMAIN);
    ck_assert_uint_eq(collect(), 1);
    ck_assert_uint_eq(collected[0x0a], 2);
}
END_TEST

START_TEST(test_domain_out_of_range)
{
    struct eth_addr dmac = ETH_ADDR_C(50, 54, 00, 00, 00, 01);
    struct hwv_key key = hwv_key_make(16, dmac, eth_addr_zero,
                                      HWV_CLASS_DMAC);
    uint32_t id;

    ck_assert_int_eq(hwv_shadow_table_add(table, &key, &owners[1], &id),
                     ERANGE);
    ck_assert_uint_eq(hwv_shadow_table_n(table), 0);

    /* Nothing is used up by that. */
    for (uint8_t i = 1; i <= MAX_SHADOWS; i++) {
        add(i, 0);
    }
}
END_TEST

/* From the uplink: by the row of the source. */
START_TEST(test_uplink)
{
    static const struct hwv_test_outer outer = {
        .dmac = ETH_ADDR_C(aa, aa, aa, aa, aa, 01),
        .smac = ETH_ADDR_C(aa, aa, aa, aa, aa, 02),
        .src = IN6ADDR_LOOPBACK_INIT,
        .dst = IN6ADDR_LOOPBACK_INIT,
        .ttl = 64,
        .csum = true,
        .udp_src = CONSTANT_HTONS(50000),
        .udp_dst = CONSTANT_HTONS(4789),
        .vni = 5001,
    };
    const struct hwv_source_key row = {
        .src = IN6ADDR_LOOPBACK_INIT,
        .dst = IN6ADDR_LOOPBACK_INIT,
        .vni = 5001,
        .udp_dst = CONSTANT_HTONS(4789),
        .flags = HWV_SOURCE_CSUM,
        .dmac = ETH_ADDR_C(aa, aa, aa, aa, aa, 01),
    };

    add(0x0a, HWV_CLASS_RX);
    for (int i = 0; i < 3; i++) {
        struct dp_packet *packet = hwv_test_ip_packet(0x0a, 1);
        size_t inner_len = dp_packet_size(packet);
        struct dp_packet_batch batch;

        if (i == 1) {
            hwv_shadow_table_set_source(table, &row, SOURCE);
        } else if (i == 2) {
            hwv_shadow_table_remove_source(table, &row);
        }
        hwv_test_write_outer(
            dp_packet_push_uninit(packet, hwv_test_outer_len(&outer)), &outer,
            inner_len);
        dp_packet_batch_init_packet(&batch, packet);
        hwv_shadow_table_count_from_uplink(table, &batch);
        dp_packet_delete_batch(&batch, true);
        collect();
        ck_assert_uint_eq(collected[0x0a], i == 1);
    }
}
END_TEST

int
main(int argc OVS_UNUSED, char *argv[])
{
    Suite *suite = suite_create("shadow-table");
    TCase *tcase = hwv_unit_tcase(suite, "shadow-table");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_counts);
    tcase_add_test(tcase, test_limit);
    tcase_add_test(tcase, test_full);
    tcase_add_test(tcase, test_domain_out_of_range);
    tcase_add_test(tcase, test_uplink);
    return hwv_unit_run(argv[0], suite);
}
