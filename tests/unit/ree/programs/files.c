// SPDX-License-Identifier: BSD-2-Clause
// Files and memory: what a program sees of them, in a directory of its own.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int by_name(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

int main(int argc, char **argv)
{
    printf("arguments %d %s %s\n", argc, argv[1], getenv("MARK"));
    int fd = open("data", O_RDWR | O_CREAT | O_EXCL, 0640);
    printf("again %d %d\n", open("data", O_RDWR | O_CREAT | O_EXCL, 0640), errno == EEXIST);
    struct iovec parts[2] = {{"hello ", 6}, {"world", 5}};
    printf("wrote %zd\n", writev(fd, parts, 2));
    char text[64] = {0};
    printf("read %zd at %ld: %s\n", pread(fd, text, 5, 6), (long)lseek(fd, 0, SEEK_CUR), text);
    struct stat found;
    fstat(fd, &found);
    printf("stat %o %ld\n", found.st_mode, (long)found.st_size);

    char *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    memcpy(shared, "HELLO", 5);
    msync(shared, 4096, MS_SYNC);
    pread(fd, text, 11, 0);
    printf("shared: %s\n", text);
    pwrite(fd, "there", 5, 6);
    printf("seen: %.11s\n", shared);
    char *private = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    private[0] = 'J';
    pread(fd, text, 1, 0);
    printf("private: %.5s, file: %.5s\n", private, text);
    munmap(shared, 4096);

    mkdir("sub", 0755);
    symlink("../data", "sub/link");
    link("data", "sub/hard");
    rename("data", "moved");
    printf("stat by link %d, %d\n", stat("sub/link", &found), errno == ENOENT);
    printf("hard %d links %d\n", stat("sub/hard", &found), (int)found.st_nlink);
    text[readlink("sub/link", text, 63)] = 0;
    printf("link: %s\n", text);
    DIR *directory = opendir("sub");
    char *names[8];
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        names[count++] = strdup(entry->d_name);
    qsort(names, count, sizeof *names, by_name);
    for (int i = 0; i < count; i++)
        printf("%s%c", names[i], i + 1 < count ? ' ' : '\n');
    closedir(directory);
    chdir("sub");
    printf("from below %d %d\n", access("../moved", R_OK), access("../data", R_OK));
    char *where = getcwd(0, 0);
    printf("in %s\n", strrchr(where, '/'));

    int copy = dup(fd);
    close(fd);
    fd = fcntl(copy, F_DUPFD, 100);
    printf("copies %d %d %d\n", fd >= 100, fcntl(copy, F_GETFL) & O_ACCMODE, (int)write(999, "", 1));
    ftruncate(copy, 3);
    fstat(fd, &found);
    printf("shorter %ld\n", (long)found.st_size);

    long page = 4096;
    char *block = mmap(0, 64 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 64; i++)
        block[i * page] = i;
    mprotect(block + 8 * page, page, PROT_READ);
    munmap(block + 16 * page, 16 * page);
    printf("kept %d %d\n", block[8 * page], block[40 * page]);
    char *larger = mremap(block, 8 * page, 4096 * page, MREMAP_MAYMOVE);
    larger[4095 * page] = 9;
    printf("moved %d %d\n", larger[7 * page], larger[4095 * page]);
    madvise(larger, page, MADV_DONTNEED);
    printf("discarded %d, kept %d\n", larger[0], larger[page]);
    long heap = syscall(SYS_brk, 0), top = heap + (1 << 20);
    printf("heap %d\n", syscall(SYS_brk, top) == top);
    ((char *)heap)[(1 << 20) - 1] = 1;
    printf("back %d\n", syscall(SYS_brk, heap) == heap);
    char *large = malloc(50 << 20);
    memset(large, 1, 50 << 20);
    free(large);
    return 3;
}
