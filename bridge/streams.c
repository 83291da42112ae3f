// SPDX-License-Identifier: BSD-2-Clause
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#define POLLED_MAX 64
#define MILLISECOND 1000000ll

struct poll_entry { // on the wire
    u32 file;
    u16 events, revents;
};

static size_t entries(const struct request *request) {
    return request->input_size / sizeof(struct poll_entry);
}

static bool malformed(const struct request *request) {
    return request->input_size % sizeof(struct poll_entry) || entries(request) > POLLED_MAX;
}

static struct poll_entry entry(const struct request *request, size_t i) {
    struct poll_entry found;
    memcpy(&found, request->input + i * sizeof found, sizeof found);
    return found;
}

bool streams_of_caller(struct files *files, const struct request *request) {
    if (malformed(request))
        return false;
    for (size_t i = 0; i < entries(request); i++) {
        const struct file *file = file_find(files, entry(request, i).file);
        if (!file || file->fd != AT_CALLER)
            return false;
    }
    return true;
}

// For poll, rounded up; -1 waits for ever.
static int milliseconds(s64 nanoseconds) {
    s64 rounded = nanoseconds / MILLISECOND + (nanoseconds % MILLISECOND > 0);
    return nanoseconds < 0 || rounded > 0x7fffffff ? -1 : (int)rounded;
}

// Waits for files of this end. A stream of the caller beside them counts as one with nothing to tell.
s64 sys_ppoll(struct agent *agent, struct request *request) {
    struct pollfd polled[POLLED_MAX];
    const u16 always = POLLERR | POLLHUP | POLLNVAL;
    size_t count = entries(request);
    if (malformed(request) || request->output_size < count * sizeof(struct poll_entry))
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        struct poll_entry wanted = entry(request, i);
        const struct file *file = file_find(&agent->files, wanted.file);
        if (!file)
            return -EBADF;
        polled[i] = (struct pollfd){.fd = file->fd, .events = (short)wanted.events};
    }
    if (poll(polled, count, milliseconds((s64)request->args[1])) < 0)
        return -errno;
    s64 ready = 0;
    for (size_t i = 0; i < count; i++) {
        struct poll_entry found = entry(request, i);
        found.revents = (u16)polled[i].revents & (found.events | always);
        memcpy(request->output + i * sizeof found, &found, sizeof found);
        ready += found.revents != 0;
    }
    return ready;
}

s64 sys_ioctl(struct agent *agent, struct request *request) {
    u8 answer[LINUX_TERMIOS_SIZE];
    size_t size = request->args[1] == LINUX_TCGETS       ? LINUX_TERMIOS_SIZE
                  : request->args[1] == LINUX_TIOCGWINSZ ? LINUX_WINSIZE_SIZE
                                                         : 0;
    if (!size || size > request->output_size)
        return -ENOTTY;
    int fd = file_fd(&agent->files, request->args[0]);
    if (fd < 0)
        return fd;
    memset(answer, 0, sizeof answer);
    if (ioctl(fd, (int)request->args[1], answer))
        return -errno;
    memcpy(request->output, answer, size);
    return 0;
}

static s64 lock(int fd, struct request *request) {
    struct flock wanted;
    _Static_assert(sizeof wanted == LINUX_FLOCK_SIZE, "struct flock");
    if (request->input_size < sizeof wanted || request->output_size < sizeof wanted)
        return -EINVAL;
    memcpy(&wanted, request->input, sizeof wanted);
    u64 command = request->args[1];
    int host = command == LINUX_F_GETLK ? F_GETLK : command == LINUX_F_SETLK ? F_SETLK : F_SETLKW;
    if (fcntl(fd, host, &wanted))
        return -errno;
    if (command == LINUX_F_GETLK)
        memcpy(request->output, &wanted, sizeof wanted);
    return 0;
}

static s64 status(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -errno;
    return (flags & O_ACCMODE) | (flags & O_APPEND ? (s64)LINUX_O_APPEND : 0) |
           (flags & O_NONBLOCK ? (s64)LINUX_O_NONBLOCK : 0);
}

s64 sys_fcntl(struct agent *agent, struct request *request) {
    u64 command = request->args[1], argument = request->args[2];
    int fd = file_fd(&agent->files, request->args[0]);
    if (fd < 0)
        return fd;
    if (command == LINUX_F_GETLK || command == LINUX_F_SETLK || command == LINUX_F_SETLKW)
        return lock(fd, request);
    if (command == LINUX_F_GETFL)
        return status(fd);
    if (command != LINUX_F_SETFL)
        return -EINVAL;
    int flags = (argument & LINUX_O_APPEND ? O_APPEND : 0) | (argument & LINUX_O_NONBLOCK ? O_NONBLOCK : 0);
    if (fcntl(fd, F_SETFL, flags))
        return -errno;
    file_find(&agent->files, request->args[0])->appending = argument & LINUX_O_APPEND;
    return 0;
}
