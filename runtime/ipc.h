// SPDX-License-Identifier: BSD-2-Clause
// Objects of System V's shmget, semget and msgget: inside one program they are shared by its threads, and end with it.
#pragma once
#include "stores.h"

enum ipc_kind { IPC_FREE = 0, IPC_SHM, IPC_SEM, IPC_MSG };
enum { IPC_CREAT = 01000, IPC_EXCL = 02000, IPC_NOWAIT = 04000, IPC_RMID = 0, IPC_SET, IPC_STAT, IPC_64 = 0x100 };

struct eh_ipc {
    u32 kind;
    s32 key;
    u32 mode, sequence, uid, gid;
    u64 times[3];   // seconds: the last two kinds of use, the last change
    u32 pids[2];    // who used it last, or made it
    u32 count, bad; // semaphores; it is being taken away
    u64 size;
    union {
        struct eh_store *store;
        struct eh_semaphore *semaphores;
        u8 *messages;
    };
    u64 reserved[6];
};

struct eh_ipc *ipc_find(u32 kind, u64 id); // 0: no such object
s32 ipc_id(const struct eh_ipc *o);
// By its key, or a new one: *made. 0 with *error: EEXIST, ENOENT, ENOSPC.
struct eh_ipc *ipc_get(u32 kind, u64 key, u32 flags, int *made, s64 *error);
void ipc_stat(const struct eh_ipc *o, u64 words[6]); // struct ipc64_perm
s64 ipc_set(struct eh_ipc *o, u64 from); // from the beginning of the kind's structure
u64 ipc_now(void);
