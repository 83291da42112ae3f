// SPDX-License-Identifier: BSD-2-Clause
// Random numbers sorted: once by a comparison in place, once by one that is called. quicksort NUMBERS TIMES
#include "kernel.h"

typedef int Compare(const uint32_t *, const uint32_t *);

static int by_value(const uint32_t *a, const uint32_t *b) {
    return *a < *b ? -1 : *a > *b;
}

static int by_low_half(const uint32_t *a, const uint32_t *b) {
    uint32_t x = *a << 16 | *a >> 16, y = *b << 16 | *b >> 16;
    return x < y ? -1 : x > y;
}

static void swap(uint32_t *a, uint32_t *b) {
    uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

static inline long divide(uint32_t *data, long size, Compare *compare) {
    long low = 0, high = size - 1;
    uint32_t pivot = data[size / 2];
    for (;;) {
        while (compare(&data[low], &pivot) < 0) {
            low++;
        }
        while (compare(&pivot, &data[high]) < 0) {
            high--;
        }
        if (low >= high) {
            return high + 1;
        }
        swap(&data[low++], &data[high--]);
    }
}

static void insert(uint32_t *data, long size, Compare *compare) {
    for (long i = 1; i < size; i++) {
        uint32_t value = data[i];
        long at = i;
        for (; at > 0 && compare(&value, &data[at - 1]) < 0; at--) {
            data[at] = data[at - 1];
        }
        data[at] = value;
    }
}

__attribute__((noinline)) static void sort_values(uint32_t *data, long size) {
    while (size > 16) {
        long middle = divide(data, size, by_value);
        sort_values(data, middle);
        data += middle;
        size -= middle;
    }
    insert(data, size, by_value);
}

__attribute__((noinline)) static void sort_by(uint32_t *data, long size, Compare *compare) {
    while (size > 16) {
        long middle = divide(data, size, compare);
        sort_by(data, middle, compare);
        data += middle;
        size -= middle;
    }
    insert(data, size, compare);
}

int main(int count, char **words) {
    long size = argument(count, words, 1, 1000000), times = argument(count, words, 2, 3);
    uint32_t *data = malloc((size_t)size * 4);
    Compare *volatile compare = by_low_half;
    uint64_t sum = EMPTY, seed = 5;
    double took = 0;
    for (long round = 0; data && round < times; round++) {
        for (long i = 0; i < size; i++) {
            data[i] = draw(&seed);
        }
        double start = now();
        sort_values(data, size);
        uint64_t first = data[size / 3];
        sort_by(data, size, compare);
        took += now() - start;
        sum = mix_bytes(mix(sum, first), data, (size_t)size * 4);
    }
    return report(sum, took);
}
