// SPDX-License-Identifier: BSD-2-Clause
// A command that runs for one connection, and ends with it.
#pragma once

// Takes COMMAND, runs the command and carries its input and output until it has ended or the stream has; then
// writes a byte to `ended` (unless -1) and ends the process.
_Noreturn void run_command(int in, int out, int ended);
