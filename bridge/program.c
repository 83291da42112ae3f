// SPDX-License-Identifier: BSD-2-Clause
#include "program.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tee.h"

#define CONTROL_WITH_LOG 65536
#define LOG_SIZE 32768
#define DATA_OFFSET (EH_SLOTS_OFFSET + EH_SLOT_COUNT * sizeof(struct eh_slot))
#define NAG_NANOSECONDS 20000000
#define REPORT_AT offsetof(struct eh_control, state)
_Static_assert(sizeof(struct bridge_report) + REPORT_AT <= sizeof(struct eh_control), "report");

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
    struct lent control, window, spare; // the spare is what is read ahead into
    size_t log_size;
    struct bridge_report report, told; // at the last return; what the other end knows of it
    struct tee_result result;
    u32 last_call;
};

enum answer { ANSWER_GOOD, ANSWER_STOP, ANSWER_GONE };

static void nothing(int number) {
    (void)number; // it comes to end a call that blocks
}

void program_init(struct program *program) {
    struct sigaction action = {.sa_handler = nothing}; // no SA_RESTART
    memset(program, 0, sizeof *program);
    pthread_mutex_init(&program->lock, NULL);
    pthread_cond_init(&program->changed, NULL);
    ahead_init(&program->agent.ahead);
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

void program_abandon(struct program *program) {
    if (pthread_mutex_trylock(&program->lock))
        return;
    if (program->control)
        program->control->stop = SIGTERM;
    pthread_mutex_unlock(&program->lock);
}

// --- the other end ---

static bool put(struct course *course, u32 kind, const void *head, size_t size, const void *body,
                size_t body_size) {
    pthread_mutex_lock(&course->stream->writing);
    bool good = stream_put(course->stream, kind, course->id, head, size, body, body_size) &&
                stream_flush(course->stream);
    pthread_mutex_unlock(&course->stream->writing);
    return good;
}

// Announces that an answer of `kind` is waited for: before the question goes out.
static void expect(struct program *program, u32 kind) {
    pthread_mutex_lock(&program->lock);
    program->wanted = kind;
    pthread_mutex_unlock(&program->lock);
}

// The answer, which is the caller's to free; NULL where the other end gave up.
static u8 *await(struct program *program, size_t *size) {
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

// Tells of the log and of what changed, where there is something to tell; waits until a log is stored.
static enum answer tell(struct course *course) {
    const struct bridge_report *report = &course->report;
    struct {
        struct bridge_news news;
        struct bridge_report report;
    } head = {{course->program->start.start_flags & EH_START_FLAG_AUDIT, 0}, *report};
    u32 used = report->log_used;
    if (used > course->log_size)
        used = 0; // the other end sees from the report that the runtime broke the rules
    if (!report->log_used && !head.news.store && report->denied == course->told.denied &&
        report->violated == course->told.violated)
        return ANSWER_GOOD;
    course->told = *report;
    if (head.news.store)
        expect(course->program, KIND_STORED);
    if (!put(course, KIND_NEWS, &head, sizeof head, course->control.memory + course->control.size - course->log_size,
             used))
        return ANSWER_GONE;
    if (!head.news.store)
        return ANSWER_GOOD;
    size_t size;
    u8 *answer = await(course->program, &size);
    free(answer);
    return answer ? ANSWER_GOOD : ANSWER_STOP;
}

// --- errands ---

static bool put_errands(struct course *course, const struct errands *errands, bool wait, u32 *sent) {
    struct stream *stream = course->stream;
    struct bridge_errands head = {0, wait};
    size_t size = sizeof head;
    for (; head.count < errands->count; head.count++) {
        size_t more = sizeof(struct bridge_errand) + errands->request[head.count].input_size;
        if (size + more > BRIDGE_FRAME_MAX)
            break; // another time
        size += more;
    }
    u8 *payload = malloc(size), *next = payload + sizeof head;
    if (!payload)
        return false;
    memcpy(payload, &head, sizeof head);
    for (u32 i = 0; i < head.count; i++) {
        const struct request *request = &errands->request[i];
        struct bridge_errand errand = {.slot = request->slot, .id = request->id, .call = request->call};
        errand.capacity = (u32)request->output_size;
        errand.length = (u32)request->input_size;
        memcpy(errand.args, request->args, sizeof errand.args);
        memcpy(next, &errand, sizeof errand);
        if (request->input_size)
            memcpy(next + sizeof errand, request->input, request->input_size);
        next += sizeof errand + request->input_size;
    }
    *sent = head.count;
    pthread_mutex_lock(&stream->writing);
    bool good = stream_put(stream, KIND_ERRANDS, course->id, payload, size, NULL, 0) &&
                stream_flush(stream);
    pthread_mutex_unlock(&stream->writing);
    free(payload);
    return good;
}

// One answer of DONE: its size, 0 where it answers nothing that was asked.
static size_t answer_errand(struct course *course, const struct areas *areas, struct errands *errands, u32 sent,
                            const u8 *bytes, size_t size) {
    struct bridge_done done;
    if (size < sizeof done)
        return 0;
    memcpy(&done, bytes, sizeof done);
    for (u32 i = 0; i < sent; i++) {
        struct request *request = &errands->request[i];
        if (request->slot != done.slot || !request->call)
            continue;
        if (done.length > request->output_size || done.length > size - sizeof done)
            return 0;
        if (done.length)
            memcpy(request->output, bytes + sizeof done, done.length);
        agent_answer(&course->program->agent, areas, request, done.result, done.value);
        request->call = 0; // answered
        return sizeof done + done.length;
    }
    return 0;
}

static enum answer run_errands(struct course *course, const struct areas *areas, struct errands *errands,
                               bool wait) {
    struct bridge_errands head = {0, 0};
    u32 sent;
    size_t size, at = sizeof head;
    expect(course->program, KIND_DONE);
    if (!put_errands(course, errands, wait, &sent))
        return ANSWER_GONE;
    u8 *answer = await(course->program, &size);
    if (!answer)
        return ANSWER_STOP;
    memcpy(&head, answer, sizeof head);
    bool good = head.count || !wait;
    for (u32 i = 0; i < head.count && good; i++) {
        size_t step = answer_errand(course, areas, errands, sent, answer + at, size - at);
        good = step != 0;
        at += step;
    }
    free(answer);
    return good ? ANSWER_GOOD : ANSWER_STOP;
}

// --- the TEE ---

static void give_back(struct lent *lent) {
    if (lent->fd >= 0)
        close(lent->fd);
    if (lent->memory)
        munmap(lent->memory, lent->size);
    *lent = (struct lent){.fd = -1};
}

static bool lend(struct course *course, struct lent *lent, size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *lent = (struct lent){memory == MAP_FAILED ? NULL : memory, size, -1, 0};
    course->result = (struct tee_result){TEE_ERROR_OUT_OF_MEMORY, TEE_ORIGIN_API, 0};
    if (lent->memory)
        lent->fd = tee_share(course->tee, lent->memory, size, &lent->id, &course->result);
    if (lent->fd < 0)
        give_back(lent);
    return lent->fd >= 0;
}

static void prepare(struct course *course) {
    const struct bridge_program *start = &course->program->start;
    size_t size = course->control.size, log = course->log_size;
    mode_t mask = umask(0); // the program's own mask was applied inside
    struct eh_control control = {
        .magic = EH_CONTROL_MAGIC,
        .version = EH_VERSION,
        .size = (u32)size,
        .start_flags = start->start_flags,
        .data_offset = DATA_OFFSET,
        .data_size = (u32)(size - log - DATA_OFFSET),
        .log_offset = log ? (u32)(size - log) : 0,
        .log_size = (u32)log,
        .window_size = EH_WINDOW_DEFAULT,
        .argc = start->argc,
        .envc = start->envc,
        .umask = mask,
        .pid = (u32)getpid(),
        .ppid = (u32)getppid(),
        .uid = getuid(),
        .euid = geteuid(),
        .gid = getgid(),
        .egid = getegid(),
    };
    memcpy(control.log_id, start->log_id, sizeof control.log_id);
    memcpy(course->control.memory, &control, sizeof control);
}

static void set_control(struct course *course, struct eh_control *control) {
    struct program *program = course->program;
    pthread_mutex_lock(&program->lock);
    program->control = control;
    if (control)
        control->stop = program->stop;
    pthread_mutex_unlock(&program->lock);
}

static struct tee_param reference(const struct lent *lent) {
    if (lent->fd < 0)
        return (struct tee_param){0};
    return (struct tee_param){TYPE_MEMREF_INOUT, 0, lent->size, lent->id};
}

// Enters the TEE; false where the call failed. What the runtime wrote is copied once.
static bool enter(struct course *course, u32 command, struct tee_param strings) {
    const struct bridge_invoke invoke = {.session = course->program->start.session, .command = command};
    const struct lent none = {.fd = -1};
    bool wanted = course->report.want_window && command == EH_COMMAND_RESUME;
    struct tee_param params[BRIDGE_PARAMS] = {reference(&course->control),
                                              reference(wanted ? &course->window : &none), strings};
    course->result = tee_invoke(course->tee, &invoke, params);
    memcpy(&course->report, course->control.memory + REPORT_AT, sizeof course->report);
    struct eh_slot first;
    memcpy(&first, course->control.memory + EH_SLOTS_OFFSET, sizeof first);
    course->last_call = first.id ? first.call : BRIDGE_NO_CALL;
    return course->result.code == TEE_SUCCESS;
}

// Takes the window that was read ahead in place of the other, and begins the next read.
static void look_ahead(struct course *course, struct agent *agent) {
    const struct lent window = course->window;
    if (agent->swapped) {
        course->window = course->spare;
        course->spare = window;
    }
    if (!agent->next.size || (!course->spare.memory && !lend(course, &course->spare, EH_WINDOW_DEFAULT)))
        return;
    ahead_begin(&agent->ahead, &agent->next, course->spare.memory);
}

static enum answer serve_requests(struct course *course) {
    struct program *program = course->program;
    const struct areas areas = {course->control.memory, course->window.memory, DATA_OFFSET,
                                course->control.size - course->log_size, course->window.size};
    u32 answered = agent_serve(&program->agent, &areas, course->report.pending, &program->errands);
    look_ahead(course, &program->agent);
    return program->errands.count ? run_errands(course, &areas, &program->errands, !answered) : ANSWER_GOOD;
}

static bool given_up(struct course *course) {
    pthread_mutex_lock(&course->program->lock);
    bool given_up = course->program->given_up;
    pthread_mutex_unlock(&course->program->lock);
    return given_up;
}

// What is to do between two entries; false where there is no further one.
static bool between(struct course *course) {
    const struct bridge_report *report = &course->report;
    enum answer answer = tell(course);
    if (answer == ANSWER_GOOD && report->log_used > course->log_size)
        answer = ANSWER_STOP;
    bool goes_on = report->state == EH_STATE_REQUESTS || report->state == EH_STATE_FLUSH ||
                   report->state == EH_STATE_POLLED;
    if (answer == ANSWER_GOOD && !goes_on)
        return false;
    if (answer == ANSWER_GOOD && report->want_window && !course->window.memory &&
        !lend(course, &course->window, EH_WINDOW_DEFAULT))
        return false;
    if (answer == ANSWER_GOOD && report->state == EH_STATE_REQUESTS)
        answer = serve_requests(course);
    if (answer == ANSWER_GOOD && !given_up(course))
        return true;
    course->result = (struct tee_result){TEE_ERROR_CANCEL, TEE_ORIGIN_API, 0};
    return false;
}

static void drive(struct course *course, const struct buffer *strings) {
    const struct bridge_program *start = &course->program->start;
    bool logs = start->start_flags & (EH_START_FLAG_AUDIT | EH_START_FLAG_TRACE);
    course->log_size = logs ? LOG_SIZE : 0;
    if (!lend(course, &course->control, logs ? CONTROL_WITH_LOG : EH_CONTROL_MIN_SIZE))
        return;
    prepare(course);
    set_control(course, (struct eh_control *)(void *)course->control.memory);
    const struct tee_param text = {TYPE_MEMREF_INPUT, 0, start->strings_size, strings->id};
    bool good = enter(course, EH_COMMAND_START, text);
    while (good && between(course))
        good = enter(course, EH_COMMAND_RESUME, (struct tee_param){0});
    set_control(course, NULL);
}

struct end {
    struct bridge_ended ended;
    struct bridge_report report;
    struct bridge_count counts[CALL_ROWS];
};

static struct end end_of(const struct course *course) {
    const u64 *counts = course->program->agent.counts;
    struct end end = {{course->result.code, course->result.origin, course->result.errno_number,
                       course->last_call, 0, 0}, course->report, {{0}}};
    for (u32 i = 0; i < CALL_ROWS; i++)
        if (counts[i])
            end.counts[end.ended.counts++] = (struct bridge_count){call_rows[i].call, 0, counts[i]};
    return end;
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
    struct course course = {.program = program, .stream = stream, .id = program->id, .tee = tee, .last_call = BRIDGE_NO_CALL};
    course.control.fd = course.window.fd = course.spare.fd = -1;
    course.result = (struct tee_result){TEE_ERROR_BAD_PARAMETERS, TEE_ORIGIN_API, 0};
    pthread_mutex_lock(&program->lock);
    program->thread = pthread_self();
    program->state = PROGRAM_RUNS;
    pthread_mutex_unlock(&program->lock);
    struct buffer *strings = shared_use(shared, program->start.strings);
    if (strings && program->start.strings_size <= strings->size)
        drive(&course, strings);
    if (strings)
        shared_leave(shared, strings);
    ahead_settle(&program->agent.ahead);
    give_back(&course.spare);
    give_back(&course.window);
    give_back(&course.control);
    const struct end end = end_of(&course);
    finish(program); // before the other end knows: it may send the next one at once
    return put(&course, KIND_ENDED, &end, sizeof end - sizeof end.counts, end.counts,
               end.ended.counts * sizeof *end.counts);
}
