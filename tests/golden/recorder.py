# SPDX-License-Identifier: BSD-2-Clause
"""What passes the boundaries between the worlds, noted with the step numbers of docs/walk-of-a-write.md.

Three public seams are covered: the SMC (world.smc.SecureWorld), the transport under the Client API, and the
agent. What differs from run to run (addresses, process numbers, handles) is left out.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from elfhaven.abi import gp, optee_msg, smc
from elfhaven.abi.container import SLOT, SLOT_COUNT, SLOTS_OFFSET, Command, SlotState, State
from elfhaven.calls.linux import LINUX
from elfhaven.normal.agent import Agent
from elfhaven.normal.control import CONTROL_WITH_LOG, LOG_SIZE, ControlBlock
from elfhaven.normal.driver import Driver
from elfhaven.normal.handlers import Call
from elfhaven.normal.policy import RootPolicy
from elfhaven.normal.results import origin_name
from elfhaven.normal.supplicant import FileService, Images
from elfhaven.normal.transport import Allocation, MemRef, Parameter, Reply
from elfhaven.world.message import Message, message_size, param_count, parse
from elfhaven.world.shared_memory import NormalMemory
from elfhaven.world.smc import SecureWorld

_KINDS = {optee_msg.ATTR_RMEM_INPUT: "rmem in", optee_msg.ATTR_RMEM_INOUT: "rmem inout"}
_ADDRESS = re.compile(r"0x[0-9a-f]{5,}")


@dataclass
class Recorder:
    """The events, one line each, from the first return of the program's TA on."""

    lines: list[str] = field(default_factory=list)
    on: bool = False

    def note(self, step: int, text: str) -> None:
        if self.on:
            self.lines.append(f"{step:2} {_ADDRESS.sub('ADDRESS', text)}")


class RecordedWorld:
    """A secure world; the SMCs that carry a command of the program's TA are noted with their messages."""

    def __init__(self, secure: SecureWorld, normal: NormalMemory, recorder: Recorder) -> None:
        self._secure = secure
        self._normal = normal
        self._recorder = recorder

    def smc(self, registers: Sequence[int]) -> tuple[int, int, int, int]:
        if registers[0] != smc.CALL_WITH_ARG:
            return self._secure.smc(registers)
        address = smc.pair(registers[1], registers[2])
        asked = self._read(address)
        command = asked.function if asked.command == optee_msg.CMD_INVOKE_COMMAND else 0
        if command == Command.RESUME:
            sent = ", ".join(f"{_KINDS[p.kind]} {p.b}" if p.kind else "none" for p in asked.params)
            self._recorder.note(17, f"SMC CALL_WITH_ARG, message INVOKE_COMMAND RESUME ({sent})")
        answer = self._secure.smc(registers)
        if command not in (Command.START, Command.RESUME):
            return answer
        self._recorder.on = True
        said = self._read(address)
        name = "OK" if answer[0] == smc.RETURN_OK else f"{answer[0]:#x}"
        step = 23 if command == Command.RESUME else 10
        self._recorder.note(step, f"SMC returns {name}, message says {_result(said.result, said.origin)}")
        return answer

    def _read(self, address: int) -> Message:
        size = message_size(param_count(self._normal.read(address, optee_msg.HEADER.size)))
        return parse(self._normal.read(address, size))


class RecordedDriver(Driver):
    """A transport; the commands of the program's TA are noted, and the control block before and after."""

    def __init__(
        self,
        secure: SecureWorld,
        normal: NormalMemory,
        images: Images,
        files: FileService,
        recorder: Recorder,
    ) -> None:
        super().__init__(secure, normal, images, services={optee_msg.RPC_CMD_FS: files.serve})
        self._recorder = recorder
        self._block: ControlBlock | None = None

    def allocate(self, size: int) -> Allocation:
        made = super().allocate(size)
        if size == CONTROL_WITH_LOG:
            self._block = ControlBlock(made.view, LOG_SIZE, 0)
        return made

    def invoke(self, session: int, command: int, params: Sequence[Parameter], cancel_id: int) -> Reply:
        resuming = command == Command.RESUME
        if resuming and self._block is not None:
            self._recorder.note(15, f"control block: {answered(self._block)}")
            self._recorder.note(16, f"invoke RESUME ({', '.join(map(_parameter, params))})")
        reply = super().invoke(session, command, params, cancel_id)
        said = _result(reply.code, reply.origin)
        self._recorder.note(24 if resuming else 11, f"{Command(command).name} gave {said}")
        if self._block is not None:
            self._recorder.note(24 if resuming else 12, f"control block: {returned(self._block)}")
        return reply


class RecordedAgent(Agent):
    """An agent whose work is noted."""

    def __init__(self, policy: RootPolicy, streams: tuple[int, int, int], recorder: Recorder) -> None:
        super().__init__(policy, streams=streams)
        self.recorder = recorder

    def serve(
        self, block: ControlBlock, window: memoryview | None, pending: int, patience: int | None = None
    ) -> int:
        attached = "with" if window is not None else "without"
        self.recorder.note(13, f"agent: {pending} request, {attached} window")
        return super().serve(block, window, pending, patience)

    def perform(self, call: Call) -> int:
        row = LINUX.by_number(call.number)
        assert row is not None
        self.recorder.note(14, f"agent performs {row.name}{call.args} with {bytes(call.input)!r}")
        result = super().perform(call)
        self.recorder.note(14, f"the host's result is {result}")
        return result


def returned(block: ControlBlock) -> str:
    """What the runtime left in the control block when its TA returned."""
    header = block.header()
    if header.state == State.EXITED:
        return f"EXITED, status {header.exit_status}, {header.delegated} delegated"
    requests = [
        f"{row.name}{request.args[: len(row.wire) - 1]} of {bytes(block.piece(*request.input) or b'')!r}"
        for request in block.requests(header.pending)
        if (row := LINUX.by_number(request.call))
    ]
    return f"{State(header.state).name}, {header.pending} pending: {', '.join(requests)}"


def answered(block: ControlBlock) -> str:
    """The results that lie in answered slots."""
    slots = [SLOTS_OFFSET + SLOT.size * index for index in range(SLOT_COUNT)]
    state, result = SLOT.offset("state"), SLOT.offset("result")
    found = [
        str(struct.unpack_from("<q", block.view, at + result)[0])
        for at in slots
        if struct.unpack_from("<I", block.view, at + state)[0] == SlotState.ANSWERED
    ]
    return f"ANSWERED, result {', '.join(found)}"


def _parameter(param: Parameter) -> str:
    if isinstance(param, MemRef):
        return f"shared memory {param.direction.name.lower()} {param.size}"
    return "none" if param is None else "value"


def _result(code: int, origin: int) -> str:
    return f"{gp.result_name(code)} from {origin_name(origin)}"
