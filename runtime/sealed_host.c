// SPDX-License-Identifier: BSD-2-Clause
// The host file of a sealed file: only ciphertext crosses, copied into secure memory before anything looks at it.
#include "sealed.h"

enum { HEADERS = 2, LEAF_UNITS = 2 + 2 * SEAL_FAN, BRANCH_UNITS = 2 + SEAL_FAN * LEAF_UNITS };

// Everything lies in two slots, so that what is committed is never written over: headers, the top node, then for each
// branch its node and its leaves, for each leaf its node and its blocks, all of one slot side by side.
u64 seal_place(u32 level, u64 index, u32 slot) {
    u64 group = level ? index : index >> SEAL_FAN_SHIFT;
    u64 leaf = 4 + (group >> SEAL_FAN_SHIFT) * BRANCH_UNITS + 2 + (group & (SEAL_FAN - 1)) * LEAF_UNITS;
    u64 unit = level == 3   ? HEADERS + slot
               : level == 2 ? 4 + index * BRANCH_UNITS + slot
               : level      ? leaf + slot
                            : leaf + 2 + (u64)slot * SEAL_FAN + (index & (SEAL_FAN - 1));
    return unit * SEAL_UNIT;
}

static s64 host_call(struct eh_seal *s, u32 row) {
    struct eh_request r = {.row = row, .rule = AUDIT_FILES_SEALED, .args = {s->host->number}};
    return wire_call(&r, 0);
}

static s64 try_open(struct eh_seal *s, const struct eh_path *path, u32 flags, u32 mode) {
    struct eh_open_reply reply;
    struct eh_request r = {.row = ROW_openat,
                           .rule = AUDIT_FILES_SEALED,
                           .args = {s->host->number, flags, mode},
                           .paths = {path},
                           .out_capacity = sizeof reply};
    s64 result = wire_call(&r, 0);
    if (result)
        return result;
    memcpy(&reply, wire_output(&r), sizeof reply);
    if ((reply.mode & S_IFMT) != S_IFREG || reply.size >> 62) {
        host_call(s, ROW_close);
        return (reply.mode & S_IFMT) == S_IFDIR ? -EISDIR : wire_violated(EH_RULE_FILES_SEALED);
    }
    s->host->size = reply.size;
    s->host->device = reply.device;
    s->host->inode = reply.inode;
    return 0;
}

s64 seal_host_open(struct eh_seal *s, const struct eh_path *path, u32 flags, u32 mode) {
    u32 passed = flags & (O_CREAT | O_EXCL | O_NOFOLLOW);
    s->host = file_new(FILE_REGULAR, O_RDWR | O_LARGEFILE);
    if (!s->host)
        return -ENFILE;
    s64 result = try_open(s, path, passed | O_RDWR | O_LARGEFILE, mode);
    s->writable = !result;
    if ((result == -EACCES || result == -EROFS || result == -EPERM) && (flags & O_ACCMODE) == O_RDONLY)
        result = try_open(s, path, (passed & O_NOFOLLOW) | O_LARGEFILE, 0);
    if (result) {
        file_release(s->host);
        s->host = 0;
    }
    return result;
}

void seal_host_close(struct eh_seal *s) {
    if (!s->host)
        return;
    host_call(s, ROW_close);
    file_release(s->host);
    s->host = 0;
}

s64 seal_host_sync(struct eh_seal *s) { return host_call(s, ROW_fdatasync); }

s64 seal_host_sync_name(struct eh_seal *s) { return host_call(s, ROW_fsync); }

s64 seal_host_read(struct eh_seal *s, u8 *to, u64 size, u64 offset) {
    for (u64 done = 0; done < size;) {
        u64 piece = EH_MIN(size - done, wire_most() & ~63ull);
        struct eh_request r = {.row = ROW_pread64,
                               .rule = AUDIT_FILES_SEALED,
                               .args = {s->host->number, piece, offset + done},
                               .out_capacity = (u32)piece};
        s64 got = wire_call(&r, piece);
        if (got < 0)
            return got;
        if (!got)
            return wire_violated(EH_RULE_FILES_SEALED);
        eh_copy(to + done, wire_output(&r), (u64)got);
        done += (u64)got;
    }
    return 0;
}

s64 seal_host_write(struct eh_seal *s, const u8 *from, u64 size, u64 offset) {
    for (u64 done = 0; done < size;) {
        u64 piece = EH_MIN(size - done, wire_most());
        struct eh_request r = {.row = ROW_pwrite64,
                               .rule = AUDIT_FILES_SEALED,
                               .args = {s->host->number, piece, offset + done},
                               .in_length = (u32)piece};
        s64 got = wire_open(&r);
        if (!got) {
            eh_copy(wire_input(&r), from + done, piece);
            got = wire_send(&r, piece);
        }
        if (got <= 0)
            return got ? got : -EIO;
        done += (u64)got;
    }
    return 0;
}
