// SPDX-License-Identifier: BSD-2-Clause
// Signals that carry something: queued ones, timers', and descriptors that tell of them.

//// queue_order
static int order[32], at;
static void on(int n, siginfo_t *i, void *u) {
    order[at++] = (n - SIGRTMIN) * 100 + i->si_value.sival_int;
    if (i->si_code != SI_QUEUE || i->si_pid != getpid() || i->si_uid != getuid()) order[at++] = -1;
}
////
struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
sigset_t all, waiting;
sigfillset(&all);
a.sa_mask = all;
for (int i = 0; i < 3; i++) sigaction(SIGRTMIN + i, &a, 0);
sigprocmask(SIG_BLOCK, &all, 0);
for (int i = 0; i < 9; i++) {
    R(sigqueue(getpid(), SIGRTMIN + 2 - i % 3, (union sigval){i}));
    raise(SIGUSR1); /* once, however often */
}
sigpending(&waiting);
printf("%d %d\n", sigismember(&waiting, SIGRTMIN), sigismember(&waiting, SIGUSR1));
signal(SIGUSR1, SIG_IGN);
sigpending(&waiting);
printf("%d\n", sigismember(&waiting, SIGUSR1));
sigprocmask(SIG_UNBLOCK, &all, 0);
printf("%d\n", at);
for (int i = 0; i < at; i++) printf("%d\n", order[i]);
R(sigqueue(getpid(), 0, (union sigval){0}));
R(sigqueue(getpid(), 100, (union sigval){0}));
R(sigqueue(1 << 21, SIGUSR1, (union sigval){0}));
R(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, BAD));

//// queue_carries
static volatile int code, value, who;
static void *volatile pointer;
static void on(int n, siginfo_t *i, void *u) {
    code = i->si_code;
    value = i->si_value.sival_int;
    pointer = i->si_value.sival_ptr;
    who = i->si_pid == getpid() && i->si_uid == getuid() && i->si_errno == 0 && i->si_signo == n;
}
#define SAW printf("%d %d %d\n", code, value, who)
////
struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
sigaction(SIGUSR1, &a, 0);
sigqueue(getpid(), SIGUSR1, (union sigval){.sival_ptr = buf});
printf("%d %d %d\n", code, pointer == buf, who);
kill(getpid(), SIGUSR1);
SAW;
pthread_kill(pthread_self(), SIGUSR1);
SAW;
siginfo_t own = {.si_code = -77};
own.si_pid = getpid();
own.si_uid = getuid();
own.si_value.sival_int = 5;
R(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &own));
SAW;
own.si_value.sival_int = 6;
R(syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGUSR1, &own));
SAW;
R(syscall(SYS_rt_tgsigqueueinfo, getpid(), 0, SIGUSR1, &own));
R(syscall(SYS_rt_tgsigqueueinfo, getpid(), 1 << 21, SIGUSR1, &own));
R(syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGUSR1, BAD));

//// queue_waited_for
////
sigset_t s;
siginfo_t i;
sigemptyset(&s);
sigaddset(&s, SIGRTMIN);
sigaddset(&s, SIGRTMIN + 1);
sigaddset(&s, SIGCHLD);
sigprocmask(SIG_BLOCK, &s, 0);
raise(SIGCHLD); /* ignored, but blocked */
sigqueue(getpid(), SIGRTMIN + 1, (union sigval){1});
sigqueue(getpid(), SIGRTMIN, (union sigval){2});
sigqueue(getpid(), SIGRTMIN, (union sigval){3});
for (int k = 0; k < 4; k++) {
    int n = sigwaitinfo(&s, &i);
    printf("%d %d %d %d\n", n == SIGCHLD ? -1 : n - SIGRTMIN, i.si_signo == n, i.si_code, n == SIGCHLD ? 0 : i.si_value.sival_int);
}
R(sigtimedwait(&s, &i, &(struct timespec){0, 0}));

//// queue_waited_for_by_a_thread
static sigset_t s;
static void *waits(void *p) {
    siginfo_t i;
    int n;
    for (int k = 0; k < 3; k++) {
        n = sigwaitinfo(&s, &i);
        printf("%d %d\n", n == SIGUSR1, i.si_code);
        sched_yield();
    }
    sigwait(&s, &n);
    printf("%d\n", n == SIGCHLD);
    return p;
}
////
pthread_t t;
sigemptyset(&s);
sigaddset(&s, SIGUSR1);
sigaddset(&s, SIGCHLD);
pthread_sigmask(SIG_BLOCK, &s, 0);
pthread_create(&t, 0, waits, 0);
for (int k = 0; k < 3; k++) {
    usleep(10000);
    kill(getpid(), SIGUSR1); /* its default action is the end; it does not come to that */
}
usleep(10000);
kill(getpid(), SIGCHLD);
pthread_join(t, 0);

//// queue_of_timers
static volatile int seen, code, over, id;
static void *volatile pointer;
static timer_t t;
static void on(int n, siginfo_t *i, void *u) {
    seen++;
    code = i->si_code;
    if (i->si_overrun > over) over = i->si_overrun;
    pointer = i->si_value.sival_ptr;
    id = i->si_timerid == (int)(long)t;
}
////
struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_ptr = buf};
struct itimerspec v = {{0, 2000000}, {0, 2000000}}, off = {0};
sigset_t s;
sigaction(SIGRTMIN, &a, 0);
sigemptyset(&s);
sigaddset(&s, SIGRTMIN);
R(timer_create(CLOCK_MONOTONIC, &e, &t));
sigprocmask(SIG_BLOCK, &s, 0);
R(timer_settime(t, 0, &v, 0));
usleep(40000);
int before = seen;
sigprocmask(SIG_UNBLOCK, &s, 0);
R(timer_settime(t, 0, &off, 0));
OK(seen >= 1 && !before);
printf("%d %d\n", code, pointer == buf);
OK(over >= 5);
struct timespec now;
clock_gettime(CLOCK_REALTIME, &now);
timer_t r;
R(timer_create(CLOCK_REALTIME, &e, &r));
t = r;
v = (struct itimerspec){{0, 0}, {now.tv_sec, now.tv_nsec}};
v.it_value.tv_nsec += 20000000;
if (v.it_value.tv_nsec > 999999999) v.it_value.tv_nsec -= 1000000000, v.it_value.tv_sec++;
seen = 0;
R(timer_settime(r, TIMER_ABSTIME, &v, 0));
R(pause());
printf("%d %d\n", seen, id);
R(timer_delete(r));
e.sigev_notify = SIGEV_NONE;
R(timer_create(CLOCK_MONOTONIC, &e, &r));
R(timer_delete(r));

//// queue_timer_thread
static sem_t done;
static volatile int value, other;
static pthread_t main_of;
static void on(union sigval v) {
    value += v.sival_int;
    other = !pthread_equal(main_of, pthread_self());
    sem_post(&done);
}
////
timer_t t;
struct sigevent e = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = on, .sigev_value.sival_int = 7};
struct itimerspec v = {{0, 5000000}, {0, 5000000}};
main_of = pthread_self();
sem_init(&done, 0, 0);
R(timer_create(CLOCK_MONOTONIC, &e, &t));
R(timer_settime(t, 0, &v, 0));
for (int i = 0; i < 3; i++) sem_wait(&done);
R(timer_delete(t));
OK(value >= 21 && value % 7 == 0);
printf("%d\n", other);

//// queue_limits
static int seen;
static void on(int n) { seen++; }
////
sigset_t s;
signal(SIGRTMIN, on);
signal(SIGUSR1, on);
sigfillset(&s);
sigprocmask(SIG_BLOCK, &s, 0);
for (int i = 0; i < 100; i++) if (sigqueue(getpid(), SIGRTMIN, (union sigval){i})) puts("full");
for (int i = 0; i < 100; i++) raise(SIGUSR1);
sigprocmask(SIG_UNBLOCK, &s, 0);
printf("%d\n", seen);

//// signalfd
#include <sys/signalfd.h>
static void shows(int f, int most) {
    struct signalfd_siginfo i[4];
    memset(i, 1, sizeof i);
    errno = 0;
    long n = read(f, i, most * sizeof i[0]);
    printf("%ld %d\n", n < 0 ? n : n / (long)sizeof i[0], errno);
    for (int k = 0; k < n / (long)sizeof i[0]; k++)
        printf("%d %d %d %d %d %ld\n", i[k].ssi_signo == SIGUSR1 ? 1 : i[k].ssi_signo == SIGUSR2 ? 2 : (int)i[k].ssi_signo - SIGRTMIN + 100,
               i[k].ssi_code, i[k].ssi_pid == getpid(), i[k].ssi_uid == getuid(), i[k].ssi_int, (long)i[k].ssi_ptr);
}
////
sigset_t s, all;
struct stat st;
sigemptyset(&s);
sigaddset(&s, SIGUSR1);
sigaddset(&s, SIGRTMIN);
sigfillset(&all);
sigprocmask(SIG_BLOCK, &all, 0);
int f = signalfd(-1, &s, SFD_NONBLOCK | SFD_CLOEXEC);
OK(f >= 0);
R(fcntl(f, F_GETFD));
printf("%o\n", fcntl(f, F_GETFL) & O_NONBLOCK);
fstat(f, &st);
printf("%o\n", st.st_mode);
shows(f, 1);
struct pollfd p = {f, POLLIN | POLLOUT, 0};
R(poll(&p, 1, 0));
raise(SIGUSR2);
R(poll(&p, 1, 0));
kill(getpid(), SIGUSR1);
sigqueue(getpid(), SIGRTMIN, (union sigval){7});
sigqueue(getpid(), SIGRTMIN, (union sigval){8});
R(poll(&p, 1, 30000));
printf("%d\n", p.revents);
R(read(f, buf, 127));
shows(f, 2);
shows(f, 4);
shows(f, 4);
sigaddset(&s, SIGUSR2);
OK(signalfd(f, &s, 0) == f);
R(poll(&p, 1, 0));
shows(f, 4);
int d = dup(f);
pthread_kill(pthread_self(), SIGUSR2);
shows(d, 4);
R(write(f, buf, 128));
R(pread(f, buf, 128, 0));
R(lseek(f, 0, SEEK_SET));
R(signalfd(99, &s, 0));
R(signalfd(1, &s, 0));
R(signalfd(-1, &s, 5));
R(syscall(SYS_signalfd4, -1, &s, 4L, 0));
R(syscall(SYS_signalfd4, -1, BAD, 8L, 0));

//// signalfd_waits
#include <sys/signalfd.h>
static void *sends(void *x) {
    usleep(15000);
    kill(getpid(), SIGUSR1);
    return x;
}
static volatile int seen;
static pthread_t main_of;
static void on(int n) { seen++; }
static void *disturbs(void *x) {
    usleep(10000);
    pthread_kill(main_of, SIGUSR2);
    usleep(10000);
    kill(getpid(), SIGUSR1);
    return x;
}
////
sigset_t s;
pthread_t t;
struct epoll_event v = {EPOLLIN | EPOLLET, {.u32 = 5}}, got;
int p[2];
main_of = pthread_self();
sigemptyset(&s);
sigaddset(&s, SIGUSR1);
pthread_sigmask(SIG_BLOCK, &s, 0);
int f = signalfd(-1, &s, 0), e = epoll_create1(0);
struct signalfd_siginfo i;
pthread_create(&t, 0, sends, 0);
R(read(f, &i, sizeof i));
printf("%d\n", i.ssi_signo == SIGUSR1);
pthread_join(t, 0);
epoll_ctl(e, EPOLL_CTL_ADD, f, &v);
socketpair(AF_UNIX, SOCK_STREAM, 0, p);
epoll_ctl(e, EPOLL_CTL_ADD, p[0], &v);
pthread_create(&t, 0, sends, 0);
R(epoll_wait(e, &got, 1, 30000));
R(read(f, &i, sizeof i));
pthread_join(t, 0);
struct itimerval alarm_ = {{0, 0}, {0, 10000}};
sigaddset(&s, SIGALRM);
pthread_sigmask(SIG_BLOCK, &s, 0);
signalfd(f, &s, 0);
setitimer(ITIMER_REAL, &alarm_, 0);
R(poll((struct pollfd[]){{p[0], POLLIN, 0}, {f, POLLIN, 0}}, 2, 30000));
R(read(f, &i, sizeof i));
printf("%d %d\n", i.ssi_signo == SIGALRM, i.ssi_code);
struct sigaction a = {.sa_handler = on, .sa_flags = SA_RESTART};
sigaction(SIGUSR2, &a, 0);
pthread_create(&t, 0, disturbs, 0);
R(read(f, &i, sizeof i));
pthread_join(t, 0);
printf("%d\n", seen);

//// handlers_on_stacks_of_threads
static volatile int good;
static pthread_barrier_t both;
static void on(int n, siginfo_t *i, void *u) {
    char here;
    stack_t s;
    sigaltstack(0, &s);
    good += s.ss_flags == SS_ONSTACK && &here >= (char *)s.ss_sp && &here < (char *)s.ss_sp + s.ss_size && i->si_value.sival_int == 3;
}
static void *works(void *p) {
    stack_t s = {.ss_sp = malloc(32768), .ss_size = 32768}, old;
    sigaltstack(&s, &old);
    good += old.ss_flags == SS_DISABLE;
    pthread_barrier_wait(&both);
    siginfo_t own = {.si_code = SI_QUEUE};
    own.si_value.sival_int = 3;
    for (int i = 0; i < 5; i++) {
        syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGUSR1, &own);
        sched_yield();
    }
    sigaltstack(0, &old);
    good += old.ss_flags == 0 && old.ss_sp == s.ss_sp;
    return p;
}
////
pthread_t t[4];
struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO | SA_ONSTACK};
sigaction(SIGUSR1, &a, 0);
pthread_barrier_init(&both, 0, 4);
for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, works, 0);
for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
OK(good >= 24);

//// handler_jumps_out_of_waits
static sigjmp_buf back;
static void on(int n) { siglongjmp(back, n); }
static void *disturbs(void *x) {
    usleep(40000);
    pthread_kill((pthread_t)x, SIGUSR1);
    return x;
}
////
int s[2];
pthread_t t;
struct sigaction a = {.sa_handler = on, .sa_flags = SA_RESTART};
sigaction(SIGUSR1, &a, 0);
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
for (volatile int i = 0; i < 4; i++) {
    pthread_create(&t, 0, disturbs, (void *)pthread_self());
    if (!sigsetjmp(back, 1)) {
        if (i == 0) recv(s[0], buf, 1, 0);
        if (i == 1) poll(0, 0, -1);
        if (i == 2) pause();
        if (i == 3) sleep(30);
        puts("not reached");
    }
    pthread_join(t, 0);
    printf("%d\n", i);
}
write(s[1], "z", 1);
R(recv(s[0], buf, 4, 0));

//// cancels_waits
static int s[2];
static volatile int step;
static void *waits(void *p) {
    char c;
    int what = (int)(long)p;
    step = 1;
    if (what == 0) read(s[0], &c, 1);
    if (what == 1) recv(s[0], &c, 1, 0);
    if (what == 2) poll(&(struct pollfd){s[0], POLLIN, 0}, 1, -1);
    if (what == 3) sleep(30);
    if (what == 4) pause();
    if (what == 5) {
        sem_t never;
        sem_init(&never, 0, 0);
        sem_wait(&never);
    }
    puts("not reached");
    return 0;
}
////
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
for (long i = 0; i < 6; i++) {
    pthread_t t;
    void *r = 0;
    step = 0;
    pthread_create(&t, 0, waits, (void *)i);
    while (!step) sched_yield();
    usleep(5000);
    int sent = pthread_cancel(t);
    pthread_join(t, &r);
    printf("%ld %d %d\n", i, sent, r == PTHREAD_CANCELED);
}
write(s[1], "q", 1);
R(read(s[0], buf, 4));

//// signal_actions_kept
static void on(int n) {}
////
int flags = SA_NOCLDWAIT | SA_NOCLDSTOP | SA_RESTART;
struct sigaction a = {.sa_handler = on, .sa_flags = flags}, old;
for (int n = 1; n < 32; n++) {
    sigfillset(&a.sa_mask);
    R(sigaction(n, &a, 0));
    if (n == SIGKILL || n == SIGSTOP) continue;
    sigaction(n, 0, &old);
    if (old.sa_handler != on || (old.sa_flags & flags) != flags || sigismember(&old.sa_mask, SIGKILL) == 1) puts("?");
}
raise(SIGCHLD);
raise(SIGSEGV);
raise(SIGBUS);

//// segv_handler_accepted
static void on(int n) {}
////
struct sigaction a = {.sa_handler = on}, old;
R(sigaction(SIGSEGV, &a, 0));
R(sigaction(SIGSEGV, 0, &old));
OK(old.sa_handler == on);
R(kill(getpid(), SIGSEGV));
signal(SIGSEGV, SIG_DFL);
raise(SIGSEGV);

//// handlers_one_above_the_other
static int order[32], at, nested, depth;
static void on(int n, siginfo_t *i, void *u) {
    if (++depth > nested) nested = depth;
    order[at++] = n == SIGUSR1 ? 1 : n == SIGUSR2 ? 2 : n - SIGRTMIN + 10;
    depth--;
}
////
struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
sigset_t all, none;
sigfillset(&all);
sigemptyset(&none);
int numbers[] = {SIGUSR2, SIGRTMIN + 1, SIGUSR1, SIGRTMIN};
for (int i = 0; i < 4; i++) sigaction(numbers[i], &a, 0);
for (int round = 0; round < 3; round++) {
    sigprocmask(SIG_BLOCK, &all, 0);
    for (int i = 0; i < 4; i++) raise(numbers[i]);
    for (int i = 0; i < 2; i++) sigqueue(getpid(), SIGRTMIN, (union sigval){i});
    at = 0;
    if (round == 1) sigsuspend(&none);
    else if (round == 2) ppoll(0, 0, &(struct timespec){0, 0}, &none);
    printf("%d\n", at);
    sigprocmask(SIG_UNBLOCK, &all, 0);
    for (int i = 0; i < at; i++) printf("%d ", order[i]);
    printf("%d\n", nested);
}

//// handlers_one_after_the_other
static int order[32], at;
static pthread_t main_of;
static int s[2];
static void on(int n, siginfo_t *i, void *u) { order[at++] = (n - SIGRTMIN) * 10 + i->si_value.sival_int; }
static void *disturbs(void *x) {
    usleep(10000);
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, 0);
    siginfo_t own = {.si_code = SI_QUEUE};
    for (int i = 0; i < 5; i++) {
        own.si_value.sival_int = i;
        syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGRTMIN + i % 2, &own);
    }
    usleep(10000);
    write(s[1], "abcd", 4);
    return x;
}
////
pthread_t t;
struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO | SA_RESTART};
sigaddset(&a.sa_mask, SIGRTMIN);
sigaddset(&a.sa_mask, SIGRTMIN + 1);
sigaction(SIGRTMIN, &a, 0);
sigaction(SIGRTMIN + 1, &a, 0);
main_of = pthread_self();
socketpair(AF_UNIX, SOCK_STREAM, 0, s);
pthread_create(&t, 0, disturbs, 0);
R(read(s[0], buf, 8));
pthread_join(t, 0);
printf("%d\n", at);
int sorted = 0;
for (int i = 0; i < at; i++) sorted += order[i];
printf("%d\n", sorted);
