// SPDX-License-Identifier: BSD-2-Clause
// The key of a haven: an object of trusted storage that the owner of the haven gives to each of its programs, once,
// before the device leaves his hands. A program that belongs to none has a key of its own.
#include "sealed.h"

enum { MEMREF_IN = 5, NAME_MOST = 48, KEY = 32 };

// The haven's name in the signed policy; 0: the program belongs to none.
static const char *haven(u32 *length) {
    const u8 *blob = (const u8 *)(EH_BASE + eh_config.head.policy);
    const struct eh_policy *p = (const void *)blob;
    u64 size = eh_config.head.policy_size;
    *length = 0;
    if (size < sizeof *p || p->magic != EH_POLICY_MAGIC || p->haven_length > NAME_MOST ||
        (u64)p->haven_offset + p->haven_length > size)
        return 0;
    *length = p->haven_length;
    return p->haven_length ? (const char *)blob + p->haven_offset : 0;
}

static u32 object_name(char name[10 + NAME_MOST]) {
    u32 length;
    const char *text = haven(&length);
    memcpy(name, "eh.haven.", 9);
    if (text)
        memcpy(name + 9, text, length);
    return text ? 9 + length : 0;
}

int seal_in_haven(void) {
    u32 length;
    return haven(&length) != 0;
}

s64 seal_program_key(u8 key[32]) {
    char name[10 + NAME_MOST];
    u64 count = 0;
    u32 length = object_name(name);
    if (!length)
        return utee_unique_key("elfhaven.sealed", key) ? -EIO : 0;
    u32 result = utee_object_read(name, length, key, KEY, &count);
    if (result == TEE_SUCCESS && count == KEY)
        return 0;
    wire_denied(EH_RULE_FILES_SEALED);
    return -EACCES;
}

// Command GIVE_KEY. A key that is there stays: it would make what was sealed with it unreadable.
u32 seal_give_key(const struct eh_entry *e) {
    char name[10 + NAME_MOST];
    u8 key[KEY], there[KEY];
    u64 count = 0;
    u32 length = object_name(name);
    if ((e->types & 0xf) != MEMREF_IN || e->params[1] != KEY || !length)
        return TEE_ERROR_BAD_PARAMETERS;
    memcpy(key, (const void *)e->params[0], KEY);
    u32 result = utee_object_read(name, length, there, KEY, &count);
    if (result == TEE_SUCCESS)
        result = count == KEY && !memcmp(key, there, KEY) ? TEE_SUCCESS : TEE_ERROR_ACCESS_CONFLICT;
    else if (result == TEE_ERROR_ITEM_NOT_FOUND)
        result = utee_object_write(name, length, key, KEY);
    memset(key, 0, sizeof key);
    memset(there, 0, sizeof there);
    return result;
}
