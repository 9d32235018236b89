/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_WIRE_H
#define HWV_WIRE_H 1

/* Wires
 * =====
 *
 * A wire is the OVS netdev behind a port of ours: a DPDK device, a vhost-user
 * socket, a kernel device, or OVS's dummy.  All drivers, queues and offloads
 * are that netdev's.
 *
 * Any thread may send on a wire, even while the main thread stops it to
 * reconfigure it: that is what the gate is for.
 *
 * The name of the wire's netdev is the kernel device's ("system", "afxdp":
 * options:wire-dev) or else the port's name with ".wire" or ".vhost" appended.
 * A netdev is the wire of one port only.
 *
 * Thread-safety: hwv_wire_enter(), hwv_wire_leave(), hwv_wire_recv() (one
 * thread at a time for each queue), hwv_wire_init_packets(), hwv_wire_send()
 * and hwv_wire_max_frame() from any thread; the rest from the main thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp_packet_batch;
struct hwv_wire;
struct hwv_wire_class;
struct netdev;
struct netdev_rxq;
struct smap;

/* Opens a wire of 'class', whose netdev is called 'name', and configures it
 * with 'options' (those of the Interface that are the netdev's).  Returns NULL
 * and an error message in '*errp', for the caller to free, on failure. */
struct hwv_wire *hwv_wire_open(const char *name,
                               const struct hwv_wire_class *class,
                               const struct smap *options, char **errp);

/* Gives 'wire' new options.  Returns 0, or an errno and '*errp'; the wire then
 * goes on with the options it had. */
int hwv_wire_set_options(struct hwv_wire *wire, const struct smap *options,
                         char **errp);

/* Closes 'wire', some time after an RCU grace period: hwv_wire_reap() does the
 * last step, because netdev_close() must not be called from within OVS's
 * netdev functions, whose lock it takes. */
void hwv_wire_close(struct hwv_wire *wire);

/* Main loop: closes the netdevs of wires that hwv_wire_close() retired. */
void hwv_wire_reap(void);
void hwv_wire_reap_wait(void);

/* Is 'netdev' the wire of some port?  The wire of a port that has gone is no
 * more, even if its netdev is still open. */
bool hwv_wire_has(const struct netdev *netdev);

struct netdev *hwv_wire_netdev(const struct hwv_wire *wire);
const char *hwv_wire_type(const struct hwv_wire *wire);

/* Asks for an MTU.  Returns 0 or an errno: EINVAL for one that did not work in
 * hwv_wire_reconfigure(), until the options or the MTU change. */
int hwv_wire_set_mtu(struct hwv_wire *wire, int mtu);

/* What of the configuration did not work. */
struct hwv_wire_refusal {
    char *message;              /* For the caller to free; NULL: all worked. */
    bool options;               /* Options, ... */
    bool mtu;                   /* ...the MTU. */
};

/* Shuts the gate, waits until no thread is inside, applies the netdev's
 * pending configuration and opens the gate again.  '*n_txq' queues are asked
 * of netdevs that have several.  If that fails, a wire that has worked before
 * goes back to what it had then, '*n_txq' included.
 *
 * Returns 0 if the wire works, or an errno (the gate then stays shut).  Stores
 * what did not work into '*refusal'. */
int hwv_wire_reconfigure(struct hwv_wire *wire, unsigned int *n_txq,
                         struct hwv_wire_refusal *refusal);

/* Shuts the gate for good, e.g. before the wire is closed. */
void hwv_wire_stop(struct hwv_wire *wire);

/* Enters the gate.  Returns true if the wire can send; the caller must then
 * soon call hwv_wire_leave().  Never blocks.  May be nested. */
bool hwv_wire_enter(struct hwv_wire *wire);
void hwv_wire_leave(struct hwv_wire *wire);

/* Receives a burst from queue 'rxq' of the wire's netdev, as netdev_rxq_recv()
 * does, but for what hwv_wire_init_packets() does.  'qfill' may be NULL. */
int hwv_wire_recv(struct hwv_wire *wire, struct netdev_rxq *rxq,
                  struct dp_packet_batch *batch, int *qfill);

/* Makes the packets of 'batch', which hwv_wire_recv() received, such as
 * netdev_rxq_recv() returns: for OVS. */
void hwv_wire_init_packets(struct dp_packet_batch *batch);

/* Sends 'batch', whose packets it takes, on the transmit queue that belongs to
 * the calling thread: what one thread sends stays in order.  The caller is
 * inside the gate.  Returns how many packets were dropped, as the queue was
 * full, and the netdev's statistics do not have. */
size_t hwv_wire_send(struct hwv_wire *wire, struct dp_packet_batch *batch);

/* Longest frame in bytes, with Ethernet header and without VLAN tag, that
 * fits the MTU; UINT32_MAX if there is no MTU. */
uint32_t hwv_wire_max_frame(const struct hwv_wire *wire);

/* The MTU, the flags or the QoS of the wire's netdev may have changed.  Main
 * thread, or whoever reconfigures 'wire'. */
void hwv_wire_update(struct hwv_wire *wire);

/* Ingress policing has been set on the wire's netdev, or is no more. */
void hwv_wire_set_policed(struct hwv_wire *wire, bool policed);

#endif /* hwv-wire.h */
