// SPDX-License-Identifier: BSD-2-Clause
// Asking about files: every field of an answer is checked before the program sees it; what lies in the TA is told from
// there.
#include "files.h"
#include "memory.h"
#include "process.h"
#include "stores.h"
#include "tree.h"

enum { AT_SYMLINK_NOFOLLOW = 0x100, AT_NO_AUTOMOUNT = 0x800, AT_EMPTY_PATH = 0x1000, AT_SYNC = 0x6000 };
enum { S_IFCHR = 0020000, S_IFBLK = 0060000, S_IFSOCK = 0140000 };
#define NO_FILE 0xffffffffull
#define IMAGES_DEVICE 0xe1f
#define TREE_DEVICE 0xe20
#define DEVICES_DEVICE 5
#define PIPES_DEVICE 14
#define STORES_DEVICE 1
#define DEVICE_MODE (S_IFCHR | 0666)
#define IMAGE_MODE (S_IFREG | 0755)

int file_type_known(u32 mode) {
    u32 type = mode & S_IFMT;
    return type == S_IFDIR || type == S_IFREG || type == S_IFIFO || type == S_IFCHR || type == S_IFBLK ||
           type == S_IFLNK || type == S_IFSOCK;
}

struct linux_stat { // arm64
    u64 device, inode;
    u32 mode, links, uid, gid;
    u64 special, padding;
    s64 size;
    s32 block_size, padding2;
    s64 blocks;
    u64 times[6]; // seconds, nanoseconds
    u32 unused[2];
};
_Static_assert(sizeof(struct linux_stat) == 128, "struct stat");

static int same_kind(const struct eh_file *file, u32 mode) {
    u32 type = mode & S_IFMT;
    return (file->kind == FILE_REGULAR) == (type == S_IFREG) &&
           (file->kind == FILE_DIRECTORY) == (type == S_IFDIR);
}

// `file` is 0 when a path was asked about; `pin` when that path or file is pinned.
static s64 check_stat(struct linux_stat *s, const struct eh_file *file, const struct eh_policy_pinned *pin) {
    int sane = file_type_known(s->mode) && s->size >= 0 && s->blocks >= 0 && s->block_size >= 0 &&
               s->times[1] < 1000000000 && s->times[3] < 1000000000 && s->times[5] < 1000000000;
    if (file && file->kind != FILE_STREAM && file->kind != FILE_SOCKET)
        sane = sane && same_kind(file, s->mode) && s->device == file->device && s->inode == file->inode;
    if (!sane)
        return wire_violated(EH_RULE_ANSWERS);
    if (pin && (s64)pin->size != s->size && (s->mode & S_IFMT) == S_IFREG)
        return wire_violated(EH_RULE_FILES_PINNED);
    s->padding = 0;
    s->padding2 = 0;
    s->unused[0] = s->unused[1] = 0;
    return 0;
}

// The plain size of what is sealed.
static s64 sealed_stat(struct linux_stat *s, const struct eh_file *file, const struct eh_path *path) {
    u64 size = (u64)s->size;
    s64 result = file && file_sealed(file) ? 0 : path && (s->mode & S_IFMT) == S_IFREG ? sealed_tell(path, &size) : 0;
    s->size = file && file_sealed(file) ? (s64)sealed_size(file) : (s64)size;
    return result;
}

static s64 finish_stat(struct eh_request *r, struct eh_file *file, const struct eh_policy_pinned *pin,
                       u64 to) {
    struct linux_stat s;
    s64 result = wire_call(r, 0);
    if (result)
        return result;
    memcpy(&s, wire_output(r), sizeof s);
    result = check_stat(&s, file, pin);
    if (!result)
        result = sealed_stat(&s, file, r->paths[0]);
    if (!result && file && file->kind == FILE_REGULAR)
        file->size = (u64)s.size;
    return result ? result : user_out(to, &s, sizeof s);
}

static s64 stat_image(u32 image, u64 to) {
    struct linux_stat s = {.device = IMAGES_DEVICE,
                           .inode = image,
                           .mode = IMAGE_MODE,
                           .links = 1,
                           .size = (s64)image_size(image),
                           .block_size = EH_PAGE,
                           .blocks = (s64)(EH_PAGE_UP(image_size(image)) / 512)};
    return user_out(to, &s, sizeof s);
}

static u64 tree_size(const struct eh_tree_entry *e) {
    return (e->mode & S_IFMT) == S_IFLNK ? e->hash_count : (e->mode & S_IFMT) == S_IFDIR ? EH_PAGE : e->size;
}

static s64 stat_device(u32 device, u64 to) {
    struct linux_stat s = {.device = DEVICES_DEVICE,
                           .inode = device,
                           .mode = DEVICE_MODE,
                           .links = 1,
                           .special = device_number(device),
                           .block_size = EH_PAGE};
    return user_out(to, &s, sizeof s);
}

static s64 stat_pipe(const struct eh_file *file, u64 to) {
    struct linux_stat s = {.device = PIPES_DEVICE,
                           .inode = file->number + 1ull,
                           .mode = file_mode_inside(file),
                           .links = 1,
                           .uid = eh_start.euid,
                           .gid = eh_start.egid,
                           .block_size = EH_PAGE};
    return user_out(to, &s, sizeof s);
}

static s64 stat_store(const struct eh_store *s, u64 to) {
    struct linux_stat told = {.device = STORES_DEVICE,
                              .inode = s->number,
                              .mode = S_IFREG | s->mode,
                              .links = s->links,
                              .uid = eh_start.euid,
                              .gid = eh_start.egid,
                              .size = (s64)s->size,
                              .block_size = EH_PAGE,
                              .blocks = (s64)(EH_PAGE_UP(s->size) / 512)};
    return user_out(to, &told, sizeof told);
}

static s64 stat_tree(const struct eh_tree_entry *e, u64 to) {
    struct linux_stat s = {.device = TREE_DEVICE,
                           .inode = tree_index(e) + 1ull,
                           .mode = e->mode,
                           .links = 1,
                           .size = (s64)tree_size(e),
                           .block_size = EH_PAGE,
                           .blocks = (s64)(EH_PAGE_UP(e->size) / 512)};
    return user_out(to, &s, sizeof s);
}

static s64 stat_fd(u64 fd, u64 to) {
    struct eh_file *file = fd_file(fd);
    if (!file)
        return -EBADF;
    if (file_waits_inside(file))
        return stat_pipe(file, to);
    if (file->kind == FILE_DEVICE)
        return stat_device(file->special, to);
    if (file->stored)
        return stat_store(file->store, to);
    if (file->image)
        return stat_image(file->image, to);
    if (file->tree)
        return stat_tree(tree_at(file->tree - 1), to);
    struct eh_request r = {.row = ROW_fstat,
                           .rule = AUDIT_FILES_READ,
                           .args = {file_sealed(file) ? sealed_host(file) : file->number},
                           .out_capacity = 128};
    return finish_stat(&r, file, file->pin, to);
}

s64 sys_fstat(struct eh_context *c) { return stat_fd(c->x[0], c->x[1]); }

struct own { // what of the TA's own a path names; 0: no such thing
    u32 device, image;
    const struct eh_store *store;
};

static struct own own_at(const struct eh_path *path) {
    char normal[EH_PATH_MAX];
    u32 length = path_normalise(normal, path->text, path->length);
    return (struct own){device_named(normal, length), image_named(normal, length), shm_find(path)};
}

static const struct eh_policy_pinned *pin_of(const struct eh_path *path) {
    char normal[EH_PATH_MAX];
    return policy_pin(normal, path_normalise(normal, path->text, path->length));
}

// Where "" with AT_EMPTY_PATH names the descriptor itself: 1; the working directory counts as a path.
static s64 names_descriptor(u64 directory, u64 address, u32 flags, struct eh_path *path) {
    s64 empty = flags & AT_EMPTY_PATH ? path_empty(address) : 0;
    if (empty != 1)
        return empty < 0 ? empty : path_get(path, directory, address);
    if ((s32)directory != -100)
        return 1;
    u32 length;
    const char *cwd = path_cwd(&length);
    memcpy(path->text, cwd, length);
    path->length = length;
    return 0;
}

s64 sys_newfstatat(struct eh_context *c) {
    struct eh_path path;
    u32 flags = (u32)c->x[3];
    if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    s64 result = names_descriptor(c->x[0], c->x[1], flags, &path);
    if (result == 1)
        return stat_fd(c->x[0], c->x[2]);
    const struct eh_tree_entry *entry = 0;
    struct own own = result ? (struct own){0, 0, 0} : own_at(&path);
    if (own.store)
        return stat_store(own.store, c->x[2]);
    if (own.device)
        return stat_device(own.device, c->x[2]);
    if (own.image)
        return stat_image(own.image, c->x[2]);
    if (!result)
        result = policy_where(&path, POLICY_LOOK, !(flags & AT_SYMLINK_NOFOLLOW), &entry);
    if (result || entry)
        return result ? result : stat_tree(entry, c->x[2]);
    struct eh_request r = {.row = ROW_newfstatat,
                           .rule = AUDIT_FILES_READ,
                           .args = {flags & AT_SYMLINK_NOFOLLOW},
                           .paths = {&path},
                           .out_capacity = 128};
    return finish_stat(&r, 0, pin_of(&path), c->x[2]);
}

struct linux_statx {
    u32 mask, block_size;
    u64 attributes;
    u32 links, uid, gid;
    u16 mode, padding;
    u64 inode, size, blocks, attributes_mask;
    struct {
        s64 seconds;
        u32 nanoseconds, padding;
    } times[4];
    u32 devices[4];
    u64 rest[14];
};
_Static_assert(sizeof(struct linux_statx) == 256, "struct statx");

static s64 statx_inside(u32 mode, u64 size, u32 device, u64 inode, u64 to) {
    struct linux_statx s = {.mask = 0x7ff,
                            .block_size = EH_PAGE,
                            .links = 1,
                            .mode = (u16)mode,
                            .inode = inode,
                            .size = size,
                            .blocks = EH_PAGE_UP(size) / 512,
                            .devices = {0, 0, device >> 8, device & 0xff}};
    return user_out(to, &s, sizeof s);
}

static s64 statx_tree(const struct eh_tree_entry *e, u64 to) {
    return statx_inside(e->mode, tree_size(e), TREE_DEVICE, tree_index(e) + 1ull, to);
}

static s64 check_statx(struct linux_statx *s, const struct eh_file *file,
                       const struct eh_policy_pinned *pin) {
    int sane = file_type_known(s->mode) && !(s->size >> 63) && !(s->blocks >> 63);
    for (u32 i = 0; i < 4; i++) {
        sane = sane && s->times[i].nanoseconds < 1000000000;
        s->times[i].padding = 0;
    }
    if (file && file->kind != FILE_STREAM && file->kind != FILE_SOCKET)
        sane = sane && same_kind(file, s->mode) && s->inode == file->inode;
    if (!sane)
        return wire_violated(EH_RULE_ANSWERS);
    if (pin && pin->size != s->size && (s->mode & S_IFMT) == S_IFREG)
        return wire_violated(EH_RULE_FILES_PINNED);
    s->padding = 0;
    return 0;
}

s64 sys_statx(struct eh_context *c) {
    struct eh_path path;
    struct linux_statx s;
    u32 flags = (u32)c->x[2], mask = (u32)c->x[3];
    if ((mask >> 31) || (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_SYNC)) ||
        (flags & AT_SYNC) == AT_SYNC)
        return -EINVAL;
    s64 result = names_descriptor(c->x[0], c->x[1], flags, &path);
    struct eh_file *file = result == 1 ? fd_file(c->x[0]) : 0;
    if (result == 1 && !file)
        return -EBADF;
    const struct eh_tree_entry *entry = file && file->tree ? tree_at(file->tree - 1) : 0;
    struct own own = {file && file->kind == FILE_DEVICE ? file->special : 0, file ? file->image : 0,
                      file && file->stored ? file->store : 0};
    if (!file && !result)
        own = own_at(&path);
    if (file && file_waits_inside(file))
        return statx_inside(file_mode_inside(file), 0, PIPES_DEVICE, file->number + 1ull, c->x[4]);
    if (own.store)
        return statx_inside(S_IFREG | own.store->mode, own.store->size, STORES_DEVICE, own.store->number, c->x[4]);
    if (own.device)
        return statx_inside(DEVICE_MODE, 0, DEVICES_DEVICE, own.device, c->x[4]);
    if (own.image)
        return statx_inside(IMAGE_MODE, image_size(own.image), IMAGES_DEVICE, own.image, c->x[4]);
    if (!result)
        result = policy_where(&path, POLICY_LOOK, !(flags & AT_SYMLINK_NOFOLLOW), &entry);
    if (result < 0 || entry)
        return result < 0 ? result : statx_tree(entry, c->x[4]);
    struct eh_request r = {.row = ROW_statx,
                           .rule = AUDIT_FILES_READ,
                           .args = {!file               ? NO_FILE
                                    : file_sealed(file) ? sealed_host(file)
                                                        : file->number,
                                    flags & ~(u32)AT_NO_AUTOMOUNT, mask},
                           .out_capacity = sizeof s};
    if (file)
        path.length = 0;
    r.paths[0] = &path;
    result = wire_call(&r, 0);
    if (result)
        return result;
    memcpy(&s, wire_output(&r), sizeof s);
    result = check_statx(&s, file, file ? file->pin : pin_of(&path));
    if (!result && file && file_sealed(file))
        s.size = sealed_size(file);
    else if (!result && !file && (s.mode & S_IFMT) == S_IFREG)
        result = sealed_tell(&path, &s.size);
    return result ? result : user_out(c->x[4], &s, sizeof s);
}
