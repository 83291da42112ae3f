// SPDX-License-Identifier: BSD-2-Clause
// Where memory lies and who looks at it: nothing of a TA is swapped out, so there is little to do but to check. And a
// program that reads its own memory as if it were another's.
#include "files.h"
#include "memory.h"
#include "process.h"

enum { MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4, MLOCK_ONFAULT = 1, MCL_CURRENT = 1, MCL_ONFAULT = 4 };

static s64 covered(u64 address, u64 size) {
    u64 start = EH_PAGE_DOWN(address), end = EH_PAGE_UP(address + size);
    return end < start || !vma_covers(&eh_map, start, end) ? -ENOMEM : 0;
}

s64 sys_msync(struct eh_context *c) {
    u32 flags = (u32)c->x[2];
    if ((c->x[0] & (EH_PAGE - 1)) || (flags & ~7u) || (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    return covered(c->x[0], c->x[1]);
}

s64 sys_mlock(struct eh_context *c) { return covered(c->x[0], c->x[1]); }
s64 sys_munlock(struct eh_context *c) { return covered(c->x[0], c->x[1]); }

s64 sys_mlock2(struct eh_context *c) {
    return (u32)c->x[2] & ~(u32)MLOCK_ONFAULT ? -EINVAL : covered(c->x[0], c->x[1]);
}

s64 sys_mlockall(struct eh_context *c) {
    u32 flags = (u32)c->x[0];
    return !flags || flags > 7 || flags == MCL_ONFAULT ? -EINVAL : 0;
}

s64 sys_munlockall(struct eh_context *c) { return (void)c, 0; }

s64 sys_mincore(struct eh_context *c) {
    u64 pages = EH_PAGE_UP(c->x[1]) / EH_PAGE;
    if (c->x[0] & (EH_PAGE - 1))
        return -EINVAL;
    if (covered(c->x[0], c->x[1]))
        return -ENOMEM;
    if (vma_prefix(&eh_map, c->x[2], pages, PROT_WRITE) != pages)
        return -EFAULT;
    memset((void *)c->x[2], 1, pages);
    return 0;
}

// A key of -1 is no key.
s64 sys_pkey_mprotect(struct eh_context *c) { return (s32)c->x[3] == -1 ? sys_mprotect(c) : -EINVAL; }

// Between two vectors of the program's; what is there until one of them ends.
static s64 transfer(struct eh_context *c, int writes) {
    struct eh_span here, there;
    u64 done = 0, from, to;
    if (c->x[5])
        return -EINVAL;
    s64 result = span_vector(&here, c->x[1], c->x[2], writes ? PROT_READ : PROT_WRITE);
    if (!result)
        result = span_vector(&there, c->x[3], c->x[4], writes ? PROT_WRITE : PROT_READ);
    if (result)
        return result;
    if (!(u32)c->x[0] || process_other(c->x[0]))
        return -ESRCH;
    struct eh_span *source = writes ? &here : &there, *target = writes ? &there : &here;
    while (source->left && target->left) {
        u64 piece = EH_MIN(span_chunk(source, &from), span_chunk(target, &to));
        if (!piece)
            break;
        memmove((void *)to, (const void *)from, piece);
        span_skip(source, piece);
        span_skip(target, piece);
        done += piece;
    }
    return (s64)done;
}

s64 sys_process_vm_readv(struct eh_context *c) { return transfer(c, 0); }
s64 sys_process_vm_writev(struct eh_context *c) { return transfer(c, 1); }

// ---- what is written goes outside at once: the disk is asked

static s64 sync_all(struct eh_context *c) {
    for (u32 i = 0; i < FILES_MOST; i++) {
        struct eh_file *file = fd_file_at(i);
        if (file && file->kind == FILE_REGULAR && (file->flags & O_ACCMODE) != O_RDONLY)
            file_sync(file, ROW_fdatasync);
    }
    return (void)c, 0;
}

s64 sys_sync(struct eh_context *c) { return sync_all(c); }

s64 sys_syncfs(struct eh_context *c) {
    const struct eh_file *file = fd_file(c->x[0]);
    return file && !(file->flags & O_PATH) ? sync_all(c) : -EBADF;
}

s64 sys_sync_file_range(struct eh_context *c) {
    struct eh_file *file = fd_file(c->x[0]);
    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if (((u32)c->x[3] & ~7u) || (s64)c->x[1] < 0 || (s64)c->x[2] < 0 || (s64)(c->x[1] + c->x[2]) < 0)
        return -EINVAL;
    return file->kind == FILE_REGULAR ? file_sync(file, ROW_fdatasync) : file->kind == FILE_DIRECTORY ? 0 : -ESPIPE;
}

s64 sys_readahead(struct eh_context *c) {
    const struct eh_file *file = fd_file(c->x[0]);
    if (!file || (file->flags & O_PATH) || (file->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    return file->kind == FILE_REGULAR ? 0 : -EINVAL;
}
