// SPDX-License-Identifier: BSD-2-Clause
// Other packed programs that the program starts.
#pragma once
#include "rt.h"

s64 children_vfork(struct eh_context *c);              // clone with CLONE_VM and CLONE_VFORK
int children_forked(const struct eh_context *c);       // it is a vfork that has not become a program yet
void children_end(struct eh_context *c, u32 status) EH_NORETURN; // of such a one; `status` as wait4 tells it
