// SPDX-License-Identifier: BSD-2-Clause
#include "policy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"

// --- real paths ---

static void drop_last(char *path) {
    char *slash = strrchr(path, '/');
    *(slash ? slash : path) = 0;
}

// Puts where the link at `path` leads before `rest`; false for what is no link, or has no room.
static bool follow(char *path, char rest[PATH_ROOM]) {
    char target[LINUX_PATH_MAX + 1];
    ssize_t length = readlink(path, target, sizeof target - 1);
    size_t left = strlen(rest) + 1;
    if (length <= 0 || (size_t)length + 1 + left > PATH_ROOM)
        return false;
    memmove(rest + length + 1, rest, left);
    memcpy(rest, target, (size_t)length);
    rest[length] = '/';
    if (target[0] == '/')
        path[0] = 0;
    else
        drop_last(path);
    return true;
}

// Cuts the first component off `rest`; its length, 0 at the end.
static size_t cut(char *rest, char component[PATH_ROOM]) {
    const char *start = rest + strspn(rest, "/");
    size_t length = strcspn(start, "/");
    memcpy(component, start, length);
    component[length] = 0;
    memmove(rest, start + length, strlen(start + length) + 1);
    return length;
}

bool real_path(const char *path, char to[PATH_ROOM]) {
    char rest[PATH_ROOM], component[PATH_ROOM];
    u32 links = 0;
    if (strlen(path) >= PATH_ROOM)
        return false;
    strcpy(rest, path);
    to[0] = 0;
    while (cut(rest, component)) {
        size_t length = strlen(to);
        if (!strcmp(component, ".."))
            drop_last(to);
        if (!strcmp(component, ".") || !strcmp(component, ".."))
            continue;
        if (length + 1 + strlen(component) >= PATH_ROOM)
            return false;
        to[length] = '/';
        strcpy(to + length + 1, component);
        if (links < LINUX_MAX_SYMLINKS && follow(to, rest))
            links++;
    }
    if (!to[0])
        strcpy(to, "/");
    return true;
}

// --- the roots ---

static bool add(struct policy *policy, const struct bridge_rule *rule, const char *path, bool written) {
    if (policy->count == policy->room) {
        size_t room = policy->room ? 2 * policy->room : 16;
        struct root *grown = realloc(policy->roots, room * sizeof *grown);
        if (!grown)
            return false;
        policy->roots = grown;
        policy->room = room;
    }
    struct root *root = &policy->roots[policy->count];
    *root = (struct root){strdup(path), strlen(path), (u8)rule->kind, rule->tree, written};
    policy->count += root->path != NULL;
    return root->path;
}

// A root as it is written, with its directory resolved, and resolved whole: the last may be a link.
static bool add_forms(struct policy *policy, const struct bridge_rule *rule, const char *path) {
    char form[PATH_ROOM], directory[PATH_ROOM];
    const char *name = strrchr(path, '/') + 1;
    if (!add(policy, rule, path, true))
        return false;
    if (real_path(path, form) && !add(policy, rule, form, false))
        return false;
    memcpy(directory, path, (size_t)(name - path));
    directory[name - path] = 0;
    if (!real_path(directory, form) || strlen(form) + 2 + strlen(name) > PATH_ROOM)
        return true;
    if (strcmp(form, "/"))
        strcat(form, "/");
    return add(policy, rule, strcat(form, name), false);
}

bool policy_init(struct policy *policy, const u8 *rules, size_t size, u32 count) {
    char path[LINUX_PATH_MAX];
    memset(policy, 0, sizeof *policy);
    for (u32 i = 0; i < count; i++) {
        struct bridge_rule rule;
        if (size < sizeof rule)
            return false;
        memcpy(&rule, rules, sizeof rule);
        size -= sizeof rule;
        rules += sizeof rule;
        if (rule.kind < REACH_READ || rule.kind > REACH_WAY || !rule.length || rule.length >= sizeof path ||
            rule.length > size || rules[0] != '/' || memchr(rules, 0, rule.length))
            return false;
        memcpy(path, rules, rule.length);
        path[rule.length] = 0;
        size -= rule.length;
        rules += rule.length;
        if (!add_forms(policy, &rule, path))
            return false;
    }
    return size == 0;
}

void policy_free(struct policy *policy) {
    for (size_t i = 0; i < policy->count; i++)
        free(policy->roots[i].path);
    free(policy->roots);
    memset(policy, 0, sizeof *policy);
}

// --- decisions ---

// Whether `path` is `root`, or lies under it where all that does belongs to the rule.
static bool covers(const struct root *root, const char *path) {
    if (!strcmp(path, root->path))
        return true;
    if (!root->tree || strncmp(path, root->path, root->length))
        return false;
    return root->path[root->length - 1] == '/' || path[root->length] == '/';
}

// Whether `path` is a directory on the way to `root`.
static bool leads_to(const char *path, const struct root *root) {
    size_t length = strlen(path);
    if (!strcmp(path, "/"))
        return root->length > 1;
    return length < root->length && !memcmp(path, root->path, length) && root->path[length] == '/';
}

// What lies in /proc/<pid> belongs to the processes of this system, and not to the program.
static bool of_a_process(const char *path) {
    if (strncmp(path, "/proc/", 6))
        return false;
    const char *name = path + 6;
    size_t length = strcspn(name, "/"), digits = 0;
    while (digits < length && isdigit((unsigned char)name[digits]))
        digits++;
    return (length && digits == length) || (length == 4 && !memcmp(name, "self", 4)) ||
           (length == 11 && !memcmp(name, "thread-self", 11));
}

static bool holds(const struct policy *policy, u32 kinds, const char *path) {
    for (size_t i = 0; i < policy->count; i++)
        if (kinds >> policy->roots[i].kind & 1 && covers(&policy->roots[i], path))
            return true;
    return false;
}

static bool above(const struct policy *policy, const char *path) {
    for (size_t i = 0; i < policy->count; i++)
        if (leads_to(path, &policy->roots[i]))
            return true;
    return false;
}

#define READABLE (1u << REACH_READ | 1u << REACH_WRITE | 1u << REACH_PINNED)

bool policy_allows(const struct policy *policy, enum rule rule, const char *path) {
    if (of_a_process(path))
        return false;
    switch (rule) {
    case FILES_WRITE: return holds(policy, 1u << REACH_WRITE, path) && !holds(policy, 1u << REACH_PINNED, path);
    case FILES_LOOK: return holds(policy, READABLE, path) || above(policy, path);
    default: return holds(policy, READABLE, path);
    }
}

bool policy_names(const struct policy *policy, const char *path) {
    for (size_t i = 0; i < policy->count; i++)
        if (policy->roots[i].written && READABLE >> policy->roots[i].kind & 1 && covers(&policy->roots[i], path))
            return true;
    return false;
}
