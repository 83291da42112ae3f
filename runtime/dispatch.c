// SPDX-License-Identifier: BSD-2-Clause
// One call of the program, from its registers to its result.
#include "audit.h"
#include "process.h"
#include "signals.h"
#include "thread.h"

static int pseudo(struct eh_context *c, s64 *result) {
    switch (c->x[8]) {
    case EH_COUNTER_CALL:
        *result = (s64)time_counter();
        return 1;
    case EH_SERVICE_NEXT:
        *result = eh_service_next(c);
        return 1;
    case EH_SERVICE_REPLY:
        *result = eh_service_reply(c);
        return 1;
    case EH_SERVICE_UTEE:
        *result = eh_service_utee(c);
        return 1;
    default:
        return 0;
    }
}

// Calls that Linux makes again when a handler with SA_RESTART has interrupted them.
static int restarts(const struct eh_context *c, u64 number) {
    enum { FCNTL = 25, IOCTL = 29, FLOCK = 32, READ = 63, WRITEV = 66, SENDFILE = 71, SPLICE = 76, WAITID = 95 };
    enum { FUTEX = 98, ACCEPT = 202, CONNECT = 203, SENDTO = 206, RECVFROM = 207, SENDMSG = 211, RECVMSG = 212 };
    enum { ACCEPT4 = 242, RECVMMSG = 243, WAIT4 = 260, SENDMMSG = 269 };
    static const u16 numbers[] = {FCNTL,  IOCTL,    FLOCK,   SENDFILE, SPLICE,  WAITID,   FUTEX, ACCEPT,  CONNECT,
                                  SENDTO, RECVFROM, SENDMSG, RECVMSG,  ACCEPT4, RECVMMSG, WAIT4, SENDMMSG};
    int found = number >= READ && number <= WRITEV;
    for (u32 i = 0; i < sizeof numbers / sizeof *numbers; i++)
        found |= number == numbers[i];
    return found && !c->once;
}

static s64 serve(struct eh_context *c, const struct eh_call *call) {
    s64 (*handler)(struct eh_context *) = (void *)((u64)eh_call_table + (u64)(s64)call->handler);
    if (call->handler)
        return handler(c);
    return call->refusal ? -(s64)call->refusal : -ENOSYS;
}

static u32 where_served(const struct eh_context *c, const struct eh_call *call, u64 denials, u64 delegated) {
    if (c->denials != denials)
        return TRACE_DENIED;
    if (!call->handler)
        return TRACE_ABSENT;
    return c->delegated != delegated ? TRACE_DELEGATED : TRACE_INSIDE;
}

void eh_dispatch(struct eh_context *c) {
    u64 number = c->x[8], args[6], denials = c->denials, delegated = c->delegated;
    c->fp_saved = c->once = 0;
    memcpy(args, c->x, sizeof args);
    s64 result;
    if (!pseudo(c, &result)) {
        static const struct eh_call absent;
        const struct eh_call *call = number < EH_CALLS ? &eh_call_table[number] : &absent;
        result = serve(c, call);
        u32 where = where_served(c, call, denials, delegated);
        eh_counts.served += where == TRACE_INSIDE;
        trace_call(c, args, number, where, result);
    }
    if (result != -EINTR)
        signal_mask_back(c);
    c->x[0] = (u64)result;
    poll_asked();
    thread_turn();
    if (signal_waits(c) || c->suspended)
        signal_enter_call(c, result == -EINTR && restarts(c, number) ? args : 0);
    eh_check_stack();
    if (eh_current->fp_saved)
        eh_fp_load(eh_current->fp);
}
