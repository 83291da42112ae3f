# SPDX-License-Identifier: BSD-2-Clause
"""A normal world that a test plays by hand: every word of the control block is its own to write."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from tests.support import zig
from tests.unit.runtime.fake_core import FakeCore

from elfhaven.abi.container import (
    CONTROL,
    CONTROL_MAGIC,
    SLOT,
    SLOTS_OFFSET,
    VERSION,
    WINDOW_DEFAULT,
    Command,
    LogKind,
    SlotState,
    State,
)
from elfhaven.image.layout import ContainerConfig, build
from elfhaven.image.reader import Elf
from elfhaven.image.runtime_image import RuntimeImage
from elfhaven.manifest.compiled import encode
from elfhaven.manifest.policy import Policy
from elfhaven.normal.transport import Direction, Login, MemRef, Parameter

NAME = UUID("f1d0a000-1234-4321-8888-0123456789ab")
CONTROL_SIZE, LOG_SIZE = 65536, 32768
DATA = SLOTS_OFFSET + 32 * SLOT.size
RUNTIME = Path(__file__).resolve().parents[3] / "src" / "elfhaven" / "runtime.elf"
OPEN = struct.Struct("<IIQQQ")


class Slot:
    """Slot 0 as the runtime wrote it."""

    def __init__(self, world: World) -> None:
        words = SLOT.struct.unpack_from(world.control, SLOTS_OFFSET)
        self.id, self.state, self.call, self.window = words[:4]
        self.args = words[4:10]
        self.input, self.output = (words[12], words[13]), (words[14], words[15])
        self.paths = tuple(bytes(world.control[words[16 + i] :][: words[18 + i]]) for i in range(2))
        self.reserved = words[20:]


class World:
    """One session with a container TA made from C source."""

    def __init__(
        self,
        source: str,
        policy: Policy | None = None,
        flags: int = 0,
        memory: int = 16 << 20,
        files: tuple[tuple[str, bytes], ...] = (),
    ) -> None:
        program = Elf.parse(zig.compile_program(source).read_bytes(), "/program")
        runtime = RuntimeImage.parse(RUNTIME.read_bytes())
        config = ContainerConfig(NAME, flags=flags, stack_size=65536, files=files)
        self.core = FakeCore(build(runtime, program, config, encode(policy or Policy())), memory)
        self.session = self.core.open_session(NAME, Login.PUBLIC, 0, (), 1).session
        self.handle, self.control = self._share(CONTROL_SIZE)
        self.window_handle, self.window = self._share(WINDOW_DEFAULT)
        self.log: list[tuple[LogKind, bytes]] = []

    def _share(self, size: int) -> tuple[int, memoryview]:
        allocation = self.core.allocate(size)
        return allocation.handle, allocation.view

    def invoke(self, command: int, *params: Parameter) -> int:
        """TEE_Result of a command with these parameters."""
        return self.core.invoke(self.session, command, params, 1).code

    def start(
        self,
        argv: Sequence[str] = ("program",),
        env: Sequence[str] = (),
        cwd: str = "/home",
        flags: int = 0,
        strings: bytes | None = None,
        log_id: bytes = b"",
        **header: int,
    ) -> int:
        """START; `strings` and words of the `header` replace what is right."""
        words = {
            "magic": CONTROL_MAGIC,
            "version": VERSION,
            "size": CONTROL_SIZE,
            "start_flags": flags,
            "data_offset": DATA,
            "data_size": CONTROL_SIZE - LOG_SIZE - DATA,
            "log_offset": CONTROL_SIZE - LOG_SIZE,
            "log_size": LOG_SIZE,
            "window_size": WINDOW_DEFAULT,
            "argc": len(argv),
            "envc": len(env),
            "umask": 0o22,
            "pid": 4242,
        }
        for name, value in {**words, **header}.items():
            struct.pack_into("<I", self.control, CONTROL.offset(name), value)
        self.control[CONTROL.offset("log_id") : CONTROL.offset("log_id") + 16] = log_id.ljust(16, b"\0")
        if strings is None:
            strings = b"".join(text.encode() + b"\0" for text in (*argv, *env, cwd))
        return self._enter(Command.START, False, MemRef.input(strings))

    def resume(self, window: bool | None = None) -> int:
        """RESUME, with the window if the runtime wants it."""
        return self._enter(Command.RESUME, bool(self["want_window"]) if window is None else window)

    def _enter(self, command: Command, window: bool, *more: Parameter) -> int:
        control = MemRef(Direction.INOUT, None, self.handle, 0, CONTROL_SIZE)
        large = MemRef(Direction.INOUT, None, self.window_handle, 0, WINDOW_DEFAULT) if window else None
        code = self.invoke(command, control, large, *more)
        self._take_log()
        return code

    def _take_log(self) -> None:
        at, end = self["log_offset"], self["log_offset"] + self["log_used"]
        while at < end:
            kind, length = struct.unpack_from("<II", self.control, at)
            self.log.append((LogKind(kind), bytes(self.control[at + 8 : at + 8 + length])))
            at += 8 + -(-length // 8) * 8

    def __getitem__(self, field: str) -> int:
        """A word of the header."""
        code = "<Q" if {n: k for k, n in CONTROL.fields}[field] == "u64" else "<I"
        return int(struct.unpack_from(code, self.control, CONTROL.offset(field))[0])

    @property
    def slot(self) -> Slot:
        return Slot(self)

    def answer(
        self,
        result: int,
        output: bytes = b"",
        value: int = 0,
        id: int | None = None,
        state: int = SlotState.ANSWERED,
    ) -> int:
        """Answers slot 0 and resumes."""
        slot = self.slot
        area = self.window if slot.window else self.control
        area[slot.output[0] : slot.output[0] + len(output)] = output
        struct.pack_into("<qQ", self.control, SLOTS_OFFSET + SLOT.offset("result"), result, value)
        struct.pack_into("<II", self.control, SLOTS_OFFSET, slot.id if id is None else id, state)
        return self.resume()

    def input(self) -> bytes:
        """The input bytes of slot 0."""
        slot = self.slot
        area = self.window if slot.window else self.control
        return bytes(area[slot.input[0] : slot.input[0] + slot.input[1]])

    def until(self, call: int) -> Slot:
        """Answers terminal questions and standard output until `call` is asked or the program has ended."""
        while self["state"] in (State.REQUESTS, State.FLUSH) and (slot := self.slot).call != call:
            if not self["pending"]:
                assert self.resume() == 0
            elif slot.call == 64:
                self.printed = getattr(self, "printed", b"") + self.input()
                assert self.answer(slot.args[1]) == 0
            else:
                assert slot.call == 29, slot.call
                assert self.answer(-25) == 0
        return self.slot

    def finish(self) -> int:
        """Goes on to the end: the exit status."""
        self.until(-1)
        assert self["state"] == State.EXITED, self["fatal_code"]
        return self["exit_status"]
