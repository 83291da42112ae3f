// SPDX-License-Identifier: BSD-2-Clause
// The program as a process: identity, signals, time.
#pragma once
#include "thread.h"
#include "wire.h"

void process_init(u64 stack_size);
void signal_raise(u32 number); // with the default action, a signal may end the program
void time_init(void);
u64 time_monotonic(void); // nanoseconds; the resolution is a millisecond
u64 time_now(int realtime);
s64 time_sleep(u64 nanoseconds); // of the calling thread; 0 or -EINTR
void time_nap(u64 nanoseconds);   // of all: at most a moment
s64 time_read(u64 address, u64 *nanoseconds); // a timespec of the program; -EFAULT, -EINVAL
u64 time_counter(void);                       // what cntvct_el0 would say at 62.5 MHz
int process_other(u64 pid); // it names neither 0 nor the program
void identity_init(void);
enum { RLIMITS = 16 };
struct eh_process {
    u32 umask;
    u64 limits[RLIMITS][2];
};
struct eh_process *process_state(void);
u32 process_umask(void);
u64 process_most_files(void); // RLIMIT_NOFILE
