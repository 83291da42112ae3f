// SPDX-License-Identifier: BSD-2-Clause
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "resolve.h"

#define ACCESS_MODES 7u // R_OK, W_OK, X_OK

struct guest_time {
    u64 seconds, nanoseconds;
};

struct guest_stat {
    u64 device, inode;
    u32 mode, links, uid, gid;
    u64 special, pad;
    s64 size;
    u32 block, pad2;
    s64 blocks;
    struct guest_time accessed, modified, changed;
    u32 unused[2];
};
_Static_assert(sizeof(struct guest_stat) == LINUX_STAT_SIZE, "struct stat of arm64");

static struct guest_time time_of(struct timespec at) {
    return (struct guest_time){(u64)at.tv_sec, (u64)at.tv_nsec};
}

s64 tree_put_stat(const struct stat *found, struct request *request) {
    struct guest_stat stat = {
        .device = found->st_dev,
        .inode = found->st_ino,
        .mode = found->st_mode,
        .links = found->st_nlink > 0xffffffff ? 0xffffffff : (u32)found->st_nlink,
        .uid = found->st_uid,
        .gid = found->st_gid,
        .special = found->st_rdev,
        .size = found->st_size,
        .block = (u32)found->st_blksize & 0x7fffffff,
        .blocks = found->st_blocks,
        .accessed = time_of(found->st_atim),
        .modified = time_of(found->st_mtim),
        .changed = time_of(found->st_ctim),
    };
    if (request->output_size < sizeof stat)
        return -EINVAL;
    memcpy(request->output, &stat, sizeof stat);
    return 0;
}

static s64 outcome(long result) {
    return result < 0 ? -errno : result;
}

// Path `index` of a request as a place; it is left with place_leave where this gives 0.
static int find(struct agent *agent, const struct request *request, u32 index, enum rule rule,
                enum follow follow, struct place *place) {
    return place_find(&agent->policy, request->paths[index], request->path_lengths[index], rule, follow, place);
}

static enum follow follows(u64 flags) {
    return flags & LINUX_AT_SYMLINK_NOFOLLOW ? FOLLOW_SLASH : FOLLOW;
}

// The same, where a slash behind the path must stand behind a directory.
static int find_as_written(struct agent *agent, const struct request *request, enum rule rule,
                           enum follow follow, struct place *place) {
    int error = find(agent, request, 0, rule, follow, place);
    if (error)
        return error;
    error = place_as_written(place);
    if (error)
        place_leave(place);
    return error;
}

s64 sys_newfstatat(struct agent *agent, struct request *request) {
    struct place place;
    struct stat found;
    s64 result = find_as_written(agent, request, FILES_LOOK, follows(request->args[0]), &place);
    if (result)
        return result;
    result = outcome(fstatat(place.directory, place.name, &found, AT_SYMLINK_NOFOLLOW));
    place_leave(&place);
    return result ? result : tree_put_stat(&found, request);
}

s64 tree_statx(struct agent *agent, struct request *request) {
    struct place place;
    u64 flags = request->args[1], kept = flags & (LINUX_AT_STATX_SYNC_TYPE | LINUX_AT_NO_AUTOMOUNT);
    s64 result = find_as_written(agent, request, FILES_LOOK, follows(flags), &place);
    if (result)
        return result;
    result = -EINVAL;
    if (request->output_size >= LINUX_STATX_SIZE)
        result = outcome(syscall(SYS_statx, place.directory, place.name, (int)(kept | AT_SYMLINK_NOFOLLOW),
                                 (unsigned)request->args[2], request->output));
    place_leave(&place);
    return result;
}

static s64 access_place(const struct place *place, u64 mode, u64 flags) {
    return outcome(syscall(SYS_faccessat2, place->directory, place->name, (int)mode, (int)flags));
}

// W_OK is answered under files.write, as the write itself would be.
s64 sys_faccessat(struct agent *agent, struct request *request) {
    struct place place;
    u64 mode = request->args[0], flags = request->args[1];
    if (mode & ~(u64)ACCESS_MODES)
        return -EINVAL;
    s64 result =
        find_as_written(agent, request, mode & W_OK ? FILES_WRITE : FILES_LOOK, follows(flags), &place);
    if (result)
        return result;
    result = access_place(&place, mode, (flags & LINUX_AT_EACCESS) | LINUX_AT_SYMLINK_NOFOLLOW);
    place_leave(&place);
    return result;
}

// Whether a directory can be entered; its path without links goes to the output where the policy names it.
static s64 enter(struct agent *agent, const struct place *place, struct request *request) {
    int fd = openat(place->directory, place->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    close(fd);
    s64 result = access_place(place, X_OK, LINUX_AT_EACCESS);
    size_t length = strlen(place->path), room = request->output_size;
    if (request->args[0] < room)
        room = (size_t)request->args[0];
    if (result || !policy_names(&agent->policy, place->path) || length > room)
        return result;
    memcpy(request->output, place->path, length);
    return (s64)length;
}

s64 sys_chdir(struct agent *agent, struct request *request) {
    struct place place;
    s64 result = find(agent, request, 0, FILES_READ, FOLLOW, &place);
    if (result)
        return result;
    result = enter(agent, &place, request);
    place_leave(&place);
    return result;
}

s64 sys_readlinkat(struct agent *agent, struct request *request) {
    char target[LINUX_PATH_MAX];
    struct place place;
    s64 result = find_as_written(agent, request, FILES_LOOK, FOLLOW_SLASH, &place);
    if (result)
        return result;
    result = outcome(readlinkat(place.directory, place.name, target, sizeof target));
    place_leave(&place);
    size_t room = request->output_size;
    if (request->args[0] < room)
        room = (size_t)request->args[0];
    if (result > (s64)room)
        result = (s64)room;
    if (result > 0)
        memcpy(request->output, target, (size_t)result);
    return result;
}

s64 sys_mkdirat(struct agent *agent, struct request *request) {
    struct place place;
    s64 result = find(agent, request, 0, FILES_WRITE, FOLLOW_SLASH, &place);
    if (result)
        return result;
    result = outcome(mkdirat(place.directory, place.name, (mode_t)(request->args[0] & 07777)));
    place_leave(&place);
    return result;
}

static s64 remove_place(const struct place *place, bool directory) {
    if (directory && place->up)
        return -ENOTEMPTY; // what a directory lies in
    int error = directory ? 0 : place_as_written(place);
    return error ? error : outcome(unlinkat(place->directory, place->name, directory ? AT_REMOVEDIR : 0));
}

s64 sys_unlinkat(struct agent *agent, struct request *request) {
    struct place place;
    if (request->args[0] & ~(u64)LINUX_AT_REMOVEDIR)
        return -EINVAL;
    s64 result = find(agent, request, 0, FILES_WRITE, STAY, &place);
    if (result)
        return result;
    result = remove_place(&place, request->args[0] & LINUX_AT_REMOVEDIR);
    place_leave(&place);
    return result;
}

static s64 rename_place(const struct place *from, const struct place *to, u64 flags) {
    if (from->slash || to->slash) {
        int directory = place_is_directory(from);
        if (directory != 1)
            return directory ? directory : -ENOTDIR;
    }
    return outcome(syscall(SYS_renameat2, from->directory, from->name, to->directory, to->name, (unsigned)flags));
}

s64 sys_renameat2(struct agent *agent, struct request *request) {
    struct place from, to;
    if (request->args[0] & ~(u64)(LINUX_RENAME_NOREPLACE | LINUX_RENAME_EXCHANGE))
        return -EINVAL;
    s64 result = find(agent, request, 0, FILES_WRITE, STAY, &from);
    if (result)
        return result;
    result = find(agent, request, 1, FILES_WRITE, STAY, &to);
    if (!result) {
        result = rename_place(&from, &to, request->args[0]);
        place_leave(&to);
    }
    place_leave(&from);
    return result;
}

// Through an O_PATH descriptor: closing another one would drop record locks.
s64 sys_truncate(struct agent *agent, struct request *request) {
    struct place place;
    char name[40];
    s64 result = find_as_written(agent, request, FILES_WRITE, FOLLOW, &place);
    if (result)
        return result;
    int fd = openat(place.directory, place.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    result = fd < 0 ? -errno : 0;
    place_leave(&place);
    if (result)
        return result;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    result = outcome(truncate(name, (s64)request->args[0]));
    close(fd);
    return result;
}
