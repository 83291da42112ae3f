// SPDX-License-Identifier: BSD-2-Clause
// Loops that do almost nothing else: `multiply`, `dot` or `fib`, and how often. Prints nanoseconds a turn.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static unsigned long turns;
static volatile unsigned sink;

__attribute__((noinline)) static unsigned fib(unsigned n) {
    turns++;
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void multiply(unsigned long count) {
    unsigned x = 1;
    for (unsigned long i = 0; i < count; i++) {
        x = x * 1664525u + 1013904223u;
        __asm__ volatile("" : "+r"(x));
    }
    sink = x;
    turns = count;
}

static void dot(unsigned long count) {
    static float a[4096], b[4096];
    for (int i = 0; i < 4096; i++) a[i] = (float)i, b[i] = 1.0f / (float)(i + 1);
    float sum = 0;
    for (unsigned long k = 0; k < count; k += 4096) {
        for (int i = 0; i < 4096; i++) sum += a[i] * b[i];
        __asm__ volatile("" ::: "memory");
    }
    sink = (unsigned)sum;
    turns = count;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    unsigned long count = strtoul(argv[2], 0, 10);
    double start = now();
    if (!strcmp(argv[1], "multiply")) multiply(count);
    else if (!strcmp(argv[1], "dot")) dot(count);
    else sink = fib((unsigned)count);
    printf("%.3f\n", (now() - start) / (double)turns);
    return 0;
}
