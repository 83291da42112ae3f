// SPDX-License-Identifier: BSD-2-Clause
// The user on whose behalf a session is opened: the kernel derives USER and GROUP logins from the thread.
#pragma once
#include <stdbool.h>

#include "protocol.h"

struct identity {
    u32 uid, gid, count;
    u32 groups[BRIDGE_GROUPS];
};

// This thread's effective identity becomes `who`; false where the bridge does not run as root.
bool identity_assume(const struct identity *who);
void identity_resume(void);
