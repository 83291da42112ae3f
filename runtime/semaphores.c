// SPDX-License-Identifier: BSD-2-Clause
// System V semaphores: a call changes all that it names or waits; who waits is woken by whoever changes the set.
#include "ipc.h"
#include "memory.h"
#include "process.h"
#include "thread.h"

enum { SETS_MOST = 32000, OPERATIONS_MOST = 500, VALUE_MOST = 32767 };
enum { GETPID = 11, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETALL };

struct eh_semaphore {
    u16 value, up, zero, reserved; // threads that wait for more of it, and for 0
    u32 pid, padding;
};

struct operation {
    u16 number;
    s16 change;
    u16 flags;
};

s64 sys_semget(struct eh_context *c) {
    u32 count = (u32)c->x[1];
    int made;
    s64 result;
    if (count > SETS_MOST)
        return -EINVAL;
    struct eh_ipc *o = ipc_get(IPC_SEM, c->x[0], (u32)c->x[2], &made, &result);
    if (!o)
        return result;
    if (!made)
        return count > o->count ? -EINVAL : ipc_id(o);
    o->semaphores = count ? arena_own(count * sizeof *o->semaphores) : 0;
    o->count = count;
    if (o->semaphores)
        return ipc_id(o);
    o->kind = IPC_FREE;
    return count ? -ENOMEM : -EINVAL;
}

static void changed(const struct eh_ipc *o) { futex_wake((u64)o, ~0u, ~0u); }

// All of them, or none: 0, an errno, or 1 with *stuck: that one has to wait.
static s64 attempt(struct eh_ipc *o, const struct operation *ops, u32 count, u32 *stuck) {
    s64 result = 0;
    u32 done = 0;
    for (; done < count && !result; done++) {
        struct eh_semaphore *s = &o->semaphores[ops[done].number];
        s32 value = s->value + ops[done].change;
        if (ops[done].change ? value < 0 : s->value != 0)
            result = ops[done].flags & IPC_NOWAIT ? -EAGAIN : 1;
        else if (value > VALUE_MOST)
            result = -ERANGE;
        else
            s->value = (u16)value;
    }
    if (result)
        *stuck = --done;
    for (u32 i = 0; i < done; i++) {
        struct eh_semaphore *s = &o->semaphores[ops[i].number];
        if (result)
            s->value = (u16)(s->value - ops[i].change);
        else
            s->pid = eh_start.pid;
    }
    return result;
}

static s64 wait_for(struct eh_ipc *o, u64 id, const struct operation *op, u64 deadline) {
    struct eh_semaphore *s = &o->semaphores[op->number];
    u16 *waiting = op->change ? &s->up : &s->zero;
    ++*waiting;
    s64 result = thread_sleep_at((u64)o, deadline);
    if (ipc_find(IPC_SEM, id) != o)
        return -EIDRM;
    --*waiting;
    return result == -ETIMEDOUT ? -EAGAIN : result;
}

static s64 operate(struct eh_context *c, u64 deadline) {
    struct operation ops[OPERATIONS_MOST];
    u32 count = (u32)c->x[2], stuck = 0;
    s64 result;
    if (!count || (s32)c->x[0] < 0)
        return -EINVAL;
    if (count > OPERATIONS_MOST)
        return -E2BIG;
    if (user_in(ops, c->x[1], count * sizeof *ops))
        return -EFAULT;
    struct eh_ipc *o = ipc_find(IPC_SEM, c->x[0]);
    for (u32 i = 0; o && i < count; i++)
        if (ops[i].number >= o->count)
            return -EFBIG;
    if (!o)
        return -EINVAL;
    while ((result = attempt(o, ops, count, &stuck)) == 1) {
        result = wait_for(o, c->x[0], &ops[stuck], deadline);
        if (result)
            return result;
    }
    if (!result) {
        o->times[0] = ipc_now();
        changed(o);
    }
    return result;
}

s64 sys_semop(struct eh_context *c) { return operate(c, NO_DEADLINE); }

s64 sys_semtimedop(struct eh_context *c) {
    u64 time;
    if (!c->x[3])
        return operate(c, NO_DEADLINE);
    s64 result = time_read(c->x[3], &time);
    return result ? result : operate(c, time_monotonic() + time);
}

static s64 values(struct eh_ipc *o, u64 address, int sets) {
    u16 value;
    for (u32 i = 0; sets && i < o->count; i++)
        if (user_in(&value, address + 2ull * i, sizeof value))
            return -EFAULT;
        else if (value > VALUE_MOST)
            return -ERANGE;
    for (u32 i = 0; i < o->count; i++) {
        if (sets)
            user_in(&o->semaphores[i].value, address + 2ull * i, sizeof value);
        else if (user_out(address + 2ull * i, &o->semaphores[i].value, sizeof value))
            return -EFAULT;
    }
    return 0;
}

static s64 remove_set(struct eh_ipc *o) {
    arena_disown(o->semaphores, o->count * sizeof *o->semaphores);
    o->kind = IPC_FREE;
    changed(o);
    return 0;
}

static s64 of_one(struct eh_ipc *o, u32 number, u32 command, s32 value) {
    if (number >= o->count)
        return -EINVAL;
    struct eh_semaphore *s = &o->semaphores[number];
    switch (command) {
    case GETPID:
        return s->pid;
    case GETVAL:
        return s->value;
    case GETNCNT:
        return s->up;
    case GETZCNT:
        return s->zero;
    default:
        if (value < 0 || value > VALUE_MOST)
            return -ERANGE;
        s->value = (u16)value;
        s->pid = eh_start.pid;
        return 0;
    }
}

s64 sys_semctl(struct eh_context *c) {
    u32 command = (u32)c->x[2] & ~(u32)IPC_64;
    struct eh_ipc *o = ipc_find(IPC_SEM, c->x[0]);
    u64 told[11] = {0};
    s64 result;
    if (!o || command > SETALL)
        return -EINVAL;
    switch (command) {
    case IPC_RMID:
        return remove_set(o);
    case IPC_SET:
        return ipc_set(o, c->x[3]);
    case IPC_STAT:
        ipc_stat(o, told);
        told[6] = o->times[0];
        told[7] = o->times[2];
        told[8] = o->count;
        return user_out(c->x[3], told, sizeof told);
    case GETALL:
        return values(o, c->x[3], 0);
    case GETPID:
    case GETVAL:
    case GETNCNT:
    case GETZCNT:
        return of_one(o, (u32)c->x[1], command, 0);
    case SETVAL:
    case SETALL:
        result = command == SETVAL ? of_one(o, (u32)c->x[1], command, (s32)c->x[3]) : values(o, c->x[3], 1);
        o->times[2] = ipc_now();
        changed(o);
        return result;
    default:
        return -EINVAL;
    }
}
