// SPDX-License-Identifier: BSD-2-Clause
// Service mode: commands from 0x1000 on reach code in the image. The program asks for the next command by a
// pseudo call, answers it by another, and is parked in between. While it serves a command the control block
// is not there: delegated calls give EIO, and a program that ends leaves its client TARGET_DEAD.
//
// An image with EH_CONFIG_FLAG_TA is a TA of its own: it starts with its first session, every entry is a command of
// it, and no normal world is there to ask. It reaches the core by a third pseudo call.
#include "memory.h"
#include "rt.h"
#include "thread.h"
#include "wire.h"

enum { MEMREF_IN = 5, MEMREF_OUT = 6, MEMREF_INOUT = 7 };

struct command { // what the program gets
    u64 function, session, command, types, params[8];
};

static struct {
    int busy, fresh; // fresh: the command has not been handed over yet
    u64 target;      // the program's struct command
    u64 *raw;
    struct command command;
} service;

int eh_service_busy(void) { return service.busy; }

// The client's memory becomes the program's for the time of the command.
static void lend(u32 add) {
    for (u32 i = 0; i < 4; i++) {
        u32 type = service.command.types >> (4 * i) & 15;
        u64 start = service.command.params[2 * i],
            end = EH_PAGE_UP(start + service.command.params[2 * i + 1]);
        start = EH_PAGE_DOWN(start);
        if (type < MEMREF_IN || type > MEMREF_INOUT || start == end)
            continue;
        u32 protection = type == MEMREF_IN ? PROT_READ : PROT_READ | PROT_WRITE;
        if (add && vma_free(&eh_map, start, end))
            vma_insert(&eh_map, (struct eh_vma){start, end, protection, VMA_PARAMETER});
        else if (!add)
            vma_remove(&eh_map, start, end, VMA_RUNTIME);
    }
}

static void take(const struct eh_entry *e, u32 function) {
    service.command = (struct command){function, e->session, e->command, e->types, {0}};
    memcpy(service.command.params, e->params, sizeof e->params);
    service.raw = e->raw;
    service.busy = service.fresh = 1;
    eh_life = LIFE_RUNNING;
    wire_detach();
}

u32 eh_service_enter(const struct eh_entry *e, u32 function) {
    if (eh_life != LIFE_IDLE)
        return TEE_ERROR_BAD_STATE;
    take(e, function);
    eh_resume();
}

u32 eh_ta_enter(const struct eh_entry *e, u32 function) {
    static const char strings[] = "ta\0/"; // argv[0], the working directory
    if (eh_life != LIFE_NEW)
        return eh_service_enter(e, function);
    take(e, function);
    eh_start = (struct eh_start){.argc = 1, .umask = 077, .pid = 1};
    eh_thread_init(eh_start.pid);
    eh_entry = *e;
    eh_entry.params[4] = (u64)strings;
    eh_entry.params[5] = sizeof strings;
    eh_run_on(eh_current->stack_top, eh_start_run);
}

s64 eh_service_next(struct eh_context *c) {
    if (!(eh_config.head.flags & EH_CONFIG_FLAG_SERVICE))
        return -ENOSYS;
    if (service.busy && !service.fresh)
        return -EBUSY;
    if (!service.fresh) {
        eh_life = LIFE_IDLE;
        wire_leave(EH_STATE_IDLE);
    }
    service.fresh = 0;
    service.target = c->x[0];
    lend(1);
    return user_out(c->x[0], &service.command, sizeof service.command);
}

s64 eh_service_reply(struct eh_context *c) {
    struct command answer;
    if (!service.busy || service.fresh)
        return -EINVAL;
    if (user_in(&answer, service.target, sizeof answer))
        return -EFAULT;
    for (u32 i = 0; service.raw && i < 8; i++)
        if (service.command.params[i] != answer.params[i])
            service.raw[1 + i] = answer.params[i]; // values and lengths of output; the core checks them
    lend(0);
    service.busy = 0;
    eh_life = LIFE_IDLE;
    eh_fp_out();
    eh_leave((u32)c->x[0]);
    return 0;
}

int eh_is_ta(void) { return (eh_config.head.flags & EH_CONFIG_FLAG_TA) != 0; }

// x0: number of a utee call, x1: its eight words. Its TEE_Result.
s64 eh_service_utee(struct eh_context *c) {
    u64 w[8];
    if (!eh_is_ta())
        return -ENOSYS;
    if (!c->x[0]) // the way out belongs to the runtime
        return -EINVAL;
    if (user_in(w, c->x[1], sizeof w))
        return -EFAULT;
    return eh_svc(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], c->x[0]);
}

void eh_ta_end(u32 status, u32 code, u64 value) {
    char text[80] = "E/TA:  the program ended: status, fatal code, value ";
    u64 at = eh_length(text), words[3] = {status, code, value};
    for (u32 i = 0; i < 3; i++) {
        at += eh_print_unsigned(text + at, EH_MIN(words[i], 99999999ull));
        text[at++] = i < 2 ? ' ' : '\n';
    }
    utee_log(text, at);
    utee_panic(TEE_ERROR_TARGET_DEAD);
}
