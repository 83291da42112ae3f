// SPDX-License-Identifier: BSD-2-Clause
// calls KIND COUNT [FILE]: makes COUNT calls of one kind, prints nanoseconds a call.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: calls getpid|clock|write|pread COUNT [FILE]\n");
        return 2;
    }
    long count = atol(argv[2]);
    static char data[65536];
    int fd = argc > 3 ? open(argv[3], O_RDWR | O_CREAT, 0600) : -1;
    double start = now();
    for (long i = 0; i < count; i++) {
        if (!strcmp(argv[1], "getpid")) syscall(SYS_getpid);
        else if (!strcmp(argv[1], "clock")) now();
        else if (!strcmp(argv[1], "write")) pwrite(fd, data, 16, 0);
        else if (!strcmp(argv[1], "pread")) pread(fd, data, 16, 0);
        else return 2;
    }
    printf("%.1f\n", (now() - start) / count * 1e9);
    return 0;
}
