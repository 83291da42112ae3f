// SPDX-License-Identifier: BSD-2-Clause
// Opening files: what the policy, the image and the answer say of a file.
#include "memory.h"
#include "files.h"
#include "process.h"
#include "stores.h"
#include "tree.h"

static s64 keep_path(struct eh_file *file, const struct eh_path *path) {
    file->path = arena_own(EH_PAGE);
    if (!file->path)
        return -ENOMEM;
    memcpy(file->path, path->text, path->length);
    file->path_length = path->length;
    return 0;
}

// What the answer says of the file that was opened.
static s64 take_reply(struct eh_file *file, const struct eh_path *path, const struct eh_open_reply *reply) {
    u32 type = reply->mode & S_IFMT;
    if (!file_type_known(reply->mode) || reply->size >> 63 ||
        ((file->flags & O_DIRECTORY) && type != S_IFDIR && (file->flags & O_TMPFILE) != O_TMPFILE))
        return wire_violated(EH_RULE_ANSWERS);
    if (file->pin && (type != S_IFREG || reply->size != file->pin->size))
        return wire_violated(EH_RULE_FILES_PINNED);
    file->kind = type == S_IFREG ? FILE_REGULAR : type == S_IFDIR ? FILE_DIRECTORY : FILE_OTHER;
    file->size = reply->size;
    file->device = reply->device;
    file->inode = reply->inode;
    if (type == S_IFREG && (file->flags & O_TRUNC))
        cache_forget(file->device, file->inode);
    return type == S_IFDIR ? keep_path(file, path) : 0;
}

static s64 open_outside(struct eh_file *file, const struct eh_path *path, u32 flags, u32 mode) {
    struct eh_open_reply reply;
    u32 rule = file->pin ? AUDIT_FILES_PINNED : AUDIT_FILES;
    struct eh_request r = {.row = ROW_openat,
                           .rule = rule,
                           .args = {file->number, flags & ~(u32)O_CLOEXEC, mode},
                           .paths = {path},
                           .out_capacity = sizeof reply};
    s64 result = wire_call(&r, 0);
    if (result)
        return result;
    memcpy(&reply, wire_output(&r), sizeof reply);
    result = take_reply(file, path, &reply);
    if (result) {
        struct eh_request undo = {.row = ROW_close, .rule = AUDIT_FILES, .args = {file->number}};
        wire_call(&undo, 0);
    }
    return result;
}

static u32 wanted_rule(u32 flags) {
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    return writes && !(flags & O_PATH) ? EH_RULE_KIND_WRITE : EH_RULE_KIND_READ;
}

// A sealed file is decided upon inside. What else may lie there is a directory.
static s64 open_sealed(struct eh_file *file, const struct eh_path *path, u32 flags, u32 mode) {
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return -EOPNOTSUPP;
    s64 result = flags & (O_DIRECTORY | O_PATH) ? -EISDIR : sealed_open(file, path, flags, mode);
    if (result != -EISDIR || (!(flags & O_PATH) && wanted_rule(flags) != EH_RULE_KIND_READ))
        return result;
    result = open_outside(file, path, flags, mode);
    if (result || file->kind != FILE_REGULAR || (flags & O_PATH))
        return result;
    struct eh_request undo = {.row = ROW_close, .rule = AUDIT_FILES, .args = {file->number}};
    wire_call(&undo, 0);
    return wire_violated(EH_RULE_FILES_SEALED);
}

static struct eh_file *device_open(u32 device, u32 flags) {
    struct eh_file *file = file_new(FILE_DEVICE, (flags & ~(u32)O_CLOEXEC) | O_LARGEFILE);
    if (file)
        file->special = device;
    return file;
}

// By its name, or by a path that may lead there over links of the system.
static u32 image_of(const char *normal, u32 length) {
    u32 image = image_named(normal, length);
    const struct eh_tree_entry *e = image ? 0 : tree_find(normal, length, 1);
    return e ? image_named(tree_path(e), e->path_length) : image;
}

// What is opened inside: a library that lies in the TA, unless the policy says that it is a file; a device. fd + 1,
// an errno, or 0: something else.
static s64 open_inside(const struct eh_path *path, u32 flags) {
    char normal[EH_PATH_MAX];
    u32 length = path_normalise(normal, path->text, path->length), image = image_of(normal, length);
    u32 device = device_named(normal, length);
    if (wanted_rule(flags) != EH_RULE_KIND_READ || policy_pin(normal, length))
        image = 0;
    if (!image && !device)
        return 0;
    if (flags & O_DIRECTORY)
        return -ENOTDIR;
    s64 fd = fd_free(0);
    struct eh_file *file = fd < 0 ? 0 : image ? image_open(image, flags) : device_open(device, flags);
    if (!file)
        return fd < 0 ? fd : -ENFILE;
    fd_set((u32)fd, file, (flags & O_CLOEXEC) != 0);
    return fd + 1;
}

// A file of the system: a directory is opened here, the bytes of a file are asked for under the path of its entry.
static s64 open_tree(struct eh_file *file, struct eh_path *path, const struct eh_tree_entry *e, u32 flags) {
    u32 type = e->mode & S_IFMT;
    if (type == S_IFLNK)
        return -ELOOP;
    if (type != S_IFDIR && (flags & O_DIRECTORY))
        return -ENOTDIR;
    path->length = e->path_length;
    memcpy(path->text, tree_path(e), path->length);
    file->tree = tree_index(e) + 1;
    if (type == S_IFDIR) {
        file->kind = FILE_DIRECTORY;
        return keep_path(file, path);
    }
    file->pin = (const void *)e;
    return open_outside(file, path, flags & ~(u32)O_NOFOLLOW, 0);
}

static s64 open_path(struct eh_path *path, u32 flags, u32 mode) {
    if (shm_names(path))
        return shm_open(path, flags, mode);
    char normal[EH_PATH_MAX];
    const struct eh_tree_entry *entry;
    s64 found = open_inside(path, flags);
    if (found)
        return found < 0 ? found : found - 1;
    s64 fd = fd_free(0), result = policy_where(path, wanted_rule(flags), !(flags & O_NOFOLLOW), &entry);
    if (fd < 0 || result)
        return fd < 0 ? fd : result;
    struct eh_file *file = file_new(FILE_OTHER, (flags & ~(u32)(O_CLOEXEC | O_CREAT | O_EXCL)) | O_LARGEFILE);
    if (!file)
        return -ENFILE;
    u32 length = path_normalise(normal, path->text, path->length);
    file->pin = policy_pin(normal, length);
    file->changeable = policy_allows(normal, length, EH_RULE_KIND_WRITE) != 0;
    result = entry                 ? open_tree(file, path, entry, flags)
             : policy_sealed(path) ? open_sealed(file, path, flags, mode)
                                   : open_outside(file, path, flags, mode);
    if (result) {
        file_release(file);
        return result;
    }
    file->flags &= ~(u32)(O_TRUNC | O_NOFOLLOW);
    return fd_give(file, (flags & O_CLOEXEC) != 0); // another thread may have taken the one that was free
}

s64 sys_openat(struct eh_context *c) {
    struct eh_path path;
    u32 flags = (u32)c->x[2], mode = (u32)c->x[3] & 07777;
    if ((flags & O_TMPFILE) != O_TMPFILE && !(flags & O_CREAT))
        mode = 0;
    s64 result = path_get(&path, c->x[0], c->x[1]);
    return result ? result : open_path(&path, flags, mode & ~process_umask());
}

// struct open_how; how a path is to be resolved cannot be promised for what lies outside.
s64 sys_openat2(struct eh_context *c) {
    enum { FLAGS_KNOWN = 037777703, TMPFILE = 020000000, MORE = 8 };
    u64 how[3 + MORE] = {0}, size = c->x[3];
    if (size < 24)
        return -EINVAL;
    if (size > sizeof how)
        return -E2BIG;
    if (user_in(how, c->x[2], size))
        return -EFAULT;
    for (u64 i = 3; i < 3 + MORE; i++)
        if (how[i])
            return -E2BIG;
    int makes = (how[0] & O_CREAT) || (how[0] & TMPFILE);
    if ((how[0] & ~(u64)FLAGS_KNOWN) || how[2] || (how[1] & ~07777ull) || (how[1] && !makes))
        return -EINVAL;
    c->x[2] = how[0];
    c->x[3] = how[1];
    return sys_openat(c);
}
