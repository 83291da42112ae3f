// SPDX-License-Identifier: BSD-2-Clause
// The rows of delegated calls: what an answer may be, and the names that the audit log uses.
#include "audit.h"
#include "generated/rows.h"

const struct eh_row *eh_row(u32 index) { return &eh_rows[index]; }

const char *eh_row_name(u32 index) { return eh_row_text + eh_rows[index].text; }

const char *eh_rule_name(u32 index) {
    const char *name = eh_rule_text;
    while (index--)
        name += eh_length(name) + 1;
    return name;
}
