/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#undef NDEBUG
#include "hwv-vectors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofpbuf.h"
#include "util.h"

struct hwv_vectors {
    FILE *file;
    struct ds line;
};

struct hwv_vectors *
hwv_vectors_open(const char *name)
{
    const char *srcdir = getenv("srcdir");
    char *path = xasprintf("%s/tests/vectors/%s", srcdir ? srcdir : ".", name);
    struct hwv_vectors *vectors = xzalloc(sizeof *vectors);

    vectors->file = fopen(path, "r");
    if (!vectors->file) {
        ovs_fatal(errno, "%s: cannot be opened (set srcdir?)", path);
    }
    free(path);
    ds_init(&vectors->line);
    return vectors;
}

size_t
hwv_vectors_next(struct hwv_vectors *vectors,
                 char *words[HWV_VECTOR_MAX_WORDS])
{
    char *save = NULL;
    size_t n = 0;

    if (ds_get_preprocessed_line(&vectors->line, vectors->file, NULL)) {
        fclose(vectors->file);
        ds_destroy(&vectors->line);
        free(vectors);
        return 0;
    }

    for (char *word = strtok_r(ds_cstr(&vectors->line), " ", &save); word;
         word = strtok_r(NULL, " ", &save)) {
        ovs_assert(n < HWV_VECTOR_MAX_WORDS);
        words[n++] = word;
    }
    return n;
}

uint8_t *
hwv_vectors_bytes(const char *word, size_t *len)
{
    char *copy = xstrdup(word);
    char *save = NULL;
    struct ofpbuf buf;

    ofpbuf_init(&buf, 0);
    for (char *part = strcmp(word, "-") ? strtok_r(copy, ",", &save) : NULL;
         part; part = strtok_r(NULL, ",", &save)) {
        char *star = strchr(part, '*');
        int count = 1;

        if (star) {
            *star = '\0';
            count = atoi(star + 1);
        }
        while (count-- > 0) {
            const char *end = ofpbuf_put_hex(&buf, part, NULL);

            ovs_assert(!*end);
        }
    }
    free(copy);

    /* Exactly as long as it is, to catch reads beyond it. */
    *len = buf.size;
    return xrealloc(ofpbuf_steal_data(&buf), *len);
}
