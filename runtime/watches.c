// SPDX-License-Identifier: BSD-2-Clause
// Watches on files, and locks on whole ones. The normal world does what the program asks of files, so its kernel sees
// each event, those of others too; what it tells of them is checked. A lock is never waited for outside: the program
// itself may hold it, through another file.
#include "memory.h"
#include "process.h"
#include "waiting.h"

enum { LOCK_NB = 4, LOCK_KINDS = 11, EVENT_HEAD = 16, NAME_MOST = 255, ASK_AGAIN_MS = 5 };
#define MILLISECOND 1000000ull

s64 sys_flock(struct eh_context *c) {
    struct eh_file *file = fd_file(c->x[0]);
    u32 operation = (u32)c->x[1], kind = operation & ~(u32)LOCK_NB;
    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if (kind != 1 && kind != 2 && kind != 8)
        return -EINVAL;
    if (file_inside(file) && !file_sealed(file))
        return 0; // nobody else has it open
    struct eh_request r = {.row = ROW_flock,
                           .rule = AUDIT_FILES,
                           .args = {file_sealed(file) ? sealed_host(file) : file->number, kind | LOCK_NB}};
    file->references++;
    s64 result;
    while ((result = wire_call(&r, 0)) == -EAGAIN && !(operation & LOCK_NB))
        if (time_sleep(ASK_AGAIN_MS * MILLISECOND)) {
            result = -EINTR;
            break;
        }
    if (!result)
        cache_forget(file->device, file->inode); // whoever had the lock may have written
    file_drop(file);
    return result;
}

s64 sys_inotify_init1(struct eh_context *c) {
    u32 flags = (u32)c->x[0];
    if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    s64 fd = fd_free(0);
    struct eh_file *file = fd < 0 ? 0 : file_new(FILE_OTHER, flags & O_NONBLOCK);
    if (!file)
        return fd < 0 ? fd : -ENFILE;
    file->watches = 1;
    struct eh_request r = {.row = ROW_inotify_init1, .rule = AUDIT_FILES, .args = {file->number}};
    s64 result = wire_call(&r, 0);
    if (result) {
        file_release(file);
        return result;
    }
    return fd_give(file, (flags & O_CLOEXEC) != 0);
}

static struct eh_file *watcher(u64 fd, s64 *error) {
    struct eh_file *file = fd_file(fd);
    *error = !file ? -EBADF : file->watches ? 0 : -EINVAL;
    return file;
}

s64 sys_inotify_add_watch(struct eh_context *c) {
    struct eh_path path;
    s64 result;
    const struct eh_file *file = watcher(c->x[0], &result);
    if (!result && !((u32)c->x[2] & 0xfff))
        result = -EINVAL;
    if (!result)
        result = path_get(&path, (u64)-100, c->x[1]);
    if (!result)
        result = policy_path(&path, EH_RULE_KIND_READ);
    if (result)
        return result;
    struct eh_request r = {.row = ROW_inotify_add_watch,
                           .rule = AUDIT_FILES_READ,
                           .args = {file->number, (u32)c->x[2]},
                           .paths = {&path}};
    return wire_call(&r, 0x7fffffff);
}

s64 sys_inotify_rm_watch(struct eh_context *c) {
    s64 result;
    const struct eh_file *file = watcher(c->x[0], &result);
    struct eh_request r = {
        .row = ROW_inotify_rm_watch, .rule = AUDIT_FILES, .args = {file ? file->number : 0, (u32)c->x[1]}};
    return result ? result : wire_call(&r, 0);
}

// struct inotify_event: watch, mask, cookie, length of the name with its NULs.
static int events_sound(const u8 *data, u64 size) {
    u64 at = 0;
    while (at < size) {
        u32 head[4];
        if (size - at < EVENT_HEAD)
            return 0;
        memcpy(head, data + at, sizeof head);
        at += EVENT_HEAD;
        if (head[3] > size - at || head[3] > NAME_MOST + EVENT_HEAD + 1)
            return 0;
        const char *name = (const char *)data + at;
        if (head[3] && (name[head[3] - 1] || !name[0]))
            return 0;
        for (u32 i = 0; i < head[3] && name[i]; i++)
            if (name[i] == '/')
                return 0;
        at += head[3];
    }
    return 1;
}

static s64 read_once(struct eh_file *file, struct eh_span *s) {
    u8 events[EH_PAGE];
    u64 size = EH_MIN(s->left, sizeof events);
    struct eh_request r = {
        .row = ROW_read, .rule = AUDIT_STREAMS, .args = {file->number, size}, .out_capacity = (u32)size};
    s64 got = wire_call(&r, size);
    if (got <= 0)
        return got;
    memcpy(events, wire_output(&r), (u64)got);
    if (!events_sound(events, (u64)got))
        return wire_violated(EH_RULE_ANSWERS);
    span_write(s, events, (u64)got);
    return got;
}

s64 watches_read(struct eh_file *file, struct eh_span *s) {
    s64 got;
    file->references++;
    while ((got = read_once(file, s)) == -EAGAIN && !(file->flags & O_NONBLOCK)) {
        struct eh_watch w = {file->number, POLLIN, 0};
        s64 ready = watch(&w, 1, FOREVER);
        if (ready < 0) {
            got = ready;
            break;
        }
    }
    file_drop(file);
    return got;
}
