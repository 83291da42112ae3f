// SPDX-License-Identifier: BSD-2-Clause
// Contexts. There is one thread yet; each will have a context and a stack of the runtime's, so that one can
// wait for an answer while another runs.
#include "audit.h"
#include "rt.h"

enum { STACK = 32768 };
#define CANARY 0x5ee05ee05ee05ee0ull

static struct {
    u64 stack[STACK / 8] __attribute__((aligned(16))); // stack[0] is a canary: the stack grows towards it
    struct eh_context context;
} first;
struct eh_context *eh_current;

void eh_thread_init(u32 tid) {
    first.stack[0] = CANARY;
    first.context.stack_top = (u64)&first.stack[STACK / 8];
    first.context.tid = tid;
    first.context.fp_saved = 1; // nothing to save before the program runs
    eh_current = &first.context;
}

void eh_fp_out(void) {
    if (eh_current->fp_saved)
        return;
    eh_fp_save(eh_current->fp);
    eh_current->fp_saved = 1;
}

void eh_check_stack(void) {
    if (first.stack[0] != CANARY)
        eh_fatal(EH_FATAL_UNSUPPORTED, first.context.x[8]);
}

void eh_exit(u32 status) {
    trace_call(eh_current, eh_current->x, eh_current->x[8], TRACE_INSIDE, 0);
    eh_end(status);
}

void eh_end(u32 status) {
    if (!eh_service_busy()) // the record could not be handed over: the log stays open
        audit_end(status);
    wire_finish(status, 0, 0);
}

void eh_fatal(u32 code, u64 value) { wire_finish(0, code, value); }
