// SPDX-License-Identifier: BSD-2-Clause
// The calls of the TEE core that the runtime makes (GlobalPlatform Internal Core API under OP-TEE's ABI).
#include "rt.h"

enum { // numbers of OP-TEE's utee ABI
    UTEE_LOG = 1,
    UTEE_PANIC = 2,
    UTEE_GET_PROPERTY = 3,
    UTEE_PROPERTY_INDEX = 4,
    UTEE_OPEN_SESSION = 5,
    UTEE_INVOKE = 7,
    UTEE_WAIT = 12,
    UTEE_GET_TIME = 13,
    UTEE_STATE_ALLOC = 15,
    UTEE_HASH_INIT = 18,
    UTEE_HASH_UPDATE = 19,
    UTEE_HASH_FINAL = 20,
    UTEE_OBJECT_ALLOC = 27,
    UTEE_OBJECT_CLOSE = 28,
    UTEE_OBJECT_POPULATE = 30,
    UTEE_RANDOM = 33,
    UTEE_STORAGE_OPEN = 41,
    UTEE_STORAGE_CREATE = 42,
    UTEE_OBJECT_READ = 50,
};
enum { PTA_DERIVE_UNIQUE_KEY = 1, PTA_MAP_ZERO = 2 };
enum { TYPE_VALUE_IN = 1, TYPE_VALUE_INOUT = 3, TYPE_MEMREF_IN = 5, TYPE_MEMREF_OUT = 6 };
enum { RANDOM_MOST = 4096 };
enum { TIME_SYSTEM = 0, TIME_REE = 2 };
enum { ALG_SHA256 = 0x50000004, ALG_HMAC_SHA256 = 0x30000004, TYPE_HMAC_SHA256 = 0xa0000004 };
enum { MODE_MAC = 4, MODE_DIGEST = 5, ATTR_SECRET_VALUE = 0xc0000000 };
enum { STORAGE_PRIVATE = 1, FLAG_READ = 1, FLAG_WRITE = 2, FLAG_WRITE_META = 4, FLAG_OVERWRITE = 0x400 };
#define PROPSET_CURRENT_CLIENT 0xfffffffeull
#define FOREVER 0xffffffffull

static u32 call2(u64 number, u64 a, u64 b) { return eh_svc(a, b, 0, 0, 0, 0, 0, 0, number); }

static u32 call5(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e) {
    return eh_svc(a, b, c, d, e, 0, 0, 0, number);
}

void utee_log(const char *text, u64 size) { call2(UTEE_LOG, (u64)text, size); }

void utee_panic(u32 code) {
    call2(UTEE_PANIC, code, 0);
    __builtin_trap();
}

// OP-TEE fills at most a page at a time. Bytes that are not random must never pass for such: a panic ends
// all.
void utee_random(void *to, u64 size) {
    for (u64 done = 0; done < size; done += RANDOM_MOST)
        if (call2(UTEE_RANDOM, (u64)to + done, EH_MIN((u64)RANDOM_MOST, size - done)))
            utee_panic(TEE_ERROR_OUT_OF_MEMORY);
}

void utee_wait(u32 milliseconds) { call2(UTEE_WAIT, milliseconds, 0); }

static u64 read_clock(u64 category) {
    u32 time[2] = {0, 0}; // seconds, milliseconds
    call2(UTEE_GET_TIME, category, (u64)time);
    return time[0] * 1000ull + time[1];
}

u64 utee_monotonic_ms(void) { return read_clock(TIME_SYSTEM); }

u64 utee_ree_ms(void) { return read_clock(TIME_REE); }

// A command of the system pseudo TA (3a2f8978-5dc0-11e8-9c2d-fa7ae01bbebc); params: types, then 4 pairs.
static u32 system_pta(u32 command, u64 params[9]) {
    static const u8 uuid[16] = {0x78, 0x89, 0x2f, 0x3a, 0xc0, 0x5d, 0xe8, 0x11,
                                0x9c, 0x2d, 0xfa, 0x7a, 0xe0, 0x1b, 0xbe, 0xbc};
    static u32 session;
    u32 origin, opened = 0;
    u64 none[9] = {0};
    if (!session) {
        u32 result = call5(UTEE_OPEN_SESSION, (u64)uuid, FOREVER, (u64)none, (u64)&opened, (u64)&origin);
        if (result)
            return result;
        session = opened;
    }
    return call5(UTEE_INVOKE, session, FOREVER, command, (u64)params, (u64)&origin);
}

u64 utee_map_zero(u64 size, u64 address) {
    u64 params[9] = {TYPE_VALUE_IN | TYPE_VALUE_INOUT << 4 | TYPE_VALUE_IN << 8, size, 0, address >> 32,
                     (u32)address};
    if (system_pta(PTA_MAP_ZERO, params))
        return 0;
    return params[3] << 32 | (u32)params[4];
}

u32 utee_unique_key(const char *purpose, u8 key[32]) {
    u64 params[9] = {TYPE_MEMREF_IN | TYPE_MEMREF_OUT << 4, (u64)purpose, eh_length(purpose), (u64)key, 32};
    return system_pta(PTA_DERIVE_UNIQUE_KEY, params);
}

u32 utee_client_login(void) {
    static const char name[] = "gpd.client.identity";
    u32 index = 0, type = 0, size = 20;
    u32 identity[5] = {0}; // login, UUID
    if (eh_svc(PROPSET_CURRENT_CLIENT, (u64)name, sizeof name, (u64)&index, 0, 0, 0, 0, UTEE_PROPERTY_INDEX))
        return LOGIN_UNKNOWN;
    if (eh_svc(PROPSET_CURRENT_CLIENT, index, 0, 0, (u64)identity, (u64)&size, (u64)&type, 0,
               UTEE_GET_PROPERTY))
        return LOGIN_UNKNOWN;
    return identity[0];
}

u32 utee_sha256(const void *data, u64 size, u8 hash[32]) {
    static u32 state;
    u64 length = 32;
    u32 made = 0;
    if (!state) {
        u32 result = call5(UTEE_STATE_ALLOC, ALG_SHA256, MODE_DIGEST, 0, 0, (u64)&made);
        if (result)
            return result;
        state = made;
    }
    u32 result = call5(UTEE_HASH_INIT, state, 0, 0, 0, 0);
    return result ? result : call5(UTEE_HASH_FINAL, state, (u64)data, size, (u64)hash, (u64)&length);
}

// An operation that owns the object of its key.
u32 utee_mac_open(const u8 key[32], u32 *state) {
    struct {
        u64 a, b;
        u32 id, padding;
    } secret = {(u64)key, 32, ATTR_SECRET_VALUE, 0};
    u32 object = 0, made = 0;
    u32 result = call5(UTEE_OBJECT_ALLOC, TYPE_HMAC_SHA256, 256, (u64)&object, 0, 0);
    if (!result)
        result = call5(UTEE_OBJECT_POPULATE, object, (u64)&secret, 1, 0, 0);
    if (!result)
        result = call5(UTEE_STATE_ALLOC, ALG_HMAC_SHA256, MODE_MAC, object, 0, (u64)&made);
    if (result && object)
        call2(UTEE_OBJECT_CLOSE, object, 0);
    *state = made;
    return result;
}

u32 utee_mac_start(u32 state) { return call5(UTEE_HASH_INIT, state, 0, 0, 0, 0); }

u32 utee_mac_add(u32 state, const void *data, u64 size) {
    return call5(UTEE_HASH_UPDATE, state, (u64)data, size, 0, 0);
}

u32 utee_mac_finish(u32 state, u8 mac[32]) {
    u64 length = 32;
    return call5(UTEE_HASH_FINAL, state, 0, 0, (u64)mac, (u64)&length);
}

u32 utee_object_read(const char *name, u64 name_size, void *data, u64 size, u64 *count) {
    u32 object = 0;
    u32 result = call5(UTEE_STORAGE_OPEN, STORAGE_PRIVATE, (u64)name, name_size, FLAG_READ, (u64)&object);
    if (result)
        return result;
    result = call5(UTEE_OBJECT_READ, object, (u64)data, size, (u64)count, 0);
    call2(UTEE_OBJECT_CLOSE, object, 0);
    return result;
}

u32 utee_object_write(const char *name, u64 name_size, const void *data, u64 size) {
    u32 object = 0;
    u32 result = eh_svc(STORAGE_PRIVATE, (u64)name, name_size, FLAG_WRITE | FLAG_WRITE_META | FLAG_OVERWRITE,
                        0, (u64)data, size, (u64)&object, UTEE_STORAGE_CREATE);
    if (!result)
        call2(UTEE_OBJECT_CLOSE, object, 0);
    return result;
}
