// SPDX-License-Identifier: BSD-2-Clause
// Reading a file ahead while the program takes in what it asked for before: on a second processor the read costs
// no time. What was read is used for the very next call or not at all, so that no program can tell.
//
// Locks: `lock` guards all of struct ahead.
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "types.h"

#define AHEAD_LEAST ((size_t)262144) // bytes of a read that is worth another one ahead

// A read: `size` bytes at `offset` of a file, to `at` bytes behind the start of a window.
struct reading {
    int fd;
    u64 number, offset; // the file's number is the runtime's
    size_t size, at;
};

struct ahead {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started, busy, valid;
    pthread_t thread;
    int away; // the processor that the thread keeps away from
    struct reading reading;
    u8 *window;
};

void ahead_init(struct ahead *ahead);

// Begins a read into `window`, which stays where it is until ahead_settle.
void ahead_begin(struct ahead *ahead, const struct reading *reading, u8 *window);

// Whether the window holds all of what this read asks for; then it is forgotten. Waits for a read under way.
bool ahead_take(struct ahead *ahead, const struct reading *reading);

// What was read is out of date.
void ahead_forget(struct ahead *ahead);

// Waits until no read is under way.
void ahead_settle(struct ahead *ahead);
