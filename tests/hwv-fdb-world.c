/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fdb-world.h"

#include "hwv-unit.h"
#include "packets.h"

long long int clock_ms = 1000000;
struct hwv_fdb *fdb;

static long long int
now(void)
{
    return clock_ms;
}

void
hwv_fdb_world_setup(void)
{
    fdb = hwv_fdb_create(now);
}

void
hwv_fdb_world_teardown(void)
{
    hwv_fdb_destroy(fdb);
}

struct in6_addr
ip(int n)
{
    return in6_addr_mapped_ipv4(htonl(0x0a000000 + n));
}

struct hwv_fdb_dst
vtep(int n)
{
    struct in6_addr address = ip(n);

    return hwv_fdb_dst_vtep(&address);
}

struct eth_addr
mac(int n)
{
    struct eth_addr ea = ETH_ADDR_C(02, 00, 00, 00, 00, 00);

    ea.be16[1] = htons(n >> 16);
    ea.be16[2] = htons(n);
    return ea;
}

int
add(const struct hwv_vtag *vtag, struct eth_addr ea, struct hwv_fdb_dst dst,
    enum hwv_fdb_origin origin)
{
    return hwv_fdb_add(fdb, vtag, ea, &dst, origin);
}

void
run_until(long long int ms)
{
    clock_ms = ms;
    while (hwv_fdb_next_run(fdb) <= clock_ms) {
        hwv_fdb_run(fdb);
    }
}

void
check_in_force(const struct hwv_vtag *vtag, struct eth_addr ea,
               struct hwv_fdb_dst dst, enum hwv_fdb_origin origin)
{
    const struct hwv_fdb_entry *entry = hwv_fdb_lookup(fdb, vtag, ea);

    ck_assert_ptr_nonnull(entry);
    ck_assert(hwv_fdb_dst_equal(&entry->dst, &dst));
    ck_assert_int_eq(entry->origin, origin);
    ck_assert(hwv_vtag_equal(entry->vtag, vtag));
    ck_assert(eth_addr_equals(entry->mac, ea));
}

void
check_change(const struct hwv_vtag *vtag, struct eth_addr ea)
{
    struct hwv_fdb_change change;

    ck_assert(hwv_fdb_next_change(fdb, &change));
    ck_assert(hwv_vtag_equal(&change.vtag, vtag));
    ck_assert(!change.flood);
    ck_assert(eth_addr_equals(change.mac, ea));
    ck_assert_ptr_eq(change.entry, hwv_fdb_lookup(fdb, vtag, ea));
}

void
check_no_change(void)
{
    struct hwv_fdb_change change;

    ck_assert(!hwv_fdb_has_changes(fdb));
    ck_assert(!hwv_fdb_next_change(fdb, &change));
}
