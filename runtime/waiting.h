// SPDX-License-Identifier: BSD-2-Clause
// Waiting for several open files at once: waiting.c; epoll.c and select.c ask it too.
#pragma once
#include "files.h"

enum { POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32, POLLRDNORM = 64 };
enum { POLLWRNORM = 256, POLLRDHUP = 0x2000, WATCHED_MOST = 1024, WATCHED_HERE = 128 };
#define NO_FILE (~0u)
#define FOREVER (~0ull >> 1)

struct eh_watch { // as it crosses
    u32 file;     // NO_FILE: nothing is there
    u16 events, revents;
};

// What is ready of them; 0 when nothing is until `until` (nanoseconds of time_monotonic), or earlier: the caller
// then looks again at what it wants. -EINTR, or another errno.
s64 watch(struct eh_watch *w, u32 count, u64 until);
u64 watch_changes(void);        // counts what poll_wake() was told
u64 watch_until(u64 timeout); // FOREVER stays
struct eh_watch *watch_room(u32 count, struct eh_watch here[WATCHED_HERE]); // 0: no memory
void watch_done(struct eh_watch *w, u32 count, struct eh_watch here[WATCHED_HERE]);

// epoll.c
u32 epoll_ready(struct eh_file *file, int *outside); // POLLIN or 0; may ask outside: *outside is then 1
void epoll_closed(struct eh_file *file);
void epoll_forget(const struct eh_file *file); // it is closed: no set holds it any more

// timerfd.c
s64 timer_read(struct eh_file *file, struct eh_span *s);

// signalfd.c
s64 signals_read(struct eh_file *file, struct eh_span *s);
int signals_ready(const struct eh_file *file); // for the calling thread
