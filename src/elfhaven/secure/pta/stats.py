# SPDX-License-Identifier: BSD-2-Clause
"""The stats PTA (pta_stats.h): memory, TAs and clocks of the core. Open to every client."""

from __future__ import annotations

import struct
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_PARAM_TYPE_MEMREF_OUTPUT,
    TEE_PARAM_TYPE_VALUE_INPUT,
    TEE_PARAM_TYPE_VALUE_OUTPUT,
    param_types,
)
from elfhaven.secure.params import Parameters, Value
from elfhaven.secure.pta.base import Call, Command, PseudoTa, given
from elfhaven.secure.result import TeeResult

_IN, _OUT, _MEMORY = TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT
_ALLOC = struct.Struct("<32s6I")  # name; used, most used, size; failures, the largest, what was used then
_TA = struct.Struct("<16sII")  # UUID in memory, panicked, sessions; then an _ALLOC of its heap
_TA_RAM = 3
_POOLS = (
    "Heap",
    "Public DDR (deprecated)",
    "Physical TA memory",
    "KHeap (disabled)",
    "RPMB secure storage (no data)",
)
_DRIVERS = (0, 1)  # clocks, regulators


class StatsPta(PseudoTa):
    """The core's heap is Python's, and there is no pager: their figures are zero."""

    uuid = UUID("d96a5b40-e2c7-b1af-8794-1002a5d5c61b")
    unknown = TEE_ERROR_BAD_PARAMETERS
    commands = (
        Command(0, "pager", param_types(_OUT, _OUT, _OUT)),
        Command(1, "allocations", param_types(_IN, _MEMORY)),
        Command(2, "memory_leaks", param_types()),
        Command(3, "tas", param_types(_MEMORY)),
        Command(4, "time", param_types(_OUT, _OUT)),
        Command(5, "drivers", param_types(_IN)),
    )

    def pager(self, call: Call, params: Parameters) -> None:
        """Pages and faults of a pager, which there is not."""
        params.items[:3] = [Value(), Value(), Value()]

    def allocations(self, call: Call, params: Parameters) -> None:
        """One pool of memory by its number, or all (0)."""
        pool = params.value(0).a
        if pool > len(_POOLS):
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        wanted = range(1, len(_POOLS) + 1) if not pool else (pool,)
        given(params, 1, b"".join(self._pool(number) for number in wanted))

    def _pool(self, number: int) -> bytes:
        pages = self._core.pages
        figures = (pages.used, pages.most_used, pages.total) if number == _TA_RAM else (0, 0, 0)
        return _ALLOC.pack(_POOLS[number - 1].encode(), *figures, 0, 0, 0)

    def memory_leaks(self, call: Call, params: Parameters) -> None:
        """Says on the console what is held."""
        self._core.console([f"I/TC:? 0 {name}: {count}" for name, count in self._core.leaks().items()])

    def tas(self, call: Call, params: Parameters) -> None:
        """Every instance: whether it panicked, its sessions, and what it holds of secure memory."""
        given(params, 0, b"".join(self._tas()))

    def _tas(self) -> list[bytes]:
        out = []
        for task in self._core.sessions.tasks:
            head = _TA.pack(task.uuid.bytes_le, task.panicked, task.references)
            used = task.space.mapped
            out.append(head + _ALLOC.pack(b"heap", used, used, used, 0, 0, 0))
        return out

    def time(self, call: Call, params: Parameters) -> None:
        """The normal world's time, and the core's."""
        params.items[0] = Value(*self._core.rpc.time(call.thread))
        params.items[1] = Value(*divmod(self._core.config.clock.milliseconds(), 1000))

    def drivers(self, call: Call, params: Parameters) -> None:
        """There are none to tell of."""
        if params.value(0).a not in _DRIVERS:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
