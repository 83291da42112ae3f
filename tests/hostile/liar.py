# SPDX-License-Identifier: BSD-2-Clause
"""A normal world that lies: agents that perform calls as the honest one does, and then change what is said.

A lie is a function of the call and its honest result; it gives the result to tell and may change the call's
output bytes and second result. `Liar` tells it for the calls it is for. `Saboteur` breaks the protocol
itself: it works on the slots after they were answered.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from elfhaven.abi import linux
from elfhaven.abi.container import SLOT, SLOT_COUNT, SLOTS_OFFSET, SlotState
from elfhaven.calls.linux import LINUX
from elfhaven.calls.row import Result, Served
from elfhaven.normal.agent import Agent
from elfhaven.normal.control import ControlBlock
from elfhaven.normal.handlers import Call
from elfhaven.normal.policy import Policy

Lie = Callable[[Call, int], int]
NAMES = {row.number: row.name for row in LINUX.rows}
STANDARD = (0, 1, 2)


@dataclass
class Seen:
    """What reached the normal world: each call's name with its paths and scalars."""

    calls: list[tuple[str, tuple[bytes, ...], tuple[int, ...]]] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.calls]


class Liar(Agent):
    """Tells `lie` for the calls named, from the `after`-th of them on, `times` of them (all by default).

    The program's own output on its standard streams is never lied about, so that it can say what it saw.
    """

    def __init__(
        self,
        policy: Policy,
        lie: Lie,
        only: Iterable[str],
        streams: tuple[int, int, int] = STANDARD,
        after: int = 0,
        times: int | None = None,
    ) -> None:
        super().__init__(policy, streams=streams)
        self._lie = lie
        self._only = frozenset(only)
        self._after = after
        self._times = times
        self.told = 0
        self.seen = Seen()

    def perform(self, call: Call) -> int:
        name = NAMES[call.number]
        result = super().perform(call)
        self.seen.calls.append((name, call.paths, call.args))
        if name not in self._only or (name in ("write", "writev") and call.args[0] in STANDARD):
            return result
        if self._after > 0:
            self._after -= 1
            return result
        if self._times is not None and self.told >= self._times:
            return result
        self.told += 1
        return self._lie(call, result)


class Witness(Agent):
    """An honest agent that keeps what it saw, and the whole control block at each crossing."""

    def __init__(self, policy: Policy, streams: tuple[int, int, int] = STANDARD) -> None:
        super().__init__(policy, streams=streams)
        self.seen = Seen()
        self.blocks: list[bytes] = []

    def serve(
        self, block: ControlBlock, window: memoryview | None, pending: int, patience: int | None = None
    ) -> int:
        self.blocks.append(bytes(block.view))
        return super().serve(block, window, pending, patience)

    def perform(self, call: Call) -> int:
        self.seen.calls.append((NAMES[call.number], call.paths, call.args))
        return super().perform(call)


Sabotage = Callable[[ControlBlock, memoryview | None, int], None]


class Saboteur(Agent):
    """Answers honestly, then lets `sabotage` work on the control block before the TA runs again.

    `at` chooses the crossings by number, from 0; None takes all.
    """

    def __init__(
        self,
        policy: Policy,
        sabotage: Sabotage,
        streams: tuple[int, int, int] = STANDARD,
        at: Iterable[int] | None = None,
    ) -> None:
        super().__init__(policy, streams=streams)
        self._sabotage = sabotage
        self._at = None if at is None else frozenset(at)
        self.crossings = 0

    def serve(
        self, block: ControlBlock, window: memoryview | None, pending: int, patience: int | None = None
    ) -> int:
        answered = super().serve(block, window, pending, patience)
        if self._at is None or self.crossings in self._at:
            self._sabotage(block, window, self.crossings)
        self.crossings += 1
        return answered


# lies about results


def always(value: int) -> Lie:
    """The same result whatever happened."""
    return lambda call, result: value


def plus(count: int) -> Lie:
    """More than there is; errors stay."""
    return lambda call, result: result + count if result >= 0 else result


def beyond_the_buffer(call: Call, result: int) -> int:
    """One byte more than was asked for."""
    return max(len(call.output), len(call.input)) + 1


def far_beyond_the_buffer(call: Call, result: int) -> int:
    return 1 << 47


def foreign_errnos(name: str) -> list[int]:
    """Every errno that the row of a call does not allow."""
    row = LINUX.by_name(name)
    return [number for errno, number in linux.ERRNO.items() if errno not in row.errors]


def delegated(*results: Result) -> list[str]:
    """The names of the delegated calls whose result is one of these kinds."""
    return [row.name for row in LINUX.rows if row.served is Served.DELEGATED and row.result in results]


# lies about bytes


def overwrite(offset: int, data: bytes) -> Lie:
    """Output bytes that are not what was found."""

    def lie(call: Call, result: int) -> int:
        if result >= 0 and offset + len(data) <= len(call.output):
            call.output[offset : offset + len(data)] = data
        return result

    return lie


def stat_field(index: int, value: int) -> Lie:
    """struct stat with one field of linux.STAT changed; index 8 is st_size, 2 st_mode, 1 st_ino."""

    def lie(call: Call, result: int) -> int:
        if result == 0:
            fields = list(linux.STAT.unpack_from(call.output))
            fields[index] = value
            linux.STAT.pack_into(call.output, 0, *fields)
        return result

    return lie


def dirent(name: bytes, reclen: int | None = None, kind: int = 8, inode: int = 99) -> bytes:
    """One struct linux_dirent64; `reclen` lies about its length."""
    size = (linux.DIRENT_HEAD.size + len(name) + 1 + 7) & ~7
    head = linux.DIRENT_HEAD.pack(inode, 1, size if reclen is None else reclen, kind)
    return (head + name).ljust(size, b"\0")


def entries(data: bytes, told: int | None = None) -> Lie:
    """getdents64 that gives `data` once and then nothing."""
    given: list[bool] = []

    def lie(call: Call, result: int) -> int:
        if given:
            return 0
        given.append(True)
        call.output[: len(data)] = data
        return len(data) if told is None else told

    return lie


# sabotage


def slots(block: ControlBlock) -> list[int]:
    """Where the answered slots lie."""
    places = range(SLOTS_OFFSET, SLOTS_OFFSET + SLOT_COUNT * SLOT.size, SLOT.size)
    return [at for at in places if _word(block, at, "state") == SlotState.ANSWERED]


def set_word(block: ControlBlock, at: int, field_name: str, value: int) -> None:
    struct.pack_into("<I", block.view, at + SLOT.offset(field_name), value)


def _word(block: ControlBlock, at: int, field_name: str) -> int:
    word: int = struct.unpack_from("<I", block.view, at + SLOT.offset(field_name))[0]
    return word


def wrong_id(block: ControlBlock, window: memoryview | None, crossing: int) -> None:
    """The answer claims to belong to another request."""
    for at in slots(block):
        set_word(block, at, "id", _word(block, at, "id") + 1)


def wrong_state(block: ControlBlock, window: memoryview | None, crossing: int) -> None:
    for at in slots(block):
        set_word(block, at, "state", 77)


def drop(block: ControlBlock, window: memoryview | None, crossing: int) -> None:
    """The answer is withheld: the slot looks as it did."""
    for at in slots(block):
        set_word(block, at, "state", SlotState.REQUESTED)


def scribble(block: ControlBlock, window: memoryview | None, crossing: int) -> None:
    """Every word of the header, and of each slot what is the runtime's own, is overwritten."""
    block.view[:SLOTS_OFFSET] = b"\xa5" * SLOTS_OFFSET
    for at in slots(block):
        for name in ("window", "in_offset", "in_length", "out_offset", "out_capacity", "call"):
            set_word(block, at, name, 0xFFFF_FFF0)
        block.view[at + SLOT.offset("args") : at + SLOT.offset("result")] = b"\xff" * 48


class Replay:
    """Sabotage that puts the previous answer's slot in place of the present one's, id and all."""

    def __init__(self) -> None:
        self._last: bytes | None = None
        self.replayed = 0

    def __call__(self, block: ControlBlock, window: memoryview | None, crossing: int) -> None:
        for at in slots(block):
            now = bytes(block.view[at : at + SLOT.size])
            if self._last is not None:
                block.view[at : at + SLOT.size] = self._last
                self.replayed += 1
            self._last = now
