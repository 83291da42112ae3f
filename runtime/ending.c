// SPDX-License-Identifier: BSD-2-Clause
// The end of the program: by itself, by a signal, by the runtime.
#include "audit.h"
#include "children.h"
#include "files.h"
#include "signals.h"
#include "thread.h"

s64 sys_exit(struct eh_context *c) {
    if (children_forked(c))
        children_end(c, ((u32)c->x[0] & 255) << 8);
    if (!thread_others())
        eh_exit((u32)c->x[0] & 255);
    trace_call(c, c->x, c->x[8], TRACE_INSIDE, 0);
    thread_exit(c);
}

s64 sys_exit_group(struct eh_context *c) {
    if (children_forked(c))
        children_end(c, ((u32)c->x[0] & 255) << 8);
    eh_exit((u32)c->x[0] & 255);
}

void eh_exit(u32 status) {
    trace_call(eh_current, eh_current->x, eh_current->x[8], TRACE_INSIDE, 0);
    eh_end(status);
}

void eh_end(u32 status) {
    sealed_end();
    if (!eh_service_busy()) // the record could not be handed over: the log stays open
        audit_end(status);
    wire_finish(status, 0, 0);
}

void eh_fatal(u32 code, u64 value) { wire_finish(0, code, value); }
