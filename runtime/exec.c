// SPDX-License-Identifier: BSD-2-Clause
// What execve says to the normal world: three descriptors, arguments, environment, directory, and what lies in pipes.
// A pipe of which a child gets an end cannot stay inside: the normal world makes one, and both ends become streams.
#include "exec.h"
#include "audit.h"
#include "files.h"
#include "memory.h"
#include "policy.h"
#include "process.h"

enum { STREAMS = 3, SEEK_SET = 0 };

struct message {
    struct eh_spawn_fd fds[STREAMS];
    u32 counts[2]; // of arguments and variables
    u8 *bytes;     // the whole of it
    u64 size, strings, used;
};

static u32 last_component(const char *path, u32 length) {
    while (length && path[length - 1] != '/')
        length--;
    return length;
}

// Under the very path, it may be started. Where only the last name is right, a search goes on elsewhere.
s64 exec_allowed(struct eh_path *path) {
    char base[EH_PATH_MAX];
    int similar = 0;
    u32 count;
    const struct eh_policy_program *programs = policy_programs(&count);
    path->length = path_normalise(base, path->text, path->length);
    memcpy(path->text, base, path->length);
    u32 name = last_component(path->text, path->length);
    for (u32 i = 0; i < count; i++) {
        u32 size = policy_absolute(base, programs[i].flags, programs[i].path_offset, programs[i].path_length);
        if (eh_equal(base, size, path->text, path->length))
            return 0;
        u32 last = last_component(base, size);
        similar |= eh_equal(base + last, size - last, path->text + name, path->length - name);
    }
    if (similar)
        return -ENOENT;
    wire_denied(EH_RULE_PROGRAMS);
    return -EACCES;
}

// ---- descriptors

static s64 refuse(const char *why) {
    trace_message(why);
    return -EACCES;
}

// The offset of a regular file is kept here; the child goes on where the program is.
static s64 hand_over(const struct eh_file *file) {
    if (file->kind != FILE_REGULAR)
        return 0;
    if (file_inside(file) || file->pin || file->tree)
        return refuse("execve: a file that is protected cannot be a stream of a child");
    struct eh_request r = {
        .row = ROW_lseek, .rule = AUDIT_FILES, .args = {file->number, file->offset, SEEK_SET}};
    s64 result = wire_call(&r, ~0ull >> 1);
    cache_forget(file->device, file->inode);
    return result < 0 ? result : 0;
}

static s64 describe(u32 fd, struct eh_spawn_fd *to) {
    struct eh_file *file = fd_file(fd);
    if (!file || fd_closes(fd))
        return 0;
    to->number = file->number;
    to->kind = EH_SPAWN_KIND_FILE;
    switch (file->kind) {
    case FILE_STREAM:
    case FILE_SOCKET:
    case FILE_OTHER:
    case FILE_REGULAR:
        return hand_over(file);
    case FILE_PIPE:
        if (!policy_pipes_open()) {
            wire_denied(EH_RULE_PIPES);
            return -EACCES;
        }
        to->kind = EH_SPAWN_KIND_PIPE;
        return pipe_describe(file, to) ? refuse("execve: an event counter cannot be a stream of a child") : 0;
    case FILE_DEVICE:
        to->kind = EH_SPAWN_KIND_DEVICE;
        to->number = (u32)device_number(file->special);
        return 0;
    default:
        return refuse("execve: this kind of file cannot be a stream of a child");
    }
}

static s64 describe_all(struct message *m) {
    memset(m->fds, 0, sizeof m->fds);
    for (u32 i = 0; i < STREAMS; i++) {
        s64 result = describe(i, &m->fds[i]);
        if (result)
            return result;
        for (u32 k = 0; k < i; k++)
            if (m->fds[k].kind == EH_SPAWN_KIND_PIPE &&
                (m->fds[k].number == m->fds[i].number || m->fds[k].other == m->fds[i].number))
                m->fds[i].pending = 0; // it was said already
        m->size += m->fds[i].pending;
    }
    return 0;
}

static void put_pending(struct message *m) {
    for (u32 i = 0; i < STREAMS; i++) {
        if (m->fds[i].pending)
            pipe_peek(fd_file_at(m->fds[i].number), m->bytes + m->used, m->fds[i].pending);
        m->used += m->fds[i].pending;
    }
}

// ---- strings

// Its length; -EFAULT.
static s64 length_of(u64 text) {
    u64 usable = vma_prefix(&eh_map, text, EH_STRINGS_MAX, PROT_READ);
    for (u64 n = 0; n < usable; n++)
        if (!((const char *)text)[n])
            return (s64)n;
    return usable == EH_STRINGS_MAX ? -E2BIG : -EFAULT;
}

// Each string of a vector: counted, or with `bytes` copied.
static s64 strings(struct message *m, u64 vector, u32 *count) {
    u64 text = 1;
    for (*count = 0; vector && text; vector += sizeof text) {
        if (user_in(&text, vector, sizeof text))
            return -EFAULT;
        s64 length = text ? length_of(text) : -1;
        if (!text)
            break;
        if (length < 0)
            return length;
        if (m->bytes && m->used + (u64)length + 1 > m->size)
            return -EFAULT;
        if (m->bytes)
            memcpy(m->bytes + m->used, (const void *)text, (u64)length + 1);
        m->used += (u64)length + 1;
        if (m->used > EH_STRINGS_MAX)
            return -E2BIG;
        ++*count;
    }
    return 0;
}

static s64 all_strings(struct message *m, u64 argv, u64 envp) {
    u32 length;
    const char *cwd = path_cwd(&length);
    s64 result = strings(m, argv, &m->counts[0]);
    if (!result)
        result = strings(m, envp, &m->counts[1]);
    if (!result && m->bytes && m->used + length + 1 > m->size)
        return -EFAULT;
    if (!result && m->bytes)
        memcpy(m->bytes + m->used, cwd, length); // a zero follows: the memory is fresh
    m->used += length + 1;
    return result;
}

static s64 compose(struct message *m, u64 argv, u64 envp) {
    s64 result = describe_all(m);
    if (!result)
        result = all_strings(m, argv, envp);
    if (result || !m->counts[0])
        return result ? result : -EINVAL;
    m->strings = m->used;
    m->size += sizeof m->fds + m->strings;
    if (m->size > wire_most())
        return -E2BIG;
    m->bytes = arena_own(m->size);
    if (!m->bytes)
        return -ENOMEM;
    memcpy(m->bytes, m->fds, sizeof m->fds);
    m->used = sizeof m->fds;
    result = all_strings(m, argv, envp);
    if (!result)
        put_pending(m);
    return result;
}

static s64 send(const struct eh_path *path, u32 pid, const struct message *m) {
    struct eh_request r = {.row = ROW_execve,
                           .rule = AUDIT_PROGRAMS,
                           .args = {pid, m->counts[0], m->counts[1], m->strings},
                           .paths = {path},
                           .in_length = (u32)m->size};
    s64 result = wire_open(&r);
    if (result)
        return result;
    eh_copy(wire_input(&r), m->bytes, m->size);
    return wire_send(&r, 0);
}

s64 exec_start(const struct eh_path *path, u32 pid, u64 argv, u64 envp) {
    struct message m = {.bytes = 0};
    s64 result = compose(&m, argv, envp);
    if (!result)
        result = send(path, pid, &m);
    if (m.bytes)
        arena_disown(m.bytes, m.size);
    for (u32 i = 0; i < STREAMS && !result; i++)
        if (m.fds[i].kind == EH_SPAWN_KIND_PIPE)
            pipe_leave(fd_file_at(m.fds[i].number));
    return result;
}
