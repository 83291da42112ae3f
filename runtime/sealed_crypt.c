// SPDX-License-Identifier: BSD-2-Clause
// The keys of sealed files, and what is encrypted under them: units and headers.
#include "sealed.h"

enum { HEADER_CLEAR = 64, HEADER_NONCE = 32, HEADER_TAG = 48, FORMAT = 2 };

static const u8 magic[8] = {'E', 'H', 'S', 'E', 'A', 'L', 0, 1};
static struct {
    struct aead_key key; // the program's
    int known;
    u8 epoch[8];          // nonces: random for a run, then a count
    u32 count;
} crypt;

struct position { // additional data of a unit
    u32 level, zero;
    u64 index;
};

struct header { // the encrypted part's start; zeros follow
    struct aead_key key;
    u64 counter, size;
    u32 sequence, depth;
    struct seal_entry root;
};

static void next_nonce(u8 nonce[12]) {
    if (!crypt.count)
        utee_random(crypt.epoch, sizeof crypt.epoch);
    crypt.count++;
    memcpy(nonce, crypt.epoch, 8);
    memcpy(nonce + 8, &crypt.count, 4);
}

static s64 begin(void) {
    s64 result = crypt.known ? 0 : seal_program_key(crypt.key.bytes);
    crypt.known = !result;
    return result;
}

s64 seal_key_make(struct eh_seal *s) {
    utee_random(s->id, sizeof s->id);
    utee_random(s->key.bytes, sizeof s->key);
    return begin();
}

void seal_encrypt(struct eh_seal *s, u32 level, u64 index, const u8 *from, u8 *to, struct seal_entry *e) {
    struct position at = {level, 0, index};
    next_nonce(e->nonce);
    aead_seal(&s->key, e->nonce, &at, sizeof at, from, to, SEAL_UNIT, e->tag);
}

s64 seal_decrypt(struct eh_seal *s, u32 level, u64 index, const u8 *from, u8 *to, const struct seal_entry *e) {
    struct position at = {level, 0, index};
    if (!aead_open(&s->key, e->nonce, &at, sizeof at, from, to, SEAL_UNIT, e->tag))
        return wire_violated(EH_RULE_FILES_SEALED);
    return 0;
}

struct header_data { // what is authenticated alone
    u64 words[8];
};

static struct header_data data_of(const struct eh_seal *s, const u8 *unit) {
    struct header_data data;
    memcpy(data.words, unit, 32); // magic, format, slot, id
    memcpy(data.words + 4, s->name_hash, 32);
    return data;
}

s64 seal_header_make(struct eh_seal *s, u32 slot, u8 *unit, u8 tag[16]) {
    struct header h = {.counter = s->counter, .size = s->size, .sequence = s->sequence, .depth = s->depth};
    u32 format[2] = {FORMAT, slot};
    memset(unit, 0, SEAL_UNIT);
    memcpy(unit, magic, sizeof magic);
    memcpy(unit + 8, format, sizeof format);
    memcpy(unit + 16, s->id, 16);
    h.key = s->key;
    h.root = s->root;
    memcpy(unit + HEADER_CLEAR, &h, sizeof h);
    memset(&h, 0, sizeof h);
    next_nonce(unit + HEADER_NONCE);
    struct header_data data = data_of(s, unit);
    s64 result = begin();
    if (!result)
        aead_seal(&crypt.key, unit + HEADER_NONCE, &data, sizeof data, unit + HEADER_CLEAR, unit + HEADER_CLEAR,
                  SEAL_UNIT - HEADER_CLEAR, tag);
    memcpy(unit + HEADER_TAG, tag, 16);
    return result;
}

int seal_header_ours(const u8 *unit) { return !memcmp(unit, magic, sizeof magic); }

s64 seal_header_take(struct eh_seal *s, u32 slot, u8 *unit, u8 tag[16]) {
    struct header h;
    static const u8 zero[4];
    u32 format[2] = {FORMAT, slot};
    s64 result = begin();
    if (result)
        return result;
    memcpy(tag, unit + HEADER_TAG, 16);
    struct header_data data = data_of(s, unit);
    if (!seal_header_ours(unit) || memcmp(unit + 8, format, sizeof format) ||
        memcmp(unit + HEADER_NONCE + 12, zero, sizeof zero) ||
        !aead_open(&crypt.key, unit + HEADER_NONCE, &data, sizeof data, unit + HEADER_CLEAR, unit + HEADER_CLEAR,
                   SEAL_UNIT - HEADER_CLEAR, tag))
        return -EIO;
    memcpy(&h, unit + HEADER_CLEAR, sizeof h);
    if (h.size > SEAL_SIZE_MAX || !h.depth || h.depth > SEAL_LEVELS)
        return -EIO;
    memcpy(s->id, unit + 16, 16);
    s->key = h.key;
    s->counter = h.counter;
    s->size = h.size;
    s->sequence = h.sequence;
    s->depth = h.depth;
    s->root = h.root;
    memset(&h, 0, sizeof h);
    memset(unit, 0, SEAL_UNIT);
    return 0;
}
