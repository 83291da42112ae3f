// SPDX-License-Identifier: BSD-2-Clause
#include "course.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTROL_WITH_LOG 65536
#define LOG_SIZE 32768
#define DATA_OFFSET (EH_SLOTS_OFFSET + EH_SLOT_COUNT * sizeof(struct eh_slot))
#define REPORT_AT offsetof(struct eh_control, state)
_Static_assert(sizeof(struct bridge_report) + REPORT_AT <= sizeof(struct eh_control), "report");

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

static enum answer serve_requests(struct course *course) {
    struct program *program = course->program;
    const struct areas areas = {course->control.memory, course->window.memory, DATA_OFFSET,
                                course->control.size - course->log_size, course->window.size};
    u32 answered = agent_serve(&program->agent, &areas, course->report.pending, &program->errands);
    return program->errands.count ? caller_run_errands(course, &areas, &program->errands, !answered) : ANSWER_GOOD;
}

// What is to do between two entries; false where there is no further one.
static bool between(struct course *course) {
    const struct bridge_report *report = &course->report;
    enum answer answer = caller_tell(course);
    if (answer == ANSWER_GOOD && report->log_used > course->log_size)
        answer = ANSWER_STOP;
    bool goes_on = report->state == EH_STATE_REQUESTS || report->state == EH_STATE_FLUSH ||
                   report->state == EH_STATE_POLLED;
    if (answer == ANSWER_GOOD && !goes_on)
        return false;
    if (answer == ANSWER_GOOD && report->want_window && !course->window.memory &&
        !lend(course, &course->window, EH_WINDOW_DEFAULT))
        return false;
    if (report->state == EH_STATE_POLLED)
        program_go_on(course->program);
    if (answer == ANSWER_GOOD && report->state == EH_STATE_REQUESTS)
        answer = serve_requests(course);
    if (answer == ANSWER_GOOD && !program_given_up(course->program))
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
    program_lend_control(course->program, (struct eh_control *)(void *)course->control.memory);
    const struct tee_param text = {TYPE_MEMREF_INPUT, 0, start->strings_size, strings->id};
    bool good = enter(course, EH_COMMAND_START, text);
    while (good && between(course))
        good = enter(course, EH_COMMAND_RESUME, (struct tee_param){0});
    program_lend_control(course->program, NULL);
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

void course_run(struct course *course, const struct buffer *strings) {
    course->control.fd = course->window.fd = -1;
    course->last_call = BRIDGE_NO_CALL;
    course->result = (struct tee_result){TEE_ERROR_BAD_PARAMETERS, TEE_ORIGIN_API, 0};
    if (strings && course->program->start.strings_size <= strings->size)
        drive(course, strings);
    give_back(&course->window);
    give_back(&course->control);
}

bool course_put_end(struct course *course, void (*finish)(struct program *program)) {
    const struct end end = end_of(course);
    finish(course->program); // before the other end knows: it may send the next one at once
    return caller_put(course, KIND_ENDED, &end, sizeof end - sizeof end.counts, end.counts,
                      end.ended.counts * sizeof *end.counts);
}
