// SPDX-License-Identifier: BSD-2-Clause
// Starting another packed program.
#pragma once
#include "wire.h"

s64 exec_allowed(struct eh_path *path); // by the policy: 0, -EACCES or -ENOENT; the path is made normal
// Asks the normal world for it, with the program's vectors, its directory and its three streams.
s64 exec_start(const struct eh_path *path, u32 pid, u64 argv, u64 envp);
