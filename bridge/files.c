// SPDX-License-Identifier: BSD-2-Clause
// Calls on open files. The program never sees a descriptor of this process and cannot name one.
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "resolve.h"
#include "tree.h"

struct file *file_find(struct files *files, u64 number) {
    for (size_t i = 0; i < files->count; i++)
        if (files->open[i].number == number)
            return &files->open[i];
    return NULL;
}

int file_fd(struct files *files, u64 number) {
    const struct file *file = file_find(files, number);
    return file && file->fd >= 0 ? file->fd : -EBADF;
}

static s64 outcome(ssize_t result) {
    return result < 0 ? -errno : result;
}

static size_t least(u64 a, size_t b) {
    return a < b ? (size_t)a : b;
}

// --- data: the window or the control block is read and written in place ---

s64 sys_read(struct agent *agent, struct request *request) {
    int fd = file_fd(&agent->files, request->args[0]);
    return fd < 0 ? fd : outcome(read(fd, request->output, least(request->args[1], request->output_size)));
}

s64 sys_pread64(struct agent *agent, struct request *request) {
    int fd = file_fd(&agent->files, request->args[0]);
    s64 offset = (s64)request->args[2];
    if (fd < 0 || offset < 0)
        return fd < 0 ? fd : -EINVAL;
    return outcome(pread(fd, request->output, least(request->args[1], request->output_size), offset));
}

s64 sys_write(struct agent *agent, struct request *request) {
    int fd = file_fd(&agent->files, request->args[0]);
    if (fd < 0)
        return fd;
    s64 written = outcome(write(fd, request->input, least(request->args[1], request->input_size)));
    if (written >= 0 && file_find(&agent->files, request->args[0])->appending)
        request->value = (u64)lseek(fd, 0, SEEK_CUR);
    return written;
}

s64 sys_pwrite64(struct agent *agent, struct request *request) {
    int fd = file_fd(&agent->files, request->args[0]);
    s64 offset = (s64)request->args[2];
    if (fd < 0 || offset < 0)
        return fd < 0 ? fd : -EINVAL;
    return outcome(pwrite(fd, request->input, least(request->args[1], request->input_size), offset));
}

s64 sys_getdents64(struct agent *agent, struct request *request) {
    int fd = file_fd(&agent->files, request->args[0]);
    size_t size = least(request->args[1], request->output_size);
    return fd < 0 ? fd : outcome(syscall(SYS_getdents64, fd, request->output, size));
}

// --- where and how much ---

s64 sys_fallocate(struct agent *agent, struct request *request) {
    if (request->args[1] & ~(u64)LINUX_FALLOC_FL_KEEP_SIZE)
        return -EOPNOTSUPP; // modes that take room away or move what is there
    int fd = file_fd(&agent->files, request->args[0]);
    if (fd < 0)
        return fd;
    return outcome(fallocate(fd, (int)request->args[1], (s64)request->args[2], (s64)request->args[3]));
}

s64 sys_lseek(struct agent *agent, struct request *request) {
    int fd = file_fd(&agent->files, request->args[0]);
    if (fd < 0)
        return fd;
    s64 at = lseek(fd, (s64)request->args[1], (int)request->args[2]);
    return at < 0 ? -errno : at;
}

s64 sys_ftruncate(struct agent *agent, struct request *request) {
    int fd = file_fd(&agent->files, request->args[0]);
    return fd < 0 ? fd : outcome(ftruncate(fd, (s64)request->args[1]));
}

s64 sys_fsync(struct agent *agent, struct request *request) {
    int fd = file_fd(&agent->files, request->args[0]);
    return fd < 0 ? fd : outcome(fsync(fd));
}

s64 sys_fdatasync(struct agent *agent, struct request *request) {
    int fd = file_fd(&agent->files, request->args[0]);
    return fd < 0 ? fd : outcome(fdatasync(fd));
}

s64 sys_fstat(struct agent *agent, struct request *request) {
    struct stat found;
    int fd = file_fd(&agent->files, request->args[0]);
    if (fd < 0)
        return fd;
    if (fstat(fd, &found))
        return -errno;
    return tree_put_stat(&found, request);
}

s64 sys_statx(struct agent *agent, struct request *request) {
    if (request->args[0] == NO_FILE)
        return tree_statx(agent, request);
    int fd = file_fd(&agent->files, request->args[0]);
    u64 flags = (request->args[1] & LINUX_AT_STATX_SYNC_TYPE) | LINUX_AT_EMPTY_PATH;
    if (fd < 0)
        return fd;
    if (request->output_size < LINUX_STATX_SIZE)
        return -EINVAL;
    return outcome(syscall(SYS_statx, fd, "", (int)flags, (unsigned)request->args[2], request->output));
}

// --- opening and closing ---

static const struct {
    u32 guest;
    int host;
} open_flags[] = { // what a program may ask for
    {LINUX_O_CREAT, O_CREAT},         {LINUX_O_EXCL, O_EXCL},         {LINUX_O_TRUNC, O_TRUNC},
    {LINUX_O_APPEND, O_APPEND},       {LINUX_O_NONBLOCK, O_NONBLOCK}, {LINUX_O_DSYNC, O_DSYNC},
    {LINUX_O_SYNC, O_SYNC},           {LINUX_O_DIRECTORY, O_DIRECTORY}, {LINUX_O_NOFOLLOW, O_NOFOLLOW},
    {LINUX_O_NOATIME, O_NOATIME},     {LINUX_O_PATH, O_PATH},         {LINUX_O_TMPFILE, O_TMPFILE},
};

static int host_flags(u64 flags) {
    int host = (int)(flags & LINUX_O_ACCMODE) | O_CLOEXEC | O_NOCTTY;
    for (size_t i = 0; i < sizeof open_flags / sizeof *open_flags; i++)
        if ((flags & open_flags[i].guest) == open_flags[i].guest)
            host |= open_flags[i].host;
    return host;
}

static int open_place(struct place *place, u64 flags, u64 mode) {
    int host = host_flags(flags);
    if (place->slash) {
        if (flags & LINUX_O_CREAT)
            return -EISDIR;
        int error = place_as_written(place);
        if (error)
            return error;
        host |= O_DIRECTORY;
    }
    int fd = openat(place->directory, place->name, host | O_NOFOLLOW, (mode_t)(mode & 07777));
    return fd < 0 ? -errno : fd;
}

static int open_path(struct agent *agent, struct request *request) {
    struct place place;
    u64 flags = request->args[1];
    bool changes = flags & (LINUX_O_ACCMODE | LINUX_O_CREAT | LINUX_O_TRUNC) && !(flags & LINUX_O_PATH);
    bool fresh = (flags & (LINUX_O_CREAT | LINUX_O_EXCL)) == (LINUX_O_CREAT | LINUX_O_EXCL);
    int error = place_find(&agent->policy, request->paths[0], request->path_lengths[0],
                           changes ? FILES_WRITE : FILES_READ,
                           flags & LINUX_O_NOFOLLOW || fresh ? FOLLOW_SLASH : FOLLOW, &place);
    if (error)
        return error;
    int fd = open_place(&place, flags, request->args[2]);
    place_leave(&place);
    return fd;
}

s64 sys_openat(struct agent *agent, struct request *request) {
    struct files *files = &agent->files;
    struct stat found;
    if (file_find(files, request->args[0]) || request->output_size < sizeof(struct eh_open_reply))
        return -EINVAL;
    if (files->count >= FILES_MAX)
        return -EMFILE;
    int fd = open_path(agent, request);
    if (fd < 0)
        return fd;
    if (fstat(fd, &found)) {
        int number = errno;
        close(fd);
        return -number;
    }
    struct eh_open_reply reply = {found.st_mode, 0, (u64)found.st_size, found.st_dev, found.st_ino};
    memcpy(request->output, &reply, sizeof reply);
    bool appending = request->args[1] & LINUX_O_APPEND && S_ISREG(found.st_mode);
    files->open[files->count++] = (struct file){request->args[0], fd, appending};
    return 0;
}

s64 sys_close(struct agent *agent, struct request *request) {
    struct files *files = &agent->files;
    struct file *file = file_find(files, request->args[0]);
    if (!file)
        return -EBADF;
    int fd = file->fd;
    *file = files->open[--files->count];
    return fd >= 0 ? outcome(close(fd)) : 0;
}
