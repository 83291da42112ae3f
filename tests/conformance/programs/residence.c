// SPDX-License-Identifier: BSD-2-Clause
// Where memory lies, and what reaches the disk. Each program stands under a line with its name; see __init__.py for what
// is put around it.

//// memory_locked
char *p = mmap(0, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
memset(p, 1, 4 * 4096);
R(munmap(p + 2 * 4096, 4096));
R(mlock(p, 8192));
R(mlock(p + 100, 10));
R(mlock(p, 4 * 4096));
R(mlock(p, 0));
R(munlock(p, 8192));
R(munlock(p, 4 * 4096));
R(syscall(SYS_mlock2, p, 4096, 0));
R(syscall(SYS_mlock2, p, 4096, 1));
R(syscall(SYS_mlock2, p, 4096, 2));
R(syscall(SYS_mlock2, p + 2 * 4096, 4096, 0));
R(mlock(p, -1ul));
R(munlockall());
R(mlockall(0));
R(mlockall(4));
R(mlockall(8));
R(mlockall(MCL_FUTURE));
R(munlockall());

//// memory_resident
char *p = mmap(0, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
memset(p, 1, 4 * 4096);
unsigned char v[8] = {0};
R(mincore(p, 4 * 4096, v));
for (int i = 0; i < 4; i++) R(v[i] & 1);
memset(v, 0, 8);
R(mincore(p, 4097, v));
R(v[1] & 1);
R(v[2]);
R(mincore(p, 0, v));
R(mincore(p + 1, 4096, v));
R(munmap(p + 4096, 4096));
R(mincore(p, 4 * 4096, v));
R(mincore(p, 4096, BAD));
R(mincore(p, 4096, HIGH));

//// msync_kinds
char *p = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
memset(p, 1, 3 * 4096);
R(msync(p, 4096, MS_SYNC));
R(msync(p, 3 * 4096, MS_ASYNC));
R(msync(p, 100, MS_ASYNC | MS_INVALIDATE));
R(msync(p, 0, 0));
R(msync(p + 1, 4096, MS_SYNC));
R(msync(p, 4096, MS_SYNC | MS_ASYNC));
R(msync(p, 4096, 8));
R(munmap(p + 4096, 4096));
R(msync(p, 3 * 4096, MS_SYNC));
R(p[0]);

//// protection_without_key
char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
R(syscall(SYS_pkey_mprotect, p, 4096, PROT_READ, -1));
int f = open("data.txt", 0);
R(read(f, p, 4));
R(syscall(SYS_pkey_mprotect, p, 4096, PROT_READ | PROT_WRITE, -1));
R(read(f, p, 4));
R(syscall(SYS_pkey_mprotect, p + 1, 4096, PROT_READ, -1));
R(syscall(SYS_pkey_mprotect, p, 4096, PROT_READ, 99));

//// own_memory_as_anothers
char a[20] = "from here to there", b[20] = "", c[4] = "";
struct iovec l[2] = {{b, 5}, {b + 5, 13}}, r[2] = {{a, 9}, {a + 9, 9}};
R(syscall(SYS_process_vm_readv, getpid(), l, 2, r, 2, 0));
text("read", b, 18);
struct iovec s = {"NEW", 3};
R(syscall(SYS_process_vm_writev, getpid(), &s, 1, r, 1, 0));
text("written", a, 18);
struct iovec k = {c, 4};
R(syscall(SYS_process_vm_readv, getpid(), &k, 1, r, 2, 0));
text("short", c, 4);
R(syscall(SYS_process_vm_readv, getpid(), &k, 0, r, 2, 0));
R(syscall(SYS_process_vm_readv, getpid(), &k, 1, r, 2, 1));
R(syscall(SYS_process_vm_readv, INT_MAX, &k, 1, r, 2, 0));
r[0].iov_base = BAD;
R(syscall(SYS_process_vm_readv, getpid(), &k, 1, r, 1, 0));
R(syscall(SYS_process_vm_writev, getpid(), &s, 1, r, 1, 0));

//// sync_kinds
int f = open("out", O_CREAT | O_RDWR, 0644), d = open(".", 0), p[2];
pipe(p);
R(write(f, "abc", 3));
sync();
R(syscall(SYS_sync));
R(syncfs(f));
R(syncfs(d));
R(syncfs(99));
R(syscall(SYS_sync_file_range, f, 0l, 0l, 7));
R(syscall(SYS_sync_file_range, f, 0l, 2l, 2));
R(syscall(SYS_sync_file_range, f, -1l, 0l, 2));
R(syscall(SYS_sync_file_range, f, 0l, 0l, 8));
R(syscall(SYS_sync_file_range, p[0], 0l, 0l, 2));
R(syscall(SYS_sync_file_range, 99, 0l, 0l, 2));

//// readahead_kinds
int f = open("big.bin", 0), w = open("out", O_CREAT | O_WRONLY, 0644), p[2];
pipe(p);
R(syscall(SYS_readahead, f, 0l, 100000l));
R(syscall(SYS_readahead, w, 0l, 100l));
R(syscall(SYS_readahead, p[0], 0l, 100l));
R(syscall(SYS_readahead, 99, 0l, 100l));
R(read(f, buf, 10));
