// SPDX-License-Identifier: BSD-2-Clause
// Waiting with a mask of signals for the time of the wait, and waits that a signal ends.

//// mask_ppoll
static volatile int seen;
static void on(int n) { seen += n == SIGUSR1 ? 1 : 10; }
////
sigset_t none, both, now;
int p[2], s[2];
sigemptyset(&none);
sigemptyset(&both);
sigaddset(&both, SIGUSR1);
sigaddset(&both, SIGUSR2);
signal(SIGUSR1, on);
signal(SIGUSR2, on);
sigprocmask(SIG_BLOCK, &both, 0);
pipe(p);
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
struct pollfd f[2] = {{p[0], POLLIN, 0}, {s[0], POLLIN, 0}};
struct timespec zero = {0, 0}, soon = {0, 20000000}, late = {30, 0};
raise(SIGUSR1);
R(ppoll(f, 2, &zero, 0));
printf("%d\n", seen);
R(ppoll(f, 1, &late, &none)); /* inside */
printf("%d\n", seen);
raise(SIGUSR1);
R(ppoll(f, 2, &late, &none)); /* outside too */
printf("%d\n", seen);
raise(SIGUSR1);
R(ppoll(f, 2, &zero, &none));
printf("%d\n", seen);
sigprocmask(SIG_BLOCK, 0, &now);
printf("%d %d\n", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
write(s[1], "x", 1);
raise(SIGUSR1);
R(ppoll(f, 2, &late, &none)); /* what is ready comes first, and the signal goes on waiting */
printf("%d %d %d\n", seen, f[0].revents, f[1].revents);
write(p[1], "x", 1);
R(ppoll(f, 2, &late, &none));
printf("%d %d %d\n", seen, f[0].revents, f[1].revents);
read(s[0], buf, 1);
read(p[0], buf, 1);
R(ppoll(f, 2, &soon, &both));
printf("%d\n", seen);
sigprocmask(SIG_UNBLOCK, &both, 0);
printf("%d\n", seen);
R(syscall(SYS_ppoll, f, 1, &zero, &none, 4L));
R(syscall(SYS_ppoll, f, 1, &zero, BAD, 8L));
R(syscall(SYS_ppoll, f, 1, &zero, 0, 4L));

//// mask_pselect
static volatile int seen;
static void on(int n) { seen += n == SIGUSR1; }
////
sigset_t none, one;
int p[2], s[2];
fd_set in;
struct timespec zero = {0, 0}, late = {30, 0};
sigemptyset(&none);
sigemptyset(&one);
sigaddset(&one, SIGUSR1);
signal(SIGUSR1, on);
sigprocmask(SIG_BLOCK, &one, 0);
pipe(p);
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
int most = (p[0] > s[0] ? p[0] : s[0]) + 1;
for (int ready = 0; ready < 2; ready++) {
    FD_ZERO(&in);
    FD_SET(p[0], &in);
    FD_SET(s[0], &in);
    raise(SIGUSR1);
    R(pselect(most, &in, 0, 0, &late, &none));
    printf("%d %d %d\n", seen, !!FD_ISSET(p[0], &in), !!FD_ISSET(s[0], &in));
    if (!ready) write(s[1], "x", 1);
}
read(s[0], buf, 1);
FD_ZERO(&in);
FD_SET(p[0], &in);
R(pselect(most, &in, 0, 0, &zero, &none));
printf("%d\n", seen);
FD_SET(p[0], &in);
R(pselect(most, &in, 0, 0, &zero, &none));
struct { void *at; unsigned long size; } mask = {&none, 3};
R(syscall(SYS_pselect6, 0, 0, 0, 0, &zero, &mask));
mask.size = 8;
mask.at = BAD;
R(syscall(SYS_pselect6, 0, 0, 0, 0, &zero, &mask));
mask.at = 0;
mask.size = 3;
R(syscall(SYS_pselect6, 0, 0, 0, 0, &zero, &mask));
R(syscall(SYS_pselect6, 0, 0, 0, 0, &zero, BAD));

//// mask_epoll
static volatile int seen;
static void on(int n) { seen += n == SIGUSR1; }
////
sigset_t none, one;
int e = epoll_create1(0), s[2], p[2];
struct epoll_event v = {EPOLLIN, {.u32 = 1}}, got[4];
sigemptyset(&none);
sigemptyset(&one);
sigaddset(&one, SIGUSR1);
signal(SIGUSR1, on);
sigprocmask(SIG_BLOCK, &one, 0);
pipe(p);
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
epoll_ctl(e, EPOLL_CTL_ADD, p[0], &v);
raise(SIGUSR1);
R(epoll_pwait(e, got, 4, 20, 0));
R(epoll_pwait(e, got, 4, 30000, &none));
printf("%d\n", seen);
epoll_ctl(e, EPOLL_CTL_ADD, s[0], &v);
raise(SIGUSR1);
R(epoll_pwait(e, got, 4, 0, &none)); /* no wait, no interruption */
printf("%d\n", seen);
R(epoll_pwait(e, got, 4, -1, &none));
printf("%d\n", seen);
write(s[1], "x", 1);
raise(SIGUSR1);
R(epoll_pwait(e, got, 4, -1, &none));
printf("%d\n", seen);
read(s[0], buf, 1);
struct timespec late = {30, 0};
R(syscall(SYS_epoll_pwait2, e, got, 4, &late, &none, 8L));
printf("%d\n", seen);
R(syscall(SYS_epoll_pwait, e, got, 4, 0, &none, 4L));
R(syscall(SYS_epoll_pwait, e, got, 4, 0, BAD, 8L));
R(syscall(SYS_epoll_pwait, e, got, 4, 0, 0, 4L));

//// mask_while_waiting
static volatile int seen;
static pthread_t main_of;
static void on(int n) { seen += n == SIGUSR1; }
static void *disturbs(void *x) {
    usleep(50000);
    pthread_kill(main_of, SIGUSR1);
    return x;
}
////
sigset_t none, one, now;
int s[2];
pthread_t t;
sigemptyset(&none);
sigemptyset(&one);
sigaddset(&one, SIGUSR1);
signal(SIGUSR1, on);
sigprocmask(SIG_BLOCK, &one, 0);
main_of = pthread_self();
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
struct pollfd f = {s[0], POLLIN, 0};
for (int i = 0; i < 3; i++) {
    pthread_create(&t, 0, disturbs, 0);
    R(ppoll(i ? &f : 0, i != 0, i == 2 ? 0 : &(struct timespec){30, 0}, &none));
    printf("%d\n", seen);
    pthread_join(t, 0);
    sigprocmask(SIG_BLOCK, 0, &now);
    printf("%d\n", sigismember(&now, SIGUSR1));
}

//// interrupts_sockets
static volatile int seen;
static pthread_t main_of;
static void on(int n) { seen += n == SIGUSR1; }
static void *disturbs(void *x) {
    usleep(50000);
    pthread_kill(main_of, SIGUSR1);
    return x;
}
static pthread_t t;
static void soon(void) { pthread_create(&t, 0, disturbs, 0); }
static void done(void) {
    pthread_join(t, 0);
    printf("%d\n", seen);
}
////
struct sigaction a = {.sa_handler = on};
struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
socklen_t size = sizeof at;
int s[2], u[2], l = socket(AF_INET, SOCK_STREAM, 0);
main_of = pthread_self();
sigaction(SIGUSR1, &a, 0);
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
socketpair(AF_UNIX, SOCK_DGRAM, 0, u);
bind(l, (void *)&at, sizeof at);
getsockname(l, (void *)&at, &size);
listen(l, 4);
soon();
R(recv(s[0], buf, 4, 0));
done();
soon();
R(read(u[0], buf, 4));
done();
soon();
R(accept(l, 0, 0));
done();
while (send(s[0], buf, sizeof buf, MSG_DONTWAIT) > 0);
soon();
R(send(s[0], buf, 5, 0));
done();
soon();
R(poll(&(struct pollfd){s[0], POLLIN, 0}, 1, 30000));
done();
/* nothing is lost and nothing remains of what was interrupted */
while (recv(s[1], buf, sizeof buf, MSG_DONTWAIT) > 0);
write(s[1], "abcd", 4);
R(recv(s[0], buf, 4, 0));
text("s", buf, 4);
write(u[1], "efg", 3);
R(read(u[0], buf, 4));
int c = socket(AF_INET, SOCK_STREAM, 0);
R(connect(c, (void *)&at, size));
int d = accept(l, 0, 0);
OK(d >= 0);
write(c, "hij", 3);
R(read(d, buf, 4));
text("d", buf, 3);

//// restarts_sockets
static volatile int seen;
static pthread_t main_of;
static int s[2], l, which;
static struct sockaddr_in at = {.sin_family = AF_INET};
static void on(int n) { seen += n == SIGUSR1; }
static void *disturbs(void *x) {
    for (int i = 0; i < 3; i++) {
        usleep(15000);
        pthread_kill(main_of, SIGUSR1);
    }
    usleep(15000);
    if (which == 0) write(s[1], "abcd", 4);
    if (which == 1) {
        int c = socket(AF_INET, SOCK_STREAM, 0);
        connect(c, (void *)&at, sizeof at);
        write(c, "x", 1);
    }
    if (which == 2) while (recv(s[1], buf, sizeof buf, MSG_DONTWAIT) > 0);
    return x;
}
static pthread_t t;
static void soon(int what) {
    which = what;
    pthread_create(&t, 0, disturbs, 0);
}
static void done(void) {
    pthread_join(t, 0);
    printf("%d\n", seen);
    seen = 0;
}
////
struct sigaction a = {.sa_handler = on, .sa_flags = SA_RESTART};
socklen_t size = sizeof at;
main_of = pthread_self();
sigaction(SIGUSR1, &a, 0);
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
l = socket(AF_INET, SOCK_STREAM, 0);
at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
bind(l, (void *)&at, sizeof at);
getsockname(l, (void *)&at, &size);
listen(l, 4);
soon(0);
R(recv(s[0], buf, 4, 0));
done();
soon(0);
struct iovec v = {buf, 4};
struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
R(recvmsg(s[0], &m, MSG_WAITALL));
done();
soon(1);
int d = accept(l, 0, 0);
OK(d >= 0);
R(read(d, buf, 4));
done();
while (send(s[0], buf, sizeof buf, MSG_DONTWAIT) > 0);
soon(2);
R(send(s[0], buf, 5, 0));
done();
struct timeval limit = {30, 0};
setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
while (recv(s[1], buf, sizeof buf, MSG_DONTWAIT) > 0);
soon(3);
R(recv(s[0], buf, 4, 0)); /* with a time of its own it is not made again */
done();
soon(3);
R(poll(&(struct pollfd){s[0], POLLIN, 0}, 1, 30000));
done();
soon(3);
R(nanosleep(&(struct timespec){30, 0}, 0));
done();

//// restarts_streams
static volatile int seen;
static pthread_t main_of;
static int p[2];
static void on(int n) { seen += n == SIGUSR1; }
static void *disturbs(void *x) {
    usleep(8000);
    pthread_kill(main_of, SIGUSR1);
    usleep(8000);
    if (x) read(p[0], buf, sizeof buf);
    else write(p[1], "12345678", 8);
    return x;
}
////
pthread_t t;
struct sigaction a = {.sa_handler = on, .sa_flags = SA_RESTART};
main_of = pthread_self();
sigaction(SIGUSR1, &a, 0);
pipe(p);
pthread_create(&t, 0, disturbs, 0);
R(readv(p[0], &(struct iovec){buf, 8}, 1));
pthread_join(t, 0);
fcntl(p[1], F_SETFL, O_NONBLOCK);
while (write(p[1], buf, 4096) > 0);
fcntl(p[1], F_SETFL, 0);
pthread_create(&t, 0, disturbs, p);
R(write(p[1], buf, 100));
pthread_join(t, 0);
int e = eventfd(0, 0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
p[1] = e;
pthread_create(&t, 0, disturbs, 0);
R(read(e, buf, 8));
pthread_join(t, 0);
timerfd_settime(timer, 0, &(struct itimerspec){{0, 0}, {0, 30000000}}, 0);
pthread_create(&t, 0, disturbs, 0);
R(read(timer, buf, 8));
pthread_join(t, 0);
printf("%d\n", seen);

//// restarts_futex
static volatile int seen;
static int word;
static pthread_t main_of;
static void on(int n) { seen += n == SIGUSR1; }
static void *disturbs(void *x) {
    usleep(30000);
    pthread_kill(main_of, SIGUSR1);
    usleep(30000);
    if (x) {
        word = 1;
        syscall(SYS_futex, &word, 1, 1, 0, 0, 0);
    }
    return x;
}
////
pthread_t t;
struct sigaction a = {.sa_handler = on, .sa_flags = SA_RESTART};
main_of = pthread_self();
sigaction(SIGUSR1, &a, 0);
pthread_create(&t, 0, disturbs, &word);
R(syscall(SYS_futex, &word, 0, 0, 0, 0, 0));
pthread_join(t, 0);
word = 0;
pthread_create(&t, 0, disturbs, 0);
R(syscall(SYS_futex, &word, 0, 0, &(struct timespec){30, 0}, 0, 0));
pthread_join(t, 0);
a.sa_flags = 0;
sigaction(SIGUSR1, &a, 0);
pthread_create(&t, 0, disturbs, 0);
R(syscall(SYS_futex, &word, 0, 0, 0, 0, 0));
pthread_join(t, 0);
printf("%d\n", seen);

//// interrupts_sleeps
static volatile int seen;
static pthread_t main_of;
static void on(int n) { seen += n == SIGUSR1; }
static void *disturbs(void *x) {
    usleep(50000);
    pthread_kill(main_of, SIGUSR1);
    return x;
}
////
pthread_t t;
struct timespec left = {7, 7}, asked = {30, 0};
main_of = pthread_self();
signal(SIGUSR1, on);
pthread_create(&t, 0, disturbs, 0);
R(nanosleep(&asked, &left));
OK(left.tv_sec == 29 && left.tv_nsec > 500000000);
pthread_join(t, 0);
pthread_create(&t, 0, disturbs, 0);
left.tv_sec = 7;
R(clock_nanosleep(CLOCK_MONOTONIC, 0, &asked, &left));
OK(left.tv_sec == 29);
pthread_join(t, 0);
pthread_create(&t, 0, disturbs, 0);
left.tv_sec = 7;
clock_gettime(CLOCK_MONOTONIC, &asked);
asked.tv_sec += 30;
R(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &asked, &left));
OK(left.tv_sec == 7);
pthread_join(t, 0);
pthread_create(&t, 0, disturbs, 0);
asked = (struct timespec){30, 0};
R(nanosleep(&asked, BAD));
pthread_join(t, 0);
printf("%d\n", seen);

//// wakes_from_outside
static int e, p[2], timer, set;
static void *later(void *x) {
    usleep(10000);
    if (x == &e) write(e, "\1\0\0\0\0\0\0\0", 8);
    if (x == p) write(p[1], "x", 1);
    if (x == &timer) timerfd_settime(timer, 0, &(struct itimerspec){{0, 0}, {0, 5000000}}, 0);
    if (x == &set) epoll_ctl(set, EPOLL_CTL_ADD, p[0], &(struct epoll_event){EPOLLIN, {.u32 = 9}});
    return x;
}
////
int s[2];
pthread_t t;
struct epoll_event got[4];
e = eventfd(0, 0);
pipe(p);
timer = timerfd_create(CLOCK_MONOTONIC, 0);
set = epoll_create1(0);
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
struct pollfd f[4] = {{s[0], POLLIN, 0}, {e, POLLIN, 0}, {p[0], POLLIN, 0}, {timer, POLLIN, 0}};
void *what[3] = {&e, p, &timer};
for (int i = 0; i < 3; i++) {
    pthread_create(&t, 0, later, what[i]);
    R(poll(f, 4, 30000));
    for (int k = 0; k < 4; k++) printf("%d\n", f[k].revents);
    pthread_join(t, 0);
    if (i != 1) read(i ? timer : e, buf, 8);
    else read(p[0], buf, 1);
}
epoll_ctl(set, EPOLL_CTL_ADD, s[0], &(struct epoll_event){EPOLLIN, {.u32 = 8}});
write(p[1], "x", 1);
pthread_create(&t, 0, later, &set);
R(epoll_wait(set, got, 4, 30000));
printf("%d\n", got[0].data.u32);
pthread_join(t, 0);
read(p[0], buf, 1);
/* a set in a set */
int outer = epoll_create1(0);
epoll_ctl(outer, EPOLL_CTL_ADD, set, &(struct epoll_event){EPOLLIN, {.u32 = 7}});
R(epoll_wait(outer, got, 4, 10));
write(s[1], "y", 1);
R(epoll_wait(outer, got, 4, 30000));
printf("%d\n", got[0].data.u32);
read(s[0], buf, 1);
p[1] = s[1];
pthread_create(&t, 0, later, p);
R(poll(&(struct pollfd){set, POLLIN, 0}, 1, 30000));
pthread_join(t, 0);

//// sees_both_sides_many_times
static int e, s[2];
static void *answers(void *x) {
    char c;
    for (int i = 0; i < 100; i++) {
        if (i % 3) write(e, "\1\0\0\0\0\0\0\0", 8);
        else write(s[1], "x", 1);
        read(s[1], &c, 1);
    }
    return x;
}
////
pthread_t t;
int inside = 0, outside = 0;
e = eventfd(0, 0);
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
pthread_create(&t, 0, answers, 0);
struct pollfd f[2] = {{s[0], POLLIN, 0}, {e, POLLIN, 0}};
for (int i = 0; i < 100; i++) {
    if (poll(f, 2, 30000) != 1) puts("?");
    if (f[0].revents) outside += read(s[0], buf, 8) == 1;
    if (f[1].revents) inside += read(e, buf, 8) == 8;
    write(s[0], "y", 1);
}
pthread_join(t, 0);
printf("%d %d\n", inside, outside);

//// storm_of_signals
static volatile long seen;
static int s[2], p[2];
static void on(int n) { seen++; }
static unsigned long whole[2];
static void *sends(void *x) {
    unsigned char piece[3000];
    unsigned k = 0;
    for (int i = 0; i < 120; i++) {
        unsigned long n = 1 + (i * 7919u) % sizeof piece, done = 0;
        for (unsigned long b = 0; b < n; b++) piece[b] = (unsigned char)(k++ * 31);
        while (done < n) {
            long r = write(x ? p[1] : s[1], piece + done, n - done);
            if (r < 0 && errno != EINTR) return 0;
            if (r > 0) done += (unsigned long)r;
        }
    }
    close(x ? p[1] : s[1]);
    return 0;
}
static void *takes(void *x) {
    unsigned char piece[700];
    unsigned long h = 5381;
    for (;;) {
        long r = read(x ? p[0] : s[0], piece, sizeof piece);
        if (r < 0 && errno == EINTR) continue;
        if (r <= 0) break;
        for (long b = 0; b < r; b++) h = h * 33 + piece[b];
    }
    whole[x != 0] = h;
    return 0;
}
////
pthread_t t[4];
struct itimerval v = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
for (int round = 0; round < 2; round++) {
    struct sigaction a = {.sa_handler = on, .sa_flags = round ? SA_RESTART : 0};
    sigaction(SIGALRM, &a, 0);
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    pipe(p);
    setitimer(ITIMER_REAL, &v, 0);
    for (long i = 0; i < 4; i++) pthread_create(&t[i], 0, i & 1 ? takes : sends, (void *)(i & 2));
    for (int i = 0; i < 20; i++) pthread_kill(t[i % 4], SIGALRM), usleep(500);
    for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
    setitimer(ITIMER_REAL, &off, 0);
    printf("%lx %d\n", whole[0], whole[0] == whole[1]);
}
OK(seen > 20);
