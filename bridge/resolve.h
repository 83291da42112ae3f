// SPDX-License-Identifier: BSD-2-Clause
// From a path that a program names to a place that the policy allows: normal/linux/paths.py says how and why.
#pragma once
#include "policy.h"

// `name` in the directory open as `directory`; `path` is the real path of both.
struct place {
    int directory;
    bool slash; // the program wrote a slash behind it
    bool up;    // the last component as written is '..'; `name` is "." for "." and ".."
    char name[4096];
    char path[PATH_ROOM];
};

enum follow { STAY = 0, FOLLOW = 1, FOLLOW_SLASH = 2 }; // the last link: never, always, with a slash behind it

// The place that the absolute path `raw` of `length` bytes names: 0, or -errno and nothing is open. Nothing
// needs to exist there. An error is told where the policy allows the place, and is EACCES elsewhere.
int place_find(const struct policy *policy, const u8 *raw, size_t length, enum rule rule, enum follow follow,
               struct place *place);
void place_leave(struct place *place);

// 1 for a directory, 0 for something else, -errno.
int place_is_directory(const struct place *place);

// -ENOTDIR where a slash stands behind something that is there and is no directory; 0.
int place_as_written(const struct place *place);
