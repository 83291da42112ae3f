# SPDX-License-Identifier: BSD-2-Clause
"""Trace records as lines like strace's, made from the rows of the table.

A record is container.TRACE_RECORD and the strings that the runtime copied: u32 argument index, u32 length,
bytes, for each. A buffer without a string is shown as its address.
"""

from __future__ import annotations

import struct
from typing import Final

from elfhaven.abi import linux
from elfhaven.abi.container import TRACE_RECORD
from elfhaven.calls.row import Arg, Result, Row, Table

SHOWN: Final = 64  # bytes of a string that are shown
_HEAD: Final = TRACE_RECORD.struct
_STRING: Final = struct.Struct("<II")
_MARKS: Final = ("", "", "  <not served>", "  <denied by the policy>")
_SIGNALS: Final = {
    linux.SIGINT: "SIGINT",
    linux.SIGABRT: "SIGABRT",
    linux.SIGKILL: "SIGKILL",
    linux.SIGSEGV: "SIGSEGV",
    linux.SIGPIPE: "SIGPIPE",
    linux.SIGTERM: "SIGTERM",
}


class Tracer:
    """Decodes the records of one table."""

    def __init__(self, table: Table) -> None:
        self._rows = {row.number: row for row in table.rows}

    def line(self, record: bytes) -> str:
        """One record as a line; ValueError for one that is malformed."""
        if len(record) < _HEAD.size:
            raise ValueError("a trace record that is too short")
        call, where, *rest = _HEAD.unpack_from(record)
        args, result, thread, count = rest[:6], rest[6], rest[7], rest[8]
        texts = _strings(record, count)
        row = self._rows.get(call)
        if row is None:
            shown, name = ", ".join(f"{arg:#x}" for arg in args), f"call_{call}"
        else:
            shown, name = ", ".join(_shown(row, args, texts)), row.name
        mark = _MARKS[where] if where < len(_MARKS) else f"  <{where}>"
        return f"[{thread}] {name}({shown}) = {_result(row, result)}{mark}"


def _strings(record: bytes, count: int) -> dict[int, bytes]:
    """The copied strings by index of their argument."""
    found: dict[int, bytes] = {}
    at = _HEAD.size
    for _ in range(count):
        if at + _STRING.size > len(record):
            raise ValueError("a trace record whose strings are cut short")
        index, length = _STRING.unpack_from(record, at)
        at += _STRING.size
        if length > len(record) - at:
            raise ValueError("a trace record whose strings are cut short")
        found[index] = record[at : at + length]
        at += length
    return found


def _shown(row: Row, args: list[int], texts: dict[int, bytes]) -> list[str]:
    return [
        _quoted(texts[index]) if index in texts else _scalar(arg, value)
        for index, (arg, value) in enumerate(zip(row.args, args, strict=False))
    ]


def _quoted(text: bytes) -> str:
    shown = "".join(_character(byte) for byte in text[:SHOWN])
    return f'"{shown}"' + ("..." if len(text) > SHOWN else "")


def _character(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    if byte == 0x0A:
        return "\\n"
    if byte == 0x09:
        return "\\t"
    return chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}"


def _scalar(arg: Arg, value: int) -> str:
    match arg.kind:
        case "int" | "fd" | "pid":
            return str(_signed(value, 32))
        case "dirfd":
            number = _signed(value, 32)
            return "AT_FDCWD" if number == linux.AT_FDCWD else str(number)
        case "offset":
            return str(_signed(value, 64))
        case "uint" if arg.name == "whence" and value < len(linux.SEEK_NAMES):
            return linux.SEEK_NAMES[value]
        case "size" | "uint" | "file":
            return str(value)
        case "mode":
            return f"0{value & 0xFFFF_FFFF:o}" if value else "0"
        case "open_flags":
            return linux.open_flag_names(value & 0xFFFF_FFFF)
        case "signal":
            return _SIGNALS.get(value, str(_signed(value, 32)))
        case "clock":
            return linux.CLOCK_NAMES[value] if value < len(linux.CLOCK_NAMES) else str(_signed(value, 32))
        case _:
            return f"{value:#x}" if value else "0" if arg.kind in ("hex", "flags") else "NULL"


def _result(row: Row | None, result: int) -> str:
    if -linux.MAX_ERRNO <= result < 0:
        return f"-1 {linux.errno_name(-result)}"
    if row is not None and row.result is Result.NEVER:
        return "?"
    if row is not None and row.result is Result.POINTER:
        return f"{result & 0xFFFF_FFFF_FFFF_FFFF:#x}"
    return str(result)


def _signed(value: int, bits: int) -> int:
    low = value & (1 << bits) - 1
    return low - (1 << bits) if low >> bits - 1 else low
