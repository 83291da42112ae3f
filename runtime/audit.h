// SPDX-License-Identifier: BSD-2-Clause
// The audit log (a chain of MACs) and the trace.
#pragma once
#include "wire.h"

u32 audit_begin(void); // START: TEE_SUCCESS, or why the chain cannot be made
void audit_end(u32 status);
void audit_room(void); // before a request: room in the log for its record
void audit_call(const struct eh_request *r);
u32 audit_verify(const struct eh_entry *entry); // command AUDIT_VERIFY

const struct eh_row *eh_row(u32 index);
const char *eh_row_name(u32 index); // then its scalars and paths: see struct eh_row
const char *eh_rule_name(u32 index);

enum { TRACE_INSIDE = 0, TRACE_DELEGATED = 1, TRACE_ABSENT = 2, TRACE_DENIED = 3 };
void trace_message(const char *text); // to the user of an image packed with debug = true
void trace_call(const struct eh_context *c, const u64 args[6], u64 call, u32 where, s64 result);
