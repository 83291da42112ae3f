// SPDX-License-Identifier: BSD-2-Clause
// Records for the normal world: the audit log, the trace, messages. They are handed over whenever the TEE is
// left; while a client's command is served there is nowhere to put them.
#include "wire.h"

u32 log_capacity(void) { return wire_log()->size; }

void log_room(u32 length) {
    const struct eh_log *log = wire_log();
    u64 size = 8 + ((u64)length + 7) / 8 * 8;
    if (log->at && log->used && log->used + size > log->size)
        wire_leave(EH_STATE_FLUSH);
}

void log_append(u32 kind, const void *body, u32 length) {
    struct eh_log *log = wire_log();
    u32 head[2] = {kind, length}, size = 8 + (length + 7) / 8 * 8;
    if (!log->at || (u64)log->used + size > log->size)
        return; // callers make room first
    u8 *to = log->at + log->used;
    memcpy(to, head, sizeof head);
    memcpy(to + 8, body, length);
    memset(to + 8 + length, 0, size - 8 - length);
    log->used += size;
}
