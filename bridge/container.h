// SPDX-License-Identifier: BSD-2-Clause
// Made by tools/generate_bridge.py from elfhaven.abi.container and elfhaven.abi.linux: do not edit.

#pragma once
#include "types.h"

#define EH_CONTROL_MAGIC 0x31434845u
#define EH_VERSION 0x1u
#define EH_SLOT_COUNT 0x20u
#define EH_CONTROL_MIN_SIZE 0x4000u
#define EH_WINDOW_DEFAULT 0x200000u
#define EH_STRINGS_MAX 0x200000u
#define EH_STOP_LEAVE 0x100u
#define EH_SLOTS_OFFSET 0x100u
#define NO_FILE 0xffffffffu

#define LINUX_O_ACCMODE 0x3u
#define LINUX_O_RDONLY 0x0u
#define LINUX_O_WRONLY 0x1u
#define LINUX_O_RDWR 0x2u
#define LINUX_O_CREAT 0x40u
#define LINUX_O_EXCL 0x80u
#define LINUX_O_NOCTTY 0x100u
#define LINUX_O_TRUNC 0x200u
#define LINUX_O_APPEND 0x400u
#define LINUX_O_NONBLOCK 0x800u
#define LINUX_O_DSYNC 0x1000u
#define LINUX_O_DIRECTORY 0x4000u
#define LINUX_O_NOFOLLOW 0x8000u
#define LINUX_O_DIRECT 0x10000u
#define LINUX_O_LARGEFILE 0x20000u
#define LINUX_O_NOATIME 0x40000u
#define LINUX_O_CLOEXEC 0x80000u
#define LINUX_O_SYNC 0x101000u
#define LINUX_O_PATH 0x200000u
#define LINUX_O_TMPFILE 0x404000u
#define LINUX_AT_SYMLINK_NOFOLLOW 0x100u
#define LINUX_AT_REMOVEDIR 0x200u
#define LINUX_AT_EACCESS 0x200u
#define LINUX_AT_SYMLINK_FOLLOW 0x400u
#define LINUX_AT_NO_AUTOMOUNT 0x800u
#define LINUX_AT_EMPTY_PATH 0x1000u
#define LINUX_AT_STATX_SYNC_TYPE 0x6000u
#define LINUX_RENAME_NOREPLACE 0x1u
#define LINUX_RENAME_EXCHANGE 0x2u
#define LINUX_FALLOC_FL_KEEP_SIZE 0x1u
#define LINUX_PATH_MAX 0x1000u
#define LINUX_MAX_SYMLINKS 0x28u
#define LINUX_FLOCK_SIZE 0x20u
#define LINUX_TERMIOS_SIZE 0x24u
#define LINUX_WINSIZE_SIZE 0x8u
#define LINUX_STAT_SIZE 0x80u
#define LINUX_STATX_SIZE 0x100u
#define LINUX_F_GETFL 0x3u
#define LINUX_F_SETFL 0x4u
#define LINUX_F_GETLK 0x5u
#define LINUX_F_SETLK 0x6u
#define LINUX_F_SETLKW 0x7u
#define LINUX_TCGETS 0x5401u
#define LINUX_TIOCGWINSZ 0x5413u

enum {
    EH_COMMAND_START = 1,
    EH_COMMAND_RESUME = 2,
    EH_COMMAND_AUDIT_VERIFY = 3,
    EH_COMMAND_GIVE_KEY = 4,
    EH_COMMAND_SERVICE_FIRST = 4096,
};

enum {
    EH_STATE_NONE = 0,
    EH_STATE_REQUESTS = 1,
    EH_STATE_EXITED = 2,
    EH_STATE_FATAL = 3,
    EH_STATE_FLUSH = 4,
    EH_STATE_IDLE = 5,
    EH_STATE_POLLED = 6,
};

enum {
    EH_SLOT_STATE_FREE = 0,
    EH_SLOT_STATE_REQUESTED = 1,
    EH_SLOT_STATE_ANSWERED = 2,
};

enum {
    EH_START_FLAG_AUDIT = 1,
    EH_START_FLAG_TRACE = 2,
    EH_START_FLAG_AUDIT_CONTINUE = 4,
};

struct eh_control {
    u32 magic;
    u32 version;
    u32 size;
    u32 start_flags;
    u32 data_offset;
    u32 data_size;
    u32 log_offset;
    u32 log_size;
    u32 window_size;
    u32 argc;
    u32 envc;
    u32 umask;
    u32 pid;
    u32 ppid;
    u32 uid;
    u32 euid;
    u32 gid;
    u32 egid;
    char log_id[16];
    u32 stop;
    u32 reserved0[9];
    u32 state;
    u32 exit_status;
    u32 denied;
    u32 violated;
    u32 want_window;
    u32 log_used;
    u32 pending;
    u32 fatal_code;
    u64 fatal_value;
    u64 served;
    u64 delegated;
    u64 memory;
    u64 base;
    u64 patience;
    u64 exit_signal;
    u64 reserved1[5];
};
_Static_assert(sizeof(struct eh_control) == 256, "eh_control");
_Static_assert(__builtin_offsetof(struct eh_control, magic) == 0, "magic");
_Static_assert(__builtin_offsetof(struct eh_control, version) == 4, "version");
_Static_assert(__builtin_offsetof(struct eh_control, size) == 8, "size");
_Static_assert(__builtin_offsetof(struct eh_control, start_flags) == 12, "start_flags");
_Static_assert(__builtin_offsetof(struct eh_control, data_offset) == 16, "data_offset");
_Static_assert(__builtin_offsetof(struct eh_control, data_size) == 20, "data_size");
_Static_assert(__builtin_offsetof(struct eh_control, log_offset) == 24, "log_offset");
_Static_assert(__builtin_offsetof(struct eh_control, log_size) == 28, "log_size");
_Static_assert(__builtin_offsetof(struct eh_control, window_size) == 32, "window_size");
_Static_assert(__builtin_offsetof(struct eh_control, argc) == 36, "argc");
_Static_assert(__builtin_offsetof(struct eh_control, envc) == 40, "envc");
_Static_assert(__builtin_offsetof(struct eh_control, umask) == 44, "umask");
_Static_assert(__builtin_offsetof(struct eh_control, pid) == 48, "pid");
_Static_assert(__builtin_offsetof(struct eh_control, ppid) == 52, "ppid");
_Static_assert(__builtin_offsetof(struct eh_control, uid) == 56, "uid");
_Static_assert(__builtin_offsetof(struct eh_control, euid) == 60, "euid");
_Static_assert(__builtin_offsetof(struct eh_control, gid) == 64, "gid");
_Static_assert(__builtin_offsetof(struct eh_control, egid) == 68, "egid");
_Static_assert(__builtin_offsetof(struct eh_control, log_id) == 72, "log_id");
_Static_assert(__builtin_offsetof(struct eh_control, stop) == 88, "stop");
_Static_assert(__builtin_offsetof(struct eh_control, reserved0) == 92, "reserved0");
_Static_assert(__builtin_offsetof(struct eh_control, state) == 128, "state");
_Static_assert(__builtin_offsetof(struct eh_control, exit_status) == 132, "exit_status");
_Static_assert(__builtin_offsetof(struct eh_control, denied) == 136, "denied");
_Static_assert(__builtin_offsetof(struct eh_control, violated) == 140, "violated");
_Static_assert(__builtin_offsetof(struct eh_control, want_window) == 144, "want_window");
_Static_assert(__builtin_offsetof(struct eh_control, log_used) == 148, "log_used");
_Static_assert(__builtin_offsetof(struct eh_control, pending) == 152, "pending");
_Static_assert(__builtin_offsetof(struct eh_control, fatal_code) == 156, "fatal_code");
_Static_assert(__builtin_offsetof(struct eh_control, fatal_value) == 160, "fatal_value");
_Static_assert(__builtin_offsetof(struct eh_control, served) == 168, "served");
_Static_assert(__builtin_offsetof(struct eh_control, delegated) == 176, "delegated");
_Static_assert(__builtin_offsetof(struct eh_control, memory) == 184, "memory");
_Static_assert(__builtin_offsetof(struct eh_control, base) == 192, "base");
_Static_assert(__builtin_offsetof(struct eh_control, patience) == 200, "patience");
_Static_assert(__builtin_offsetof(struct eh_control, exit_signal) == 208, "exit_signal");
_Static_assert(__builtin_offsetof(struct eh_control, reserved1) == 216, "reserved1");

struct eh_slot {
    u32 id;
    u32 state;
    u32 call;
    u32 window;
    u64 args[6];
    s64 result;
    u64 value;
    u32 in_offset;
    u32 in_length;
    u32 out_offset;
    u32 out_capacity;
    u32 path_offset[2];
    u32 path_length[2];
    u64 reserved[2];
};
_Static_assert(sizeof(struct eh_slot) == 128, "eh_slot");
_Static_assert(__builtin_offsetof(struct eh_slot, id) == 0, "id");
_Static_assert(__builtin_offsetof(struct eh_slot, state) == 4, "state");
_Static_assert(__builtin_offsetof(struct eh_slot, call) == 8, "call");
_Static_assert(__builtin_offsetof(struct eh_slot, window) == 12, "window");
_Static_assert(__builtin_offsetof(struct eh_slot, args) == 16, "args");
_Static_assert(__builtin_offsetof(struct eh_slot, result) == 64, "result");
_Static_assert(__builtin_offsetof(struct eh_slot, value) == 72, "value");
_Static_assert(__builtin_offsetof(struct eh_slot, in_offset) == 80, "in_offset");
_Static_assert(__builtin_offsetof(struct eh_slot, in_length) == 84, "in_length");
_Static_assert(__builtin_offsetof(struct eh_slot, out_offset) == 88, "out_offset");
_Static_assert(__builtin_offsetof(struct eh_slot, out_capacity) == 92, "out_capacity");
_Static_assert(__builtin_offsetof(struct eh_slot, path_offset) == 96, "path_offset");
_Static_assert(__builtin_offsetof(struct eh_slot, path_length) == 104, "path_length");
_Static_assert(__builtin_offsetof(struct eh_slot, reserved) == 112, "reserved");

struct eh_open_reply {
    u32 mode;
    u32 reserved;
    u64 size;
    u64 device;
    u64 inode;
};
_Static_assert(sizeof(struct eh_open_reply) == 32, "eh_open_reply");
_Static_assert(__builtin_offsetof(struct eh_open_reply, mode) == 0, "mode");
_Static_assert(__builtin_offsetof(struct eh_open_reply, reserved) == 4, "reserved");
_Static_assert(__builtin_offsetof(struct eh_open_reply, size) == 8, "size");
_Static_assert(__builtin_offsetof(struct eh_open_reply, device) == 16, "device");
_Static_assert(__builtin_offsetof(struct eh_open_reply, inode) == 24, "inode");
