// SPDX-License-Identifier: BSD-2-Clause
// Made by tools/generate_bridge.py from elfhaven.calls.linux: do not edit.
#pragma once
#include "container.h"

struct agent;
struct request;

struct call_row {
    u32 call; // Linux's number
    u8 scalars, paths, input, output; // what of a slot the call uses
    u8 file; // the first scalar is a file's number
    s64 (*handler)(struct agent *, struct request *);
};

#define CALL_ROWS 33
extern const struct call_row call_rows[CALL_ROWS];

// The row of a call's number; NULL for one that is not delegated.
const struct call_row *call_row(u32 call);

s64 sys_chdir(struct agent *agent, struct request *request);
s64 sys_close(struct agent *agent, struct request *request);
s64 sys_faccessat(struct agent *agent, struct request *request);
s64 sys_fallocate(struct agent *agent, struct request *request);
s64 sys_fcntl(struct agent *agent, struct request *request);
s64 sys_fdatasync(struct agent *agent, struct request *request);
s64 sys_fstat(struct agent *agent, struct request *request);
s64 sys_fsync(struct agent *agent, struct request *request);
s64 sys_ftruncate(struct agent *agent, struct request *request);
s64 sys_getdents64(struct agent *agent, struct request *request);
s64 sys_ioctl(struct agent *agent, struct request *request);
s64 sys_lseek(struct agent *agent, struct request *request);
s64 sys_mkdirat(struct agent *agent, struct request *request);
s64 sys_newfstatat(struct agent *agent, struct request *request);
s64 sys_openat(struct agent *agent, struct request *request);
s64 sys_ppoll(struct agent *agent, struct request *request);
s64 sys_pread64(struct agent *agent, struct request *request);
s64 sys_pwrite64(struct agent *agent, struct request *request);
s64 sys_read(struct agent *agent, struct request *request);
s64 sys_readlinkat(struct agent *agent, struct request *request);
s64 sys_renameat2(struct agent *agent, struct request *request);
s64 sys_statx(struct agent *agent, struct request *request);
s64 sys_truncate(struct agent *agent, struct request *request);
s64 sys_unlinkat(struct agent *agent, struct request *request);
s64 sys_write(struct agent *agent, struct request *request);
