// SPDX-License-Identifier: BSD-2-Clause
#include "stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void stream_init(struct stream *stream, int in, int out) {
    memset(stream, 0, sizeof *stream);
    stream->in = in;
    stream->out = out;
    pthread_mutex_init(&stream->reading, NULL);
    pthread_mutex_init(&stream->writing, NULL);
}

static size_t read_some(int in, void *to, size_t size) {
    ssize_t got;
    do
        got = read(in, to, size);
    while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

size_t stream_take_some(struct stream *stream, void *to, size_t size) {
    if (stream->at == stream->filled) {
        if (size >= STREAM_BUFFER)
            return read_some(stream->in, to, size); // straight to where it belongs
        stream->at = 0;
        stream->filled = read_some(stream->in, stream->inbox, STREAM_BUFFER);
    }
    size_t ready = stream->filled - stream->at;
    if (size > ready)
        size = ready;
    memcpy(to, stream->inbox + stream->at, size);
    stream->at += size;
    return size;
}

bool stream_take(struct stream *stream, void *to, size_t size) {
    u8 *next = to;
    while (size) {
        size_t got = stream_take_some(stream, next, size);
        if (!got)
            return false;
        next += got;
        size -= got;
    }
    return true;
}

bool stream_find(struct stream *stream, u32 kind, u32 largest, struct bridge_frame *frame) {
    if (!stream_take(stream, frame, sizeof *frame))
        return false;
    while (frame->magic != BRIDGE_MAGIC || frame->kind != kind || frame->size > largest) {
        u8 *bytes = (u8 *)frame;
        memmove(bytes, bytes + 1, sizeof *frame - 1);
        if (!stream_take(stream, bytes + sizeof *frame - 1, 1))
            return false;
    }
    return true;
}

static bool write_all(int out, const u8 *from, size_t size) {
    while (size) {
        ssize_t put = write(out, from, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        from += put;
        size -= (size_t)put;
    }
    return true;
}

bool stream_flush(struct stream *stream) {
    size_t size = stream->queued;
    stream->queued = 0;
    return write_all(stream->out, stream->outbox, size);
}

static bool queue(struct stream *stream, const void *from, size_t size) {
    if (size > STREAM_BUFFER - stream->queued && !stream_flush(stream))
        return false;
    if (size > STREAM_BUFFER)
        return write_all(stream->out, from, size);
    if (size)
        memcpy(stream->outbox + stream->queued, from, size);
    stream->queued += size;
    return true;
}

bool stream_put(struct stream *stream, u32 kind, u32 id, const void *head, size_t head_size, const void *body,
                size_t body_size) {
    struct bridge_frame frame = {BRIDGE_MAGIC, kind, id, (u32)(head_size + body_size)};
    return queue(stream, &frame, sizeof frame) && queue(stream, head, head_size) &&
           queue(stream, body, body_size);
}
