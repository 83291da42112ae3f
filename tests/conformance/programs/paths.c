// SPDX-License-Identifier: BSD-2-Clause
// Each program stands under a line with its name; see __init__.py for what is put around it.

//// open_create_exclusive
R(open("one", O_CREAT | O_EXCL | O_RDWR, 0600));
R(open("new", O_CREAT | O_EXCL | O_RDWR, 0600));
R(open("link", O_CREAT | O_EXCL, 0600));
R(open("dangling", O_CREAT | O_EXCL, 0600));
R(open("sub", O_CREAT | O_EXCL, 0600));

//// open_create_modes
umask(022);
close(open("a", O_CREAT | O_WRONLY, 0777));
umask(077);
close(open("b", O_CREAT | O_WRONLY, 0666));
umask(0);
close(open("c", O_CREAT | O_WRONLY, 0604));
struct stat s;
stat("a", &s);
printf("%o\n", s.st_mode);
stat("b", &s);
printf("%o\n", s.st_mode);
R(umask(027));
R(umask(0));
umask(022);
R(mkdir("d", 0777));
stat("d", &s);
printf("%o\n", s.st_mode);

//// open_truncate
int f = open("data.txt", O_WRONLY | O_TRUNC);
struct stat s;
fstat(f, &s);
R(s.st_size);
R(write(f, "new", 3));
R(open("sub", O_RDONLY | O_TRUNC));
R(open("none", O_WRONLY | O_TRUNC));

//// open_directory_flags
R(open("data.txt", O_DIRECTORY));
R(open("sub", O_DIRECTORY));
R(open("sub", O_WRONLY));
R(open("sub", O_RDWR));
R(open("sub", O_CREAT, 0600));
R(open("sub/", O_CREAT | O_RDWR, 0600));
R(open("new/", O_CREAT | O_RDWR, 0600));
R(open("link", O_DIRECTORY));
R(open("dirlink", O_DIRECTORY));
R(open("dirlink", O_DIRECTORY | O_NOFOLLOW));

//// open_nofollow
R(open("link", O_NOFOLLOW));
R(open("link", 0));
R(open("dangling", 0));
R(open("loop", 0));
R(open("data.txt", O_NOFOLLOW));
R(open("dirlink/inner.txt", O_NOFOLLOW));
R(open("dangling", O_CREAT | O_RDWR, 0644));
struct stat s;
R(stat("nowhere", &s));

//// openat_dirfd
int d = open("sub", O_DIRECTORY), f = open("one", 0);
R(openat(d, "inner.txt", 0));
R(openat(d, "../one", 0));
R(openat(d, "none", 0));
R(openat(f, "x", 0));
R(openat(99, "x", 0));
R(openat(d, ".", O_DIRECTORY));
R(openat(-5, "one", 0));
R(openat(d, "deeper/../inner.txt", 0));
R(mkdirat(d, "made", 0755));
R(unlinkat(d, "made", AT_REMOVEDIR));
R(faccessat(d, "deeper", X_OK, 0));

//// absolute_path_ignores_dirfd
char p[5000];
getcwd(p, 4000);
strcat(p, "/one");
R(openat(99, p, 0));
R(openat(-1, p, 0));
R(faccessat(99, p, F_OK, 0));

//// dots_in_paths
R(open("./data.txt", 0));
R(open(".//./data.txt", 0));
R(open("sub/../data.txt", 0));
R(open("none/../data.txt", 0));
R(open("data.txt/../one", 0));
R(open("sub/deeper/../../one", 0));
R(open("dirlink/../one", 0));
R(open("deeplink/../inner.txt", 0));
R(open("sub/./deeper/.", O_DIRECTORY));
R(open("sub//inner.txt", 0));

//// stat_fields
struct stat s;
R(stat("data.txt", &s));
printf("%o %ld %lu\n", s.st_mode, (long)s.st_size, (unsigned long)s.st_nlink);
R(stat("sub", &s));
printf("%o\n", s.st_mode);
R(lstat("link", &s));
printf("%o %ld\n", s.st_mode, (long)s.st_size);
R(stat("link", &s));
printf("%o %ld\n", s.st_mode, (long)s.st_size);
struct stat a, b;
int f = open("data.txt", 0);
fstat(f, &a);
stat("link", &b);
OK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
OK(a.st_mtime == b.st_mtime && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec);
OK(a.st_uid == getuid());
OK(a.st_blksize > 0);
OK(a.st_blocks * 512 >= a.st_size);
OK(labs(time(0) - a.st_mtime) < 100000);

//// statx_fields
struct {
    uint32_t mask, blksize;
    uint64_t attr;
    uint32_t nlink, uid, gid;
    uint16_t mode, pad;
    uint64_t ino, size, blocks, am;
    char rest[208];
} s;
R(syscall(SYS_statx, AT_FDCWD, "data.txt", 0, 0x7ff, &s));
printf("%o %ld %u\n", s.mode, (long)s.size, s.nlink);
OK((s.mask & 0x7ff) == 0x7ff);
int f = open("big.bin", 0);
R(syscall(SYS_statx, f, "", AT_EMPTY_PATH, 0x7ff, &s));
printf("%ld\n", (long)s.size);
R(syscall(SYS_statx, AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, 0x7ff, &s));
printf("%o\n", s.mode);
R(syscall(SYS_statx, AT_FDCWD, "one", 0x100000, 0x7ff, &s));
R(syscall(SYS_statx, f, "", 0, 0x7ff, &s));
R(syscall(SYS_statx, AT_FDCWD, "one", 0, 0x80000000, &s));
R(syscall(SYS_statx, 99, "", AT_EMPTY_PATH, 0x7ff, &s));

//// stat_flags
struct stat s;
R(fstatat(AT_FDCWD, "one", &s, 0x40000));
R(fstatat(AT_FDCWD, "", &s, 0));
int f = open("one", 0);
R(fstatat(f, "", &s, AT_EMPTY_PATH));
R(s.st_size);
R(fstatat(AT_FDCWD, "", &s, AT_EMPTY_PATH));
printf("%o\n", s.st_mode & S_IFMT);
R(fstatat(f, "x", &s, 0));
R(fstatat(99, "", &s, AT_EMPTY_PATH));
R(syscall(SYS_newfstatat, f, "", BAD, AT_EMPTY_PATH));

//// access_modes
const char *n[] = {"data.txt", "sub", "link", "dangling", "none", "loop"};
for (int i = 0; i < 6; i++) {
    printf("%s\n", n[i]);
    R(access(n[i], F_OK));
    R(access(n[i], R_OK));
    R(access(n[i], R_OK | W_OK));
}
R(access("one", 8));
R(access("one", -1));
R(faccessat(AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
R(syscall(SYS_faccessat2, AT_FDCWD, "one", F_OK, 0x4000));
R(access("data.txt", X_OK));

//// readlink
memset(buf, '#', 100);
R(readlink("link", buf, 100));
text("link", buf, 10);
R(readlink("link", buf, 3));
text("short", buf, 5);
R(readlink("data.txt", buf, 100));
R(readlink("none", buf, 100));
R(syscall(SYS_readlinkat, AT_FDCWD, "link", buf, 0));
R(syscall(SYS_readlinkat, AT_FDCWD, "link", buf, -1));
R(readlink("deeplink", buf, 100));
text("deep", buf, 10);
R(syscall(SYS_readlinkat, AT_FDCWD, "link", BAD, 10));

//// mkdir_rmdir
R(mkdir("made", 0755));
R(mkdir("made", 0755));
R(mkdir("one", 0755));
R(mkdir("none/made", 0755));
R(mkdir("one/made", 0755));
R(mkdir("link", 0755));
R(mkdir("dangling", 0755));
R(mkdir("slash/", 0755));
R(rmdir("made"));
R(rmdir("made"));
R(rmdir("sub"));
R(rmdir("one"));
R(rmdir("dirlink"));
R(rmdir("hollow/."));
R(rmdir("hollow/.."));
R(rmdir("hollow"));
R(rmdir(""));

//// unlink_kinds
R(unlink("one"));
R(unlink("one"));
R(unlink("sub"));
R(unlink("link"));
R(access("data.txt", F_OK));
R(unlink("dangling"));
R(unlink("loop"));
R(unlink("data.txt/"));
R(unlinkat(AT_FDCWD, "hollow", 0x8000));
R(unlink("dirlink/inner.txt"));
R(unlink("empty/x"));

//// rename_files
R(rename("one", "uno"));
R(access("one", F_OK));
R(rename("uno", "data.txt"));
R(rename("none", "x"));
R(rename("data.txt", "data.txt"));
R(rename("big.bin", "sub/moved"));
R(rename("sub/moved", "sub/deeper/again"));
R(rename("empty", "none/x"));
R(rename("empty", "data.txt/x"));

//// rename_directories
R(rename("sub", "other"));
R(rename("other", "other/inside"));
R(rename("hollow", "other"));
R(rename("other", "hollow"));
R(rename("one", "hollow"));
R(rename("hollow", "one"));
R(mkdir("e", 0755));
R(rename("e", "hollow"));
R(rename("hollow", "e2"));

//// renameat2_flags
R(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "data.txt", RENAME_NOREPLACE));
R(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "fresh", RENAME_NOREPLACE));
R(syscall(SYS_renameat2, AT_FDCWD, "fresh", AT_FDCWD, "data.txt", RENAME_EXCHANGE));
struct stat s;
stat("fresh", &s);
R(s.st_size);
R(syscall(SYS_renameat2, AT_FDCWD, "fresh", AT_FDCWD, "none", RENAME_EXCHANGE));
R(syscall(SYS_renameat2, AT_FDCWD, "fresh", AT_FDCWD, "x", 64));
R(syscall(SYS_renameat2, AT_FDCWD, "fresh", AT_FDCWD, "x", RENAME_EXCHANGE | RENAME_NOREPLACE));

//// rename_symlinks
R(rename("link", "renamed"));
R(readlink("renamed", buf, 100));
R(rename("data.txt", "renamed"));
struct stat s;
lstat("renamed", &s);
printf("%o\n", s.st_mode & S_IFMT);
R(rename("dirlink", "hollow"));
R(rename("dirlink", "moved"));

//// getcwd_sizes
char p[5000];
R(syscall(SYS_getcwd, p, 1l));
R(syscall(SYS_getcwd, p, 0l));
R(syscall(SYS_getcwd, BAD, 4096l));
long n = syscall(SYS_getcwd, p, 4096l);
OK(n == (long)strlen(p) + 1);
OK(p[0] == '/');
R(syscall(SYS_getcwd, p, n - 1));
OK(syscall(SYS_getcwd, p, n) == n);

//// chdir_places
char p[5000], q[5000];
getcwd(p, 5000);
R(chdir("sub"));
R(access("inner.txt", F_OK));
getcwd(q, 5000);
printf("%s\n", q + strlen(p));
R(chdir(".."));
getcwd(q, 5000);
OK(!strcmp(p, q));
R(chdir("data.txt"));
R(chdir("none"));
R(chdir("dirlink"));
getcwd(q, 5000);
printf("%s\n", q + strlen(p));
R(chdir("../deeplink"));
getcwd(q, 5000);
printf("%s\n", q + strlen(p));
R(chdir(p));
R(chdir("./sub//deeper/."));
getcwd(q, 5000);
printf("%s\n", q + strlen(p));

//// fchdir_places
int d = open("sub", O_DIRECTORY), t = open(".", O_DIRECTORY), f = open("one", 0);
R(fchdir(d));
R(access("inner.txt", F_OK));
R(fchdir(t));
R(access("one", F_OK));
R(fchdir(f));
R(fchdir(99));
R(access("sub/inner.txt", F_OK));

//// chdir_then_files
R(mkdir("w", 0755));
R(chdir("w"));
int f = open("file", O_CREAT | O_RDWR, 0644);
R(write(f, "abc", 3));
R(rename("file", "../file2"));
R(chdir(".."));
R(access("file2", F_OK));
R(rmdir("w"));

//// deep_directory
char p[5000];
getcwd(p, 5000);
for (int i = 0; i < 60; i++) {
    if (mkdir("deepdirectory", 0755) || chdir("deepdirectory")) {
        R(i);
        break;
    }
}
int f = open("bottom", O_CREAT | O_RDWR, 0644);
R(write(f, "x", 1));
char q[5000];
getcwd(q, 5000);
R(strlen(q) - strlen(p));
strcat(q, "/bottom");
R(access(q, F_OK));
R(chdir(p));
R(access("deepdirectory/deepdirectory", F_OK));

//// name_length_limits
char n[300];
memset(n, 'n', 299);
n[299] = 0;
R(open(n, O_CREAT | O_RDWR, 0600));
n[255] = 0;
R(open(n, O_CREAT | O_RDWR, 0600));
R(unlink(n));
n[256 - 1] = 'n';
n[256] = 0;
R(mkdir(n, 0755));
char p[4200];
memset(p, '/', 4200);
memcpy(p, "./", 2);
strcpy(p + 4090, "one");
R(access(p, F_OK));
strcpy(p + 4093, "one");
R(access(p, F_OK));
strcpy(p + 4092, "one");
p[4091] = '/';
R(access(p, F_OK));

//// open_for_execution_check
struct stat s;
R(chmod("none", 0755) == -1 ? 0 : 1);
R(stat("sub/deeper", &s));
R(S_ISDIR(s.st_mode));
R(stat("/", &s) == 0 || errno == EACCES);
