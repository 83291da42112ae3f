# SPDX-License-Identifier: BSD-2-Clause
"""The runtime's half of a delegated call, for tests: writes requests into a control block, reads answers."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from elfhaven.abi.container import CONTROL, SLOT, SLOTS_OFFSET, SlotState
from elfhaven.calls.linux import LINUX
from elfhaven.normal.agent import Agent
from elfhaven.normal.control import ControlBlock, Identity

IDENTITY = Identity(0o022, 10, 1, 1000, 1000, 1000, 1000)


class Requester:
    """A control block and an agent behind it; each `call` is one delegated call."""

    def __init__(self, agent: Agent, window_size: int = 1 << 20, log_size: int = 0) -> None:
        self.agent = agent
        self.window = memoryview(bytearray(window_size))
        self.block = ControlBlock(memoryview(bytearray(65536)), log_size, window_size)
        self.block.prepare(0, 0, 0, IDENTITY)
        self.next_id = 1

    def request(
        self,
        name: str,
        args: Sequence[int] = (),
        paths: Sequence[bytes | str] = (),
        data: bytes = b"",
        room: int = 0,
        in_window: bool = False,
        slot: int = 0,
    ) -> None:
        """Writes a request; paths, input and room lie one after the other behind the data offset."""
        at = self.block.data_offset + slot * 8192
        places = []
        for path in paths:
            raw = path.encode() if isinstance(path, str) else path
            self.block.view[at : at + len(raw)] = raw
            places.append((at, len(raw)))
            at += len(raw)
        places += [(0, 0)] * (2 - len(places))
        area = self.window if in_window else self.block.view
        start = 0 if in_window else at
        area[start : start + len(data)] = data
        words = [arg & (1 << 64) - 1 for arg in args] + [0] * (6 - len(args))
        self.write(slot, LINUX.by_name(name).number, words, in_window, start, len(data), room, places)

    def write(
        self,
        slot: int,
        number: int,
        words: list[int],
        in_window: bool,
        start: int,
        length: int,
        room: int,
        places: list[tuple[int, int]],
    ) -> None:
        offsets, lengths = zip(*places, strict=True)
        SLOT.struct.pack_into(
            self.block.view,
            SLOTS_OFFSET + slot * SLOT.size,
            *(self.next_id, SlotState.REQUESTED, number, int(in_window), *words, 0, 0),
            *(start, length, start, room, *offsets, *lengths, 0, 0),
        )
        self.next_id += 1

    def answer(self, slot: int = 0) -> tuple[int, int, int]:
        """(state, result, value) of a slot."""
        fields = SLOT.struct.unpack_from(self.block.view, SLOTS_OFFSET + slot * SLOT.size)
        return fields[1], fields[10], fields[11]

    def output(self, length: int, slot: int = 0) -> bytes:
        fields = SLOT.struct.unpack_from(self.block.view, SLOTS_OFFSET + slot * SLOT.size)
        area = self.window if fields[3] else self.block.view
        return bytes(area[fields[14] : fields[14] + length])

    def call(
        self,
        name: str,
        args: Sequence[int] = (),
        paths: Sequence[bytes | str] = (),
        data: bytes = b"",
        room: int = 0,
        in_window: bool = False,
    ) -> int:
        """One call from request to answer; the result."""
        self.request(name, args, paths, data, room, in_window)
        assert self.agent.serve(self.block, self.window, 1) == 1
        state, result, _ = self.answer()
        assert state == SlotState.ANSWERED
        return result

    def report(self, **words: int) -> None:
        """Writes words of the header that the runtime owns."""
        for name, value in words.items():
            kind = {field: kind for kind, field in CONTROL.fields}[name]
            code = "<Q" if kind == "u64" else "<I"
            struct.pack_into(code, self.block.view, CONTROL.offset(name), value)
