// SPDX-License-Identifier: BSD-2-Clause
// Waiting for descriptors, and the two questions that a program asks a terminal.
#include "files.h"
#include "process.h"
#include "thread.h"

enum { POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32, POLLRDNORM = 64 };
enum { POLLWRNORM = 256, POLL_MAX = 1024 };
enum { TCGETS = 0x5401, TIOCGWINSZ = 0x5413, FIONCLEX = 0x5450, FIOCLEX = 0x5451, FIONREAD = 0x541b };
#define FOREVER (~0ull >> 1)
#define MIXED_NAP 5000000ull // nanoseconds

struct poll_fd { // the program's
    s32 fd;
    u16 events, revents;
};

struct poll_file { // on the wire
    u32 file;
    u16 events, revents;
};

// What is known inside of one descriptor; 1 when the normal world has to be asked.
static int poll_inside(struct poll_fd *p) {
    struct eh_file *file = fd_file((u32)p->fd);
    p->revents = 0;
    if (p->fd < 0)
        return 0;
    if (!file || (file->flags & O_PATH))
        p->revents = POLLNVAL;
    else if (file->kind == FILE_STREAM)
        return 1;
    else if (file->kind == FILE_PIPE)
        p->revents = (u16)(pipe_ready(file) & (p->events | POLLERR | POLLHUP));
    else
        p->revents = p->events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
    return 0;
}

// Ask about the streams among the descriptors at `fds`; note the answer there. Ready ones, or an errno.
static s64 poll_outside(u64 fds, u32 count, u32 streams, u64 timeout) {
    struct poll_fd p;
    struct poll_file f;
    struct eh_request r = {.row = ROW_ppoll,
                           .rule = AUDIT_STREAMS,
                           .args = {streams * sizeof f, timeout},
                           .in_length = streams * (u32)sizeof f,
                           .out_capacity = streams * (u32)sizeof f};
    s64 result = wire_open(&r), ready = 0;
    u64 at = 0;
    if (result)
        return result;
    for (u32 i = 0; i < count; i++) {
        user_in(&p, fds + i * sizeof p, sizeof p);
        if (!poll_inside(&p))
            continue;
        f = (struct poll_file){fd_file((u32)p.fd)->number, p.events, 0};
        memcpy(wire_input(&r) + at, &f, sizeof f);
        at += sizeof f;
    }
    result = wire_send(&r, streams);
    if (result < 0)
        return result;
    at = 0;
    for (u32 i = 0; i < count; i++) {
        user_in(&p, fds + i * sizeof p, sizeof p);
        if (!poll_inside(&p))
            continue;
        memcpy(&f, wire_output(&r) + at, sizeof f);
        at += sizeof f;
        if (f.revents & ~(p.events | POLLERR | POLLHUP | POLLNVAL))
            wire_violated(EH_RULE_ANSWERS);
        p.revents = f.revents & (p.events | POLLERR | POLLHUP | POLLNVAL);
        user_out(fds + i * sizeof p, &p, sizeof p);
        ready += p.revents != 0;
    }
    return ready;
}

// What is ready inside; *streams: how many the normal world has to be asked about.
static s64 look(u64 fds, u32 count, u32 *streams) {
    struct poll_fd p;
    s64 ready = 0;
    *streams = 0;
    for (u32 i = 0; i < count; i++) {
        if (user_in(&p, fds + i * sizeof p, sizeof p))
            return -EFAULT;
        *streams += (u32)poll_inside(&p);
        ready += p.revents != 0;
        if (user_out(fds + i * sizeof p, &p, sizeof p))
            return -EFAULT;
    }
    return ready;
}

static const u32 poll_key; // its address is where threads that poll wait

void poll_wake(void) { futex_wake((u64)&poll_key, ~0u, ~0u); }

// Pipes inside and streams outside cannot be waited for at once: the streams are asked about now and then.
static u64 patience(u32 streams, u32 count, u64 left) {
    return streams && streams < count ? EH_MIN(left, MIXED_NAP) : left;
}

s64 sys_ppoll(struct eh_context *c) {
    u64 fds = c->x[0], timeout = FOREVER;
    u32 count = (u32)c->x[1], streams;
    s64 ready = c->x[2] ? time_read(c->x[2], &timeout) : 0;
    if (ready)
        return ready;
    if (count > POLL_MAX || (c->x[3] && c->x[4] != 8))
        return -EINVAL;
    u64 now = time_monotonic(), until = timeout == FOREVER ? FOREVER : now + timeout;
    for (;;) {
        ready = look(fds, count, &streams);
        u64 left = until == FOREVER ? FOREVER : until > now ? until - now : 0;
        if (streams && ready >= 0) {
            s64 outside = poll_outside(fds, count, streams, ready ? 0 : patience(streams, count, left));
            ready = outside < 0 ? outside : ready + outside;
        } else if (!ready && left) {
            if (thread_sleep_at((u64)&poll_key, until == FOREVER ? NO_DEADLINE : until) == -EINTR)
                return -EINTR;
            now = time_monotonic();
            left = until == FOREVER ? FOREVER : until > now ? until - now : 0;
            if (left)
                continue;
            ready = look(fds, count, &streams);
        }
        now = time_monotonic();
        if (ready || now >= until)
            return ready;
    }
}

static s64 ask_terminal(struct eh_file *file, u64 request, u64 to, u32 size) {
    u8 answer[64];
    struct eh_request r = {
        .row = ROW_ioctl, .rule = AUDIT_STREAMS, .args = {file->number, request}, .out_capacity = 64};
    s64 result = wire_call(&r, 0);
    if (result)
        return result;
    memcpy(answer, wire_output(&r), sizeof answer);
    return user_out(to, answer, size);
}

s64 sys_ioctl(struct eh_context *c) {
    struct eh_file *file = fd_file(c->x[0]);
    u32 request = (u32)c->x[1];
    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if (request == FIOCLEX || request == FIONCLEX) {
        fd_set((u32)c->x[0], file, request == FIOCLEX);
        file->references--; // the same descriptor: nothing more refers to the file
        return 0;
    }
    if (file->kind == FILE_REGULAR || file->kind == FILE_DIRECTORY || file->kind == FILE_DEVICE)
        return -ENOTTY;
    if (file->kind == FILE_PIPE) {
        u32 pending = (u32)pipe_pending(file);
        return request == FIONREAD ? user_out(c->x[2], &pending, sizeof pending) : -ENOTTY;
    }
    if (request == TCGETS)
        return ask_terminal(file, request, c->x[2], 36);
    return request == TIOCGWINSZ ? ask_terminal(file, request, c->x[2], 8) : -ENOTTY;
}
