// SPDX-License-Identifier: BSD-2-Clause
// Being asked from outside: a word of the control block that the normal world may set while the TA runs. It is
// looked at after each call, while the program sleeps, and, in a stoppable program, at checks that the packer put
// into its loops (eh_poll). All that it can bring about is the program's end or a moment outside, which the
// normal world could have anyway by not coming back.
//
// Where the program has other threads or a timer runs, the checks look at a word that is always set, and after so many
// of them time passes and another thread has its turn.
#include "audit.h"
#include "signals.h"
#include "thread.h"
#include "wire.h"

enum { CHECKS_A_TURN = 5000 };
static const u32 nothing = 0, something = 1;
static const volatile u32 *asked_at;
const volatile u32 *eh_stop;
s32 eh_checks;

void poll_changed(void) {
    int turns = thread_others() || timer_next() != NO_DEADLINE;
    eh_stop = turns ? &something : asked_at;
    eh_checks = turns ? CHECKS_A_TURN : 0;
}

void poll_at(const volatile u32 *stop) {
    asked_at = stop ? stop : &nothing;
    poll_changed();
}

void poll_asked(void) {
    u32 asked = *asked_at; // once
    if (asked == EH_STOP_LEAVE)
        wire_leave(EH_STATE_POLLED);
    else if (asked && asked <= EH_STOP_SIGNALS) {
        wire_killed(asked);
        eh_end(128 + asked);
    }
}

void eh_poll_c(struct eh_context *c) {
    c->fp_saved = 0;
    poll_asked();
    thread_check();
    int handler = signal_waits(c) && signal_enter_check(c);
    poll_changed();
    eh_check_stack();
    if (eh_current->fp_saved)
        eh_fp_load(eh_current->fp);
    if (handler)
        eh_sys_return();
}
