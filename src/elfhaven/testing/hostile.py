# SPDX-License-Identifier: BSD-2-Clause
"""A normal world that lies: it stands on the wire, and has what a hostile Linux has.

It changes a call's parameters before the TEE sees them, the client's memory after a TA has read it, and
answers to RPCs; it withholds RPCs, and refuses them. What it cannot do is look into the secure world.

Lock: `_lock` guards the plans; nothing is called while it is held.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

from elfhaven.abi import gp
from elfhaven.abi import optee_msg as msg
from elfhaven.errors import UsageError
from elfhaven.secure.hosted import HostedTask
from elfhaven.ta.program import EntryPoint, PythonTa
from elfhaven.ta.system import System
from elfhaven.world.message import Message, Param
from elfhaven.world.tap import Handling, Tap

Change = Callable[[Message], None]


class Rpc(IntEnum):
    """What the TEE asks of the normal world."""

    LOAD_TA = msg.RPC_CMD_LOAD_TA
    RPMB = msg.RPC_CMD_RPMB
    FS = msg.RPC_CMD_FS
    GET_TIME = msg.RPC_CMD_GET_TIME
    NOTIFICATION = msg.RPC_CMD_NOTIFICATION
    SUSPEND = msg.RPC_CMD_SUSPEND
    SHM_ALLOC = msg.RPC_CMD_SHM_ALLOC
    SHM_FREE = msg.RPC_CMD_SHM_FREE
    SOCKET = msg.RPC_CMD_SOCKET
    PLUGIN = msg.RPC_CMD_SUPP_PLUGIN


_FILLED = (msg.ATTR_RMEM_OUTPUT, msg.ATTR_TMEM_OUTPUT)
_RPCS = frozenset(map(int, Rpc))


@dataclass
class _Plan:
    """Something to do, `times` more times; `rpc` None stands for invocations of commands."""

    rpc: Rpc | None
    change: Change
    times: int
    handling: Handling = Handling.SERVE
    where: Callable[[Message], bool] = lambda message: True  # for which messages


@dataclass
class _Swap:
    """Parameter `place` becomes `data` once the client's memory was read `reads` times."""

    place: int
    data: bytes
    reads: int


class HostileRee:
    """world.tap.Listener. `seen` has the kinds of RPCs that the TEE asked for, in their order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before: list[_Plan] = []  # what is done to calls, and to RPCs before they are served
        self._after: list[_Plan] = []  # and to what answers them
        self._swaps: list[_Swap] = []
        self._calls: dict[int, Message] = {}  # under way, by host thread
        self._tap = Tap(self)
        self.seen: list[Rpc] = []

    # ---- what it is told to do

    def change_call(self, change: Change, times: int = 1) -> None:
        """`change` gets the message of the next invocations before the TEE sees it: `params`, `function`."""
        self._plan(self._before, None, change, times)

    def set_value(self, place: int, a: int, b: int = 0) -> None:
        """The numbers of a value parameter of the next invocation."""

        def change(message: Message) -> None:
            message.params[place].a, message.params[place].b = a, b

        self.change_call(change)

    def set_size(self, place: int, size: int) -> None:
        """How many bytes a memory reference of the next invocation has."""

        def change(message: Message) -> None:
            message.params[place].b = size

        self.change_call(change)

    def set_type(self, place: int, kind: int) -> None:
        """The type of a parameter of the next invocation: an optee_msg ATTR_*, e.g. 1 for a value input."""

        def change(message: Message) -> None:
            message.params[place].attr = kind

        self.change_call(change)

    def swap_after_read(self, place: int, data: bytes, reads: int = 1) -> None:
        """Memory of parameter `place` becomes `data` once a Python TA has read its client's memory so often:
        what a TA has checked is not what it reads when it reads again."""
        with self._lock:
            self._swaps.append(_Swap(place, data, reads))

    def withhold(self, rpc: Rpc, times: int = 1) -> None:
        """The TEE gets its own request back, and no answer."""
        self._plan(self._before, rpc, lambda message: None, times, Handling.WITHHOLD)

    def refuse(self, rpc: Rpc, result: int = gp.TEE_ERROR_GENERIC, times: int = 1) -> None:
        """Nothing is done, and the TEE gets this result."""

        def change(message: Message) -> None:
            message.result = result

        self._plan(self._before, rpc, change, times, Handling.WITHHOLD)

    def change_answer(self, rpc: Rpc, change: Change, times: int = 1) -> None:
        """`change` gets the answer to an RPC before the TEE sees it."""
        self._plan(self._after, rpc, change, times)

    def spoil(self, rpc: Rpc, times: int = 1) -> None:
        """Every bit of the memory of an answer is turned: of a file that was read, of a TA's image. An answer
        without memory does not count."""

        def answers(message: Message) -> list[Param]:
            return [param for param in message.params if param.kind in _FILLED and param.b]

        def change(message: Message) -> None:
            for param in answers(message):
                self._tap.write(param, bytes(255 - byte for byte in self._tap.read(param)))

        self._plan(self._after, rpc, change, times, where=lambda message: bool(answers(message)))

    def _plan(
        self,
        plans: list[_Plan],
        rpc: Rpc | None,
        change: Change,
        times: int,
        handling: Handling = Handling.SERVE,
        where: Callable[[Message], bool] = lambda message: True,
    ) -> None:
        if times < 1:
            raise UsageError(f"something to be done {times} times", "say how often, 1 or more")
        with self._lock:
            plans.append(_Plan(rpc, change, times, handling, where))

    @property
    def idle(self) -> bool:
        """Whether all that it was told to do was done: a test that ends otherwise has tested nothing."""
        with self._lock:
            return not (self._before or self._after or self._swaps)

    # ---- what happens

    def new_tap(self) -> Tap:
        """Itself on the wire of an emulator."""
        self._tap = Tap(self)
        return self._tap

    def called(self, call: int, message: Message) -> None:
        if message.command == msg.CMD_INVOKE_COMMAND:
            self._calls[threading.get_ident()] = message
            self._do(self._before, None, message)

    def answered(self, call: int, message: Message) -> None:
        self._calls.pop(threading.get_ident(), None)

    def asked(self, call: int, message: Message) -> Handling:
        if message.command in _RPCS:
            self.seen.append(Rpc(message.command))
        plan = self._do(self._before, message.command, message)
        return Handling.SERVE if plan is None else plan.handling

    def told(self, call: int, message: Message) -> None:
        self._do(self._after, message.command, message)

    def said(self, line: str) -> None:
        """The normal world of a device cannot hear the secure console."""

    def _do(self, plans: list[_Plan], rpc: int | None, message: Message) -> _Plan | None:
        with self._lock:
            plan = next((each for each in plans if each.rpc == rpc and each.where(message)), None)
            if plan is not None:
                plan.times -= 1
                if not plan.times:
                    plans.remove(plan)
        if plan is not None:
            plan.change(message)
        return plan

    # ---- reads of a Python TA

    def reading(self, ta: PythonTa) -> PythonTa:
        """The TA, its reads of a client's memory watched."""

        def start(system: System) -> EntryPoint:
            assert isinstance(system, HostedTask)
            return ta.start(_Watched(system, self.was_read))

        return replace(ta, start=start)

    def was_read(self) -> None:
        """A TA has read its client's memory, on this host thread."""
        message = self._calls.get(threading.get_ident())
        if message is None:
            return
        with self._lock:
            for swap in self._swaps:
                swap.reads -= 1
            due = [swap for swap in self._swaps if swap.reads <= 0]
            self._swaps = [swap for swap in self._swaps if swap.reads > 0]
        for swap in due:
            self._tap.write(message.params[swap.place], swap.data)


class _Watched:
    """ta.system.System that tells of reads of parameters' memory."""

    def __init__(self, task: HostedTask, was_read: Callable[[], None]) -> None:
        self._task, self._was_read = task, was_read
        self.call = task.call
        self.write = task.write
        self.reserve = task.reserve
        self.release = task.release

    def read(self, address: int, size: int) -> bytes:
        data = self._task.read(address, size)
        found = self._task.space.find(address)
        if found is not None and found.ephemeral:
            self._was_read()
        return data
