# SPDX-License-Identifier: BSD-2-Clause
"""A container TA behind a bridge with a fake TEE, played by the test: it looks into the bridge's memory.

`RemoteTa` enters and leaves; `BridgeAgent` has the face of normal.agent.Agent, so that what holds for the
agent of this side can be asked of the bridge's in the same words.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from dataclasses import dataclass
from uuid import UUID

from tests.unit.qemu.bridge_process import BridgeProcess

from elfhaven import manifest
from elfhaven.abi import bridge as wire
from elfhaven.abi import gp
from elfhaven.abi.container import CONTROL, SLOT, SLOTS_OFFSET, Command, State
from elfhaven.errors import ElfhavenError
from elfhaven.normal.bridge_link import Link, User
from elfhaven.normal.bridge_program import BridgeProgram
from elfhaven.normal.bridge_transport import BridgeTransport
from elfhaven.normal.client import Context
from elfhaven.normal.control import DATA_OFFSET, ControlBlock

TA = UUID("ee000000-0000-0000-0000-000000000001")
AWAITED = UUID("ee010000-0000-0000-0000-000000000001")  # a bridge that ends waits for its calls
_ENTRY = struct.Struct("<II3Q3Q")
_PATIENCE = 20.0


@dataclass(frozen=True)
class Entry:
    """One call of the TA: its command, and (address, size) of its parameters."""

    command: int
    params: tuple[tuple[int, int], ...]


class RemoteTa:
    """The TA's side of a bridge's calls. `entry` is the call that waits for an answer."""

    def __init__(self, bridge: BridgeProcess) -> None:
        self._socket = bridge.ta
        self._socket.settimeout(_PATIENCE)
        self._memory = open(f"/proc/{bridge.process.pid}/mem", "r+b", buffering=0)
        self.entry = Entry(0, ())

    def entered(self) -> Entry:
        """Waits for the next call. EOFError where the bridge ends."""
        data = self._socket.recv(_ENTRY.size, socket.MSG_WAITALL)
        if len(data) < _ENTRY.size:
            raise EOFError
        command, _, *words = _ENTRY.unpack(data)
        self.entry = Entry(command, tuple(zip(words[:3], words[3:], strict=True)))
        return self.entry

    def resumed_within(self, seconds: float) -> None:
        """Lets the next call, if one comes so soon, return as it came."""
        self._socket.settimeout(seconds)
        try:
            self.entered()
            self.report(State.FLUSH)
            self.leave()
        except TimeoutError:
            pass
        finally:
            self._socket.settimeout(_PATIENCE)

    def leave(self, code: int = gp.TEE_SUCCESS) -> None:
        self._socket.sendall(struct.pack("<I", code))

    def read(self, param: int) -> bytes:
        at, size = self.entry.params[param]
        return os.pread(self._memory.fileno(), size, at)

    def write(self, param: int, data: bytes | memoryview, offset: int = 0) -> None:
        os.pwrite(self._memory.fileno(), data, self.entry.params[param][0] + offset)

    def report(self, state: int, **words: int) -> None:
        """Writes what the runtime writes at a return."""
        known = {"state": state, **words}
        values = (known.get(name, 0) for _, name in wire.REPORT.fields)
        self.write(0, wire.REPORT.struct.pack(*values), CONTROL.offset("state"))

    def close(self) -> None:
        self._memory.close()


class BridgeAgent:
    """A program that runs at a bridge; `serve` lets it ask what stands in a block of the test's own."""

    def __init__(
        self,
        bridge: BridgeProcess,
        policy: manifest.Policy,
        cwd: str,
        streams: tuple[int, int, int] = (0, 1, 2),
        ta: UUID = TA,
        **options: object,
    ) -> None:
        link = Link(bridge.stream)
        assert link.greet(User(os.getuid(), os.getgid(), ()), 5.0)
        self.bridge = bridge
        self.transport = BridgeTransport(link)
        self.context = Context(self.transport)
        self.ta = RemoteTa(bridge)
        session = self.context.open_session(ta)
        self.program = BridgeProgram(session, self.transport, policy, streams, **options)  # type: ignore[arg-type]
        self.status: int | ElfhavenError | None = None
        self.thread = threading.Thread(target=self._run, args=(cwd,), daemon=True)
        self.thread.start()
        assert self.ta.entered().command == Command.START
        self.control_size = self.ta.entry.params[0][1]

    def _run(self, cwd: str) -> None:
        try:
            self.status = self.program.run(["program", "argument"], {"NAME": "value"}, cwd)
        except ElfhavenError as error:
            self.status = error

    def post(self, block: ControlBlock, window: memoryview | None, pending: int) -> None:
        """Leaves the TEE with the requests in `block`; with a window it enters once more to write to it."""
        if window is not None and self.ta.entry.params[1][1] == 0:
            self.ta.report(State.REQUESTS, want_window=1)
            self.ta.leave()
            assert self.ta.entered().command == Command.RESUME
        end = min(self.control_size, len(block.view))
        self.ta.write(0, block.view[SLOTS_OFFSET:end], SLOTS_OFFSET)
        if window is not None:
            self.ta.write(1, window)
        self.ta.report(State.REQUESTS, pending=pending, want_window=int(window is not None))
        self.ta.leave()

    def serve(
        self, block: ControlBlock, window: memoryview | None, pending: int, patience: int | None = None
    ) -> int:
        """As Agent.serve: the number of slots that were answered."""
        before = _answered(block)
        self.post(block, window, pending)
        assert self.ta.entered().command == Command.RESUME
        data = self.ta.read(0)[: len(block.view)]
        block.view[SLOTS_OFFSET : len(data)] = data[SLOTS_OFFSET:]
        if window is not None:
            window[:] = self.ta.read(1)[: len(window)]
        return _answered(block) - before

    def end(self, status: int = 0) -> None:
        """The program ends, and with it the run."""
        self.ta.report(State.EXITED, exit_status=status)
        self.ta.leave()
        self.thread.join(_PATIENCE)
        assert not self.thread.is_alive()

    def close(self) -> None:
        self.context.close()
        self.transport.close()
        self.ta.close()
        self.thread.join(_PATIENCE)


def _answered(block: ControlBlock) -> int:
    slots = range(SLOTS_OFFSET, DATA_OFFSET, SLOT.size)
    return sum(SLOT.struct.unpack_from(block.view, at)[1] == 2 for at in slots)
