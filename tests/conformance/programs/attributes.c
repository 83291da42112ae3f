// SPDX-License-Identifier: BSD-2-Clause
// What a file is beside its bytes. Each program stands under a line with its name; see __init__.py for what is put
// around it.

//// modes_of_paths
struct stat s;
R(fchmodat(AT_FDCWD, "data.txt", 0600, 0));
stat("data.txt", &s);
printf("%o\n", s.st_mode);
R(chmod("link", 0640));
stat("data.txt", &s);
printf("%o\n", s.st_mode);
int d = open("sub", O_RDONLY);
R(fchmodat(d, "inner.txt", 04755, 0));
fstatat(d, "inner.txt", &s, 0);
printf("%o\n", s.st_mode);
R(syscall(452, AT_FDCWD, "one", 0444, 0));
R(syscall(452, AT_FDCWD, "one", 0400, AT_SYMLINK_NOFOLLOW));
stat("one", &s);
printf("%o\n", s.st_mode);
R(syscall(452, AT_FDCWD, "link", 0444, AT_SYMLINK_NOFOLLOW));
R(syscall(452, AT_FDCWD, "one", 0444, 1));
R(chmod("none", 0600));
R(chmod("", 0600));
R(chmod("dangling", 0600));
R(chmod("loop", 0600));
R(chmod("one/x", 0600));
R(chmod("one/", 0600));
R(chmod("sub/", 0711));
R(syscall(SYS_fchmodat, AT_FDCWD, BAD, 0600));
R(syscall(SYS_fchmodat, 99, "one", 0600));

//// modes_of_files
struct stat s;
int f = open("data.txt", O_RDWR), r = open("one", O_RDONLY), d = open("sub", O_RDONLY), p = open("one", O_PATH);
R(fchmod(f, 0611));
fstat(f, &s);
printf("%o\n", s.st_mode);
R(fchmod(r, 0640));
fstat(r, &s);
printf("%o\n", s.st_mode);
R(fchmod(d, 0700));
R(syscall(SYS_fchmod, p, 0600));
R(fchmod(99, 0600));
R(syscall(452, f, "", 0622, AT_EMPTY_PATH));
fstat(f, &s);
printf("%o\n", s.st_mode);

//// owners
unsigned u = getuid(), g = getgid();
int f = open("data.txt", O_RDWR);
R(fchown(f, -1, -1));
R(fchown(f, u, g));
R(fchown(99, -1, -1));
R(chown("data.txt", u, -1));
R(lchown("link", -1, g));
R(fchownat(AT_FDCWD, "dangling", u, g, AT_SYMLINK_NOFOLLOW));
R(fchownat(AT_FDCWD, "dangling", u, g, 0));
R(fchownat(f, "", u, g, AT_EMPTY_PATH));
R(fchownat(AT_FDCWD, "one", u, g, 1));
R(chown("none", u, g));
struct stat s;
fstat(f, &s);
OK(s.st_uid == u && s.st_gid == g);

//// times_of_files
struct stat s;
struct timespec t[2] = {{1234567890, 123456789}, {1000000000, 5}};
R(utimensat(AT_FDCWD, "data.txt", t, 0));
stat("data.txt", &s);
printf("%ld %ld %ld %ld\n", s.st_atim.tv_sec, s.st_atim.tv_nsec, s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
t[0].tv_nsec = UTIME_OMIT;
t[1].tv_sec = -5;
R(utimensat(AT_FDCWD, "link", t, 0));
stat("data.txt", &s);
printf("%ld %ld %ld %ld\n", s.st_atim.tv_sec, s.st_atim.tv_nsec, s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
t[0].tv_nsec = UTIME_NOW;
int f = open("one", O_RDONLY);
R(futimens(f, t));
fstat(f, &s);
OK(s.st_atim.tv_sec > 1700000000);
R(s.st_mtim.tv_sec);
R(utimensat(AT_FDCWD, "one", 0, 0));
fstat(f, &s);
OK(s.st_mtim.tv_sec > 1700000000);
t[0].tv_nsec = 1000000000;
R(utimensat(AT_FDCWD, "one", t, 0));
t[0].tv_nsec = 7;
t[0].tv_sec = 77;
R(utimensat(AT_FDCWD, "dangling", t, AT_SYMLINK_NOFOLLOW));
lstat("dangling", &s);
R(s.st_atim.tv_sec);
R(utimensat(AT_FDCWD, "dangling", t, 0));
R(utimensat(AT_FDCWD, "none", t, 0));
R(utimensat(AT_FDCWD, "one", t, 1));
R(syscall(SYS_utimensat, 99, 0l, t, 0));
R(syscall(SYS_utimensat, f, 0l, t, 0x100));
R(syscall(SYS_utimensat, AT_FDCWD, "one", BAD, 0));
t[0].tv_nsec = t[1].tv_nsec = UTIME_OMIT;
R(utimensat(AT_FDCWD, "none", t, 0));

//// symbolic_links_made
R(symlink("data.txt", "made"));
R(symlinkat("not there", AT_FDCWD, "sub/made"));
char b[32] = "";
R(readlink("sub/made", b, 32));
text("target", b, 9);
R(open("made", 0) >= 0);
R(symlink("data.txt", "made"));
R(symlink("data.txt", "none/made"));
R(symlink("", "empty target"));
R(symlink("x", ""));
R(symlink("x", "slash/"));
R(symlink("x", "one/y"));
int d = open("sub", O_RDONLY);
R(symlinkat("up", d, "relative"));
R(symlinkat("up", 99, "relative"));
R(syscall(SYS_symlinkat, BAD, AT_FDCWD, "bad"));

//// hard_links
struct stat s;
R(link("data.txt", "other"));
stat("other", &s);
R(s.st_nlink);
R(link("data.txt", "other"));
R(link("none", "x"));
R(link("sub", "directory"));
R(linkat(AT_FDCWD, "link", AT_FDCWD, "to link", 0));
lstat("to link", &s);
OK(S_ISLNK(s.st_mode));
R(linkat(AT_FDCWD, "link", AT_FDCWD, "to file", AT_SYMLINK_FOLLOW));
lstat("to file", &s);
OK(S_ISREG(s.st_mode));
R(s.st_nlink);
int d = open("sub", O_RDONLY);
R(linkat(d, "inner.txt", AT_FDCWD, "inner", 0));
R(unlink("data.txt"));
int f = open("other", 0);
R(read(f, buf, 6));
R(linkat(AT_FDCWD, "one", AT_FDCWD, "x", 1));
R(link("one", "none/x"));
R(link("one", "slash/"));
R(link("one/", "y"));

//// nodes_made
struct stat s;
umask(022);
R(mkfifo("fifo", 0666));
stat("fifo", &s);
printf("%o\n", s.st_mode);
R(mknod("plain", S_IFREG | 0640, 0));
R(mknod("simple", 0600, 0));
stat("simple", &s);
printf("%o\n", s.st_mode);
R(mknod("socket", S_IFSOCK | 0700, 0));
stat("socket", &s);
printf("%o\n", s.st_mode);
R(mkfifo("fifo", 0666));
R(mkfifo("none/fifo", 0666));
R(mknod("directory", S_IFDIR | 0700, 0));
R(mknod("odd", 0170000, 0));
R(mkfifo("slash/", 0600));
int r = open("fifo", O_RDONLY | O_NONBLOCK), w = open("fifo", O_WRONLY | O_NONBLOCK);
R(write(w, "through", 7));
R(read(r, buf, 10));
text("fifo", buf, 7);

//// file_systems
unsigned long a[16] = {0}, b[16] = {0};
R(syscall(SYS_statfs, ".", a));
int f = open("one", 0);
R(syscall(SYS_fstatfs, f, b));
OK(a[0] == b[0] && a[1] == b[1] && a[2] == b[2]);
OK(a[2] >= a[3] && a[3] >= a[4]);
R(a[8]);
OK(a[12] == 0 && a[13] == 0);
R(syscall(SYS_statfs, "none", a));
R(syscall(SYS_statfs, "one/x", a));
R(syscall(SYS_statfs, "link", a));
R(syscall(SYS_fstatfs, 99, a));
R(syscall(SYS_statfs, ".", BAD));
int p[2];
pipe(p);
R(syscall(SYS_fstatfs, p[0], a));

//// extended_attributes
#include <sys/xattr.h>
////
char b[64] = "";
R(setxattr("data.txt", "user.color", "green", 5, 0));
R(getxattr("data.txt", "user.color", b, 64));
text("color", b, 5);
R(getxattr("link", "user.color", 0, 0));
R(getxattr("data.txt", "user.color", b, 3));
R(getxattr("data.txt", "user.none", b, 64));
R(setxattr("data.txt", "user.color", "red", 3, XATTR_CREATE));
R(setxattr("data.txt", "user.color", "red", 3, XATTR_REPLACE));
R(setxattr("data.txt", "user.new", "", 0, XATTR_REPLACE));
R(setxattr("data.txt", "user.empty", "", 0, 0));
R(getxattr("data.txt", "user.empty", b, 64));
R(getxattr("data.txt", "user.color", b, 64));
text("color", b, 3);
R(listxattr("data.txt", 0, 0));
memset(b, 0, 64);
R(listxattr("data.txt", b, 64));
OK(memmem(b, 64, "user.color", 11) && memmem(b, 64, "user.empty", 11));
R(listxattr("data.txt", b, 5));
R(removexattr("data.txt", "user.empty"));
R(removexattr("data.txt", "user.empty"));
R(listxattr("data.txt", b, 64));
R(setxattr("data.txt", "user.x", "y", 1, 4));
R(setxattr("data.txt", "", "y", 1, 0));
R(setxattr("none", "user.x", "y", 1, 0));
R(getxattr("none", "user.x", b, 64));
R(setxattr("data.txt", "user.x", BAD, 1, 0));
R(getxattr("data.txt", BAD, b, 64));
R(getxattr("data.txt", "user.color", BAD, 64));

//// extended_attributes_of_files
#include <sys/xattr.h>
////
char b[64] = "";
int f = open("data.txt", O_RDWR), r = open("data.txt", O_RDONLY), p = open("data.txt", O_PATH);
R(fsetxattr(f, "user.a", "1", 1, 0));
R(fsetxattr(r, "user.b", "22", 2, 0));
R(fgetxattr(r, "user.a", b, 64));
R(fgetxattr(f, "user.b", b, 64));
text("b", b, 2);
R(flistxattr(f, b, 64));
R(fremovexattr(f, "user.a"));
R(flistxattr(r, b, 64));
R(fgetxattr(p, "user.b", b, 64));
R(fsetxattr(99, "user.b", "x", 1, 0));
R(lgetxattr("data.txt", "user.b", b, 64));
R(lsetxattr("data.txt", "user.c", "333", 3, 0));
R(llistxattr("data.txt", b, 64));
R(lremovexattr("data.txt", "user.c"));
R(lgetxattr("dangling", "user.b", b, 64));
R(llistxattr("dangling", b, 64));
int d = open("sub", 0);
R(fsetxattr(d, "user.d", "4444", 4, 0));
R(getxattr("sub", "user.d", b, 64));
int o = socket(AF_UNIX, SOCK_STREAM, 0);
R(fgetxattr(0, "user.none", b, 64));

//// locks_on_whole_files
#include <sys/file.h>
////
int a = open("data.txt", 0), b = open("data.txt", O_RDWR), c = open("one", 0), p = open("one", O_PATH);
R(flock(a, LOCK_EX));
R(flock(b, LOCK_EX | LOCK_NB));
R(flock(b, LOCK_SH | LOCK_NB));
R(flock(c, LOCK_EX | LOCK_NB));
R(flock(a, LOCK_SH));
R(flock(b, LOCK_SH | LOCK_NB));
R(flock(b, LOCK_EX | LOCK_NB));
int e = dup(a);
R(flock(e, LOCK_UN));
R(flock(b, LOCK_EX | LOCK_NB));
R(close(b));
R(flock(a, LOCK_EX | LOCK_NB));
R(flock(a, LOCK_UN));
R(flock(a, LOCK_UN));
R(flock(99, LOCK_EX));
R(syscall(SYS_flock, a, 3));
R(syscall(SYS_flock, a, 0));
R(flock(p, LOCK_SH));

//// lock_waited_for
#include <sys/file.h>
static int a, b;
static void *later(void *p) {
    usleep(50000);
    flock(a, LOCK_UN);
    return 0;
}
////
pthread_t t;
a = open("data.txt", 0), b = open("data.txt", 0);
R(flock(a, LOCK_EX));
pthread_create(&t, 0, later, 0);
R(flock(b, LOCK_EX));
pthread_join(t, 0);
R(flock(a, LOCK_EX | LOCK_NB));

//// watch_a_directory
#include <sys/inotify.h>
static void events(int i) {
    struct pollfd p = {i, POLLIN, 0};
    while (poll(&p, 1, 100) == 1) {
        long n = read(i, buf, 4096);
        for (long at = 0; at < n;) {
            struct inotify_event *e = (void *)(buf + at);
            printf("watch %d %08x %s %s\n", e->wd, e->mask, e->cookie ? "moved" : "", e->len ? e->name : "");
            at += sizeof *e + e->len;
        }
    }
}
////
int i = inotify_init1(IN_NONBLOCK);
R(i >= 0);
R(inotify_add_watch(i, "sub", IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE | IN_ATTRIB));
R(read(i, buf, 4096));
int f = open("sub/new", O_CREAT | O_WRONLY, 0644);
R(write(f, "abc", 3));
R(close(f));
events(i);
R(mkdir("sub/dir", 0755));
R(rename("sub/new", "sub/old"));
events(i);
R(chmod("sub/old", 0600));
R(unlink("sub/old"));
R(rmdir("sub/dir"));
events(i);
R(inotify_rm_watch(i, 1));
events(i);
R(inotify_rm_watch(i, 1));
R(unlink("sub/inner.txt"));
events(i);

//// watch_a_file
#include <sys/inotify.h>
////
int i = inotify_init1(0);
int w = inotify_add_watch(i, "link", IN_MODIFY);
R(w);
R(inotify_add_watch(i, "data.txt", IN_MODIFY | IN_DELETE_SELF | IN_ATTRIB));
R(inotify_add_watch(i, "one", IN_CLOSE_WRITE | IN_ONESHOT));
int f = open("data.txt", O_WRONLY);
R(write(f, "x", 1));
int n = 0;
R(ioctl(i, FIONREAD, &n));
R(n);
R(read(i, buf, 15));
R(read(i, buf, 16));
struct inotify_event *e = (void *)buf;
printf("%d %x %u\n", e->wd, e->mask, e->len);
R(close(open("one", O_WRONLY)));
R(read(i, buf, 4096));
printf("%d %x %u\n", e->wd, e->mask, e->len);
R(inotify_add_watch(i, "none", IN_MODIFY));
R(inotify_add_watch(i, "one", 0));
R(inotify_add_watch(i, "one", IN_ONLYDIR | IN_MODIFY));
R(inotify_add_watch(i, "dangling", IN_DONT_FOLLOW | IN_ATTRIB) > 0);
R(inotify_add_watch(f, "one", IN_MODIFY));
R(inotify_add_watch(99, "one", IN_MODIFY));
R(inotify_rm_watch(i, 77));
R(inotify_rm_watch(99, 1));
R(inotify_rm_watch(f, 1));
R(syscall(SYS_inotify_init1, 1));
R(write(i, "x", 1));
R(lseek(i, 0, SEEK_CUR));

//// watch_waited_for
#include <sys/inotify.h>
static void *later(void *p) {
    usleep(30000);
    close(open("sub/late", O_CREAT | O_WRONLY, 0600));
    return 0;
}
////
pthread_t t;
int i = inotify_init();
R(inotify_add_watch(i, "sub", IN_CREATE));
pthread_create(&t, 0, later, 0);
R(read(i, buf, 4096) > 16);
struct inotify_event *e = (void *)buf;
printf("%x %s\n", e->mask, e->name);
pthread_join(t, 0);

//// locks_of_open_files
int a = open("data.txt", O_RDWR), b = open("data.txt", O_RDWR), r = open("data.txt", 0);
struct flock l = {.l_type = F_WRLCK, .l_start = 10, .l_len = 5};
R(fcntl(a, 37, &l));
R(fcntl(a, 37, &l));
R(fcntl(b, 37, &l));
struct flock g = l;
R(fcntl(b, 36, &g));
printf("%d %ld %ld %d\n", g.l_type, (long)g.l_start, (long)g.l_len, g.l_pid);
g = l;
R(fcntl(a, 36, &g));
R(g.l_type);
l.l_start = 15;
R(fcntl(b, 38, &l));
l.l_type = F_UNLCK;
l.l_start = 0;
R(fcntl(a, 37, &l));
R(close(open("data.txt", 0)));
l = (struct flock){.l_type = F_RDLCK};
R(fcntl(r, 37, &l));
l.l_type = F_WRLCK;
R(fcntl(r, 37, &l));
l.l_pid = 1;
R(fcntl(a, 37, &l));
l.l_pid = 0;
R(fcntl(a, 37, BAD));
l = (struct flock){.l_type = F_WRLCK, .l_start = 100, .l_len = 1};
R(fcntl(a, F_SETLK, &l));
R(fcntl(b, 37, &l));
