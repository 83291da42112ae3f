# SPDX-License-Identifier: BSD-2-Clause
"""The control block as the host sees it: written before START, read at every return of the TA.

The host does not trust the program: what is read here is copied once, and every offset, length and count is
held to the areas that the host itself laid out. A block that breaks them is a ProgramFault.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from elfhaven.abi.container import (
    CONTROL,
    CONTROL_MAGIC,
    CONTROL_MIN_SIZE,
    SLOT,
    SLOT_COUNT,
    SLOTS_OFFSET,
    VERSION,
    LogKind,
    SlotState,
)
from elfhaven.errors import ProgramFault
from elfhaven.normal.linux.umask import current_umask

CONTROL_WITH_LOG: Final = 65536
LOG_SIZE: Final = 32768
DATA_OFFSET: Final = SLOTS_OFFSET + SLOT_COUNT * SLOT.size
_GIVEN: Final = struct.Struct("<18I16s")  # the words that the host writes
_WRITTEN: Final = struct.Struct("<8I7Q")  # the words that the runtime writes, from `state` on
_WRITTEN_OFFSET: Final = CONTROL.offset("state")
_SLOT: Final = SLOT.struct
_SLOT_STATE: Final = SLOT.offset("state")
_ANSWER: Final = struct.Struct("<qQ")  # result, value
_ANSWER_OFFSET: Final = SLOT.offset("result")
WORD: Final = struct.Struct("<I")
STOP: Final = CONTROL.offset("stop")
_LOG_HEAD: Final = struct.Struct("<II")


class Header(NamedTuple):
    """The words that the runtime wrote; see container.CONTROL."""

    state: int
    exit_status: int
    denied: int
    violated: int
    want_window: int
    log_used: int
    pending: int
    fatal_code: int
    fatal_value: int
    served: int
    delegated: int
    memory: int
    base: int
    patience: int
    exit_signal: int


class Request(NamedTuple):
    """One slot, copied: where it lies, and its fields as container.SLOT has them."""

    at: int
    id: int
    call: int
    window: int
    args: tuple[int, ...]
    input: tuple[int, int]  # offset, length
    output: tuple[int, int]  # offset, capacity
    paths: tuple[tuple[int, int], tuple[int, int]]  # offset, length


@dataclass(frozen=True, slots=True)
class Identity:
    """What a program is told of its process: nothing inside rests on it."""

    umask: int
    pid: int
    ppid: int
    uid: int
    euid: int
    gid: int
    egid: int

    @classmethod
    def of_this_process(cls) -> Identity:
        return cls(
            current_umask(), os.getpid(), os.getppid(), os.getuid(), os.geteuid(), os.getgid(), os.getegid()
        )


class ControlBlock:
    """Parameter 0 of a container TA, over `view` of shared memory; `log_size` 0 leaves no log area."""

    def __init__(self, view: memoryview, log_size: int, window_size: int) -> None:
        if len(view) < CONTROL_MIN_SIZE + log_size:
            raise ValueError("a control block that is too small")
        self.view = view
        self.window_size = window_size
        self.log_offset = len(view) - log_size if log_size else 0
        self.log_size = log_size
        self.data_offset = DATA_OFFSET
        self.data_end = len(view) - log_size

    def prepare(
        self, start_flags: int, argc: int, envc: int, identity: Identity, log_id: bytes = b""
    ) -> None:
        """Clears the block and writes what START needs; `log_id`: of the log that goes on, 16 bytes."""
        self.view[:] = bytes(len(self.view))
        words = (
            *(CONTROL_MAGIC, VERSION, len(self.view), start_flags),
            *(self.data_offset, self.data_end - self.data_offset, self.log_offset, self.log_size),
            *(self.window_size, argc, envc),
            *(identity.umask, identity.pid, identity.ppid),
            *(identity.uid, identity.euid, identity.gid, identity.egid),
            log_id,
        )
        _GIVEN.pack_into(self.view, 0, *words)

    def header(self) -> Header:
        return Header._make(_WRITTEN.unpack_from(self.view, _WRITTEN_OFFSET))

    def requests(self, pending: int) -> list[Request]:
        """The slots in state REQUESTED, at most `pending` of them."""
        found: list[Request] = []
        view = self.view
        for at in range(SLOTS_OFFSET, DATA_OFFSET, SLOT.size):
            if len(found) >= pending:
                break
            if WORD.unpack_from(view, at + _SLOT_STATE)[0] == SlotState.REQUESTED:
                found.append(_request(at, _SLOT.unpack_from(view, at)))
        return found

    def answer(self, at: int, result: int, value: int) -> None:
        """Answers the slot at `at`: the result first, the state last."""
        _ANSWER.pack_into(self.view, at + _ANSWER_OFFSET, result, value)
        WORD.pack_into(self.view, at + _SLOT_STATE, SlotState.ANSWERED)

    def piece(self, offset: int, length: int) -> memoryview | None:
        """Bytes of the data area; None where they do not lie in it."""
        if offset < self.data_offset or length > self.data_end - offset:
            return None
        return self.view[offset : offset + length]

    def log(self, used: int) -> Iterator[tuple[LogKind, bytes]]:
        """The records of the log area, copied; ProgramFault where they are malformed."""
        if used > self.log_size:
            raise _broken("more log than there is room for")
        return log_records(bytes(self.view[self.log_offset : self.log_offset + used]))

    def last_call(self) -> int | None:
        """The call number that slot 0 last carried; None if there was none."""
        slot = _SLOT.unpack_from(self.view, SLOTS_OFFSET)
        return int(slot[2]) if slot[0] else None


def log_records(records: bytes) -> Iterator[tuple[LogKind, bytes]]:
    """The records of a log area that was copied; ProgramFault where they are malformed."""
    at, used = 0, len(records)
    while at < used:
        if used - at < _LOG_HEAD.size:
            raise _broken("a log record cut short")
        kind, length = _LOG_HEAD.unpack_from(records, at)
        at += _LOG_HEAD.size
        if kind not in tuple(LogKind) or length > used - at:
            raise _broken("a log record of unknown kind or length")
        yield LogKind(kind), records[at : at + length]
        at += (length + 7) & ~7


def _request(at: int, slot: tuple[int, ...]) -> Request:
    return Request(
        at,
        slot[0],
        slot[2],
        slot[3],
        slot[4:10],
        (slot[12], slot[13]),
        (slot[14], slot[15]),
        ((slot[16], slot[18]), (slot[17], slot[19])),
    )


def _broken(what: str) -> ProgramFault:
    return ProgramFault(
        f"the runtime broke the delegation protocol: {what}",
        "the image was packed by another version of elfhaven, or its memory was corrupted",
    )
