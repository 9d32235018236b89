/* SPDX-License-Identifier: Apache-2.0 */

#ifndef HWV_NUMBER_H
#define HWV_NUMBER_H 1

/* Numbers in options and commands
 * ===============================
 *
 * A number is written with decimal digits and nothing else: OVS's
 * str_to_uint() would take a sign and spaces in front, too, so that one value
 * would have several spellings.  A pure function; any thread. */

#include <stdbool.h>

/* If 's' is a number from 'min' to 'max', stores it in '*value' and returns
 * true; otherwise leaves '*value' alone. */
bool hwv_number_parse(const char *s, unsigned int min, unsigned int max,
                      unsigned int *value);

#endif /* hwv-number.h */
