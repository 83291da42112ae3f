// SPDX-License-Identifier: BSD-2-Clause
// AES-128 (FIPS 197) in counter mode, by tables of words. aes KILOBYTES ROUNDS
#include <string.h>

#include "kernel.h"

enum { ROUNDS = 10 };

static unsigned char box[256];
static uint32_t table[4][256];

static unsigned char twice(unsigned char byte) {
    return (unsigned char)(byte << 1 ^ (byte & 0x80 ? 0x1b : 0));
}

static uint32_t right(uint32_t word, int by) {
    return word >> by | word << (32 - by);
}

static void make_tables(void) {
    unsigned char power = 1, inverse = 1;
    do {
        power ^= twice(power);  // by 3
        inverse ^= inverse << 1;  // by 1/3
        inverse ^= inverse << 2;
        inverse ^= inverse << 4;
        inverse ^= inverse & 0x80 ? 0x09 : 0;
        unsigned char mixed = inverse;
        for (int i = 1; i < 5; i++) {
            mixed ^= (unsigned char)(inverse << i | inverse >> (8 - i));
        }
        box[power] = mixed ^ 0x63;
    } while (power != 1);
    box[0] = 0x63;
    for (int i = 0; i < 256; i++) {
        unsigned char s = box[i], s2 = twice(s);
        uint32_t word = (uint32_t)s2 << 24 | s << 16 | s << 8 | (s2 ^ s);
        for (int turn = 0; turn < 4; turn++) {
            table[turn][i] = turn ? right(word, 8 * turn) : word;
        }
    }
}

static uint32_t substituted(uint32_t word) {
    return (uint32_t)box[word >> 24] << 24 | box[word >> 16 & 255] << 16 | box[word >> 8 & 255] << 8 | box[word & 255];
}

static void expand(uint32_t keys[4 * ROUNDS + 4]) {
    unsigned char constant = 1;
    for (int i = 4; i < 4 * ROUNDS + 4; i++) {
        uint32_t word = keys[i - 1];
        if (i % 4 == 0) {
            word = substituted(right(word, 24)) ^ (uint32_t)constant << 24;
            constant = twice(constant);
        }
        keys[i] = keys[i - 4] ^ word;
    }
}

static void encrypt(const uint32_t *keys, const uint32_t in[4], uint32_t out[4]) {
    uint32_t s[4], t[4];
    for (int i = 0; i < 4; i++) {
        s[i] = in[i] ^ keys[i];
    }
    for (int round = 1; round < ROUNDS; round++) {
        for (int i = 0; i < 4; i++) {
            t[i] = table[0][s[i] >> 24] ^ table[1][s[(i + 1) & 3] >> 16 & 255] ^ table[2][s[(i + 2) & 3] >> 8 & 255]
                 ^ table[3][s[(i + 3) & 3] & 255] ^ keys[4 * round + i];
        }
        memcpy(s, t, sizeof s);
    }
    for (int i = 0; i < 4; i++) {
        uint32_t high = (s[i] & 0xff000000) | (s[(i + 1) & 3] & 0xff0000);
        uint32_t low = (s[(i + 2) & 3] & 0xff00) | (s[(i + 3) & 3] & 255);
        out[i] = substituted(high | low) ^ keys[4 * ROUNDS + i];
    }
}

static int as_published(void) {
    uint32_t keys[4 * ROUNDS + 4], in[4], out[4];
    for (uint32_t i = 0; i < 4; i++) {
        keys[i] = 0x00010203 + i * 0x04040404;
        in[i] = 0x00112233 + i * 0x44444444;
    }
    expand(keys);
    encrypt(keys, in, out);
    return out[0] == 0x69c4e0d8 && out[1] == 0x6a7b0430 && out[2] == 0xd8cdb780 && out[3] == 0x70b4c55a;
}

int main(int count, char **words) {
    size_t size = (size_t)argument(count, words, 1, 1024) * 1024 / 4;
    long rounds = argument(count, words, 2, 50);
    uint32_t keys[4 * ROUNDS + 4] = {1, 2, 3, 4}, counter[4] = {5, 6, 7, 0}, stream[4];
    uint32_t *data = malloc(size * 4);
    make_tables();
    if (!data || !as_published()) {
        return 1;
    }
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint32_t)i;
    }
    expand(keys);
    double start = now();
    for (long round = 0; round < rounds; round++) {
        for (size_t i = 0; i < size; i += 4) {
            counter[3]++;
            encrypt(keys, counter, stream);
            for (int j = 0; j < 4; j++) {
                data[i + j] ^= stream[j];
            }
        }
    }
    double took = now() - start;
    return report(mix_bytes(EMPTY, data, size * 4), took);
}
