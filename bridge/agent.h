// SPDX-License-Identifier: BSD-2-Clause
// The agent of this end: performs delegated calls of one program with the rights of this process. It trusts
// nothing that the program sends, as normal/agent.py, whose results it gives; rows and shapes are generated.
// The caller's standard streams are files 0 to 2 and lie at the other end: requests about them are errands.
#pragma once
#include "calls.h"
#include "policy.h"

#define FILES_MAX 1024
#define STREAMS 3
#define AT_CALLER (-1) // the descriptor of a stream that lies at the other end

struct file {
    u64 number; // the runtime's
    int fd;
    bool appending;
};

struct files {
    size_t count;
    struct file open[FILES_MAX];
};

// A slot, copied once: its fields, and its bytes where they lie.
struct request {
    u32 slot, call, id;
    u64 args[6];
    const u8 *paths[2];
    size_t path_lengths[2];
    u8 *input, *output;
    size_t input_size, output_size;
    u64 value; // the second result of an answer
};

// What of the shared memory a request may refer to.
struct areas {
    u8 *control, *window; // window is NULL where it is not there
    size_t data_offset, data_end, window_size;
};

// Requests that wait for the caller's streams.
struct errands {
    u32 count;
    struct request request[EH_SLOT_COUNT];
};

struct agent {
    struct policy policy;
    struct files files;
    u64 counts[CALL_ROWS]; // calls that were performed
};

void agent_init(struct agent *agent);
void agent_close(struct agent *agent); // closes what the program left open

// Answers the requests in the block, at most `pending`; those about the caller's streams go to `errands`.
// The number answered. One request may block.
u32 agent_serve(struct agent *agent, const struct areas *areas, u32 pending, struct errands *errands);

// Answers an errand, whose output was written.
void agent_answer(struct agent *agent, const struct areas *areas, const struct request *request, s64 result,
                  u64 value);

// files.c
struct file *file_find(struct files *files, u64 number); // NULL where none is open
int file_fd(struct files *files, u64 number);            // -EBADF, too, for a stream at the other end
