# SPDX-License-Identifier: BSD-2-Clause
"""The table of utee system calls: what a TA asks of the core (OP-TEE 4.5, numbers 0..54 and 70).

INSIDE: served by the core. REFUSED: returns `refusal`. ABSENT: returns TEE_ERROR_NOT_IMPLEMENTED. Numbers
55..69 were deprecated; they and all above 70 return TEE_ERROR_NOT_SUPPORTED. `errors` are the results
that a well-formed call may give.
"""

from __future__ import annotations

from elfhaven.calls.row import Result, Row, Served, Table, parse_args
from elfhaven.calls.utee_crypto import OBJECTS, OPERATIONS
from elfhaven.calls.utee_rows import served
from elfhaven.calls.utee_storage import STORAGE

_SESSIONS = (
    served(0, "return", "result:uint", result=Result.NEVER),
    served(1, "log", "buffer:in(length) length:size"),
    served(2, "panic", "code:uint", result=Result.NEVER),
    served(
        3,
        "get_property",
        "set:hex index:uint name:out(64) name_length:inout(4) value:out(64) value_length:inout(4) "
        "type:out(4)",
        "ITEM_NOT_FOUND SHORT_BUFFER",
    ),
    served(
        4,
        "get_property_name_to_index",
        "set:hex name:in(length) length:size index:out(4)",
        "ITEM_NOT_FOUND",
    ),
    served(
        5,
        "open_ta_session",
        "uuid:in(16) timeout:uint params:inout(72) session:out(4) origin:out(4)",
        "ITEM_NOT_FOUND OUT_OF_MEMORY BUSY SECURITY TARGET_DEAD",
    ),
    served(6, "close_ta_session", "session:uint", "ITEM_NOT_FOUND"),
    served(
        7,
        "invoke_ta_command",
        "session:uint timeout:uint command:uint params:inout(72) origin:out(4)",
        "TARGET_DEAD OUT_OF_MEMORY",
    ),
    served(8, "check_access_rights", "flags:hex buffer:ptr length:size"),
    served(9, "get_cancellation_flag", "cancel:out(4)"),
    served(10, "unmask_cancellation", "old_mask:out(4)"),
    served(11, "mask_cancellation", "old_mask:out(4)"),
)

_TIME = (
    served(12, "wait", "milliseconds:uint", "CANCEL"),
    served(13, "get_time", "category:uint time:out(8)", "TIME_NOT_SET TIME_NEEDS_RESET OVERFLOW"),
    served(14, "set_ta_time", "time:in(8)", "OUT_OF_MEMORY"),
)


_REFUSED = (
    Row(
        70,
        "cache_operation",
        Served.REFUSED,
        parse_args("address:ptr length:size operation:uint"),
        refusal="TEE_ERROR_NOT_SUPPORTED",
        reason="stock OP-TEE refuses it too, with or without the TA's flag",
    ),
)

UTEE = Table(
    "utee",
    tuple(
        sorted(
            (*_SESSIONS, *_TIME, *OPERATIONS, *OBJECTS, *STORAGE, *_REFUSED),
            key=lambda row: row.number,
        )
    ),
)
