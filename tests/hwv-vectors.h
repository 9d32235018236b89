/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_VECTORS_H
#define HWV_VECTORS_H 1

/* Reads test vectors: lines of words, with "#" comments, see
 * tests/vectors/make-vectors.py. */

#include <stddef.h>
#include <stdint.h>

#define HWV_VECTOR_MAX_WORDS 16

struct hwv_vectors;

/* Opens tests/vectors/'name' below $srcdir, or aborts. */
struct hwv_vectors *hwv_vectors_open(const char *name);

/* Splits the next line into 'words', good until the next call.  Returns their
 * number, or 0 at the end, where 'vectors' is closed. */
size_t hwv_vectors_next(struct hwv_vectors *vectors,
                        char *words[HWV_VECTOR_MAX_WORDS]);

/* Returns the bytes that 'word' stands for, with their number in '*len': "-"
 * is none, "aabb,cc*3" is aa bb cc cc cc.  The caller must free() them. */
uint8_t *hwv_vectors_bytes(const char *word, size_t *len);

#endif /* hwv-vectors.h */
