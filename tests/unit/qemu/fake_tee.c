// SPDX-License-Identifier: BSD-2-Clause
// A TEE in place of bridge/tee.c, with one TA whose commands the tests name. Its memory ids are addresses.
// In a session with a TA whose UUID begins with 0xee the test is the TA: it gets each call as a struct entry over
// the socket FAKE_TA, reads and writes this process's memory, and answers with a result. With 0xee01 the TEE is
// busy while it does.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tee.h"

enum { INCREMENT = 1, AWAIT_CANCEL = 2, POKE = 3, SHORT = 4, HANG = 5, REFUSED = 6 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static u32 sessions, cancelled;
#define REMOTE 1000 // sessions from here on are with the test

struct entry {
    u32 command, session;
    u64 at[3], size[3]; // of the first three parameters; 0 where there is none
};

static bool counts;
static atomic_int inside;

bool tee_busy(void) {
    return counts && atomic_load(&inside) > 0;
}

static struct tee_result enter(const struct bridge_invoke *invoke, const struct tee_param *params) {
    int ta = atoi(getenv("FAKE_TA"));
    struct entry entry = {invoke->command, invoke->session, {0}, {0}};
    u32 code = 0xffff3024;
    for (u32 i = 0; i < 3; i++)
        if (params[i].type >= 5) {
            entry.at[i] = params[i].memory + params[i].a;
            entry.size[i] = params[i].b;
        }
    atomic_fetch_add(&inside, 1);
    ssize_t got = write(ta, &entry, sizeof entry) == sizeof entry ? -2 : 0;
    while (got == -2 || (got < 0 && errno == EINTR)) // a signal ends no call of a TEE
        got = read(ta, &code, sizeof code);
    if (got != sizeof code)
        code = 0xffff3024;
    atomic_fetch_sub(&inside, 1);
    return (struct tee_result){code, code ? 3 : 4, 0};
}

int tee_open(void) {
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

bool tee_version(int tee, struct tee_version *version) {
    (void)tee;
    *version = (struct tee_version){1, 1, 15};
    return true;
}

struct tee_result tee_open_session(int tee, const struct bridge_open *open, struct tee_param *params, u32 *session) {
    (void)tee;
    if ((u8)open->uuid[0] == 0xff)
        return (struct tee_result){0xffff0008, 3, 0};
    pthread_mutex_lock(&lock);
    counts = (u8)open->uuid[0] == 0xee && open->uuid[1] == 1;
    *session = ++sessions + ((u8)open->uuid[0] == 0xee ? REMOTE : 0);
    pthread_mutex_unlock(&lock);
    for (u32 i = 0; i < BRIDGE_PARAMS; i++)
        if (params[i].type == 2) {
            params[i].a = open->login;
            params[i].b = open->group;
        }
    return (struct tee_result){0, 4, 0};
}

static void increment(struct tee_param *param) {
    if (param->type == 2)
        param->a = 7, param->b = 8;
    if (param->type == 3)
        param->a++, param->b++;
    if (param->type == 6 || param->type == 7) {
        u8 *bytes = (u8 *)(uintptr_t)param->memory + param->a;
        for (u64 i = 0; i < param->b; i++)
            bytes[i]++;
    }
}

static struct tee_result await_cancel(u32 cancel_id) {
    pthread_mutex_lock(&lock);
    while (cancelled != cancel_id)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return (struct tee_result){0xffff0002, 4, 0};
}

struct tee_result tee_invoke(int tee, const struct bridge_invoke *invoke, struct tee_param *params) {
    (void)tee;
    if (invoke->session > REMOTE)
        return enter(invoke, params);
    switch (invoke->command) {
    case INCREMENT:
        for (u32 i = 0; i < BRIDGE_PARAMS; i++)
            increment(&params[i]);
        return (struct tee_result){0, 4, 0};
    case AWAIT_CANCEL: return await_cancel(invoke->cancel_id);
    case POKE: // parameter 1: what and where
        ((u8 *)(uintptr_t)params[0].memory)[params[0].a + params[1].b] = (u8)params[1].a;
        return (struct tee_result){0, 4, 0};
    case SHORT:
        params[0].b += 1;
        return (struct tee_result){0xffff0010, 4, 0};
    case HANG:
        for (;;)
            pause();
    case REFUSED: return (struct tee_result){TEE_ERROR_GENERIC, TEE_ORIGIN_COMMS, EIO};
    default: return (struct tee_result){0xffff000a, 4, 0};
    }
}

struct tee_result tee_close_session(int tee, u32 session) {
    (void)tee;
    (void)session;
    return (struct tee_result){0, 0, 0};
}

void tee_cancel(int tee, u32 session, u32 cancel_id) {
    (void)tee;
    (void)session;
    pthread_mutex_lock(&lock);
    cancelled = cancel_id;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

int tee_share(int tee, void *memory, size_t size, u64 *id, struct tee_result *result) {
    *id = (u64)(uintptr_t)memory;
    if (size == 13 << 20) { // a size that this TEE has no room for
        *result = (struct tee_result){TEE_ERROR_OUT_OF_MEMORY, TEE_ORIGIN_COMMS, ENOMEM};
        return -1;
    }
    *result = (struct tee_result){0, 0, 0};
    return dup(tee);
}
