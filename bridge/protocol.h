// SPDX-License-Identifier: BSD-2-Clause
// Made by tools/generate_bridge.py from elfhaven.abi.bridge: do not edit.
#pragma once
#include "types.h"

#define BRIDGE_MAGIC 0x31484245u
#define BRIDGE_VERSION 0x2u
#define BRIDGE_FRAME_MAX 0x300000u
#define BRIDGE_PARAMS 0x4u
#define BRIDGE_HANDLES 0x80u
#define BRIDGE_SHARED_MAX 0x10000000u
#define BRIDGE_TA_MAX 0x10000000u
#define BRIDGE_CALLS 0xfu
#define BRIDGE_GROUPS 0x20u
#define BRIDGE_INPUT_MAX 0x8000u
#define BRIDGE_WORDS 0x100u
#define BRIDGE_BLOCK 0x100u
#define BRIDGE_NO_CALL 0xffffffffu
#define BRIDGE_WHOLE_ANSWER 0x200u

enum {
    KIND_HELLO = 1,
    KIND_OPEN = 2,
    KIND_INVOKE = 3,
    KIND_CLOSE = 4,
    KIND_CANCEL = 5,
    KIND_ALLOCATE = 6,
    KIND_RELEASE = 7,
    KIND_WRITE = 8,
    KIND_INSTALL = 9,
    KIND_LOG = 10,
    KIND_PROGRAM = 11,
    KIND_STORED = 12,
    KIND_DONE = 13,
    KIND_COMMAND = 64,
    KIND_INPUT = 65,
    KIND_WELCOME = 129,
    KIND_DATA = 130,
    KIND_REPLY = 131,
    KIND_TEXT = 132,
    KIND_ERROR = 133,
    KIND_NEWS = 134,
    KIND_ERRANDS = 135,
    KIND_ENDED = 136,
    KIND_STARTED = 192,
    KIND_OUTPUT = 193,
    KIND_ERRORS = 194,
    KIND_EXITED = 195,
};

enum {
    BROKEN_FRAME = 1,
    BROKEN_ORDER = 2,
    BROKEN_VERSION = 3,
    BROKEN_HANDLE = 4,
    BROKEN_LIMIT = 5,
    BROKEN_DIED = 6,
};

enum {
    REACH_READ = 1,
    REACH_WRITE = 2,
    REACH_PINNED = 3,
    REACH_WAY = 4,
};

struct bridge_frame {
    u32 magic;
    u32 kind;
    u32 id;
    u32 size;
};
_Static_assert(sizeof(struct bridge_frame) == 16, "bridge_frame");

struct bridge_hello {
    u64 nonce;
    u32 version;
    u32 uid;
    u32 gid;
    u32 groups;
};
_Static_assert(sizeof(struct bridge_hello) == 24, "bridge_hello");

struct bridge_welcome {
    u64 nonce;
    u32 version;
    u32 implementation;
    u32 implementation_capabilities;
    u32 capabilities;
    char directory[256];
};
_Static_assert(sizeof(struct bridge_welcome) == 280, "bridge_welcome");

struct bridge_param {
    u32 type;
    u32 handle;
    u64 a;
    u64 b;
};
_Static_assert(sizeof(struct bridge_param) == 24, "bridge_param");

struct bridge_open {
    char uuid[16];
    u32 login;
    u32 group;
    u32 cancel_id;
    u32 reserved;
};
_Static_assert(sizeof(struct bridge_open) == 32, "bridge_open");

struct bridge_invoke {
    u32 session;
    u32 command;
    u32 cancel_id;
    u32 reserved;
};
_Static_assert(sizeof(struct bridge_invoke) == 16, "bridge_invoke");

struct bridge_name {
    u32 name;
    u32 reserved;
};
_Static_assert(sizeof(struct bridge_name) == 8, "bridge_name");

struct bridge_cancel {
    u32 session;
    u32 cancel_id;
};
_Static_assert(sizeof(struct bridge_cancel) == 8, "bridge_cancel");

struct bridge_allocate {
    u64 size;
};
_Static_assert(sizeof(struct bridge_allocate) == 8, "bridge_allocate");

struct bridge_piece {
    u32 handle;
    u32 reserved;
    u64 offset;
};
_Static_assert(sizeof(struct bridge_piece) == 16, "bridge_piece");

struct bridge_install {
    char uuid[16];
    u64 total;
    u64 offset;
};
_Static_assert(sizeof(struct bridge_install) == 32, "bridge_install");

struct bridge_reply {
    u32 code;
    u32 origin;
    u32 value;
    u32 errno_number;
    u64 outputs[8];
};
_Static_assert(sizeof(struct bridge_reply) == 80, "bridge_reply");

struct bridge_error {
    u32 code;
    u32 reserved;
};
_Static_assert(sizeof(struct bridge_error) == 8, "bridge_error");

struct bridge_program {
    u32 session;
    u32 start_flags;
    u32 strings;
    u32 strings_size;
    u32 argc;
    u32 envc;
    u32 rules;
    u32 reserved;
    char log_id[16];
};
_Static_assert(sizeof(struct bridge_program) == 48, "bridge_program");

struct bridge_rule {
    u32 kind;
    u32 tree;
    u32 length;
    u32 reserved;
};
_Static_assert(sizeof(struct bridge_rule) == 16, "bridge_rule");

struct bridge_news {
    u32 store;
    u32 reserved;
};
_Static_assert(sizeof(struct bridge_news) == 8, "bridge_news");

struct bridge_report {
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
};
_Static_assert(sizeof(struct bridge_report) == 88, "bridge_report");

struct bridge_errands {
    u32 count;
    u32 wait;
};
_Static_assert(sizeof(struct bridge_errands) == 8, "bridge_errands");

struct bridge_errand {
    u32 slot;
    u32 id;
    u32 call;
    u32 capacity;
    u64 args[6];
    u32 length;
    u32 reserved;
};
_Static_assert(sizeof(struct bridge_errand) == 72, "bridge_errand");

struct bridge_done {
    u32 slot;
    u32 length;
    s64 result;
    u64 value;
};
_Static_assert(sizeof(struct bridge_done) == 24, "bridge_done");

struct bridge_ended {
    u32 code;
    u32 origin;
    u32 errno_number;
    u32 last_call;
    u32 counts;
    u32 reserved;
};
_Static_assert(sizeof(struct bridge_ended) == 24, "bridge_ended");

struct bridge_count {
    u32 call;
    u32 reserved;
    u64 count;
};
_Static_assert(sizeof(struct bridge_count) == 16, "bridge_count");

struct bridge_command {
    u64 nonce;
    u32 terminal;
    u32 words;
};
_Static_assert(sizeof(struct bridge_command) == 16, "bridge_command");

struct bridge_started {
    u64 nonce;
};
_Static_assert(sizeof(struct bridge_started) == 8, "bridge_started");

struct bridge_exited {
    u32 status;
    u32 reserved;
};
_Static_assert(sizeof(struct bridge_exited) == 8, "bridge_exited");
