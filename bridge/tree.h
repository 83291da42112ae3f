// SPDX-License-Identifier: BSD-2-Clause
// Calls that name paths, and struct stat as arm64 programs see it.
#pragma once
#include <sys/stat.h>

#include "agent.h"

s64 tree_put_stat(const struct stat *found, struct request *request); // 0, or -EINVAL without room
s64 tree_statx(struct agent *agent, struct request *request);
