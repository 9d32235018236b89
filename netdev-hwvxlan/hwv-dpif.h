/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_DPIF_H
#define HWV_DPIF_H 1

/* The userspace datapaths
 * =======================
 *
 * The handles by which OVS itself has its userspace datapaths open, for
 * threads that have none at hand.  OVS keeps a handle open as long as the
 * datapath exists.
 *
 * Thread-safe. */

#include "openvswitch/types.h"

struct dpif;
struct dpif_flow;
struct ofpbuf;

/* OVS has 'dpif' open, or is about to close it: then waits until no thread
 * uses it any longer. */
void hwv_dpif_opened(struct dpif *dpif);
void hwv_dpif_closing(struct dpif *dpif);

/* Gets flow 'ufid' of PMD thread 'pmd_id' (or PMD_ID_NULL) from the datapath
 * of 'dpif_type', as dpif_flow_get() does.  Returns 0, ENOENT if it is not
 * there, or ENODEV if OVS does not have such a datapath open. */
int hwv_dpif_flow_get(const char *dpif_type, const ovs_u128 *ufid,
                      unsigned int pmd_id, struct ofpbuf *buf,
                      struct dpif_flow *flow);

/* Sends the packets that OVS holds back in the calling thread, a PMD thread of
 * whichever datapath. */
void hwv_dpif_flush_thread(void);

#endif /* hwv-dpif.h */
