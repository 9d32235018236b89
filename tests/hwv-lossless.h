/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_LOSSLESS_H
#define HWV_LOSSLESS_H 1

/* Does the action compiler keep all that it accepts? */

#include <stdbool.h>
#include <stddef.h>

/* Compiles the 'len' bytes of actions at 'data', in a buffer of exactly that
 * size so that a sanitizer sees reads beyond.  Fails if they are accepted but
 * are not what the result says.  Returns true if they are accepted. */
bool hwv_check_lossless(const void *data, size_t len);

#endif /* hwv-lossless.h */
