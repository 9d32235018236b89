/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dp-packet.h"
#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/hmap.h"
#include "packets.h"
#include "pcap-file.h"
#include "util.h"

/* A key of a file, which is numbered in the order of its first request. */
struct key {
    struct hmap_node node;
    uint32_t number;
    size_t size;
    uint8_t bytes[];
};

struct reader {
    struct hmap keys;
    struct trace *trace;
    size_t allocated;
};

static void
reader_init(struct reader *reader)
{
    hmap_init(&reader->keys);
    reader->trace = xzalloc(sizeof *reader->trace);
    reader->trace->scanner = -1;
    reader->allocated = 0;
}

/* Returns the trace, or NULL if there is an error, which is passed on. */
static struct trace *
reader_finish(struct reader *reader, const char *name, char *error,
              char **errorp)
{
    struct key *key;

    HMAP_FOR_EACH_POP (key, node, &reader->keys) {
        free(key);
    }
    hmap_destroy(&reader->keys);
    if (!error && !reader->trace->n) {
        error = xasprintf("%s is empty: there must be a request in it", name);
    }
    *errorp = error;
    if (error) {
        trace_free(reader->trace);
        return NULL;
    }
    return reader->trace;
}

static uint32_t
key_number(struct reader *reader, const void *bytes, size_t size)
{
    uint32_t hash = hash_bytes(bytes, size, 0);
    struct key *key;

    HMAP_FOR_EACH_WITH_HASH (key, node, hash, &reader->keys) {
        if (key->size == size && !memcmp(key->bytes, bytes, size)) {
            return key->number;
        }
    }
    key = xmalloc(sizeof *key + size);
    key->number = reader->trace->n_keys++;
    key->size = size;
    memcpy(key->bytes, bytes, size);
    hmap_insert(&reader->keys, &key->node, hash);
    return key->number;
}

static void
add_request(struct reader *reader, const void *bytes, size_t size)
{
    struct trace *trace = reader->trace;

    if (trace->n >= reader->allocated) {
        trace->requests = x2nrealloc(trace->requests, &reader->allocated,
                                     sizeof *trace->requests);
    }
    trace->requests[trace->n++] = key_number(reader, bytes, size);
}

struct trace *
trace_read(const char *name, char **errorp)
{
    FILE *file = fopen(name, "r");
    struct ds line = DS_EMPTY_INITIALIZER;
    struct reader reader;
    char *error = NULL;

    if (!file) {
        *errorp = xasprintf("cannot open %s: %s", name, ovs_strerror(errno));
        return NULL;
    }
    reader_init(&reader);
    while (!ds_get_line(&line, file)) {
        if (line.length) {
            add_request(&reader, ds_cstr(&line), line.length);
        }
    }
    if (ferror(file)) {
        error = xasprintf("cannot read %s: %s", name, ovs_strerror(errno));
    }
    ds_destroy(&line);
    fclose(file);
    return reader_finish(&reader, name, error, errorp);
}

/* Says that 'name' cannot be read, because of 'error' of pcap-file.h. */
static char *
pcap_error(const char *name, int error)
{
    return error > 0 && error != EPROTO
           ? xasprintf("cannot read %s: %s", name, ovs_strerror(error))
           : xasprintf("cannot read %s: it is not a pcap file, or damaged (a "
                       "pcapng file: convert it with editcap -F pcap)", name);
}

struct trace *
trace_read_pcap(const char *name, char **errorp)
{
    struct pcap_file *file = ovs_pcap_open(name, "rb");
    struct reader reader;
    int error = 0;

    if (!file) {
        *errorp = pcap_error(name, errno);
        return NULL;
    }
    reader_init(&reader);
    while (!error) {
        struct dp_packet *packet;

        error = ovs_pcap_read(file, &packet, NULL);
        if (!error) {
            if (dp_packet_size(packet) >= ETH_HEADER_LEN) {
                add_request(&reader, dp_packet_data(packet),
                            2 * sizeof(struct eth_addr));
            }
            dp_packet_delete(packet);
        }
    }
    ovs_pcap_close(file);
    return reader_finish(&reader, name,
                         error == EOF ? NULL : pcap_error(name, error),
                         errorp);
}
