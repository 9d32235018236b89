/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_HASH_H
#define HWV_HASH_H 1

/* Hash with a secret
 * ==================
 *
 * Others choose what the tables of the data path are looked up with, and must
 * not be able to choose keys that meet in a bucket.
 *
 * The sum is that of pair-multiply-shift, which is strongly universal in its
 * upper half (Mikkel Thorup, "High Speed Hashing for Integers and Strings",
 * arXiv:1504.06804, section 3.4), with 64-bit multipliers for the key's 32-bit
 * words: who does not know them cannot make keys meet.  But it leaves MACs
 * that are numbered through at equal distances, which may be a bucket's: they
 * would fill some buckets and leave out others.  So its bits are mixed once
 * more, by a bijection (the multiplier is that of Sebastiano Vigna's
 * SplitMix64).
 *
 * Thread-safe, as a secret does not change. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "entropy.h"

#define HWV_HASH_MAX_WORDS 14   /* Of a key, of 32 bits. */

struct hwv_hash_secret {
    uint64_t multipliers[1 + HWV_HASH_MAX_WORDS];
};

/* Makes 'secret' one that nobody can guess. */
static inline void
hwv_hash_secret_init(struct hwv_hash_secret *secret)
{
    get_entropy_or_die(secret, sizeof *secret);
}

/* The parts of hwv_hash(). */

/* Returns what the 64 bits 'word', which are number 'i' of a key, add to the
 * sum. */
static inline uint64_t
hwv_hash_product(const struct hwv_hash_secret *secret, size_t i, uint64_t word)
{
    const uint64_t *m = secret->multipliers;

    return ((m[2 * i + 1] + (word & UINT32_MAX))
            * (m[2 * i + 2] + (word >> 32)));
}

/* Returns the hash whose sum is 'sum'. */
static inline uint32_t
hwv_hash_mix(uint64_t sum)
{
    return (sum ^ sum >> 32) * UINT64_C(0xbf58476d1ce4e5b9) >> 32;
}

/* Returns the hash of the 'size' bytes at 'key', a multiple of 8 and at most
 * HWV_HASH_MAX_WORDS words.  Reads one word at a time: a processor waits where
 * it reads at once what it has just written in parts. */
static inline uint32_t
hwv_hash(const struct hwv_hash_secret *secret, const void *key, size_t size)
{
    const uint64_t *m = secret->multipliers;
    uint64_t sum = m[0];

#pragma GCC unroll 16           /* -O2 would not. */
    for (size_t i = 0; i < size / 4; i += 2) {
        uint32_t a, b;

        memcpy(&a, (const char *) key + i * 4, sizeof a);
        memcpy(&b, (const char *) key + i * 4 + 4, sizeof b);
        sum += (m[i + 1] + a) * (m[i + 2] + b);
    }
    return hwv_hash_mix(sum);
}

/* Returns the hash that hwv_hash() returns for 'a' and 'b' in this order, from
 * registers.  Of 64 bits, as it is about to be multiplied. */
static inline uint64_t
hwv_hash2(const struct hwv_hash_secret *secret, uint64_t a, uint64_t b)
{
    return hwv_hash_mix(secret->multipliers[0]
                        + hwv_hash_product(secret, 0, a)
                        + hwv_hash_product(secret, 1, b));
}

#endif /* hwv-hash.h */
