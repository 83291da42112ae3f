// SPDX-License-Identifier: BSD-2-Clause
// Which places of this file system a program may reach: normal/policy.py says the same for files of the caller.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "protocol.h"

#define PATH_ROOM 8192 // bytes: a real path and what a link adds to it

enum rule { FILES_READ, FILES_WRITE, FILES_LOOK };

// A path that a rule names, in one of its forms: as it is written, or where it really lies.
struct root {
    char *path;
    size_t length;
    u8 kind; // enum Reach
    bool tree, written;
};

struct policy {
    struct root *roots;
    size_t count, room;
};

// Takes `count` rules, each followed by its path; false where they are malformed or there is no memory. Links in
// the paths are resolved now, once.
bool policy_init(struct policy *policy, const u8 *rules, size_t size, u32 count);
void policy_free(struct policy *policy);

// Whether `rule` lets the program reach `path`, which is real: absolute, without links, '.' or '..'.
bool policy_allows(const struct policy *policy, enum rule rule, const char *path);

// Whether a rule for reading covers `path` as it is written: what the runtime says, which sees no links.
bool policy_names(const struct policy *policy, const char *path);

// Where `path` (absolute) really leads; what does not exist stays as it is written. False where it is too long.
bool real_path(const char *path, char to[PATH_ROOM]);
