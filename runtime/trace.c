// SPDX-License-Identifier: BSD-2-Clause
// Trace records of every call, for an image that was packed with debug = true.
#include "audit.h"
#include "memory.h"

enum { STRING_MAX = 256 };

// Index of the first path among a call's arguments; the second, of renameat, is two further. -1: no path.
static s32 path_argument(u64 call) {
    switch (call) {
    case CALL_chdir:
    case CALL_truncate:
        return 0;
    case CALL_openat:
    case CALL_newfstatat:
    case CALL_statx:
    case CALL_faccessat:
    case CALL_faccessat2:
    case CALL_readlinkat:
    case CALL_mkdirat:
    case CALL_unlinkat:
    case CALL_renameat:
    case CALL_renameat2:
        return 1;
    default:
        return -1;
    }
}

static u32 add_string(u8 *to, u32 index, u64 address) {
    s64 length = user_string((char *)to + 8, address, STRING_MAX);
    if (length == -ENAMETOOLONG)
        length = STRING_MAX;
    if (length < 0)
        return 0;
    u32 head[2] = {index, (u32)length};
    memcpy(to, head, sizeof head);
    return sizeof head + (u32)length;
}

void trace_call(const struct eh_context *c, const u64 args[6], u64 call, u32 where, s64 result) {
    if (!(eh_start.flags & EH_START_FLAG_TRACE) || !(eh_config.head.flags & EH_CONFIG_FLAG_DEBUG))
        return;
    u8 body[sizeof(struct eh_trace_record) + 2 * (8 + STRING_MAX)];
    struct eh_trace_record *record = (void *)body;
    u32 length = sizeof *record, strings = 0, step = call == CALL_renameat || call == CALL_renameat2 ? 2 : 6;
    memset(record, 0, sizeof *record);
    for (s32 i = path_argument(call); i >= 0 && i < 4; i += (s32)step) {
        u32 added = add_string(body + length, (u32)i, args[i]);
        length += added;
        strings += added != 0;
    }
    record->call = (u32)call;
    record->where = where;
    memcpy(record->args, args, sizeof record->args);
    record->result = result;
    record->thread = c->tid;
    record->strings = strings;
    log_room(length);
    log_append(EH_LOG_KIND_TRACE, body, length);
}

void trace_message(const char *text) {
    if (!(eh_config.head.flags & EH_CONFIG_FLAG_DEBUG) || !log_capacity())
        return;
    u32 length = (u32)eh_length(text);
    log_room(length);
    log_append(EH_LOG_KIND_MESSAGE, text, length);
}
