// SPDX-License-Identifier: BSD-2-Clause
// Threads: locks, conditions, barriers, thread-local memory, time limits, robust locks, cancellation, once.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t full = PTHREAD_COND_INITIALIZER, empty = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int counted, slot, have, firsts;
static __thread int mine = 7;
static sem_t semaphore;

static void *count(void *n)
{
    for (long i = 0; i < 20000; i++) {
        pthread_mutex_lock(&lock);
        counted++;
        pthread_mutex_unlock(&lock);
    }
    mine += (int)(long)n;
    return (void *)(long)mine;
}

static void *produce(void *n)
{
    for (int i = 1; i <= (int)(long)n; i++) {
        pthread_mutex_lock(&lock);
        while (have)
            pthread_cond_wait(&empty, &lock);
        slot = i;
        have = 1;
        pthread_cond_signal(&full);
        pthread_mutex_unlock(&lock);
    }
    return 0;
}

static void first(void) { firsts++; }

static void *meet(void *arg)
{
    pthread_once(&once, first);
    int last = pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
    pthread_barrier_wait(&barrier);
    return (void *)(long)last;
}

static void *die_holding(void *m)
{
    pthread_mutex_lock(m);
    return 0;
}

static void *sleep_long(void *arg)
{
    sleep(1000);
    return arg;
}

static void *spin(void *flag)
{
    while (!__atomic_load_n((int *)flag, __ATOMIC_ACQUIRE))
        sched_yield();
    return flag;
}

int main(void)
{
    pthread_t t[8];
    void *got;
    long sum = 0;
    for (long i = 0; i < 8; i++)
        pthread_create(&t[i], 0, count, (void *)i);
    for (int i = 0; i < 8; i++)
        pthread_join(t[i], &got), sum += (long)got;
    printf("counted %d, own %d, sum %ld\n", counted, mine, sum);

    pthread_create(&t[0], 0, produce, (void *)500L);
    for (sum = 0; sum < 500 * 501 / 2;) {
        pthread_mutex_lock(&lock);
        while (!have)
            pthread_cond_wait(&full, &lock);
        sum += slot;
        have = 0;
        pthread_cond_signal(&empty);
        pthread_mutex_unlock(&lock);
    }
    pthread_join(t[0], 0);
    printf("sum %ld\n", sum);

    pthread_barrier_init(&barrier, 0, 4);
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], 0, meet, 0);
    for (int i = sum = 0; i < 4; i++)
        pthread_join(t[i], &got), sum += (long)got;
    printf("last %ld, once %d\n", sum, firsts);

    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_nsec += 20000000;
    if (at.tv_nsec >= 1000000000)
        at.tv_sec++, at.tv_nsec -= 1000000000;
    sem_init(&semaphore, 0, 0);
    int ended = sem_timedwait(&semaphore, &at);
    printf("timed wait %d %d\n", ended, errno == ETIMEDOUT);

    pthread_mutexattr_t kind;
    pthread_mutex_t robust;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &kind);
    pthread_create(&t[0], 0, die_holding, &robust);
    pthread_join(t[0], 0);
    ended = pthread_mutex_lock(&robust);
    printf("owner died %d\n", ended == EOWNERDEAD);

    pthread_create(&t[0], 0, sleep_long, 0);
    usleep(1000);
    pthread_cancel(t[0]);
    pthread_join(t[0], &got);
    printf("cancelled %d\n", got == PTHREAD_CANCELED);

    int flag = 0;
    pthread_create(&t[0], 0, spin, &flag);
    usleep(1000);
    __atomic_store_n(&flag, 1, __ATOMIC_RELEASE);
    pthread_join(t[0], &got);
    printf("spun %d\n", got == &flag);
    return 42;
}
