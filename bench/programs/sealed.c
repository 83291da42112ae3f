// SPDX-License-Identifier: BSD-2-Clause
// sealed write|read|scatter|remove FILE MEGABYTES: what it does to FILE in pieces of 64 KiB, prints MB/s; `scatter` reads
// 16 bytes at a time, anywhere in FILE, and prints microseconds for each.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 65536, SCATTERED = 2000 };
static unsigned char piece[PIECE];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static int fail(const char *what) {
    perror(what);
    return 1;
}

static int scatter(int fd, long size) {
    unsigned long at = 1;
    double start = now();
    for (int i = 0; i < SCATTERED; i++) {
        at = at * 6364136223846793005u + 1442695040888963407u;
        if (pread(fd, piece, 16, (long)((at >> 20) % (unsigned long)(size - 16))) != 16) return fail("pread");
    }
    printf("%.1f\n", (now() - start) * 1e6 / SCATTERED);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: sealed write|read|scatter|remove FILE MEGABYTES\n");
        return 2;
    }
    int writes = !strcmp(argv[1], "write");
    long size = atol(argv[3]) << 20;
    if (!strcmp(argv[1], "remove")) return unlink(argv[2]) ? fail("unlink") : 0;
    for (int i = 0; i < PIECE; i++) piece[i] = (unsigned char)(i * 7 + (i >> 8));
    double start = now();
    int fd = open(argv[2], writes ? O_RDWR | O_CREAT | O_TRUNC : O_RDONLY, 0600);
    if (fd < 0) return fail("open");
    if (!strcmp(argv[1], "scatter")) return scatter(fd, size);
    for (long done = 0; done < size; done += PIECE)
        if ((writes ? write(fd, piece, PIECE) : read(fd, piece, PIECE)) != PIECE) return fail("transfer");
    if (close(fd)) return fail("close");  // what was written is committed now
    printf("%.2f\n", (double)size / 1e6 / (now() - start));
    return 0;
}
