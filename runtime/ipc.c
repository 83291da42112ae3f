// SPDX-License-Identifier: BSD-2-Clause
// The table of System V objects, and shared memory.
#include "ipc.h"
#include "memory.h"
#include "process.h"

enum { OBJECTS = 128, SHM_RDONLY = 010000, SHM_RND = 020000, SHM_REMAP = 040000, SHM_EXEC = 0100000 };
enum { SHM_DEST = 01000, SHM_LOCK = 11, SHM_UNLOCK = 12 };

static struct eh_ipc *objects; // made with the first
static u32 sequences;
_Static_assert(sizeof(struct eh_ipc) == 128, "objects fill pages");

u64 ipc_now(void) { return time_now(1) / 1000000000; }

s32 ipc_id(const struct eh_ipc *o) { return (s32)(o->sequence % 0x8000 * OBJECTS + (u32)(o - objects)); }

// A segment that was taken away goes when nothing maps it any more.
static void settle(struct eh_ipc *o) {
    if (o->kind != IPC_SHM || !(o->mode & SHM_DEST) || o->store->maps)
        return;
    store_leave(o->store);
    o->kind = IPC_FREE;
}

struct eh_ipc *ipc_find(u32 kind, u64 id) {
    struct eh_ipc *o = objects && (s32)id >= 0 ? &objects[(u32)id % OBJECTS] : 0;
    if (o)
        settle(o);
    return o && o->kind == kind && ipc_id(o) == (s32)id ? o : 0;
}

static struct eh_ipc *fresh(u32 kind, s32 key, u32 flags) {
    for (u32 i = 0; i < OBJECTS; i++) {
        struct eh_ipc *o = &objects[i];
        settle(o);
        if (o->kind)
            continue;
        *o = (struct eh_ipc){.kind = kind,
                             .key = key,
                             .mode = flags & 0777,
                             .sequence = sequences++,
                             .uid = eh_start.euid,
                             .gid = eh_start.egid};
        o->times[2] = ipc_now();
        return o;
    }
    return 0;
}

struct eh_ipc *ipc_get(u32 kind, u64 key, u32 flags, int *made, s64 *error) {
    *made = 0;
    if (!objects && !(objects = arena_own(OBJECTS * sizeof *objects))) {
        *error = -ENOMEM;
        return 0;
    }
    for (u32 i = 0; (s32)key && i < OBJECTS; i++) {
        if (objects[i].kind != kind || objects[i].key != (s32)key)
            continue;
        *error = (flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL) ? -EEXIST : 0;
        return *error ? 0 : &objects[i];
    }
    *error = (s32)key && !(flags & IPC_CREAT) ? -ENOENT : -ENOSPC;
    struct eh_ipc *o = *error == -ENOENT ? 0 : fresh(kind, (s32)key, flags);
    *made = o != 0;
    return o;
}

void ipc_stat(const struct eh_ipc *o, u64 words[6]) {
    u32 *p = (u32 *)words;
    const u32 told[7] = {(u32)o->key, o->uid, o->gid, eh_start.euid, eh_start.egid, o->mode, o->sequence & 0xffff};
    memcpy(p, told, sizeof told);
}

s64 ipc_set(struct eh_ipc *o, u64 from) {
    u32 perm[6];
    if (user_in(perm, from, sizeof perm))
        return -EFAULT;
    o->uid = perm[1];
    o->gid = perm[2];
    o->mode = (o->mode & ~0777u) | (perm[5] & 0777);
    o->times[2] = ipc_now();
    return 0;
}

// ---- shared memory

s64 sys_shmget(struct eh_context *c) {
    u64 size = c->x[1];
    int made;
    s64 result;
    struct eh_ipc *o = ipc_get(IPC_SHM, c->x[0], (u32)c->x[2], &made, &result);
    if (!o)
        return result;
    if (!made)
        return size > o->size ? -EINVAL : ipc_id(o);
    o->store = size ? store_new(0) : 0;
    result = !size ? -EINVAL : !o->store ? -ENOSPC : store_resize(o->store, size);
    if (result) {
        if (o->store)
            store_leave(o->store);
        o->kind = IPC_FREE;
        return result;
    }
    o->size = size;
    o->pids[0] = eh_start.pid;
    return ipc_id(o);
}

s64 sys_shmat(struct eh_context *c) {
    struct eh_ipc *o = ipc_find(IPC_SHM, c->x[0]);
    u64 wanted = c->x[1];
    u32 flags = (u32)c->x[2];
    if (!o || (!wanted && (flags & SHM_REMAP)))
        return -EINVAL;
    if (flags & SHM_EXEC)
        return -EACCES;
    if (flags & SHM_RND)
        wanted = EH_PAGE_DOWN(wanted);
    s64 at = store_map(o->store, wanted, EH_PAGE_UP(o->size), 0, flags & SHM_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE);
    if (at > 0) {
        o->times[0] = ipc_now();
        o->pids[1] = eh_start.pid;
    }
    return at;
}

s64 sys_shmdt(struct eh_context *c) {
    for (u32 i = 0; objects && i < OBJECTS; i++) {
        struct eh_ipc *o = &objects[i];
        if (o->kind != IPC_SHM || !o->store->maps || (u64)o->store->at != c->x[0])
            continue;
        arena_give(c->x[0], EH_PAGE_UP(o->size));
        o->times[1] = ipc_now();
        o->pids[1] = eh_start.pid;
        settle(o);
        return 0;
    }
    return -EINVAL;
}

s64 sys_shmctl(struct eh_context *c) {
    struct eh_ipc *o = ipc_find(IPC_SHM, c->x[0]);
    u64 told[14] = {0};
    if (!o)
        return -EINVAL;
    switch ((u32)c->x[1] & ~(u32)IPC_64) {
    case IPC_RMID:
        o->mode |= SHM_DEST;
        o->key = 0;
        settle(o);
        return 0;
    case IPC_SET:
        return ipc_set(o, c->x[2]);
    case IPC_STAT:
        ipc_stat(o, told);
        told[6] = o->size;
        memcpy(&told[7], o->times, sizeof o->times);
        memcpy(&told[10], o->pids, sizeof o->pids);
        told[11] = o->store->maps;
        return user_out(c->x[2], told, sizeof told);
    case SHM_LOCK:
    case SHM_UNLOCK:
        return 0; // nothing is swapped out
    default:
        return -EINVAL;
    }
}
