// SPDX-License-Identifier: BSD-2-Clause
// Paths. The working directory is kept here. A path crosses absolute and as the program wrote it, so that
// the agent resolves it as Linux does; the policy looks at its lexically normal form.
#include "files.h"
#include "memory.h"
#include "policy.h"
#include "tree.h"

#define AT_FDCWD (-100)

static struct {
    u32 length;
    char text[EH_PATH_MAX];
} cwd; // set at START

void path_set_cwd(const char *path, u32 length) {
    memcpy(cwd.text, path, length);
    cwd.length = length;
}

const char *path_cwd(u32 *length) {
    *length = cwd.length;
    return cwd.text;
}

// The length of `to` without its last component; 0 for the root.
static u32 parent(const char *to, u32 length) {
    while (length && to[length - 1] != '/')
        length--;
    return length ? length - 1 : 0;
}

u32 path_normalise(char *to, const char *path, u32 length) {
    u32 made = 0;
    for (u32 i = 0; i < length;) {
        u32 start = i;
        while (i < length && path[i] != '/')
            i++;
        u32 part = i - start;
        if (part == 2 && path[start] == '.' && path[start + 1] == '.') {
            made = parent(to, made);
        } else if (part && !(part == 1 && path[start] == '.')) {
            to[made++] = '/';
            memmove(to + made, path + start, part);
            made += part;
        }
        i++;
    }
    if (!made)
        to[made++] = '/';
    return made;
}

// Take out what names nothing, "./" and further slashes, where a path would not fit with its directory.
static void compact(struct eh_path *p) {
    u32 made = 0;
    for (u32 i = 0; i < p->length; i++) {
        int starts = !made || p->text[made - 1] == '/';
        if (starts && p->text[i] == '/')
            continue;
        if (starts && p->text[i] == '.' && i + 1 < p->length && p->text[i + 1] == '/')
            continue;
        p->text[made++] = p->text[i];
    }
    p->text[made] = 0;
    p->length = made;
}

s64 path_join(struct eh_path *to, const char *base, u32 base_length) {
    u32 slash = base[base_length - 1] != '/', shift = base_length + slash;
    if (shift + to->length >= EH_PATH_MAX)
        compact(to);
    if (shift + to->length >= EH_PATH_MAX)
        return -ENAMETOOLONG;
    memmove(to->text + shift, to->text, to->length + 1);
    memcpy(to->text, base, base_length);
    if (slash)
        to->text[base_length] = '/';
    to->length += shift;
    return 0;
}

static s64 base_of(u64 directory, const char **base, u32 *length) {
    if ((s32)directory == AT_FDCWD) {
        *base = path_cwd(length);
        return 0;
    }
    struct eh_file *file = fd_file(directory);
    if (!file)
        return -EBADF;
    if (file->kind != FILE_DIRECTORY)
        return -ENOTDIR;
    *base = file->path;
    *length = file->path_length;
    return 0;
}

s64 path_get(struct eh_path *to, u64 directory, u64 address) {
    s64 length = user_string(to->text, address, EH_PATH_MAX);
    if (length < 0)
        return length;
    if (!length)
        return -ENOENT;
    to->length = (u32)length;
    if (to->text[0] == '/')
        return 0;
    const char *base;
    u32 base_length;
    s64 result = base_of(directory, &base, &base_length);
    return result ? result : path_join(to, base, base_length);
}

s64 path_empty(u64 address) {
    char first;
    s64 result = user_in(&first, address, 1);
    return result ? result : !first;
}

s64 sys_getcwd(struct eh_context *c) {
    u64 size = c->x[1];
    if (size < cwd.length + 1ull)
        return -ERANGE;
    cwd.text[cwd.length] = 0;
    s64 result = user_out(c->x[0], cwd.text, cwd.length + 1ull);
    return result ? result : (s64)cwd.length + 1;
}

static s64 enter(const char *path, u32 length) {
    char normal[EH_PATH_MAX];
    u32 made = path_normalise(normal, path, length);
    path_set_cwd(normal, made);
    return 0;
}

// The directory's path as the normal world resolved it: held to the policy like any path of the program.
static s64 enter_resolved(struct eh_path *path, const u8 *told, u32 length) {
    char normal[EH_PATH_MAX];
    memcpy(path->text, told, length);
    path->length = length;
    u32 made = path_normalise(normal, path->text, length);
    if (!eh_equal(normal, made, path->text, length) || eh_holds_nul(path->text, length))
        return wire_violated(EH_RULE_ANSWERS);
    s64 result = policy_path(path, EH_RULE_KIND_READ);
    return result ? result : enter(path->text, length);
}

s64 sys_chdir(struct eh_context *c) {
    struct eh_path path;
    s64 result = path_get(&path, (u64)AT_FDCWD, c->x[0]);
    const struct eh_tree_entry *entry = 0;
    if (!result)
        result = policy_where(&path, EH_RULE_KIND_READ, 1, &entry);
    if (entry)
        return (entry->mode & S_IFMT) == S_IFDIR ? enter(tree_path(entry), entry->path_length) : -ENOTDIR;
    if (result)
        return result;
    struct eh_request r = {.row = ROW_chdir,
                           .rule = AUDIT_FILES_READ,
                           .args = {EH_PATH_MAX - 1},
                           .paths = {&path},
                           .out_capacity = EH_PATH_MAX - 1};
    result = wire_call(&r, EH_PATH_MAX - 1);
    if (result > 0)
        return enter_resolved(&path, wire_output(&r), (u32)result);
    return result ? result : enter(path.text, path.length);
}

s64 sys_fchdir(struct eh_context *c) {
    struct eh_file *file = fd_file(c->x[0]);
    if (!file)
        return -EBADF;
    return file->kind == FILE_DIRECTORY ? enter(file->path, file->path_length) : -ENOTDIR;
}
