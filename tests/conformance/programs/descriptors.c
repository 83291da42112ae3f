// SPDX-License-Identifier: BSD-2-Clause
// Each program stands under a line with its name; see __init__.py for what is put around it.

//// read_zero_length
int f = open("data.txt", 0);
R(read(f, buf, 0));
R(read(f, BAD, 0));
R(lseek(f, 0, SEEK_CUR));

//// read_end_of_file
int f = open("data.txt", 0);
long n, t = 0;
while ((n = read(f, buf, 100)) > 0) t += n;
R(n);
R(t);
R(read(f, buf, 100));
R(pread(f, buf, 10, 1000000));
R(pread(f, buf, 100, 540));

//// read_empty_file
int f = open("empty", 0);
R(read(f, buf, 10));
R(lseek(f, 0, SEEK_END));

//// read_directory
int f = open("sub", 0);
R(f >= 0);
R(read(f, buf, 10));
R(write(f, buf, 10));
R(pread(f, buf, 4, 0));

//// read_write_only
int f = open("data.txt", O_WRONLY);
R(read(f, buf, 10));
R(pread(f, buf, 10, 0));
R(syscall(SYS_mmap, 0l, 4096l, PROT_READ, MAP_PRIVATE, f, 0l));

//// write_read_only
int f = open("data.txt", 0);
R(write(f, "x", 1));
R(pwrite(f, "x", 1, 0));
R(ftruncate(f, 0));
struct iovec v = {"x", 1};
R(writev(f, &v, 1));

//// negative_offsets
int f = open("data.txt", O_RDWR);
R(pread(f, buf, 10, -1));
R(pwrite(f, buf, 10, -5));
R(lseek(f, -1, SEEK_SET));
R(lseek(f, -1000, SEEK_END));
R(lseek(f, LONG_MAX, SEEK_SET));
R(lseek(f, 0, SEEK_CUR));

//// lseek_whence
int f = open("data.txt", 0);
for (int w = -1; w < 8; w++) {
    if (w == 3 || w == 4) continue;
    printf("%d ", w);
    R(lseek(f, 10, w));
}

//// lseek_data_hole
int f = open("sparse", O_CREAT | O_RDWR, 0644);
R(pwrite(f, "end", 3, 1 << 20));
R(lseek(f, 0, SEEK_END));
R(lseek(f, 1 << 20, SEEK_DATA));
R(lseek(f, 1 << 20, SEEK_HOLE));
R(lseek(f, 2 << 20, SEEK_DATA));
R(lseek(f, 2 << 20, SEEK_HOLE));
R(lseek(f, -1, SEEK_DATA));

//// lseek_pipe_like
R(lseek(1, 0, SEEK_CUR));
R(pread(1, buf, 1, 0));
R(pwrite(1, buf, 1, 0));

//// sparse_file
int f = open("sparse", O_CREAT | O_RDWR, 0600);
R(lseek(f, 100000, SEEK_SET));
R(write(f, "tail", 4));
struct stat s;
R(fstat(f, &s));
printf("size %ld\n", (long)s.st_size);
R(pread(f, buf, 16, 50000));
text("hole", buf, 16);
R(pread(f, buf, 16, 99996));
text("edge", buf, 8);

//// append
int f = open("data.txt", O_WRONLY | O_APPEND);
R(lseek(f, 0, SEEK_CUR));
R(write(f, "one", 3));
R(lseek(f, 0, SEEK_CUR));
R(lseek(f, 5, SEEK_SET));
R(write(f, "two", 3));
R(lseek(f, 0, SEEK_CUR));
struct stat s;
fstat(f, &s);
R(s.st_size);

//// append_two_writers
int a = open("log", O_CREAT | O_WRONLY | O_APPEND, 0644), b = open("log", O_WRONLY | O_APPEND);
for (int i = 0; i < 20; i++) R(dprintf(i & 1 ? a : b, "entry %d\n", i));
int f = open("log", 0);
long n = read(f, buf, 4096);
text("log", buf, n);

//// append_pwrite
int f = open("data.txt", O_RDWR | O_APPEND);
R(pwrite(f, "ZZ", 2, 0));
struct stat s;
fstat(f, &s);
R(s.st_size);
R(pread(f, buf, 4, 0));
text("head", buf, 4);
R(lseek(f, 0, SEEK_CUR));

//// append_set_later
int f = open("data.txt", O_RDWR);
R(fcntl(f, F_SETFL, O_APPEND));
OK(fcntl(f, F_GETFL) & O_APPEND);
R(write(f, "end", 3));
R(lseek(f, 0, SEEK_CUR));
R(fcntl(f, F_SETFL, 0));
R(lseek(f, 0, SEEK_SET));
R(write(f, "top", 3));
R(lseek(f, 0, SEEK_CUR));

//// dup_shares_offset
int a = open("data.txt", 0), b = dup(a);
R(b);
R(read(a, buf, 7));
R(lseek(b, 0, SEEK_CUR));
R(lseek(b, 100, SEEK_SET));
R(read(a, buf, 5));
text("at 100", buf, 5);
R(close(a));
R(read(b, buf, 5));
text("after close", buf, 5);
R(close(b));
R(close(b));

//// dup3_flags
int f = open("data.txt", 0);
R(dup3(f, f, 0));
R(dup3(f, 20, O_CLOEXEC));
R(fcntl(20, F_GETFD));
R(dup3(f, 21, 0));
R(fcntl(21, F_GETFD));
R(dup3(f, 22, O_APPEND));
R(dup3(f, -1, 0));
R(dup2(f, f));
R(dup2(f, 21));

//// dup_replaces_open
int a = open("data.txt", 0), b = open("big.bin", 0);
R(dup2(a, b));
R(read(b, buf, 4));
text("now", buf, 4);
R(lseek(a, 0, SEEK_CUR));

//// fcntl_dupfd_minimum
int f = open("data.txt", 0);
R(fcntl(f, F_DUPFD, 30));
R(fcntl(f, F_DUPFD, 30));
R(fcntl(f, F_DUPFD_CLOEXEC, 30));
R(fcntl(32, F_GETFD));
R(fcntl(31, F_GETFD));
R(fcntl(f, F_DUPFD, -1));

//// fcntl_cloexec
int f = open("data.txt", O_CLOEXEC);
R(fcntl(f, F_GETFD));
R(fcntl(f, F_SETFD, 0));
R(fcntl(f, F_GETFD));
R(fcntl(f, F_SETFD, 1));
int g = dup(f);
R(fcntl(g, F_GETFD));
R(fcntl(f, F_GETFD));

//// fcntl_getfl
const int m[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_APPEND, O_RDONLY | O_NONBLOCK};
for (int i = 0; i < 5; i++) {
    int f = open("data.txt", m[i]);
    printf("%#x\n", fcntl(f, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    close(f);
}

//// fcntl_unknown
int f = open("data.txt", 0);
R(fcntl(f, 9999));
R(fcntl(f, -1));

//// lowest_descriptor
int a = open("data.txt", 0), b = open("data.txt", 0), c = open("data.txt", 0);
R(a);
R(b);
R(c);
close(a);
R(open("one", 0));
close(b);
R(dup(c));
R(open("one", 0));
close(0);
R(open("one", 0));

//// many_descriptors
int n = 0, f;
while (n < 200 && (f = open("one", 0)) >= 0) n++;
R(n);
R(f);
for (int i = 3; i < 203; i += 7) close(i);
R(open("one", 0));
R(open("one", 0));

//// readv_scatter
int f = open("data.txt", 0);
char a[3], b[0 + 1], c[40];
struct iovec v[4] = {{a, 3}, {b, 0}, {b, 1}, {c, 40}};
R(readv(f, v, 4));
text("a", a, 3);
text("b", b, 1);
text("c", c, 40);
R(lseek(f, 0, SEEK_CUR));
lseek(f, 530, SEEK_SET);
R(readv(f, v, 4));
R(readv(f, v, 4));
R(readv(f, v, 0));
R(readv(f, v, -1));
R(readv(f, v, 1025));

//// writev_gather
int f = open("out", O_CREAT | O_RDWR, 0644);
struct iovec v[3] = {{"one ", 4}, {"", 0}, {"two", 3}};
R(writev(f, v, 3));
R(writev(f, v, 0));
R(writev(f, v, 1025));
R(writev(f, v, -1));
v[0].iov_len = (size_t)-1;
R(writev(f, v, 1));
R(pread(f, buf, 20, 0));
text("out", buf, 7);

//// ftruncate
int f = open("data.txt", O_RDWR);
struct stat s;
R(ftruncate(f, 10));
fstat(f, &s);
R(s.st_size);
R(ftruncate(f, 1000));
fstat(f, &s);
R(s.st_size);
R(pread(f, buf, 20, 5));
text("cut", buf, 10);
R(ftruncate(f, -1));
R(lseek(f, 0, SEEK_CUR));
int d = open("sub", 0);
R(ftruncate(d, 0));
R(truncate("big.bin", 5));
R(truncate("sub", 5));
R(truncate("none", 5));
R(truncate("big.bin", -1));
stat("big.bin", &s);
R(s.st_size);

//// cache_sees_own_writes
int r = open("big.bin", 0), w = open("big.bin", O_WRONLY);
R(read(r, buf, 100));
R(pwrite(w, "HELLO", 5, 100));
R(read(r, buf, 5));
text("seen", buf, 5);
R(ftruncate(w, 110));
R(read(r, buf, 100));
R(read(r, buf, 100));
R(lseek(w, 0, SEEK_END));
R(write(w, "more", 4));
R(read(r, buf, 100));
text("more", buf, 4);

//// cache_large_reads
int f = open("big.bin", 0);
char *p = malloc(400000);
R(read(f, p, 400000));
R(sum(p, 300000) == 0);
printf("%lx\n", sum(p, 300000));
R(lseek(f, 1, SEEK_SET));
unsigned long h = 0;
long n;
while ((n = read(f, buf, 777)) > 0) h = h * 31 + sum(buf, n);
printf("%lx\n", h);
R(pread(f, p, 100000, 200001));
printf("%lx\n", sum(p, 99999));

//// write_large
int f = open("out", O_CREAT | O_RDWR, 0644);
char *p = malloc(3 << 20);
for (int i = 0; i < 3 << 20; i++) p[i] = i * 7 + (i >> 12);
R(write(f, p, 3 << 20));
R(lseek(f, 0, SEEK_CUR));
memset(p, 0, 3 << 20);
R(pread(f, p, 3 << 20, 0));
printf("%lx\n", sum(p, 3 << 20));

//// pread_keeps_offset
int f = open("data.txt", O_RDWR);
R(pread(f, buf, 10, 50));
R(lseek(f, 0, SEEK_CUR));
R(pwrite(f, "@@", 2, 60));
R(lseek(f, 0, SEEK_CUR));
R(read(f, buf, 70));
text("text", buf, 70);

//// open_unlinked_file
int f = open("one", O_RDWR);
R(unlink("one"));
R(open("one", 0));
R(write(f, "still", 5));
R(pread(f, buf, 9, 0));
text("still", buf, 5);
struct stat s;
R(fstat(f, &s));
R(s.st_nlink);

//// fsync_kinds
int f = open("out", O_CREAT | O_RDWR, 0644);
R(write(f, "abc", 3));
R(fsync(f));
R(fdatasync(f));
int d = open(".", 0);
R(fsync(d));

//// ioctl_requests
int f = open("data.txt", 0);
R(ioctl(f, TCGETS, buf));
R(ioctl(f, TIOCGWINSZ, buf));
R(ioctl(f, 0x12345678, buf));
R(isatty(f));

//// locks_within_a_process
int a = open("data.txt", O_RDWR), b = open("data.txt", O_RDWR);
struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20};
R(fcntl(a, F_SETLK, &l));
R(fcntl(b, F_SETLK, &l));
R(fcntl(b, F_SETLKW, &l));
l.l_type = F_RDLCK;
R(fcntl(b, F_SETLK, &l));
l.l_start = 15;
l.l_len = 0;
l.l_pid = 77;
R(fcntl(b, F_GETLK, &l));
printf("%d %d %ld %ld %d\n", l.l_type, l.l_whence, (long)l.l_start, (long)l.l_len, l.l_pid);
l.l_whence = SEEK_END;
l.l_start = -5;
R(fcntl(a, F_SETLK, &l));
R(fcntl(a, F_SETLKW, &l));
R(close(b));
R(lockf(a, F_LOCK, 3));
R(lockf(a, F_TEST, 3));
R(lockf(a, F_ULOCK, 0));

//// locks_from_the_offset
int f = open("data.txt", O_RDWR);
struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = -50, .l_len = 1};
R(fcntl(f, F_SETLK, &l));
R(lseek(f, 100, SEEK_SET));
R(fcntl(f, F_SETLK, &l));
l.l_start = -101;
R(fcntl(f, F_SETLK, &l));
l.l_start = LONG_MAX - 99;
R(fcntl(f, F_SETLK, &l));
R(fcntl(f, F_GETLK, &l));
l.l_start = 0;
l.l_len = -100;
R(fcntl(f, F_SETLK, &l));
l.l_len = -101;
R(fcntl(f, F_SETLK, &l));
l.l_len = LONG_MAX;
R(fcntl(f, F_SETLK, &l));

//// locks_bad_arguments
int f = open("data.txt", O_RDWR), r = open("data.txt", O_RDONLY), w = open("data.txt", O_WRONLY);
int p = open("data.txt", O_PATH), c[] = {F_GETLK, F_SETLK, F_SETLKW};
for (int i = 0; i < 3; i++) {
    struct flock l = {0};
    R(fcntl(f, c[i], BAD));
    R(fcntl(f, c[i], HIGH));
    R(fcntl(f, c[i], (void *)-1l));
    R(fcntl(99, c[i], &l));
    R(fcntl(p, c[i], &l));
    for (int t = -1; t < 5; t++) {
        l.l_type = t;
        l.l_whence = SEEK_SET;
        printf("%d %d ", i, t);
        R(fcntl(f, c[i], &l));
    }
    l.l_type = F_WRLCK;
    for (int t = -1; t < 6; t++) {
        l.l_whence = t;
        printf("%d %d ", i, t);
        R(fcntl(f, c[i], &l));
    }
    l.l_whence = SEEK_SET;
    l.l_type = F_WRLCK;
    R(fcntl(r, c[i], &l));
    l.l_type = F_RDLCK;
    R(fcntl(w, c[i], &l));
    l.l_type = F_RDLCK;
    l.l_start = -1;
    R(fcntl(f, c[i], &l));
    l.l_start = LONG_MAX;
    l.l_len = 2;
    R(fcntl(f, c[i], &l));
}
R(fcntl(p, F_SETFL, 0));
R(fcntl(p, 9999));
R(fcntl(p, F_GETFD));

//// locks_of_directories
int d = open("sub", O_RDONLY);
struct flock l = {.l_type = F_RDLCK};
R(fcntl(d, F_SETLK, &l));
R(fcntl(d, F_GETLK, &l));
l.l_type = F_WRLCK;
R(fcntl(d, F_SETLK, &l));

//// locks_and_truncate
int f = open("data.txt", O_RDWR);
struct flock l = {.l_type = F_WRLCK};
R(fcntl(f, F_SETLK, &l));
R(truncate("data.txt", 40));
R(truncate("sub", 1));
R(truncate("none", 1));
R(truncate("link", 30));
R(truncate("dangling", 30));
R(truncate("loop", 30));
R(lseek(f, 0, SEEK_END));

//// preadv_pwritev
int f = open("data.txt", O_RDWR);
char a[5], b[7];
struct iovec v[3] = {{a, 5}, {0, 0}, {b, 7}};
R(preadv(f, v, 3, 40));
text("a", a, 5);
text("b", b, 7);
R(lseek(f, 0, SEEK_CUR));
R(preadv(f, v, 3, 590));
R(preadv(f, v, 3, 10000));
R(pwritev(f, v, 3, 3));
R(pwritev(f, v, 0, 3));
R(lseek(f, 0, SEEK_CUR));
R(pread(f, buf, 20, 0));
text("head", buf, 20);
R(preadv(f, v, 3, -1));
R(pwritev(f, v, 3, -1));
R(preadv(f, v, -1, 0));
R(pwritev(f, v, 1025, 0));
R(syscall(SYS_preadv, f, BAD, 1, 0l, 0l));
R(syscall(SYS_pwritev, f, HIGH, 1, 0l, 0l));
v[1] = (struct iovec){BAD, 4};
R(preadv(f, v, 3, 0));
R(pwritev(f, v, 3, 0));
R(preadv(99, v, 1, 0));
int r = open("data.txt", O_RDONLY), w = open("data.txt", O_WRONLY), d = open("sub", O_RDONLY);
R(preadv(w, v, 1, 0));
R(pwritev(r, v, 1, 0));
R(preadv(d, v, 1, 0));
R(preadv(1, v, 1, 0));
R(pwritev(1, v, 1, 0));
int p = open("data.txt", O_PATH);
R(preadv(p, v, 1, 0));

//// preadv2_pwritev2
int f = open("data.txt", O_RDWR);
char a[5], b[7];
struct iovec v[2] = {{a, 5}, {b, 7}};
#define READ2(f, n, at, flags) syscall(SYS_preadv2, f, v, (long)(n), (long)(at), 0l, flags)
#define WRITE2(f, n, at, flags) syscall(SYS_pwritev2, f, v, (long)(n), (long)(at), 0l, flags)
R(READ2(f, 2, 30, 0));
text("a", a, 5);
R(lseek(f, 0, SEEK_CUR));
R(READ2(f, 2, -1, 0));
text("b", b, 7);
R(lseek(f, 0, SEEK_CUR));
R(WRITE2(f, 2, -1, 0));
R(lseek(f, 0, SEEK_CUR));
R(WRITE2(f, 1, 100, 0));
R(READ2(f, 2, -2, 0));
R(WRITE2(f, 2, LONG_MIN, 0));
R(READ2(f, 2, 0, 0x40000000));
R(WRITE2(f, 2, 0, 0x40000000));
R(READ2(f, 2, -1, 0x40000000));
R(WRITE2(f, 2, -1, 0x40000000));
R(READ2(f, 0, 0, 0x40000000));
R(READ2(99, 2, 0, 0x40000000));
R(WRITE2(99, 2, -1, 0));
R(READ2(f, -1, -1, 0x40000000));
R(syscall(SYS_preadv2, f, BAD, 1, 0l, 0l, 0x40000000));
R(READ2(1, 1, 0, 0));
R(WRITE2(1, 1, 0, 0));
R(lseek(f, 0, SEEK_CUR));
int g = open("data.txt", O_WRONLY | O_APPEND);
R(WRITE2(g, 2, -1, 0));
R(lseek(g, 0, SEEK_CUR));
R(READ2(g, 2, -1, 0));

//// fallocate
int f = open("room", O_CREAT | O_RDWR, 0644), r = open("data.txt", O_RDONLY), d = open("sub", O_RDONLY);
struct stat s;
R(write(f, "abc", 3));
R(fallocate(f, 0, 0, 1000));
R(fstat(f, &s));
R(s.st_size);
R(lseek(f, 0, SEEK_END));
R(pread(f, buf, 2000, 0));
text("start", buf, 5);
R(fallocate(f, FALLOC_FL_KEEP_SIZE, 1000, 9000));
R(lseek(f, 0, SEEK_END));
R(fallocate(f, 0, 10, 10));
R(lseek(f, 0, SEEK_END));
R(posix_fallocate(f, 5000, 1));
R(read(f, buf, 10));
R(lseek(f, 0, SEEK_END));
R(fallocate(f, 0, -1, 10));
R(fallocate(f, 0, 0, 0));
R(fallocate(f, 0, 0, -1));
R(fallocate(f, 0x4000, 0, 10));
R(fallocate(f, 0x4000, -1, 10));
R(fallocate(f, 0, LONG_MAX, 10));
R(fallocate(r, 0, 0, 10));
R(fallocate(r, 0x4000, 0, 10));
R(fallocate(d, 0, 0, 10));
R(fallocate(99, 0, -1, 10));
R(fallocate(1, 0, 0, 10));
R(fallocate(open("data.txt", O_PATH), 0, 0, 10));

//// fadvise
int f = open("data.txt", 0), d = open("sub", 0), p = open("data.txt", O_PATH), n = open("big.bin", O_RDWR);
for (int a = -1; a < 8; a++) R(syscall(SYS_fadvise64, f, 0l, 0l, a));
R(syscall(SYS_fadvise64, f, 0l, -1l, 0));
R(syscall(SYS_fadvise64, f, -5l, 10l, 3));
R(syscall(SYS_fadvise64, f, LONG_MAX, LONG_MAX, 3));
R(syscall(SYS_fadvise64, n, 10l, 10l, 4));
R(syscall(SYS_fadvise64, p, 0l, 0l, 0));
R(syscall(SYS_fadvise64, 99, 0l, -1l, 9));
R(syscall(SYS_fadvise64, d, 0l, 0l, 2));
R(syscall(SYS_fadvise64, 0, 0l, 0l, 2));
R(syscall(SYS_fadvise64, 1, 0l, 0l, 99));
R(posix_fadvise(f, 0, 0, POSIX_FADV_SEQUENTIAL));

//// close_range
int a = open("one", 0), b = open("one", 0), c = open("one", 0), d = open("one", 0), e = dup(b);
#define CLOSE(...) syscall(436, __VA_ARGS__)
R(CLOSE(b, c, 0));
R(fcntl(a, F_GETFD));
R(fcntl(b, F_GETFD));
R(fcntl(c, F_GETFD));
R(read(e, buf, 1));
R(CLOSE(d, -1u, 4));
R(fcntl(d, F_GETFD));
R(fcntl(e, F_GETFD));
R(fcntl(a, F_GETFD));
R(CLOSE(b, c, 0));
R(CLOSE(c, b, 0));
R(CLOSE(a, d, 1));
R(CLOSE(a, d, 8));
R(CLOSE(a, a, 2));
R(fcntl(a, F_GETFD));
R(CLOSE(3, -1u, 0));
R(fcntl(e, F_GETFD));
R(open("one", 0));
R(CLOSE(2000, 5000000, 0));
