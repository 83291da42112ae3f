// SPDX-License-Identifier: BSD-2-Clause
// Starts ./child in every way: one by its first argument.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
#define CHILD(...) ((char *[]){"child", __VA_ARGS__, 0})
enum { BIG = 300000 };
static char big[BIG], back[BIG + 1];

static pid_t start(char **argv, int in, int out) {
    posix_spawn_file_actions_t a;
    pid_t pid;
    posix_spawn_file_actions_init(&a);
    if (in != 0)
        posix_spawn_file_actions_adddup2(&a, in, 0);
    if (out != 1)
        posix_spawn_file_actions_adddup2(&a, out, 1);
    int error = posix_spawn(&pid, "./child", &a, 0, argv, environ);
    if (error)
        printf("posix_spawn: %s\n", strerror(error));
    posix_spawn_file_actions_destroy(&a);
    return error ? -1 : pid;
}

static void told(const char *what, pid_t pid, pid_t got, int status) {
    printf("%s: %d exited %d %d signal %d %d\n", what, pid == got, WIFEXITED(status), WEXITSTATUS(status),
           WIFSIGNALED(status), WTERMSIG(status));
}

static void reap(const char *what, pid_t pid) {
    int status = 0;
    pid_t got = waitpid(pid, &status, 0);
    told(what, pid, got, status);
}

static size_t drain(int fd, char *to, size_t room) {
    size_t used = 0;
    ssize_t n;
    while ((n = read(fd, to + used, room - used)) > 0)
        used += (size_t)n;
    return used;
}

static void pipes(void) {
    int in[2], out[2];
    char text[256];
    pipe2(in, O_CLOEXEC);
    pipe2(out, O_CLOEXEC);
    write(in[1], "early ", 6);
    pid_t pid = start(CHILD("upper"), in[0], out[1]);
    close(in[0]);
    close(out[1]);
    write(in[1], "and late", 8);
    close(in[1]);
    printf("%.*s\n", (int)drain(out[0], text, sizeof text), text);
    reap("upper", pid);
    printf("read at the end %zd\n", read(out[0], text, 1));
}

static void pipeline(void) {
    int between[2], out[2];
    char text[64];
    pipe2(between, O_CLOEXEC);
    pipe2(out, O_CLOEXEC);
    pid_t first = start(CHILD("numbers", "20000"), 0, between[1]);
    pid_t second = start(CHILD("sum"), between[0], out[1]);
    close(between[0]);
    close(between[1]);
    close(out[1]);
    printf("%.*s", (int)drain(out[0], text, sizeof text), text);
    reap("second", second);
    reap("first", first);
}

static void both_ways(void) {
    int in[2], out[2];
    size_t sent = 0, got = 0;
    memset(big, 'a', BIG);
    pipe2(in, O_CLOEXEC);
    pipe2(out, O_CLOEXEC);
    pid_t pid = start(CHILD("upper"), in[0], out[1]);
    close(in[0]);
    close(out[1]);
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    for (;;) {
        struct pollfd p[2] = {{out[0], POLLIN, 0}, {in[1], POLLOUT, 0}};
        poll(p, sent < BIG ? 2 : 1, -1);
        if (sent < BIG && (p[1].revents & POLLOUT)) {
            ssize_t n = write(in[1], big + sent, BIG - sent);
            sent += n > 0 ? (size_t)n : 0;
            if (sent == BIG)
                close(in[1]);
        }
        if (p[0].revents) {
            ssize_t n = read(out[0], back + got, sizeof back - got);
            if (n <= 0)
                break;
            got += (size_t)n;
        }
    }
    memset(big, 'A', BIG);
    printf("%zu bytes, %d\n", got, memcmp(big, back, BIG));
    reap("upper", pid);
}

static int writes_to;
static void *writer(void *unused) {
    memset(big, 'b', BIG);
    printf("wrote %zd\n", write(writes_to, big, BIG));
    close(writes_to);
    return unused;
}

static void threads(void) {
    int in[2], out[2];
    pthread_t t;
    pipe2(in, O_CLOEXEC);
    pipe2(out, O_CLOEXEC);
    pid_t pid = start(CHILD("upper"), in[0], out[1]);
    close(in[0]);
    close(out[1]);
    writes_to = in[1];
    pthread_create(&t, 0, writer, 0);
    size_t got = drain(out[0], back, sizeof back);
    pthread_join(t, 0);
    memset(big, 'B', BIG);
    printf("%zu bytes, %d\n", got, memcmp(big, back, BIG));
    reap("upper", pid);
}

static volatile int seen;
static void handler(int number, siginfo_t *info, void *context) {
    (void)context;
    seen = number == SIGCHLD ? info->si_code : -1;
}

static void sigchld(void) {
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigset_t blocked, before;
    int status = 0;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigaction(SIGCHLD, &a, 0);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    pid_t pid = start(CHILD("status", "3"), 0, 1);
    while (!seen)
        sigsuspend(&before);
    printf("SIGCHLD, code %d\n", seen);
    sigprocmask(SIG_SETMASK, &before, 0);
    reap("status", pid);
    seen = 0;
    pid = start(CHILD("abort"), 0, 1);
    pid_t got = waitpid(pid, &status, 0); // restarted, if the signal comes first
    told("abort", pid, got, status);
    signal(SIGCHLD, SIG_IGN);
    start(CHILD("status", "4"), 0, 1);
    got = wait(&status);
    printf("ignored: %d %s\n", got, strerror(errno));
}

static void waiting(void) {
    siginfo_t info;
    int status = 0, in[2];
    pipe2(in, O_CLOEXEC);
    pid_t pid = start(CHILD("upper"), in[0], 1);
    printf("not yet: %d\n", waitpid(pid, &status, WNOHANG));
    memset(&info, 0, sizeof info);
    printf("not yet: %d %d\n", waitid(P_ALL, 0, &info, WEXITED | WNOHANG), info.si_pid);
    close(in[1]);
    printf("waitid: %d", waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
    printf(" %d %d %d %d\n", info.si_pid == pid, info.si_signo == SIGCHLD, info.si_code, info.si_status);
    reap("upper", pid);
    printf("gone: %d %s\n", waitpid(pid, &status, 0), strerror(errno));
    printf("bad: %d %s\n", waitpid(-1, &status, 1 << 20), strerror(errno));
    printf("bad: %d %s\n", waitid(P_ALL, 0, &info, 0), strerror(errno));
    pid_t pids[5];
    for (int i = 0; i < 5; i++) {
        char text[8];
        snprintf(text, sizeof text, "%d", 10 + i);
        pids[i] = start(CHILD("status", text), 0, 1);
    }
    int total = 0;
    for (int i = 0; i < 5; i++)
        if (wait(&status) > 0)
            total += WEXITSTATUS(status);
    printf("five: %d, other pids %d\n", total, pids[0] != pids[4]);
}

static void vforks(void) {
    int status, value = 1;
    pid_t pid = vfork();
    if (!pid) {
        value = 2;
        close(1);
        umask(0);
        chdir("/");
        signal(SIGTERM, SIG_IGN);
        _exit(9);
    }
    printf("shared %d, mask %d, action %d\n", value, umask(022), signal(SIGTERM, SIG_DFL) == SIG_DFL);
    reap("vfork", pid);
    if (!(pid = vfork())) {
        execl("./absent", "absent", (char *)0);
        _exit(77);
    }
    reap("no such program", pid);
    if (!(pid = vfork()))
        kill(getpid(), SIGTERM);
    reap("kill", pid);
    if (!(pid = vfork())) {
        execl("./child", "child", "tell", "by vfork", (char *)0);
        _exit(78);
    }
    reap("tell", pid);
    printf("%d %s\n", waitpid(-1, &status, 0), strerror(errno));
}

static void surroundings(void) {
    posix_spawn_file_actions_t a;
    char text[256];
    pid_t pid;
    setenv("WORD", "from the parent", 1);
    posix_spawn_file_actions_init(&a);
    posix_spawn_file_actions_addopen(&a, 1, "made", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_addopen(&a, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn(&pid, "./child", &a, 0, CHILD("tell", "a b", ""), environ);
    reap("tell", pid);
    int fd = open("made", O_RDWR);
    printf("%.*s", (int)drain(fd, text, sizeof text), text);
    pid = start(CHILD("tell", "appends"), 0, fd);
    reap("appends", pid);
    lseek(fd, 0, SEEK_SET);
    printf("%.*s", (int)drain(fd, text, sizeof text), text);
    pid = start(CHILD("grandchild"), 0, 1);
    reap("grandchild", pid);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    setvbuf(stdout, 0, _IOLBF, 0);
    if (!strcmp(what, "pipes"))
        pipes();
    else if (!strcmp(what, "pipeline"))
        pipeline();
    else if (!strcmp(what, "both_ways"))
        both_ways();
    else if (!strcmp(what, "threads"))
        threads();
    else if (!strcmp(what, "sigchld"))
        sigchld();
    else if (!strcmp(what, "waiting"))
        waiting();
    else if (!strcmp(what, "vforks"))
        vforks();
    else if (!strcmp(what, "surroundings"))
        surroundings();
    else if (!strcmp(what, "becomes"))
        execve("./child", CHILD("tell", "in place"), environ);
    else if (!strcmp(what, "dies"))
        execve("./child", CHILD("abort"), environ);
    else if (!strcmp(what, "leaves"))
        start(CHILD("waits"), 0, 1);
    else if (!strcmp(what, "fork")) {
        pid_t pid = fork();
        printf("fork %d %s\n", pid, strerror(errno));
        return pid ? 1 : 0;
    }
    return 6;
}
