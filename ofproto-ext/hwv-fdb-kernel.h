/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FDB_KERNEL_H
#define HWV_FDB_KERNEL_H 1

/* The kernel's forwarding entries
 * ===============================
 *
 * Reads and follows, by rtnetlink, what the vxlan devices in OVS's network
 * namespace have in their FDBs, whoever put it there: an EVPN daemon, "bridge
 * fdb", or the device itself.  hwv-fdb-devices.h makes of it what the FDB is
 * to know.
 *
 * One socket has both the notifications and the answers to our questions, so
 * that an answer never tells of an older state than a notification that came
 * before it.  A *round* asks for all links, nexthops and forwarding entries;
 * what was not told of is removed at its end.  There is a round at the start,
 * when a new device appears, and when notifications were lost because the
 * socket had no room for them.  What counts as told of in a round is what
 * comes after its first answer: before that come old notifications.
 *
 * When entries are deleted while the kernel lists them it may leave others
 * out.  After such a round only that is removed which the last three rounds
 * left out, and there is another one soon.
 *
 * The main loop reads a limited number of messages in each turn.  Main thread
 * only. */

struct hwv_fdb;
struct json;

void hwv_fdb_kernel_init(struct hwv_fdb *fdb);

/* Main loop. */
void hwv_fdb_kernel_run(void);
void hwv_fdb_kernel_wait(void);

void hwv_fdb_kernel_exit(void);

/* Adds numbers, whose names begin with "kernel_", to object 'row'. */
void hwv_fdb_kernel_put_stats(struct json *row);

#endif /* hwv-fdb-kernel.h */
