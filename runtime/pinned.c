// SPDX-License-Identifier: BSD-2-Clause
// Pinned files: each block's SHA-256 stands in the signed policy.
#include "files.h"

s64 pinned_check(const struct eh_file *file, const u8 *data, u64 size, u64 offset) {
    u64 block = 1ull << file->pin->block_shift;
    for (u64 at = 0; at < size; at += block) {
        u8 hash[32];
        if (utee_sha256(data + at, EH_MIN(block, size - at), hash) ||
            memcmp(hash, policy_hash(file->pin, (u32)((offset + at) >> file->pin->block_shift)), 32))
            return wire_violated(EH_RULE_FILES_PINNED);
    }
    return 0;
}
