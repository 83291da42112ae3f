// SPDX-License-Identifier: BSD-2-Clause
#include "tee.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tee.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>

static atomic_int under_way;

static int enter(int tee, unsigned long request, void *call) {
    atomic_fetch_add(&under_way, 1);
    int done = ioctl(tee, (int)request, call), number = errno;
    atomic_fetch_sub(&under_way, 1);
    errno = number;
    return done;
}

bool tee_busy(void) {
    return atomic_load(&under_way) > 0;
}

int tee_open(void) {
    return open("/dev/tee0", O_RDWR | O_CLOEXEC);
}

bool tee_version(int tee, struct tee_version *version) {
    struct tee_ioctl_version_data data;
    if (ioctl(tee, TEE_IOC_VERSION, &data))
        return false;
    *version = (struct tee_version){data.impl_id, data.impl_caps, data.gen_caps};
    return true;
}

// What libteec makes of an error of the kernel.
static struct tee_result refused(int number) {
    u32 code = number == ENOMEM   ? TEE_ERROR_OUT_OF_MEMORY
               : number == EINVAL ? TEE_ERROR_BAD_PARAMETERS
                                  : TEE_ERROR_GENERIC;
    return (struct tee_result){code, TEE_ORIGIN_COMMS, (u32)number};
}

static void to_kernel(struct tee_ioctl_param *to, const struct tee_param *from) {
    for (u32 i = 0; i < BRIDGE_PARAMS; i++)
        to[i] = (struct tee_ioctl_param){from[i].type, from[i].a, from[i].b, from[i].memory};
}

static void from_kernel(struct tee_param *to, const struct tee_ioctl_param *from) {
    for (u32 i = 0; i < BRIDGE_PARAMS; i++) {
        to[i].a = from[i].a;
        to[i].b = from[i].b;
    }
}

#define WITH_PARAMS(head) (sizeof(head) + BRIDGE_PARAMS * sizeof(struct tee_ioctl_param))

struct tee_result tee_open_session(int tee, const struct bridge_open *open, struct tee_param *params, u32 *session) {
    u64 room[WITH_PARAMS(struct tee_ioctl_open_session_arg) / sizeof(u64)] = {0};
    struct tee_ioctl_open_session_arg *call = (void *)room;
    struct tee_ioctl_buf_data data = {(u64)(uintptr_t)call, sizeof room};
    memcpy(call->uuid, open->uuid, sizeof call->uuid);
    memcpy(call->clnt_uuid, &open->group, sizeof open->group); // what GROUP logins are about
    call->clnt_login = open->login;
    call->cancel_id = open->cancel_id;
    call->num_params = BRIDGE_PARAMS;
    to_kernel(call->params, params);
    if (enter(tee, TEE_IOC_OPEN_SESSION, &data))
        return refused(errno);
    from_kernel(params, call->params);
    *session = call->session;
    return (struct tee_result){call->ret, call->ret_origin, 0};
}

struct tee_result tee_invoke(int tee, const struct bridge_invoke *invoke, struct tee_param *params) {
    u64 room[WITH_PARAMS(struct tee_ioctl_invoke_arg) / sizeof(u64)] = {0};
    struct tee_ioctl_invoke_arg *call = (void *)room;
    struct tee_ioctl_buf_data data = {(u64)(uintptr_t)call, sizeof room};
    call->func = invoke->command;
    call->session = invoke->session;
    call->cancel_id = invoke->cancel_id;
    call->num_params = BRIDGE_PARAMS;
    to_kernel(call->params, params);
    if (enter(tee, TEE_IOC_INVOKE, &data))
        return refused(errno);
    from_kernel(params, call->params);
    return (struct tee_result){call->ret, call->ret_origin, 0};
}

struct tee_result tee_close_session(int tee, u32 session) {
    struct tee_ioctl_close_session_arg call = {.session = session};
    return enter(tee, TEE_IOC_CLOSE_SESSION, &call) ? refused(errno) : (struct tee_result){0, 0, 0};
}

void tee_cancel(int tee, u32 session, u32 cancel_id) {
    struct tee_ioctl_cancel_arg call = {.cancel_id = cancel_id, .session = session};
    (void)ioctl(tee, TEE_IOC_CANCEL, &call); // the call may have ended: then there is nothing to cancel
}

int tee_share(int tee, void *memory, size_t size, u64 *id, struct tee_result *result) {
    struct tee_ioctl_shm_register_data data = {.addr = (u64)(uintptr_t)memory, .length = size};
    int fd = ioctl(tee, TEE_IOC_SHM_REGISTER, &data);
    *result = fd < 0 ? refused(errno) : (struct tee_result){0, 0, 0};
    *id = (u64)data.id;
    return fd;
}
