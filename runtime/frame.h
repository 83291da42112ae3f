// SPDX-License-Identifier: BSD-2-Clause
// The frame that a handler finds on its stack, as Linux makes it on arm64, and the way back from it.
#pragma once
#include "pending.h"

enum { SIGSEGV = 11 };
enum { SA_ONSTACK = 0x08000000, SA_RESTART = 0x10000000, SA_NODEFER = 0x40000000 };
#define SA_RESETHAND 0x80000000ull

struct eh_action { // arm64 struct sigaction of the kernel
    u64 handler, flags, restorer, mask;
};

struct eh_signal {
    struct eh_siginfo info;
    u64 mask; // to be given back when the handler returns
    struct eh_action action;
};

enum { FRAME_CALL = 1, FRAME_CHECK, FRAME_BEGIN };

struct eh_where { // where the program is
    u32 kind;     // behind a call (there another handler may be about to begin), or at a check
    u32 restarts; // the call is made again
    u64 x0;       // its first argument
};

int frame_build(struct eh_context *c, const struct eh_signal *s, struct eh_where where); // -EFAULT: no stack
