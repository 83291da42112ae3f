// SPDX-License-Identifier: BSD-2-Clause
// What a file is beside its bytes: mode, owner, times, links, attributes, what it lies on. To change it, its path must
// be one that may be written; of an open file that is known since it was opened.
#include "files.h"
#include "memory.h"
#include "process.h"
#include "stores.h"

enum { NOFOLLOW = 0x100, FOLLOW = 0x400, EMPTY_PATH = 0x1000, NAME_MOST = 255, VALUE_MOST = 65536 };
enum { S_IFSOCK = 0140000, S_IFCHR = 0020000, S_IFBLK = 0060000, STATFS = 120, AT_CWD = -100 };
#define NO_FILE 0xffffffffull
#define TEE_FILES 0x01021994u // as memory alone would be

// A file to be changed or looked at, named by a descriptor or by a path.
struct subject {
    struct eh_path path; // empty: the descriptor names it
    struct eh_file *file;
};

static s64 by_descriptor(struct subject *s, u64 fd, u32 want) {
    s->path.length = 0;
    s->path.text[0] = 0;
    s->file = fd_file(fd);
    if (!s->file || (s->file->flags & O_PATH))
        return -EBADF;
    if (want != EH_RULE_KIND_WRITE || s->file->changeable)
        return 0;
    if (s->file->kind != FILE_STREAM)
        wire_denied(EH_RULE_FILES_WRITE);
    return -EACCES;
}

static s64 by_path(struct subject *s, u64 directory, u64 address, u32 want) {
    s->file = 0;
    s64 result = path_get(&s->path, directory, address);
    return result ? result : policy_path(&s->path, want);
}

// "" with EMPTY_PATH names the descriptor itself.
static s64 by_either(struct subject *s, u64 directory, u64 address, u32 flags, u32 want) {
    if (!(flags & EMPTY_PATH) || path_empty(address) != 1)
        return by_path(s, directory, address, want);
    return by_descriptor(s, directory, want);
}

static u64 number_of(const struct subject *s) {
    return !s->file ? NO_FILE : file_sealed(s->file) ? sealed_host(s->file) : s->file->number;
}

static s64 change(const struct subject *s, u32 row, u64 a, u64 b, u64 c) {
    struct eh_request r = {.row = row, .rule = AUDIT_FILES_WRITE, .args = {a, b, c}, .paths = {&s->path}};
    if (!s->file)
        return wire_call(&r, 0);
    if (file_inside(s->file) && !file_sealed(s->file))
        return -EPERM;
    r.paths[0] = 0;
    r.args[0] = number_of(s);
    r.args[1] = a;
    r.args[2] = b;
    return wire_call(&r, 0);
}

static s64 change_mode(struct eh_context *c, u32 flags) {
    struct subject s;
    if (flags & ~(u32)(NOFOLLOW | EMPTY_PATH))
        return -EINVAL;
    s64 result = by_either(&s, c->x[0], c->x[1], flags, EH_RULE_KIND_WRITE);
    u64 mode = c->x[2] & 07777;
    return result ? result : change(&s, s.file ? ROW_fchmod : ROW_fchmodat2, mode, flags & NOFOLLOW, 0);
}

s64 sys_fchmodat(struct eh_context *c) { return change_mode(c, 0); }
s64 sys_fchmodat2(struct eh_context *c) { return change_mode(c, (u32)c->x[3]); }

s64 sys_fchmod(struct eh_context *c) {
    struct subject s;
    s64 result = by_descriptor(&s, c->x[0], EH_RULE_KIND_WRITE);
    return result ? result : change(&s, ROW_fchmod, c->x[1] & 07777, 0, 0);
}

s64 sys_fchownat(struct eh_context *c) {
    struct subject s;
    u32 flags = (u32)c->x[4];
    if (flags & ~(u32)(NOFOLLOW | EMPTY_PATH))
        return -EINVAL;
    s64 result = by_either(&s, c->x[0], c->x[1], flags, EH_RULE_KIND_WRITE);
    return result ? result : change(&s, s.file ? ROW_fchown : ROW_fchownat, (u32)c->x[2], (u32)c->x[3], flags & NOFOLLOW);
}

s64 sys_fchown(struct eh_context *c) {
    struct subject s;
    s64 result = by_descriptor(&s, c->x[0], EH_RULE_KIND_WRITE);
    return result ? result : change(&s, ROW_fchown, (u32)c->x[1], (u32)c->x[2], 0);
}

// A request with input of `size` bytes.
static s64 send(struct eh_request *r, const void *input, u32 size) {
    r->in_length = size;
    s64 result = wire_open(r);
    if (result)
        return result;
    memcpy(wire_input(r), input, size);
    return wire_send(r, 0);
}

s64 sys_utimensat(struct eh_context *c) {
    enum { NOW = 0x3fffffff, OMIT = 0x3ffffffe };
    struct subject s;
    u64 times[4];
    u32 flags = (u32)c->x[3];
    if (c->x[2] && user_in(times, c->x[2], sizeof times))
        return -EFAULT;
    for (u32 i = 1; c->x[2] && i < 4; i += 2)
        if (times[i] > 999999999 && times[i] != NOW && times[i] != OMIT)
            return -EINVAL;
    if (c->x[2] && times[1] == OMIT && times[3] == OMIT)
        return 0;
    if (flags & ~(u32)(NOFOLLOW | EMPTY_PATH))
        return -EINVAL;
    s64 result = c->x[1] ? by_either(&s, c->x[0], c->x[1], flags, EH_RULE_KIND_WRITE)
                 : flags ? -EINVAL
                         : by_descriptor(&s, c->x[0], EH_RULE_KIND_WRITE);
    if (!result && s.file && file_inside(s.file) && !file_sealed(s.file))
        result = -EPERM;
    if (result)
        return result;
    struct eh_request r = {.row = ROW_utimensat,
                           .rule = AUDIT_FILES_WRITE,
                           .args = {number_of(&s), flags & NOFOLLOW},
                           .paths = {&s.path}};
    return send(&r, times, c->x[2] ? sizeof times : 0);
}

// ---- names

s64 sys_symlinkat(struct eh_context *c) {
    struct eh_path target, path;
    s64 length = user_string(target.text, c->x[0], EH_PATH_MAX);
    if (length <= 0)
        return length ? length : -ENOENT;
    target.length = (u32)length;
    s64 result = path_get(&path, c->x[1], c->x[2]);
    if (!result)
        result = policy_path(&path, EH_RULE_KIND_WRITE);
    struct eh_request r = {.row = ROW_symlinkat, .rule = AUDIT_FILES_WRITE, .paths = {&target, &path}};
    return result ? result : policy_sealed(&path) ? -EPERM : wire_call(&r, 0);
}

s64 sys_linkat(struct eh_context *c) {
    struct eh_path old, new;
    u32 flags = (u32)c->x[4];
    if (flags & ~(u32)FOLLOW)
        return flags & ~(u32)(FOLLOW | EMPTY_PATH) ? -EINVAL : -ENOENT;
    s64 result = path_get(&old, c->x[0], c->x[1]);
    if (!result)
        result = path_get(&new, c->x[2], c->x[3]);
    if (!result && shm_names(&old))
        return shm_link(&old, &new, 0);
    if (!result)
        result = policy_path(&old, EH_RULE_KIND_WRITE); // what is linked can be written under its new name
    if (!result)
        result = policy_path(&new, EH_RULE_KIND_WRITE);
    struct eh_request r = {
        .row = ROW_linkat, .rule = AUDIT_FILES_WRITE, .args = {flags}, .paths = {&old, &new}};
    return result ? result : policy_sealed(&old) || policy_sealed(&new) ? -EPERM : wire_call(&r, 0);
}

s64 sys_mknodat(struct eh_context *c) {
    struct subject s;
    u32 mode = (u32)c->x[2], type = mode & S_IFMT;
    if (type && !file_type_known(mode))
        return -EINVAL;
    if (type == S_IFDIR || type == S_IFCHR || type == S_IFBLK)
        return -EPERM;
    if (type == S_IFLNK)
        return -EINVAL;
    s64 result = by_path(&s, c->x[0], c->x[1], EH_RULE_KIND_WRITE);
    if (!result && policy_sealed(&s.path))
        result = -EPERM;
    u32 made = (type ? type : S_IFREG) | (mode & 07777 & ~process_umask());
    return result ? result : change(&s, ROW_mknodat, made, 0, 0);
}

// ---- file systems

static s64 inside_files(u64 to) {
    u64 told[STATFS / 8] = {TEE_FILES, EH_PAGE};
    told[8] = NAME_MOST;
    told[9] = EH_PAGE;
    return user_out(to, told, sizeof told);
}

static s64 ask_files(struct eh_request *r, u64 to) {
    u64 told[STATFS / 8];
    r->rule = AUDIT_FILES_READ;
    r->out_capacity = STATFS;
    s64 result = wire_call(r, 0);
    if (result)
        return result;
    memcpy(told, wire_output(r), sizeof told);
    told[11] = told[12] = told[13] = told[14] = 0;
    return user_out(to, told, sizeof told);
}

s64 sys_statfs(struct eh_context *c) {
    struct eh_path path;
    const struct eh_tree_entry *entry = 0;
    s64 result = path_get(&path, (u64)AT_CWD, c->x[0]);
    if (!result)
        result = policy_where(&path, POLICY_LOOK, 1, &entry);
    struct eh_request r = {.row = ROW_statfs, .paths = {&path}};
    return result ? result : entry ? inside_files(c->x[1]) : ask_files(&r, c->x[1]);
}

s64 sys_fstatfs(struct eh_context *c) {
    struct eh_file *file = fd_file(c->x[0]);
    if (!file)
        return -EBADF;
    if (file->tree || (file_inside(file) && !file_sealed(file)))
        return inside_files(c->x[1]);
    struct eh_request r = {.row = ROW_fstatfs,
                           .args = {file_sealed(file) ? sealed_host(file) : file->number}};
    return ask_files(&r, c->x[1]);
}

// ---- attributes: what the system brings and what is sealed has none

struct attribute {
    struct subject of;
    struct eh_path name;
    struct eh_request r;
};

static s64 get_name(struct eh_path *name, u64 address) {
    s64 length = user_string(name->text, address, NAME_MOST + 1);
    if (length <= 0)
        return length == -EFAULT ? length : -ERANGE;
    name->length = (u32)length;
    return 0;
}

// The file and, at x[1] where there is one, the attribute. `flags` cross: NOFOLLOW, and those of setxattr.
static s64 prepare(struct attribute *a, struct eh_context *c, u32 row, u64 flags, int descriptor, int named) {
    u32 want = row == ROW_getxattr || row == ROW_listxattr ? EH_RULE_KIND_READ : EH_RULE_KIND_WRITE;
    s64 result = named ? get_name(&a->name, c->x[1]) : 0;
    if (!result && want == EH_RULE_KIND_WRITE && (a->name.length < 5 || memcmp(a->name.text, "user.", 5)))
        result = -EOPNOTSUPP;
    if (!result)
        result = descriptor ? by_descriptor(&a->of, c->x[0], want) : by_path(&a->of, (u64)AT_CWD, c->x[0], want);
    if (result)
        return result;
    if (a->of.file ? file_inside(a->of.file) || a->of.file->tree : policy_sealed(&a->of.path))
        return -EOPNOTSUPP;
    a->r = (struct eh_request){.row = row,
                               .rule = want == EH_RULE_KIND_READ ? AUDIT_FILES_READ : AUDIT_FILES_WRITE,
                               .args = {number_of(&a->of), flags},
                               .paths = {&a->of.path, named ? &a->name : 0}};
    return 0;
}

static s64 set_attribute(struct eh_context *c, u64 flags, int descriptor) {
    struct attribute a;
    u64 size = c->x[3];
    if ((u32)c->x[4] & ~3u)
        return -EINVAL;
    s64 result = prepare(&a, c, ROW_setxattr, flags | (u32)c->x[4], descriptor, 1);
    if (result)
        return result;
    if (size > EH_MIN(wire_small() - 2 * EH_PATH_MAX, (u64)VALUE_MOST))
        return size > VALUE_MOST ? -E2BIG : -ENOSPC;
    if (vma_prefix(&eh_map, c->x[2], size, PROT_READ) != size)
        return -EFAULT;
    return send(&a.r, (const void *)c->x[2], (u32)size);
}

// The value of an attribute, or their names; without room for it, its size.
static s64 get_attribute(struct eh_context *c, u32 row, u64 flags, int descriptor) {
    struct attribute a;
    int named = row == ROW_getxattr;
    u64 to = c->x[named ? 2 : 1], size = EH_MIN(c->x[named ? 3 : 2], (u64)VALUE_MOST);
    s64 result = prepare(&a, c, row, flags, descriptor, named);
    if (result)
        return result;
    a.r.args[2] = size = EH_MIN(size, wire_most());
    a.r.out_capacity = (u32)size;
    result = wire_call(&a.r, size ? size : VALUE_MOST);
    s64 fault = result > 0 && size ? user_out(to, wire_output(&a.r), (u64)result) : 0;
    return fault ? fault : result;
}

static s64 remove_attribute(struct eh_context *c, u64 flags, int descriptor) {
    struct attribute a;
    s64 result = prepare(&a, c, ROW_removexattr, flags, descriptor, 1);
    return result ? result : wire_call(&a.r, 0);
}

s64 sys_setxattr(struct eh_context *c) { return set_attribute(c, 0, 0); }
s64 sys_lsetxattr(struct eh_context *c) { return set_attribute(c, NOFOLLOW, 0); }
s64 sys_fsetxattr(struct eh_context *c) { return set_attribute(c, 0, 1); }
s64 sys_getxattr(struct eh_context *c) { return get_attribute(c, ROW_getxattr, 0, 0); }
s64 sys_lgetxattr(struct eh_context *c) { return get_attribute(c, ROW_getxattr, NOFOLLOW, 0); }
s64 sys_fgetxattr(struct eh_context *c) { return get_attribute(c, ROW_getxattr, 0, 1); }
s64 sys_listxattr(struct eh_context *c) { return get_attribute(c, ROW_listxattr, 0, 0); }
s64 sys_llistxattr(struct eh_context *c) { return get_attribute(c, ROW_listxattr, NOFOLLOW, 0); }
s64 sys_flistxattr(struct eh_context *c) { return get_attribute(c, ROW_listxattr, 0, 1); }
s64 sys_removexattr(struct eh_context *c) { return remove_attribute(c, 0, 0); }
s64 sys_lremovexattr(struct eh_context *c) { return remove_attribute(c, NOFOLLOW, 0); }
s64 sys_fremovexattr(struct eh_context *c) { return remove_attribute(c, 0, 1); }
