// SPDX-License-Identifier: BSD-2-Clause
// Service mode: commands from 0x1000 on reach code in the image. The program asks for the next command by a
// pseudo call, answers it by another, and is parked in between. While it serves a command the control block
// is not there: delegated calls give EIO, and a program that ends leaves its client TARGET_DEAD.
#include "memory.h"
#include "rt.h"
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

u32 eh_service_enter(const struct eh_entry *e, u32 function) {
    if (eh_life != LIFE_IDLE)
        return TEE_ERROR_BAD_STATE;
    service.command = (struct command){function, e->session, e->command, e->types, {0}};
    memcpy(service.command.params, e->params, sizeof e->params);
    service.raw = e->raw;
    service.busy = service.fresh = 1;
    eh_life = LIFE_RUNNING;
    wire_detach();
    lend(1);
    eh_resume();
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
