// SPDX-License-Identifier: BSD-2-Clause
// How far an audit log has come, in a persistent object of its own.
#pragma once
#include "rt.h"

enum { AUDIT_NAME = 9 + 32 }; // "eh.audit.", then the log's id in hexadecimal

struct audit_head {
    u8 log[16]; // random id
    u8 mac[32]; // of the last record; zero before the first
    u32 count;  // records made
    u32 closed;
};
_Static_assert(sizeof(struct audit_head) == 56, "stored");

void audit_head_name(const struct audit_head *head, char name[AUDIT_NAME]);
u32 audit_head_load(struct audit_head *head, const u8 log[16]); // TEE_SUCCESS, or why there is none
