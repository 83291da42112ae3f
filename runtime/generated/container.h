// SPDX-License-Identifier: BSD-2-Clause
// Made by tools/generate.py from elfhaven.abi.container: do not edit.

#pragma once
#include "../types.h"

#define EH_CONTROL_MAGIC 0x31434845ull
#define EH_CONFIG_MAGIC 0x3147464331434845ull
#define EH_POLICY_MAGIC 0x32504845ull
#define EH_VERSION 0x1ull
#define EH_SLOT_COUNT 0x20ull
#define EH_CONTROL_MIN_SIZE 0x4000ull
#define EH_STRINGS_MAX 0x200000ull
#define EH_STOP_SIGNALS 0x40ull
#define EH_STOP_LEAVE 0x100ull
#define EH_MAX_SEGMENTS 0x70ull
#define EH_MAX_IMAGES 0x30ull
#define EH_TREE_MAGIC 0x31544845ull
#define EH_SLOTS_OFFSET 0x100ull
#define EH_CHILD_SIGNAL 0x100ull

enum {
    EH_RULE_FILES_READ = 0,
    EH_RULE_FILES_WRITE = 1,
    EH_RULE_FILES_PINNED = 2,
    EH_RULE_ARGS = 3,
    EH_RULE_ENV = 4,
    EH_RULE_AUDIT = 5,
    EH_RULE_ANSWERS = 6,
    EH_RULE_FILES_LIBRARIES = 7,
    EH_RULE_NET_CONNECT = 8,
    EH_RULE_NET_LISTEN = 9,
    EH_RULE_FILES_SEALED = 10,
    EH_RULE_PROGRAMS = 11,
    EH_RULE_PIPES = 12,
    EH_RULE_FORK = 13,
    EH_RULE_COUNT = 14,
};

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

enum {
    EH_CONFIG_FLAG_DEBUG = 1,
    EH_CONFIG_FLAG_SERVICE = 2,
    EH_CONFIG_FLAG_AUDIT_REQUIRED = 4,
    EH_CONFIG_FLAG_STOPPABLE = 8,
    EH_CONFIG_FLAG_TA = 16,
};

enum {
    EH_LOG_KIND_AUDIT = 1,
    EH_LOG_KIND_TRACE = 2,
    EH_LOG_KIND_MESSAGE = 3,
};

enum {
    EH_VERIFY_PHASE_BEGIN = 0,
    EH_VERIFY_PHASE_MORE = 1,
    EH_VERIFY_PHASE_END = 2,
};

enum {
    EH_VERDICT_CLOSED = 0,
    EH_VERDICT_OPEN = 1,
    EH_VERDICT_BROKEN = 2,
    EH_VERDICT_TRUNCATED = 3,
    EH_VERDICT_UNKNOWN = 4,
};

enum {
    EH_FATAL_BAD_CONFIG = 1,
    EH_FATAL_NO_MEMORY = 2,
    EH_FATAL_PROTOCOL = 3,
    EH_FATAL_DEADLOCK = 4,
    EH_FATAL_AUDIT = 5,
    EH_FATAL_UNSUPPORTED = 6,
};

enum {
    EH_RULE_KIND_READ = 1,
    EH_RULE_KIND_WRITE = 2,
};

enum {
    EH_NET_KIND_CONNECT = 1,
    EH_NET_KIND_LISTEN = 2,
};

enum {
    EH_NET_FAMILY_ANY = 0,
    EH_NET_FAMILY_UNIX = 1,
    EH_NET_FAMILY_IPV4 = 2,
    EH_NET_FAMILY_IPV6 = 10,
};

enum {
    EH_RULE_FLAG_RELATIVE = 1,
    EH_RULE_FLAG_TREE = 2,
    EH_RULE_FLAG_SEALED = 4,
};

enum {
    EH_ARGV_MODE_ANY = 0,
    EH_ARGV_MODE_FIXED = 1,
};

enum {
    EH_SPAWN_KIND_NONE = 0,
    EH_SPAWN_KIND_FILE = 1,
    EH_SPAWN_KIND_PIPE = 2,
    EH_SPAWN_KIND_DEVICE = 3,
};

enum {
    EH_SPAWN_FLAG_WRITES = 1,
    EH_SPAWN_FLAG_NONBLOCK = 2,
    EH_SPAWN_FLAG_OTHER_NONBLOCK = 4,
    EH_SPAWN_FLAG_OTHER = 8,
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

struct eh_segment {
    u64 address;
    u64 size;
    u32 protection;
    u32 image;
};
_Static_assert(sizeof(struct eh_segment) == 24, "eh_segment");
_Static_assert(__builtin_offsetof(struct eh_segment, address) == 0, "address");
_Static_assert(__builtin_offsetof(struct eh_segment, size) == 8, "size");
_Static_assert(__builtin_offsetof(struct eh_segment, protection) == 16, "protection");
_Static_assert(__builtin_offsetof(struct eh_segment, image) == 20, "image");

struct eh_image {
    u64 base;
    u64 span;
    u64 file_size;
    char name[104];
};
_Static_assert(sizeof(struct eh_image) == 128, "eh_image");
_Static_assert(__builtin_offsetof(struct eh_image, base) == 0, "base");
_Static_assert(__builtin_offsetof(struct eh_image, span) == 8, "span");
_Static_assert(__builtin_offsetof(struct eh_image, file_size) == 16, "file_size");
_Static_assert(__builtin_offsetof(struct eh_image, name) == 24, "name");

struct eh_config {
    u64 magic;
    u32 version;
    u32 flags;
    u64 entry;
    u64 phdr;
    u32 phnum;
    u32 image_count;
    u64 program_entry;
    u64 interpreter_base;
    u64 stack_size;
    u64 memory_limit;
    u64 policy;
    u64 policy_size;
    u32 segment_count;
    u32 hwcap;
    u64 checks;
    u64 tree;
    u64 tree_size;
    u64 reserved;
};
_Static_assert(sizeof(struct eh_config) == 128, "eh_config");
_Static_assert(__builtin_offsetof(struct eh_config, magic) == 0, "magic");
_Static_assert(__builtin_offsetof(struct eh_config, version) == 8, "version");
_Static_assert(__builtin_offsetof(struct eh_config, flags) == 12, "flags");
_Static_assert(__builtin_offsetof(struct eh_config, entry) == 16, "entry");
_Static_assert(__builtin_offsetof(struct eh_config, phdr) == 24, "phdr");
_Static_assert(__builtin_offsetof(struct eh_config, phnum) == 32, "phnum");
_Static_assert(__builtin_offsetof(struct eh_config, image_count) == 36, "image_count");
_Static_assert(__builtin_offsetof(struct eh_config, program_entry) == 40, "program_entry");
_Static_assert(__builtin_offsetof(struct eh_config, interpreter_base) == 48, "interpreter_base");
_Static_assert(__builtin_offsetof(struct eh_config, stack_size) == 56, "stack_size");
_Static_assert(__builtin_offsetof(struct eh_config, memory_limit) == 64, "memory_limit");
_Static_assert(__builtin_offsetof(struct eh_config, policy) == 72, "policy");
_Static_assert(__builtin_offsetof(struct eh_config, policy_size) == 80, "policy_size");
_Static_assert(__builtin_offsetof(struct eh_config, segment_count) == 88, "segment_count");
_Static_assert(__builtin_offsetof(struct eh_config, hwcap) == 92, "hwcap");
_Static_assert(__builtin_offsetof(struct eh_config, checks) == 96, "checks");
_Static_assert(__builtin_offsetof(struct eh_config, tree) == 104, "tree");
_Static_assert(__builtin_offsetof(struct eh_config, tree_size) == 112, "tree_size");
_Static_assert(__builtin_offsetof(struct eh_config, reserved) == 120, "reserved");

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

struct eh_spawn_fd {
    u32 kind;
    u32 flags;
    u32 number;
    u32 other;
    u32 pending;
    u32 reserved;
};
_Static_assert(sizeof(struct eh_spawn_fd) == 24, "eh_spawn_fd");
_Static_assert(__builtin_offsetof(struct eh_spawn_fd, kind) == 0, "kind");
_Static_assert(__builtin_offsetof(struct eh_spawn_fd, flags) == 4, "flags");
_Static_assert(__builtin_offsetof(struct eh_spawn_fd, number) == 8, "number");
_Static_assert(__builtin_offsetof(struct eh_spawn_fd, other) == 12, "other");
_Static_assert(__builtin_offsetof(struct eh_spawn_fd, pending) == 16, "pending");
_Static_assert(__builtin_offsetof(struct eh_spawn_fd, reserved) == 20, "reserved");

struct eh_trace_record {
    u32 call;
    u32 where;
    u64 args[6];
    s64 result;
    u32 thread;
    u32 strings;
};
_Static_assert(sizeof(struct eh_trace_record) == 72, "eh_trace_record");
_Static_assert(__builtin_offsetof(struct eh_trace_record, call) == 0, "call");
_Static_assert(__builtin_offsetof(struct eh_trace_record, where) == 4, "where");
_Static_assert(__builtin_offsetof(struct eh_trace_record, args) == 8, "args");
_Static_assert(__builtin_offsetof(struct eh_trace_record, result) == 56, "result");
_Static_assert(__builtin_offsetof(struct eh_trace_record, thread) == 64, "thread");
_Static_assert(__builtin_offsetof(struct eh_trace_record, strings) == 68, "strings");

struct eh_policy {
    u32 magic;
    u32 size;
    u32 argv_mode;
    u32 argv_count;
    u32 argv_offset;
    u32 argv_size;
    u32 env_count;
    u32 env_offset;
    u32 rule_count;
    u32 rule_offset;
    u32 pinned_count;
    u32 pinned_offset;
    u32 net_count;
    u32 net_offset;
    u32 haven_offset;
    u32 haven_length;
    u32 program_count;
    u32 program_offset;
    u32 pipes;
    u32 reserved;
};
_Static_assert(sizeof(struct eh_policy) == 80, "eh_policy");
_Static_assert(__builtin_offsetof(struct eh_policy, magic) == 0, "magic");
_Static_assert(__builtin_offsetof(struct eh_policy, size) == 4, "size");
_Static_assert(__builtin_offsetof(struct eh_policy, argv_mode) == 8, "argv_mode");
_Static_assert(__builtin_offsetof(struct eh_policy, argv_count) == 12, "argv_count");
_Static_assert(__builtin_offsetof(struct eh_policy, argv_offset) == 16, "argv_offset");
_Static_assert(__builtin_offsetof(struct eh_policy, argv_size) == 20, "argv_size");
_Static_assert(__builtin_offsetof(struct eh_policy, env_count) == 24, "env_count");
_Static_assert(__builtin_offsetof(struct eh_policy, env_offset) == 28, "env_offset");
_Static_assert(__builtin_offsetof(struct eh_policy, rule_count) == 32, "rule_count");
_Static_assert(__builtin_offsetof(struct eh_policy, rule_offset) == 36, "rule_offset");
_Static_assert(__builtin_offsetof(struct eh_policy, pinned_count) == 40, "pinned_count");
_Static_assert(__builtin_offsetof(struct eh_policy, pinned_offset) == 44, "pinned_offset");
_Static_assert(__builtin_offsetof(struct eh_policy, net_count) == 48, "net_count");
_Static_assert(__builtin_offsetof(struct eh_policy, net_offset) == 52, "net_offset");
_Static_assert(__builtin_offsetof(struct eh_policy, haven_offset) == 56, "haven_offset");
_Static_assert(__builtin_offsetof(struct eh_policy, haven_length) == 60, "haven_length");
_Static_assert(__builtin_offsetof(struct eh_policy, program_count) == 64, "program_count");
_Static_assert(__builtin_offsetof(struct eh_policy, program_offset) == 68, "program_offset");
_Static_assert(__builtin_offsetof(struct eh_policy, pipes) == 72, "pipes");
_Static_assert(__builtin_offsetof(struct eh_policy, reserved) == 76, "reserved");

struct eh_policy_env {
    u32 name_offset;
    u32 name_length;
    u32 value_offset;
    u32 value_length;
};
_Static_assert(sizeof(struct eh_policy_env) == 16, "eh_policy_env");
_Static_assert(__builtin_offsetof(struct eh_policy_env, name_offset) == 0, "name_offset");
_Static_assert(__builtin_offsetof(struct eh_policy_env, name_length) == 4, "name_length");
_Static_assert(__builtin_offsetof(struct eh_policy_env, value_offset) == 8, "value_offset");
_Static_assert(__builtin_offsetof(struct eh_policy_env, value_length) == 12, "value_length");

struct eh_policy_rule {
    u32 kind;
    u32 flags;
    u32 path_offset;
    u32 path_length;
};
_Static_assert(sizeof(struct eh_policy_rule) == 16, "eh_policy_rule");
_Static_assert(__builtin_offsetof(struct eh_policy_rule, kind) == 0, "kind");
_Static_assert(__builtin_offsetof(struct eh_policy_rule, flags) == 4, "flags");
_Static_assert(__builtin_offsetof(struct eh_policy_rule, path_offset) == 8, "path_offset");
_Static_assert(__builtin_offsetof(struct eh_policy_rule, path_length) == 12, "path_length");

struct eh_policy_net {
    u16 kind;
    u16 family;
    u16 port_first;
    u16 port_last;
    u32 flags;
    u32 prefix;
    u8 address[16];
    u32 path_offset;
    u32 path_length;
};
_Static_assert(sizeof(struct eh_policy_net) == 40, "eh_policy_net");
_Static_assert(__builtin_offsetof(struct eh_policy_net, kind) == 0, "kind");
_Static_assert(__builtin_offsetof(struct eh_policy_net, family) == 2, "family");
_Static_assert(__builtin_offsetof(struct eh_policy_net, port_first) == 4, "port_first");
_Static_assert(__builtin_offsetof(struct eh_policy_net, port_last) == 6, "port_last");
_Static_assert(__builtin_offsetof(struct eh_policy_net, flags) == 8, "flags");
_Static_assert(__builtin_offsetof(struct eh_policy_net, prefix) == 12, "prefix");
_Static_assert(__builtin_offsetof(struct eh_policy_net, address) == 16, "address");
_Static_assert(__builtin_offsetof(struct eh_policy_net, path_offset) == 32, "path_offset");
_Static_assert(__builtin_offsetof(struct eh_policy_net, path_length) == 36, "path_length");

struct eh_policy_pinned {
    u32 flags;
    u32 block_shift;
    u64 size;
    u32 path_offset;
    u32 path_length;
    u32 hash_offset;
    u32 hash_count;
};
_Static_assert(sizeof(struct eh_policy_pinned) == 32, "eh_policy_pinned");
_Static_assert(__builtin_offsetof(struct eh_policy_pinned, flags) == 0, "flags");
_Static_assert(__builtin_offsetof(struct eh_policy_pinned, block_shift) == 4, "block_shift");
_Static_assert(__builtin_offsetof(struct eh_policy_pinned, size) == 8, "size");
_Static_assert(__builtin_offsetof(struct eh_policy_pinned, path_offset) == 16, "path_offset");
_Static_assert(__builtin_offsetof(struct eh_policy_pinned, path_length) == 20, "path_length");
_Static_assert(__builtin_offsetof(struct eh_policy_pinned, hash_offset) == 24, "hash_offset");
_Static_assert(__builtin_offsetof(struct eh_policy_pinned, hash_count) == 28, "hash_count");

struct eh_policy_program {
    u32 flags;
    u32 path_offset;
    u32 path_length;
    u32 file_offset;
    u32 file_length;
    u8 uuid[16];
    u32 reserved;
};
_Static_assert(sizeof(struct eh_policy_program) == 40, "eh_policy_program");
_Static_assert(__builtin_offsetof(struct eh_policy_program, flags) == 0, "flags");
_Static_assert(__builtin_offsetof(struct eh_policy_program, path_offset) == 4, "path_offset");
_Static_assert(__builtin_offsetof(struct eh_policy_program, path_length) == 8, "path_length");
_Static_assert(__builtin_offsetof(struct eh_policy_program, file_offset) == 12, "file_offset");
_Static_assert(__builtin_offsetof(struct eh_policy_program, file_length) == 16, "file_length");
_Static_assert(__builtin_offsetof(struct eh_policy_program, uuid) == 20, "uuid");
_Static_assert(__builtin_offsetof(struct eh_policy_program, reserved) == 36, "reserved");

struct eh_tree {
    u32 magic;
    u32 size;
    u32 count;
    u32 entries;
};
_Static_assert(sizeof(struct eh_tree) == 16, "eh_tree");
_Static_assert(__builtin_offsetof(struct eh_tree, magic) == 0, "magic");
_Static_assert(__builtin_offsetof(struct eh_tree, size) == 4, "size");
_Static_assert(__builtin_offsetof(struct eh_tree, count) == 8, "count");
_Static_assert(__builtin_offsetof(struct eh_tree, entries) == 12, "entries");

struct eh_tree_entry {
    u32 flags;
    u32 block_shift;
    u64 size;
    u32 path_offset;
    u32 path_length;
    u32 hash_offset;
    u32 hash_count;
    u32 mode;
    u32 reserved;
};
_Static_assert(sizeof(struct eh_tree_entry) == 40, "eh_tree_entry");
_Static_assert(__builtin_offsetof(struct eh_tree_entry, flags) == 0, "flags");
_Static_assert(__builtin_offsetof(struct eh_tree_entry, block_shift) == 4, "block_shift");
_Static_assert(__builtin_offsetof(struct eh_tree_entry, size) == 8, "size");
_Static_assert(__builtin_offsetof(struct eh_tree_entry, path_offset) == 16, "path_offset");
_Static_assert(__builtin_offsetof(struct eh_tree_entry, path_length) == 20, "path_length");
_Static_assert(__builtin_offsetof(struct eh_tree_entry, hash_offset) == 24, "hash_offset");
_Static_assert(__builtin_offsetof(struct eh_tree_entry, hash_count) == 28, "hash_count");
_Static_assert(__builtin_offsetof(struct eh_tree_entry, mode) == 32, "mode");
_Static_assert(__builtin_offsetof(struct eh_tree_entry, reserved) == 36, "reserved");
