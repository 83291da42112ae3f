// SPDX-License-Identifier: BSD-2-Clause
// POSIX message queues, the program's own. A queue has room for all of its messages; the most urgent is received first,
// of equal ones the oldest.
#include "memory.h"
#include "process.h"
#include "signals.h"
#include "thread.h"
#include "waiting.h"

enum { QUEUES = 64, NAME_MOST = 255, MESSAGES_USUAL = 10, SIZE_MOST = 8192, PRIORITIES = 32768, SI_MESGQ = -3 };
enum { SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGNALS = 64 };

struct message {
    u64 order;
    u32 priority, size; // the bytes follow
};

struct attributes {
    s64 flags, most, size, count, reserved[4];
};

struct eh_queue { // a page: this, with the messages in memory of their own
    u8 *slots;    // `most` of them; a free one has order 0
    u64 most, size, count, orders, value; // of the signal
    u32 references, length, notified, signal; // a signal of 0: nobody is told
    char name[NAME_MOST + 1];                 // length 0: it was unlinked
};

static struct eh_queue *queues[QUEUES];

static u64 slot_size(const struct eh_queue *q) { return (sizeof(struct message) + q->size + 7) & ~7ull; }

static struct message *slot(const struct eh_queue *q, u64 i) { return (void *)(q->slots + i * slot_size(q)); }

static void leave(struct eh_queue *q) {
    if (--q->references)
        return;
    for (u32 i = 0; i < QUEUES; i++)
        if (queues[i] == q)
            queues[i] = 0;
    arena_disown(q->slots, q->most * slot_size(q));
    arena_disown(q, EH_PAGE);
}

void queue_closed(struct eh_file *file) {
    file->queue->notified = 0;
    leave(file->queue);
}

u32 queue_ready(const struct eh_file *file) {
    const struct eh_queue *q = file->queue;
    return (q->count ? POLLIN | POLLRDNORM : 0) | (q->count < q->most ? POLLOUT | POLLWRNORM : 0);
}

static s64 get_name(char name[NAME_MOST + 1], u64 address) {
    s64 length = user_string(name, address, NAME_MOST + 1);
    for (s64 i = 0; i < length; i++)
        if (name[i] == '/')
            return -EACCES;
    return length ? length : -ENOENT;
}

static struct eh_queue *called(const char *name, s64 length) {
    for (u32 i = 0; i < QUEUES; i++)
        if (queues[i] && eh_equal(queues[i]->name, queues[i]->length, name, (u64)length))
            return queues[i];
    return 0;
}

static struct eh_queue *make(const char *name, s64 length, const struct attributes *a, s64 *error) {
    u32 i = 0;
    while (i < QUEUES && queues[i])
        i++;
    *error = a->most <= 0 || a->most > MESSAGES_USUAL || a->size <= 0 || a->size > SIZE_MOST ? -EINVAL : -ENOSPC;
    struct eh_queue *q = i < QUEUES && *error != -EINVAL ? arena_own(EH_PAGE) : 0;
    if (!q)
        return 0;
    q->most = (u64)a->most;
    q->size = (u64)a->size;
    q->slots = arena_own(q->most * slot_size(q));
    if (!q->slots) {
        arena_disown(q, EH_PAGE);
        return 0;
    }
    q->references = 1; // the name's
    q->length = (u32)length;
    memcpy(q->name, name, (u64)length);
    return queues[i] = q;
}

s64 sys_mq_open(struct eh_context *c) {
    char name[NAME_MOST + 1];
    struct attributes a = {.most = MESSAGES_USUAL, .size = SIZE_MOST};
    u32 flags = (u32)c->x[1];
    s64 length = get_name(name, c->x[0]), error = 0, fd = fd_free(0);
    if ((flags & O_CREAT) && c->x[3] && user_in(&a, c->x[3], sizeof a))
        return -EFAULT;
    if (length < 0 || fd < 0)
        return length < 0 ? length : fd;
    struct eh_queue *q = called(name, length);
    if (q && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (!q && !(flags & O_CREAT))
        return -ENOENT;
    if (!q && !(q = make(name, length, &a, &error)))
        return error;
    struct eh_file *file = file_new(FILE_QUEUE, flags & (O_ACCMODE | O_NONBLOCK));
    if (!file)
        return -ENFILE;
    q->references++;
    file->queue = q;
    fd_set((u32)fd, file, 1);
    return fd;
}

s64 sys_mq_unlink(struct eh_context *c) {
    char name[NAME_MOST + 1];
    s64 length = get_name(name, c->x[0]);
    struct eh_queue *q = length < 0 ? 0 : called(name, length);
    if (!q)
        return length < 0 ? length : -ENOENT;
    q->length = 0;
    leave(q);
    return 0;
}

static struct eh_file *queue_of(u64 fd, u32 not_mode) {
    struct eh_file *file = fd_file(fd);
    return file && file->kind == FILE_QUEUE && (file->flags & O_ACCMODE) != not_mode ? file : 0;
}

// When a wait ends that the program gave a date for.
static s64 deadline_of(u64 address, u64 *deadline) {
    u64 date, now = time_now(1);
    *deadline = NO_DEADLINE;
    s64 result = address ? time_read(address, &date) : 0;
    if (address && !result)
        *deadline = time_monotonic() + (date > now ? date - now : 0);
    return result;
}

static void changed(const struct eh_queue *q) {
    futex_wake((u64)q, ~0u, ~0u);
    poll_wake();
}

// Until the queue has something, or room: the file is kept meanwhile.
static s64 wait_for(struct eh_file *file, u32 event, u64 deadline) {
    s64 result = 0;
    while (!result && !(queue_ready(file) & event))
        result = file->flags & O_NONBLOCK ? -EAGAIN : thread_sleep_at((u64)file->queue, deadline);
    return result;
}

static void put(struct eh_queue *q, u32 priority, u64 from, u64 size) {
    u64 i = 0;
    while (slot(q, i)->order)
        i++;
    struct message *m = slot(q, i);
    *m = (struct message){++q->orders, priority, (u32)size};
    user_in(m + 1, from, size);
    if (!q->count++ && q->notified) {
        q->notified = 0;
        struct eh_siginfo info = {q->signal, SI_MESGQ, eh_start.pid, eh_start.uid, q->value};
        if (q->signal)
            signal_send(0, &info);
    }
    changed(q);
}

s64 sys_mq_timedsend(struct eh_context *c) {
    u64 deadline, size = c->x[2];
    s64 result = deadline_of(c->x[4], &deadline);
    if (result || (u32)c->x[3] >= PRIORITIES)
        return result ? result : -EINVAL;
    struct eh_file *file = queue_of(c->x[0], O_RDONLY);
    if (!file || size > file->queue->size)
        return file ? -EMSGSIZE : -EBADF;
    if (vma_prefix(&eh_map, c->x[1], size, PROT_READ) != size)
        return -EFAULT;
    file->references++;
    result = wait_for(file, POLLOUT, deadline);
    if (!result)
        put(file->queue, (u32)c->x[3], c->x[1], size);
    file_drop(file);
    return result;
}

static struct message *most_urgent(const struct eh_queue *q) {
    struct message *found = 0;
    for (u64 i = 0; i < q->most; i++) {
        struct message *m = slot(q, i);
        if (m->order && (!found || m->priority > found->priority ||
                         (m->priority == found->priority && m->order < found->order)))
            found = m;
    }
    return found;
}

s64 sys_mq_timedreceive(struct eh_context *c) {
    u64 deadline;
    s64 result = deadline_of(c->x[4], &deadline);
    if (result)
        return result;
    struct eh_file *file = queue_of(c->x[0], O_WRONLY);
    if (!file || c->x[2] < file->queue->size)
        return file ? -EMSGSIZE : -EBADF;
    file->references++;
    result = wait_for(file, POLLIN, deadline);
    if (!result) {
        struct message *m = most_urgent(file->queue);
        int faults = user_out(c->x[1], m + 1, m->size) ||
                     (c->x[3] && user_out(c->x[3], &m->priority, sizeof m->priority));
        result = faults ? -EFAULT : (s64)m->size;
        m->order = 0;
        file->queue->count--;
        changed(file->queue);
    }
    file_drop(file);
    return result;
}

// struct sigevent: a value, a signal, how to tell.
s64 sys_mq_notify(struct eh_context *c) {
    u32 event[4] = {0};
    if (c->x[1] && user_in(event, c->x[1], sizeof event))
        return -EFAULT;
    if (c->x[1] && (event[3] > SIGEV_NONE || event[2] > SIGNALS))
        return -EINVAL;
    struct eh_file *file = queue_of(c->x[0], ~0u);
    if (!file)
        return -EBADF;
    if (c->x[1] && file->queue->notified)
        return -EBUSY;
    file->queue->notified = c->x[1] != 0;
    memcpy(&file->queue->value, event, sizeof file->queue->value);
    file->queue->signal = event[3] == SIGEV_SIGNAL ? event[2] : 0;
    return 0;
}

s64 sys_mq_getsetattr(struct eh_context *c) {
    struct attributes wanted = {0};
    if (c->x[1] && user_in(&wanted, c->x[1], sizeof wanted))
        return -EFAULT;
    if (wanted.flags & ~(s64)O_NONBLOCK)
        return -EINVAL;
    struct eh_file *file = queue_of(c->x[0], ~0u);
    if (!file)
        return -EBADF;
    const struct eh_queue *q = file->queue;
    struct attributes told = {file->flags & O_NONBLOCK, (s64)q->most, (s64)q->size, (s64)q->count, {0}};
    if (c->x[1])
        file->flags = (file->flags & ~(u32)O_NONBLOCK) | (u32)wanted.flags;
    return c->x[2] ? user_out(c->x[2], &told, sizeof told) : 0;
}
