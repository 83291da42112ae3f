// SPDX-License-Identifier: BSD-2-Clause
// The keys of sealed files, and AES-256-GCM on their units and headers.
#include "sealed.h"

enum { HEADER_CLEAR = 64, HEADER_NONCE = 32, HEADER_TAG = 48, FORMAT = 1 };

static const u8 magic[8] = {'E', 'H', 'S', 'E', 'A', 'L', 0, 1};
static struct {
    u32 encrypt, decrypt; // operations under the program's key
    u8 epoch[8];          // nonces: random for a run, then a count
    u32 count;
} crypt;

struct position { // additional data of a unit
    u32 level, zero;
    u64 index;
};

struct header { // the encrypted part's start; zeros follow
    u8 key[32];
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

static u32 operations(const u8 key[32], u32 *encrypt, u32 *decrypt) {
    u32 result = utee_gcm_key(key, 0, encrypt);
    if (!result && utee_gcm_key(key, 1, decrypt)) {
        utee_state_free(*encrypt);
        *encrypt = 0;
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    return result;
}

static s64 begin(void) {
    u8 key[32];
    if (crypt.encrypt)
        return 0;
    s64 result = seal_program_key(key);
    if (!result && operations(key, &crypt.encrypt, &crypt.decrypt))
        result = -ENOMEM;
    memset(key, 0, sizeof key);
    return result;
}

void seal_keys_drop(struct eh_seal *s) {
    if (s->seal_state) {
        utee_state_free(s->seal_state);
        utee_state_free(s->open_state);
    }
    s->seal_state = s->open_state = 0;
    memset(s->key, 0, sizeof s->key);
}

s64 seal_keys(struct eh_seal *s, int fresh) {
    s64 result = begin();
    if (result)
        return result;
    if (fresh) {
        utee_random(s->id, sizeof s->id);
        utee_random(s->key, sizeof s->key);
    }
    return operations(s->key, &s->seal_state, &s->open_state) ? -ENOMEM : 0;
}

s64 seal_encrypt(struct eh_seal *s, u32 level, u64 index, const u8 *from, u8 *to, struct seal_entry *e) {
    struct position at = {level, 0, index};
    next_nonce(e->nonce);
    return utee_gcm_encrypt(s->seal_state, e->nonce, &at, sizeof at, from, to, SEAL_UNIT, e->tag) ? -EIO : 0;
}

s64 seal_decrypt(struct eh_seal *s, u32 level, u64 index, const u8 *from, u8 *to, const struct seal_entry *e) {
    struct position at = {level, 0, index};
    if (utee_gcm_decrypt(s->open_state, e->nonce, &at, sizeof at, from, to, SEAL_UNIT, e->tag))
        return wire_violated(EH_RULE_FILES_SEALED);
    return 0;
}

static void header_data(const struct eh_seal *s, const u8 *unit, u8 data[64]) {
    memcpy(data, unit, 32); // magic, format, kind of key, id
    memcpy(data + 32, s->name_hash, 32);
}

s64 seal_header_make(struct eh_seal *s, u8 *unit, u8 tag[16]) {
    struct header h = {.counter = s->counter, .size = s->size, .sequence = s->sequence, .depth = s->depth};
    u8 data[64];
    u32 format[2] = {FORMAT, 0};
    memset(unit, 0, SEAL_UNIT);
    memcpy(unit, magic, sizeof magic);
    memcpy(unit + 8, format, sizeof format);
    memcpy(unit + 16, s->id, 16);
    memcpy(h.key, s->key, 32);
    h.root = s->root;
    memcpy(unit + HEADER_CLEAR, &h, sizeof h);
    memset(&h, 0, sizeof h);
    next_nonce(unit + HEADER_NONCE);
    header_data(s, unit, data);
    s64 result = begin();
    if (!result && utee_gcm_encrypt(crypt.encrypt, unit + HEADER_NONCE, data, sizeof data, unit + HEADER_CLEAR,
                                    unit + HEADER_CLEAR, SEAL_UNIT - HEADER_CLEAR, tag))
        result = -EIO;
    memcpy(unit + HEADER_TAG, tag, 16);
    return result;
}

s64 seal_header_take(struct eh_seal *s, u8 *unit, u8 tag[16]) {
    struct header h;
    u8 data[64];
    static const u8 zero[4];
    u32 format[2] = {FORMAT, 0};
    s64 result = begin();
    if (result)
        return result;
    memcpy(tag, unit + HEADER_TAG, 16);
    header_data(s, unit, data);
    if (memcmp(unit, magic, sizeof magic) || memcmp(unit + 8, format, sizeof format) ||
        memcmp(unit + HEADER_NONCE + 12, zero, sizeof zero) ||
        utee_gcm_decrypt(crypt.decrypt, unit + HEADER_NONCE, data, sizeof data, unit + HEADER_CLEAR,
                         unit + HEADER_CLEAR, SEAL_UNIT - HEADER_CLEAR, tag))
        return -EIO;
    memcpy(&h, unit + HEADER_CLEAR, sizeof h);
    memset(unit, 0, SEAL_UNIT);
    if (h.size > SEAL_SIZE_MAX || !h.depth || h.depth > SEAL_LEVELS)
        return -EIO;
    memcpy(s->id, data + 16, 16);
    memcpy(s->key, h.key, 32);
    s->counter = h.counter;
    s->size = h.size;
    s->sequence = h.sequence;
    s->depth = h.depth;
    s->root = h.root;
    memset(&h, 0, sizeof h);
    return 0;
}
