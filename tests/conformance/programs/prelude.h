// SPDX-License-Identifier: BSD-2-Clause
// What stands before every program of the corpus.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <termios.h>
#include <ucontext.h>
#include <time.h>
#include <unistd.h>
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif
static inline void show(const char *what, long v) {
    int e = errno;
    if (v == -1) printf("%s = -1 errno %d\n", what, e);
    else printf("%s = %ld\n", what, v);
    errno = 0;
}
#define R(x) (errno = 0, show(#x, (long)(x)))
#define OK(x) printf("%s: %s\n", #x, (x) ? "yes" : "no")
#define BAD ((void *)8)
#define HIGH ((void *)0xffff000000001000ul)
static inline void text(const char *what, const void *p, long n) {
    printf("%s [%ld] \"", what, n);
    for (long i = 0; i < n; i++) {
        unsigned char c = ((const unsigned char *)p)[i];
        if (c >= 32 && c < 127) putchar(c); else printf("\\x%02x", c);
    }
    printf("\"\n");
}
static inline unsigned long sum(const void *p, unsigned long n) {
    unsigned long h = 14695981039346656037ul;
    for (unsigned long i = 0; i < n; i++) h = (h ^ ((const unsigned char *)p)[i]) * 1099511628211ul;
    return h;
}
static char buf[1 << 16] __attribute__((unused));
