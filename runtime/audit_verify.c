// SPDX-License-Identifier: BSD-2-Clause
// Command AUDIT_VERIFY: a log comes in pieces; each record's MAC is made again from the record before it and
// its own bytes. The pieces lie in shared memory: each byte is copied once.
#include "audit.h"
#include "audit_head.h"

enum { MAC_FIELD = 74 }; // ,"mac":"<64 digits>"}
enum { HEAD = 512, PIECE = 1024 };
enum { VALUE_IN = 1, VALUE_OUT = 2, MEMREF_IN = 5 };

static struct {
    u32 state;  // the MAC operation
    u32 broken; // the record after `count` does not hold
    u32 in_line;
    u32 count;          // whole records so far
    u8 mac[32];         // of the last whole record
    u8 tail[MAC_FIELD]; // the last bytes of the line, not yet given to the MAC
    u32 tail_used;
    char head[HEAD]; // the line's first bytes
    u32 head_used;
    u8 log[16];
    u32 last_is_exit, stored_mac_seen;
    struct audit_head stored;
    u32 stored_known;
} verify;

void audit_head_name(const struct audit_head *head, char name[AUDIT_NAME]) {
    memcpy(name, "eh.audit.", 9);
    eh_print_hex(name + 9, head->log, 16);
}

u32 audit_head_load(struct audit_head *head, const u8 log[16]) {
    char name[AUDIT_NAME];
    u64 count = 0;
    memcpy(head->log, log, 16);
    audit_head_name(head, name);
    u32 result = utee_object_read(name, sizeof name, head, sizeof *head, &count);
    if (!result && (count != sizeof *head || memcmp(head->log, log, 16)))
        return TEE_ERROR_ITEM_NOT_FOUND;
    return result;
}

static u32 begin(void) {
    u8 key[32];
    u32 state = verify.state;
    memset(&verify, 0, sizeof verify);
    verify.state = state;
    u32 result = state ? TEE_SUCCESS : utee_unique_key("elfhaven.audit", key);
    if (!result && !state)
        result = utee_mac_open(key, &verify.state);
    memset(key, 0, sizeof key);
    return result;
}

static void add(const void *data, u64 size) {
    if (size && utee_mac_add(verify.state, data, size))
        verify.broken = 1;
}

static void begin_line(void) {
    verify.in_line = 1;
    verify.tail_used = verify.head_used = 0;
    if (utee_mac_start(verify.state))
        verify.broken = 1;
    add(verify.mac, 32);
}

static int digit(u8 c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static int read_hex(const u8 *text, u8 *bytes, u32 size) {
    for (u32 i = 0; i < size; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return 0;
        bytes[i] = (u8)(high << 4 | low);
    }
    return 1;
}

// Where `text` lies in the line's first bytes; 0 if it does not.
static const char *find(const char *text) {
    u64 length = eh_length(text);
    for (u32 i = 0; i + length <= verify.head_used; i++)
        if (!memcmp(verify.head + i, text, length))
            return verify.head + i + length;
    return 0;
}

static int sequence_right(void) {
    char wanted[32];
    memcpy(wanted, "{\"seq\":", 7);
    u64 length = 7 + eh_print_unsigned(wanted + 7, verify.count);
    wanted[length++] = ',';
    return verify.head_used >= length && !memcmp(verify.head, wanted, length);
}

static int learn_log(void) {
    const char *id = find("\"log\":\"");
    if (!id || id + 32 > verify.head + verify.head_used || !read_hex((const u8 *)id, verify.log, 16))
        return 0;
    verify.stored_known = !audit_head_load(&verify.stored, verify.log);
    return 1;
}

static int holds(const u8 made[32]) {
    u8 told[32];
    return verify.tail_used == MAC_FIELD && !memcmp(verify.tail, ",\"mac\":\"", 8) &&
           !memcmp(verify.tail + 72, "\"}", 2) && read_hex(verify.tail + 8, told, 32) &&
           !memcmp(made, told, 32) && sequence_right() && (verify.count || learn_log());
}

static void end_line(void) {
    u8 made[32];
    verify.in_line = 0;
    if (utee_mac_finish(verify.state, made) || !holds(made)) {
        verify.broken = 1;
        return;
    }
    memcpy(verify.mac, made, 32);
    verify.count++;
    verify.last_is_exit = find("\"call\":\"elfhaven.exit\"") != 0;
    if (verify.stored_known && verify.count == verify.stored.count)
        verify.stored_mac_seen = !memcmp(made, verify.stored.mac, 32);
}

// Bytes of a line: the last MAC_FIELD of them are kept back, the rest goes to the MAC.
static void line_bytes(const u8 *data, u32 size) {
    u32 head = (u32)EH_MIN(size, HEAD - verify.head_used);
    memcpy(verify.head + verify.head_used, data, head);
    verify.head_used += head;
    u32 total = verify.tail_used + size, out = total > MAC_FIELD ? total - MAC_FIELD : 0;
    u32 from_tail = EH_MIN(out, verify.tail_used);
    add(verify.tail, from_tail);
    memmove(verify.tail, verify.tail + from_tail, verify.tail_used - from_tail);
    verify.tail_used -= from_tail;
    add(data, out - from_tail);
    memcpy(verify.tail + verify.tail_used, data + (out - from_tail), size - (out - from_tail));
    verify.tail_used += size - (out - from_tail);
}

static void take(const u8 *data, u32 size) {
    for (u32 i = 0; i < size && !verify.broken;) {
        u32 start = i;
        while (i < size && data[i] != '\n')
            i++;
        if (!verify.in_line)
            begin_line();
        line_bytes(data + start, i - start);
        if (i++ < size)
            end_line();
    }
}

static u32 verdict(void) {
    if (verify.in_line && !verify.broken)
        end_line(); // the last line may lack its newline
    if (!verify.broken && (!verify.count || !verify.stored_known))
        return EH_VERDICT_UNKNOWN;
    if (!verify.broken && verify.count < verify.stored.count)
        return EH_VERDICT_TRUNCATED;
    if (verify.broken || !verify.stored_mac_seen ||
        (verify.stored.closed && verify.count > verify.stored.count))
        return EH_VERDICT_BROKEN;
    return verify.stored.closed && verify.last_is_exit ? EH_VERDICT_CLOSED : EH_VERDICT_OPEN;
}

u32 audit_verify(const struct eh_entry *e) {
    u8 piece[PIECE];
    const u8 *from = (const u8 *)e->params[0];
    u64 size = e->params[1];
    u32 phase = (u32)e->params[2];
    if ((e->types & 0xfff) != (MEMREF_IN | VALUE_IN << 4 | VALUE_OUT << 8) || phase > EH_VERIFY_PHASE_END)
        return TEE_ERROR_BAD_PARAMETERS;
    u32 result = phase == EH_VERIFY_PHASE_BEGIN ? begin() : verify.state ? TEE_SUCCESS : TEE_ERROR_BAD_STATE;
    for (u64 done = 0; done < size && !result; done += PIECE) {
        u64 count = EH_MIN((u64)PIECE, size - done);
        memcpy(piece, from + done, count);
        take(piece, (u32)count);
    }
    e->raw[5] = phase == EH_VERIFY_PHASE_END ? verdict() : 0;
    e->raw[6] = verify.count;
    return result;
}
