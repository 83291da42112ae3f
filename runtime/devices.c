// SPDX-License-Identifier: BSD-2-Clause
// The devices that every program may use, because nothing outside is needed for them: null, zero, full, random and
// urandom of /dev. Their random bytes are the TEE's.
#include "files.h"

static const struct {
    char path[13];
    u8 length, minor;
} devices[] = {
    {"/dev/null", 9, 3},    {"/dev/zero", 9, 5},     {"/dev/full", 9, 7},
    {"/dev/random", 11, 8}, {"/dev/urandom", 12, 9},
};
enum { DEVICES = sizeof devices / sizeof *devices, NULL_DEVICE = 1, FULL_DEVICE = 3, RANDOM_DEVICE = 4 };

u32 device_named(const char *path, u32 length) {
    for (u32 i = 0; i < DEVICES; i++)
        if (eh_equal(path, length, devices[i].path, devices[i].length))
            return i + 1;
    return 0;
}

u64 device_number(u32 device) { return 1u << 8 | devices[device - 1].minor; }

s64 device_read(const struct eh_file *file, struct eh_span *s) {
    u8 bytes[256];
    u64 done = 0;
    if (file->special == NULL_DEVICE)
        return 0;
    memset(bytes, 0, sizeof bytes);
    while (s->left) {
        u64 piece = EH_MIN(s->left, sizeof bytes);
        if (file->special >= RANDOM_DEVICE)
            utee_random(bytes, (u32)piece);
        span_write(s, bytes, piece);
        done += piece;
    }
    return (s64)done;
}

s64 device_write(const struct eh_file *file, const struct eh_span *s) {
    return file->special == FULL_DEVICE && s->left ? -ENOSPC : (s64)s->left;
}
