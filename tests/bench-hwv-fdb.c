/* SPDX-License-Identifier: Apache-2.0 */

/* Measures the FDB (ofproto-ext/hwv-fdb.h) by itself: time of an insertion, of
 * a lookup and of a removal, and memory of an entry, in a table of 1,000 and
 * of 100,000 entries.  Entries are spread over VTAGs of 100 addresses. */

#include <config.h>

#include <malloc.h>
#include <stdio.h>

#include "hwv-fdb.h"
#include "openvswitch/flow.h"
#include "packets.h"
#include "timeval.h"
#include "util.h"

#define PER_VTAG 100

static struct hwv_vtag
vtag(int i)
{
    struct hwv_vtag v = { HWV_VTAG_VXLAN, 1 + i / PER_VTAG };

    return v;
}

static struct eth_addr
mac(int i)
{
    struct eth_addr ea = ETH_ADDR_C(02, 00, 00, 00, 00, 00);

    ea.be16[1] = htons(i >> 16);
    ea.be16[2] = htons(i);
    return ea;
}

/* Adds 'n' entries of 'origin' to 'fdb', and reads the changes. */
static void
add_entries(struct hwv_fdb *fdb, int n, enum hwv_fdb_origin origin)
{
    struct hwv_fdb_change change;

    for (int i = 0; i < n; i++) {
        struct in6_addr ip = in6_addr_mapped_ipv4(htonl(0x0a000001 + i % 200));
        struct hwv_fdb_dst dst = hwv_fdb_dst_vtep(&ip);
        struct hwv_vtag v = vtag(i);

        if (hwv_fdb_add(fdb, &v, mac(i), &dst, origin)) {
            ovs_fatal(0, "entry %d was refused", i);
        }
        hwv_fdb_next_change(fdb, &change);
    }
}

/* Prints a line about tables of 'n' entries, 'n_rounds' of them. */
static void
bench(int n, int n_rounds, enum hwv_fdb_origin origin)
{
    double add = 0, lookup = 0, del = 0, bytes = 0;

    for (int round = 0; round < n_rounds; round++) {
        size_t before = mallinfo2().uordblks;
        struct hwv_fdb *fdb = hwv_fdb_create(time_msec);
        long long int t0 = time_usec(), t1, t2, t3;

        add_entries(fdb, n, origin);
        t1 = time_usec();
        bytes += mallinfo2().uordblks - before;
        for (int i = 0; i < n; i++) {
            struct hwv_vtag v = vtag(i);

            if (!hwv_fdb_lookup(fdb, &v, mac(i))) {
                ovs_fatal(0, "entry %d is missing", i);
            }
        }
        t2 = time_usec();
        if (hwv_fdb_flush(fdb, NULL, origin) != (size_t) n) {
            ovs_fatal(0, "entries were left");
        }
        t3 = time_usec();
        add += t1 - t0;
        lookup += t2 - t1;
        del += t3 - t2;
        hwv_fdb_destroy(fdb);
    }
    printf("%-8s %7d entries: add %.3f us, look up %.3f us, remove %.3f us, "
           "%.0f bytes each\n", hwv_fdb_origin_name(origin), n,
           add / n / n_rounds, lookup / n / n_rounds, del / n / n_rounds,
           bytes / n / n_rounds);
}

int
main(int argc OVS_UNUSED, char *argv[])
{
    set_program_name(argv[0]);
    bench(1000, 500, HWV_FDB_STATIC);
    bench(100000, 5, HWV_FDB_STATIC);
    bench(1000, 500, HWV_FDB_LEARNED);
    bench(100000, 5, HWV_FDB_LEARNED);
    return 0;
}
