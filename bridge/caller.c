// SPDX-License-Identifier: BSD-2-Clause
// What the end of the program's caller is told, and what it does for the program.
#include <stdlib.h>
#include <string.h>

#include "course.h"

bool caller_put(struct course *course, u32 kind, const void *head, size_t size, const void *body,
                size_t body_size) {
    pthread_mutex_lock(&course->stream->writing);
    bool good = stream_put(course->stream, kind, course->id, head, size, body, body_size) &&
                stream_flush(course->stream);
    pthread_mutex_unlock(&course->stream->writing);
    return good;
}

enum answer caller_tell(struct course *course) {
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
        program_expect(course->program, KIND_STORED);
    const u8 *log = course->control.memory + course->control.size - course->log_size;
    if (!caller_put(course, KIND_NEWS, &head, sizeof head, log, used))
        return ANSWER_GONE;
    if (!head.news.store)
        return ANSWER_GOOD;
    size_t size;
    u8 *answer = program_await(course->program, &size);
    bool stored = answer != NULL;
    free(answer);
    return stored ? ANSWER_GOOD : ANSWER_STOP;
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

enum answer caller_run_errands(struct course *course, const struct areas *areas, struct errands *errands,
                               bool wait) {
    struct bridge_errands head = {0, 0};
    u32 sent;
    size_t size, at = sizeof head;
    program_expect(course->program, KIND_DONE);
    if (!put_errands(course, errands, wait, &sent))
        return ANSWER_GONE;
    u8 *answer = program_await(course->program, &size);
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

