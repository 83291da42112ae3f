# SPDX-License-Identifier: BSD-2-Clause
"""A container TA in Python behind the Transport seam: its program is a generator that yields Steps."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from uuid import UUID

from elfhaven.abi import gp
from elfhaven.abi.container import (
    CONTROL,
    SLOT,
    SLOTS_OFFSET,
    Command,
    LogKind,
    SlotState,
    StartFlag,
    State,
    Verdict,
    VerifyPhase,
)
from elfhaven.calls.linux import LINUX
from elfhaven.normal.transport import Allocation, Login, MemRef, Parameter, Reply, Value


@dataclass(frozen=True)
class Step:
    """One return to the normal world: a delegated call, or another state."""

    name: str = ""
    args: tuple[int, ...] = ()
    paths: tuple[bytes, ...] = ()
    data: bytes = b""
    room: int = 0
    window: bool = False
    denied: int = 0
    violated: int = 0
    state: State = State.REQUESTS
    log: bytes = b""
    fatal: int = 0


@dataclass(frozen=True)
class Answer:
    result: int
    value: int
    output: bytes


Program = Generator[Step, Answer, int]


class FakeContainer:
    """Transport and TA in one. `started` is what START gave; `windows` whether each resume had the window."""

    def __init__(self, program: Callable[[], Program]) -> None:
        self._program = program
        self._run: Program | None = None
        self._step = Step()
        self._memory: dict[int, memoryview] = {}
        self._records = 0
        self._next_id = 0
        self.header: dict[str, int] = {}
        self.strings: list[bytes] = []
        self.windows: list[bool] = []
        self.open = 0
        self.dies = False
        self.verified: list[tuple[int, bytes]] = []
        self.verdict = (Verdict.CLOSED, 0)
        self.extra_log = b""

    # Transport

    def open_session(
        self, uuid: UUID, login: Login, group: int, params: Sequence[Parameter], cancel_id: int
    ) -> Reply:
        self.open += 1
        return Reply(0, 4, self.open)

    def close_session(self, session: int) -> None:
        self.open -= 1

    def cancel(self, session: int, cancel_id: int) -> None:
        pass

    def allocate(self, size: int) -> Allocation:
        handle = max(self._memory, default=0) + 1
        self._memory[handle] = memoryview(bytearray(size))
        return Allocation(handle, self._memory[handle])

    def register(self, buffer: memoryview) -> Allocation:
        handle = max(self._memory, default=0) + 1
        self._memory[handle] = buffer
        return Allocation(handle, buffer)

    def release(self, handle: int) -> None:
        del self._memory[handle]

    @property
    def leaked(self) -> int:
        return len(self._memory) + self.open

    def invoke(self, session: int, command: int, params: Sequence[Parameter], cancel_id: int) -> Reply:
        if command == Command.AUDIT_VERIFY:
            return self._verify(params)
        control = self._view(params[0])
        self.windows.append(params[1] is not None)
        if command == Command.START:
            self._start(control, params[2])
            step = self._advance(None)
        elif self._step.window and params[1] is None:
            return Reply(gp.TEE_ERROR_BAD_PARAMETERS, 4)
        elif self._step.name and params[1] is not None and not self._asked:
            step = self._step
        else:
            step = self._advance(self._answer(control, params[1]))
        if self.dies:
            return Reply(gp.TEE_ERROR_TARGET_DEAD, gp.TEE_ORIGIN_TEE, outputs=(None,) * len(params))
        self._publish(control, self._view(params[1]) if params[1] else None, step)
        return Reply(0, 4, outputs=(None,) * len(params))

    # the TA

    _asked = False

    def _view(self, param: Parameter) -> memoryview:
        assert isinstance(param, MemRef)
        assert param.handle is not None
        return self._memory[param.handle][param.offset : param.offset + param.size]

    def _start(self, control: memoryview, strings: Parameter) -> None:
        assert isinstance(strings, MemRef)
        assert strings.view is not None
        names = [name for _, name in CONTROL.fields if not name.startswith("reserved")]
        words = CONTROL.struct.unpack_from(control)
        self.header = dict(zip(names[:18], words[:18], strict=True))
        self.strings = bytes(strings.view).split(b"\0")[:-1]
        self._run = self._program()

    def _advance(self, answer: Answer | None) -> Step:
        assert self._run is not None
        try:
            self._step = next(self._run) if answer is None else self._run.send(answer)
        except StopIteration as end:
            self._step = Step(state=State.EXITED, fatal=end.value or 0)
        return self._step

    def _publish(self, control: memoryview, window: memoryview | None, step: Step) -> None:
        words = dict.fromkeys((name for _, name in CONTROL.fields), 0)
        words.update(denied=step.denied, violated=step.violated, state=step.state)
        words["exit_status"] = step.fatal if step.state is State.EXITED else 0
        words["fatal_code"] = step.fatal if step.state is State.FATAL else 0
        # input lies in the window, so that it must be there first; output is only read after the resume
        self._asked = not (step.window and step.data and window is None)
        if step.name:
            words["want_window"] = int(step.window)
            if self._asked:
                words["pending"] = 1
                self._request(control, window, step)
        log = step.log + self._audit(step) if self._asked else b""
        words["log_used"] = len(log)
        offset = self.header["log_offset"]
        control[offset : offset + len(log)] = log
        for kind, name in CONTROL.fields[CONTROL.fields.index(("u32", "state")) : -1]:
            struct.pack_into("<Q" if kind == "u64" else "<I", control, CONTROL.offset(name), words[name])

    def _request(self, control: memoryview, window: memoryview | None, step: Step) -> None:
        at = self.header["data_offset"]
        offsets = [0, 0]
        for index, path in enumerate(step.paths):
            control[at : at + len(path)] = path
            offsets[index] = at
            at += len(path)
        area, start = (window, 0) if window is not None and step.window else (control, at)
        area[start : start + len(step.data)] = step.data
        lengths = [len(path) for path in step.paths] + [0] * (2 - len(step.paths))
        self._next_id += 1
        SLOT.struct.pack_into(
            control,
            SLOTS_OFFSET,
            *(self._next_id, SlotState.REQUESTED, LINUX.by_name(step.name).number, int(step.window)),
            *(*step.args, *[0] * (6 - len(step.args)), 0, 0),
            *(start, len(step.data), start, step.room, *offsets, *lengths, 0, 0),
        )

    def _answer(self, control: memoryview, window: Parameter) -> Answer:
        if not self._step.name:
            return Answer(0, 0, b"")
        slot = SLOT.struct.unpack_from(control, SLOTS_OFFSET)
        assert slot[1] == SlotState.ANSWERED
        area = self._view(window) if self._step.window else control
        return Answer(slot[10], slot[11], bytes(area[slot[14] : slot[14] + max(slot[10], 0)]))

    def _audit(self, step: Step) -> bytes:
        """A record for each return, as the runtime makes one for each call."""
        if not self.header["start_flags"] & StartFlag.AUDIT:
            return b""
        name = "elfhaven.exit" if step.state is State.EXITED else step.name or "elfhaven.start"
        record = {
            "seq": self._records,
            "call": name,
            "args": {"uuid": str(UUID(int=7)), "log": "ab" * 16},
            "mac": "0" * 64,
        }
        self._records += 1
        return log_record(LogKind.AUDIT, json.dumps(record).encode())

    def _verify(self, params: Sequence[Parameter]) -> Reply:
        records, phase = params[0], params[1]
        assert isinstance(records, MemRef)
        assert records.view is not None
        assert isinstance(phase, Value)
        self.verified.append((phase.a, bytes(records.view)))
        return Reply(0, 4, outputs=(None, None, self.verdict if phase.a == VerifyPhase.END else (0, 0)))


def log_record(kind: int, body: bytes) -> bytes:
    """A record of the log area with its padding."""
    return struct.pack("<II", kind, len(body)) + body + bytes(-len(body) % 8)
