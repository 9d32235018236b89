/* SPDX-License-Identifier: Apache-2.0 */

#include <config.h>
#include "hwv-fuzz.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/vlog.h"
#include "random.h"
#include "util.h"

int
LLVMFuzzerInitialize(int *argc OVS_UNUSED, char ***argv)
{
    set_program_name(**argv);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    return 0;
}

/* In place of libcheck's: the checks that fuzz targets share with unit tests
 * say what is wrong and end the program in a way that libFuzzer recognizes. */
void
_ck_assert_failed(const char *file, int line, const char *expr,
                  const char *msg, ...)
{
    fprintf(stderr, "%s:%d: %s", file, line, expr);
    if (msg) {
        va_list args;

        va_start(args, msg);
        fputs(": ", stderr);
        vfprintf(stderr, msg, args);
        va_end(args);
    }
    fputc('\n', stderr);
    abort();
}

void
_mark_point(const char *file OVS_UNUSED, int line OVS_UNUSED)
{
}

const uint8_t *
hwv_fuzz_bytes(struct hwv_fuzz *input, size_t *n)
{
    const uint8_t *bytes = input->data;

    *n = MIN(*n, input->left);
    input->data += *n;
    input->left -= *n;
    return bytes;
}

uint8_t
hwv_fuzz_u8(struct hwv_fuzz *input)
{
    size_t n = 1;
    const uint8_t *byte = hwv_fuzz_bytes(input, &n);

    return n ? *byte : 0;
}

uint16_t
hwv_fuzz_u16(struct hwv_fuzz *input)
{
    uint16_t high = hwv_fuzz_u8(input);

    return high << 8 | hwv_fuzz_u8(input);
}

uint32_t
hwv_fuzz_u32(struct hwv_fuzz *input)
{
    uint32_t high = hwv_fuzz_u16(input);

    return high << 16 | hwv_fuzz_u16(input);
}

const uint8_t *
hwv_fuzz_packet(struct hwv_fuzz *input, size_t *n)
{
    static const uint8_t shortest[1];
    const uint8_t *data;

    *n = hwv_fuzz_u16(input);
    data = hwv_fuzz_bytes(input, n);
    if (!*n) {
        *n = sizeof shortest;
        return shortest;
    }
    return data;
}

char *
hwv_fuzz_string(struct hwv_fuzz *input)
{
    size_t n = input->left ? strnlen((const char *) input->data, input->left)
                           : 0;
    const char *s = (const char *) hwv_fuzz_bytes(input, &n);

    hwv_fuzz_u8(input);
    return xmemdup0(s, n);
}

void
hwv_fuzz_seed(struct hwv_fuzz *input)
{
    /* OVS takes zero for "no seed". */
    random_set_seed(hwv_fuzz_u32(input) | 1);
}
