// SPDX-License-Identifier: BSD-2-Clause
// A program on its way: what only its own thread uses. program.c shares it with other threads, caller.c speaks
// with the other end, course.c enters the TEE.
#pragma once
#include "program.h"
#include "tee.h"

// Memory that the TEE sees for as long as a program runs.
struct lent {
    u8 *memory;
    size_t size;
    int fd;
    u64 id;
};

// A program on its way: what only its own thread uses.
struct course {
    struct program *program;
    struct stream *stream;
    u32 id;
    int tee;
    struct lent control, window;
    size_t log_size;
    struct bridge_report report, told; // at the last return; what the other end knows of it
    struct tee_result result;
    u32 last_call;
};

enum answer { ANSWER_GOOD, ANSWER_STOP, ANSWER_GONE };

// program.c
void program_expect(struct program *program, u32 kind); // an answer is waited for: before the question goes out
u8 *program_await(struct program *program, size_t *size); // it, to be freed; NULL where the other end gave up
bool program_given_up(struct program *program);
void program_lend_control(struct program *program, struct eh_control *control); // NULL: the program has ended

void program_go_on(struct program *program); // it came out since it was asked to: that was that

// caller.c
bool caller_put(struct course *course, u32 kind, const void *head, size_t size, const void *body,
                size_t body_size);

// Tells of the log and of what changed, where there is something to tell; waits until a log is stored.
enum answer caller_tell(struct course *course);

// Lets the other end perform what concerns its streams; with `wait` until one of the calls is done.
enum answer caller_run_errands(struct course *course, const struct areas *areas, struct errands *errands,
                               bool wait);

// course.c
void course_run(struct course *course, const struct buffer *strings);
bool course_put_end(struct course *course, void (*finish)(struct program *program));
