// SPDX-License-Identifier: BSD-2-Clause
#include "shared.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define LARGEST_PIECE (BRIDGE_FRAME_MAX - sizeof(struct bridge_piece))

void shared_init(struct shared *shared) {
    memset(shared, 0, sizeof *shared);
    pthread_mutex_init(&shared->lock, NULL);
}

static void *pages(size_t size) {
    void *made = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return made == MAP_FAILED ? NULL : made;
}

static void drop(struct buffer *buffer) {
    if (buffer->fd >= 0)
        close(buffer->fd);
    if (buffer->memory)
        munmap(buffer->memory, buffer->mapped);
    if (buffer->agreed)
        munmap(buffer->agreed, buffer->mapped);
    free(buffer);
}

static struct buffer *make(int tee, size_t size, struct tee_result *result) {
    struct buffer *buffer = calloc(1, sizeof *buffer);
    *result = (struct tee_result){TEE_ERROR_OUT_OF_MEMORY, TEE_ORIGIN_API, 0};
    if (!buffer)
        return NULL;
    buffer->size = size;
    buffer->mapped = (size + PAGE - 1) & ~(PAGE - 1);
    buffer->fd = -1;
    buffer->memory = pages(buffer->mapped);
    buffer->agreed = pages(buffer->mapped);
    if (buffer->memory && buffer->agreed)
        buffer->fd = tee_share(tee, buffer->memory, size, &buffer->id, result);
    if (buffer->fd < 0) {
        drop(buffer);
        return NULL;
    }
    return buffer;
}

static struct buffer **place(struct shared *shared, u32 handle) {
    for (u32 i = 0; i < BRIDGE_HANDLES; i++)
        if (handle ? shared->buffers[i] && shared->buffers[i]->handle == handle : !shared->buffers[i])
            return &shared->buffers[i];
    return NULL;
}

struct buffer *shared_allocate(struct shared *shared, int tee, u64 size, struct tee_result *result) {
    struct buffer *made = NULL;
    *result = (struct tee_result){0, 0, 0};
    pthread_mutex_lock(&shared->lock);
    struct buffer **free_place = place(shared, 0);
    if (free_place && size && size <= BRIDGE_SHARED_MAX - shared->total)
        made = make(tee, (size_t)size, result);
    if (made) {
        made->handle = ++shared->last;
        made->users = 1;
        shared->total += size;
        *free_place = made;
    }
    pthread_mutex_unlock(&shared->lock);
    return made;
}

struct buffer *shared_use(struct shared *shared, u32 handle) {
    pthread_mutex_lock(&shared->lock);
    struct buffer **found = handle ? place(shared, handle) : NULL;
    struct buffer *buffer = found ? *found : NULL;
    if (buffer)
        buffer->users++;
    pthread_mutex_unlock(&shared->lock);
    return buffer;
}

void shared_leave(struct shared *shared, struct buffer *buffer) {
    pthread_mutex_lock(&shared->lock);
    bool last = --buffer->users == 0;
    if (last)
        shared->total -= buffer->size;
    pthread_mutex_unlock(&shared->lock);
    if (last)
        drop(buffer);
}

bool shared_release(struct shared *shared, u32 handle) {
    pthread_mutex_lock(&shared->lock);
    struct buffer **found = handle ? place(shared, handle) : NULL;
    struct buffer *buffer = found ? *found : NULL;
    if (found)
        *found = NULL;
    pthread_mutex_unlock(&shared->lock);
    if (buffer)
        shared_leave(shared, buffer);
    return buffer;
}

static u64 word(const u8 *at) {
    u64 value;
    memcpy(&value, at, sizeof value);
    return value;
}

// Word by word: musl's memcmp goes byte by byte.
static bool same(const u8 *a, const u8 *b, size_t size) {
    for (; size >= 32; size -= 32, a += 32, b += 32)
        if ((word(a) ^ word(b)) | (word(a + 8) ^ word(b + 8)) | (word(a + 16) ^ word(b + 16)) |
            (word(a + 24) ^ word(b + 24)))
            return false;
    return memcmp(a, b, size) == 0;
}

// The first byte at or after `at` of a block that is `changed` or not; `end` if there is none.
static size_t seek(const struct buffer *buffer, size_t at, size_t end, bool changed) {
    while (at < end) {
        size_t step = !changed || at % PAGE || end - at < PAGE ? BRIDGE_BLOCK : PAGE;
        size_t next = (at & ~(step - 1)) + step;
        size_t size = (next < end ? next : end) - at;
        if (same(buffer->memory + at, buffer->agreed + at, size) == changed)
            at += size;
        else if (step == BRIDGE_BLOCK)
            break;
        else
            for (size_t stop = at + PAGE; at < stop; at += BRIDGE_BLOCK)
                if (!same(buffer->memory + at, buffer->agreed + at, BRIDGE_BLOCK))
                    return at;
    }
    return at;
}

bool shared_put_changes(struct buffer *buffer, u64 offset, u64 size, struct stream *stream, u32 id) {
    size_t start = (size_t)offset, end = (size_t)(offset + size);
    while ((start = seek(buffer, start, end, true)) < end) {
        size_t stop = seek(buffer, start, end, false);
        if (stop - start > LARGEST_PIECE)
            stop = start + LARGEST_PIECE;
        struct bridge_piece piece = {buffer->handle, 0, start};
        memcpy(buffer->agreed + start, buffer->memory + start, stop - start);
        if (!stream_put(stream, KIND_DATA, id, &piece, sizeof piece, buffer->agreed + start, stop - start))
            return false;
        start = stop;
    }
    return true;
}
