// SPDX-License-Identifier: BSD-2-Clause
// load HOW FILE: brings a whole file into memory (read, again, fread, mmap, or records by fread), sums its words, prints MB/s of the load.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static char *read_whole(const char *path, char *data, size_t size) {
    int fd = open(path, O_RDONLY);
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(fd, data + done, size - done);
        if (got <= 0) return 0;
        done += (size_t)got;
    }
    close(fd);
    return data;
}

static char *load(const char *how, const char *path, size_t size) {
    char *data = 0;
    if (!strcmp(how, "mmap")) {
        int fd = open(path, O_RDONLY);
        data = mmap(0, size, PROT_READ, MAP_PRIVATE, fd, 0);
        return data == MAP_FAILED ? 0 : data;
    }
    if (!(data = malloc(size))) return 0;
    if (!strcmp(how, "records")) {  // as a tokenizer is read: 4 bytes, a length of 4, then so many bytes
        FILE *file = fopen(path, "r");
        uint32_t score, length;
        for (size_t at = 0; file && fread(&score, 4, 1, file) == 1 && fread(&length, 4, 1, file) == 1; at += length)
            if (length > size - at || fread(data + at, 1, length, file) != length) return 0;
        return file ? data : 0;
    }
    if (!strcmp(how, "fread")) {
        FILE *file = fopen(path, "r");
        return file && fread(data, 1, size, file) == size ? data : 0;
    }
    return read_whole(path, data, size);
}

int main(int argc, char **argv) {
    struct stat info;
    if (argc < 3 || stat(argv[2], &info)) {
        fprintf(stderr, "usage: load read|again|fread|mmap|records FILE\n");
        return 2;
    }
    int again = !strcmp(argv[1], "again");
    double start = now();
    uint64_t *data = (uint64_t *)load(again ? "read" : argv[1], argv[2], (size_t)info.st_size), sum = 0;
    if (again && data) {
        start = now();  // the second read finds its memory in place
        data = (uint64_t *)read_whole(argv[2], (char *)data, (size_t)info.st_size);
    }
    if (!data) {
        fprintf(stderr, "load: cannot read %s\n", argv[2]);
        return 1;
    }
    for (size_t i = 0; i < (size_t)info.st_size / 8; i += 509) sum += data[i];
    double loaded = now();  // every page has been touched: a lazy mapping is loaded too
    printf("%.1f %lx\n", (double)info.st_size / 1e6 / (loaded - start), (unsigned long)sum);
    return 0;
}
