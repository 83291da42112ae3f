// SPDX-License-Identifier: BSD-2-Clause
// A client of the hello world TA over the ioctls alone. Its argument is the number to increment.
#include <fcntl.h>
#include <linux/tee.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static const unsigned char UUID[16] = {0x8a, 0xaa, 0xf2, 0x00, 0x24, 0x50, 0x11, 0xe4,
                                       0xab, 0xe2, 0x00, 0x02, 0xa5, 0xd5, 0xc5, 0x1b};
static int tee;

static void submit(unsigned long request, void *argument, unsigned long size)
{
    struct tee_ioctl_buf_data data = {(unsigned long)argument, size};
    if (ioctl(tee, request, &data)) {
        perror("ioctl");
        exit(1);
    }
}

struct invocation {
    struct tee_ioctl_invoke_arg arg;
    struct tee_ioctl_param params[4];
};

static struct invocation increment(unsigned session, unsigned long kind, unsigned long number)
{
    struct invocation call = {{.func = 0, .session = session, .cancel_id = 1, .num_params = 4}};
    call.params[0] = (struct tee_ioctl_param){.attr = kind, .a = number};
    submit(TEE_IOC_INVOKE, &call, sizeof call);
    return call;
}

int main(int argc, char **argv)
{
    tee = open("/dev/tee0", O_RDWR);
    struct tee_ioctl_open_session_arg opening = {.clnt_login = TEE_IOCTL_LOGIN_PUBLIC};
    memcpy(opening.uuid, UUID, 16);
    submit(TEE_IOC_OPEN_SESSION, &opening, sizeof opening);
    printf("opened %x\n", opening.ret);
    struct invocation call = increment(opening.session, TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT, atoi(argv[1]));
    printf("incremented %x %llu\n", call.arg.ret, call.params[0].a);
    call = increment(opening.session, TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT, 1);
    printf("wrong types 0 %x from %u\n", call.arg.ret, call.arg.ret_origin);
    struct tee_ioctl_close_session_arg end = {opening.session};
    return ioctl(tee, TEE_IOC_CLOSE_SESSION, &end) != 0;
}
