// SPDX-License-Identifier: BSD-2-Clause
// Signals that have come and wait, each with what its receiver is told of it.
#pragma once
#include "rt.h"

enum { SI_USER = 0, SI_QUEUE = -1, SI_TIMER = -2, SI_TKILL = -6, SI_KERNEL = 0x80 };

struct eh_siginfo {
    u32 number;
    s32 code;
    u32 first, second; // sender's process and user; of a timer: its number and how often it ran out in vain
    u64 value;
};

// A thread 0 stands for the process: any thread may take what waits for it.
u64 pending_of(const struct eh_context *c);
int pending_add(struct eh_context *c, const struct eh_siginfo *info); // 1: no room for what it tells
u32 pending_take(struct eh_context *c, u64 set, struct eh_siginfo *info); // of the thread, then the process; 0: none
void pending_forget(u64 set); // for whomever they wait
void pending_end(struct eh_context *c); // the thread ends: what waited for it is lost
struct eh_siginfo *pending_timer(u32 timer); // what waits of it; 0: nothing
