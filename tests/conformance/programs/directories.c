// SPDX-License-Identifier: BSD-2-Clause
// Each program stands under a line with its name; see __init__.py for what is put around it.

//// getdents_few
DIR *d = opendir(".");
struct dirent *e;
char *n[64];
int k = 0;
while ((e = readdir(d))) {
    n[k] = malloc(300);
    sprintf(n[k++], "%s %d", e->d_name, e->d_type);
}
for (int i = 0; i < k; i++)
    for (int j = i + 1; j < k; j++)
        if (strcmp(n[i], n[j]) > 0) {
            char *t = n[i];
            n[i] = n[j];
            n[j] = t;
        }
for (int i = 0; i < k; i++) puts(n[i]);
R(closedir(d));

//// getdents_4096
R(mkdir("many", 0755));
char p[64];
for (int i = 0; i < 4096; i++) {
    sprintf(p, "many/entry-%05d-%0*d", i, i % 40, i);
    int f = open(p, O_CREAT | O_WRONLY, 0644);
    if (f < 0) {
        R(i);
        break;
    }
    close(f);
}
DIR *d = opendir("many");
struct dirent *e;
unsigned long h = 0;
int k = 0;
while ((e = readdir(d))) {
    k++;
    h += sum(e->d_name, strlen(e->d_name));
}
R(k);
printf("%lx\n", h);
rewinddir(d);
k = 0;
while ((e = readdir(d))) k++;
R(k);
closedir(d);
for (int i = 0; i < 4096; i++) {
    sprintf(p, "many/entry-%05d-%0*d", i, i % 40, i);
    if (unlink(p)) {
        R(i);
        break;
    }
}
R(rmdir("many"));

//// getdents_small_buffer
int f = open(".", O_DIRECTORY);
R(syscall(SYS_getdents64, f, buf, 10));
R(syscall(SYS_getdents64, f, buf, 0));
long n, k = 0, t = 0;
while ((n = syscall(SYS_getdents64, f, buf, 48)) > 0) {
    for (long o = 0; o < n; o += ((struct dirent *)(buf + o))->d_reclen) k++;
    t++;
}
R(n);
R(k);
OK(t > 3);

//// getdents_records
int f = open("sub", O_DIRECTORY);
long n = syscall(SYS_getdents64, f, buf, 4096);
long o = 0, k = 0;
while (o < n) {
    struct dirent *e = (void *)(buf + o);
    OK(e->d_reclen % 8 == 0 && e->d_reclen >= 24);
    OK(e->d_ino != 0);
    o += e->d_reclen;
    k++;
}
R(k);
OK(o == n);
R(syscall(SYS_getdents64, f, buf, 4096));

//// getdents_file
int f = open("one", 0);
R(syscall(SYS_getdents64, f, buf, 4096));
R(syscall(SYS_getdents64, 1, buf, 4096));

//// getdents_empty_directory
int f = open("hollow", O_DIRECTORY);
long n = syscall(SYS_getdents64, f, buf, 4096);
R(n);
R(syscall(SYS_getdents64, f, buf, 4096));
R(lseek(f, 0, SEEK_SET));
OK(syscall(SYS_getdents64, f, buf, 4096) == n);

//// getdents_dup
int f = open(".", O_DIRECTORY), g = dup(f);
long a = 0, n;
while ((n = syscall(SYS_getdents64, f, buf, 200)) > 0) a++;
R(syscall(SYS_getdents64, g, buf, 4096));
R(lseek(g, 0, SEEK_SET));
OK(syscall(SYS_getdents64, f, buf, 4096) > 0);

//// getdents_removed
R(mkdir("gone", 0755));
int f = open("gone", O_DIRECTORY);
R(rmdir("gone"));
R(syscall(SYS_getdents64, f, buf, 4096));
struct stat s;
R(fstat(f, &s));
R(openat(f, "x", O_CREAT | O_RDWR, 0600));

//// scandir_sorted
struct dirent **n;
int k = scandir("sub", &n, 0, alphasort);
R(k);
for (int i = 0; i < k; i++) puts(n[i]->d_name);
R(scandir("none", &n, 0, alphasort));
R(scandir("one", &n, 0, alphasort));

//// telldir_seekdir
DIR *d = opendir(".");
readdir(d);
readdir(d);
long p = telldir(d);
char a[300];
strcpy(a, readdir(d)->d_name);
readdir(d);
seekdir(d, p);
OK(!strcmp(a, readdir(d)->d_name));
closedir(d);

//// directory_while_deleting
R(mkdir("w", 0755));
char p[40];
for (int i = 0; i < 50; i++) {
    sprintf(p, "w/f%d", i);
    close(open(p, O_CREAT | O_WRONLY, 0644));
}
DIR *d = opendir("w");
struct dirent *e;
int k = 0;
while ((e = readdir(d))) {
    if (e->d_name[0] == '.') continue;
    sprintf(p, "w/%.20s", e->d_name);
    if (!unlink(p)) k++;
}
closedir(d);
R(k);
R(rmdir("w"));

//// directory_tree_walk
char *stack[100];
int top = 0, files = 0, dirs = 0;
stack[top++] = strdup(".");
while (top) {
    char *p = stack[--top];
    DIR *d = opendir(p);
    struct dirent *e;
    dirs++;
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.') continue;
        char *q = malloc(600);
        sprintf(q, "%s/%s", p, e->d_name);
        struct stat s;
        lstat(q, &s);
        if (S_ISDIR(s.st_mode))
            stack[top++] = q;
        else
            files++;
    }
    closedir(d);
}
R(files);
R(dirs);
