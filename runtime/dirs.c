// SPDX-License-Identifier: BSD-2-Clause
// Names: directories, links, access. What may be done to a path is the policy's to say, inside; whether it
// can be done is the caller's file system's.
#include "files.h"
#include "process.h"
#include "stores.h"
#include "tree.h"

enum { AT_REMOVEDIR = 0x200, AT_EACCESS = 0x200, AT_SYMLINK_NOFOLLOW = 0x100, AT_EMPTY_PATH = 0x1000 };
enum { DIRENT_NAME = 19, ACCESS_EXECUTE = 1, ACCESS_WRITE = 2 };

// A path of the program that the policy lets be `want`ed.
static s64 allowed_path(struct eh_path *path, u64 directory, u64 address, u32 want) {
    s64 result = path_get(path, directory, address);
    return result ? result : policy_path(path, want);
}

static s64 path_call(u32 row, u32 rule, const struct eh_path *path, u64 a, u64 b) {
    struct eh_request r = {.row = row, .rule = rule, .args = {a, b}, .paths = {path}};
    return wire_call(&r, 0);
}

s64 sys_mkdirat(struct eh_context *c) {
    struct eh_path path;
    u64 mode = c->x[2] & 01777 & ~(u64)process_umask();
    s64 result = allowed_path(&path, c->x[0], c->x[1], EH_RULE_KIND_WRITE);
    return result ? result : path_call(ROW_mkdirat, AUDIT_FILES_WRITE, &path, mode, 0);
}

s64 sys_unlinkat(struct eh_context *c) {
    struct eh_path path;
    u32 flags = (u32)c->x[2];
    if (flags & ~(u32)AT_REMOVEDIR)
        return -EINVAL;
    s64 result = path_get(&path, c->x[0], c->x[1]);
    if (!result && shm_names(&path))
        return flags ? -ENOTDIR : shm_unlink(&path);
    if (!result)
        result = policy_path(&path, EH_RULE_KIND_WRITE);
    if (!result && !flags && policy_sealed(&path))
        return sealed_unlink(&path);
    return result ? result : path_call(ROW_unlinkat, AUDIT_FILES_WRITE, &path, flags, 0);
}

static s64 rename_paths(struct eh_context *c, u32 flags) {
    struct eh_path old, new;
    s64 result = path_get(&old, c->x[0], c->x[1]);
    if (!result)
        result = path_get(&new, c->x[2], c->x[3]);
    if (!result && shm_names(&old))
        return flags ? -EINVAL : shm_link(&old, &new, 1);
    if (!result)
        result = policy_path(&old, EH_RULE_KIND_WRITE);
    if (!result)
        result = policy_path(&new, EH_RULE_KIND_WRITE);
    if (result)
        return result;
    if (policy_sealed(&old) || policy_sealed(&new))
        return sealed_rename(&old, &new, flags);
    struct eh_request r = {
        .row = ROW_renameat2, .rule = AUDIT_FILES_WRITE, .args = {flags}, .paths = {&old, &new}};
    return wire_call(&r, 0);
}

s64 sys_renameat(struct eh_context *c) { return rename_paths(c, 0); }

s64 sys_renameat2(struct eh_context *c) {
    u32 flags = (u32)c->x[4];
    return (flags & ~7u) || ((flags & 2) && (flags & 5)) ? -EINVAL : rename_paths(c, flags);
}

s64 sys_truncate(struct eh_context *c) {
    struct eh_path path;
    if ((s64)c->x[1] < 0)
        return -EINVAL;
    s64 result = allowed_path(&path, (u64)-100, c->x[0], EH_RULE_KIND_WRITE);
    if (result)
        return result;
    if (policy_sealed(&path))
        return sealed_truncate(&path, c->x[1]);
    cache_drop_all(); // the inode is not known here
    return path_call(ROW_truncate, AUDIT_FILES_WRITE, &path, c->x[1], 0);
}

static s64 access_tree(const struct eh_tree_entry *e, u32 mode) {
    if (mode & ACCESS_WRITE)
        return -EROFS;
    return (mode & ACCESS_EXECUTE) && !(e->mode & 0111) ? -EACCES : 0;
}

static s64 access_path(u64 directory, u64 address, u32 mode, u32 flags) {
    struct eh_path path;
    if ((mode & ~7u) || (flags & ~(u32)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    if ((flags & AT_EMPTY_PATH) && path_empty(address) == 1)
        return fd_file(directory) ? 0 : -EBADF;
    const struct eh_tree_entry *entry;
    s64 result = path_get(&path, directory, address);
    if (!result && shm_names(&path))
        return !shm_find(&path) ? -ENOENT : mode & ACCESS_EXECUTE ? -EACCES : 0;
    if (!result && device_named(path.text, path.length))
        return mode & ACCESS_EXECUTE ? -EACCES : 0;
    if (!result && image_named(path.text, path.length))
        return mode & ACCESS_WRITE ? -EROFS : 0;
    if (!result)
        result = policy_where(&path, POLICY_LOOK, !(flags & AT_SYMLINK_NOFOLLOW), &entry);
    if (result || entry)
        return result ? result : access_tree(entry, mode);
    char normal[EH_PATH_MAX];
    u32 length = path_normalise(normal, path.text, path.length);
    if ((mode & ACCESS_WRITE) && !policy_allows(normal, length, EH_RULE_KIND_WRITE))
        return -EACCES;
    return path_call(ROW_faccessat2, AUDIT_FILES_READ, &path, mode, flags);
}

s64 sys_faccessat(struct eh_context *c) { return access_path(c->x[0], c->x[1], (u32)c->x[2], 0); }

s64 sys_faccessat2(struct eh_context *c) { return access_path(c->x[0], c->x[1], (u32)c->x[2], (u32)c->x[3]); }

static int is_self(const char *text, u32 length) {
    static const char name[] = "/proc/self/exe";
    return eh_equal(text, length, name, sizeof name - 1);
}

// /proc/self/exe leads to the program's name in the signed image.
static s64 self_link(u64 to, u64 size) {
    struct eh_path path;
    const char *name = eh_config.images[0].name;
    path.length = 0;
    while (path.length < sizeof eh_config.images[0].name - 1 && name[path.length])
        path.length++;
    memcpy(path.text, name, path.length);
    path.text[path.length] = 0;
    u32 cwd_length;
    const char *cwd = path_cwd(&cwd_length);
    s64 result = path.text[0] == '/' ? 0 : path_join(&path, cwd, cwd_length);
    u64 count = EH_MIN(size, (u64)path.length);
    if (!result)
        result = user_out(to, path.text, count);
    return result ? result : (s64)count;
}

static s64 link_tree(const struct eh_tree_entry *e, u64 to, u64 size) {
    if ((e->mode & 0170000) != 0120000)
        return -EINVAL;
    u64 count = EH_MIN(size, (u64)e->hash_count);
    s64 result = user_out(to, tree_data(e), count);
    return result ? result : (s64)count;
}

s64 sys_readlinkat(struct eh_context *c) {
    struct eh_path path;
    s64 size = (s32)c->x[3];
    if (size <= 0)
        return -EINVAL;
    s64 result = path_get(&path, c->x[0], c->x[1]);
    if (result)
        return result;
    if (is_self(path.text, path.length))
        return self_link(c->x[2], (u64)size);
    const struct eh_tree_entry *entry;
    result = policy_where(&path, POLICY_LOOK, 0, &entry);
    if (result || entry)
        return result ? result : link_tree(entry, c->x[2], (u64)size);
    size = EH_MIN(size, EH_PATH_MAX);
    struct eh_request r = {.row = ROW_readlinkat,
                           .rule = AUDIT_FILES_READ,
                           .args = {(u64)size},
                           .paths = {&path},
                           .out_capacity = (u32)size};
    result = wire_call(&r, (u64)size);
    if (result <= 0)
        return result;
    s64 fault = user_out(c->x[2], wire_output(&r), (u64)result);
    return fault ? fault : result;
}

// struct linux_dirent64: u64 inode, s64 offset, u16 length of the record, u8 type, name with a NUL.
s64 dirents_check(const u8 *data, u64 size) {
    for (u64 at = 0; at < size;) {
        u64 left = size - at, length = left > DIRENT_NAME ? data[at + 16] | data[at + 17] << 8 : 0;
        if (length <= DIRENT_NAME || length > left || (length & 7) || !data[at + DIRENT_NAME])
            return -EPERM;
        u64 i = DIRENT_NAME;
        while (i < length && data[at + i] && data[at + i] != '/')
            i++;
        if (i == length || data[at + i])
            return -EPERM;
        at += length;
    }
    return 0;
}

// One record; the bytes that it takes, 0 when it does not fit.
static u64 put_dirent(u64 to, u64 room, u64 inode, s64 next, u32 mode, const char *name, u32 length) {
    u64 size = (DIRENT_NAME + length + 8ull) & ~7ull;
    if (size > room)
        return 0;
    u8 *at = (u8 *)to;
    memset(at, 0, size);
    memcpy(at, &inode, 8);
    memcpy(at + 8, &next, 8);
    at[16] = (u8)size;
    at[17] = (u8)(size >> 8);
    at[18] = (u8)(mode >> 12);
    memcpy(at + DIRENT_NAME, name, length);
    return size;
}

// What a directory of the system holds. Its offset: 0 and 1 for "." and "..", then the entry's index plus 2.
static s64 dirents_tree(struct eh_file *file, u64 to, u64 room) {
    const struct eh_tree_entry *directory = tree_at(file->tree - 1), *e;
    u64 done = 0, inode = file->tree;
    for (; file->offset < 2; file->offset++) {
        u64 size = put_dirent(to + done, room - done, inode, (s64)file->offset + 1, directory->mode, "..",
                              (u32)file->offset + 1);
        if (!size)
            return done ? (s64)done : -EINVAL;
        done += size;
    }
    e = file->offset == 2 ? directory : tree_at((u32)(file->offset - 3));
    while (e && (e = tree_child(directory, e))) {
        u32 length;
        const char *name = tree_name(e, &length);
        u64 next = tree_index(e) + 3ull;
        u64 size = put_dirent(to + done, room - done, tree_index(e) + 1ull, (s64)next, e->mode, name, length);
        if (!size)
            return done ? (s64)done : -EINVAL;
        done += size;
        file->offset = next;
    }
    return (s64)done;
}

s64 sys_getdents64(struct eh_context *c) {
    struct eh_file *file = fd_file(c->x[0]);
    u64 to = c->x[1], size = (u32)c->x[2];
    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if (file->kind != FILE_DIRECTORY)
        return -ENOTDIR;
    size = EH_MIN(vma_prefix(&eh_map, to, size, PROT_WRITE), wire_most());
    if (!size)
        return (u32)c->x[2] ? -EFAULT : -EINVAL;
    if (file->tree)
        return dirents_tree(file, to, size);
    struct eh_request r = {.row = ROW_getdents64,
                           .rule = AUDIT_FILES_READ,
                           .args = {file->number, size},
                           .out_capacity = (u32)size};
    s64 got = wire_call(&r, size);
    if (got <= 0)
        return got;
    eh_copy((void *)to, wire_output(&r), (u64)got); // into secure memory first, then looked at
    if (!dirents_check((const u8 *)to, (u64)got))
        return got;
    memset((void *)to, 0, (u64)got);
    return wire_violated(EH_RULE_ANSWERS);
}
