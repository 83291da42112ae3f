# SPDX-License-Identifier: BSD-2-Clause
"""What looks into a run: hooks of the agent and of the emulated processor, and an agent that measures."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfhaven.calls.linux import LINUX
from elfhaven.calls.row import Result
from elfhaven.normal.agent import Agent
from elfhaven.normal.control import ControlBlock
from elfhaven.normal.handlers import Call
from elfhaven.normal.linux.system import SystemFiles
from elfhaven.normal.policy import RootPolicy

if TYPE_CHECKING:
    from elfhaven.machine.watched_engine import Observer
    from elfhaven.packing import PackedTa


class CountingAgent(Agent):
    """An agent that counts what it performs, by call number."""

    def __init__(self, policy: RootPolicy, streams: tuple[int, int, int], system: SystemFiles) -> None:
        super().__init__(policy, streams=streams, system=system)
        self.counts: Counter[int] = Counter()

    def perform(self, call: Call) -> int:
        self.counts[call.number] += 1
        return super().perform(call)


Observing = Callable[["PackedTa"], "Observer"]
MakeAgent = Callable[[RootPolicy, tuple[int, int, int], SystemFiles], CountingAgent]


@dataclass(frozen=True, slots=True)
class Look:
    """`debug`: the image is packed as if its manifest said so. `observer` (the emulator alone) makes what
    watches the processor while the packed program runs. `ended` is given the target when it has."""

    agent: MakeAgent = CountingAgent
    debug: bool = False
    observer: Observing | None = None
    ended: Callable[[object], None] | None = None


@dataclass(slots=True)
class Cost:
    """Of all calls of one name: bytes that left the TEE and that came in, seconds outside."""

    count: int = 0
    sent: int = 0
    received: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Meter:
    """What crossed. `seconds`: that this side took, waiting for readers and writers included."""

    calls: dict[str, Cost] = field(default_factory=dict)
    seconds: float = 0.0

    def agent(self, policy: RootPolicy, streams: tuple[int, int, int], system: SystemFiles) -> MeteredAgent:
        """For Look.agent."""
        return MeteredAgent(self, policy, streams, system)


class MeteredAgent(CountingAgent):
    """An agent that measures what it performs."""

    def __init__(
        self, meter: Meter, policy: RootPolicy, streams: tuple[int, int, int], system: SystemFiles
    ) -> None:
        super().__init__(policy, streams, system)
        self._meter = meter
        self._rows = {row.number: row for row in LINUX.rows}

    def serve(
        self, block: ControlBlock, window: memoryview | None, pending: int, patience: int | None = None
    ) -> int:
        began = time.perf_counter()
        try:
            return super().serve(block, window, pending, patience)
        finally:
            self._meter.seconds += time.perf_counter() - began

    def perform(self, call: Call) -> int:
        began = time.perf_counter()
        result = super().perform(call)
        row = self._rows[call.number]
        cost = self._meter.calls.setdefault(row.name, Cost())
        cost.seconds += time.perf_counter() - began
        cost.count += 1
        cost.sent += sum(map(len, call.paths)) + len(call.input)
        if result >= 0 and call.output:
            cost.received += min(result, len(call.output)) if row.result is Result.COUNT else len(call.output)
        return result
