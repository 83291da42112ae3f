// SPDX-License-Identifier: BSD-2-Clause
// Authenticated encryption inside the runtime: ChaCha20-Poly1305 (RFC 8439), for data in whole pieces.
#pragma once
#include "rt.h"

struct aead_key {
    u8 bytes[32];
};

// `from`, `to` (they may be the same), and `data`, which is authenticated alone, lie at multiples of 8; `size` is a
// multiple of 64 and `data_size` one of 16.
void aead_seal(const struct aead_key *key, const u8 nonce[12], const void *data, u64 data_size, const u8 *from, u8 *to,
               u64 size, u8 tag[16]);
int aead_open(const struct aead_key *key, const u8 nonce[12], const void *data, u64 data_size, const u8 *from, u8 *to,
              u64 size, const u8 tag[16]); // whether it holds; nothing is written unless it does
