// SPDX-License-Identifier: BSD-2-Clause
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container.h"

void place_leave(struct place *place) {
    if (place->directory >= 0)
        close(place->directory);
    place->directory = -1;
}

int place_is_directory(const struct place *place) {
    struct stat found;
    if (fstatat(place->directory, place->name, &found, AT_SYMLINK_NOFOLLOW))
        return -errno;
    return S_ISDIR(found.st_mode);
}

int place_as_written(const struct place *place) {
    int found = place->slash ? place_is_directory(place) : 1;
    return found == 0 ? -ENOTDIR : found == -ENOENT || found == 1 ? 0 : found;
}

static bool ends_with_slash(const char *path) {
    size_t length = strlen(path);
    return length && path[length - 1] == '/';
}

// Cuts `path` into the directory to open and the name in it, which must fit.
static bool split(const char *path, char head[PATH_ROOM], struct place *place) {
    size_t end = strlen(path);
    while (end && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start && path[start - 1] != '/')
        start--;
    const char *name = path + start;
    size_t length = end - start;
    place->up = length == 2 && !memcmp(name, "..", 2);
    if (!length || place->up || (length == 1 && *name == '.')) {
        strcpy(head, path);
        strcpy(place->name, ".");
        return true;
    }
    if (length >= sizeof place->name)
        return false;
    memcpy(place->name, name, length);
    place->name[length] = 0;
    while (start > 1 && path[start - 1] == '/')
        start--;
    memcpy(head, path, start);
    head[start] = 0;
    return true;
}

// The real path of a descriptor, as the kernel says it.
static int path_of(int fd, char to[PATH_ROOM]) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, to, LINUX_PATH_MAX);
    if (length < 0)
        return -errno;
    to[length] = 0;
    return 0;
}

static void append(char path[PATH_ROOM], const char *name) {
    size_t length = strlen(path);
    if (length && path[length - 1] != '/' && length + 1 < PATH_ROOM)
        path[length++] = '/';
    snprintf(path + length, PATH_ROOM - length, "%s", name);
}

// Opens the directory of `path`: 0, or -errno.
static int open_place(const char *path, struct place *place) {
    char head[PATH_ROOM];
    if (!split(path, head, place))
        return -ENAMETOOLONG;
    place->directory = open(head[0] ? head : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place->directory < 0)
        return -errno;
    int error = path_of(place->directory, place->path);
    if (error)
        place_leave(place);
    else if (strcmp(place->name, "."))
        append(place->path, place->name);
    return error;
}

// The deepest part of `path` that exists, with the missing rest behind it up to a '..'.
static void would_be(const char *path, char to[PATH_ROOM]) {
    char prefix[PATH_ROOM];
    struct stat found;
    size_t end = strlen(path);
    snprintf(prefix, sizeof prefix, "%s", path);
    do { // cut the last component off until what is left is there
        while (end && prefix[end - 1] == '/')
            end--;
        while (end && prefix[end - 1] != '/')
            end--;
        prefix[end > 1 ? end - 1 : end] = 0; // what is there may be no directory
    } while (end > 1 && stat(prefix, &found));
    if (!real_path(end ? prefix : "/", to))
        strcpy(to, "/");
    for (const char *rest = path + end; *rest;) {
        char component[LINUX_PATH_MAX];
        rest += strspn(rest, "/");
        size_t length = strcspn(rest, "/");
        if (length == 2 && !memcmp(rest, "..", 2))
            break;
        if (length && length < sizeof component && !(length == 1 && *rest == '.')) {
            memcpy(component, rest, length);
            component[length] = 0;
            append(to, component);
        }
        rest += length;
    }
}

// What the program is told of a directory that cannot be opened.
static int said(const struct policy *policy, enum rule rule, const char *path, int error) {
    char real[PATH_ROOM];
    would_be(path, real);
    return policy_allows(policy, rule, real) ? error : -EACCES;
}

// Where the link at `place` leads, as a path; false for what is no link or not there.
static bool follow_link(struct place *place, char path[PATH_ROOM]) {
    char target[LINUX_PATH_MAX + 1];
    if (!strcmp(place->name, "."))
        return false;
    ssize_t length = readlinkat(place->directory, place->name, target, sizeof target - 1);
    if (length <= 0)
        return false;
    target[length] = 0;
    path[0] = 0;
    if (target[0] != '/') {
        char *slash = strrchr(place->path, '/');
        memcpy(path, place->path, (size_t)(slash - place->path));
        strcpy(path + (slash - place->path), "/");
    }
    append(path, target);
    return true;
}

int place_find(const struct policy *policy, const u8 *raw, size_t length, enum rule rule, enum follow follow,
               struct place *place) {
    char path[PATH_ROOM];
    if (length >= LINUX_PATH_MAX)
        return -ENAMETOOLONG;
    if (!length)
        return -ENOENT;
    if (raw[0] != '/' || memchr(raw, 0, length))
        return -EINVAL;
    memcpy(path, raw, length);
    path[length] = 0;
    place->slash = ends_with_slash(path);
    for (u32 links = 0; links <= LINUX_MAX_SYMLINKS; links++) {
        int error = open_place(path, place);
        if (error)
            return said(policy, rule, path, error);
        bool wanted = follow == FOLLOW || (place->slash && follow == FOLLOW_SLASH);
        if (!wanted || !follow_link(place, path)) {
            if (policy_allows(policy, rule, place->path))
                return 0;
            place_leave(place);
            return -EACCES;
        }
        place_leave(place);
        place->slash = place->slash || ends_with_slash(path);
    }
    return -ELOOP;
}
