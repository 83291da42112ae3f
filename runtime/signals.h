// SPDX-License-Identifier: BSD-2-Clause
// Signals of the program to itself: by its threads, its timers, and calls that fail. They reach it at its calls and, in
// a stoppable image, at its checks.
#pragma once
#include "pending.h"

int signal_waits(const struct eh_context *c); // whether one ends a wait of the thread now
// A handler runs next, if one has to: the thread's registers are set so. `again`: x0 of a call that was
// interrupted and may be made again; otherwise 0.
void signal_enter_call(struct eh_context *c, const u64 *again);
int signal_enter_check(struct eh_context *c); // the same at a check; 1: leave by eh_sys_return
u32 signal_take(struct eh_context *c, u64 set, struct eh_siginfo *info); // one that waits for it; 0: none
s64 signal_send(struct eh_context *to, const struct eh_siginfo *info); // 0: to the process; -EAGAIN: no room

// A call waits with another mask: it lies at an address of the program (0: there is none), of `size` bytes.
s64 signal_mask(struct eh_context *c, u64 address, u64 size); // -EFAULT, -EINVAL
void signal_mask_back(struct eh_context *c);                  // no handler runs before the old one holds again

struct eh_action *signal_actions(void); // what is done about each signal
void eh_killed(u32 signal) EH_NORETURN; // a signal ends the program

// timers.c
u64 timer_next(void);      // the first expiry; NO_DEADLINE: none
void timer_fire(u64 now);  // nanoseconds of time_monotonic
void timer_told(const struct eh_siginfo *info); // a signal of a timer is told to the program
