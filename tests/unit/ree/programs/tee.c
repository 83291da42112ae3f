// SPDX-License-Identifier: BSD-2-Clause
// A client of a TA over the ioctls alone. Its argument is the TA's UUID; the TA is the tests' probe.
#include <errno.h>
#include <fcntl.h>
#include <linux/tee.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ECHO = 0, SPIN = 5, WATCH = 9 }; // of the probe
static int tee;
static unsigned char uuid[16];

struct call {
    union {
        struct tee_ioctl_open_session_arg open;
        struct tee_ioctl_invoke_arg invoke;
    };
    struct tee_ioctl_param params[4];
};

static int submit(unsigned long request, void *argument, unsigned long size)
{
    struct tee_ioctl_buf_data data = {(unsigned long)argument, size};
    return ioctl(tee, request, &data);
}

static int open_session(unsigned login, unsigned group, unsigned *session, unsigned *result)
{
    struct tee_ioctl_open_session_arg arg = {.clnt_login = login};
    memcpy(arg.uuid, uuid, 16);
    memcpy(arg.clnt_uuid, &group, 4);
    int status = submit(TEE_IOC_OPEN_SESSION, &arg, sizeof arg);
    *session = arg.session;
    *result = arg.ret;
    return status ? -errno : 0;
}

static int invoke(unsigned session, unsigned command, struct tee_ioctl_param *params, unsigned *result)
{
    struct {
        struct tee_ioctl_invoke_arg arg;
        struct tee_ioctl_param params[4];
    } call = {{command, session, 1, 0, 0, 4}};
    memcpy(call.params, params, sizeof call.params);
    int status = submit(TEE_IOC_INVOKE, &call, sizeof call);
    memcpy(params, call.params, sizeof call.params);
    *result = call.arg.ret;
    return status ? -errno : 0;
}

static unsigned session, watched;
static volatile unsigned *word;

static void *watch(void *id)
{
    struct tee_ioctl_param params[4] = {{TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT},
                                        {TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT, 0, 4096, (long)id}};
    unsigned result;
    int status = invoke(watched, WATCH, params, &result);
    printf("watched %d %x\n", status, result);
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 0; i < 16; i++)
        sscanf(argv[1] + 2 * i, "%2hhx", &uuid[i]);
    tee = open("/dev/tee0", O_RDWR);
    struct tee_ioctl_version_data version;
    ioctl(tee, TEE_IOC_VERSION, &version);
    printf("version %u %u %x\n", version.impl_id, version.impl_caps, version.gen_caps);
    unsigned result, other;
    int status = open_session(TEE_IOCTL_LOGIN_PUBLIC, 0, &session, &result);
    printf("public %d %x\n", status, result);
    status = open_session(TEE_IOCTL_LOGIN_USER, 0, &other, &result);
    if (argc > 2) { // a call that does not end
        struct tee_ioctl_param none[4] = {{0}};
        return invoke(session, SPIN, none, &result);
    }
    printf("user %d %x\n", status, result);
    status = open_session(TEE_IOCTL_LOGIN_GROUP, getegid(), &other, &result);
    printf("group %d %x\n", status, result);
    printf("other group %d\n", open_session(TEE_IOCTL_LOGIN_GROUP, 4000000000u, &other, &result));
    printf("application %d\n", open_session(TEE_IOCTL_LOGIN_APPLICATION, 0, &other, &result));
    printf("kernel %d\n", open_session(TEE_IOCTL_LOGIN_REE_KERNEL, 0, &other, &result));
    struct tee_ioctl_param params[4] = {{0}};
    printf("no session %d\n", invoke(0x7777, ECHO, params, &result));
    params[0] = (struct tee_ioctl_param){TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT, 0x1234, 41, 0};
    status = invoke(session, ECHO, params, &result);
    printf("echo %d %x: %llx %llu\n", status, result, params[0].a, params[0].b);

    char *memory = aligned_alloc(4096, 3 * 4096);
    struct tee_ioctl_shm_register_data mine = {(unsigned long)memory + 100, 8192, 0, 0};
    int fd = ioctl(tee, TEE_IOC_SHM_REGISTER, &mine);
    printf("registered %d %lld\n", fd > 2, (long long)mine.length);
    struct tee_ioctl_shm_register_data constant = {(unsigned long)main & -4096ul, 4096, 0, 0};
    printf("read-only %d %d\n", ioctl(tee, TEE_IOC_SHM_REGISTER, &constant), errno == EFAULT);
    struct tee_ioctl_shm_alloc_data fresh = {.size = 5000};
    int fresh_fd = ioctl(tee, TEE_IOC_SHM_ALLOC, &fresh);
    char *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fresh_fd, 0);
    strcpy(pages, "from the client");
    struct tee_ioctl_param beyond[4] = {{TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, 4096, 8192, mine.id}};
    printf("beyond %d\n", invoke(session, ECHO, beyond, &result));
    struct tee_ioctl_param unknown[4] = {{0x200}};
    printf("unknown %d\n", invoke(session, ECHO, unknown, &result));

    open_session(TEE_IOCTL_LOGIN_PUBLIC, 0, &watched, &result);
    word = (unsigned *)pages;
    memset(pages, 0, 4096);
    pthread_t thread;
    pthread_create(&thread, 0, watch, (void *)(long)fresh.id);
    usleep(30000);
    *word = 1;
    pthread_join(thread, 0);

    close(fd);
    printf("written by the TA %u\n", word[2]);
    struct tee_ioctl_param closed[4] = {{TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, 0, 16, mine.id}};
    printf("closed %d\n", invoke(session, ECHO, closed, &result));
    struct tee_ioctl_close_session_arg end = {session};
    printf("close %d", ioctl(tee, TEE_IOC_CLOSE_SESSION, &end));
    printf(" again %d\n", ioctl(tee, TEE_IOC_CLOSE_SESSION, &end));
    return 0; // one session and some memory are left open
}
