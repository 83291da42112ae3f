// SPDX-License-Identifier: BSD-2-Clause
// A client with threads: a call that another thread cancels, or a registration while all of the TEE is busy
// with calls that a third thread ends. Arguments: the UUID of the tests' probe, and what to do.
#include <errno.h>
#include <fcntl.h>
#include <linux/tee.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WATCH = 9, TWICE = 14, WAIT_ID = 7 }; // of the probe
enum { UNMASK_CANCELLATION = 10, WAIT = 12 };              // system calls of TAs
static const unsigned long PRIVATE = 10ul << 60;
static int tee;
static unsigned char uuid[16];
static unsigned session[2];
static volatile int done;
static struct tee_ioctl_shm_alloc_data memory = {.size = 8192};
static char *pages;

static int submit(unsigned long request, void *argument, unsigned long size)
{
    struct tee_ioctl_buf_data data = {(unsigned long)argument, size};
    return ioctl(tee, request, &data) ? -errno : 0;
}

static void open_session(unsigned *number)
{
    struct tee_ioctl_open_session_arg arg = {.clnt_login = TEE_IOCTL_LOGIN_PUBLIC};
    memcpy(arg.uuid, uuid, 16);
    submit(TEE_IOC_OPEN_SESSION, &arg, sizeof arg);
    *number = arg.session;
}

static unsigned invoke(unsigned number, unsigned command, unsigned cancel_id, unsigned long at)
{
    struct {
        struct tee_ioctl_invoke_arg arg;
        struct tee_ioctl_param params[2];
    } call = {{command, number, cancel_id, 0, 0, 2},
              {{TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT},
               {TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT, at, 4096, memory.id}}};
    int status = submit(TEE_IOC_INVOKE, &call, sizeof call);
    return status ? status : call.arg.ret;
}

static void *waits(void *unused)
{
    unsigned long *words = (void *)pages;
    memset(pages, 0, 4096);
    words[0] = UNMASK_CANCELLATION, words[1] = PRIVATE | 8192;
    words[9] = WAIT, words[10] = 0xffffffff;
    unsigned result = invoke(session[0], TWICE, WAIT_ID, 0);
    done = 1;
    printf("waited %x: %lx %lx\n", result, words[0], words[9]);
    return 0;
}

static void cancel(void)
{
    pthread_t thread;
    pthread_create(&thread, 0, waits, 0);
    struct tee_ioctl_cancel_arg arg = {WAIT_ID, session[0]};
    int status = 0;
    while (!done && !status) { // until the call has come so far
        usleep(20000);
        status = ioctl(tee, TEE_IOC_CANCEL, &arg);
    }
    pthread_join(thread, 0);
    printf("cancel %d\n", status);
}

static void *watches(void *index)
{
    printf("watched %x\n", invoke(session[(long)index], WATCH, 1, 4096 * (long)index));
    return 0;
}

static void *ends(void *unused)
{
    usleep(200000);
    *(volatile unsigned *)pages = 1;
    *(volatile unsigned *)(pages + 4096) = 1;
    return 0;
}

static void share(void)
{
    static char more[8192] __attribute__((aligned(4096)));
    pthread_t threads[3];
    pthread_create(&threads[0], 0, watches, (void *)0);
    pthread_create(&threads[1], 0, watches, (void *)1);
    pthread_create(&threads[2], 0, ends, 0);
    usleep(100000);
    struct tee_ioctl_shm_register_data mine = {(unsigned long)more, sizeof more, 0, 0};
    int fd = ioctl(tee, TEE_IOC_SHM_REGISTER, &mine);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], 0);
    printf("registered %d\n", fd > 2);
}

int main(int argc, char **argv)
{
    for (int i = 0; i < 16; i++)
        sscanf(argv[1] + 2 * i, "%2hhx", &uuid[i]);
    tee = open("/dev/tee0", O_RDWR);
    open_session(&session[0]);
    open_session(&session[1]);
    int fd = ioctl(tee, TEE_IOC_SHM_ALLOC, &memory);
    pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    strcmp(argv[2], "cancel") ? share() : cancel();
    return 0;
}
