// SPDX-License-Identifier: BSD-2-Clause
// Signals: handlers and their frames, masks, alternate stacks, interrupted calls, timers, faults, the end.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t seen, last, on_stack, reason;
static sigjmp_buf back;
static char stack[65536];
static void *fault_at;

static void note(int n)
{
    seen++;
    last = n;
}

static void detail(int n, siginfo_t *info, void *context)
{
    char here;
    note(n);
    on_stack = &here >= stack && &here < stack + sizeof stack;
    reason = info->si_code;
    fault_at = info->si_addr;
}

static void recover(int n, siginfo_t *info, void *context)
{
    detail(n, info, context);
    siglongjmp(back, n);
}

static void install(int n, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigaction(n, &action, 0);
}

static void *hit(void *target)
{
    usleep(20000);
    pthread_kill(*(pthread_t *)target, SIGUSR1);
    return 0;
}

static void *feed(void *fd)
{
    usleep(20000);
    pthread_kill(*(pthread_t *)fd, SIGUSR1);
    usleep(20000);
    write(((int *)fd)[2], "x", 1);
    return 0;
}

int main(void)
{
    double kept = 1.5;
    signal(SIGUSR1, note);
    raise(SIGUSR1);
    printf("raised %d %d %.1f\n", seen, last == SIGUSR1, kept * 2);

    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    raise(SIGUSR1);
    sigset_t pending;
    sigpending(&pending);
    printf("blocked %d, pending %d\n", seen, sigismember(&pending, SIGUSR1));
    sigprocmask(SIG_SETMASK, &old, 0);
    printf("then %d\n", seen);

    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, 0);
    install(SIGUSR2, detail, SA_ONSTACK);
    raise(SIGUSR2);
    printf("alternate stack %d, from a thread %d\n", on_stack, reason == SI_TKILL);

    install(SIGSEGV, recover, SA_ONSTACK);
    char *closed = mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!sigsetjmp(back, 1))
        closed[5] = 1;
    printf("fault %d, there %d, denied %d\n", last == SIGSEGV, fault_at == closed + 5, reason == SEGV_ACCERR);
    if (!sigsetjmp(back, 1))
        *(volatile int *)16 = 1;
    printf("fault %d, there %d, unmapped %d\n", last == SIGSEGV, fault_at == (void *)16, reason == SEGV_MAPERR);

    pthread_t t, self = pthread_self();
    install(SIGUSR1, detail, 0);
    pthread_create(&t, 0, hit, &self);
    int ends[2];
    pipe(ends);
    char byte;
    errno = 0;
    long got = read(ends[0], &byte, 1);
    printf("interrupted %ld %d\n", got, errno == EINTR);
    pthread_join(t, 0);

    install(SIGUSR1, detail, SA_RESTART);
    struct {
        pthread_t thread;
        int fd;
    } target = {self, ends[1]};
    seen = 0;
    pthread_create(&t, 0, feed, &target);
    got = read(ends[0], &byte, 1);
    printf("restarted %ld %d\n", got, seen);
    pthread_join(t, 0);

    signal(SIGALRM, note);
    struct itimerval soon = {.it_value = {0, 20000}};
    seen = 0;
    setitimer(ITIMER_REAL, &soon, 0);
    pause();
    printf("alarm %d %d\n", seen, last == SIGALRM);

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, 0);
    union sigval value = {.sival_int = 77};
    sigqueue(getpid(), SIGUSR2, value);
    siginfo_t info;
    int which = sigwaitinfo(&set, &info);
    printf("waited for %d\n", which == SIGUSR2);

    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    got = write(ends[1], "x", 1);
    printf("broken pipe %ld %d\n", got, errno == EPIPE);
    fflush(stdout);
    abort();
}
