// SPDX-License-Identifier: BSD-2-Clause
// One connection, from its HELLO to its end.
#pragma once

// Serves frames until the stream ends or a rule is broken, then writes a byte to `ended` (unless -1) and ends
// the process, even where a call is stuck in the TEE. `directory`: where TA files go.
_Noreturn void serve(int in, int out, int ended, const char *directory);
