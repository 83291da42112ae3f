// SPDX-License-Identifier: BSD-2-Clause
#include "install.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UUID_TEXT 36 // characters

void install_init(struct install *install, const char *directory) {
    memset(install, 0, sizeof *install);
    install->directory = directory;
    install->fd = -1;
}

static void name_it(struct install *install, const char *uuid) {
    char text[40], *next = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *next++ = '-';
        next += snprintf(next, 3, "%02x", (u8)uuid[i]);
    }
    snprintf(install->temporary, sizeof install->temporary, ".%.40s", text);
    snprintf(install->final, sizeof install->final, "%.40s.ta", text);
}

static int at_directory(const struct install *install) {
    return open(install->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

// Removes the temporary files of processes that were killed.
static void sweep(int directory) {
    int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = again < 0 ? NULL : fdopendir(again);
    struct dirent *entry;
    while (listing && (entry = readdir(listing))) {
        const char *name = entry->d_name;
        char *end = NULL;
        if (name[0] != '.' || strlen(name) < 1 + UUID_TEXT + 2 || name[1 + UUID_TEXT] != '.')
            continue;
        long pid = strtol(name + 1 + UUID_TEXT + 1, &end, 10);
        if (*end == 0 && pid > 0 && kill((pid_t)pid, 0) && errno == ESRCH)
            unlinkat(directory, name, 0);
    }
    if (listing)
        closedir(listing);
}

void install_abandon(struct install *install) {
    int directory = install->fd < 0 ? -1 : at_directory(install);
    if (directory >= 0)
        unlinkat(directory, install->temporary, 0);
}

// The temporary file carries the process in its name's end, so that two connections do not meet.
static void begin(struct install *install, const struct bridge_install *head) {
    if (install->fd >= 0)
        close(install->fd);
    name_it(install, head->uuid);
    size_t length = strlen(install->temporary);
    snprintf(install->temporary + length, sizeof install->temporary - length, ".%d", (int)getpid());
    install->next = 0;
    install->total = head->total;
    install->errno_number = 0;
    int directory = at_directory(install);
    if (directory >= 0)
        sweep(directory);
    install->fd = directory < 0 ? -1
                                : openat(directory, install->temporary,
                                         O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (install->fd < 0)
        install->errno_number = (u32)errno;
    if (directory >= 0)
        close(directory);
}

static void keep(struct install *install, const u8 *from, size_t size) {
    while (size && !install->errno_number) {
        ssize_t put = write(install->fd, from, size);
        if (put < 0 && errno != EINTR)
            install->errno_number = (u32)errno;
        if (put > 0) {
            from += put;
            size -= (size_t)put;
        }
    }
}

static void finish(struct install *install) {
    int directory = at_directory(install);
    if (!install->errno_number && renameat(directory, install->temporary, directory, install->final))
        install->errno_number = (u32)errno;
    if (install->errno_number)
        unlinkat(directory, install->temporary, 0);
    if (install->fd >= 0)
        close(install->fd);
    install->fd = -1;
    install->total = install->next = 0;
    close(directory);
}

enum install_state install_part(struct install *install, const struct bridge_install *head, u64 size,
                                struct stream *stream) {
    u8 bytes[16384];
    if (head->total == 0 || head->total > BRIDGE_TA_MAX || size > head->total)
        return INSTALL_BROKEN;
    if (head->offset == 0)
        begin(install, head);
    if (head->total != install->total || head->offset != install->next || size > install->total - install->next)
        return INSTALL_BROKEN;
    install->next += size;
    while (size) {
        size_t got = stream_take_some(stream, bytes, size < sizeof bytes ? size : sizeof bytes);
        if (!got)
            return INSTALL_END;
        keep(install, bytes, got);
        size -= got;
    }
    if (install->next < install->total)
        return INSTALL_MORE;
    finish(install);
    return INSTALL_DONE;
}
