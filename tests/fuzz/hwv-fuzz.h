/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_FUZZ_H
#define HWV_FUZZ_H 1

/* Fuzz targets
 * ============
 *
 * Each tests/fuzz/fuzz-NAME.c is a program around one function,
 *
 *     int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
 *
 * which feeds the product with what the 'size' bytes at 'data' say, and aborts
 * if that does what it must not: not only if it crashes, but wherever it does
 * not agree with OVS or with the reference model.
 *
 * There are two ways to build it: "make check-fuzz" with libFuzzer, which
 * makes up inputs, and "make check" with hwv-fuzz-main.c, which replays those
 * in tests/fuzz/corpus/NAME.
 *
 * The same input always does the same, so that a finding can be replayed: what
 * is random comes from seeds in the input. */

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is left of the input.  After its end there are zeros. */
struct hwv_fuzz {
    const uint8_t *data;
    size_t left;
};

uint8_t hwv_fuzz_u8(struct hwv_fuzz *);
uint16_t hwv_fuzz_u16(struct hwv_fuzz *);       /* Big-endian. */
uint32_t hwv_fuzz_u32(struct hwv_fuzz *);       /* Big-endian. */

/* Returns 'n' bytes of the input, or all if that is less, and their number in
 * '*n'. */
const uint8_t *hwv_fuzz_bytes(struct hwv_fuzz *, size_t *n);

/* Returns a packet's bytes, at least one; the input has their number in front
 * of them, in two bytes.  Stores the number that is there into '*n'. */
const uint8_t *hwv_fuzz_packet(struct hwv_fuzz *, size_t *n);

/* Returns a copy, for the caller to free, of the input as far as the next zero
 * byte, and skips that. */
char *hwv_fuzz_string(struct hwv_fuzz *);

/* Seeds OVS's random numbers with 4 bytes of the input. */
void hwv_fuzz_seed(struct hwv_fuzz *);

/* Returns one of 16 worlds, the same each time, as a byte of the input
 * says. */
struct world;
struct world *hwv_fuzz_world(struct hwv_fuzz *);

#endif /* hwv-fuzz.h */
