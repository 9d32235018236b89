/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_TRACE_H
#define HWV_TRACE_H 1

/* hwvxlan/trace: what the NIC would do with a frame, and why. */

/* Registers the command.  Main thread. */
void hwv_trace_register(void);

#endif /* hwv-trace.h */
