// SPDX-License-Identifier: BSD-2-Clause
// Bytes in and frames out over two descriptors, buffered.
//
// Locks: `reading` is held by whoever takes a frame, `writing` by whoever puts the frames of one answer.
// Reading may be held when writing is taken, never the other way round.
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "protocol.h"

#define STREAM_BUFFER 65536

struct stream {
    int in, out;
    pthread_mutex_t reading, writing;
    size_t at, filled; // inbox[at..filled) was read and is not taken yet
    size_t queued;     // bytes of outbox that wait for the next flush
    u8 inbox[STREAM_BUFFER];
    u8 outbox[STREAM_BUFFER];
};

void stream_init(struct stream *stream, int in, int out);

// Takes exactly `size` bytes; false at the end of the stream. With `reading`.
bool stream_take(struct stream *stream, void *to, size_t size);

// Takes at most `size` bytes, at least one, as they come; 0 at the end. With `reading`.
size_t stream_take_some(struct stream *stream, void *to, size_t size);

// Skips bytes until the header of a frame of `kind` with a payload of at most `largest` bytes was taken.
bool stream_find(struct stream *stream, u32 kind, u32 largest, struct bridge_frame *frame);

// Queues a frame of two parts; false when the other end is gone. With `writing`.
bool stream_put(struct stream *stream, u32 kind, u32 id, const void *head, size_t head_size, const void *body,
                size_t body_size);

// Sends what is queued. With `writing`.
bool stream_flush(struct stream *stream);
