// SPDX-License-Identifier: BSD-2-Clause
// ChaCha20 and Poly1305 as an AEAD (RFC 8439). Nothing branches on a secret or is addressed by one, and no vector
// register is used, so that it may run while the program's are live.
#include "aead.h"

enum { BLOCK = 64, WORDS = 16, PIECE = 16 };

static inline u32 turned(u32 x, u32 by) { return x << by | x >> (32 - by); }

#define QUARTER(a, b, c, d)                                                                                            \
    a += b, d = turned(d ^ a, 16);                                                                                     \
    c += d, b = turned(b ^ c, 12);                                                                                     \
    a += b, d = turned(d ^ a, 8);                                                                                      \
    c += d, b = turned(b ^ c, 7)

// One block of the key stream, and the counter one further (clause 2.3).
static void stream(u32 state[WORDS], u32 out[WORDS]) {
    u32 x0 = state[0], x1 = state[1], x2 = state[2], x3 = state[3], x4 = state[4], x5 = state[5], x6 = state[6],
        x7 = state[7], x8 = state[8], x9 = state[9], x10 = state[10], x11 = state[11], x12 = state[12],
        x13 = state[13], x14 = state[14], x15 = state[15];
    for (u32 round = 0; round < 20; round += 2) {
        QUARTER(x0, x4, x8, x12);
        QUARTER(x1, x5, x9, x13);
        QUARTER(x2, x6, x10, x14);
        QUARTER(x3, x7, x11, x15);
        QUARTER(x0, x5, x10, x15);
        QUARTER(x1, x6, x11, x12);
        QUARTER(x2, x7, x8, x13);
        QUARTER(x3, x4, x9, x14);
    }
    out[0] = x0 + state[0], out[1] = x1 + state[1], out[2] = x2 + state[2], out[3] = x3 + state[3];
    out[4] = x4 + state[4], out[5] = x5 + state[5], out[6] = x6 + state[6], out[7] = x7 + state[7];
    out[8] = x8 + state[8], out[9] = x9 + state[9], out[10] = x10 + state[10], out[11] = x11 + state[11];
    out[12] = x12 + state[12], out[13] = x13 + state[13], out[14] = x14 + state[14], out[15] = x15 + state[15];
    state[12]++;
}

static void turn(u32 state[WORDS], const u64 *from, u64 *to, u64 size) {
    u64 key[BLOCK / 8];
    for (; size; size -= BLOCK, from += BLOCK / 8, to += BLOCK / 8) {
        stream(state, (u32 *)key);
        for (u32 i = 0; i < BLOCK / 8; i++)
            to[i] = from[i] ^ key[i];
    }
}

struct poly { // clause 2.5: the sum so far, below 2^131, and the key's halves
    u64 h0, h1, h2, r0, r1, s0, s1;
};

typedef unsigned __int128 u128;

static void add(struct poly *p, const u64 *data, u64 size) {
    u64 h0 = p->h0, h1 = p->h1, h2 = p->h2, r0 = p->r0, r1 = p->r1;
    u64 folded = r1 + (r1 >> 2); // r1 * 2^128, modulo 2^130 - 5: the low bits of r1 are clear
    for (; size; size -= PIECE, data += PIECE / 8) {
        u128 sum = (u128)h0 + data[0];
        h0 = (u64)sum;
        sum = (u128)h1 + data[1] + (u64)(sum >> 64);
        h1 = (u64)sum;
        h2 += 1 + (u64)(sum >> 64);
        u128 low = (u128)h0 * r0 + (u128)h1 * folded;
        u128 high = (u128)h0 * r1 + (u128)h1 * r0 + h2 * folded + (u64)(low >> 64);
        h2 = h2 * r0 + (u64)(high >> 64);
        sum = (u128)(u64)low + (h2 >> 2) + (h2 & ~3ull);
        h0 = (u64)sum;
        sum = (u128)(u64)high + (u64)(sum >> 64);
        h1 = (u64)sum;
        h2 = (h2 & 3) + (u64)(sum >> 64);
    }
    p->h0 = h0, p->h1 = h1, p->h2 = h2;
}

static void finish(struct poly *p, u64 tag[2]) {
    u128 sum = (u128)p->h0 + 5; // of at least the modulus: what lies above it is the remainder
    u128 next = (u128)p->h1 + (u64)(sum >> 64);
    u64 over = 0 - ((p->h2 + (u64)(next >> 64)) >> 2);
    u64 h0 = (p->h0 & ~over) | ((u64)sum & over), h1 = (p->h1 & ~over) | ((u64)next & over);
    sum = (u128)h0 + p->s0;
    tag[0] = (u64)sum;
    tag[1] = h1 + p->s1 + (u64)(sum >> 64);
}

// Clause 2.8: the state of the stream at its first block of data, and the authenticator's key from the one before.
static void begin(const struct aead_key *key, const u8 nonce[12], u32 state[WORDS], struct poly *p) {
    static const u8 constant[] = "expand 32-byte k";
    u64 first[BLOCK / 8];
    memcpy(state, constant, 16);
    memcpy(state + 4, key->bytes, sizeof key->bytes);
    state[12] = 0;
    memcpy(state + 13, nonce, 12);
    stream(state, (u32 *)first);
    *p = (struct poly){0, 0, 0, first[0] & 0x0ffffffc0fffffff, first[1] & 0x0ffffffc0ffffffc, first[2], first[3]};
}

static void authenticate(struct poly *p, const void *data, u64 data_size, const u8 *from, u64 size, u64 tag[2]) {
    u64 sizes[2] = {data_size, size};
    add(p, data, data_size);
    add(p, (const u64 *)from, size);
    add(p, sizes, sizeof sizes);
    finish(p, tag);
}

void aead_seal(const struct aead_key *key, const u8 nonce[12], const void *data, u64 data_size, const u8 *from, u8 *to,
               u64 size, u8 tag[16]) {
    u32 state[WORDS];
    u64 made[2];
    struct poly p;
    begin(key, nonce, state, &p);
    turn(state, (const u64 *)from, (u64 *)to, size);
    authenticate(&p, data, data_size, to, size, made);
    memcpy(tag, made, sizeof made);
}

int aead_open(const struct aead_key *key, const u8 nonce[12], const void *data, u64 data_size, const u8 *from, u8 *to,
              u64 size, const u8 tag[16]) {
    u32 state[WORDS];
    u64 made[2], given[2];
    struct poly p;
    begin(key, nonce, state, &p);
    authenticate(&p, data, data_size, from, size, made);
    memcpy(given, tag, sizeof given);
    if ((made[0] ^ given[0]) | (made[1] ^ given[1]))
        return 0;
    turn(state, (const u64 *)from, (u64 *)to, size);
    return 1;
}
