// SPDX-License-Identifier: BSD-2-Clause
// Threads, and what they wait at. Nothing here depends on whose turn comes first.

//// thread_joined
static void *twice(void *p) { return (void *)(2 * (long)p); }
////
pthread_t t[64];
long sum = 0;
for (long i = 0; i < 64; i++)
    if (pthread_create(&t[i], 0, twice, (void *)i)) return 1;
for (int i = 0; i < 64; i++) {
    void *r;
    pthread_join(t[i], &r);
    sum += (long)r;
}
printf("%ld\n", sum);

//// thread_mutex
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static int counter;
static void *count(void *p) {
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&m);
        int seen = counter;
        if (i % 16 == 0) sched_yield();
        counter = seen + 1;
        pthread_mutex_unlock(&m);
    }
    return p;
}
////
pthread_t t[8];
for (int i = 0; i < 8; i++) pthread_create(&t[i], 0, count, 0);
for (int i = 0; i < 8; i++) pthread_join(t[i], 0);
printf("%d\n", counter);

//// thread_mutex_kinds
static pthread_mutex_t recursive, checked;
static void *tries(void *p) {
    R(pthread_mutex_trylock(&recursive));
    R(pthread_mutex_unlock(&checked));
    struct timespec past = {1, 0};
    R(pthread_mutex_timedlock(&recursive, &past));
    return p;
}
////
pthread_mutexattr_t a;
pthread_t t;
pthread_mutexattr_init(&a);
pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
pthread_mutex_init(&recursive, &a);
pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK);
pthread_mutex_init(&checked, &a);
R(pthread_mutex_lock(&recursive));
R(pthread_mutex_lock(&recursive));
R(pthread_mutex_lock(&checked));
R(pthread_mutex_lock(&checked));
pthread_create(&t, 0, tries, 0);
pthread_join(t, 0);
R(pthread_mutex_unlock(&checked));
R(pthread_mutex_unlock(&checked));

//// thread_mutex_inheriting
static pthread_mutex_t m;
static int order[8], next;
static void *enter(void *p) {
    pthread_mutex_lock(&m);
    order[next++] = 1;
    pthread_mutex_unlock(&m);
    return p;
}
////
pthread_mutexattr_t a;
pthread_t t[4];
pthread_mutexattr_init(&a);
R(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT));
R(pthread_mutex_init(&m, &a));
R(pthread_mutex_lock(&m));
for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, enter, 0);
usleep(20000);
R(pthread_mutex_unlock(&m));
for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
printf("%d\n", next);
R(pthread_mutex_trylock(&m));

//// thread_mutex_robust
static pthread_mutex_t m;
static void *dies(void *p) {
    pthread_mutex_lock(&m);
    return p;
}
////
pthread_mutexattr_t a;
pthread_t t;
pthread_mutexattr_init(&a);
pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
pthread_mutex_init(&m, &a);
pthread_create(&t, 0, dies, 0);
pthread_join(t, 0);
R(pthread_mutex_lock(&m));
R(pthread_mutex_consistent(&m));
R(pthread_mutex_unlock(&m));
R(pthread_mutex_lock(&m));

//// thread_condition
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn, rounds;
static void *play(void *p) {
    int me = (int)(long)p;
    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&m);
        while (turn != me) pthread_cond_wait(&changed, &m);
        turn = (turn + 1) % 3;
        rounds++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&m);
    }
    return p;
}
////
pthread_t t[3];
for (long i = 0; i < 3; i++) pthread_create(&t[i], 0, play, (void *)i);
for (int i = 0; i < 3; i++) pthread_join(t[i], 0);
printf("%d %d\n", rounds, turn);

//// thread_condition_timeout
////
pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t c = PTHREAD_COND_INITIALIZER;
struct timespec until;
clock_gettime(CLOCK_REALTIME, &until);
until.tv_nsec += 20000000;
until.tv_sec += until.tv_nsec / 1000000000;
until.tv_nsec %= 1000000000;
pthread_mutex_lock(&m);
R(pthread_cond_timedwait(&c, &m, &until));
R(pthread_cond_timedwait(&c, &m, &(struct timespec){1, 0}));
R(pthread_mutex_unlock(&m));

//// thread_barrier
static pthread_barrier_t b;
static int before, after;
static void *pass(void *p) {
    for (int i = 0; i < 20; i++) {
        __atomic_fetch_add(&before, 1, __ATOMIC_SEQ_CST);
        long r = pthread_barrier_wait(&b);
        if (before < 5 * (i + 1)) return (void *)1;
        if (r == PTHREAD_BARRIER_SERIAL_THREAD) after++;
        pthread_barrier_wait(&b);
    }
    return p;
}
////
pthread_t t[5];
long bad = 0;
pthread_barrier_init(&b, 0, 5);
for (int i = 0; i < 5; i++) pthread_create(&t[i], 0, pass, 0);
for (int i = 0; i < 5; i++) {
    void *r;
    pthread_join(t[i], &r);
    bad += (long)r;
}
printf("%d %d %ld\n", before, after, bad);

//// thread_rwlock
static pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
static int value, torn;
static void *reads(void *p) {
    for (int i = 0; i < 50; i++) {
        pthread_rwlock_rdlock(&l);
        if (value % 2) torn++;
        sched_yield();
        pthread_rwlock_unlock(&l);
    }
    return p;
}
static void *writes(void *p) {
    for (int i = 0; i < 50; i++) {
        pthread_rwlock_wrlock(&l);
        value++;
        sched_yield();
        value++;
        pthread_rwlock_unlock(&l);
    }
    return p;
}
////
pthread_t t[6];
for (int i = 0; i < 6; i++) pthread_create(&t[i], 0, i < 4 ? reads : writes, 0);
for (int i = 0; i < 6; i++) pthread_join(t[i], 0);
printf("%d %d\n", value, torn);
R(pthread_rwlock_trywrlock(&l));
R(pthread_rwlock_tryrdlock(&l));

//// thread_semaphore
static sem_t full, empty;
static int slots[4], sum_of_all;
static void *produce(void *p) {
    for (int i = 1; i <= 100; i++) {
        sem_wait(&empty);
        slots[i % 4] = i;
        sem_post(&full);
    }
    return p;
}
////
pthread_t t;
sem_init(&full, 0, 0);
sem_init(&empty, 0, 4);
pthread_create(&t, 0, produce, 0);
for (int i = 1; i <= 100; i++) {
    sem_wait(&full);
    sum_of_all += slots[i % 4];
    sem_post(&empty);
}
pthread_join(t, 0);
printf("%d\n", sum_of_all);
R(sem_trywait(&full));
R(sem_timedwait(&full, &(struct timespec){1, 0}));

//// thread_local_storage
static __thread int own = 7;
static pthread_key_t key;
static int ended;
static void at_end(void *p) { ended += (int)(long)p; }
static void *work(void *p) {
    own += (int)(long)p;
    pthread_setspecific(key, p);
    sched_yield();
    return (void *)(long)(own * 100 + (int)(long)pthread_getspecific(key));
}
////
pthread_t t[5];
pthread_key_create(&key, at_end);
for (long i = 0; i < 5; i++) pthread_create(&t[i], 0, work, (void *)(i + 1));
for (int i = 0; i < 5; i++) {
    void *r;
    pthread_join(t[i], &r);
    printf("%ld\n", (long)r);
}
printf("%d %d\n", own, ended);

//// thread_once
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int made;
static void make(void) { sched_yield(); made++; }
static void *need(void *p) { pthread_once(&once, make); return made == 1 ? 0 : p; }
////
pthread_t t[6];
long bad = 0;
for (int i = 0; i < 6; i++) pthread_create(&t[i], 0, need, (void *)1);
for (int i = 0; i < 6; i++) {
    void *r;
    pthread_join(t[i], &r);
    bad += (long)r;
}
printf("%d %ld\n", made, bad);

//// thread_detached
static int done;
static void *late(void *p) {
    usleep(5000);
    __atomic_store_n(&done, 1, __ATOMIC_SEQ_CST);
    return p;
}
////
for (int i = 0; i < 20; i++) {
    pthread_t t;
    done = 0;
    pthread_create(&t, 0, late, 0);
    R(pthread_detach(t));
    while (!__atomic_load_n(&done, __ATOMIC_SEQ_CST)) sched_yield();
}
usleep(20000);

//// thread_exits
static void *leaves(void *p) {
    usleep(10000);
    puts("the last one");
    fflush(stdout);
    return p;
}
////
pthread_t t;
pthread_create(&t, 0, leaves, 0);
pthread_detach(t);
puts("main leaves");
fflush(stdout);
pthread_exit(0);

//// thread_exit_ends_all
static void *ends(void *p) {
    exit(9);
    return p;
}
////
pthread_t t;
pthread_create(&t, 0, ends, 0);
for (;;) pause();

//// thread_many_one_after_another
static void *id(void *p) { return p; }
////
long sum_of_all = 0;
for (long i = 0; i < 300; i++) {
    pthread_t t;
    void *r;
    if (pthread_create(&t, 0, id, (void *)i)) return 1;
    pthread_join(t, &r);
    sum_of_all += (long)r;
}
printf("%ld\n", sum_of_all);

//// thread_reads_while_another_works
static int worked;
static void *work(void *p) {
    for (int i = 0; i < 50; i++) {
        worked++;
        usleep(200);
    }
    return p;
}
////
pthread_t t;
char line[64];
pthread_create(&t, 0, work, 0);
long n = read(0, line, sizeof line);
pthread_join(t, 0);
printf("%ld %d\n", n, worked);

//// thread_writes_files
static void *fill(void *p) {
    char name[32], text_of[64];
    snprintf(name, sizeof name, "file%ld", (long)p);
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    for (int i = 0; i < 20; i++) {
        int n = snprintf(text_of, sizeof text_of, "%ld: line %d\n", (long)p, i);
        if (write(fd, text_of, (size_t)n) != n) return (void *)1;
    }
    long size = lseek(fd, 0, SEEK_END);
    close(fd);
    return (void *)size;
}
////
pthread_t t[8];
for (long i = 0; i < 8; i++) pthread_create(&t[i], 0, fill, (void *)i);
for (int i = 0; i < 8; i++) {
    void *r;
    pthread_join(t[i], &r);
    printf("%ld\n", (long)r);
}

//// thread_futex_calls
static int word;
////
R(syscall(SYS_futex, &word, 0, 1, 0, 0, 0));
R(syscall(SYS_futex, &word, 1, 1, 0, 0, 0));
R(syscall(SYS_futex, &word, 9, 0, 0, 0, 0));
R(syscall(SYS_futex, &word, 0, 0, &(struct timespec){0, 1000000}, 0, 0));
R(syscall(SYS_futex, &word, 0, 0, &(struct timespec){0, -1}, 0, 0));
R(syscall(SYS_futex, &word, 3, 1, 1, &word, 0));
R(syscall(SYS_futex, &word, 4, 1, 1, &word, 5));
R(syscall(SYS_futex, (char *)&word + 1, 1, 1, 0, 0, 0));
R(syscall(SYS_futex, &word, 6, 0, 0, 0, 0));
OK(word == getpid());
R(syscall(SYS_futex, &word, 6, 0, 0, 0, 0));
R(syscall(SYS_futex, &word, 7, 0, 0, 0, 0));
OK(word == 0);
R(syscall(SYS_futex, &word, 7, 0, 0, 0, 0));
R(syscall(SYS_futex, &word, 8, 0, 0, 0, 0));
R(syscall(SYS_futex, &word, 99, 0, 0, 0, 0));

//// pipe_within
int p[2];
char b[16];
R(pipe(p));
R(write(p[1], "hello", 5));
R(read(p[0], b, 3));
text("b", b, 3);
int left;
R(ioctl(p[0], FIONREAD, &left));
printf("%d\n", left);
R(lseek(p[0], 0, SEEK_SET));
R(pread(p[0], b, 1, 0));
struct pollfd f[2] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}};
R(poll(f, 2, 0));
printf("%x %x\n", f[0].revents, f[1].revents);
struct stat s;
R(fstat(p[0], &s));
OK(S_ISFIFO(s.st_mode));
R(close(p[1]));
R(read(p[0], b, 16));
R(read(p[0], b, 16));
f[0].revents = 0;
R(poll(f, 1, 0));
printf("%x\n", f[0].revents);
R(read(p[1], b, 1));

//// pipe_without_readers
int p[2];
signal(SIGPIPE, SIG_IGN);
R(pipe2(p, O_CLOEXEC));
R(close(p[0]));
R(write(p[1], "x", 1));
struct pollfd f = {p[1], POLLOUT, 0};
R(poll(&f, 1, 0));
printf("%x\n", f.revents);

//// pipe_breaks
int p[2];
R(pipe(p));
R(close(p[0]));
fflush(stdout);
write(p[1], "x", 1);
puts("not reached");

//// pipe_full
int p[2];
R(pipe2(p, O_NONBLOCK));
R(write(p[1], buf, 65536));
R(write(p[1], buf, 1));
R(read(p[0], buf, 4095));
R(write(p[1], buf, 4096));
R(read(p[0], buf, 1));
R(write(p[1], buf, 4096));
R(read(p[0], buf, 65536));
R(read(p[0], buf, 1));
R(fcntl(p[0], F_GETFL) & O_NONBLOCK);

//// pipe_bad
int p[2];
R(pipe2(p, 1));
R(pipe2(BAD, 0));
R(pipe(p));
R(write(p[0], "x", 1));
R(read(p[1], buf, 1));
R(write(p[1], BAD, 1));
R(ftruncate(p[1], 0));
R(fsync(p[1]));
R(write(p[1], "", 0));

//// pipe_between_threads
static int p[2];
static void *writes(void *x) {
    for (int i = 0; i < 300; i++) {
        memset(buf, i, 1000);
        for (long at = 0; at < 1000;) at += write(p[1], buf + at, (size_t)(1000 - at));
    }
    close(p[1]);
    return x;
}
////
static unsigned char got[4096];
pthread_t t;
long n, total = 0, wrong = 0;
pipe(p);
pthread_create(&t, 0, writes, 0);
while ((n = read(p[0], got, sizeof got)) > 0) {
    for (long i = 0; i < n; i++) wrong += got[i] != (unsigned char)((total + i) / 1000);
    total += n;
}
pthread_join(t, 0);
printf("%ld %ld %ld\n", n, total, wrong);

//// pipe_poll_between_threads
static int p[2];
static void *later(void *x) {
    usleep(10000);
    write(p[1], "x", 1);
    return x;
}
////
pthread_t t;
pipe(p);
pthread_create(&t, 0, later, 0);
struct pollfd f = {p[0], POLLIN, 0};
R(poll(&f, 1, 5000));
printf("%x\n", f.revents);
pthread_join(t, 0);
R(poll(&f, 1, 5));
R(read(p[0], buf, 1));
f.revents = 0;
R(poll(&f, 1, 5));

//// eventfd_counts
uint64_t v = 5;
int e = eventfd(3, 0);
R(write(e, &v, 8));
R(read(e, &v, 8));
printf("%lu\n", (unsigned long)v);
R(fcntl(e, F_SETFL, O_NONBLOCK));
R(read(e, &v, 8));
v = UINT64_MAX;
R(write(e, &v, 8));
v = UINT64_MAX - 1;
R(write(e, &v, 8));
v = 1;
R(write(e, &v, 8));
R(read(e, &v, 4));
R(write(e, &v, 4));
struct pollfd f = {e, POLLIN | POLLOUT, 0};
R(poll(&f, 1, 0));
printf("%x\n", f.revents);

//// eventfd_semaphore
uint64_t v;
int e = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
R(read(e, &v, 8));
printf("%lu\n", (unsigned long)v);
R(read(e, &v, 8));
R(read(e, &v, 8));
R(eventfd(0, 2));
R(lseek(e, 0, SEEK_SET));

//// thread_sixty_four
enum { MANY = 64 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t meet;
static int turn, sums[MANY], s[MANY][2];
static __thread int own;
static volatile int handled;
static void on(int n) { __sync_fetch_and_add(&handled, n == SIGUSR1); }
static void *works(void *p) {
    int me = (int)(long)p;
    char c;
    own = me;
    pthread_barrier_wait(&meet);
    for (int round = 0; round < 3; round++) {
        pthread_mutex_lock(&lock);
        while (turn % MANY != me) pthread_cond_wait(&turned, &lock);
        turn++;
        pthread_cond_broadcast(&turned);
        pthread_mutex_unlock(&lock);
        read(s[me][0], &c, 1); /* all of them wait outside at once */
        sums[me] += c + own;
        pthread_kill(pthread_self(), SIGUSR1);
    }
    return (void *)(long)sums[me];
}
////
pthread_t t[MANY];
long all = 0;
pthread_attr_t small;
pthread_attr_init(&small);
pthread_attr_setstacksize(&small, 65536);
signal(SIGUSR1, on);
pthread_barrier_init(&meet, 0, MANY + 1);
for (long i = 0; i < MANY; i++) {
    socketpair(AF_UNIX, SOCK_STREAM, 0, s[i]);
    if (pthread_create(&t[i], &small, works, (void *)i)) puts("cannot create");
}
pthread_barrier_wait(&meet);
for (int round = 0; round < 3; round++)
    for (int i = MANY; i-- > 0;) write(s[i][1], "abc" + round, 1);
for (int i = 0; i < MANY; i++) {
    void *r;
    pthread_join(t[i], &r);
    all += (long)r;
}
printf("%ld %d %d\n", all, turn, handled);
