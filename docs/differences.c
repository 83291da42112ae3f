// SPDX-License-Identifier: BSD-2-Clause
// What docs/differences-from-linux.md shows: one line for each thing that a program sees otherwise.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static volatile int handled;

static void handler(int signal) {
    handled = signal;
}

static void *nothing(void *argument) {
    return argument;
}

static void say(const char *what, const char *name, int bad) {
    printf("%-44s %s\n", what, bad ? strerror(errno) : name);
}

static void mapping(const char *what, size_t size, int protection, int flags, int fd) {
    void *at = mmap(NULL, size, protection, flags, fd, 0);
    say(what, "works", at == MAP_FAILED);
    if (at != MAP_FAILED)
        munmap(at, size);
}

static void processors(void) {
    struct utsname name;
    cpu_set_t set;
    uname(&name);
    sched_getaffinity(0, sizeof set, &set);
    printf("%-44s %s %s %s\n", "uname", name.sysname, name.release, name.machine);
    printf("%-44s %d\n", "processors", CPU_COUNT(&set));
}

static void tasks(void) {
    pthread_t thread;
    int pair[2];
    errno = pthread_create(&thread, NULL, nothing, NULL);
    say("pthread_create", "works", errno);
    pid_t child = fork();
    if (!child)
        _exit(0);
    say("fork", "works", child < 0);
    say("pipe", "works", pipe(pair));
    say("socket", "works", socket(AF_INET, SOCK_STREAM, 0) < 0);
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    printf("%-44s %s\n", "a signal handler", handled ? "is called" : "is not called");
    struct itimerval soon = {{0, 0}, {1, 0}}, never = {{0, 0}, {0, 0}};
    say("setitimer(ITIMER_PROF)", "works", setitimer(ITIMER_PROF, &soon, NULL) || setitimer(ITIMER_PROF, &never, NULL));
    say("a descriptor that sends SIGIO (O_ASYNC)", "works", fcntl(pair[0], F_SETFL, O_ASYNC));
}

static void memory(void) {
    int fd = open("data", O_RDWR), anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    mapping("mmap, private, of a file", 4096, PROT_READ, MAP_PRIVATE, fd);
    mapping("mmap, shared, of a file", 4096, PROT_READ, MAP_SHARED, fd);
    mapping("mmap, executable", 4096, PROT_READ | PROT_EXEC, anonymous, -1);
    mapping("mmap, 1 GiB that nobody touches", 1u << 30, PROT_READ | PROT_WRITE, anonymous, -1);
    mapping("mmap, 64 MiB of PROT_NONE", 64u << 20, PROT_NONE, anonymous, -1);
    close(fd);
}

static void limits(void) {
    struct rlimit limit;
    struct timespec resolution;
    clock_getres(CLOCK_MONOTONIC, &resolution);
    printf("%-44s %ld ns\n", "resolution of the clock", resolution.tv_nsec);
    getrlimit(RLIMIT_NOFILE, &limit);
    printf("%-44s %lu\n", "descriptors", (unsigned long)limit.rlim_cur);
    getrlimit(RLIMIT_STACK, &limit);
    printf("%-44s %lu KiB\n", "stack", (unsigned long)limit.rlim_cur / 1024);
}

static void directories(void) {
    char path[4096], link[64] = "";
    const char *seen;
    mkdir("gone", 0755);
    say("chdir into a directory", "works", chdir("gone"));
    rmdir("../gone");
    seen = getcwd(path, sizeof path);
    say("getcwd once it is removed", "works", !seen);
    say("/proc/self/status", "works", open("/proc/self/status", O_RDONLY) < 0);
    say("readlink /proc/self/exe", "works", readlink("/proc/self/exe", link, sizeof link) < 0);
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    processors();
    tasks();
    memory();
    limits();
    directories();
    return 0;
}
