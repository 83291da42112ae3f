// SPDX-License-Identifier: BSD-2-Clause
// What sockets carry. All of it crosses as sendmsg and recvmsg; no descriptor does.
#include "process.h"
#include "sockets.h"
#include "thread.h"

enum { SIGPIPE = 13, MMSG = 64, MMSG_LENGTH = 56, MESSAGES_MOST = 1024, MOST_SHARES = 16 };
enum { MSG_OOB = 1, MSG_PEEK = 2, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_EOR = 0x80 };
enum { MSG_WAITALL = 0x100, MSG_ERRQUEUE = 0x2000, MSG_NOSIGNAL = 0x4000, MSG_WAITFORONE = 0x10000 };
enum { SENDS = MSG_OOB | 4 | MSG_DONTWAIT | MSG_EOR | 0x800 | MSG_NOSIGNAL | 0x8000 | 0x20000000 };
enum { TAKES = MSG_OOB | MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT };
enum { TOLD = MSG_OOB | MSG_TRUNC | MSG_EOR | MSG_CTRUNC };
#define LONGEST_MESSAGE 0x7ffff000ull

struct message { // arm64 struct msghdr
    u64 name;
    u32 name_size, padding;
    u64 vector, count, control, control_size;
    u32 flags, padding2;
};
_Static_assert(sizeof(struct message) == 56, "struct msghdr");

static int waits(const struct eh_file *file, u32 flags) {
    return !(file->flags & O_NONBLOCK) && !(flags & MSG_DONTWAIT);
}

// Most bytes of a request: who waits with others around leaves them room; only a datagram takes the window.
static u64 room_for(const struct eh_file *file, u32 flags) {
    u64 most = socket_type(file) != SOCK_STREAM ? wire_most() : wire_small();
    if (thread_others() && waits(file, flags) && socket_type(file) == SOCK_STREAM)
        most /= EH_MIN(thread_count(), (u32)MOST_SHARES);
    return most - 2 * ADDRESS_MOST;
}

static u32 with_waiting(const struct eh_file *file, u32 flags) {
    return waits(file, flags) ? flags : flags | MSG_DONTWAIT;
}

// One request with the next bytes of the span, to `a` where it has a size.
static s64 send_piece(struct eh_file *file, struct eh_span *s, u32 flags, const struct eh_address *a) {
    u64 room = room_for(file, flags), size = EH_MIN(s->left, room);
    if (s->left > room && socket_type(file) != SOCK_STREAM)
        return -EMSGSIZE;
    struct eh_request r = {.row = ROW_sendmsg,
                           .rule = AUDIT_NET_CONNECT,
                           .args = {file->number, with_waiting(file, flags & SENDS), a->size},
                           .paths = {&a->path},
                           .in_length = a->size + (u32)size};
    s64 result;
    do {
        result = wire_open(&r);
        if (result)
            return result;
        struct eh_span piece = *s; // what is not taken is sent again
        memcpy(wire_input(&r), a->bytes, a->size);
        span_read(&piece, wire_input(&r) + a->size, size);
        result = wire_send(&r, size);
    } while (result == TAKEN_BACK);
    for (u64 left = result > 0 ? (u64)result : 0, at; left;) {
        u64 chunk = EH_MIN(span_chunk(s, &at), left);
        if (!chunk)
            break;
        span_skip(s, chunk);
        left -= chunk;
    }
    return result;
}

// A stream that waits sends all; a datagram goes as one.
static s64 send_span(struct eh_file *file, struct eh_span *s, u32 flags, const struct eh_address *a) {
    s64 done = 0, got;
    int stream = socket_type(file) == SOCK_STREAM;
    socket_once(file, SOCKET_SENDS_FOR);
    file->references++;
    do {
        got = send_piece(file, s, flags, a);
        if (got > 0)
            done += got;
    } while (got > 0 && s->left && stream && waits(file, flags));
    file->sequel++;
    if (got == -EPIPE && stream && !(flags & MSG_NOSIGNAL))
        signal_raise(SIGPIPE);
    file_drop(file);
    return got < 0 && !done ? got : done;
}

static const struct eh_address *nobody(void) {
    static const struct eh_address none;
    return &none;
}

s64 socket_write(struct eh_file *file, struct eh_span *s) {
    if (!s->left && socket_type(file) == SOCK_STREAM)
        return 0;
    return send_span(file, s, 0, nobody());
}

static s64 send_to(struct eh_file *file, struct eh_span *s, u32 flags, u64 name, u64 size) {
    struct eh_address a;
    if (!name || (!size && socket_domain(file) != AF_UNIX))
        return send_span(file, s, flags, nobody());
    s64 result = address_get(&a, name, size);
    if (!result)
        result = address_allowed(&a, EH_NET_KIND_CONNECT);
    return result ? result : send_span(file, s, flags, &a);
}

s64 sys_sendto(struct eh_context *c) {
    struct eh_span s;
    s64 result;
    struct eh_file *file = socket_of(c->x[0], &result);
    if (!result)
        result = span_single(&s, c->x[1], c->x[2], PROT_READ);
    return result ? result : send_to(file, &s, (u32)c->x[3], c->x[4], c->x[5]);
}

static s64 send_message(struct eh_file *file, u64 address, u32 flags) {
    struct message m;
    struct eh_span s;
    if (user_in(&m, address, sizeof m))
        return -EFAULT;
    if (m.control && m.control_size)
        return -EOPNOTSUPP;
    if (m.count > 1024)
        return -EMSGSIZE;
    s64 result = span_vector(&s, m.vector, m.count, PROT_READ);
    return result ? result : send_to(file, &s, flags, m.name, m.name_size);
}

s64 sys_sendmsg(struct eh_context *c) {
    s64 result;
    struct eh_file *file = socket_of(c->x[0], &result);
    return result ? result : send_message(file, c->x[1], (u32)c->x[2]);
}

// ---- receiving

struct arrival {
    u8 address[ADDRESS_MOST];
    u32 size, flags; // of the address; of the message
};

static s64 take_answer(struct eh_request *r, struct eh_span *s, u64 size, struct arrival *to, s64 got) {
    to->size = (u32)r->value;
    to->flags = (u32)(r->value >> 32) & TOLD;
    if (to->size > ADDRESS_MOST || (got > (s64)size && !(to->flags & MSG_TRUNC)))
        return wire_violated(EH_RULE_ANSWERS);
    memcpy(to->address, wire_output(r), ADDRESS_MOST);
    span_write(s, wire_output(r) + ADDRESS_MOST, EH_MIN((u64)got, size));
    return got;
}

static s64 receive_piece(struct eh_file *file, struct eh_span *s, u32 flags, struct arrival *to) {
    u64 size = EH_MIN(s->left, room_for(file, flags));
    struct eh_request r = {.row = ROW_recvmsg,
                           .rule = AUDIT_NET,
                           .args = {file->number, with_waiting(file, flags & TAKES), size},
                           .out_capacity = ADDRESS_MOST + (u32)size};
    s64 got = wire_call(&r, flags & MSG_TRUNC ? LONGEST_MESSAGE : size);
    return got < 0 ? got : take_answer(&r, s, size, to, got);
}

static s64 receive_span(struct eh_file *file, struct eh_span *s, u32 flags, struct arrival *to) {
    int whole = (flags & MSG_WAITALL) && socket_type(file) == SOCK_STREAM && !(flags & MSG_PEEK);
    s64 done = 0, got;
    to->size = to->flags = 0;
    socket_once(file, SOCKET_RECEIVES_FOR);
    if (flags & MSG_ERRQUEUE)
        return -EAGAIN; // errors are not queued
    file->references++;
    do {
        got = receive_piece(file, s, flags, to);
        if (got > 0)
            done += got;
    } while (whole && got > 0 && s->left && waits(file, flags));
    file->sequel++;
    file_drop(file);
    return got < 0 && !done ? got : done;
}

s64 socket_read(struct eh_file *file, struct eh_span *s) {
    struct arrival from;
    if (!s->left && socket_type(file) == SOCK_STREAM)
        return 0;
    return receive_span(file, s, 0, &from);
}

s64 sys_recvfrom(struct eh_context *c) {
    struct eh_span s;
    struct arrival from;
    s64 result;
    struct eh_file *file = socket_of(c->x[0], &result);
    if (!result)
        result = span_single(&s, c->x[1], c->x[2], PROT_WRITE);
    if (!result)
        result = receive_span(file, &s, (u32)c->x[3], &from);
    if (result < 0 || !c->x[4])
        return result;
    s64 put = address_put(c->x[4], c->x[5], from.address, from.size);
    return put ? put : result;
}

static s64 put_message(u64 address, struct message *m, const struct arrival *from) {
    if (m->name && user_out(m->name, from->address, EH_MIN(m->name_size, from->size)))
        return -EFAULT;
    m->name_size = from->size;
    m->control_size = 0;
    m->flags = from->flags;
    return user_out(address, m, sizeof *m);
}

static s64 receive_message(struct eh_file *file, u64 address, u32 flags) {
    struct message m;
    struct eh_span s;
    struct arrival from;
    if (user_in(&m, address, sizeof m))
        return -EFAULT;
    if (m.count > 1024)
        return -EMSGSIZE;
    s64 result = span_vector(&s, m.vector, m.count, PROT_WRITE);
    if (!result)
        result = receive_span(file, &s, flags, &from);
    s64 put = result < 0 ? 0 : put_message(address, &m, &from);
    return put ? put : result;
}

s64 sys_recvmsg(struct eh_context *c) {
    s64 result;
    struct eh_file *file = socket_of(c->x[0], &result);
    return result ? result : receive_message(file, c->x[1], (u32)c->x[2]);
}

// Several messages: those before the first failure, or its error. Another thread may close the descriptor meanwhile.
static s64 several(struct eh_context *c, s64 (*one)(struct eh_file *, u64, u32), u32 flags, u32 later) {
    u32 count = EH_MIN((u32)c->x[2], (u32)MESSAGES_MOST), done = 0;
    s64 result = 0;
    while (done < count) {
        struct eh_file *file = socket_of(c->x[0], &result);
        u64 at = c->x[1] + (u64)done * MMSG;
        if (!result)
            result = one(file, at, done ? flags | later : flags);
        u32 length = (u32)result;
        if (result < 0 || user_out(at + MMSG_LENGTH, &length, sizeof length))
            break;
        done++;
    }
    return done ? (s64)done : result;
}

s64 sys_sendmmsg(struct eh_context *c) { return several(c, send_message, (u32)c->x[3], 0); }

s64 sys_recvmmsg(struct eh_context *c) {
    u32 flags = (u32)c->x[3];
    return several(c, receive_message, flags & ~(u32)MSG_WAITFORONE, flags & MSG_WAITFORONE ? MSG_DONTWAIT : 0);
}
