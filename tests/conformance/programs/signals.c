// SPDX-License-Identifier: BSD-2-Clause
// Signals that a program sends itself, and what its handlers see.

//// signal_handler
static volatile int seen, number;
static void on(int n) { seen++; number = n; }
////
signal(SIGUSR1, on);
R(raise(SIGUSR1));
printf("%d %d\n", seen, number == SIGUSR1);
R(kill(getpid(), SIGUSR1));
printf("%d\n", seen);
signal(SIGUSR1, SIG_IGN);
R(raise(SIGUSR1));
printf("%d\n", seen);

//// signal_info
static volatile int code, who;
static void on(int n, siginfo_t *i, void *u) {
    code = i->si_code;
    who = i->si_pid == getpid() && i->si_signo == n && u;
}
////
struct sigaction a = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
sigaction(SIGUSR2, &a, 0);
kill(getpid(), SIGUSR2);
printf("%d %d\n", code, who);
raise(SIGUSR2);
printf("%d %d\n", code, who);
struct sigaction old;
R(sigaction(SIGUSR2, 0, &old));
OK(old.sa_sigaction == on);

//// signal_keeps_registers
static volatile double trash;
static void on(int n) {
    double d = n;
    for (int i = 0; i < 50; i++) d = d * 1.5 + i;
    trash = d;
}
////
signal(SIGUSR1, on);
double values[8];
unsigned long words[12];
for (int i = 0; i < 8; i++) values[i] = i * 1.25;
for (int i = 0; i < 12; i++) words[i] = 0x1111111111111111ul * (unsigned)i;
for (int k = 0; k < 100; k++) {
    for (int i = 0; i < 8; i++) values[i] += 0.5;
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < 12; i++) words[i] ^= words[(i + 1) % 12] + (unsigned)k;
}
unsigned long all = 0;
for (int i = 0; i < 12; i++) all = all * 31 + words[i];
printf("%lx\n", all);
for (int i = 0; i < 8; i++) printf("%.3f\n", values[i]);

//// signal_blocked
static volatile int seen;
static void on(int n) { seen |= n == SIGUSR1 ? 1 : 2; }
////
sigset_t s, old, waiting;
signal(SIGUSR1, on);
signal(SIGUSR2, on);
sigemptyset(&s);
sigaddset(&s, SIGUSR1);
sigaddset(&s, SIGUSR2);
R(sigprocmask(SIG_BLOCK, &s, &old));
raise(SIGUSR1);
raise(SIGUSR1);
kill(getpid(), SIGUSR2);
printf("%d\n", seen);
R(sigpending(&waiting));
printf("%d %d %d\n", sigismember(&waiting, SIGUSR1), sigismember(&waiting, SIGUSR2), sigismember(&waiting, SIGINT));
R(sigprocmask(SIG_SETMASK, &old, 0));
printf("%d\n", seen);
R(sigprocmask(9, &s, 0));
R(sigpending(BAD));

//// signal_nested
static int depth, deepest, order[8], at;
static void on(int n) {
    depth++;
    if (depth > deepest) deepest = depth;
    order[at++] = n == SIGUSR1 ? 1 : 2;
    if (n == SIGUSR1) {
        raise(SIGUSR2);
        raise(SIGUSR1);
    }
    if (at > 5) signal(SIGUSR1, SIG_IGN);
    depth--;
}
////
struct sigaction a = {.sa_handler = on};
sigaction(SIGUSR1, &a, 0);
sigaction(SIGUSR2, &a, 0);
raise(SIGUSR1);
printf("%d %d\n", deepest, at);
for (int i = 0; i < at; i++) printf("%d\n", order[i]);

//// signal_mask_of_action
static volatile int inside, during;
static void on(int n) {
    if (n == SIGUSR1) {
        inside = 1;
        raise(SIGUSR2);
        during = inside;
        inside = 0;
    } else {
        inside += 10;
    }
}
////
struct sigaction a = {.sa_handler = on};
sigaddset(&a.sa_mask, SIGUSR2);
sigaction(SIGUSR1, &a, 0);
sigaction(SIGUSR2, &a, 0);
raise(SIGUSR1);
printf("%d %d\n", during, inside);

//// signal_flags
static volatile int seen;
static void on(int n) {
    seen++;
    if (seen == 1) raise(n);
}
////
struct sigaction a = {.sa_handler = on, .sa_flags = SA_NODEFER}, old;
sigaction(SIGUSR1, &a, 0);
raise(SIGUSR1);
printf("%d\n", seen);
a.sa_flags = SA_RESETHAND;
a.sa_handler = on;
sigaction(SIGUSR2, &a, 0);
seen = 5;
raise(SIGUSR2);
sigaction(SIGUSR2, 0, &old);
OK(old.sa_handler == SIG_DFL);
fflush(stdout);
raise(SIGUSR2);
puts("not reached");

//// signal_alternate_stack
static char stack_of[32768];
static volatile int on_it, flags;
static void on(int n) {
    char here;
    stack_t s;
    sigaltstack(0, &s);
    flags = s.ss_flags;
    on_it = &here >= stack_of && &here < stack_of + sizeof stack_of && n;
}
////
stack_t s = {.ss_sp = stack_of, .ss_size = sizeof stack_of}, old;
R(sigaltstack(&s, &old));
printf("%d\n", old.ss_flags);
struct sigaction a = {.sa_handler = on, .sa_flags = SA_ONSTACK};
sigaction(SIGUSR1, &a, 0);
raise(SIGUSR1);
printf("%d %d\n", on_it, flags);
a.sa_flags = 0;
sigaction(SIGUSR1, &a, 0);
raise(SIGUSR1);
printf("%d %d\n", on_it, flags);
s.ss_flags = SS_DISABLE;
R(sigaltstack(&s, 0));
s.ss_flags = 0;
s.ss_size = 100;
R(sigaltstack(&s, 0));

//// signal_jump
static sigjmp_buf back;
static void on(int n) { siglongjmp(back, n); }
////
signal(SIGUSR1, on);
for (volatile int i = 0; i < 3; i++) {
    int n = sigsetjmp(back, 1);
    if (!n) {
        raise(SIGUSR1);
        puts("not reached");
    }
    printf("%d %d\n", i, n == SIGUSR1);
}

//// signal_suspend
static volatile int seen;
static void on(int n) { seen = n; }
////
sigset_t s, none;
signal(SIGUSR1, on);
sigemptyset(&none);
sigemptyset(&s);
sigaddset(&s, SIGUSR1);
sigprocmask(SIG_BLOCK, &s, 0);
raise(SIGUSR1);
printf("%d\n", seen);
R(sigsuspend(&none));
printf("%d\n", seen == SIGUSR1);
sigset_t now;
sigprocmask(SIG_BLOCK, 0, &now);
printf("%d\n", sigismember(&now, SIGUSR1));

//// signal_wait
sigset_t s;
siginfo_t i;
sigemptyset(&s);
sigaddset(&s, SIGUSR1);
sigprocmask(SIG_BLOCK, &s, 0);
R(sigtimedwait(&s, &i, &(struct timespec){0, 1000000}));
kill(getpid(), SIGUSR1);
OK(sigtimedwait(&s, &i, &(struct timespec){1, 0}) == SIGUSR1);
printf("%d %d\n", i.si_signo == SIGUSR1, i.si_code);
R(sigtimedwait(&s, &i, &(struct timespec){0, -1}));

//// signal_alarm
static volatile int seen;
static void on(int n) { seen += n == SIGALRM; }
////
signal(SIGALRM, on);
R(alarm(100));
OK(alarm(0) > 90);
struct itimerval v = {{0, 0}, {0, 10000}}, left;
R(setitimer(ITIMER_REAL, &v, 0));
R(pause());
printf("%d\n", seen);
R(getitimer(ITIMER_REAL, &left));
printf("%ld %ld\n", (long)left.it_value.tv_sec, (long)left.it_value.tv_usec);
v.it_interval.tv_usec = 2000;
v.it_value.tv_usec = 2000;
setitimer(ITIMER_REAL, &v, 0);
while (seen < 5) pause();
memset(&v, 0, sizeof v);
R(setitimer(ITIMER_REAL, &v, 0));
R(setitimer(ITIMER_REAL, BAD, 0));
R(setitimer(7, &v, 0));
v.it_value.tv_usec = 1000000;
R(setitimer(ITIMER_REAL, &v, 0));

//// signal_interrupts_sleep
static volatile int seen;
static void on(int n) { seen += n == SIGALRM; }
////
signal(SIGALRM, on);
struct itimerval v = {{0, 0}, {0, 10000}};
setitimer(ITIMER_REAL, &v, 0);
struct timespec asked = {30, 0}, left;
R(nanosleep(&asked, &left));
OK(left.tv_sec >= 28);
setitimer(ITIMER_REAL, &v, 0);
R(poll(0, 0, 30000));
printf("%d\n", seen);

//// signal_alarm_ends
alarm(1);
fflush(stdout);
for (;;) pause();

//// signal_timers
static volatile int seen;
static void on(int n) { seen += n == SIGUSR1; }
////
timer_t t;
struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
struct itimerspec v = {{0, 0}, {0, 5000000}}, left;
signal(SIGUSR1, on);
R(timer_create(CLOCK_MONOTONIC, &e, &t));
R(timer_settime(t, 0, &v, 0));
while (!seen) pause();
R(timer_gettime(t, &left));
printf("%d %ld %ld\n", seen, (long)left.it_value.tv_sec, left.it_value.tv_nsec);
R(timer_getoverrun(t));
R(timer_delete(t));
R(timer_create(99, &e, &t));
e.sigev_signo = 100;
R(timer_create(CLOCK_MONOTONIC, &e, &t));

//// signal_to_thread
static volatile int seen;
static pthread_t target;
static void on(int n) { seen = n && pthread_equal(pthread_self(), target); }
static volatile int ready_;
static void *waits(void *p) {
    ready_ = 1;
    long r = pause();
    printf("%ld %d\n", r, errno == EINTR);
    return p;
}
////
signal(SIGUSR1, on);
pthread_create(&target, 0, waits, 0);
while (!ready_) sched_yield();
usleep(5000);
int sent = pthread_kill(target, SIGUSR1);
pthread_join(target, 0);
printf("%d\n", sent);
printf("%d\n", seen);

//// signal_mask_of_thread
static volatile int seen;
static void on(int n) { seen += n == SIGUSR1; }
static void *blocked(void *p) {
    sigset_t s;
    pthread_sigmask(SIG_BLOCK, 0, &s);
    printf("%d\n", sigismember(&s, SIGUSR1));
    sigaddset(&s, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &s, 0);
    return p;
}
////
sigset_t s;
pthread_t t;
signal(SIGUSR1, on);
sigemptyset(&s);
sigaddset(&s, SIGUSR1);
pthread_sigmask(SIG_BLOCK, &s, 0);
pthread_create(&t, 0, blocked, 0);
pthread_join(t, 0);
pthread_sigmask(SIG_BLOCK, 0, &s);
printf("%d %d\n", sigismember(&s, SIGUSR1), sigismember(&s, SIGUSR2));

//// signal_cancels_thread
static int cleaned;
static void clean(void *p) { cleaned += (int)(long)p; }
static void *waits(void *p) {
    pthread_cleanup_push(clean, (void *)3);
    for (;;) pause();
    pthread_cleanup_pop(0);
    return p;
}
////
pthread_t t;
void *r;
pthread_create(&t, 0, waits, 0);
usleep(10000);
pthread_cancel(t);
pthread_join(t, &r);
OK(r == PTHREAD_CANCELED);
printf("%d\n", cleaned);

//// signal_pipe_handled
static volatile int seen;
static void on(int n) { seen = n == SIGPIPE; }
////
int p[2];
signal(SIGPIPE, on);
pipe(p);
close(p[0]);
R(write(p[1], "x", 1));
printf("%d\n", seen);

//// signal_restarts_read
static volatile int seen;
static int p[2];
static pthread_t main_of;
static void on(int n) { seen += n == SIGUSR1; }
static void *disturbs(void *x) {
    usleep(10000);
    pthread_kill(main_of, SIGUSR1);
    usleep(10000);
    write(p[1], "x", 1);
    return x;
}
////
pthread_t t;
struct sigaction a = {.sa_handler = on, .sa_flags = SA_RESTART};
main_of = pthread_self();
sigaction(SIGUSR1, &a, 0);
pipe(p);
pthread_create(&t, 0, disturbs, 0);
R(read(p[0], buf, 1));
printf("%d\n", seen);
pthread_join(t, 0);
a.sa_flags = 0;
sigaction(SIGUSR1, &a, 0);
pthread_create(&t, 0, disturbs, 0);
R(read(p[0], buf, 1));
printf("%d\n", seen);
pthread_join(t, 0);

//// signal_abort_handled
static void on(int n) {
    printf("abort %d\n", n == SIGABRT);
    fflush(stdout);
}
////
signal(SIGABRT, on);
abort();

//// signal_to_group
static volatile int seen;
static void on(int n) { seen += n == SIGUSR1; }
////
signal(SIGUSR1, on);
R(kill(0, SIGUSR1));
R(kill(-getpid(), SIGUSR1));
R(killpg(0, SIGUSR1));
R(kill(-(1 << 21), SIGUSR1));
R(kill(1 << 21, 0));
R(kill(getpid(), 0));
R(kill(getpid(), 65));
R(kill(getpid(), -1));
printf("%d\n", seen);
