// SPDX-License-Identifier: BSD-2-Clause
// Record locks. The normal world's kernel keeps them, for the process that stands there for the program. What
// depends on descriptors is known here alone: an offset of a regular file, and that closing any descriptor of
// a file drops every lock that the program has on it.
#include "files.h"
#include "memory.h"
#include "process.h"
#include "signals.h"
#include "thread.h"

enum { F_GETLK = 5, F_SETLK = 6, F_SETLKW = 7, F_RDLCK = 0, F_WRLCK, F_UNLCK = 2, SEEK_SET = 0, SEEK_CUR, SEEK_END };
enum { OFD = 31 }; // F_OFD_GETLK is F_GETLK + 31, and so on: the lock is the open file's, not the process's
#define ASK_AGAIN 5000000ull // nanoseconds
#define OFFSET_MAX ((s64)(~0ull >> 1))

struct linux_flock {
    s16 type, whence;
    u32 padding;
    s64 start, length;
    s32 pid;
    u32 padding2;
};
_Static_assert(sizeof(struct linux_flock) == 32, "struct flock");

static int same_file(const struct eh_file *a, const struct eh_file *b) {
    if (a->kind == FILE_STREAM || b->kind == FILE_STREAM)
        return a == b; // what a stream is, the runtime does not know
    return a->device == b->device && a->inode == b->inode;
}

// Forget that the program has locks on the file; whether it had any.
static int forget(const struct eh_file *file) {
    int had = 0;
    for (u32 i = 0; i < FILES_MOST; i++) {
        struct eh_file *other = fd_file_at(i);
        if (other && other->locked && same_file(file, other)) {
            other->locked = 0;
            had = 1;
        }
    }
    return had;
}

static s64 request(struct eh_request *r, const struct linux_flock *lock) {
    s64 result = wire_open(r);
    if (result)
        return result;
    memcpy(wire_input(r), lock, sizeof *lock);
    return wire_send(r, 0);
}

// For a lock that another program has, where there are other threads or timers: waiting outside would stop them.
static s64 ask_again(struct eh_request *r, const struct linux_flock *lock) {
    s64 result;
    r->args[1]--; // F_SETLK, F_OFD_SETLK
    do
        result = request(r, lock);
    while ((result == -EAGAIN || result == -EACCES) && !(result = time_sleep(ASK_AGAIN)));
    return result;
}

static u32 number_outside(const struct eh_file *file) {
    return file_sealed(file) ? sealed_host(file) : file->number;
}

void locks_drop(const struct eh_file *file, int stays_open) {
    static const struct linux_flock all = {.type = F_UNLCK, .whence = SEEK_SET};
    if (!forget(file) || (!stays_open && !file_sealed(file)))
        return; // a close outside drops them
    struct eh_request r = {.row = ROW_fcntl,
                           .rule = AUDIT_FILES,
                           .args = {number_outside(file), F_SETLK, F_UNLCK},
                           .in_length = sizeof all,
                           .out_capacity = sizeof all};
    request(&r, &all);
}

// The lock that stands in the way, or F_UNLCK alone.
static s64 found(struct linux_flock *asked, const void *answer, u64 to) {
    struct linux_flock told;
    memcpy(&told, answer, sizeof told);
    if (told.type == F_UNLCK) {
        asked->type = F_UNLCK;
        return user_out(to, asked, sizeof *asked);
    }
    int conflicts = told.type == F_WRLCK || (told.type == F_RDLCK && asked->type == F_WRLCK);
    if (!conflicts || told.whence != SEEK_SET || told.start < 0 || told.length < 0 ||
        told.length > OFFSET_MAX - told.start || told.pid < -1)
        return wire_violated(EH_RULE_ANSWERS);
    told.padding = asked->padding;
    told.padding2 = asked->padding2;
    return user_out(to, &told, sizeof told);
}

static s64 call(struct eh_file *file, u32 asked_for, u64 address) {
    struct linux_flock asked, sent;
    u32 of_file = asked_for > F_SETLKW, command = of_file ? asked_for - OFD : asked_for;
    if (user_in(&asked, address, sizeof asked))
        return -EFAULT;
    if (file->stored && command == F_GETLK) // nobody else has it
        asked.type = F_UNLCK;
    if (file->stored)
        return command == F_GETLK ? user_out(address, &asked, sizeof asked) : 0;
    if ((file_inside(file) && !file_sealed(file)) || (of_file && (asked.pid || file_sealed(file))))
        return -EINVAL;
    sent = asked;
    sent.padding = sent.padding2 = 0;
    sent.pid = 0;
    int at_end = asked.whence == SEEK_END && file_sealed(file); // of which outside nobody knows where that is
    if (at_end || (file->kind == FILE_REGULAR && asked.whence == SEEK_CUR)) {
        s64 base = at_end ? (s64)sealed_size(file) : (s64)file->offset;
        if (__builtin_add_overflow(base, asked.start, &sent.start))
            return -EOVERFLOW;
        sent.whence = SEEK_SET;
    }
    u32 without = asked.type == F_RDLCK ? O_WRONLY : asked.type == F_WRLCK ? O_RDONLY : O_ACCMODE;
    if (file_sealed(file) && command != F_GETLK && (file->flags & O_ACCMODE) == without)
        return -EBADF; // outside it is open for both
    struct eh_request r = {.row = ROW_fcntl,
                           .rule = AUDIT_FILES,
                           .args = {number_outside(file), asked_for, (u16)asked.type},
                           .in_length = sizeof sent,
                           .out_capacity = sizeof sent};
    s64 result = command == F_SETLKW && (of_file || thread_others() || timer_next() != NO_DEADLINE) ? ask_again(&r, &sent)
                                                                                     : request(&r, &sent);
    if (result)
        return result;
    if (command == F_GETLK)
        return found(&asked, wire_output(&r), address);
    if (asked.type != F_UNLCK) {
        file->locked |= !of_file;
        cache_forget(file->device, file->inode); // whoever had the lock may have written
    }
    return 0;
}

s64 locks_call(struct eh_file *file, u32 command, u64 address) {
    file->references++; // another thread may close it while this one waits
    s64 result = call(file, command, address);
    file_drop(file);
    return result;
}
