// SPDX-License-Identifier: BSD-2-Clause
// Who the program is, and what it may: one user without privileges. It can take on what it is already, and nothing
// else; nothing outside rests on it.
#include "memory.h"
#include "process.h"

enum { REAL, EFFECTIVE, SAVED, FILES, IDS };
enum { CAPABILITY_VERSION = 0x20080522 };
#define UNCHANGED (~0u)

static struct {
    u32 ids[2][IDS]; // user, group
    u32 personality;
} identity;

void identity_init(void) {
    const u32 told[2][2] = {{eh_start.uid, eh_start.euid}, {eh_start.gid, eh_start.egid}};
    for (u32 i = 0; i < 2; i++) {
        identity.ids[i][REAL] = told[i][0];
        identity.ids[i][EFFECTIVE] = identity.ids[i][SAVED] = identity.ids[i][FILES] = told[i][1];
    }
}

s64 sys_getuid(struct eh_context *c) { return (void)c, identity.ids[0][REAL]; }
s64 sys_geteuid(struct eh_context *c) { return (void)c, identity.ids[0][EFFECTIVE]; }
s64 sys_getgid(struct eh_context *c) { return (void)c, identity.ids[1][REAL]; }
s64 sys_getegid(struct eh_context *c) { return (void)c, identity.ids[1][EFFECTIVE]; }

static int has(const u32 ids[IDS], u32 id) {
    return id == ids[REAL] || id == ids[EFFECTIVE] || id == ids[SAVED];
}

// UNCHANGED leaves one as it is.
static s64 become(u32 ids[IDS], u32 real, u32 effective, u32 saved) {
    const u32 wanted[] = {real, effective, saved};
    for (u32 i = 0; i < 3; i++)
        if (wanted[i] != UNCHANGED && !has(ids, wanted[i]))
            return -EPERM;
    for (u32 i = 0; i < 3; i++)
        ids[i] = wanted[i] != UNCHANGED ? wanted[i] : ids[i];
    ids[FILES] = ids[EFFECTIVE];
    return 0;
}

static s64 become_one(u32 ids[IDS], u32 id) {
    return id == UNCHANGED ? -EINVAL : become(ids, UNCHANGED, id, UNCHANGED);
}

static s64 become_pair(u32 ids[IDS], u32 real, u32 effective) {
    if (real != UNCHANGED && real != ids[REAL] && real != ids[EFFECTIVE])
        return -EPERM;
    int saves = real != UNCHANGED || (effective != UNCHANGED && effective != ids[REAL]);
    s64 result = become(ids, real, effective, UNCHANGED);
    if (!result && saves)
        ids[SAVED] = ids[EFFECTIVE];
    return result;
}

static s64 tell(const struct eh_context *c, const u32 ids[IDS]) {
    for (u32 i = 0; i < 3; i++)
        if (user_out(c->x[i], &ids[i], sizeof ids[i]))
            return -EFAULT;
    return 0;
}

static s64 set_files(u32 ids[IDS], u32 id) {
    u32 old = ids[FILES];
    if (has(ids, id))
        ids[FILES] = id;
    return old;
}

s64 sys_setuid(struct eh_context *c) { return become_one(identity.ids[0], (u32)c->x[0]); }
s64 sys_setgid(struct eh_context *c) { return become_one(identity.ids[1], (u32)c->x[0]); }
s64 sys_setreuid(struct eh_context *c) { return become_pair(identity.ids[0], (u32)c->x[0], (u32)c->x[1]); }
s64 sys_setregid(struct eh_context *c) { return become_pair(identity.ids[1], (u32)c->x[0], (u32)c->x[1]); }
s64 sys_getresuid(struct eh_context *c) { return tell(c, identity.ids[0]); }
s64 sys_getresgid(struct eh_context *c) { return tell(c, identity.ids[1]); }
s64 sys_setfsuid(struct eh_context *c) { return set_files(identity.ids[0], (u32)c->x[0]); }
s64 sys_setfsgid(struct eh_context *c) { return set_files(identity.ids[1], (u32)c->x[0]); }

s64 sys_setresuid(struct eh_context *c) {
    return become(identity.ids[0], (u32)c->x[0], (u32)c->x[1], (u32)c->x[2]);
}

s64 sys_setresgid(struct eh_context *c) {
    return become(identity.ids[1], (u32)c->x[0], (u32)c->x[1], (u32)c->x[2]);
}

// The header of capget and capset: version, pid.
static s64 capabilities(const struct eh_context *c) {
    u32 head[2], version = CAPABILITY_VERSION;
    if (user_in(head, c->x[0], sizeof head))
        return -EFAULT;
    if (head[0] != version) {
        s64 result = user_out(c->x[0], &version, sizeof version);
        return result ? result : -EINVAL;
    }
    return process_other(head[1]) && !thread_of(head[1]) ? -ESRCH : 0;
}

s64 sys_capget(struct eh_context *c) {
    const u32 none[6] = {0};
    s64 result = capabilities(c);
    if (!c->x[1])
        return result == -EINVAL ? 0 : result;
    return result ? result : user_out(c->x[1], none, sizeof none);
}

s64 sys_capset(struct eh_context *c) {
    u32 wanted[6], any = 0;
    s64 result = capabilities(c);
    if (!result)
        result = user_in(wanted, c->x[1], sizeof wanted);
    for (u32 i = 0; i < 6 && !result; i++)
        any |= wanted[i];
    return result ? result : any ? -EPERM : 0;
}

s64 sys_personality(struct eh_context *c) {
    u32 old = identity.personality;
    if ((u32)c->x[0] != UNCHANGED)
        identity.personality = (u32)c->x[0];
    return old;
}
