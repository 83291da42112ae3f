# SPDX-License-Identifier: BSD-2-Clause
"""The handlers of all areas, bound once by call number."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from elfhaven.calls.linux import LINUX
from elfhaven.normal.ree.calls.data import DataCalls
from elfhaven.normal.ree.calls.files import FileCalls
from elfhaven.normal.ree.calls.memory import MemoryCalls
from elfhaven.normal.ree.calls.polls import PollCalls
from elfhaven.normal.ree.calls.process import ProcessCalls
from elfhaven.normal.ree.calls.signals import SignalCalls
from elfhaven.normal.ree.calls.sockets import SocketCalls
from elfhaven.normal.ree.calls.time import TimeCalls
from elfhaven.normal.ree.calls.tree import TreeCalls
from elfhaven.normal.ree.threads import Outcome

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

Entry = tuple[Callable[..., Outcome], int]  # a handler and how many arguments it takes
_AREAS = (
    MemoryCalls, FileCalls, TreeCalls, DataCalls, PollCalls, SocketCalls, ProcessCalls, SignalCalls,
    TimeCalls,
)  # fmt: skip


def bind(process: Process) -> list[Entry | None]:
    """Handlers by call number; None for calls that are not served."""
    areas = [area(process) for area in _AREAS]
    bound: list[Entry | None] = [None] * (max(row.number for row in LINUX.rows) + 1)
    for row in LINUX.rows:
        for area in areas:
            handler = getattr(area, f"sys_{row.name}", None)
            if handler is not None:
                bound[row.number] = (handler, handler.__func__.__code__.co_argcount - 1)
    return bound
