// SPDX-License-Identifier: BSD-2-Clause
// The header of a sealed file, and what trusted storage says of it: which header is the last that was committed.
#include "sealed.h"

enum { NAME_BYTES = 16, RECORD_NAME = 8 + 2 * NAME_BYTES, NO_HEADER = 2, SECTOR = 512 };
enum { UNTRUSTED = 0, NEWER, EXACT };

static void record_name(const struct eh_seal *s, char name[RECORD_NAME]) {
    memcpy(name, "eh.seal.", 8);
    eh_print_hex(name + 8, s->name_hash, NAME_BYTES);
}

s64 seal_trust_load(struct eh_seal *s) {
    char name[RECORD_NAME];
    u64 count = 0;
    if (utee_sha256(s->name, s->name_length, s->name_hash))
        return -EIO;
    record_name(s, name);
    u32 result = utee_object_read(name, sizeof name, &s->trust, sizeof s->trust, &count);
    if (result == TEE_SUCCESS && count == sizeof s->trust)
        return 0;
    memset(&s->trust, 0, sizeof s->trust);
    return result == TEE_ERROR_ITEM_NOT_FOUND ? 0 : -EIO;
}

s64 seal_trust_store(struct eh_seal *s) {
    char name[RECORD_NAME];
    record_name(s, name);
    return utee_object_write(name, sizeof name, &s->trust, sizeof s->trust) ? -EIO : 0;
}

int seal_must_exist(const struct eh_seal *s) {
    return !seal_in_haven() && s->trust.now.state == RECORD_FILE && s->trust.next.state != RECORD_ABSENT;
}

static u64 newest(const struct seal_trust *t) { return EH_MAX(t->now.counter, t->next.counter); }

s64 seal_trust_absent(struct eh_seal *s) {
    if (s->trust.next.state == RECORD_NONE)
        return 0;
    s->trust = (struct seal_trust){.now = {.counter = newest(&s->trust), .state = RECORD_ABSENT}};
    return seal_trust_store(s);
}

static int says(const struct seal_record *r, u64 counter, const u8 tag[16]) {
    return r->state == RECORD_FILE && r->counter == counter && !memcmp(r->tag, tag, 16);
}

// A header that only the key's owner can have made, and made later than anything that was committed, is newer: it
// comes from the owner, or from a commit that a loss of power cut short.
static u32 rank(const struct seal_trust *t, u64 counter, const u8 tag[16]) {
    if (says(&t->now, counter, tag) || says(&t->next, counter, tag))
        return EXACT;
    return counter > newest(t) ? NEWER : UNTRUSTED;
}

static s64 fresh(struct eh_seal *s) {
    if (seal_must_exist(s))
        return wire_violated(EH_RULE_FILES_SEALED);
    s->counter = newest(&s->trust);
    if (seal_in_haven()) // later than what any program of it knows of the name
        s->counter = EH_MAX(s->counter, utee_ree_ms() * 1000);
    s->size = s->sequence = 0;
    s->depth = 1;
    s->header = NO_HEADER;
    s->dirty = s->writable;
    return seal_key_make(s);
}

// Whether all of a header is there. What was encrypted has no sector of zeros: where one is, the first commit of the
// file was cut short, and it is as new as before. Anything else that is no header is somebody's.
static int written(const u8 *unit) {
    static const u8 zeros[SECTOR];
    u32 holes = 0;
    for (u32 at = 0; at < SEAL_UNIT; at += SECTOR)
        holes += !memcmp(unit + at, zeros, SECTOR);
    return seal_header_ours(unit) ? !holes : holes < SEAL_UNIT / SECTOR;
}

struct choice {
    struct eh_seal best;
    u32 rank, present;
    u8 tag[16];
};

static s64 look_at(struct eh_seal *s, u32 slot, struct choice *c) {
    struct eh_seal probe = *s;
    u32 units;
    u8 tag[16], *unit = seal_staging(&units);
    if (s->host->size < (slot + 1ull) * SEAL_UNIT)
        return 0;
    s64 result = seal_host_read(s, unit, SEAL_UNIT, (u64)slot * SEAL_UNIT);
    if (result)
        return result;
    if (!written(unit))
        return 0;
    c->present = 1;
    result = seal_header_take(&probe, slot, unit, tag);
    if (result)
        return result == -EACCES ? result : 0;
    u32 r = rank(&s->trust, probe.counter, tag);
    r = r && seal_in_haven() ? NEWER : r; // what another program of the haven committed counts
    if (r > c->rank || (r && r == c->rank && probe.counter > c->best.counter)) {
        c->best = probe;
        c->best.header = slot;
        c->rank = r;
        memcpy(c->tag, tag, 16);
    }
    return 0;
}

static s64 settle(struct eh_seal *s, const struct choice *c) {
    if (s->trust.next.state == RECORD_NONE && says(&s->trust.now, s->counter, c->tag))
        return 0;
    s->trust = (struct seal_trust){.now = {.counter = s->counter, .state = RECORD_FILE}};
    memcpy(s->trust.now.tag, c->tag, 16);
    return seal_trust_store(s);
}

s64 seal_open_head(struct eh_seal *s) {
    struct choice c = {.rank = UNTRUSTED};
    s64 result = seal_trust_load(s);
    for (u32 slot = 0; slot < 2 && !result; slot++)
        result = look_at(s, slot, &c);
    if (result)
        return result;
    int looked_at = s->host->size >= 2 * SEAL_UNIT || !(s->host->size & (SEAL_UNIT - 1));
    if (!c.present && looked_at)
        return fresh(s);
    if (!c.rank)
        return wire_violated(EH_RULE_FILES_SEALED);
    *s = c.best;
    memset(&c.best.key, 0, sizeof c.best.key);
    return settle(s, &c);
}

// The header, in the slot that is not the valid one's.
static s64 write_header(struct eh_seal *s, u8 tag[16]) {
    u32 units, slot = s->header ? 0 : 1;
    u8 *unit = seal_staging(&units);
    s->sequence++;
    s->counter++;
    int only = s->header == NO_HEADER || seal_in_haven(); // it may be believed with no record, so not before its blocks
    s64 result = only ? seal_host_sync(s) : 0;
    if (!result)
        result = seal_header_make(s, slot, unit, tag);
    if (!result)
        result = seal_host_write(s, unit, SEAL_UNIT, (u64)slot * SEAL_UNIT);
    if (!result)
        result = seal_host_sync(s);
    s->header = slot;
    return result;
}

s64 seal_commit(struct eh_seal *s) {
    struct seal_record now = {.state = RECORD_FILE};
    if (s->broken || !s->dirty || s->gone)
        return s->broken;
    s64 result = seal_flush(s);
    if (!result)
        result = write_header(s, now.tag);
    now.counter = s->counter;
    s->trust = (struct seal_trust){.now = now};
    if (!result)
        result = seal_trust_store(s);
    s->dirty = 0;
    if (result)
        s->broken = -EIO;
    return result;
}

// Steps of a rename: the file is bound to its new name beside its old one; then each name's record is settled.
s64 seal_rebind(struct eh_seal *s, struct eh_seal *as) {
    struct seal_record next = {.state = RECORD_FILE};
    s64 result = seal_commit(s);
    if (result)
        return result;
    s->counter = EH_MAX(s->counter, newest(&as->trust));
    u8 hash[32];
    memcpy(hash, s->name_hash, 32);
    memcpy(s->name_hash, as->name_hash, 32);
    result = write_header(s, next.tag);
    memcpy(s->name_hash, hash, 32);
    next.counter = s->counter;
    as->trust.next = next;
    s->trust.next = (struct seal_record){.counter = s->counter, .state = RECORD_ABSENT};
    if (!result)
        result = seal_trust_store(as);
    return result ? result : seal_trust_store(s);
}
