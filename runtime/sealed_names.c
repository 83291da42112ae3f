// SPDX-License-Identifier: BSD-2-Clause
// Calls that name a sealed file by its path. A name's record in trusted storage is changed around the call outside,
// so that a loss of power at any point leaves one of the two states, and no third is accepted.
#include "sealed.h"

// The record of a name that need not be open. Where something was under way, what became of it is found out first.
static s64 record_of(struct eh_seal *as, const struct eh_path *path, const char *name, u32 length) {
    struct eh_seal *found;
    memset(as, 0, sizeof *as);
    as->name = (char *)name;
    as->name_length = length;
    s64 result = seal_trust_load(as);
    if (result || as->trust.next.state == RECORD_NONE)
        return result;
    result = seal_acquire(path, O_RDONLY, 0, &found);
    if (!result)
        result = seal_release(found);
    return result && result != -ENOENT ? result : seal_trust_load(as);
}

static s64 settle(struct eh_seal *s, struct seal_record now) {
    s->trust = (struct seal_trust){.now = now};
    return seal_trust_store(s);
}

static s64 rename_outside(const struct eh_path *from, const struct eh_path *to, u32 flags) {
    struct eh_request r = {
        .row = ROW_renameat2, .rule = AUDIT_FILES_SEALED, .args = {flags}, .paths = {from, to}};
    return wire_call(&r, 0);
}

static s64 rename_open(struct eh_seal *s, const struct eh_path *from, const struct eh_path *to, u32 flags) {
    struct eh_seal as, *replaced;
    char name[EH_PATH_MAX];
    u32 length = path_normalise(name, to->text, to->length);
    if (eh_equal(s->name, s->name_length, name, length))
        return 0;
    s64 result = record_of(&as, to, name, length);
    if (result)
        return result;
    result = seal_rebind(s, &as);
    if (result)
        return s->broken = -EIO;
    result = rename_outside(from, to, flags);
    if (result) { // both names are what they were; the header bound to the new one is overwritten next
        s->header ^= 1;
        settle(&as, as.trust.now);
        settle(s, s->trust.now);
        return result;
    }
    replaced = seal_named(name, length);
    if (replaced)
        replaced->gone = 1;
    result = seal_host_sync_name(s); // only then is what the records still allow the past
    if (!result)
        result = settle(&as, as.trust.next);
    if (!result)
        result = settle(s, s->trust.next);
    memcpy(s->name, name, length);
    s->name_length = length;
    memcpy(s->name_hash, as.name_hash, sizeof s->name_hash);
    s->trust = as.trust;
    return result;
}

s64 sealed_rename(const struct eh_path *from, const struct eh_path *to, u32 flags) {
    enum { RENAME_NOREPLACE = 1 };
    struct eh_seal *s;
    if (!policy_sealed(from) || !policy_sealed(to))
        return -EXDEV; // what copies then, copies through the program
    if (flags & ~(u32)RENAME_NOREPLACE)
        return -EINVAL;
    seal_lock();
    s64 result = seal_acquire(from, O_RDWR | O_NOFOLLOW, 0, &s);
    if (result == -ELOOP) // a link is nobody's secret; what it stands for then does not open by its name
        result = rename_outside(from, to, flags);
    else if (!result) {
        result = rename_open(s, from, to, flags);
        s64 closed = seal_release(s);
        result = result ? result : closed;
    }
    seal_unlock();
    return result == -EISDIR ? -EXDEV : result;
}

static s64 unlink_outside(const struct eh_path *path) {
    struct eh_request r = {.row = ROW_unlinkat, .rule = AUDIT_FILES_SEALED, .paths = {path}};
    return wire_call(&r, 0);
}

static s64 unlink_named(const struct eh_path *path, const char *name, u32 length) {
    struct eh_seal as, *open = seal_named(name, length);
    s64 result = record_of(&as, path, name, length);
    if (result)
        return result;
    struct seal_record now = as.trust.now;
    int known = now.state == RECORD_FILE;
    if (known)
        seal_host_open(&as, path, O_NOFOLLOW, 0); // to have its end synced; where that fails, it goes unsynced
    as.trust.next =
        (struct seal_record){.counter = EH_MAX(now.counter, as.trust.next.counter) + 1, .state = RECORD_ABSENT};
    if (known)
        result = seal_trust_store(&as);
    if (!result)
        result = unlink_outside(path);
    if (!result && open)
        open->gone = 1;
    if (!result && as.host)
        seal_host_sync_name(&as);
    seal_host_close(&as);
    if (result)
        return known ? settle(&as, now), result : result;
    return known ? settle(&as, as.trust.next) : 0;
}

s64 sealed_unlink(const struct eh_path *path) {
    char name[EH_PATH_MAX];
    u32 length = path_normalise(name, path->text, path->length);
    seal_lock();
    s64 result = unlink_named(path, name, length);
    seal_unlock();
    return result;
}

s64 sealed_truncate(const struct eh_path *path, u64 size) {
    struct eh_seal *s;
    seal_lock();
    s64 result = seal_acquire(path, O_RDWR, 0, &s);
    if (!result) {
        result = seal_resize(s, size);
        s64 closed = seal_release(s);
        result = result ? result : closed;
    }
    seal_unlock();
    return result;
}

s64 sealed_tell(const struct eh_path *path, u64 *size) {
    struct eh_seal *s;
    if (!policy_sealed(path))
        return 0;
    seal_lock();
    s64 result = seal_acquire(path, O_RDONLY, 0, &s);
    if (!result) {
        *size = s->size;
        result = seal_release(s);
    }
    seal_unlock();
    return result;
}
