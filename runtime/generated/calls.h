// SPDX-License-Identifier: BSD-2-Clause
// Made by tools/generate.py from elfhaven.calls.linux: do not edit.
#pragma once
#include "../types.h"
struct eh_context;
enum {
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    E2BIG = 7,
    ENOEXEC = 8,
    EBADF = 9,
    ECHILD = 10,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    ENOTBLK = 15,
    EBUSY = 16,
    EEXIST = 17,
    EXDEV = 18,
    ENODEV = 19,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    ENOTTY = 25,
    ETXTBSY = 26,
    EFBIG = 27,
    ENOSPC = 28,
    ESPIPE = 29,
    EROFS = 30,
    EMLINK = 31,
    EPIPE = 32,
    EDOM = 33,
    ERANGE = 34,
    EDEADLK = 35,
    ENAMETOOLONG = 36,
    ENOLCK = 37,
    ENOSYS = 38,
    ENOTEMPTY = 39,
    ELOOP = 40,
    ENOMSG = 42,
    EIDRM = 43,
    ENODATA = 61,
    ETIME = 62,
    ENOSR = 63,
    EPROTO = 71,
    EBADMSG = 74,
    EOVERFLOW = 75,
    EILSEQ = 84,
    ENOTSOCK = 88,
    EDESTADDRREQ = 89,
    EMSGSIZE = 90,
    EPROTOTYPE = 91,
    ENOPROTOOPT = 92,
    EPROTONOSUPPORT = 93,
    ESOCKTNOSUPPORT = 94,
    EOPNOTSUPP = 95,
    EPFNOSUPPORT = 96,
    EAFNOSUPPORT = 97,
    EADDRINUSE = 98,
    EADDRNOTAVAIL = 99,
    ENETDOWN = 100,
    ENETUNREACH = 101,
    ENETRESET = 102,
    ECONNABORTED = 103,
    ECONNRESET = 104,
    ENOBUFS = 105,
    EISCONN = 106,
    ENOTCONN = 107,
    ESHUTDOWN = 108,
    ETOOMANYREFS = 109,
    ETIMEDOUT = 110,
    ECONNREFUSED = 111,
    EHOSTDOWN = 112,
    EHOSTUNREACH = 113,
    EALREADY = 114,
    EINPROGRESS = 115,
    ESTALE = 116,
    EDQUOT = 122,
    ECANCELED = 125,
    EOWNERDEAD = 130,
    ENOTRECOVERABLE = 131,
};

enum {
    CALL_setxattr = 5,
    CALL_lsetxattr = 6,
    CALL_fsetxattr = 7,
    CALL_getxattr = 8,
    CALL_lgetxattr = 9,
    CALL_fgetxattr = 10,
    CALL_listxattr = 11,
    CALL_llistxattr = 12,
    CALL_flistxattr = 13,
    CALL_removexattr = 14,
    CALL_lremovexattr = 15,
    CALL_fremovexattr = 16,
    CALL_getcwd = 17,
    CALL_eventfd2 = 19,
    CALL_epoll_create1 = 20,
    CALL_epoll_ctl = 21,
    CALL_epoll_pwait = 22,
    CALL_dup = 23,
    CALL_dup3 = 24,
    CALL_fcntl = 25,
    CALL_inotify_init1 = 26,
    CALL_inotify_add_watch = 27,
    CALL_inotify_rm_watch = 28,
    CALL_ioctl = 29,
    CALL_ioprio_set = 30,
    CALL_ioprio_get = 31,
    CALL_flock = 32,
    CALL_mknodat = 33,
    CALL_mkdirat = 34,
    CALL_unlinkat = 35,
    CALL_symlinkat = 36,
    CALL_linkat = 37,
    CALL_renameat = 38,
    CALL_statfs = 43,
    CALL_fstatfs = 44,
    CALL_truncate = 45,
    CALL_ftruncate = 46,
    CALL_fallocate = 47,
    CALL_faccessat = 48,
    CALL_chdir = 49,
    CALL_fchdir = 50,
    CALL_fchmod = 52,
    CALL_fchmodat = 53,
    CALL_fchownat = 54,
    CALL_fchown = 55,
    CALL_openat = 56,
    CALL_close = 57,
    CALL_pipe2 = 59,
    CALL_getdents64 = 61,
    CALL_lseek = 62,
    CALL_read = 63,
    CALL_write = 64,
    CALL_readv = 65,
    CALL_writev = 66,
    CALL_pread64 = 67,
    CALL_pwrite64 = 68,
    CALL_preadv = 69,
    CALL_pwritev = 70,
    CALL_sendfile = 71,
    CALL_pselect6 = 72,
    CALL_ppoll = 73,
    CALL_signalfd4 = 74,
    CALL_vmsplice = 75,
    CALL_splice = 76,
    CALL_tee = 77,
    CALL_readlinkat = 78,
    CALL_newfstatat = 79,
    CALL_fstat = 80,
    CALL_sync = 81,
    CALL_fsync = 82,
    CALL_fdatasync = 83,
    CALL_sync_file_range = 84,
    CALL_timerfd_create = 85,
    CALL_timerfd_settime = 86,
    CALL_timerfd_gettime = 87,
    CALL_utimensat = 88,
    CALL_capget = 90,
    CALL_capset = 91,
    CALL_personality = 92,
    CALL_exit = 93,
    CALL_exit_group = 94,
    CALL_waitid = 95,
    CALL_set_tid_address = 96,
    CALL_futex = 98,
    CALL_set_robust_list = 99,
    CALL_get_robust_list = 100,
    CALL_nanosleep = 101,
    CALL_getitimer = 102,
    CALL_setitimer = 103,
    CALL_timer_create = 107,
    CALL_timer_gettime = 108,
    CALL_timer_getoverrun = 109,
    CALL_timer_settime = 110,
    CALL_timer_delete = 111,
    CALL_clock_gettime = 113,
    CALL_clock_getres = 114,
    CALL_clock_nanosleep = 115,
    CALL_sched_setparam = 118,
    CALL_sched_setscheduler = 119,
    CALL_sched_getscheduler = 120,
    CALL_sched_getparam = 121,
    CALL_sched_setaffinity = 122,
    CALL_sched_getaffinity = 123,
    CALL_sched_yield = 124,
    CALL_sched_get_priority_max = 125,
    CALL_sched_get_priority_min = 126,
    CALL_sched_rr_get_interval = 127,
    CALL_kill = 129,
    CALL_tkill = 130,
    CALL_tgkill = 131,
    CALL_sigaltstack = 132,
    CALL_rt_sigsuspend = 133,
    CALL_rt_sigaction = 134,
    CALL_rt_sigprocmask = 135,
    CALL_rt_sigpending = 136,
    CALL_rt_sigtimedwait = 137,
    CALL_rt_sigqueueinfo = 138,
    CALL_rt_sigreturn = 139,
    CALL_setpriority = 140,
    CALL_getpriority = 141,
    CALL_setregid = 143,
    CALL_setgid = 144,
    CALL_setreuid = 145,
    CALL_setuid = 146,
    CALL_setresuid = 147,
    CALL_getresuid = 148,
    CALL_setresgid = 149,
    CALL_getresgid = 150,
    CALL_setfsuid = 151,
    CALL_setfsgid = 152,
    CALL_times = 153,
    CALL_setpgid = 154,
    CALL_getpgid = 155,
    CALL_getsid = 156,
    CALL_setsid = 157,
    CALL_getgroups = 158,
    CALL_uname = 160,
    CALL_getrlimit = 163,
    CALL_setrlimit = 164,
    CALL_getrusage = 165,
    CALL_umask = 166,
    CALL_prctl = 167,
    CALL_getcpu = 168,
    CALL_gettimeofday = 169,
    CALL_adjtimex = 171,
    CALL_getpid = 172,
    CALL_getppid = 173,
    CALL_getuid = 174,
    CALL_geteuid = 175,
    CALL_getgid = 176,
    CALL_getegid = 177,
    CALL_gettid = 178,
    CALL_sysinfo = 179,
    CALL_mq_open = 180,
    CALL_mq_unlink = 181,
    CALL_mq_timedsend = 182,
    CALL_mq_timedreceive = 183,
    CALL_mq_notify = 184,
    CALL_mq_getsetattr = 185,
    CALL_msgget = 186,
    CALL_msgctl = 187,
    CALL_msgrcv = 188,
    CALL_msgsnd = 189,
    CALL_semget = 190,
    CALL_semctl = 191,
    CALL_semtimedop = 192,
    CALL_semop = 193,
    CALL_shmget = 194,
    CALL_shmctl = 195,
    CALL_shmat = 196,
    CALL_shmdt = 197,
    CALL_socket = 198,
    CALL_socketpair = 199,
    CALL_bind = 200,
    CALL_listen = 201,
    CALL_accept = 202,
    CALL_connect = 203,
    CALL_getsockname = 204,
    CALL_getpeername = 205,
    CALL_sendto = 206,
    CALL_recvfrom = 207,
    CALL_setsockopt = 208,
    CALL_getsockopt = 209,
    CALL_shutdown = 210,
    CALL_sendmsg = 211,
    CALL_recvmsg = 212,
    CALL_readahead = 213,
    CALL_brk = 214,
    CALL_munmap = 215,
    CALL_mremap = 216,
    CALL_clone = 220,
    CALL_execve = 221,
    CALL_mmap = 222,
    CALL_fadvise64 = 223,
    CALL_mprotect = 226,
    CALL_msync = 227,
    CALL_mlock = 228,
    CALL_munlock = 229,
    CALL_mlockall = 230,
    CALL_munlockall = 231,
    CALL_mincore = 232,
    CALL_madvise = 233,
    CALL_mbind = 235,
    CALL_get_mempolicy = 236,
    CALL_set_mempolicy = 237,
    CALL_rt_tgsigqueueinfo = 240,
    CALL_accept4 = 242,
    CALL_recvmmsg = 243,
    CALL_wait4 = 260,
    CALL_prlimit64 = 261,
    CALL_clock_adjtime = 266,
    CALL_syncfs = 267,
    CALL_sendmmsg = 269,
    CALL_process_vm_readv = 270,
    CALL_process_vm_writev = 271,
    CALL_kcmp = 272,
    CALL_sched_setattr = 274,
    CALL_sched_getattr = 275,
    CALL_renameat2 = 276,
    CALL_getrandom = 278,
    CALL_memfd_create = 279,
    CALL_membarrier = 283,
    CALL_mlock2 = 284,
    CALL_copy_file_range = 285,
    CALL_preadv2 = 286,
    CALL_pwritev2 = 287,
    CALL_pkey_mprotect = 288,
    CALL_statx = 291,
    CALL_pidfd_send_signal = 424,
    CALL_pidfd_open = 434,
    CALL_close_range = 436,
    CALL_openat2 = 437,
    CALL_pidfd_getfd = 438,
    CALL_faccessat2 = 439,
    CALL_process_madvise = 440,
    CALL_epoll_pwait2 = 441,
    CALL_fchmodat2 = 452,
};

enum {
    ROW_setxattr = 0,
    ROW_lsetxattr = 1,
    ROW_fsetxattr = 2,
    ROW_getxattr = 3,
    ROW_lgetxattr = 4,
    ROW_fgetxattr = 5,
    ROW_listxattr = 6,
    ROW_llistxattr = 7,
    ROW_flistxattr = 8,
    ROW_removexattr = 9,
    ROW_lremovexattr = 10,
    ROW_fremovexattr = 11,
    ROW_fcntl = 12,
    ROW_inotify_init1 = 13,
    ROW_inotify_add_watch = 14,
    ROW_inotify_rm_watch = 15,
    ROW_ioctl = 16,
    ROW_flock = 17,
    ROW_mknodat = 18,
    ROW_mkdirat = 19,
    ROW_unlinkat = 20,
    ROW_symlinkat = 21,
    ROW_linkat = 22,
    ROW_renameat = 23,
    ROW_statfs = 24,
    ROW_fstatfs = 25,
    ROW_truncate = 26,
    ROW_ftruncate = 27,
    ROW_fallocate = 28,
    ROW_faccessat = 29,
    ROW_chdir = 30,
    ROW_fchmod = 31,
    ROW_fchmodat = 32,
    ROW_fchownat = 33,
    ROW_fchown = 34,
    ROW_openat = 35,
    ROW_close = 36,
    ROW_getdents64 = 37,
    ROW_lseek = 38,
    ROW_read = 39,
    ROW_write = 40,
    ROW_readv = 41,
    ROW_writev = 42,
    ROW_pread64 = 43,
    ROW_pwrite64 = 44,
    ROW_preadv = 45,
    ROW_pwritev = 46,
    ROW_ppoll = 47,
    ROW_readlinkat = 48,
    ROW_newfstatat = 49,
    ROW_fstat = 50,
    ROW_fsync = 51,
    ROW_fdatasync = 52,
    ROW_utimensat = 53,
    ROW_socket = 54,
    ROW_socketpair = 55,
    ROW_bind = 56,
    ROW_listen = 57,
    ROW_accept = 58,
    ROW_connect = 59,
    ROW_getsockname = 60,
    ROW_getpeername = 61,
    ROW_sendto = 62,
    ROW_recvfrom = 63,
    ROW_setsockopt = 64,
    ROW_getsockopt = 65,
    ROW_shutdown = 66,
    ROW_sendmsg = 67,
    ROW_recvmsg = 68,
    ROW_execve = 69,
    ROW_accept4 = 70,
    ROW_wait4 = 71,
    ROW_renameat2 = 72,
    ROW_preadv2 = 73,
    ROW_pwritev2 = 74,
    ROW_statx = 75,
    ROW_faccessat2 = 76,
    ROW_fchmodat2 = 77,
};

enum {
    RESULT_ZERO = 0,
    RESULT_COUNT = 1,
    RESULT_FD = 2,
    RESULT_OFFSET = 3,
    RESULT_VALUE = 4,
    RESULT_POINTER = 5,
    RESULT_NEVER = 6,
};

enum {
    AUDIT_FILES_READ = 0,
    AUDIT_FILES_WRITE = 1,
    AUDIT_FILES_PINNED = 2,
    AUDIT_ARGS = 3,
    AUDIT_ENV = 4,
    AUDIT_AUDIT = 5,
    AUDIT_ANSWERS = 6,
    AUDIT_FILES_LIBRARIES = 7,
    AUDIT_NET_CONNECT = 8,
    AUDIT_NET_LISTEN = 9,
    AUDIT_FILES_SEALED = 10,
    AUDIT_PROGRAMS = 11,
    AUDIT_PIPES = 12,
    AUDIT_FORK = 13,
    AUDIT_FILES = 14,
    AUDIT_NET = 15,
    AUDIT_STREAMS = 16,
};

enum {
    SERVED_ABSENT = 0,
    SERVED_INSIDE = 1,
    SERVED_DELEGATED = 2,
    SERVED_REFUSED = 3,
};

#define EH_CALLS 472
#define EH_ROWS 78

struct eh_row {
    u64 errors[2]; // bit n: the answer -n is allowed
    u16 call;
    u16 text; // offset in eh_row_text: the name, then a letter and a name for each scalar and path, each
              // with a NUL, then an empty string
    u8 result;
    u8 rule; // index of the policy's word in eh_rule_text
    u16 reserved;
};
struct eh_call {
    s32 handler; // offset from eh_call_table, 0 if there is none
    u8 served;
    u8 refusal; // errno of a call refused on purpose
    u16 row; // index in eh_rows, 0xffff if the call is never delegated
};

s64 sys_setxattr(struct eh_context *c);
s64 sys_lsetxattr(struct eh_context *c);
s64 sys_fsetxattr(struct eh_context *c);
s64 sys_getxattr(struct eh_context *c);
s64 sys_lgetxattr(struct eh_context *c);
s64 sys_fgetxattr(struct eh_context *c);
s64 sys_listxattr(struct eh_context *c);
s64 sys_llistxattr(struct eh_context *c);
s64 sys_flistxattr(struct eh_context *c);
s64 sys_removexattr(struct eh_context *c);
s64 sys_lremovexattr(struct eh_context *c);
s64 sys_fremovexattr(struct eh_context *c);
s64 sys_getcwd(struct eh_context *c);
s64 sys_eventfd2(struct eh_context *c);
s64 sys_epoll_create1(struct eh_context *c);
s64 sys_epoll_ctl(struct eh_context *c);
s64 sys_epoll_pwait(struct eh_context *c);
s64 sys_dup(struct eh_context *c);
s64 sys_dup3(struct eh_context *c);
s64 sys_fcntl(struct eh_context *c);
s64 sys_inotify_init1(struct eh_context *c);
s64 sys_inotify_add_watch(struct eh_context *c);
s64 sys_inotify_rm_watch(struct eh_context *c);
s64 sys_ioctl(struct eh_context *c);
s64 sys_ioprio_set(struct eh_context *c);
s64 sys_ioprio_get(struct eh_context *c);
s64 sys_flock(struct eh_context *c);
s64 sys_mknodat(struct eh_context *c);
s64 sys_mkdirat(struct eh_context *c);
s64 sys_unlinkat(struct eh_context *c);
s64 sys_symlinkat(struct eh_context *c);
s64 sys_linkat(struct eh_context *c);
s64 sys_renameat(struct eh_context *c);
s64 sys_statfs(struct eh_context *c);
s64 sys_fstatfs(struct eh_context *c);
s64 sys_truncate(struct eh_context *c);
s64 sys_ftruncate(struct eh_context *c);
s64 sys_fallocate(struct eh_context *c);
s64 sys_faccessat(struct eh_context *c);
s64 sys_chdir(struct eh_context *c);
s64 sys_fchdir(struct eh_context *c);
s64 sys_fchmod(struct eh_context *c);
s64 sys_fchmodat(struct eh_context *c);
s64 sys_fchownat(struct eh_context *c);
s64 sys_fchown(struct eh_context *c);
s64 sys_openat(struct eh_context *c);
s64 sys_close(struct eh_context *c);
s64 sys_pipe2(struct eh_context *c);
s64 sys_getdents64(struct eh_context *c);
s64 sys_lseek(struct eh_context *c);
s64 sys_read(struct eh_context *c);
s64 sys_write(struct eh_context *c);
s64 sys_readv(struct eh_context *c);
s64 sys_writev(struct eh_context *c);
s64 sys_pread64(struct eh_context *c);
s64 sys_pwrite64(struct eh_context *c);
s64 sys_preadv(struct eh_context *c);
s64 sys_pwritev(struct eh_context *c);
s64 sys_sendfile(struct eh_context *c);
s64 sys_pselect6(struct eh_context *c);
s64 sys_ppoll(struct eh_context *c);
s64 sys_signalfd4(struct eh_context *c);
s64 sys_vmsplice(struct eh_context *c);
s64 sys_splice(struct eh_context *c);
s64 sys_tee(struct eh_context *c);
s64 sys_readlinkat(struct eh_context *c);
s64 sys_newfstatat(struct eh_context *c);
s64 sys_fstat(struct eh_context *c);
s64 sys_sync(struct eh_context *c);
s64 sys_fsync(struct eh_context *c);
s64 sys_fdatasync(struct eh_context *c);
s64 sys_sync_file_range(struct eh_context *c);
s64 sys_timerfd_create(struct eh_context *c);
s64 sys_timerfd_settime(struct eh_context *c);
s64 sys_timerfd_gettime(struct eh_context *c);
s64 sys_utimensat(struct eh_context *c);
s64 sys_capget(struct eh_context *c);
s64 sys_capset(struct eh_context *c);
s64 sys_personality(struct eh_context *c);
s64 sys_exit(struct eh_context *c);
s64 sys_exit_group(struct eh_context *c);
s64 sys_waitid(struct eh_context *c);
s64 sys_set_tid_address(struct eh_context *c);
s64 sys_futex(struct eh_context *c);
s64 sys_set_robust_list(struct eh_context *c);
s64 sys_get_robust_list(struct eh_context *c);
s64 sys_nanosleep(struct eh_context *c);
s64 sys_getitimer(struct eh_context *c);
s64 sys_setitimer(struct eh_context *c);
s64 sys_timer_create(struct eh_context *c);
s64 sys_timer_gettime(struct eh_context *c);
s64 sys_timer_getoverrun(struct eh_context *c);
s64 sys_timer_settime(struct eh_context *c);
s64 sys_timer_delete(struct eh_context *c);
s64 sys_clock_gettime(struct eh_context *c);
s64 sys_clock_getres(struct eh_context *c);
s64 sys_clock_nanosleep(struct eh_context *c);
s64 sys_sched_setparam(struct eh_context *c);
s64 sys_sched_setscheduler(struct eh_context *c);
s64 sys_sched_getscheduler(struct eh_context *c);
s64 sys_sched_getparam(struct eh_context *c);
s64 sys_sched_setaffinity(struct eh_context *c);
s64 sys_sched_getaffinity(struct eh_context *c);
s64 sys_sched_yield(struct eh_context *c);
s64 sys_sched_get_priority_max(struct eh_context *c);
s64 sys_sched_get_priority_min(struct eh_context *c);
s64 sys_sched_rr_get_interval(struct eh_context *c);
s64 sys_kill(struct eh_context *c);
s64 sys_tkill(struct eh_context *c);
s64 sys_tgkill(struct eh_context *c);
s64 sys_sigaltstack(struct eh_context *c);
s64 sys_rt_sigsuspend(struct eh_context *c);
s64 sys_rt_sigaction(struct eh_context *c);
s64 sys_rt_sigprocmask(struct eh_context *c);
s64 sys_rt_sigpending(struct eh_context *c);
s64 sys_rt_sigtimedwait(struct eh_context *c);
s64 sys_rt_sigqueueinfo(struct eh_context *c);
s64 sys_rt_sigreturn(struct eh_context *c);
s64 sys_setpriority(struct eh_context *c);
s64 sys_getpriority(struct eh_context *c);
s64 sys_setregid(struct eh_context *c);
s64 sys_setgid(struct eh_context *c);
s64 sys_setreuid(struct eh_context *c);
s64 sys_setuid(struct eh_context *c);
s64 sys_setresuid(struct eh_context *c);
s64 sys_getresuid(struct eh_context *c);
s64 sys_setresgid(struct eh_context *c);
s64 sys_getresgid(struct eh_context *c);
s64 sys_setfsuid(struct eh_context *c);
s64 sys_setfsgid(struct eh_context *c);
s64 sys_times(struct eh_context *c);
s64 sys_setpgid(struct eh_context *c);
s64 sys_getpgid(struct eh_context *c);
s64 sys_getsid(struct eh_context *c);
s64 sys_setsid(struct eh_context *c);
s64 sys_getgroups(struct eh_context *c);
s64 sys_uname(struct eh_context *c);
s64 sys_getrlimit(struct eh_context *c);
s64 sys_setrlimit(struct eh_context *c);
s64 sys_getrusage(struct eh_context *c);
s64 sys_umask(struct eh_context *c);
s64 sys_prctl(struct eh_context *c);
s64 sys_getcpu(struct eh_context *c);
s64 sys_gettimeofday(struct eh_context *c);
s64 sys_adjtimex(struct eh_context *c);
s64 sys_getpid(struct eh_context *c);
s64 sys_getppid(struct eh_context *c);
s64 sys_getuid(struct eh_context *c);
s64 sys_geteuid(struct eh_context *c);
s64 sys_getgid(struct eh_context *c);
s64 sys_getegid(struct eh_context *c);
s64 sys_gettid(struct eh_context *c);
s64 sys_sysinfo(struct eh_context *c);
s64 sys_mq_open(struct eh_context *c);
s64 sys_mq_unlink(struct eh_context *c);
s64 sys_mq_timedsend(struct eh_context *c);
s64 sys_mq_timedreceive(struct eh_context *c);
s64 sys_mq_notify(struct eh_context *c);
s64 sys_mq_getsetattr(struct eh_context *c);
s64 sys_msgget(struct eh_context *c);
s64 sys_msgctl(struct eh_context *c);
s64 sys_msgrcv(struct eh_context *c);
s64 sys_msgsnd(struct eh_context *c);
s64 sys_semget(struct eh_context *c);
s64 sys_semctl(struct eh_context *c);
s64 sys_semtimedop(struct eh_context *c);
s64 sys_semop(struct eh_context *c);
s64 sys_shmget(struct eh_context *c);
s64 sys_shmctl(struct eh_context *c);
s64 sys_shmat(struct eh_context *c);
s64 sys_shmdt(struct eh_context *c);
s64 sys_socket(struct eh_context *c);
s64 sys_socketpair(struct eh_context *c);
s64 sys_bind(struct eh_context *c);
s64 sys_listen(struct eh_context *c);
s64 sys_accept(struct eh_context *c);
s64 sys_connect(struct eh_context *c);
s64 sys_getsockname(struct eh_context *c);
s64 sys_getpeername(struct eh_context *c);
s64 sys_sendto(struct eh_context *c);
s64 sys_recvfrom(struct eh_context *c);
s64 sys_setsockopt(struct eh_context *c);
s64 sys_getsockopt(struct eh_context *c);
s64 sys_shutdown(struct eh_context *c);
s64 sys_sendmsg(struct eh_context *c);
s64 sys_recvmsg(struct eh_context *c);
s64 sys_readahead(struct eh_context *c);
s64 sys_brk(struct eh_context *c);
s64 sys_munmap(struct eh_context *c);
s64 sys_mremap(struct eh_context *c);
s64 sys_clone(struct eh_context *c);
s64 sys_execve(struct eh_context *c);
s64 sys_mmap(struct eh_context *c);
s64 sys_fadvise64(struct eh_context *c);
s64 sys_mprotect(struct eh_context *c);
s64 sys_msync(struct eh_context *c);
s64 sys_mlock(struct eh_context *c);
s64 sys_munlock(struct eh_context *c);
s64 sys_mlockall(struct eh_context *c);
s64 sys_munlockall(struct eh_context *c);
s64 sys_mincore(struct eh_context *c);
s64 sys_madvise(struct eh_context *c);
s64 sys_mbind(struct eh_context *c);
s64 sys_get_mempolicy(struct eh_context *c);
s64 sys_set_mempolicy(struct eh_context *c);
s64 sys_rt_tgsigqueueinfo(struct eh_context *c);
s64 sys_accept4(struct eh_context *c);
s64 sys_recvmmsg(struct eh_context *c);
s64 sys_wait4(struct eh_context *c);
s64 sys_prlimit64(struct eh_context *c);
s64 sys_clock_adjtime(struct eh_context *c);
s64 sys_syncfs(struct eh_context *c);
s64 sys_sendmmsg(struct eh_context *c);
s64 sys_process_vm_readv(struct eh_context *c);
s64 sys_process_vm_writev(struct eh_context *c);
s64 sys_kcmp(struct eh_context *c);
s64 sys_sched_setattr(struct eh_context *c);
s64 sys_sched_getattr(struct eh_context *c);
s64 sys_renameat2(struct eh_context *c);
s64 sys_getrandom(struct eh_context *c);
s64 sys_memfd_create(struct eh_context *c);
s64 sys_membarrier(struct eh_context *c);
s64 sys_mlock2(struct eh_context *c);
s64 sys_copy_file_range(struct eh_context *c);
s64 sys_preadv2(struct eh_context *c);
s64 sys_pwritev2(struct eh_context *c);
s64 sys_pkey_mprotect(struct eh_context *c);
s64 sys_statx(struct eh_context *c);
s64 sys_pidfd_send_signal(struct eh_context *c);
s64 sys_pidfd_open(struct eh_context *c);
s64 sys_close_range(struct eh_context *c);
s64 sys_openat2(struct eh_context *c);
s64 sys_pidfd_getfd(struct eh_context *c);
s64 sys_faccessat2(struct eh_context *c);
s64 sys_process_madvise(struct eh_context *c);
s64 sys_epoll_pwait2(struct eh_context *c);
s64 sys_fchmodat2(struct eh_context *c);
