// SPDX-License-Identifier: BSD-2-Clause
// What a program asks of an open file by ioctl.
#include "files.h"
#include "process.h"

enum { TCGETS = 0x5401, TIOCGWINSZ = 0x5413, FIONREAD = 0x541b, FIONBIO = 0x5421 };
enum { FIONCLEX = 0x5450, FIOCLEX = 0x5451 };

static s64 ask(struct eh_file *file, u64 request, u64 to, u32 size) {
    u8 answer[64];
    struct eh_request r = {
        .row = ROW_ioctl, .rule = AUDIT_STREAMS, .args = {file->number, request}, .out_capacity = 64};
    s64 result = wire_call(&r, 0);
    if (result)
        return result;
    memcpy(answer, wire_output(&r), sizeof answer);
    return user_out(to, answer, size);
}

static s64 set_waiting(struct eh_file *file, u64 from) {
    u32 on;
    if (user_in(&on, from, sizeof on))
        return -EFAULT;
    file->flags = (file->flags & ~(u32)O_NONBLOCK) | (on ? O_NONBLOCK : 0);
    return 0;
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
    if (request == FIONBIO && (file->kind == FILE_SOCKET || file_waits_inside(file)))
        return set_waiting(file, c->x[2]);
    if (file->kind == FILE_SOCKET || file->watches)
        return request == FIONREAD ? ask(file, request, c->x[2], 4) : -ENOTTY;
    if (file->kind == FILE_PIPE) {
        u32 pending = (u32)pipe_pending(file);
        return request == FIONREAD ? user_out(c->x[2], &pending, sizeof pending) : -ENOTTY;
    }
    if (file->kind != FILE_STREAM && file->kind != FILE_OTHER)
        return -ENOTTY;
    if (request == TCGETS)
        return ask(file, request, c->x[2], 36);
    return request == TIOCGWINSZ ? ask(file, request, c->x[2], 8) : -ENOTTY;
}
