// SPDX-License-Identifier: BSD-2-Clause
// libzstd on a text of made-up words. zstd compress|decompress KILOBYTES TIMES [LEVEL]
#include <string.h>
#include <zstd.h>

#include "kernel.h"

enum { WORDS = 4096, LONGEST = 12 };

// Words of few letters, the first of them far more frequent than the last.
static void fill(char *text, size_t size) {
    static char words[WORDS][LONGEST];
    uint64_t seed = 23;
    for (int i = 0; i < WORDS; i++) {
        uint32_t length = 2 + draw(&seed) % (LONGEST - 3);
        for (uint32_t j = 0; j < length; j++) {
            words[i][j] = "etaoinshrdlucmfwypvbgkqjxz"[draw(&seed) % 26 * (draw(&seed) % 26) / 26];
        }
    }
    size_t at = 0;
    while (at < size) {
        uint32_t bits = draw(&seed);
        const char *word = words[(bits & 4095) * (bits >> 12 & 4095) / 4096 * (bits >> 24) / 256];
        size_t length = strlen(word), room = size - at;
        memcpy(text + at, word, length < room ? length : room);
        at += length;
        if (at < size) {
            text[at++] = bits % 13 ? ' ' : '\n';
        }
    }
}

int main(int count, char **words) {
    size_t size = (size_t)argument(count, words, 2, 1024) * 1024;
    long times = argument(count, words, 3, 10);
    int level = (int)argument(count, words, 4, 3), decompress = count > 1 && !strcmp(words[1], "decompress");
    size_t bound = ZSTD_compressBound(size);
    char *text = malloc(size), *packed = malloc(bound), *again = malloc(size);
    ZSTD_CCtx *compressor = ZSTD_createCCtx();
    ZSTD_DCtx *decompressor = ZSTD_createDCtx();
    if (!text || !packed || !again || !compressor || !decompressor) {
        return 1;
    }
    fill(text, size);
    memset(packed, 0, bound);
    memset(again, 0, size);
    size_t length = ZSTD_compressCCtx(compressor, packed, bound, text, size, level);
    double start = now();
    for (long i = 0; i < times; i++) {
        if (decompress) {
            ZSTD_decompressDCtx(decompressor, again, size, packed, length);
        } else {
            length = ZSTD_compressCCtx(compressor, packed, bound, text, size, level);
        }
    }
    double took = now() - start;
    if (ZSTD_isError(length) || ZSTD_decompressDCtx(decompressor, again, size, packed, length) != size
        || memcmp(again, text, size)) {
        return 1;
    }
    return report(mix_bytes(EMPTY, packed, length), took);
}
