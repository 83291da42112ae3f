// SPDX-License-Identifier: BSD-2-Clause
// The product of two square matrices in double. matrix SIDE TIMES
#include <string.h>

#include "kernel.h"

static void multiply(int side, const double *restrict a, const double *restrict b, double *restrict c) {
    memset(c, 0, sizeof *c * (size_t)side * (size_t)side);
    for (int i = 0; i < side; i++) {
        for (int k = 0; k < side; k++) {
            double factor = a[i * side + k];
            for (int j = 0; j < side; j++) {
                c[i * side + j] += factor * b[k * side + j];
            }
        }
    }
}

int main(int count, char **words) {
    int side = (int)argument(count, words, 1, 400), times = (int)argument(count, words, 2, 5);
    size_t size = (size_t)side * (size_t)side;
    double *a = malloc(size * 8), *b = malloc(size * 8), *c = malloc(size * 8);
    uint64_t seed = 3;
    if (!a || !b || !c) {
        return 1;
    }
    for (size_t i = 0; i < size; i++) {
        a[i] = (draw(&seed) / 4294967296.0 - 0.5) * 0.1;
        b[i] = (draw(&seed) / 4294967296.0 - 0.5) * 0.1;
    }
    double start = now();
    for (int i = 0; i < times; i++) {
        multiply(side, a, b, c);
        double *old = a;
        a = c;
        c = old;
    }
    double took = now() - start;
    return report(mix_bytes(EMPTY, a, size * 8), took);
}
