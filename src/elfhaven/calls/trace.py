# SPDX-License-Identifier: BSD-2-Clause
"""Trace records as lines like strace's, made from the rows of the table.

A record is container.TRACE_RECORD and the strings that the runtime copied: u32 argument index, u32 length,
bytes, for each. A buffer without a string is shown as its address.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from elfhaven.abi import linux
from elfhaven.abi.container import TRACE_RECORD
from elfhaven.calls.row import Arg, Result, Row, Table

SHOWN: Final = 64  # bytes of a string that are shown
_HEAD: Final = TRACE_RECORD.struct
_STRING: Final = struct.Struct("<II")
_MARKS: Final = ("", "", "  <not served>", "  <denied by the policy>")
WHERE: Final = ("inside", "delegated", "not served", "denied")
_SIGNALS: Final = {
    linux.SIGINT: "SIGINT",
    linux.SIGABRT: "SIGABRT",
    linux.SIGKILL: "SIGKILL",
    linux.SIGSEGV: "SIGSEGV",
    linux.SIGPIPE: "SIGPIPE",
    linux.SIGTERM: "SIGTERM",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One call of the program. `args` are its words; `texts` the strings that were copied, by index."""

    number: int
    row: Row | None
    where: int
    args: tuple[int, ...]
    result: int
    thread: int
    texts: Mapping[int, bytes]

    @property
    def name(self) -> str:
        return self.row.name if self.row else f"call_{self.number}"

    @property
    def served(self) -> str:
        """Who served it: a word of WHERE."""
        return WHERE[self.where] if self.where < len(WHERE) else str(self.where)

    @property
    def error(self) -> str | None:
        """The name of the errno that it gave."""
        return linux.errno_name(-self.result) if -linux.MAX_ERRNO <= self.result < 0 else None

    def line(self) -> str:
        """As strace -f shows it."""
        if self.row is None:
            shown = ", ".join(f"{arg:#x}" for arg in self.args)
        else:
            shown = ", ".join(_shown(self.row, self.args, self.texts))
        mark = _MARKS[self.where] if self.where < len(_MARKS) else f"  <{self.where}>"
        return f"[{self.thread}] {self.name}({shown}) = {_result(self.row, self.result)}{mark}"

    def as_values(self) -> dict[str, object]:
        """The same as plain values, for JSON: a path is text, a number is a number, the rest as line()."""
        args = self.row.args if self.row else ()
        return {
            "thread": self.thread,
            "call": self.name,
            "number": self.number,
            "args": {
                arg.name: _value(arg, self.args[index], self.texts.get(index))
                for index, arg in enumerate(args[:6])
            },
            "result": self.result,
            "error": self.error,
            "served": self.served,
        }


class Tracer:
    """Decodes the records of one table."""

    def __init__(self, table: Table) -> None:
        self._rows = {row.number: row for row in table.rows}

    def read(self, record: bytes) -> Record:
        """One record; ValueError for one that is malformed."""
        if len(record) < _HEAD.size:
            raise ValueError("a trace record that is too short")
        call, where, *rest = _HEAD.unpack_from(record)
        texts = _strings(record, rest[8])
        return Record(call, self._rows.get(call), where, tuple(rest[:6]), rest[6], rest[7], texts)

    def line(self, record: bytes) -> str:
        """One record as a line; ValueError for one that is malformed."""
        return self.read(record).line()


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


def _shown(row: Row, args: Sequence[int], texts: Mapping[int, bytes]) -> list[str]:
    return [
        _quoted(texts[index]) if index in texts else _scalar(arg, value)
        for index, (arg, value) in enumerate(zip(row.args, args, strict=False))
    ]


def _value(arg: Arg, word: int, text: bytes | None) -> int | str:
    if text is not None:
        return text.decode(errors="backslashreplace")
    shown = _scalar(arg, word)
    return (
        int(shown) if (shown.lstrip("-").isdecimal() and not shown.startswith("0")) or shown == "0" else shown
    )


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
