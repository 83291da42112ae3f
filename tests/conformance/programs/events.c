// SPDX-License-Identifier: BSD-2-Clause
// Sets of files to wait for, and timers.

//// epoll_calls
int e = epoll_create1(EPOLL_CLOEXEC), p[2], q[2], f = open("data.txt", O_RDONLY);
struct epoll_event v = {EPOLLIN, {.u64 = 42}}, got[4];
R(e >= 0);
R(fcntl(e, F_GETFD));
pipe(p);
pipe(q);
R(epoll_create1(1));
R(epoll_ctl(e, EPOLL_CTL_ADD, p[0], &v));
R(epoll_ctl(e, EPOLL_CTL_ADD, p[0], &v));
R(epoll_ctl(e, EPOLL_CTL_MOD, q[0], &v));
R(epoll_ctl(e, EPOLL_CTL_DEL, q[0], 0));
R(epoll_ctl(e, EPOLL_CTL_ADD, f, &v));
R(epoll_ctl(e, EPOLL_CTL_ADD, e, &v));
R(epoll_ctl(e, EPOLL_CTL_ADD, 99, &v));
R(epoll_ctl(99, EPOLL_CTL_ADD, p[0], &v));
R(epoll_ctl(p[0], EPOLL_CTL_ADD, q[0], &v));
R(epoll_ctl(e, 7, p[0], &v));
R(epoll_ctl(e, EPOLL_CTL_ADD, q[0], BAD));
R(epoll_wait(e, got, 4, 0));
R(epoll_wait(e, got, 0, 0));
R(epoll_wait(e, got, -1, 0));
R(epoll_wait(p[0], got, 4, 0));
R(epoll_wait(99, got, 4, 0));
write(p[1], "x", 1);
R(epoll_wait(e, got, 4, 1000));
printf("%x %lu\n", got[0].events, (unsigned long)got[0].data.u64);
R(epoll_wait(e, got, 4, 1000));
R(epoll_wait(e, BAD, 4, 1000));
v.events = 0;
R(epoll_ctl(e, EPOLL_CTL_MOD, p[0], &v));
R(epoll_wait(e, got, 4, 20));
close(p[1]);
R(epoll_wait(e, got, 4, 1000));
printf("%x\n", got[0].events);
close(p[0]);
R(epoll_wait(e, got, 4, 0));
R(read(e, buf, 8));
R(write(e, buf, 8));

//// epoll_sockets
struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
socklen_t n = sizeof a;
int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), e = epoll_create1(0), c[3], k[3];
bind(l, (void *)&a, n);
listen(l, 5);
getsockname(l, (void *)&a, &n);
struct epoll_event v = {EPOLLIN, {.fd = -1}}, got[8];
R(epoll_ctl(e, EPOLL_CTL_ADD, l, &v));
R(epoll_wait(e, got, 8, 0));
for (int i = 0; i < 3; i++) {
    c[i] = socket(AF_INET, SOCK_STREAM, 0);
    R(connect(c[i], (void *)&a, n));
    R(epoll_wait(e, got, 8, 1000));
    R(got[0].data.fd);
    k[i] = accept4(l, 0, 0, SOCK_NONBLOCK);
    v.data.fd = i;
    v.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
    epoll_ctl(e, EPOLL_CTL_ADD, k[i], &v);
}
R(epoll_wait(e, got, 8, 1000));
R(epoll_wait(e, got, 2, 1000));
v.events = EPOLLIN;
for (int i = 0; i < 3; i++) v.data.fd = i, epoll_ctl(e, EPOLL_CTL_MOD, k[i], &v);
R(epoll_wait(e, got, 8, 10));
write(c[1], "abc", 3);
R(epoll_wait(e, got, 8, 1000));
printf("%d %x\n", got[0].data.fd, got[0].events);
R(read(k[1], buf, 2));
R(epoll_wait(e, got, 8, 1000));
R(read(k[1], buf, 2));
R(epoll_wait(e, got, 8, 10));
close(c[2]);
R(epoll_wait(e, got, 8, 1000));
printf("%d %x\n", got[0].data.fd, got[0].events);
R(read(k[2], buf, 1));
R(epoll_ctl(e, EPOLL_CTL_DEL, k[2], 0));
R(epoll_wait(e, got, 8, 10));

//// epoll_edges
int p[2], e = epoll_create1(0);
socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p);
struct epoll_event v = {EPOLLIN | EPOLLET, {.u32 = 5}}, got[2];
R(epoll_ctl(e, EPOLL_CTL_ADD, p[0], &v));
R(epoll_wait(e, got, 2, 10));
write(p[1], "abcd", 4);
R(epoll_wait(e, got, 2, 1000));
R(epoll_wait(e, got, 2, 10));
while (read(p[0], buf, 2) > 0) {}
R(epoll_wait(e, got, 2, 10));
write(p[1], "ef", 2);
R(epoll_wait(e, got, 2, 1000));
R(read(p[0], buf, 10));
v.events = EPOLLIN | EPOLLONESHOT;
R(epoll_ctl(e, EPOLL_CTL_MOD, p[0], &v));
write(p[1], "gh", 2);
R(epoll_wait(e, got, 2, 1000));
R(epoll_wait(e, got, 2, 10));
R(epoll_ctl(e, EPOLL_CTL_MOD, p[0], &v));
R(epoll_wait(e, got, 2, 1000));
printf("%x %d\n", got[0].events, got[0].data.u32);
int d = dup(p[0]);
v.events = EPOLLIN;
R(epoll_ctl(e, EPOLL_CTL_ADD, d, &v));
close(d);
R(epoll_wait(e, got, 2, 1000));

//// epoll_mixed
static int e, p[2], s[2], v;
static void *wakes(void *x) {
    usleep(20000);
    uint64_t one = 1;
    write(v, &one, 8);
    usleep(20000);
    write(s[1], "x", 1);
    usleep(20000);
    write(p[1], "x", 1);
    return x;
}
////
e = epoll_create1(0);
v = eventfd(0, 0);
pipe(p);
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
int f[] = {v, s[0], p[0]};
for (int i = 0; i < 3; i++) {
    struct epoll_event w = {EPOLLIN, {.u32 = i}};
    R(epoll_ctl(e, EPOLL_CTL_ADD, f[i], &w));
}
pthread_t t;
pthread_create(&t, 0, wakes, 0);
for (int i = 0; i < 3; i++) {
    struct epoll_event got[4];
    R(epoll_wait(e, got, 4, 2000));
    R(got[0].data.u32);
    R(read(f[got[0].data.u32], buf, 8));
}
pthread_join(t, 0);
struct epoll_event got[4];
R(epoll_wait(e, got, 4, 10));
struct pollfd q = {e, POLLIN, 0};
R(poll(&q, 1, 0));
write(p[1], "x", 1);
R(poll(&q, 1, 1000));
R(q.revents);

//// epoll_other_thread_adds
static int e, s[2];
static void *adds(void *x) {
    usleep(20000);
    struct epoll_event w = {EPOLLIN, {.u32 = 9}};
    epoll_ctl(e, EPOLL_CTL_ADD, s[0], &w);
    return x;
}
////
e = epoll_create1(0);
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
write(s[1], "x", 1);
pthread_t t;
pthread_create(&t, 0, adds, 0);
struct epoll_event got;
R(epoll_wait(e, &got, 1, 3000));
R(got.data.u32);
pthread_join(t, 0);

//// timerfd
int t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), u = timerfd_create(CLOCK_REALTIME, 0);
uint64_t n = 0;
struct itimerspec i = {{0, 0}, {0, 30000000}}, o;
OK(t >= 0 && u >= 0);
R(timerfd_create(99, 0));
R(timerfd_create(CLOCK_MONOTONIC, 1));
R(read(t, &n, 8));
R(timerfd_gettime(t, &o));
printf("%ld %ld\n", (long)o.it_value.tv_sec, (long)o.it_value.tv_nsec);
R(timerfd_settime(t, 0, &i, &o));
R(read(t, &n, 8));
R(timerfd_gettime(t, &o));
OK(o.it_value.tv_nsec > 0 && o.it_value.tv_nsec <= 30000000);
struct pollfd p = {t, POLLIN, 0};
R(poll(&p, 1, 2000));
R(p.revents);
R(read(t, &n, 4));
R(read(t, &n, 8));
R(n);
R(read(t, &n, 8));
R(write(t, &n, 8));
i.it_interval.tv_nsec = 20000000;
i.it_value.tv_nsec = 10000000;
R(timerfd_settime(u, 0, &i, 0));
R(read(u, &n, 8));
OK(n >= 1);
usleep(70000);
R(read(u, &n, 8));
OK(n >= 2);
R(timerfd_gettime(u, &o));
R(o.it_interval.tv_nsec);
memset(&i, 0, sizeof i);
R(timerfd_settime(u, 0, &i, &o));
clock_gettime(CLOCK_REALTIME, &i.it_value);
R(timerfd_settime(u, TFD_TIMER_ABSTIME, &i, 0));
R(read(u, &n, 8));
R(n);
i.it_value.tv_nsec = 1000000000;
R(timerfd_settime(u, 0, &i, 0));
R(timerfd_settime(1, 0, &o, 0));
R(timerfd_settime(99, 0, &o, 0));
R(timerfd_settime(u, 0, BAD, 0));
R(timerfd_gettime(1, &o));
int e = epoll_create1(0);
struct epoll_event v = {EPOLLIN, {.u32 = 3}}, got;
epoll_ctl(e, EPOLL_CTL_ADD, t, &v);
i = (struct itimerspec){{0, 0}, {0, 20000000}};
timerfd_settime(t, 0, &i, 0);
R(epoll_wait(e, &got, 1, 2000));
R(got.data.u32);

//// pselect_streams
fd_set r, w;
struct timespec t = {0, 1000000};
int p[2];
pipe(p);
FD_ZERO(&r);
FD_ZERO(&w);
FD_SET(p[0], &r);
FD_SET(p[1], &w);
R(pselect(p[1] + 1, &r, &w, 0, &t, 0));
printf("%d %d\n", !!FD_ISSET(p[0], &r), !!FD_ISSET(p[1], &w));
write(p[1], "x", 1);
FD_SET(p[0], &r);
R(pselect(p[1] + 1, &r, 0, 0, 0, 0));
R(pselect(0, 0, 0, 0, &t, 0));
t.tv_nsec = -1;
R(pselect(0, 0, 0, 0, &t, 0));
