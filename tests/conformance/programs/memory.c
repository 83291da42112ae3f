// SPDX-License-Identifier: BSD-2-Clause
// Each program stands under a line with its name; see __init__.py for what is put around it.

//// brk_grow_shrink
char *a = (char *)syscall(SYS_brk, 0l);
OK((char *)syscall(SYS_brk, a + 10000) == a + 10000);
memset(a, 7, 10000);
OK((char *)syscall(SYS_brk, 0l) == a + 10000);
OK((char *)syscall(SYS_brk, a + 5000) == a + 5000);
OK(a[0] == 7 && a[4999] == 7);
OK((char *)syscall(SYS_brk, a) == a);
OK((char *)syscall(SYS_brk, a + (1l << 45)) == a);

//// brk_fresh_is_zero
char *a = (char *)((syscall(SYS_brk, 0l) + 4095) & ~4095ul);
syscall(SYS_brk, a);
syscall(SYS_brk, a + 8192);
long n = 0;
for (int i = 0; i < 8192; i++) n += a[i];
R(n);
memset(a, 1, 8192);
syscall(SYS_brk, a);
syscall(SYS_brk, a + 8192);
n = 0;
for (int i = 0; i < 8192; i++) n += a[i];
R(n);

//// brk_below_start
void *a = (void *)syscall(SYS_brk, 0l);
void *r = (void *)syscall(SYS_brk, 0l);
OK(a == r);
OK((void *)syscall(SYS_brk, 4096l) == a);

//// mmap_anonymous
char *p = mmap(0, 100000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
OK(p != MAP_FAILED);
OK(((uintptr_t)p & 4095) == 0);
long n = 0;
for (int i = 0; i < 100000; i++) n += p[i];
R(n);
memset(p, 5, 100000);
R(munmap(p, 100000));
R(munmap(p, 100000));

//// mmap_errors
R(mmap(0, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
R(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_ANONYMOUS, -1, 0));
R(mmap((void *)1, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
R(mmap(0, -1ul, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
R(mmap(0, 4096, PROT_READ, MAP_PRIVATE, -1, 0));
R(mmap(0, 4096, PROT_READ, MAP_PRIVATE, 99, 0));
int f = open("data.txt", 0);
R(mmap(0, 4096, PROT_READ, MAP_PRIVATE, f, 100));
R(mmap(0, 0, PROT_READ, MAP_PRIVATE, f, 0));
int d = open("sub", 0);
R(mmap(0, 4096, PROT_READ, MAP_PRIVATE, d, 0));

//// mmap_file_private
int f = open("data.txt", O_RDWR);
char *p = mmap(0, 546, PROT_READ | PROT_WRITE, MAP_PRIVATE, f, 0);
OK(p != MAP_FAILED);
text("map", p, 20);
long n = 0;
for (int i = 546; i < 4096; i++) n += p[i];
R(n);
p[0] = 'L';
R(pread(f, buf, 4, 0));
text("file", buf, 4);
close(f);
text("map", p, 4);
R(munmap(p, 546));

//// mmap_file_offset
int f = open("big.bin", 0);
unsigned char *p = mmap(0, 50000, PROT_READ, MAP_PRIVATE, f, 8192);
OK(p != MAP_FAILED);
R(pread(f, buf, 50000, 8192));
OK(!memcmp(p, buf, 50000));
unsigned char *q = mmap(0, 300000, PROT_READ, MAP_PRIVATE, f, 0);
printf("%lx\n", sum(q, 300000));

//// mmap_file_whole
int f = open("big.bin", 0);
struct stat s;
fstat(f, &s);
char *p = mmap(0, s.st_size, PROT_READ, MAP_PRIVATE, f, 0);
printf("%lx\n", sum(p, s.st_size));
R(lseek(f, 0, SEEK_CUR));
R(write(1, p + 100, 0));
int o = open("out", O_CREAT | O_WRONLY, 0644);
R(write(o, p, s.st_size));

//// munmap_middle
char *p = mmap(0, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
memset(p, 9, 5 * 4096);
R(munmap(p + 4096, 4096));
R(munmap(p + 3 * 4096, 4096));
OK(p[0] == 9 && p[2 * 4096] == 9 && p[4 * 4096 + 4095] == 9);
R(write(open("out", O_CREAT | O_RDWR, 0644), p + 4096, 10));
R(munmap(p, 5 * 4096));

//// munmap_errors
R(munmap((void *)1, 4096));
R(munmap((void *)4096, 0));
R(munmap((void *)0x10000, 4096));
R(munmap((void *)-4096l, 8192));

//// mmap_fixed_replaces
char *p = mmap(0, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
memset(p, 3, 4 * 4096);
char *q = mmap(p + 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
OK(q == p + 4096);
OK(q[0] == 0 && p[0] == 3 && p[2 * 4096] == 3);
int f = open("data.txt", 0);
q = mmap(p + 8192, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, f, 0);
OK(q == p + 8192);
text("fixed", q, 7);

//// mmap_fixed_noreplace
char *p = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
R(mmap(p, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1, 0));
munmap(p, 4096);
OK(mmap(p, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1, 0) == p);

//// mmap_hint
char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
munmap(p, 8192);
char *q = mmap(p, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
OK(q != MAP_FAILED);
q[0] = 1;
char *r = mmap(q, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
OK(r != MAP_FAILED && r != q);
OK(r[0] == 0);

//// mmap_shared_anonymous
char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
OK(p != MAP_FAILED);
p[8191] = 1;
R(munmap(p, 8192));

//// mmap_reuse_is_zero
for (int r = 0; r < 30; r++) {
    char *p = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 65536; i += 512)
        if (p[i]) {
            printf("dirty\n");
            return 1;
        }
    memset(p, r + 1, 65536);
    munmap(p, 65536);
}
puts("clean");

//// mmap_many_small
char *p[400];
for (int i = 0; i < 400; i++) {
    p[i] = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p[i] == MAP_FAILED) {
        R(i);
        break;
    }
    p[i][0] = i;
}
for (int i = 0; i < 400; i += 2) munmap(p[i], 4096);
long n = 0;
for (int i = 1; i < 400; i += 2) n += (unsigned char)p[i][0];
R(n);
for (int i = 0; i < 400; i += 2) {
    p[i] = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p[i][0]) puts("dirty");
}

//// mremap_grow_move
char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
memset(p, 4, 8192);
char *q = mremap(p, 8192, 65536, MREMAP_MAYMOVE);
OK(q != MAP_FAILED);
long n = 0;
for (int i = 0; i < 65536; i++) n += q[i];
R(n);
q = mremap(q, 65536, 4096, 0);
OK(q != MAP_FAILED);
OK(q[4095] == 4);
R(munmap(q, 4096));

//// mremap_errors
char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
R(mremap(p + 1, 4096, 8192, MREMAP_MAYMOVE));
R(mremap(p, 8192, 0, MREMAP_MAYMOVE));
R(mremap((void *)0x10000, 4096, 8192, MREMAP_MAYMOVE));
R(mremap(p, 4096, 8192, 64));
OK(mremap(p, 8192, 8192, 0) == p);

//// mremap_no_room
char *p = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
char *q = mmap(p + 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
OK(q == p + 4096);
munmap(p + 8192, 4096);
R(mremap(p, 4096, 8192, 0) == MAP_FAILED || 1);
p[0] = 1;
OK(p[0] == 1);

//// mprotect_kinds
char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
strcpy(p, "hello");
R(mprotect(p, 4096, PROT_READ));
text("still", p, 5);
int f = open("data.txt", 0);
R(read(f, p, 4));
R(read(f, p + 4096, 4));
R(mprotect(p, 4096, PROT_READ | PROT_WRITE));
R(read(f, p, 4));
R(mprotect(p + 1, 4096, PROT_READ));
R(mprotect(p, 0, PROT_READ));
R(mprotect((void *)0x10000, 4096, PROT_READ));
R(mprotect(p, 4096, 0x1000000));

//// mprotect_none
char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
R(mprotect(p, 4096, PROT_NONE));
int o = open("out", O_CREAT | O_RDWR, 0644);
R(write(o, p, 4));
R(write(o, p + 4096, 4));
R(read(o, p, 4));
R(mprotect(p, 8192, PROT_READ | PROT_WRITE));
R(write(o, p, 4));

//// rodata_is_read_only
static const char fixed[64] = "constant";
int f = open("data.txt", 0);
R(read(f, (void *)fixed, 4));
text("fixed", fixed, 8);
struct stat *s = (void *)fixed;
R(syscall(SYS_fstat, f, s));
R(syscall(SYS_clock_gettime, 1, fixed));

//// text_is_read_only
int f = open("data.txt", 0);
R(read(f, (void *)main, 4));
int o = open("out", O_CREAT | O_RDWR, 0644);
R(write(o, (void *)main, 16));
R(ftruncate(o, 0)); // the code differs from machine to machine

//// madvise_dontneed
char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
memset(p, 6, 8192);
R(madvise(p, 4096, MADV_DONTNEED));
R(p[0]);
R(p[4096]);
R(madvise(p, 8192, MADV_NORMAL));
R(madvise(p, 8192, MADV_WILLNEED));
R(madvise(p + 1, 4096, MADV_NORMAL));
R(madvise(p, 4096, 9999));
R(madvise((void *)0x10000, 4096, MADV_DONTNEED));

//// malloc_patterns
unsigned s = 1;
char *p[256] = {0};
size_t z[256];
unsigned long h = 0;
for (int i = 0; i < 20000; i++) {
    s = s * 1103515245 + 12345;
    int k = s >> 24;
    if (p[k]) {
        for (size_t j = 0; j < z[k]; j += 97) h += (unsigned char)p[k][j];
        free(p[k]);
        p[k] = 0;
    } else {
        z[k] = (s >> 8) % 3000 + 1;
        p[k] = malloc(z[k]);
        memset(p[k], k, z[k]);
    }
}
printf("%lx\n", h);

//// malloc_large
char *p = malloc(2 << 20);
memset(p, 1, 2 << 20);
p = realloc(p, 3 << 20);
long n = 0;
for (int i = 0; i < 2 << 20; i++) n += p[i];
R(n);
free(p);
p = calloc(1, 3 << 20);
n = 0;
for (int i = 0; i < 3 << 20; i++) n += p[i];
R(n);
errno = 0;
OK(malloc(1ul << 46) == 0);
R(errno);

//// alignment
for (int a = 16; a <= 65536; a *= 4) {
    void *p = 0;
    R(posix_memalign(&p, a, 1000));
    OK(((uintptr_t)p & (a - 1)) == 0);
    free(p);
}
R(posix_memalign((void **)buf, 3, 10));

//// stack_depth
volatile signed char big[200000];
for (int i = 0; i < 200000; i += 100) big[i] = i;
long n = 0;
for (int i = 0; i < 200000; i += 100) n += big[i];
R(n);
