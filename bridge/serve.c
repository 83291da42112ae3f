// SPDX-License-Identifier: BSD-2-Clause
// Whichever thread takes a frame serves it; while it makes a call, another one takes the next frame. So a call
// costs no hand-over between threads, and a cancellation is read while calls are under way.
#include "serve.h"

#include <errno.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "identity.h"
#include "install.h"
#include "program.h"
#include "shared.h"
#include "stream.h"
#include "tee.h"

#define LOG_SIZE 65536
#define STACK_SIZE 262144 // real paths lie on it
#define KLOG_READ_ALL 3
#define LINGER_TICK_US 10000
#define LINGER_TICKS 1000

struct connection {
    struct stream stream;
    struct shared shared;
    struct install install;
    struct identity who;
    struct program program;
    int tee, ended;
};

// A call that was taken and is made without `reading`.
struct call {
    u32 kind, id;
    union {
        struct bridge_open open;
        struct bridge_invoke invoke;
        struct bridge_name close;
    };
    struct bridge_param wanted[BRIDGE_PARAMS];
    struct tee_param params[BRIDGE_PARAMS];
    struct buffer *buffers[BRIDGE_PARAMS]; // of memory references
};

static _Noreturn void end(struct connection *connection) {
    program_abandon(&connection->program);
    program_abandon_shared(&connection->shared);
    install_abandon(&connection->install);
    pthread_mutex_lock(&connection->stream.writing); // for good: nobody else writes any more
    if (connection->ended >= 0 && write(connection->ended, "", 1) < 0)
        _exit(1);
    // A process that goes while the supplicant works for it takes some supplicants with it: their answer is
    // refused, and they end. A call that does not come back is not waited for.
    for (int i = 0; i < LINGER_TICKS && tee_busy(); i++)
        usleep(LINGER_TICK_US);
    _exit(0);
}

static _Noreturn void broken(struct connection *connection, u32 id, u32 code) {
    struct bridge_error error = {code, 0};
    pthread_mutex_lock(&connection->stream.writing);
    if (stream_put(&connection->stream, KIND_ERROR, id, &error, sizeof error, NULL, 0))
        stream_flush(&connection->stream);
    pthread_mutex_unlock(&connection->stream.writing);
    end(connection);
}

static void take(struct connection *connection, void *to, size_t size) {
    if (!stream_take(&connection->stream, to, size))
        end(connection);
}

static void answer(struct connection *connection, u32 kind, u32 id, const void *head, size_t size,
                   const void *body, size_t body_size) {
    pthread_mutex_lock(&connection->stream.writing);
    if (!stream_put(&connection->stream, kind, id, head, size, body, body_size) ||
        !stream_flush(&connection->stream)) {
        pthread_mutex_unlock(&connection->stream.writing);
        end(connection);
    }
    pthread_mutex_unlock(&connection->stream.writing);
}

static void reply(struct connection *connection, u32 id, struct tee_result result, u32 value) {
    struct bridge_reply reply = {result.code, result.origin, value, result.errno_number, {0}};
    answer(connection, KIND_REPLY, id, &reply, sizeof reply, NULL, 0);
}

// --- frames that are served while they are taken ---

static void allocate(struct connection *connection, u32 id) {
    struct bridge_allocate wanted;
    struct tee_result result;
    take(connection, &wanted, sizeof wanted);
    struct buffer *buffer = shared_allocate(&connection->shared, connection->tee, wanted.size, &result);
    if (!buffer && !result.code)
        broken(connection, id, BROKEN_LIMIT);
    reply(connection, id, result, buffer ? buffer->handle : 0);
}

static void store(struct connection *connection, u32 id, size_t size) {
    struct bridge_piece piece;
    take(connection, &piece, sizeof piece);
    size -= sizeof piece;
    struct buffer *buffer = shared_use(&connection->shared, piece.handle);
    if (!buffer || piece.offset > buffer->size || size > buffer->size - piece.offset)
        broken(connection, id, BROKEN_HANDLE);
    take(connection, buffer->memory + piece.offset, size);
    memcpy(buffer->agreed + piece.offset, buffer->memory + piece.offset, size);
    shared_leave(&connection->shared, buffer);
}

static void install(struct connection *connection, u32 id, size_t size) {
    struct bridge_install head;
    take(connection, &head, sizeof head);
    enum install_state state = install_part(&connection->install, &head, size - sizeof head, &connection->stream);
    if (state == INSTALL_END)
        end(connection);
    if (state == INSTALL_BROKEN)
        broken(connection, id, BROKEN_FRAME);
    if (state == INSTALL_DONE) {
        u32 number = connection->install.errno_number;
        reply(connection, id, (struct tee_result){number ? TEE_ERROR_GENERIC : 0, TEE_ORIGIN_COMMS, number}, 0);
    }
}

static void send_log(struct connection *connection, u32 id) {
    static char text[LOG_SIZE]; // with `reading`
    int size = klogctl(KLOG_READ_ALL, text, sizeof text);
    answer(connection, KIND_TEXT, id, text, size > 0 ? (size_t)size : 0, NULL, 0);
}

static void take_release(struct connection *connection, u32 id) {
    struct bridge_name name;
    take(connection, &name, sizeof name);
    if (!shared_release(&connection->shared, name.name))
        broken(connection, id, BROKEN_HANDLE);
}

static void take_cancel(struct connection *connection) {
    struct bridge_cancel cancel;
    take(connection, &cancel, sizeof cancel);
    if (!program_stop(&connection->program, cancel.session, cancel.cancel_id))
        tee_cancel(connection->tee, cancel.session, cancel.cancel_id);
}

static void check(struct connection *connection, u32 id, enum program_taken taken) {
    if (taken == PROGRAM_END)
        end(connection);
    if (taken != PROGRAM_GOOD)
        broken(connection, id, taken == PROGRAM_ORDER ? BROKEN_ORDER : BROKEN_FRAME);
}

static void take_answer(struct connection *connection, const struct bridge_frame *frame) {
    check(connection, frame->id, program_hear(&connection->program, &connection->stream, frame->kind, frame->size));
}

// --- calls ---

// Takes the four parameters of a call and holds the memory that they refer to.
static void take_params(struct connection *connection, struct call *call) {
    take(connection, call->wanted, sizeof call->wanted);
    for (u32 i = 0; i < BRIDGE_PARAMS; i++) {
        const struct bridge_param *wanted = &call->wanted[i];
        struct buffer *buffer = NULL;
        bool memory = wanted->type >= TYPE_MEMREF_INPUT && wanted->type <= TYPE_MEMREF_INOUT;
        if (!memory && wanted->type > TYPE_VALUE_INOUT)
            broken(connection, call->id, BROKEN_FRAME);
        if (memory && wanted->handle) {
            buffer = shared_use(&connection->shared, wanted->handle);
            if (!buffer || wanted->a > buffer->size || wanted->b > buffer->size - wanted->a)
                broken(connection, call->id, BROKEN_HANDLE);
        }
        call->buffers[i] = buffer;
        call->params[i] =
            (struct tee_param){wanted->type, wanted->a, wanted->b, buffer ? buffer->id : memory ? ~0ull : 0};
    }
}

static void put_answer(struct connection *connection, struct call *call, const struct bridge_reply *reply) {
    struct stream *stream = &connection->stream;
    bool good = true;
    pthread_mutex_lock(&stream->writing);
    for (u32 i = 0; i < BRIDGE_PARAMS && good; i++)
        if (call->buffers[i] && call->wanted[i].type != TYPE_MEMREF_INPUT)
            good = shared_put_changes(call->buffers[i], call->wanted[i].a, call->wanted[i].b, stream, call->id);
    good = good && stream_put(stream, KIND_REPLY, call->id, reply, sizeof *reply, NULL, 0) && stream_flush(stream);
    pthread_mutex_unlock(&stream->writing);
    if (!good)
        end(connection);
}

static struct tee_result make_call(struct connection *connection, struct call *call, u32 *session) {
    if (call->kind == KIND_CLOSE)
        return tee_close_session(connection->tee, call->close.name);
    if (call->kind == KIND_INVOKE)
        return tee_invoke(connection->tee, &call->invoke, call->params);
    bool named = call->open.login && identity_assume(&connection->who);
    struct tee_result result = tee_open_session(connection->tee, &call->open, call->params, session);
    if (named)
        identity_resume();
    return result;
}

static void perform(struct connection *connection, struct call *call) {
    struct bridge_reply reply = {0};
    if (call->kind == KIND_PROGRAM) {
        if (!program_run(&connection->program, &connection->stream, &connection->shared, connection->tee))
            end(connection);
        return;
    }
    struct tee_result result = make_call(connection, call, &reply.value);
    reply.code = result.code;
    reply.origin = result.origin;
    reply.errno_number = result.errno_number;
    for (u32 i = 0; i < BRIDGE_PARAMS; i++) {
        reply.outputs[2 * i] = call->params[i].a;
        reply.outputs[2 * i + 1] = call->params[i].b;
    }
    put_answer(connection, call, &reply);
    for (u32 i = 0; i < BRIDGE_PARAMS; i++)
        if (call->buffers[i])
            shared_leave(&connection->shared, call->buffers[i]);
}

// --- the frames ---

// Whether a frame of this kind may have that size.
static bool sized(const struct bridge_frame *frame) {
    const size_t params = sizeof(struct bridge_param) * BRIDGE_PARAMS;
    size_t size = frame->size;
    switch (frame->kind) {
    case KIND_OPEN: return size == sizeof(struct bridge_open) + params;
    case KIND_INVOKE: return size == sizeof(struct bridge_invoke) + params;
    case KIND_CLOSE:
    case KIND_RELEASE: return size == sizeof(struct bridge_name);
    case KIND_CANCEL: return size == sizeof(struct bridge_cancel);
    case KIND_ALLOCATE: return size == sizeof(struct bridge_allocate);
    case KIND_WRITE: return size >= sizeof(struct bridge_piece) && size <= BRIDGE_FRAME_MAX;
    case KIND_INSTALL: return size > sizeof(struct bridge_install) && size <= BRIDGE_FRAME_MAX;
    case KIND_LOG: return size == 0;
    case KIND_PROGRAM: return size >= sizeof(struct bridge_program) && size <= BRIDGE_FRAME_MAX;
    case KIND_STORED: return size == sizeof(struct bridge_name);
    case KIND_DONE: return size >= sizeof(struct bridge_errands) && size <= BRIDGE_FRAME_MAX;
    default: return false;
    }
}

static void take_call(struct connection *connection, struct call *call, const struct bridge_frame *frame) {
    memset(call, 0, sizeof *call);
    call->kind = frame->kind;
    call->id = frame->id;
    if (frame->kind == KIND_CLOSE) {
        take(connection, &call->close, sizeof call->close);
        return;
    }
    if (frame->kind == KIND_PROGRAM) {
        check(connection, frame->id, program_take(&connection->program, &connection->stream, frame->id, frame->size));
        return;
    }
    if (frame->kind == KIND_OPEN)
        take(connection, &call->open, sizeof call->open);
    else
        take(connection, &call->invoke, sizeof call->invoke);
    take_params(connection, call);
}

// Serves frames until one of them is a call.
static void next_call(struct connection *connection, struct call *call) {
    struct bridge_frame frame;
    for (;;) {
        take(connection, &frame, sizeof frame);
        if (frame.magic == BRIDGE_MAGIC && frame.kind == KIND_HELLO)
            end(connection); // another client, which says HELLO again
        if (frame.magic != BRIDGE_MAGIC || !sized(&frame))
            broken(connection, frame.id, BROKEN_FRAME);
        switch (frame.kind) {
        case KIND_CANCEL: take_cancel(connection); break;
        case KIND_ALLOCATE: allocate(connection, frame.id); break;
        case KIND_RELEASE: take_release(connection, frame.id); break;
        case KIND_WRITE: store(connection, frame.id, frame.size); break;
        case KIND_INSTALL: install(connection, frame.id, frame.size); break;
        case KIND_LOG: send_log(connection, frame.id); break;
        case KIND_STORED:
        case KIND_DONE: take_answer(connection, &frame); break;
        default: take_call(connection, call, &frame); return;
        }
    }
}

static void *work(void *argument) {
    struct connection *connection = argument;
    struct call call;
    for (;;) {
        pthread_mutex_lock(&connection->stream.reading);
        next_call(connection, &call);
        pthread_mutex_unlock(&connection->stream.reading);
        perform(connection, &call);
    }
    return NULL;
}

static void greet(struct connection *connection) {
    struct bridge_frame frame;
    struct bridge_hello hello;
    struct tee_version tee = {0};
    const size_t largest = sizeof hello + sizeof connection->who.groups;
    if (!stream_find(&connection->stream, KIND_HELLO, (u32)largest, &frame))
        end(connection);
    take(connection, &hello, frame.size < sizeof hello ? frame.size : sizeof hello);
    if (frame.size < sizeof hello || hello.groups > BRIDGE_GROUPS ||
        frame.size != sizeof hello + hello.groups * sizeof(u32))
        broken(connection, frame.id, BROKEN_FRAME);
    connection->who = (struct identity){.uid = hello.uid, .gid = hello.gid, .count = hello.groups};
    take(connection, connection->who.groups, hello.groups * sizeof(u32));
    if (hello.version != BRIDGE_VERSION)
        broken(connection, frame.id, BROKEN_VERSION);
    connection->tee = tee_open();
    if (connection->tee >= 0)
        tee_version(connection->tee, &tee);
    struct bridge_welcome welcome = {hello.nonce, BRIDGE_VERSION, tee.implementation,
                                     tee.implementation_capabilities, tee.capabilities, {0}};
    if (!getcwd(welcome.directory, sizeof welcome.directory))
        welcome.directory[0] = 0;
    answer(connection, KIND_WELCOME, frame.id, &welcome, sizeof welcome, NULL, 0);
}

_Noreturn void serve(int in, int out, int ended, const char *directory) {
    static struct connection connection; // large, and one to a process
    stream_init(&connection.stream, in, out);
    shared_init(&connection.shared);
    install_init(&connection.install, directory);
    program_init(&connection.program);
    connection.ended = ended;
    greet(&connection);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    for (u32 i = 0; i < BRIDGE_CALLS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, work, &connection))
            break;
    }
    work(&connection);
    _exit(0);
}
