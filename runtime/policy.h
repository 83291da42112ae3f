// SPDX-License-Identifier: BSD-2-Clause
// The signed policy: what the program may ask of the normal world. What no rule names is denied.
#pragma once
#include "wire.h"

u32 policy_begin(const char *cwd, u32 cwd_length); // TEE_SUCCESS; BAD_PARAMETERS: the blob is damaged

enum {
    POLICY_LOOK = 0
}; // what a path is, not what it holds: also each directory on the way to what is allowed

// `want`: POLICY_LOOK, EH_RULE_KIND_READ or EH_RULE_KIND_WRITE. 0, or -EACCES with the rule noted as having
// denied.
s64 policy_path(const struct eh_path *path, u32 want);
// The same for a program that brings its system: *found is what of it is there; 0: the normal world is asked.
struct eh_tree_entry;
s64 policy_where(const struct eh_path *path, u32 want, int follows, const struct eh_tree_entry **found);
int policy_allows(const char *normal, u32 length, u32 want); // the same without noting; a normalised path
const struct eh_policy_pinned *policy_pin(const char *normal, u32 length); // 0: not a pinned file
int policy_sealed(const struct eh_path *path); // what lies there is a sealed file, or a directory
const u8 *policy_hash(const struct eh_policy_pinned *pin, u32 block);
int policy_covers(const char *rule, u32 rule_length, int tree, const char *path, u32 length); // pure

// policy_net.c: EH_NET_KIND_*. `address`: in network order. A name is that of an abstract Unix socket, '@' first.
int policy_net(u32 kind, u32 family, const u8 *address, u32 port);
int policy_net_path(u32 kind, const char *path, u32 length); // absolute
int policy_net_name(u32 kind, const char *name, u32 length);
const struct eh_policy_net *policy_net_rules(u32 *count);
const struct eh_policy_program *policy_programs(u32 *count); // what execve may start
int policy_pipes_open(void);
u32 policy_absolute(char *to, u32 flags, u32 offset, u32 length); // a rule's path, normal; 0: it does not fit
int policy_text_is(u32 offset, u32 size, const char *text, u32 length);

// The arguments that the program gets, each with its NUL; 0 when they are the caller's.
const char *policy_arguments(u32 *count, u32 *size);
u32 policy_environment_count(void);
const char *policy_environment(u32 index, u32 *length, const char **value,
                               u32 *value_length); // value 0: the caller's

// paths.c
u32 path_normalise(char *to, const char *path, u32 length); // absolute; the result's length, without a NUL
s64 path_join(struct eh_path *to, const char *base, u32 base_length); // to->text holds a relative path
s64 path_get(struct eh_path *to, u64 directory, u64 address); // from the program: absolute, not normalised
s64 path_empty(u64 address); // 1 the program's string is empty, 0 it is not, or -EFAULT
void path_set_cwd(const char *path, u32 length);
const char *path_cwd(u32 *length);
