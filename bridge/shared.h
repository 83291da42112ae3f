// SPDX-License-Identifier: BSD-2-Clause
// Shared memory of a connection, by handle, and what changed in it since both ends agreed.
//
// Locks: `lock` guards the table and the counts. The bytes of `agreed` are written with the stream's
// `reading` (pieces that come) or `writing` (changes that go); a client does not write to what a call of its
// own uses at that moment.
#pragma once
#include <pthread.h>

#include "stream.h"
#include "tee.h"

struct buffer {
    u32 handle;
    u32 users; // calls under way; and one for the table, until RELEASE
    int fd;
    u64 id; // the kernel's
    size_t size, mapped;
    u8 *memory; // what the TEE sees
    u8 *agreed; // what the client knows
};

struct shared {
    pthread_mutex_t lock;
    u64 total;
    u32 last;
    struct buffer *buffers[BRIDGE_HANDLES];
};

void shared_init(struct shared *shared);

// New memory, zeroed; NULL with the reason in `result`, or with code 0 where it would break a limit.
struct buffer *shared_allocate(struct shared *shared, int tee, u64 size, struct tee_result *result);

// The buffer of a handle for one more user; NULL if there is none.
struct buffer *shared_use(struct shared *shared, u32 handle);
void shared_leave(struct shared *shared, struct buffer *buffer);

// Ends a handle; false if there is none. Its memory goes with its last user.
bool shared_release(struct shared *shared, u32 handle);

// Puts a DATA frame for each run of changed blocks in the range. With `writing`.
bool shared_put_changes(struct buffer *buffer, u64 offset, u64 size, struct stream *stream, u32 id);
