// SPDX-License-Identifier: BSD-2-Clause
// Who a program is and how it wants to be run. Each program stands under a line with its name; see __init__.py for what
// is put around it.

//// become_oneself
unsigned u = getuid(), e = geteuid(), g = getgid(), f = getegid();
R(syscall(SYS_setreuid, -1, -1));
R(syscall(SYS_setreuid, u, e));
R(syscall(SYS_setregid, -1, -1));
R(syscall(SYS_setregid, g, f));
R(syscall(SYS_setresuid, -1, -1, -1));
R(syscall(SYS_setresuid, u, e, e));
R(syscall(SYS_setresgid, g, f, f));
unsigned a = 1, b = 2, c = 3;
R(syscall(SYS_getresuid, &a, &b, &c));
OK(a == u && b == e && c == e);
R(syscall(SYS_getresgid, &a, &b, &c));
OK(a == g && b == f && c == f);
R(syscall(SYS_getresuid, &a, BAD, &c));
R(syscall(SYS_getresgid, &a, &b, HIGH));
OK(syscall(SYS_setfsuid, -1) == e);
OK(syscall(SYS_setfsuid, e) == e);
OK(syscall(SYS_setfsgid, -1) == f);
OK(syscall(SYS_setfsgid, f) == f);
R(syscall(SYS_setuid, u));
R(syscall(SYS_setgid, g));
R(syscall(SYS_setuid, -1));
R(syscall(SYS_setgid, -1));
OK(getuid() == u && geteuid() == e && getgid() == g && getegid() == f);

//// capabilities
struct { unsigned version; int pid; } h = {0x20080522, 0};
unsigned d[6];
R(syscall(SYS_capget, &h, d));
memset(d, 0, sizeof d);
R(syscall(SYS_capset, &h, d));
memset(d, 1, sizeof d);
R(syscall(SYS_capget, &h, d));
R(d[0] | d[1] | d[2] | d[3] | d[4] | d[5]);
d[1] = 1;
R(syscall(SYS_capset, &h, d));
h.version = 5;
R(syscall(SYS_capget, &h, d));
printf("%x\n", h.version);
h.version = 5;
R(syscall(SYS_capget, &h, 0));
R(syscall(SYS_capget, BAD, d));
R(syscall(SYS_capset, BAD, d));
R(syscall(SYS_capget, &h, BAD));
R(syscall(SYS_capset, &h, BAD));

//// personality
R(syscall(SYS_personality, 0xffffffff));
R(syscall(SYS_personality, 0x0040000));
R(syscall(SYS_personality, 0xffffffff));
R(syscall(SYS_personality, 0));

//// priority
R(syscall(SYS_getpriority, 0, 0));
R(syscall(SYS_setpriority, 0, 0, 5));
R(syscall(SYS_getpriority, 0, 0));
R(syscall(SYS_getpriority, 0, getpid()));
R(syscall(SYS_setpriority, 0, getpid(), 100));
R(syscall(SYS_getpriority, 0, 0));
R(syscall(SYS_getpriority, 3, 0));
R(syscall(SYS_setpriority, -1, 0, 0));
R(syscall(SYS_getpriority, 0, INT_MAX));
R(syscall(SYS_setpriority, 0, INT_MAX, 0));
R(nice(0));

//// io_priority
R(syscall(SYS_ioprio_get, 1, 0));
R(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 5));
R(syscall(SYS_ioprio_get, 1, 0));
R(syscall(SYS_ioprio_get, 1, getpid()));
R(syscall(SYS_ioprio_set, 1, 0, 3 << 13));
R(syscall(SYS_ioprio_get, 1, 0));
R(syscall(SYS_ioprio_set, 1, 0, 0));
R(syscall(SYS_ioprio_set, 1, 0, 3));
R(syscall(SYS_ioprio_set, 1, 0, 4 << 13));
R(syscall(SYS_ioprio_get, 0, 0));
R(syscall(SYS_ioprio_set, 4, 0, 0));
R(syscall(SYS_ioprio_get, 1, INT_MAX));

//// scheduling
struct sched_param p = {0}, q = {.sched_priority = 7};
R(syscall(SYS_sched_getscheduler, 0));
R(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &p));
R(syscall(SYS_sched_getscheduler, getpid()));
R(syscall(SYS_sched_getparam, 0, &q));
R(q.sched_priority);
R(syscall(SYS_sched_setparam, 0, &p));
R(syscall(SYS_sched_getscheduler, 0));
R(syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &p));
R(syscall(SYS_sched_getscheduler, 0));
R(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p));
q.sched_priority = 1;
R(syscall(SYS_sched_setparam, 0, &q));
R(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &q));
R(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p));
R(syscall(SYS_sched_setscheduler, 0, 99, &p));
R(syscall(SYS_sched_setscheduler, 0, -1, &p));
R(syscall(SYS_sched_setscheduler, 0, 0, 0));
R(syscall(SYS_sched_setscheduler, 0, 0, BAD));
R(syscall(SYS_sched_setscheduler, -1, 0, &p));
R(syscall(SYS_sched_setscheduler, INT_MAX, 0, &p));
R(syscall(SYS_sched_getscheduler, -1));
R(syscall(SYS_sched_getscheduler, INT_MAX));
R(syscall(SYS_sched_getparam, 0, 0));
R(syscall(SYS_sched_getparam, 0, BAD));
R(syscall(SYS_sched_getparam, INT_MAX, &p));

//// scheduling_limits
for (int i = -1; i < 7; i++) {
    if (i == 4) continue;
    printf("%d ", i);
    R(syscall(SYS_sched_get_priority_max, i));
    R(syscall(SYS_sched_get_priority_min, i));
}
struct timespec t = {9, 9};
R(syscall(SYS_sched_rr_get_interval, 0, &t));
OK(t.tv_sec == 0 && t.tv_nsec < 1000000000);
R(syscall(SYS_sched_rr_get_interval, -1, &t));
R(syscall(SYS_sched_rr_get_interval, INT_MAX, &t));
R(syscall(SYS_sched_rr_get_interval, 0, BAD));

//// scheduling_attributes
struct { unsigned size, policy; unsigned long flags; int nice; unsigned priority; unsigned long times[3]; } a = {48};
R(syscall(SYS_sched_getattr, 0, &a, 48, 0));
printf("%u %u %lu %d %u\n", a.size, a.policy, a.flags, a.nice, a.priority);
a.policy = SCHED_BATCH;
a.nice = 3;
R(syscall(SYS_sched_setattr, 0, &a, 0));
memset(&a, 1, sizeof a);
R(syscall(SYS_sched_getattr, 0, &a, 48, 0));
printf("%u %u %lu %d %u\n", a.size, a.policy, a.flags, a.nice, a.priority);
R(syscall(SYS_getpriority, 0, 0));
R(syscall(SYS_sched_getattr, 0, &a, 47, 0));
R(syscall(SYS_sched_getattr, 0, &a, 5000, 0));
R(syscall(SYS_sched_getattr, 0, &a, 48, 1));
R(syscall(SYS_sched_getattr, 0, 0, 48, 0));
R(syscall(SYS_sched_getattr, INT_MAX, &a, 48, 0));
R(syscall(SYS_sched_setattr, 0, &a, 1));
R(syscall(SYS_sched_setattr, 0, 0, 0));
R(syscall(SYS_sched_setattr, INT_MAX, &a, 0));
a.policy = 77;
R(syscall(SYS_sched_setattr, 0, &a, 0));
a.policy = 0;
a.flags = 1ul << 40;
R(syscall(SYS_sched_setattr, 0, &a, 0));

//// affinity_set
unsigned long m[16] = {1};
R(syscall(SYS_sched_setaffinity, 0, sizeof m, m));
memset(m, 0, sizeof m);
OK(syscall(SYS_sched_getaffinity, 0, sizeof m, m) >= 8);
R(m[0]);
m[0] = 0;
R(syscall(SYS_sched_setaffinity, 0, sizeof m, m));
R(syscall(SYS_sched_setaffinity, 0, 0, m));
R(syscall(SYS_sched_setaffinity, 0, 8, BAD));
m[0] = 1;
R(syscall(SYS_sched_setaffinity, INT_MAX, 8, m));
unsigned cpu = 9, node = 9;
R(syscall(SYS_getcpu, &cpu, &node, 0));
R(cpu);
R(node);
R(syscall(SYS_getcpu, 0, 0, 0));
R(syscall(SYS_getcpu, BAD, 0, 0));

//// limits_of_old
struct rlimit l = {0};
R(syscall(SYS_getrlimit, RLIMIT_CORE, &l));
l.rlim_cur = 0;
R(syscall(SYS_setrlimit, RLIMIT_CORE, &l));
R(syscall(SYS_getrlimit, RLIMIT_CORE, &l));
R(l.rlim_cur);
l.rlim_cur = 2;
l.rlim_max = 1;
R(syscall(SYS_setrlimit, RLIMIT_CORE, &l));
R(syscall(SYS_getrlimit, 16, &l));
R(syscall(SYS_setrlimit, -1, &l));
R(syscall(SYS_getrlimit, 0, 0));
R(syscall(SYS_getrlimit, 0, BAD));
R(syscall(SYS_setrlimit, 0, 0));
R(syscall(SYS_setrlimit, 0, BAD));

//// prctl_name
char n[17] = "................";
R(syscall(SYS_prctl, 15, "a name that is too long", 0, 0, 0));
R(syscall(SYS_prctl, 16, n, 0, 0, 0));
text("name", n, 16);
R(syscall(SYS_prctl, 15, "short", 0, 0, 0));
R(syscall(SYS_prctl, 16, n, 0, 0, 0));
text("name", n, 16);
R(syscall(SYS_prctl, 15, "", 0, 0, 0));
R(syscall(SYS_prctl, 16, n, 0, 0, 0));
text("name", n, 16);
R(syscall(SYS_prctl, 15, BAD, 0, 0, 0));
R(syscall(SYS_prctl, 16, BAD, 0, 0, 0));

//// prctl_values
int v = 99;
R(syscall(SYS_prctl, 3, 0, 0, 0, 0));
R(syscall(SYS_prctl, 4, 0, 0, 0, 0));
R(syscall(SYS_prctl, 3, 0, 0, 0, 0));
R(syscall(SYS_prctl, 4, 1, 0, 0, 0));
R(syscall(SYS_prctl, 4, 3, 0, 0, 0));
R(syscall(SYS_prctl, 39, 0, 0, 0, 0));
R(syscall(SYS_prctl, 38, 1, 0, 0, 0));
R(syscall(SYS_prctl, 39, 0, 0, 0, 0));
R(syscall(SYS_prctl, 38, 0, 0, 0, 0));
R(syscall(SYS_prctl, 38, 1, 1, 0, 0));
R(syscall(SYS_prctl, 30, 0, 0, 0, 0));
R(syscall(SYS_prctl, 29, 1234l, 0, 0, 0));
R(syscall(SYS_prctl, 30, 0, 0, 0, 0));
R(syscall(SYS_prctl, 29, 0l, 0, 0, 0));
R(syscall(SYS_prctl, 30, 0, 0, 0, 0));
R(syscall(SYS_prctl, 7, 0, 0, 0, 0));
R(syscall(SYS_prctl, 8, 1l, 0, 0, 0));
R(syscall(SYS_prctl, 7, 0, 0, 0, 0));
R(syscall(SYS_prctl, 8, 2l, 0, 0, 0));
R(syscall(SYS_prctl, 1, 15l, 0, 0, 0));
R(syscall(SYS_prctl, 2, &v, 0, 0, 0));
R(v);
R(syscall(SYS_prctl, 1, 65l, 0, 0, 0));
R(syscall(SYS_prctl, 2, BAD, 0, 0, 0));
R(syscall(SYS_prctl, 36, 5l, 0, 0, 0));
R(syscall(SYS_prctl, 37, &v, 0, 0, 0));
R(v);
R(syscall(SYS_prctl, 42, 0l, 0l, 0l, 0l));
R(syscall(SYS_prctl, 41, 1l, 0l, 0l, 0l));
R(syscall(SYS_prctl, 42, 0l, 0l, 0l, 0l));
R(syscall(SYS_prctl, 99999, 0l, 0l, 0l, 0l));

//// clock_discipline
char b[208] = {0};
OK(syscall(SYS_adjtimex, b) >= 0);
OK(*(long *)(b + 88) > 9000 && *(long *)(b + 88) < 11000);
struct timespec n;
clock_gettime(CLOCK_REALTIME, &n);
OK(labs(*(long *)(b + 72) - n.tv_sec) < 3);
memset(b, 0, sizeof b);
OK(syscall(SYS_clock_adjtime, 0, b) >= 0);
OK(labs(*(long *)(b + 72) - n.tv_sec) < 3);
R(syscall(SYS_adjtimex, BAD));
R(syscall(SYS_clock_adjtime, 0, BAD));
R(syscall(SYS_clock_adjtime, 1, b));
R(syscall(SYS_clock_adjtime, 99, b));

//// memory_barriers
OK((syscall(SYS_membarrier, 0, 0, 0) & 31) == 31);
R(syscall(SYS_membarrier, 1, 0, 0));
R(syscall(SYS_membarrier, 8, 0, 0));
R(syscall(SYS_membarrier, 16, 0, 0));
R(syscall(SYS_membarrier, 8, 0, 0));
R(syscall(SYS_membarrier, 4, 0, 0));
R(syscall(SYS_membarrier, 2, 0, 0));
R(syscall(SYS_membarrier, 0, 4, 0));
R(syscall(SYS_membarrier, 3, 0, 0));
R(syscall(SYS_membarrier, -1, 0, 0));

//// memory_policy
int m = 9;
R(syscall(SYS_get_mempolicy, &m, 0, 0, 0, 0));
R(m);
R(syscall(SYS_set_mempolicy, 4, 0, 0));
R(syscall(SYS_get_mempolicy, &m, 0, 0, 0, 0));
R(m);
R(syscall(SYS_set_mempolicy, 0, 0, 0));
R(syscall(SYS_set_mempolicy, 99, 0, 0));
R(syscall(SYS_set_mempolicy, 2, 0, 0));
R(syscall(SYS_get_mempolicy, BAD, 0, 0, 0, 0));
R(syscall(SYS_get_mempolicy, &m, 0, 0, BAD, 0));
char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
R(syscall(SYS_mbind, p, 8192, 0, 0, 0, 0));
R(syscall(SYS_mbind, p + 1, 4096, 0, 0, 0, 0));
R(syscall(SYS_mbind, p, 8192, 99, 0, 0, 0));
munmap(p + 4096, 4096);
R(syscall(SYS_mbind, p, 8192, 0, 0, 0, 0));

//// sends_and_waits
int a[2], b = epoll_create1(0);
struct epoll_event e = {.events = EPOLLIN, .data.u64 = 7}, f = {0};
R(socketpair(AF_UNIX, SOCK_DGRAM, 0, a));
struct iovec v[2] = {{"one", 3}, {"second", 6}};
struct mmsghdr m[2] = {{{.msg_iov = v, .msg_iovlen = 1}}, {{.msg_iov = v + 1, .msg_iovlen = 1}}};
R(syscall(SYS_sendmmsg, a[0], m, 2, 0));
R(m[0].msg_len);
R(m[1].msg_len);
R(syscall(SYS_sendmmsg, 1, m, 1, 0));
R(epoll_ctl(b, EPOLL_CTL_ADD, a[1], &e));
struct timespec t = {1, 0}, none = {0, 0};
R(syscall(441, b, &f, 1, &t, 0, 0));
R(f.data.u64);
R(recv(a[1], buf, 10, 0));
R(recv(a[1], buf, 10, 0));
R(syscall(441, b, &f, 1, &none, 0, 0));
R(syscall(441, b, &f, 0, &none, 0, 0));
