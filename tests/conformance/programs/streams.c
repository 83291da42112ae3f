// SPDX-License-Identifier: BSD-2-Clause
// Each program stands under a line with its name; see __init__.py for what is put around it.

//// stdin_lines
char *l = 0;
size_t n = 0;
long k, t = 0, c = 0;
while ((k = getline(&l, &n, stdin)) > 0) {
    t += k;
    c++;
}
R(t);
R(c);
OK(feof(stdin));
R(getchar());

//// stdin_raw
R(read(0, buf, 7));
text("head", buf, 7);
R(read(0, buf, 10));
text("next", buf, 10);
long n, t = 17;
while ((n = read(0, buf, 100)) > 0) t += n;
R(t);
R(read(0, buf, 10));

//// stdin_scanf
int k, n = 0, t = 0;
char w[20];
while (scanf("%19s %d of the text", w, &k) == 2) {
    n++;
    t += k;
}
R(n);
R(t);
puts(w);

//// stdin_ungetc
int c = getchar();
printf("%c", c);
ungetc('#', stdin);
putchar(getchar());
putchar(getchar());
putchar(10);

//// stdin_dup
int f = dup(0);
R(read(f, buf, 5));
text("first", buf, 5);
R(read(0, buf, 5));
text("second", buf, 5);
close(0);
R(read(f, buf, 5));
R(read(0, buf, 5));

//// stdin_poll
struct pollfd p = {0, POLLIN, 0};
R(poll(&p, 1, 1000));
printf("%x\n", p.revents & POLLIN);
p.fd = -1;
R(poll(&p, 1, 0));
R(p.revents);
p.fd = 99;
R(poll(&p, 1, 0));
printf("%x\n", p.revents);
R(poll(0, 0, 1));
struct pollfd q[2] = {{0, POLLIN, 9}, {1, POLLOUT, 9}};
R(poll(q, 2, 1000));
printf("%x %x\n", q[0].revents & POLLIN, q[1].revents & POLLOUT);

//// ppoll_bad
struct timespec t = {0, 2000000000};
struct pollfd p = {1, POLLOUT, 0};
R(syscall(SYS_ppoll, &p, 1, &t, 0, 8));
R(syscall(SYS_ppoll, &p, 1, BAD, 0, 8));
t.tv_nsec = -1;
R(syscall(SYS_ppoll, &p, 1, &t, 0, 8));
R(syscall(SYS_ppoll, &p, 1, 0, buf, 4));
t.tv_nsec = 0;
t.tv_sec = -1;
R(syscall(SYS_ppoll, &p, 1, &t, 0, 8));

//// stdout_stderr
for (int i = 0; i < 5; i++) {
    printf("out %d\n", i);
    fprintf(stderr, "err %d\n", i);
}
R(write(2, "raw\n", 4));
R(fflush(stdout));
R(write(1, "", 0));

//// stdout_large
for (int i = 0; i < 20000; i++) printf("%d %x\n", i, i * 7919);

//// stdout_closed
fclose(stdout);
R(0);
R(write(1, "x", 1));
int f = open("out", O_CREAT | O_WRONLY, 0644);
write(f, f == 1 ? "one" : "other", 5);

//// stdout_redirected
int f = open("out", O_CREAT | O_RDWR, 0644);
puts("to the terminal");
fflush(stdout);
dup2(f, 1);
puts("to the file");
fflush(stdout);
lseek(f, 0, SEEK_SET);
fprintf(stderr, "%ld\n", (long)read(f, buf, 100));

//// stderr_unbuffered
fputs("one ", stderr);
fputs("two ", stderr);
fprintf(stderr, "%d\n", 3);
errno = ENOENT;
perror("what");
errno = 0;
perror("none");
for (int i = 0; i < 134; i++) fputs(strerror(i), stderr);

//// streams_kinds
struct stat s;
R(fstat(0, &s));
OK(S_ISREG(s.st_mode));
R(fstat(1, &s));
R(isatty(1));
R(isatty(0));
R(fcntl(0, F_GETFL) & O_ACCMODE);
R(close(0));
R(fstat(0, &s));
R(dup(1));

//// fopen_modes
const char *m[] = {"r", "w", "a", "r+", "w+", "a+", "rx", "wx", "q"};
for (int i = 0; i < 9; i++) {
    errno = 0;
    FILE *f = fopen(i & 1 ? "one" : "fresh", m[i]);
    printf("%s %d %d\n", m[i], f != 0, errno);
    if (f) {
        fputs("abc", f);
        printf("%ld\n", ftell(f));
        fclose(f);
    }
}

//// fopen_read_write
FILE *f = fopen("data.txt", "r+");
char l[100];
fgets(l, 100, f);
fputs(l, stdout);
fseek(f, 0, SEEK_CUR);
fputs("CHANGED", f);
rewind(f);
while (fgets(l, 60, f)) fputs(l, stdout);
R(ftell(f));
R(fclose(f));

//// fseek_ftell
FILE *f = fopen("big.bin", "r");
R(fseek(f, 0, SEEK_END));
R(ftell(f));
R(fseek(f, -100, SEEK_END));
R(fread(buf, 1, 200, f));
OK(feof(f));
printf("%lx\n", sum(buf, 100));
R(fseek(f, 123456, SEEK_SET));
printf("%d\n", getc(f));
R(fseek(f, -5, SEEK_SET));
R(fseek(f, 10, SEEK_CUR));
R(ftell(f));

//// fread_small
FILE *f = fopen("big.bin", "r");
unsigned long h = 0;
int c, n = 0;
while ((c = getc(f)) != EOF) {
    h = h * 131 + c;
    n++;
}
R(n);
printf("%lx\n", h);
rewind(f);
int v;
h = 0;
while (fread(&v, 4, 1, f) == 1) h += (unsigned)v;
printf("%lx\n", h);

//// fwrite_small
FILE *f = fopen("out", "w");
for (int i = 0; i < 5000; i++) fprintf(f, "%d,", i * i);
R(ftell(f));
R(fclose(f));
struct stat s;
stat("out", &s);
R(s.st_size);

//// setvbuf_kinds
setvbuf(stdout, 0, _IONBF, 0);
for (int i = 0; i < 10; i++) printf("%d", i);
puts("");
FILE *f = fopen("out", "w");
static char b[100];
R(setvbuf(f, b, _IOFBF, 100));
for (int i = 0; i < 100; i++) fprintf(f, "%03d", i);
fclose(f);
f = fopen("out", "r");
setvbuf(f, 0, _IONBF, 0);
R(fread(buf, 1, 300, f));
text("end", buf + 290, 10);

//// tmpfile_like
FILE *f = fopen("scratch", "w+");
unlink("scratch");
fputs("temporary", f);
rewind(f);
R(fread(buf, 1, 100, f));
text("read", buf, 9);
R(fclose(f));
R(access("scratch", F_OK));

//// freopen
FILE *f = freopen("data.txt", "r", stdin);
OK(f != 0);
char l[100];
puts(fgets(l, 100, stdin));
f = freopen("none", "r", stdin);
OK(f == 0);

//// copy_file
int a = open("big.bin", 0), b = open("copy", O_CREAT | O_WRONLY, 0640);
long n, t = 0;
while ((n = read(a, buf, 65536)) > 0) t += write(b, buf, n);
R(t);
close(a);
close(b);
struct stat s;
stat("copy", &s);
R(s.st_size);
printf("%o\n", s.st_mode);

//// sort_file
FILE *f = fopen("data.txt", "r");
char *l[100];
int n = 0;
char t[200];
while (fgets(t, 200, f)) l[n++] = strdup(t);
for (int i = 0; i < n; i++)
    for (int j = i + 1; j < n; j++)
        if (strcmp(l[i], l[j]) < 0) {
            char *x = l[i];
            l[i] = l[j];
            l[j] = x;
        }
for (int i = 0; i < n; i++) fputs(l[i], stdout);
