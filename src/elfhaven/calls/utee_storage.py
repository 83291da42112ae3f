# SPDX-License-Identifier: BSD-2-Clause
"""utee calls of trusted storage."""

from __future__ import annotations

from elfhaven.calls.utee_rows import served

_STORED = "CORRUPT_OBJECT STORAGE_NOT_AVAILABLE"
STORAGE = (
    served(
        41,
        "storage_obj_open",
        "storage:hex id:in(length) length:size flags:hex object:out(4)",
        "ITEM_NOT_FOUND ACCESS_CONFLICT " + _STORED,
    ),
    served(
        42,
        "storage_obj_create",
        "storage:hex id:in(id_length) id_length:size flags:hex attributes:uint data:in(length) length:size "
        "object:out(4)",
        "ITEM_NOT_FOUND ACCESS_CONFLICT " + _STORED,
    ),
    served(43, "storage_obj_del", "object:uint", "BAD_STATE " + _STORED),
    served(44, "storage_obj_rename", "object:uint id:in(length) length:size", "ACCESS_CONFLICT " + _STORED),
    served(50, "storage_obj_read", "object:uint data:out(length) length:size count:out(8)", _STORED),
    served(51, "storage_obj_write", "object:uint data:in(length) length:size", "OVERFLOW " + _STORED),
    served(52, "storage_obj_trunc", "object:uint length:size", _STORED),
    served(53, "storage_obj_seek", "object:uint offset:int whence:uint", "OVERFLOW"),
    served(45, "storage_enum_alloc", "enumerator:out(4)"),
    served(46, "storage_enum_free", "enumerator:uint"),
    served(47, "storage_enum_reset", "enumerator:uint"),
    served(48, "storage_enum_start", "enumerator:uint storage:hex", "ITEM_NOT_FOUND " + _STORED),
    served(
        49,
        "storage_enum_next",
        "enumerator:uint info:out(28) id:out(64) length:out(8)",
        "ITEM_NOT_FOUND " + _STORED,
    ),
)
