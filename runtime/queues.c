// SPDX-License-Identifier: BSD-2-Clause
// System V message queues. A queue is a list of records in memory of its own, the oldest first: type, size, bytes.
#include "ipc.h"
#include "memory.h"
#include "process.h"
#include "thread.h"

enum { MESSAGE_MOST = 8192, BYTES_USUAL = 16384, ROOM = 65536, MSG_NOERROR = 010000, MSG_EXCEPT = 020000 };

struct record {
    s64 type;
    u64 size;
};

static u64 taken(const struct record *r) { return sizeof *r + ((r->size + 7) & ~7ull); }

static void changed(const struct eh_ipc *o) { futex_wake((u64)o, ~0u, ~0u); }

s64 sys_msgget(struct eh_context *c) {
    int made;
    s64 result;
    struct eh_ipc *o = ipc_get(IPC_MSG, c->x[0], (u32)c->x[1], &made, &result);
    if (!o)
        return result;
    if (made && !(o->messages = arena_own(ROOM))) {
        o->kind = IPC_FREE;
        return -ENOMEM;
    }
    if (made)
        o->size = BYTES_USUAL;
    return ipc_id(o);
}

static u64 bytes_in(const struct eh_ipc *o, u64 *used) {
    u64 bytes = 0;
    *used = 0;
    for (u32 i = 0; i < o->count; i++) {
        const struct record *r = (const void *)(o->messages + *used);
        bytes += r->size;
        *used += taken(r);
    }
    return bytes;
}

static s64 wait_on(struct eh_ipc *o, u64 id) {
    s64 result = thread_sleep_at((u64)o, NO_DEADLINE);
    return ipc_find(IPC_MSG, id) != o ? -EIDRM : result;
}

s64 sys_msgsnd(struct eh_context *c) {
    struct record made = {0, c->x[2]};
    u64 used;
    if (made.size > MESSAGE_MOST || (s32)c->x[0] < 0)
        return -EINVAL;
    if (user_in(&made.type, c->x[1], sizeof made.type))
        return -EFAULT;
    struct eh_ipc *o = ipc_find(IPC_MSG, c->x[0]);
    if (!o || made.type < 1)
        return -EINVAL;
    if (vma_prefix(&eh_map, c->x[1] + 8, made.size, PROT_READ) != made.size)
        return -EFAULT;
    while (bytes_in(o, &used) + made.size > o->size || used + taken(&made) > ROOM) {
        s64 result = c->x[3] & IPC_NOWAIT ? -EAGAIN : wait_on(o, c->x[0]);
        if (result)
            return result;
    }
    memcpy(o->messages + used, &made, sizeof made);
    user_in(o->messages + used + sizeof made, c->x[1] + 8, made.size);
    o->count++;
    o->times[0] = ipc_now();
    o->pids[0] = eh_start.pid;
    changed(o);
    return 0;
}

// The message that a receiver wants: the first, the first of a type, of another, or of the lowest up to -type.
static struct record *wanted(struct eh_ipc *o, s64 type, u32 flags) {
    struct record *found = 0;
    u64 at = 0;
    for (u32 i = 0; i < o->count; i++) {
        struct record *r = (void *)(o->messages + at);
        at += taken(r);
        if (type < 0 ? r->type > -type : type && (r->type == type) == ((flags & MSG_EXCEPT) != 0))
            continue;
        if (!found || (type < 0 && r->type < found->type))
            found = r;
        if (type >= 0)
            break;
    }
    return found;
}

static void take_out(struct eh_ipc *o, struct record *r) {
    u64 used, size = taken(r);
    bytes_in(o, &used);
    u8 *end = o->messages + used, *from = (u8 *)r + size;
    memmove(r, from, (u64)(end - from));
    o->count--;
}

s64 sys_msgrcv(struct eh_context *c) {
    u32 flags = (u32)c->x[4];
    struct record *r;
    struct eh_ipc *o = ipc_find(IPC_MSG, c->x[0]);
    if (!o || (s64)c->x[2] < 0)
        return -EINVAL;
    while (!(r = wanted(o, (s64)c->x[3], flags))) {
        s64 result = flags & IPC_NOWAIT ? -ENOMSG : wait_on(o, c->x[0]);
        if (result)
            return result;
    }
    if (r->size > c->x[2] && !(flags & MSG_NOERROR))
        return -E2BIG;
    u64 size = EH_MIN(r->size, c->x[2]);
    int faults = user_out(c->x[1], &r->type, sizeof r->type) || user_out(c->x[1] + 8, r + 1, size);
    take_out(o, r);
    o->times[1] = ipc_now();
    o->pids[1] = eh_start.pid;
    changed(o);
    return faults ? -EFAULT : (s64)size;
}

s64 sys_msgctl(struct eh_context *c) {
    struct eh_ipc *o = ipc_find(IPC_MSG, c->x[0]);
    u64 told[15] = {0}, used, limit;
    s64 result;
    if (!o)
        return -EINVAL;
    switch ((u32)c->x[1] & ~(u32)IPC_64) {
    case IPC_RMID:
        arena_disown(o->messages, ROOM);
        o->kind = IPC_FREE;
        changed(o);
        return 0;
    case IPC_SET:
        if (user_in(&limit, c->x[2] + 11 * 8, sizeof limit))
            return -EFAULT;
        if (limit > BYTES_USUAL)
            return -EPERM;
        result = ipc_set(o, c->x[2]);
        o->size = result ? o->size : limit;
        changed(o);
        return result;
    case IPC_STAT:
        ipc_stat(o, told);
        memcpy(&told[6], o->times, sizeof o->times);
        told[9] = bytes_in(o, &used);
        told[10] = o->count;
        told[11] = o->size;
        memcpy(&told[12], o->pids, sizeof o->pids);
        return user_out(c->x[2], told, sizeof told);
    default:
        return -EINVAL;
    }
}
