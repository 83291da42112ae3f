// SPDX-License-Identifier: BSD-2-Clause
// What a switch between threads in the middle of anything would break: sums, locks, flags that are spun on.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

static volatile int go, common;

static __attribute__((noinline)) uint64_t step(uint64_t x) { return x & 1 ? x * 3 + 1 : x >> 1; }

static void *compute(void *seed)
{
    uint64_t h = 1469598103934665603ull + (uintptr_t)seed;
    double d = 1;
    while (!go) // no call in it
        ;
    for (uint64_t i = 1; i < 20000; i++) {
        uint64_t x = i;
        for (int n = 0; x != 1 && n < 40;) {
            x = step(x), n++;
            h = (x ^ n) & 4 ? h ^ n : h * 1099511628211ull;
            __atomic_fetch_add(&common, 1, __ATOMIC_SEQ_CST);
        }
        d = d * 1.0000001 + (double)(h & 3);
    }
    return (void *)(h ^ (uint64_t)d);
}

int main(void)
{
    pthread_t t[3];
    void *got;
    for (long i = 0; i < 3; i++)
        pthread_create(&t[i], 0, compute, (void *)i);
    go = 1;
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], &got);
        printf("thread %d: %llx\n", i, (unsigned long long)(uintptr_t)got);
    }
    printf("in all %d\n", common);
    printf("done\n\n");
    return 0;
}
