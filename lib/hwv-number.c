/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-number.h"

#include <ctype.h>

#include "util.h"

bool
hwv_number_parse(const char *s, unsigned int min, unsigned int max,
                 unsigned int *value)
{
    unsigned int n;

    if (!isdigit((unsigned char) s[0]) || !str_to_uint(s, 10, &n)
        || n < min || n > max) {
        return false;
    }
    *value = n;
    return true;
}
