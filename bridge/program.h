// SPDX-License-Identifier: BSD-2-Clause
// A program that runs here from its START to its end: the TEE's requests are served by the agent of this end.
//
// Locks: `lock` guards what the thread that takes frames and the one that runs the program share: `state`,
// `stop`, `given_up`, `wanted`, `answer`, `control`. It is taken after `reading` and never held while frames are put.
#pragma once
#include <pthread.h>

#include "agent.h"
#include "shared.h"
#include "stream.h"

enum program_state { PROGRAM_NONE, PROGRAM_TAKEN, PROGRAM_RUNS };

struct program {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum program_state state;
    u32 stop;                  // what control.stop is to say
    bool given_up;             // the other end wants no more of it
    u32 wanted;                // the kind of answer that the program waits for, 0 for none
    u8 *answer;                // its payload, with answer_size bytes
    size_t answer_size;
    pthread_t thread;          // that runs it
    struct eh_control *control; // while it runs
    u32 id;                    // of the request
    struct bridge_program start;
    u8 *rules;
    size_t rules_size;
    struct errands errands;
    struct agent agent;
};

void program_init(struct program *program);

// Takes PROGRAM's payload. With `reading`. PROGRAM_ORDER where another program runs.
enum program_taken { PROGRAM_GOOD, PROGRAM_END, PROGRAM_BROKEN, PROGRAM_ORDER };
enum program_taken program_take(struct program *program, struct stream *stream, u32 id, size_t size);

// Takes an answer for the program, STORED or DONE. With `reading`.
enum program_taken program_hear(struct program *program, struct stream *stream, u32 kind, size_t size);

// Runs the program that was taken; then ENDED was put. False when the other end is gone.
bool program_run(struct program *program, struct stream *stream, struct shared *shared, int tee);

// Lets control.stop say `word`, and ends the call of the program that blocks here; then it sees the word.
// False where it is not the program of `session` that runs.
bool program_stop(struct program *program, u32 session, u32 word);

// Tells a program that computes that nobody waits for it any more: one that runs here, or one that the client
// itself resumed, whose control block is in shared memory. Neither blocks for long.
void program_abandon(struct program *program);
void program_abandon_shared(struct shared *shared);
