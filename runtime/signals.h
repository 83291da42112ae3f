// SPDX-License-Identifier: BSD-2-Clause
// Signals of the program to itself: by its threads, its timers, and calls that fail. They reach it at its calls and, in
// a stoppable image, at its checks.
#pragma once
#include "rt.h"

int signal_waits(const struct eh_context *c); // whether one can be delivered to the thread now
// A handler runs next, if one has to: the thread's registers are set so. `restarts`: x0 of a call that was
// interrupted and may be made again; otherwise 0.
void signal_enter_call(struct eh_context *c, const u64 *restarts);
int signal_enter_check(struct eh_context *c); // the same at a check; 1: leave by eh_sys_return
void signal_to(struct eh_context *c, u32 number, s32 code);
void signal_raise_as(u32 number, s32 code); // to the process

struct eh_action *signal_actions(void); // what is done about each signal
void eh_killed(u32 signal) EH_NORETURN; // a signal ends the program

// timers.c
u64 timer_next(void);      // the first expiry; NO_DEADLINE: none
void timer_fire(u64 now);  // nanoseconds of time_monotonic
