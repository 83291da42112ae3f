// SPDX-License-Identifier: BSD-2-Clause
// System V's shared memory, semaphores and message queues. Each program stands under a line with its name; see
// __init__.py for what is put around it.

//// segments
#include <sys/shm.h>
////
int i = shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600);
R(i >= 0);
char *p = shmat(i, 0, 0), *q = shmat(i, 0, SHM_RDONLY);
OK(p != (void *)-1 && q != (void *)-1);
strcpy(p + 4990, "the end");
text("other", q + 4990, 7);
struct shmid_ds d;
R(shmctl(i, IPC_STAT, &d));
printf("%lu %lu %o\n", (long)d.shm_segsz, (long)d.shm_nattch, d.shm_perm.mode);
OK(d.shm_cpid == getpid() && d.shm_lpid == getpid() && d.shm_atime > 1700000000 && d.shm_dtime == 0);
OK(d.shm_perm.uid == geteuid() && d.shm_perm.cgid == getegid());
R(shmdt(q));
R(shmctl(i, IPC_STAT, &d));
R(d.shm_nattch);
text("still", p + 4990, 7);
d.shm_perm.mode = 0640;
R(shmctl(i, IPC_SET, &d));
R(shmctl(i, IPC_STAT, &d));
printf("%o\n", d.shm_perm.mode);
R(shmctl(i, IPC_RMID, 0));
R(shmctl(i, IPC_STAT, &d));
printf("%o\n", d.shm_perm.mode);
p[0] = 'x';
R(shmdt(p));
R(shmctl(i, IPC_STAT, &d));
R(shmdt(p));
R(shmat(i, 0, 0));
R(shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600));
R(shmctl(-1, IPC_STAT, &d));
R(shmctl(i, 999, &d));

//// segments_by_key
#include <sys/shm.h>
////
key_t k = 0x5e1f0001;
int i = shmget(k, 4096, 0);
if (i >= 0) shmctl(i, IPC_RMID, 0);
R(shmget(k, 4096, 0600));
i = shmget(k, 4096, IPC_CREAT | IPC_EXCL | 0600);
R(i >= 0);
OK(shmget(k, 4096, IPC_CREAT | 0600) == i);
OK(shmget(k, 0, 0) == i);
R(shmget(k, 4096, IPC_CREAT | IPC_EXCL | 0600));
R(shmget(k, 8192, 0600));
char *p = shmat(i, 0, 0);
p[0] = 7;
R(shmctl(i, SHM_LOCK, 0));
R(shmctl(i, SHM_UNLOCK, 0));
R(shmctl(i, IPC_RMID, 0));
R(shmget(k, 4096, 0600));
R(p[0]);
R(munmap(p, 4096));
R(shmat(i, (void *)1, 0));
R(shmdt(p));

//// semaphore_sets
#include <sys/sem.h>
////
union semun { int val; struct semid_ds *buf; unsigned short *array; } a;
int i = semget(IPC_PRIVATE, 3, IPC_CREAT | 0600);
R(i >= 0);
a.val = 5;
R(semctl(i, 0, SETVAL, a));
R(semctl(i, 0, GETVAL));
R(semctl(i, 0, GETPID) == getpid());
struct sembuf o[3] = {{0, -2, 0}, {1, 4, 0}, {2, 0, 0}};
R(semop(i, o, 3));
unsigned short v[3] = {9, 9, 9};
a.array = v;
R(semctl(i, 0, GETALL, a));
printf("%d %d %d\n", v[0], v[1], v[2]);
o[0].sem_op = -4;
o[0].sem_flg = IPC_NOWAIT;
o[1].sem_op = 1;
R(semop(i, o, 2));
o[1].sem_op = -1;
struct sembuf w[2] = {{1, -1, 0}, {0, -9, IPC_NOWAIT}};
R(semop(i, w, 2));
R(semctl(i, 1, GETVAL));
v[0] = 1, v[1] = 0, v[2] = 32767;
R(semctl(i, 0, SETALL, a));
struct sembuf m = {2, 1, 0}, z = {1, 0, 0}, t = {0, 0, 0};
R(semop(i, &m, 1));
R(semop(i, &z, 1));
struct timespec s = {0, 10000000}, bad = {0, -1};
R(semtimedop(i, &t, 1, &s));
R(semtimedop(i, &t, 1, &bad));
t.sem_op = -1;
R(semtimedop(i, &t, 1, &s));
t.sem_op = 1;
R(semtimedop(i, &t, 1, 0));
t.sem_op = 0;
t.sem_flg = IPC_NOWAIT;
R(semtimedop(i, &t, 1, &s));
R(semctl(i, 0, GETNCNT));
R(semctl(i, 0, GETZCNT));
struct semid_ds d;
a.buf = &d;
R(semctl(i, 0, IPC_STAT, a));
printf("%lu %o\n", (long)d.sem_nsems, d.sem_perm.mode);
OK(d.sem_otime > 1700000000 && d.sem_ctime > 1700000000);
d.sem_perm.mode = 0644;
R(semctl(i, 0, IPC_SET, a));
m.sem_num = 3;
R(semop(i, &m, 1));
R(semop(i, &m, 0));
R(semop(i, &m, 501));
R(semop(i, BAD, 1));
R(semop(-1, &m, 1));
R(semctl(i, 3, GETVAL));
a.val = 40000;
R(semctl(i, 0, SETVAL, a));
R(semctl(i, 0, IPC_RMID));
R(semctl(i, 0, GETVAL));
R(semget(IPC_PRIVATE, 0, IPC_CREAT | 0600));
R(semget(IPC_PRIVATE, 32001, IPC_CREAT | 0600));
R(semget(IPC_PRIVATE, -1, IPC_CREAT | 0600));
R(semget(0x5e1f0002, 1, 0));

//// semaphores_waited_for
#include <sys/sem.h>
static int i, r[5];
static void *other(void *p) {
    struct sembuf up = {0, 3, 0}, down = {1, -1, 0}, last = {2, -1, 0};
    while ((r[0] = semctl(i, 0, GETNCNT)) != 1) usleep(1000);
    r[1] = semop(i, &up, 1);
    r[2] = semop(i, &down, 1);
    r[3] = semop(i, &last, 1);
    r[4] = errno;
    return 0;
}
////
pthread_t t;
i = semget(IPC_PRIVATE, 3, IPC_CREAT | 0600);
pthread_create(&t, 0, other, 0);
R(semop(i, &(struct sembuf){0, -2, 0}, 1));
R(semop(i, &(struct sembuf){1, 1, 0}, 1));
while (semctl(i, 2, GETNCNT) != 1) usleep(1000);
R(semctl(i, 2, GETNCNT));
R(semctl(i, 0, IPC_RMID));
pthread_join(t, 0);
for (int n = 0; n < 5; n++) R(r[n]);

//// message_queues
#include <sys/msg.h>
////
struct { long type; char text[64]; } m = {1, "one"}, g;
int i = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
R(i >= 0);
R(msgsnd(i, &m, 3, 0));
m.type = 5;
strcpy(m.text, "five");
R(msgsnd(i, &m, 4, 0));
m.type = 3;
strcpy(m.text, "three");
R(msgsnd(i, &m, 5, 0));
R(msgsnd(i, &m, 0, 0));
struct msqid_ds d;
R(msgctl(i, IPC_STAT, &d));
printf("%lu %lu %o\n", (long)d.msg_qnum, (long)d.msg_qbytes, d.msg_perm.mode);
OK(d.msg_lspid == getpid() && d.msg_lrpid == 0 && d.msg_stime > 1700000000 && d.msg_rtime == 0);
R(msgrcv(i, &g, 64, 5, 0));
text("five", g.text, 4);
R(msgrcv(i, &g, 64, -4, 0));
printf("%ld\n", g.type);
R(msgrcv(i, &g, 2, 0, 0));
R(msgrcv(i, &g, 2, 0, MSG_NOERROR));
text("cut", g.text, 2);
R(msgrcv(i, &g, 64, 3, MSG_EXCEPT | IPC_NOWAIT));
R(msgrcv(i, &g, 64, 0, 0));
R(msgrcv(i, &g, 64, 0, IPC_NOWAIT));
m.type = 0;
R(msgsnd(i, &m, 1, 0));
m.type = 1;
R(msgsnd(i, &m, 8193, 0));
R(msgsnd(i, BAD, 8, 0));
R(msgsnd(-1, &m, 8, 0));
static struct { long type; char text[8192]; } big = {1};
R(msgsnd(i, &big, 8192, 0));
R(msgsnd(i, &big, 8192, IPC_NOWAIT));
R(msgsnd(i, &big, 1, IPC_NOWAIT));
R(msgctl(i, IPC_STAT, &d));
R(d.msg_qnum);
d.msg_qbytes = 100;
d.msg_perm.mode = 0640;
R(msgctl(i, IPC_SET, &d));
R(msgctl(i, IPC_STAT, &d));
printf("%lu %o\n", (long)d.msg_qbytes, d.msg_perm.mode);
R(msgrcv(i, &big, -1, 0, 0));
R(msgrcv(i, BAD, 8192, 0, 0));
R(msgctl(i, IPC_RMID, 0));
R(msgctl(i, IPC_STAT, &d));
R(msgsnd(i, &m, 8, 0));
R(msgget(0x5e1f0003, 0));

//// messages_waited_for
#include <sys/msg.h>
static int i, r[2];
static void *other(void *p) {
    struct { long type; char text[8]; } m = {4, "late"};
    usleep(20000);
    r[0] = msgsnd(i, &m, 4, 0);
    usleep(300000);
    r[1] = msgctl(i, IPC_RMID, 0);
    return 0;
}
////
pthread_t t;
struct { long type; char text[8]; } m = {0};
i = msgget(0x5e1f0004, IPC_CREAT | 0600);
OK(msgget(0x5e1f0004, 0600) == i);
R(msgget(0x5e1f0004, IPC_CREAT | IPC_EXCL | 0600));
pthread_create(&t, 0, other, 0);
R(msgrcv(i, &m, 8, 4, 0));
text("late", m.text, 4);
R(msgrcv(i, &m, 8, 9, 0));
pthread_join(t, 0);
R(r[0]);
R(r[1]);

//// posix_queues
#include <mqueue.h>
static volatile int told;
static void handler(int n) { told++; }
////
struct mq_attr a = {.mq_maxmsg = 3, .mq_msgsize = 20}, g;
unsigned p = 0;
char b[64] = "";
mq_unlink("/elfhaven-corpus");
int q = mq_open("/elfhaven-corpus", O_CREAT | O_EXCL | O_RDWR, 0600, &a);
R(q >= 0);
R(fcntl(q, F_GETFD));
R(mq_open("/elfhaven-corpus", O_CREAT | O_EXCL | O_RDWR, 0600, &a));
R(mq_getattr(q, &g));
printf("%ld %ld %ld %ld\n", g.mq_flags, g.mq_maxmsg, g.mq_msgsize, g.mq_curmsgs);
struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
signal(SIGUSR1, handler);
R(mq_notify(q, &e));
R(mq_notify(q, &e));
R(mq_send(q, "low", 3, 1));
R(told);
R(mq_send(q, "high", 4, 9));
R(mq_send(q, "low too", 7, 1));
R(told);
struct pollfd f = {q, POLLIN | POLLOUT, 0};
R(poll(&f, 1, 0));
R(f.revents);
g.mq_flags = O_NONBLOCK;
R(mq_setattr(q, &g, 0));
R(mq_send(q, "full", 4, 1));
R(mq_receive(q, b, 64, &p));
text("first", b, 4);
R(p);
R(mq_receive(q, b, 19, &p));
R(mq_receive(q, b, 20, &p));
text("second", b, 3);
R(mq_receive(q, b, 20, 0));
text("third", b, 7);
R(mq_receive(q, b, 20, 0));
g.mq_flags = 0;
R(mq_setattr(q, &g, &a));
R(a.mq_flags == O_NONBLOCK);
struct timespec t = {1000, 0}, bad = {0, -1};
R(mq_timedreceive(q, b, 20, 0, &t));
R(mq_timedreceive(q, b, 20, 0, &bad));
R(mq_send(q, b, 21, 0));
R(mq_send(q, b, 1, 32768));
R(mq_send(q, "", 0, 0));
R(mq_receive(q, b, 20, 0));
int r = mq_open("/elfhaven-corpus", O_RDONLY);
R(mq_send(r, "x", 1, 0));
R(mq_send(q, "through", 7, 0));
R(mq_receive(r, b, 20, 0));
R(mq_notify(q, &e));
R(mq_notify(q, 0));
R(mq_notify(q, &e));
R(mq_unlink("/elfhaven-corpus"));
R(mq_unlink("/elfhaven-corpus"));
R(mq_open("/elfhaven-corpus", O_RDWR));
R(mq_send(q, "still", 5, 0));
R(mq_receive(r, b, 20, 0));
R(mq_close(q));
R(mq_close(r));
R(mq_getattr(q, &g));
R(mq_notify(0, &e));
a.mq_maxmsg = 0;
R(mq_open("/elfhaven-corpus", O_CREAT | O_RDWR, 0600, &a));

//// posix_queue_waited_for
#include <mqueue.h>
static int q;
static void *other(void *p) {
    usleep(20000);
    mq_send(q, "late", 4, 2);
    return 0;
}
////
pthread_t t;
struct mq_attr a = {.mq_maxmsg = 1, .mq_msgsize = 8};
char b[8];
q = mq_open("/elfhaven-corpus-2", O_CREAT | O_RDWR, 0600, &a);
R(mq_unlink("/elfhaven-corpus-2"));
pthread_create(&t, 0, other, 0);
R(mq_receive(q, b, 8, 0));
text("late", b, 4);
pthread_join(t, 0);
