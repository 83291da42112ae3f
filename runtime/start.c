// SPDX-License-Identifier: BSD-2-Clause
// From START to the program's first instruction: what Linux's execve leaves on the stack.
#include "audit.h"
#include "files.h"
#include "memory.h"
#include "policy.h"
#include "process.h"
#include "tree.h"

enum {
    AT_NULL,
    AT_PHDR = 3,
    AT_PHENT,
    AT_PHNUM,
    AT_PAGESZ,
    AT_BASE,
    AT_FLAGS,
    AT_ENTRY,
    AT_UID = 11,
    AT_EUID
};
enum { AT_GID = 13, AT_EGID, AT_PLATFORM, AT_HWCAP, AT_CLKTCK, AT_SECURE = 23, AT_RANDOM = 25, AT_HWCAP2 };
enum { AT_HWCAP3 = 29, AT_HWCAP4, AT_EXECFN, AT_MINSIGSTKSZ = 51 };
enum { PHDR_SIZE = 56, HWCAP_FP_ASIMD = 3, MINSIGSTKSZ = 4720, AUX_WORDS = 50, RANDOM_BYTES = 16 };
enum { MEMREF_IN = 5, LOG_MIN = 24576 };
#define STACK_DEFAULT (256ull << 10)
#define STACK_MAX (64ull << 20)
#define FIXED_PART 1024 // auxiliary vector, random bytes, platform

struct given { // what the caller gave, copied
    char *strings;
    u64 size;
    const char *argv, *envp, *cwd;
    u32 argv_size;
};

struct stack {   // being built
    char *text;  // where the next string goes
    u64 *vector; // where the next word goes
};

u32 eh_start_prepare(const struct eh_entry *e) {
    u64 size = e->params[5];
    u32 result = wire_begin(e), flags = eh_config.head.flags;
    if (result)
        return result;
    if ((e->types >> 8 & 15) != MEMREF_IN || !size || size > EH_STRINGS_MAX)
        return TEE_ERROR_BAD_PARAMETERS;
    if ((flags & EH_CONFIG_FLAG_AUDIT_REQUIRED) && !(eh_start.flags & EH_START_FLAG_AUDIT))
        return TEE_ERROR_ACCESS_DENIED;
    if ((eh_start.flags & (EH_START_FLAG_AUDIT | EH_START_FLAG_TRACE)) && log_capacity() < LOG_MIN)
        return TEE_ERROR_BAD_PARAMETERS;
    eh_thread_init(eh_start.pid);
    return TEE_SUCCESS;
}

static void check_config(void) {
    const struct eh_config *c = &eh_config.head;
    if (c->magic != EH_CONFIG_MAGIC || c->version != EH_VERSION || !c->entry ||
        c->segment_count > EH_MAX_SEGMENTS || c->image_count > EH_MAX_IMAGES || c->stack_size > STACK_MAX)
        eh_fatal(EH_FATAL_BAD_CONFIG, c->version);
}

// The end of `count` strings from `at` on; 0 when they do not end before `end`.
static const char *after(const char *at, const char *end, u32 count) {
    while (count && at < end)
        count -= !*at++;
    return count ? 0 : at;
}

// Copy what the caller gave, once, and find the parts in the copy.
static void take_strings(struct given *g) {
    g->size = eh_entry.params[5];
    g->strings = arena_own(g->size);
    if (!g->strings)
        eh_fatal(EH_FATAL_NO_MEMORY, g->size);
    eh_copy(g->strings, (const void *)eh_entry.params[4], g->size);
    const char *end = g->strings + g->size;
    g->argv = g->strings;
    g->envp = after(g->argv, end, eh_start.argc);
    g->cwd = g->envp ? after(g->envp, end, eh_start.envc) : 0;
    if (!eh_start.argc || !g->cwd || !after(g->cwd, end, 1) || *g->cwd != '/' ||
        eh_length(g->cwd) >= EH_PATH_MAX)
        eh_fatal(EH_FATAL_PROTOCOL, eh_start.argc);
    g->argv_size = (u32)(g->envp - g->argv);
}

// Whether the caller's arguments are the fixed ones; by what name it calls the program does not count.
static int same_arguments(const struct given *g, const char *fixed, u32 size) {
    const char *given_end = g->argv + g->argv_size, *fixed_end = fixed + size;
    const char *given = after(g->argv, given_end, 1), *ours = after(fixed, fixed_end, 1);
    return given && ours && eh_equal(given, (u32)(given_end - given), ours, (u32)(fixed_end - ours));
}

static void choose_arguments(struct given *g) {
    u32 count, size;
    const char *fixed = policy_arguments(&count, &size);
    if (!fixed)
        return;
    if (eh_start.argc > 1 && !same_arguments(g, fixed, size))
        wire_denied(EH_RULE_ARGS);
    if (!count || after(fixed, fixed + size, count) != fixed + size)
        eh_fatal(EH_FATAL_BAD_CONFIG, count);
    g->argv = fixed;
    g->argv_size = size;
    eh_start.argc = count;
}

// The caller's "name=value" for a name; 0 if there is none.
static const char *callers(const struct given *g, const char *name, u32 length) {
    const char *at = g->envp;
    for (u32 i = 0; i < eh_start.envc; i++, at += eh_length(at) + 1)
        if (eh_length(at) > length && at[length] == '=' && !memcmp(at, name, length))
            return at;
    return 0;
}

static void put(struct stack *s, const char *text, u64 size) {
    memcpy(s->text, text, size);
    s->text += size;
}

// Entry i of the environment that the policy lets through; its size with the NUL, 0 if there is none.
static u64 environment(const struct given *g, u32 i, struct stack *s) {
    u32 length, value_length;
    const char *value, *name = policy_environment(i, &length, &value, &value_length);
    const char *whole = value ? 0 : callers(g, name, length);
    u64 size = value ? length + value_length + 2ull : whole ? eh_length(whole) + 1 : 0;
    if (!s || !size)
        return size;
    *s->vector++ = (u64)s->text;
    put(s, whole ? whole : name, whole ? size : length);
    if (value) {
        put(s, "=", 1);
        put(s, value, value_length);
        put(s, "", 1);
    }
    return size;
}

static void note_dropped(const struct given *g) {
    const char *at = g->envp;
    for (u32 i = 0; i < eh_start.envc; i++, at += eh_length(at) + 1) {
        int found = 0;
        for (u32 k = 0; k < policy_environment_count() && !found; k++) {
            u32 length, value_length;
            const char *value, *name = policy_environment(k, &length, &value, &value_length);
            found = !value && eh_length(at) > length && at[length] == '=' && !memcmp(at, name, length);
        }
        if (!found)
            wire_denied(EH_RULE_ENV);
    }
}

static u64 *auxiliary(u64 *v, const char *random, const char *platform, const char *program) {
    const struct eh_config *c = &eh_config.head;
    const u64 words[AUX_WORDS] = {
        AT_PHDR,        EH_BASE + c->phdr,
        AT_PHENT,       PHDR_SIZE,
        AT_PHNUM,       c->phnum,
        AT_PAGESZ,      EH_PAGE,
        AT_BASE,        c->interpreter_base ? EH_BASE + c->interpreter_base : 0,
        AT_FLAGS,       0,
        AT_ENTRY,       EH_BASE + c->program_entry,
        AT_UID,         eh_start.uid,
        AT_EUID,        eh_start.euid,
        AT_GID,         eh_start.gid,
        AT_EGID,        eh_start.egid,
        AT_PLATFORM,    (u64)platform,
        AT_HWCAP,       c->hwcap ? c->hwcap : HWCAP_FP_ASIMD,
        AT_CLKTCK,      100,
        AT_SECURE,      0,
        AT_RANDOM,      (u64)random,
        AT_HWCAP2,      0,
        AT_HWCAP3,      0,
        AT_HWCAP4,      0,
        AT_EXECFN,      (u64)program,
        AT_MINSIGSTKSZ, MINSIGSTKSZ,
        AT_NULL,        0,
    };
    memcpy(v, words, sizeof words);
    return v + AUX_WORDS;
}

// Everything below the stack's end; the program's first stack pointer.
static u64 build(const struct given *g, u64 top, u64 text_size, u32 envc) {
    struct stack s = {(char *)((top - text_size) & ~15ull), 0};
    char *random = s.text - RANDOM_BYTES, *platform = random - 16, *program = s.text;
    memcpy(platform, "aarch64", 8);
    utee_random(random, RANDOM_BYTES);
    u64 words = 1 + eh_start.argc + 1 + envc + 1 + AUX_WORDS;
    u64 sp = ((u64)platform - 8 * words) & ~15ull;
    s.vector = (u64 *)sp;
    *s.vector++ = eh_start.argc;
    const char *at = g->argv;
    for (u32 i = 0; i < eh_start.argc; i++) {
        u64 size = eh_length(at) + 1;
        *s.vector++ = (u64)s.text;
        put(&s, at, size);
        at += size;
    }
    *s.vector++ = 0;
    for (u32 i = 0; i < policy_environment_count(); i++)
        environment(g, i, &s);
    *s.vector++ = 0;
    auxiliary(s.vector, random, platform, program);
    return sp;
}

static u64 make_stack(const struct given *g) {
    u64 size = eh_config.head.stack_size ? eh_config.head.stack_size : STACK_DEFAULT;
    u64 text_size = g->argv_size, vectors = 8ull * eh_start.argc + FIXED_PART;
    u32 envc = 0;
    for (u32 i = 0; i < policy_environment_count(); i++) {
        u64 entry = environment(g, i, 0);
        text_size += entry;
        envc += entry != 0;
    }
    vectors += 8ull * envc;
    u64 top = memory_stack(size + EH_PAGE_UP(text_size + vectors));
    if (!top)
        eh_fatal(EH_FATAL_NO_MEMORY, size);
    process_init(size);
    return build(g, top, text_size, envc);
}

static void set_cwd(const char *cwd) {
    char normal[EH_PATH_MAX];
    path_set_cwd(normal, path_normalise(normal, cwd, (u32)eh_length(cwd)));
}

void eh_start_run(void) {
    struct given g;
    check_config();
    if (memory_init())
        eh_fatal(EH_FATAL_NO_MEMORY, 0);
    take_strings(&g);
    u32 result = policy_begin(g.cwd, (u32)eh_length(g.cwd));
    if (result)
        eh_fatal(result == TEE_ERROR_OUT_OF_MEMORY ? EH_FATAL_NO_MEMORY : EH_FATAL_BAD_CONFIG, result);
    if (tree_begin())
        eh_fatal(EH_FATAL_BAD_CONFIG, 0);
    choose_arguments(&g);
    note_dropped(&g);
    set_cwd(g.cwd);
    if (fd_init())
        eh_fatal(EH_FATAL_NO_MEMORY, 0);
    time_init();
    u64 sp = make_stack(&g);
    arena_disown(g.strings, g.size);
    result = audit_begin();
    if (result)
        eh_fatal(EH_FATAL_AUDIT, result);
    eh_start_program(EH_BASE + eh_config.head.entry, sp);
}
