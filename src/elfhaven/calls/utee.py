# SPDX-License-Identifier: BSD-2-Clause
"""The table of utee system calls: what a TA asks of the core (OP-TEE 4.5, numbers 0..54 and 70).

INSIDE: served by the core. REFUSED: returns `refusal`. ABSENT: returns TEE_ERROR_NOT_IMPLEMENTED. Numbers
55..69 were deprecated; they and all above 70 return TEE_ERROR_NOT_SUPPORTED. `errors` are the results
that a well-formed call may give.
"""

from __future__ import annotations

from elfhaven.calls.row import Result, Row, Served, Table, parse_args
from elfhaven.calls.utee_absent import ABSENT

_COMMON = "ACCESS_DENIED BAD_PARAMETERS"


def _served(number: int, name: str, args: str, errors: str = "", result: Result = Result.ZERO) -> Row:
    names = frozenset(f"TEE_ERROR_{error}" for error in f"{_COMMON} {errors}".split())
    return Row(number, name, Served.INSIDE, parse_args(args), result, names, reason="the core's own")


_SESSIONS = (
    _served(0, "return", "result:uint", result=Result.NEVER),
    _served(1, "log", "buffer:in(length) length:size"),
    _served(2, "panic", "code:uint", result=Result.NEVER),
    _served(
        3,
        "get_property",
        "set:hex index:uint name:out(64) name_length:inout(4) value:out(64) value_length:inout(4) "
        "type:out(4)",
        "ITEM_NOT_FOUND SHORT_BUFFER",
    ),
    _served(
        4,
        "get_property_name_to_index",
        "set:hex name:in(length) length:size index:out(4)",
        "ITEM_NOT_FOUND",
    ),
    _served(
        5,
        "open_ta_session",
        "uuid:in(16) timeout:uint params:inout(72) session:out(4) origin:out(4)",
        "ITEM_NOT_FOUND OUT_OF_MEMORY BUSY SECURITY TARGET_DEAD",
    ),
    _served(6, "close_ta_session", "session:uint", "ITEM_NOT_FOUND"),
    _served(
        7,
        "invoke_ta_command",
        "session:uint timeout:uint command:uint params:inout(72) origin:out(4)",
        "TARGET_DEAD OUT_OF_MEMORY",
    ),
    _served(8, "check_access_rights", "flags:hex buffer:ptr length:size"),
    _served(9, "get_cancellation_flag", "cancel:out(4)"),
    _served(10, "unmask_cancellation", "old_mask:out(4)"),
    _served(11, "mask_cancellation", "old_mask:out(4)"),
)

_TIME = (
    _served(12, "wait", "milliseconds:uint", "CANCEL"),
    _served(13, "get_time", "category:uint time:out(8)", "TIME_NOT_SET TIME_NEEDS_RESET OVERFLOW"),
    _served(14, "set_ta_time", "time:in(8)", "OUT_OF_MEMORY"),
)

_CRYPTO = (
    _served(
        15, "cryp_state_alloc", "algorithm:hex mode:uint key1:uint key2:uint state:out(4)", "NOT_SUPPORTED"
    ),
    _served(16, "cryp_state_copy", "destination:uint source:uint"),
    _served(17, "cryp_state_free", "state:uint"),
    _served(18, "hash_init", "state:uint iv:in(length) length:size"),
    _served(19, "hash_update", "state:uint chunk:in(length) length:size", "BAD_STATE"),
    _served(
        20,
        "hash_final",
        "state:uint chunk:in(length) length:size hash:out(hash_length) hash_length:ptr",
        "SHORT_BUFFER BAD_STATE",
    ),
    _served(33, "cryp_random_number_generate", "buffer:out(length) length:size"),
)

_OBJECTS = (
    _served(24, "cryp_obj_get_info", "object:uint info:out(28)"),
    _served(25, "cryp_obj_restrict_usage", "object:uint usage:hex"),
    _served(
        26,
        "cryp_obj_get_attr",
        "object:uint attribute:hex buffer:out(size) size:ptr",
        "ITEM_NOT_FOUND SHORT_BUFFER",
    ),
    _served(27, "cryp_obj_alloc", "type:hex max_size:uint object:out(4)", "NOT_SUPPORTED OUT_OF_MEMORY"),
    _served(28, "cryp_obj_close", "object:uint"),
    _served(29, "cryp_obj_reset", "object:uint"),
    _served(30, "cryp_obj_populate", "object:uint attributes:ptr count:uint", "BAD_STATE"),
    _served(31, "cryp_obj_copy", "destination:uint source:uint", "BAD_STATE"),
    _served(
        54,
        "cryp_obj_generate_key",
        "object:uint bits:uint attributes:ptr count:uint",
        "NOT_SUPPORTED BAD_STATE",
    ),
)

_STORED = "CORRUPT_OBJECT STORAGE_NOT_AVAILABLE"
_STORAGE = (
    _served(
        41,
        "storage_obj_open",
        "storage:hex id:in(length) length:size flags:hex object:out(4)",
        "ITEM_NOT_FOUND ACCESS_CONFLICT " + _STORED,
    ),
    _served(
        42,
        "storage_obj_create",
        "storage:hex id:in(id_length) id_length:size flags:hex attributes:uint data:in(length) length:size "
        "object:out(4)",
        "ITEM_NOT_FOUND ACCESS_CONFLICT " + _STORED,
    ),
    _served(43, "storage_obj_del", "object:uint", "BAD_STATE " + _STORED),
    _served(44, "storage_obj_rename", "object:uint id:in(length) length:size", "ACCESS_CONFLICT " + _STORED),
    _served(50, "storage_obj_read", "object:uint data:out(length) length:size count:out(8)", _STORED),
    _served(51, "storage_obj_write", "object:uint data:in(length) length:size", "OVERFLOW " + _STORED),
    _served(52, "storage_obj_trunc", "object:uint length:size", _STORED),
    _served(53, "storage_obj_seek", "object:uint offset:int whence:uint", "OVERFLOW"),
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
            (*_SESSIONS, *_TIME, *_CRYPTO, *_OBJECTS, *_STORAGE, *_REFUSED, *ABSENT),
            key=lambda row: row.number,
        )
    ),
)
