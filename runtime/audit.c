// SPDX-License-Identifier: BSD-2-Clause
// The audit log: a line of JSON for each delegated call, each with a MAC over the line before it and itself,
// under a key that only this TA on this device has. How far the chain has come is kept in secure storage.
#include "audit.h"
#include "audit_head.h"
#include "memory.h"

enum { LINE_MAX = 20480, PATH_ESCAPED_MAX = 8192, STORE_EVERY = 64 };

static struct {
    u32 on, state; // state: the MAC operation
    struct audit_head head;
    u32 stored;
    char *line;
    u32 used;
} audit;

static void put(const char *text, u64 size) {
    memcpy(audit.line + audit.used, text, size);
    audit.used += (u32)size;
}

static void put_text(const char *text) { put(text, eh_length(text)); }

static void put_unsigned(u64 value) { audit.used += (u32)eh_print_unsigned(audit.line + audit.used, value); }

static void put_signed(s64 value) {
    if (value < 0)
        put("-", 1);
    put_unsigned(value < 0 ? 0 - (u64)value : (u64)value);
}

static void put_hex(u64 value) {
    u32 shift = 60;
    while (shift && !(value >> shift))
        shift -= 4;
    put_text("\"0x");
    for (s32 at = (s32)shift; at >= 0; at -= 4)
        put(&"0123456789abcdef"[value >> at & 15], 1);
    put("\"", 1);
}

// A JSON string: bytes that are not printable ASCII are written as the code point of that number.
static void put_string(const char *text, u32 length) {
    u32 start = audit.used;
    put("\"", 1);
    for (u32 i = 0; i < length && audit.used - start < PATH_ESCAPED_MAX; i++) {
        u8 byte = (u8)text[i];
        if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
            put(text + i, 1);
            continue;
        }
        put_text("\\u00");
        audit.used += (u32)eh_print_hex(audit.line + audit.used, &byte, 1);
    }
    if (audit.used - start >= PATH_ESCAPED_MAX)
        put_text("...");
    put("\"", 1);
}

static void begin_line(const char *call, const char *rule) {
    audit.used = 0;
    put_text("{\"seq\":");
    put_unsigned(audit.head.count);
    put_text(",\"call\":\"");
    put_text(call);
    put_text("\",\"rule\":\"");
    put_text(rule);
    put_text("\",\"args\":{");
}

static void store(u32 closed) {
    char name[AUDIT_NAME];
    audit.head.closed = closed;
    audit.stored = audit.head.count;
    audit_head_name(&audit.head, name);
    if (utee_object_write(name, sizeof name, &audit.head, sizeof audit.head))
        eh_fatal(EH_FATAL_AUDIT, audit.head.count);
}

static void end_line(s64 result) {
    put_text("},\"result\":");
    put_signed(result);
    if (utee_mac_start(audit.state) || utee_mac_add(audit.state, audit.head.mac, 32) ||
        utee_mac_add(audit.state, audit.line, audit.used) || utee_mac_finish(audit.state, audit.head.mac))
        eh_fatal(EH_FATAL_AUDIT, audit.head.count);
    put_text(",\"mac\":\"");
    audit.used += (u32)eh_print_hex(audit.line + audit.used, audit.head.mac, 32);
    put_text("\"}");
    audit.head.count++;
    log_append(EH_LOG_KIND_AUDIT, audit.line, audit.used);
}

static void first_line(void) {
    char hex[32];
    begin_line("elfhaven.start", "audit");
    put_text("\"log\":\"");
    eh_print_hex(hex, audit.head.log, 16);
    put(hex, sizeof hex);
    put_text("\",\"program\":");
    put_string(eh_config.images[0].name, (u32)eh_length(eh_config.images[0].name));
    put_text(",\"uuid\":\"");
    static const u8 order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    for (u32 i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            put("-", 1);
        audit.used += (u32)eh_print_hex(audit.line + audit.used, ta_head + order[i], 1);
    }
    put_text("\"");
    end_line(0);
}

u32 audit_begin(void) {
    u8 key[32];
    if (!(eh_start.flags & EH_START_FLAG_AUDIT))
        return TEE_SUCCESS;
    u32 result = utee_unique_key("elfhaven.audit", key);
    if (!result)
        result = utee_mac_open(key, &audit.state);
    memset(key, 0, sizeof key);
    if (result)
        return result;
    audit.line = arena_own(LINE_MAX);
    if (!audit.line)
        return TEE_ERROR_OUT_OF_MEMORY;
    if (eh_start.flags & EH_START_FLAG_AUDIT_CONTINUE)
        result = audit_head_load(&audit.head, eh_start.log);
    else
        utee_random(audit.head.log, sizeof audit.head.log);
    if (result)
        return result;
    audit.on = 1;
    first_line();
    store(0);
    return TEE_SUCCESS;
}

void audit_room(void) {
    if (audit.on)
        log_room(LINE_MAX);
}

static void put_arguments(const struct eh_request *r) {
    const char *form = eh_row_name(r->row), *first;
    u32 scalar = 0, path = 0;
    form += eh_length(form) + 1;
    for (first = form; *form; form += eh_length(form) + 1) {
        put_text(form == first ? "\"" : ",\"");
        put_text(form + 1);
        put_text("\":");
        if (*form == 'p')
            put_string(r->paths[path] ? r->paths[path]->text : "",
                       r->paths[path] ? r->paths[path]->length : 0);
        else if (*form == 'x')
            put_hex(r->args[scalar]);
        else if (*form == 'd')
            put_signed((s64)r->args[scalar]);
        else
            put_unsigned(r->args[scalar]);
        path += *form == 'p';
        scalar += *form != 'p';
    }
}

void audit_call(const struct eh_request *r) {
    if (!audit.on)
        return;
    begin_line(eh_row_name(r->row), eh_rule_name(r->rule));
    put_arguments(r);
    end_line(r->result);
    if (audit.head.count - audit.stored >= STORE_EVERY)
        store(0);
}

void audit_end(u32 status) {
    if (!audit.on)
        return;
    audit_room();
    begin_line("elfhaven.exit", "audit");
    put_text("\"status\":");
    put_unsigned(status);
    end_line(0);
    store(1);
}
