// SPDX-License-Identifier: BSD-2-Clause
#include "program.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "course.h"

#define NAG_NANOSECONDS 20000000

static void nothing(int number) {
    (void)number; // it comes to end a call that blocks
}

void program_init(struct program *program) {
    struct sigaction action = {.sa_handler = nothing}; // no SA_RESTART
    memset(program, 0, sizeof *program);
    pthread_mutex_init(&program->lock, NULL);
    pthread_cond_init(&program->changed, NULL);
    sigaction(SIGUSR1, &action, NULL);
}

// --- the thread that takes frames ---

static u8 *take_bytes(struct stream *stream, size_t size) {
    u8 *bytes = malloc(size ? size : 1);
    if (bytes && stream_take(stream, bytes, size))
        return bytes;
    free(bytes);
    return NULL;
}

enum program_taken program_take(struct program *program, struct stream *stream, u32 id, size_t size) {
    pthread_mutex_lock(&program->lock);
    bool busy = program->state != PROGRAM_NONE;
    if (!busy)
        program->state = PROGRAM_TAKEN;
    pthread_mutex_unlock(&program->lock);
    if (busy)
        return PROGRAM_ORDER;
    program->id = id;
    program->stop = 0;
    program->given_up = false;
    program->rules_size = size - sizeof program->start;
    if (!stream_take(stream, &program->start, sizeof program->start))
        return PROGRAM_END;
    program->rules = take_bytes(stream, program->rules_size);
    if (!program->rules)
        return PROGRAM_END;
    agent_init(&program->agent);
    bool good = policy_init(&program->agent.policy, program->rules, program->rules_size, program->start.rules);
    free(program->rules);
    return good ? PROGRAM_GOOD : PROGRAM_BROKEN;
}

// Whether bytes that came with STORED end the program.
static bool gives_up(u32 kind, const u8 *bytes) {
    struct bridge_name stored;
    memcpy(&stored, bytes, sizeof stored);
    return kind == KIND_STORED && stored.name;
}

enum program_taken program_hear(struct program *program, struct stream *stream, u32 kind, size_t size) {
    u8 *bytes = take_bytes(stream, size);
    if (!bytes)
        return PROGRAM_END;
    pthread_mutex_lock(&program->lock);
    bool up = gives_up(kind, bytes), wanted = !up && program->wanted == kind && !program->answer;
    if (up && program->state != PROGRAM_NONE)
        program->given_up = true;
    if (wanted) {
        program->answer = bytes;
        program->answer_size = size;
    } else {
        free(bytes);
    }
    pthread_cond_signal(&program->changed);
    pthread_mutex_unlock(&program->lock);
    return wanted || up ? PROGRAM_GOOD : PROGRAM_ORDER;
}

// One signal may come just before a call blocks: so it comes again until the program has ended.
static void *nag(void *argument) {
    struct program *program = argument;
    const struct timespec pause = {.tv_nsec = NAG_NANOSECONDS};
    pthread_mutex_lock(&program->lock);
    while (program->state == PROGRAM_RUNS && program->stop) {
        pthread_kill(program->thread, SIGUSR1);
        pthread_mutex_unlock(&program->lock);
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&program->lock);
    }
    pthread_mutex_unlock(&program->lock);
    return NULL;
}

bool program_stop(struct program *program, u32 session, u32 word) {
    pthread_t thread;
    pthread_mutex_lock(&program->lock);
    bool here = program->state != PROGRAM_NONE && program->start.session == session;
    bool first = here && !program->stop;
    if (here)
        program->stop = word;
    if (here && program->control)
        program->control->stop = word;
    if (first && program->state == PROGRAM_RUNS && !pthread_create(&thread, NULL, nag, program))
        pthread_detach(thread);
    pthread_mutex_unlock(&program->lock);
    return here;
}

// False where whoever has it does not give it back within a second.
static bool locked_soon(pthread_mutex_t *lock) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    return !pthread_mutex_timedlock(lock, &until);
}

void program_abandon(struct program *program) {
    if (!locked_soon(&program->lock))
        return;
    program->stop = SIGTERM;
    if (program->control)
        program->control->stop = SIGTERM;
    pthread_mutex_unlock(&program->lock);
}

void program_abandon_shared(struct shared *shared) {
    if (!locked_soon(&shared->lock))
        return;
    for (u32 i = 0; i < BRIDGE_HANDLES; i++) {
        struct buffer *buffer = shared->buffers[i];
        struct eh_control *control = buffer ? (void *)buffer->memory : NULL;
        if (control && buffer->size >= EH_CONTROL_MIN_SIZE && control->magic == EH_CONTROL_MAGIC)
            control->stop = SIGTERM;
    }
    pthread_mutex_unlock(&shared->lock);
}

// --- the thread that runs it ---

void program_expect(struct program *program, u32 kind) {
    pthread_mutex_lock(&program->lock);
    program->wanted = kind;
    pthread_mutex_unlock(&program->lock);
}

u8 *program_await(struct program *program, size_t *size) {
    pthread_mutex_lock(&program->lock);
    while (!program->answer && !program->given_up)
        pthread_cond_wait(&program->changed, &program->lock);
    u8 *answer = program->answer;
    *size = program->answer_size;
    program->answer = NULL;
    program->wanted = 0;
    pthread_mutex_unlock(&program->lock);
    return answer;
}

bool program_given_up(struct program *program) {
    pthread_mutex_lock(&program->lock);
    bool given_up = program->given_up;
    pthread_mutex_unlock(&program->lock);
    return given_up;
}

void program_lend_control(struct program *program, struct eh_control *control) {
    pthread_mutex_lock(&program->lock);
    program->control = control;
    if (control)
        control->stop = program->stop;
    pthread_mutex_unlock(&program->lock);
}

void program_go_on(struct program *program) {
    pthread_mutex_lock(&program->lock);
    if (program->stop == EH_STOP_LEAVE)
        program->stop = 0;
    if (program->control)
        program->control->stop = program->stop;
    pthread_mutex_unlock(&program->lock);
}

static void finish(struct program *program) {
    agent_close(&program->agent);
    pthread_mutex_lock(&program->lock);
    program->state = PROGRAM_NONE;
    free(program->answer);
    program->answer = NULL;
    program->wanted = 0;
    pthread_mutex_unlock(&program->lock);
}

bool program_run(struct program *program, struct stream *stream, struct shared *shared, int tee) {
    struct course course = {.program = program, .stream = stream, .id = program->id, .tee = tee};
    pthread_mutex_lock(&program->lock);
    program->thread = pthread_self();
    program->state = PROGRAM_RUNS;
    pthread_mutex_unlock(&program->lock);
    struct buffer *strings = shared_use(shared, program->start.strings);
    course_run(&course, strings);
    if (strings)
        shared_leave(shared, strings);
    return course_put_end(&course, finish);
}
