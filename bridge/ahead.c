// SPDX-License-Identifier: BSD-2-Clause
#include "ahead.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

void ahead_init(struct ahead *ahead) {
    memset(ahead, 0, sizeof *ahead);
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->changed, NULL);
}

// Reads what `ahead` says, whenever it says something.
static void *work(void *argument) {
    struct ahead *ahead = argument;
    pthread_mutex_lock(&ahead->lock);
    for (;;) {
        while (!ahead->busy)
            pthread_cond_wait(&ahead->changed, &ahead->lock);
        struct reading reading = ahead->reading;
        u8 *to = ahead->window + reading.at;
        pthread_mutex_unlock(&ahead->lock);
        ssize_t got = pread(reading.fd, to, reading.size, (off_t)reading.offset);
        pthread_mutex_lock(&ahead->lock);
        if (got != (ssize_t)reading.size)
            ahead->valid = false; // the end of the file, or an error: to be seen when it is asked for
        ahead->busy = false;
        pthread_cond_broadcast(&ahead->changed);
    }
    return NULL;
}

static bool begin_thread(struct ahead *ahead) {
    if (!ahead->started && !pthread_create(&ahead->thread, NULL, work, ahead)) {
        ahead->started = !pthread_detach(ahead->thread);
        ahead->away = -1;
    }
    return ahead->started;
}

// Keeps the thread away from the processor that is about to enter the TEE: Linux would not run it there.
static void keep_away(struct ahead *ahead) {
    cpu_set_t others;
    int here = sched_getcpu();
    if (here < 0 || here == ahead->away || sched_getaffinity(0, sizeof others, &others))
        return;
    CPU_CLR((size_t)here, &others);
    if (CPU_COUNT(&others) && !pthread_setaffinity_np(ahead->thread, sizeof others, &others))
        ahead->away = here;
}

static void settle(struct ahead *ahead) {
    while (ahead->busy)
        pthread_cond_wait(&ahead->changed, &ahead->lock);
}

void ahead_begin(struct ahead *ahead, const struct reading *reading, u8 *window) {
    pthread_mutex_lock(&ahead->lock);
    settle(ahead);
    ahead->reading = *reading;
    ahead->window = window;
    ahead->busy = ahead->valid = begin_thread(ahead);
    if (ahead->busy)
        keep_away(ahead);
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->lock);
}

bool ahead_take(struct ahead *ahead, const struct reading *reading) {
    pthread_mutex_lock(&ahead->lock);
    const struct reading *had = &ahead->reading;
    bool same = ahead->valid && had->number == reading->number && had->offset == reading->offset &&
                had->size == reading->size && had->at == reading->at;
    if (same)
        settle(ahead);
    same = same && ahead->valid;
    ahead->valid = false;
    pthread_mutex_unlock(&ahead->lock);
    return same;
}

void ahead_forget(struct ahead *ahead) {
    pthread_mutex_lock(&ahead->lock);
    ahead->valid = false;
    pthread_mutex_unlock(&ahead->lock);
}

void ahead_settle(struct ahead *ahead) {
    pthread_mutex_lock(&ahead->lock);
    settle(ahead);
    pthread_mutex_unlock(&ahead->lock);
}
