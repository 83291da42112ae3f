// SPDX-License-Identifier: BSD-2-Clause
// What the kernels share: the clock, random numbers, a checksum, and how a result is told.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define EMPTY 0xcbf29ce484222325u

static inline double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

// FNV-1a, by words and by bytes.
static inline uint64_t mix(uint64_t sum, uint64_t word) {
    return (sum ^ word) * 0x100000001b3u;
}

static inline uint64_t mix_bytes(uint64_t sum, const void *data, size_t size) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        sum = mix(sum, bytes[i]);
    }
    return sum;
}

// 32 random bits (PCG); the same in all places. A state may begin with any number.
static inline uint32_t draw(uint64_t *state) {
    uint64_t old = *state;
    *state = old * 6364136223846793005u + 1442695040888963407u;
    uint32_t folded = (uint32_t)((old >> 18 ^ old) >> 27);
    int turn = (int)(old >> 59);
    return folded >> turn | folded << (-turn & 31);
}

// The number among the program's arguments at `place`, or another where there is none.
static inline long argument(int count, char **words, int place, long otherwise) {
    return place < count ? atol(words[place]) : otherwise;
}

// Ends a program: what must be the same in all places, and what differs.
static inline int report(uint64_t checksum, double seconds) {
    printf("checksum %016llx\nseconds %.6f\n", (unsigned long long)checksum, seconds);
    return 0;
}
