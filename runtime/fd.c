// SPDX-License-Identifier: BSD-2-Clause
// The descriptor table and the open files. Descriptors and open files never leave the TEE as pointers or
// as each other's numbers: the normal world names neither.
#include "children.h"
#include "files.h"
#include "process.h"
#include "stores.h"
#include "waiting.h"

enum { STREAMS = 3 };
enum { F_DUPFD = 0, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_DUPFD_CLOEXEC = 1030 };
enum { F_OFD_GETLK = 36, F_OFD_SETLK, F_OFD_SETLKW, F_ADD_SEALS = 1033, F_GET_SEALS };
enum { FD_CLOEXEC = 1, O_ASYNC = 020000, SETTABLE = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME };

static struct {
    struct eh_descriptor fds[DESCRIPTORS];
    struct eh_file *pages[FILE_PAGES];
} table;

struct eh_file *fd_file_at(u32 number) {
    struct eh_file *page = number < FILES_MOST ? table.pages[number / FILES_A_PAGE] : 0;
    struct eh_file *file = page ? &page[number % FILES_A_PAGE] : 0;
    return file && file->kind ? file : 0;
}

struct eh_file *fd_file(u64 fd) {
    return (u32)fd < DESCRIPTORS && table.fds[(u32)fd].file ? fd_file_at(table.fds[(u32)fd].file - 1u) : 0;
}

static u64 most(void) { return EH_MIN((u64)DESCRIPTORS, process_most_files()); }

s64 fd_free(u32 from) {
    for (u32 fd = from; fd < most(); fd++)
        if (!table.fds[fd].file)
            return fd;
    return -EMFILE;
}

void fd_set(u32 fd, struct eh_file *file, int close_on_exec) {
    table.fds[fd].file = (u16)(file->number + 1);
    table.fds[fd].close_on_exec = close_on_exec != 0;
    file->references++;
}

s64 fd_give(struct eh_file *file, int close_on_exec) {
    s64 fd = fd_free(0);
    file->references++;
    if (fd >= 0)
        fd_set((u32)fd, file, close_on_exec);
    file_drop(file);
    return fd;
}

struct eh_file *file_new(u32 kind, u32 flags) {
    for (u32 i = 0; i < FILE_PAGES; i++) {
        if (!table.pages[i] && !(table.pages[i] = arena_own(EH_PAGE)))
            return 0;
        for (u32 k = 0; k < FILES_A_PAGE; k++) {
            struct eh_file *file = &table.pages[i][k];
            if (file->kind)
                continue;
            memset(file, 0, sizeof *file);
            file->kind = kind;
            file->flags = flags;
            file->number = i * FILES_A_PAGE + k;
            return file;
        }
    }
    return 0;
}

void file_release(struct eh_file *file) {
    cache_drop(file);
    if (file->kind == FILE_PIPE)
        pipe_closed(file);
    else if (file->kind == FILE_EPOLL)
        epoll_closed(file);
    else if (file->kind == FILE_QUEUE)
        queue_closed(file);
    else if (file->stored)
        store_leave(file->store);
    else if (file->path)
        arena_disown(file->path, EH_PAGE);
    file->kind = FILE_FREE;
}

void fd_keep(struct eh_descriptor *kept) {
    memcpy(kept, table.fds, sizeof table.fds);
    for (u32 fd = 0; fd < DESCRIPTORS; fd++)
        if (fd_file(fd))
            fd_file(fd)->references++;
}

void fd_restore(const struct eh_descriptor *kept) {
    for (u32 fd = 0; fd < DESCRIPTORS; fd++)
        if (fd_file(fd))
            fd_close(fd);
    memcpy(table.fds, kept, sizeof table.fds);
}

int fd_closes(u32 fd) { return table.fds[fd].close_on_exec; }

u32 fd_init(void) {
    for (u32 i = 0; i < STREAMS; i++) {
        struct eh_file *file = file_new(FILE_STREAM, O_RDWR | O_LARGEFILE);
        if (!file)
            return TEE_ERROR_OUT_OF_MEMORY;
        file->references = 1; // the streams stay open outside whatever the program closes
        fd_set(i, file, 0);
    }
    return TEE_SUCCESS;
}

// Drop a descriptor; the last one of a file closes it outside. What close() answers.
s64 fd_close(u32 fd) {
    struct eh_file *file = fd_file(fd);
    table.fds[fd].file = 0;
    if (!children_forked(eh_current)) // locks are its parent's
        locks_drop(file, file->references > 1);
    return file_drop(file);
}

s64 file_drop(struct eh_file *file) {
    if (--file->references)
        return 0;
    epoll_forget(file);
    if (file_inside(file)) {
        s64 closed = file_sealed(file) ? sealed_close(file) : 0;
        file_release(file);
        return closed;
    }
    struct eh_request r = {.row = ROW_close, .rule = AUDIT_FILES, .args = {file->number}};
    s64 result = wire_call(&r, 0);
    file_release(file);
    return result;
}

s64 sys_close(struct eh_context *c) { return fd_file(c->x[0]) ? fd_close((u32)c->x[0]) : -EBADF; }

s64 sys_close_range(struct eh_context *c) {
    enum { CLOSE_RANGE_UNSHARE = 2, CLOSE_RANGE_CLOEXEC = 4 };
    u32 first = (u32)c->x[0], last = (u32)c->x[1], flags = (u32)c->x[2];
    if ((flags & ~(u32)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
        return -EINVAL;
    for (u32 fd = first; fd < DESCRIPTORS && fd <= last; fd++) {
        if (!fd_file(fd))
            continue;
        if (flags & CLOSE_RANGE_CLOEXEC)
            table.fds[fd].close_on_exec = 1;
        else
            fd_close(fd); // what its close says, nobody hears
    }
    return 0;
}

static s64 duplicate(u32 fd, u32 from, int close_on_exec) {
    s64 made = fd_free(from);
    if (made >= 0)
        fd_set((u32)made, fd_file(fd), close_on_exec);
    return made;
}

s64 sys_dup(struct eh_context *c) { return fd_file(c->x[0]) ? duplicate((u32)c->x[0], 0, 0) : -EBADF; }

s64 sys_dup3(struct eh_context *c) {
    u32 old = (u32)c->x[0], new = (u32)c->x[1], flags = (u32)c->x[2];
    if ((flags & ~(u32)O_CLOEXEC) || old == new)
        return -EINVAL;
    if (new >= most() || !fd_file(old))
        return -EBADF;
    struct eh_file *file = fd_file(old);
    file->references++; // `new` may be the last descriptor of another file: closing it may leave the TEE
    if (fd_file(new))
        fd_close(new);
    fd_set(new, file, (flags & O_CLOEXEC) != 0);
    file->references--;
    return new;
}

u32 file_mode_inside(const struct eh_file *file) { return file->kind == FILE_PIPE ? pipe_mode(file) : 0600; }

static s64 set_flags(struct eh_file *file, u32 flags) {
    if (file_inside(file) || file->kind == FILE_SOCKET || file->watches) {
        file->flags = (file->flags & ~(u32)SETTABLE) | (flags & SETTABLE);
        return 0;
    }
    struct eh_request r = {
        .row = ROW_fcntl, .rule = AUDIT_FILES, .args = {file->number, F_SETFL, flags & SETTABLE}};
    s64 result = wire_call(&r, 0);
    if (!result)
        file->flags = (file->flags & ~(u32)SETTABLE) | (flags & SETTABLE);
    return result;
}

// How a stream was opened only the normal world knows.
static s64 stream_flags(struct eh_file *file) {
    struct eh_request r = {.row = ROW_fcntl, .rule = AUDIT_FILES, .args = {file->number, F_GETFL, 0}};
    s64 result = wire_call(&r, 0x7fffffff);
    return result < 0 ? file->flags : result | O_LARGEFILE;
}

s64 sys_fcntl(struct eh_context *c) {
    u32 fd = (u32)c->x[0], command = (u32)c->x[1];
    u64 argument = c->x[2];
    struct eh_file *file = fd_file(fd);
    if (!file)
        return -EBADF;
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return argument >= most() ? -EINVAL : duplicate(fd, (u32)argument, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return table.fds[fd].close_on_exec;
    case F_SETFD:
        table.fds[fd].close_on_exec = argument & FD_CLOEXEC;
        return 0;
    case F_GETFL:
        return file->kind == FILE_STREAM ? stream_flags(file) : file->flags;
    case F_SETFL:
        if (argument & O_ASYNC)
            return -EINVAL; // no file sends signals
        return file->flags & O_PATH ? -EBADF : set_flags(file, (u32)argument);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return file->flags & O_PATH ? -EBADF : locks_call(file, command, argument);
    case F_ADD_SEALS:
    case F_GET_SEALS:
        return file->flags & O_PATH ? -EBADF : store_seals(file, command == F_ADD_SEALS, (u32)argument);
    default:
        return file->flags & O_PATH ? -EBADF : -EINVAL;
    }
}
