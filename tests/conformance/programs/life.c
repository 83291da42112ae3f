// SPDX-License-Identifier: BSD-2-Clause
// Each program stands under a line with its name; see __init__.py for what is put around it.

//// exit_zero
exit(0);

//// exit_seven
exit(7);

//// exit_255
exit(255);

//// exit_256
exit(256);

//// exit_minus_one
exit(-1);

//// exit_group_raw
printf("lost?");
fflush(stdout);
syscall(SYS_exit_group, 42);

//// exit_raw
fflush(stdout);
syscall(SYS_exit, 43);

//// exit_immediate
printf("never seen");
_exit(3);

//// exit_return
puts("returns");
return 9;

//// exit_atexit
atexit(0 ? 0 : (void (*)(void))abort);
puts("before");
fflush(stdout);
_exit(5);

//// exit_abort
puts("abort");
fflush(stdout);
abort();

//// exit_sigterm
puts("term");
fflush(stdout);
raise(SIGTERM);
puts("not reached");

//// exit_sigkill
puts("kill");
fflush(stdout);
kill(getpid(), SIGKILL);
puts("not reached");

//// exit_sigint
fflush(stdout);
kill(getpid(), SIGINT);
puts("not reached");

//// exit_assert
fflush(stdout);
signal(SIGABRT, SIG_DFL);
raise(SIGABRT);

//// signal_ignored
R(kill(getpid(), SIGCHLD));
R(kill(getpid(), SIGWINCH));
signal(SIGTERM, SIG_IGN);
R(raise(SIGTERM));
signal(SIGUSR1, SIG_IGN);
R(raise(SIGUSR1));
puts("alive");

//// pids
OK(getpid() > 0);
OK(getpid() == getpid());
OK(syscall(SYS_gettid) == getpid());
OK(getppid() > 0);
OK(syscall(SYS_set_tid_address, 0) == getpid());
OK(getpid() != getppid());

//// ids
printf("%d %d %d %d\n", getuid() == geteuid(), getgid() == getegid(), getuid() >= 0, getgid() >= 0);
struct stat s;
int f = open("mine", O_CREAT | O_RDWR, 0600);
fstat(f, &s);
OK(s.st_uid == geteuid());
OK(s.st_gid == getegid());

//// uname
struct utsname u;
R(uname(&u));
puts(u.sysname);
puts(u.machine);
OK(u.release[0] >= '3' && u.release[0] <= '9');
OK(memchr(u.nodename, 0, 65) != 0);
R(syscall(SYS_uname, BAD));
R(syscall(SYS_uname, HIGH));

//// sysinfo
struct sysinfo s;
R(sysinfo(&s));
OK(s.totalram > 0 && s.mem_unit > 0);
OK(s.freeram <= s.totalram);
OK(s.procs > 0);
R(syscall(SYS_sysinfo, BAD));

//// prlimit_read
struct rlimit r;
for (int i = 0; i < 16; i++) {
    if (getrlimit(i, &r))
        R(i);
    else
        OK(r.rlim_cur <= r.rlim_max);
}
R(getrlimit(16, &r));
R(getrlimit(-1, &r));
R(syscall(SYS_prlimit64, 0, RLIMIT_STACK, 0, BAD));
R(syscall(SYS_prlimit64, 0, RLIMIT_STACK, BAD, 0));

//// prlimit_set
struct rlimit r;
getrlimit(RLIMIT_CORE, &r);
r.rlim_cur = 0;
R(setrlimit(RLIMIT_CORE, &r));
getrlimit(RLIMIT_CORE, &r);
R(r.rlim_cur);
r.rlim_cur = 10;
r.rlim_max = 5;
R(setrlimit(RLIMIT_CORE, &r));
getrlimit(RLIMIT_NOFILE, &r);
rlim_t old = r.rlim_cur;
r.rlim_cur = old / 2;
R(setrlimit(RLIMIT_NOFILE, &r));
getrlimit(RLIMIT_NOFILE, &r);
OK(r.rlim_cur == old / 2);

//// prlimit_nofile_enforced
struct rlimit r;
getrlimit(RLIMIT_NOFILE, &r);
r.rlim_cur = 10;
R(setrlimit(RLIMIT_NOFILE, &r));
int f, n = 0;
while ((f = open("one", 0)) >= 0 && n < 100) n++;
int e = errno;
R(f);
R(e);
OK(n <= 10);
R(dup2(0, 50));
R(fcntl(0, F_DUPFD, 20));

//// affinity
cpu_set_t c;
CPU_ZERO(&c);
OK(syscall(SYS_sched_getaffinity, 0, sizeof c, &c) > 0);
OK(CPU_COUNT(&c) >= 1);
R(syscall(SYS_sched_getaffinity, 0, 0, &c));
R(syscall(SYS_sched_getaffinity, 0, sizeof c, BAD));
R(syscall(SYS_sched_getaffinity, 0, 3, &c));
R(sched_yield());

//// getrandom
unsigned char a[64] = {0}, b[64] = {0};
R(getrandom(a, 64, 0));
R(getrandom(b, 64, GRND_NONBLOCK));
OK(memcmp(a, b, 64));
R(getrandom(a, 0, 0));
R(getrandom(a, 10, 64));
R(syscall(SYS_getrandom, BAD, 10, 0));
R(getrandom(buf, 60000, 0));
int k[256] = {0};
for (int i = 0; i < 60000; i++) k[(unsigned char)buf[i]]++;
int z = 0;
for (int i = 0; i < 256; i++) z += k[i] == 0;
R(z);
R(getentropy(buf, 256));
R(getentropy(buf, 257));

//// sigaction_recorded
struct sigaction a = {0}, b;
R(sigaction(SIGUSR1, 0, &b));
OK(b.sa_handler == SIG_DFL);
a.sa_handler = SIG_IGN;
a.sa_flags = SA_RESTART;
R(sigaction(SIGUSR1, &a, 0));
R(sigaction(SIGUSR1, 0, &b));
OK(b.sa_handler == SIG_IGN);
OK(b.sa_flags & SA_RESTART);
R(sigaction(SIGKILL, &a, 0));
R(sigaction(SIGSTOP, &a, 0));
R(sigaction(0, &a, 0));
R(sigaction(65, &a, 0));
R(sigaction(-1, &a, 0));
R(sigaction(SIGKILL, 0, &b));

//// sigaction_raw
unsigned long k[4] = {1, 0, 0, 0};
R(syscall(SYS_rt_sigaction, 10, k, 0, 4));
R(syscall(SYS_rt_sigaction, 10, BAD, 0, 8));
R(syscall(SYS_rt_sigaction, 10, 0, BAD, 8));
R(syscall(SYS_rt_sigaction, 10, k, 0, 8));
unsigned long o[4] = {9, 9, 9, 9};
R(syscall(SYS_rt_sigaction, 10, 0, o, 8));
R(o[0]);

//// sigprocmask_recorded
sigset_t s, o;
sigemptyset(&s);
sigaddset(&s, SIGUSR1);
R(sigprocmask(SIG_BLOCK, &s, &o));
R(sigismember(&o, SIGUSR1));
sigemptyset(&s);
sigaddset(&s, SIGTERM);
R(sigprocmask(SIG_BLOCK, &s, &o));
R(sigismember(&o, SIGUSR1));
R(sigprocmask(SIG_SETMASK, 0, &o));
R(sigismember(&o, SIGTERM));
R(sigprocmask(SIG_UNBLOCK, &s, 0));
R(sigprocmask(SIG_BLOCK, 0, &o));
R(sigismember(&o, SIGTERM));
sigfillset(&s);
R(sigprocmask(SIG_SETMASK, &s, 0));
R(sigprocmask(0, 0, &o));
R(sigismember(&o, SIGKILL));
R(sigprocmask(77, &s, 0));
R(syscall(SYS_rt_sigprocmask, 0, 0, 0, 4));
R(syscall(SYS_rt_sigprocmask, 0, BAD, 0, 8));
R(syscall(SYS_rt_sigprocmask, 0, 0, BAD, 8));

//// kill_errors
R(kill(getpid(), 0));
R(kill(getpid(), 65));
R(kill(getpid(), -1));
R(syscall(SYS_tgkill, getpid(), getpid(), 0));
R(syscall(SYS_tgkill, -1, 1, 0));
R(syscall(SYS_tkill, -1, 0));
R(syscall(SYS_tkill, 0, 0));
R(syscall(SYS_tgkill, getpid(), getpid(), 99));

//// robust_list
char h[24] = {0};
R(syscall(SYS_set_robust_list, h, 24));
R(syscall(SYS_set_robust_list, h, 8));
R(syscall(SYS_set_robust_list, h, 0));

//// unknown_calls
R(syscall(9999));
R(syscall(600));
R(syscall(-1l));
R(syscall(244));
R(syscall(259));
R(syscall(1000000));

//// registers_survive
register long a asm("x19") = 0x1111, b asm("x28") = 0x2222, c asm("x9") = 0x3333, d asm("x15") = 0x4444;
register long n asm("x8") = SYS_getpid, r asm("x0") = 5;
asm volatile("fmov v8.2d, #1.5\n fmov v31.2d, #2.5\n svc #0"
             : "+r"(r), "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(n)::"memory", "v8", "v31");
double x, y;
asm volatile("fmov %d0, d8\n fmov %d1, d31" : "=w"(x), "=w"(y));
OK(a == 0x1111 && b == 0x2222 && c == 0x3333 && d == 0x4444 && n == SYS_getpid);
OK(r == getpid());

//// float_state_survives
volatile double t = 0;
for (int i = 1; i < 200; i++) {
    t += sqrt(i) / 3.0;
    if (i % 20 == 0) {
        struct stat s;
        stat("one", &s);
        getrandom(buf, 8, 0);
        sched_yield();
    }
}
printf("%.17g\n", t);

//// arguments
printf("%d\n", argc);
for (int i = 1; i < argc; i++) text("argument", argv[i], strlen(argv[i]));
OK(argv[argc] == 0);

//// environment
extern char **environ;
int n = 0;
for (char **e = environ; *e; e++) {
    n++;
    puts(*e);
}
R(n);
OK(getenv("PATH") == 0);
R(setenv("A", "b", 1));
puts(getenv("A"));
R(unsetenv("A"));
OK(getenv("A") == 0);

//// longjmp
jmp_buf j;
volatile int n = 0;
int r = setjmp(j);
n++;
if (r < 5) longjmp(j, r + 1);
R(n);
R(r);

//// arithmetic
double v[] = {0.1, 1e300, -2.5, 1e-310, 3.14159, INFINITY, -0.0};
for (int i = 0; i < 7; i++) printf("%g %a %.17g %g %g\n", v[i], v[i], v[i], sin(v[i]), exp(v[i]));
printf("%Lg %Lf\n", 1.0L / 3, powl(2, 100));
printf("%ld %lu %d\n", LONG_MIN, ULONG_MAX, -7 / 2);
printf("%.3f %.3f %.3f\n", pow(2.5, 3.5), log(10), atan2(1, -1));
printf("%d %d\n", (int)lround(2.5), (int)lrint(2.5));
char *e;
printf("%.17g %ld\n", strtod("1.7976931348623157e308x", &e), strtol("-0x7fz", &e, 16));
puts(e);

//// getrusage
struct rusage u;
memset(&u, 0xff, sizeof u);
R(getrusage(RUSAGE_SELF, &u));
OK(u.ru_utime.tv_sec >= 0 && u.ru_utime.tv_usec >= 0 && u.ru_utime.tv_usec < 1000000);
OK(u.ru_stime.tv_sec >= 0 && u.ru_stime.tv_usec >= 0 && u.ru_stime.tv_usec < 1000000);
R(u.ru_nswap);
R(u.ru_ixrss);
memset(&u, 0xff, sizeof u);
R(getrusage(RUSAGE_CHILDREN, &u));
R(u.ru_utime.tv_sec);
R(u.ru_utime.tv_usec);
R(u.ru_maxrss);
R(getrusage(1, &u));
R(syscall(SYS_getrusage, 2, &u));
R(syscall(SYS_getrusage, -2, &u));
R(syscall(SYS_getrusage, -2, BAD));
R(syscall(SYS_getrusage, 0, BAD));
R(syscall(SYS_getrusage, -1, HIGH));

//// groups_and_sessions
OK(getgroups(0, 0) >= 0);
OK(getgroups(0, BAD) >= 0);
R(getgroups(-1, 0));
R(getgroups(INT_MIN, 0));
OK(getpgid(0) > 0);
OK(getpgid(0) == getpgid(getpid()));
OK(getsid(0) > 0);
OK(getsid(0) == getsid(getpid()));
R(getpgid(-1));
R(getsid(-1));
R(getpgid(INT_MAX));
R(getsid(INT_MAX));
R(setpgid(0, -1));
R(setpgid(-1, -1));
R(setpgid(-1, 0));
R(setpgid(INT_MAX, 0));
