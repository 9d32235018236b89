/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_CONFIG_H
#define HWV_CONFIG_H 1

/* The options of a port
 * =====================
 *
 * Reads an Interface's options into a struct, or says which option or value is
 * wrong and what is allowed.  Some options are for the wire: which ones, its
 * class knows. */

#include <stdbool.h>
#include <stdint.h>

#include "hwv-replacement.h"
#include "hwv-vtag.h"
#include "nic-provider.h"
#include "packets.h"
#include "smap.h"

struct hwv_wire_class;

struct hwv_config {
    bool is_pf;
    char *nic;                  /* Name of the PF. */
    uint16_t id;                /* VF id, or HWV_UPLINK. */
    const struct hwv_wire_class *wire_class;
    char *wire_name;            /* Name of the wire's netdev. */
    struct smap wire_options;
    bool check_mac;             /* VF: 'mac' was given. */
    struct eth_addr mac;
    struct hwv_vtag vtag;       /* VF: its segment. */
    bool unknown_flood;         /* VF: false if frames to unknown MACs are to
                                 * be dropped. */
    uint32_t quota;             /* VF: of entries in the NIC, or
                                 * HWV_REPLACEMENT_NO_QUOTA. */
    unsigned int upcall_rate;   /* VF: upcalls per second, 0 for no limit. */
    struct hwv_nic_limits limits; /* PF. */
    const struct hwv_replacement_policy *replacement; /* PF. */
    bool offload;               /* PF. */
    bool learn_next_hop;        /* PF: also from outer headers. */
    bool first_packet_nic;      /* PF: see hwv-first-packet.h. */
};

/* Parses 'options' of Interface 'name' into '*config', for
 * hwv_config_destroy() to free.  Returns 0, or EINVAL with a message in
 * '*errp', for the caller to free, and nothing to destroy. */
int hwv_config_parse(const char *name, const struct smap *options,
                     struct hwv_config *config, char **errp);
void hwv_config_destroy(struct hwv_config *config);

#endif /* hwv-config.h */
