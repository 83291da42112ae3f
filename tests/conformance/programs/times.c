// SPDX-License-Identifier: BSD-2-Clause
// Each program stands under a line with its name; see __init__.py for what is put around it.

//// clock_gettime_clocks
struct timespec t;
int c[] = {0, 1, 2, 3, 4, 5, 6, 7};
for (int i = 0; i < 8; i++) {
    printf("%d ", c[i]);
    R(syscall(SYS_clock_gettime, c[i], &t));
    OK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
}

//// clock_gettime_bad
struct timespec t;
R(syscall(SYS_clock_gettime, 99, &t));
R(syscall(SYS_clock_gettime, 15, &t));
R(syscall(SYS_clock_gettime, 1, BAD));
R(syscall(SYS_clock_gettime, 0, HIGH));

//// clock_getres
struct timespec t;
for (int c = 0; c < 2; c++) {
    R(syscall(SYS_clock_getres, c, &t));
    OK(t.tv_sec == 0 && t.tv_nsec > 0);
}
R(syscall(SYS_clock_getres, 1, 0));
R(syscall(SYS_clock_getres, 99, &t));
R(syscall(SYS_clock_getres, 1, BAD));

//// monotonic_never_back
struct timespec a, b;
clock_gettime(CLOCK_MONOTONIC, &a);
for (int i = 0; i < 2000; i++) {
    clock_gettime(CLOCK_MONOTONIC, &b);
    if (b.tv_sec < a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec)) {
        puts("back");
        return 1;
    }
    a = b;
}
puts("forward");

//// realtime_never_back
struct timespec a, b;
clock_gettime(CLOCK_REALTIME, &a);
for (int i = 0; i < 500; i++) {
    clock_gettime(CLOCK_REALTIME, &b);
    if (b.tv_sec < a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec)) {
        puts("back");
        return 1;
    }
    a = b;
}
OK(a.tv_sec > 1700000000);

//// nanosleep_lasts
struct timespec a, b, s = {0, 30000000}, m;
clock_gettime(CLOCK_MONOTONIC, &a);
R(nanosleep(&s, &m));
clock_gettime(CLOCK_MONOTONIC, &b);
long d = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
OK(d >= 28);
OK(d < 5000);

//// nanosleep_bad
struct timespec s = {0, 1000000000};
R(syscall(SYS_nanosleep, &s, 0));
s.tv_nsec = -1;
R(syscall(SYS_nanosleep, &s, 0));
s.tv_sec = -1;
s.tv_nsec = 0;
R(syscall(SYS_nanosleep, &s, 0));
R(syscall(SYS_nanosleep, BAD, 0));
s.tv_sec = 0;
R(syscall(SYS_nanosleep, &s, 0));

//// clock_nanosleep_kinds
struct timespec t, s = {0, 5000000};
R(clock_nanosleep(CLOCK_MONOTONIC, 0, &s, 0));
R(clock_nanosleep(CLOCK_REALTIME, 0, &s, 0));
clock_gettime(CLOCK_MONOTONIC, &t);
R(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0));
t.tv_nsec += 5000000;
if (t.tv_nsec > 999999999) {
    t.tv_nsec -= 1000000000;
    t.tv_sec++;
}
R(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0));
struct timespec u;
clock_gettime(CLOCK_MONOTONIC, &u);
OK(u.tv_sec > t.tv_sec || (u.tv_sec == t.tv_sec && u.tv_nsec >= t.tv_nsec - 2000000));

//// clock_nanosleep_bad
struct timespec s = {0, 2000000000};
R(syscall(SYS_clock_nanosleep, 1, 0, &s, 0));
s.tv_nsec = 0;
R(syscall(SYS_clock_nanosleep, 99, 0, &s, 0));
R(syscall(SYS_clock_nanosleep, 1, 0, BAD, 0));

//// gettimeofday
struct timeval t;
struct timespec s;
R(syscall(SYS_gettimeofday, &t, 0));
clock_gettime(CLOCK_REALTIME, &s);
OK(labs(s.tv_sec - t.tv_sec) < 3);
OK(t.tv_usec >= 0 && t.tv_usec < 1000000);
R(syscall(SYS_gettimeofday, BAD, 0));
R(syscall(SYS_gettimeofday, 0, 0));

//// times_clock
struct tms t;
clock_t a = times(&t);
for (volatile int i = 0; i < 1000000; i++);
clock_t b = times(&t);
OK(b >= a);
OK(t.tms_utime >= 0 && t.tms_cutime == 0);
OK(clock() >= 0);
R(syscall(SYS_times, BAD));
OK(sysconf(_SC_CLK_TCK) == 100);

//// time_formats
time_t t = 1234567890;
struct tm m;
gmtime_r(&t, &m);
char s[100];
strftime(s, 100, "%Y-%m-%d %H:%M:%S %j %U %a %b", &m);
puts(s);
R(timegm(&m));
m.tm_mon += 20;
R(timegm(&m));
puts(asctime(gmtime(&t)));
