// SPDX-License-Identifier: BSD-2-Clause
// Reading the compiled policy (layouts in generated/container.h) and deciding by it.
#include "policy.h"
#include "tree.h"
#include "memory.h"

enum { SHIFT_MIN = 12, SHIFT_MAX = 20 };

struct covered { // a rule with its path made absolute and normal
    u32 kind, tree, length, offset, sealed;
};

static struct {
    const u8 *blob;
    u64 size;
    const struct eh_policy *head;
    const struct eh_policy_pinned *pinned;
    struct covered *rules; // the rules, then the pinned files, then the first working directory
    u32 covered;
    char *text;
} policy;

static const struct eh_policy deny_all; // an image without a policy

static int inside(u64 offset, u64 count, u64 size) {
    return offset <= policy.size && count <= (policy.size - offset) / size;
}

static int sound(void) {
    const struct eh_policy *p = policy.head;
    if (policy.size < sizeof *p || p->magic != EH_POLICY_MAGIC || p->size != policy.size)
        return 0;
    return inside(p->argv_offset, p->argv_size, 1) &&
           inside(p->env_offset, p->env_count, sizeof(struct eh_policy_env)) &&
           inside(p->rule_offset, p->rule_count, sizeof(struct eh_policy_rule)) &&
           inside(p->pinned_offset, p->pinned_count, sizeof(struct eh_policy_pinned)) &&
           inside(p->net_offset, p->net_count, sizeof(struct eh_policy_net)) &&
           inside(p->program_offset, p->program_count, sizeof(struct eh_policy_program)) &&
           !(p->argv_size && policy.blob[p->argv_offset + p->argv_size - 1]);
}

static int pin_sound(const struct eh_policy_pinned *pin) {
    if (pin->block_shift < SHIFT_MIN || pin->block_shift > SHIFT_MAX || pin->size >> 62)
        return 0;
    u64 blocks = (pin->size + (1ull << pin->block_shift) - 1) >> pin->block_shift;
    return blocks == pin->hash_count && inside(pin->hash_offset, pin->hash_count, 32);
}

// One rule's path, absolute and normal, at `to`; 0 when it does not fit or lies outside the blob.
static u32 absolute(char *to, u32 flags, u32 offset, u32 length, const char *cwd, u32 cwd_length) {
    struct eh_path path;
    if (!inside(offset, length, 1) || length + cwd_length + 2 > EH_PATH_MAX)
        return 0;
    u32 base = 0;
    if (flags & EH_RULE_FLAG_RELATIVE) {
        memcpy(path.text, cwd, cwd_length);
        path.text[cwd_length] = '/';
        base = cwd_length + 1;
    }
    memcpy(path.text + base, policy.blob + offset, length);
    return path_normalise(to, path.text, base + length);
}

u32 policy_absolute(char *to, u32 flags, u32 offset, u32 length) {
    const struct covered *first = &policy.rules[policy.covered - 1]; // the first working directory
    return absolute(to, flags, offset, length, policy.text + first->offset, first->length);
}

int policy_text_is(u32 offset, u32 size, const char *text, u32 length) {
    return inside(offset, size, 1) && eh_equal((const char *)policy.blob + offset, size, text, length);
}

const struct eh_policy_net *policy_net_rules(u32 *count) {
    *count = policy.head->net_count;
    return (const void *)(policy.blob + policy.head->net_offset);
}

const struct eh_policy_program *policy_programs(u32 *count) {
    *count = policy.head->program_count;
    return (const void *)(policy.blob + policy.head->program_offset);
}

int policy_pipes_open(void) { return policy.head->pipes == 1; }

static u32 add(struct covered *rule, u32 at, u32 flags, u32 path, u32 length, const char *cwd,
               u32 cwd_length) {
    rule->tree = flags & EH_RULE_FLAG_TREE;
    rule->sealed = flags & EH_RULE_FLAG_SEALED;
    rule->offset = at;
    rule->length = absolute(policy.text + at, flags, path, length, cwd, cwd_length);
    return rule->length;
}

static u64 text_needed(u32 cwd_length) {
    const struct eh_policy *p = policy.head;
    const struct eh_policy_rule *rule = (const void *)(policy.blob + p->rule_offset);
    u64 size = cwd_length;
    for (u32 i = 0; i < p->rule_count; i++)
        size += (u64)rule[i].path_length + cwd_length + 2;
    for (u32 i = 0; i < p->pinned_count; i++)
        size += (u64)policy.pinned[i].path_length + cwd_length + 2;
    return size;
}

u32 policy_begin(const char *cwd, u32 cwd_length) {
    policy.blob = (const u8 *)(EH_BASE + eh_config.head.policy);
    policy.size = eh_config.head.policy_size;
    policy.head = (const void *)policy.blob;
    if (!policy.size)
        policy.head = &deny_all;
    else if (!sound())
        return TEE_ERROR_BAD_PARAMETERS;
    const struct eh_policy *p = policy.head;
    const struct eh_policy_rule *rule = (const void *)(policy.blob + p->rule_offset);
    policy.pinned = (const void *)(policy.blob + p->pinned_offset);
    u64 table = (p->rule_count + p->pinned_count + 1ull) * sizeof *policy.rules;
    policy.rules = arena_own(table + text_needed(cwd_length) + 1);
    if (!policy.rules)
        return TEE_ERROR_OUT_OF_MEMORY;
    policy.text = (char *)policy.rules + table;
    u32 at = 0, length = 1, n = 0;
    for (u32 i = 0; i < p->rule_count && length; i++, at += length) {
        policy.rules[n].kind = rule[i].kind;
        length = add(&policy.rules[n++], at, rule[i].flags, rule[i].path_offset, rule[i].path_length, cwd,
                     cwd_length);
    }
    for (u32 i = 0; i < p->pinned_count && length; i++, at += length) {
        const struct eh_policy_pinned *pin = &policy.pinned[i];
        length = pin_sound(pin) ? add(&policy.rules[n++], at, pin->flags, pin->path_offset, pin->path_length,
                                      cwd, cwd_length)
                                : 0;
    }
    if (!length)
        return TEE_ERROR_BAD_PARAMETERS;
    policy.rules[n] =
        (struct covered){.offset = at, .length = path_normalise(policy.text + at, cwd, cwd_length)};
    policy.covered = n + 1;
    return TEE_SUCCESS;
}

int policy_covers(const char *rule, u32 rule_length, int tree, const char *path, u32 length) {
    if (length < rule_length || memcmp(rule, path, rule_length))
        return 0;
    if (length == rule_length)
        return 1;
    return tree && (rule_length == 1 || path[rule_length] == '/'); // a rule of one byte is "/"
}

static int rule_covers(const struct covered *rule, const char *path, u32 length) {
    return policy_covers(policy.text + rule->offset, rule->length, rule->tree != 0, path, length);
}

const struct eh_policy_pinned *policy_pin(const char *normal, u32 length) {
    for (u32 i = 0; i < policy.head->pinned_count; i++)
        if (rule_covers(&policy.rules[policy.head->rule_count + i], normal, length))
            return &policy.pinned[i];
    return 0;
}

int policy_sealed(const struct eh_path *path) {
    char normal[EH_PATH_MAX];
    u32 length = path_normalise(normal, path->text, path->length);
    for (u32 i = 0; i < policy.head->rule_count; i++)
        if (policy.rules[i].sealed && rule_covers(&policy.rules[i], normal, length))
            return 1;
    return 0;
}

// Whether a path lies on the way to something that a rule names, or to the first working directory.
static int leads_there(const char *normal, u32 length) {
    for (u32 i = 0; i < policy.covered; i++)
        if (policy_covers(normal, length, 1, policy.text + policy.rules[i].offset, policy.rules[i].length))
            return 1;
    return 0;
}

int policy_allows(const char *normal, u32 length, u32 want) {
    const struct eh_policy_pinned *pin = policy_pin(normal, length);
    if (pin)
        return want <= EH_RULE_KIND_READ;
    if (want == POLICY_LOOK && leads_there(normal, length))
        return 1;
    for (u32 i = 0; i < policy.head->rule_count; i++)
        if (policy.rules[i].kind >= want && rule_covers(&policy.rules[i], normal, length))
            return 1;
    return 0;
}

// Where a program that brings its system is told that nothing is there, as on a machine of its own.
static int of_system(const char *normal, u32 length) {
    static const char names[][5] = {"proc", "sys", "dev", "run", "etc"};
    u32 first = 1;
    while (first < length && normal[first] != '/')
        first++;
    if (!tree_there() || length == 1)
        return 0;
    if (first == length)
        return 1;
    for (u32 i = 0; i < sizeof names / sizeof *names; i++)
        if (eh_equal(normal + 1, first - 1, names[i], eh_length(names[i])))
            return 1;
    const struct eh_tree_entry *e = tree_find(normal, first, 0);
    return e && ((e->mode & S_IFMT) != S_IFDIR || tree_child(e, e)); // one that it leaves empty is the machine's
}

s64 policy_where(const struct eh_path *path, u32 want, int follows, const struct eh_tree_entry **found) {
    char normal[EH_PATH_MAX];
    u32 length = path_normalise(normal, path->text, path->length);
    *found = 0;
    if (policy_allows(normal, length, EH_MAX(want, (u32)EH_RULE_KIND_READ)))
        return 0;
    *found = tree_find(normal, length, follows);
    if (*found)
        return want == EH_RULE_KIND_WRITE ? -EROFS : 0;
    return policy_path(path, want);
}

s64 policy_path(const struct eh_path *path, u32 want) {
    char normal[EH_PATH_MAX];
    u32 length = path_normalise(normal, path->text, path->length);
    if (policy_allows(normal, length, want))
        return 0;
    if (want != EH_RULE_KIND_WRITE && (image_probe(normal, length) || of_system(normal, length)))
        return -ENOENT;
    if (policy_pin(normal, length))
        wire_denied(EH_RULE_FILES_PINNED);
    else
        wire_denied(want == EH_RULE_KIND_WRITE ? EH_RULE_FILES_WRITE : EH_RULE_FILES_READ);
    return -EACCES;
}

const u8 *policy_hash(const struct eh_policy_pinned *pin, u32 block) {
    if (tree_holds(pin))
        return tree_data((const void *)pin) + 32ull * block;
    return policy.blob + pin->hash_offset + 32ull * block;
}

const char *policy_arguments(u32 *count, u32 *size) {
    *count = policy.head->argv_count;
    *size = policy.head->argv_size;
    return policy.head->argv_mode == EH_ARGV_MODE_FIXED ? (const char *)policy.blob + policy.head->argv_offset
                                                        : 0;
}

u32 policy_environment_count(void) { return policy.head->env_count; }

const char *policy_environment(u32 index, u32 *length, const char **value, u32 *value_length) {
    const struct eh_policy_env *e = (const void *)(policy.blob + policy.head->env_offset);
    int callers = e[index].value_length == ~0u;
    *length = inside(e[index].name_offset, e[index].name_length, 1) ? e[index].name_length : 0;
    *value_length =
        !callers && inside(e[index].value_offset, e[index].value_length, 1) ? e[index].value_length : 0;
    *value = callers ? 0 : (const char *)policy.blob + e[index].value_offset;
    return (const char *)policy.blob + e[index].name_offset;
}
