// SPDX-License-Identifier: BSD-2-Clause
// invoke UUID COUNT: opens a session of /dev/tee0 and invokes command 0 COUNT times, which a container refuses at
// once; prints nanoseconds an invocation. What TEEC_InvokeCommand does, without its library.
#include <fcntl.h>
#include <linux/tee.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void parse(const char *text, uint8_t uuid[16]) {
    for (int i = 0; i < 16 && *text; i++, text += 2) {
        text += *text == '-';
        char pair[3] = {text[0], text[1], 0};
        uuid[i] = (uint8_t)strtoul(pair, 0, 16);
    }
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: invoke UUID COUNT\n");
        return 2;
    }
    int tee = open("/dev/tee0", O_RDWR);
    struct tee_ioctl_open_session_arg session = {0};
    struct tee_ioctl_buf_data opening = {(uintptr_t)&session, sizeof session};
    parse(argv[1], session.uuid);
    if (tee < 0 || ioctl(tee, TEE_IOC_OPEN_SESSION, &opening) || session.ret) {
        fprintf(stderr, "invoke: no session: %#x\n", session.ret);
        return 1;
    }
    long count = atol(argv[2]);
    double start = now();
    for (long i = 0; i < count; i++) {
        struct tee_ioctl_invoke_arg call = {.session = session.session};
        struct tee_ioctl_buf_data data = {(uintptr_t)&call, sizeof call};
        if (ioctl(tee, TEE_IOC_INVOKE, &data) || !call.ret) {
            fprintf(stderr, "invoke: not refused\n");
            return 1;
        }
    }
    printf("%.1f\n", (now() - start) / (double)count * 1e9);
    return 0;
}
