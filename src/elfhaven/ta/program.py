# SPDX-License-Identifier: BSD-2-Clause
"""From a class to what a core enters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from elfhaven.ta.application import TrustedApplication
from elfhaven.ta.binding import commands_of, flags_of, uuid_of
from elfhaven.ta.instance import Instance
from elfhaven.ta.system import System

EntryPoint = Callable[[int, int, list[int], int], int]


@dataclass(frozen=True)
class PythonTa:
    """A TA for a core to host. `start` gives the entry point of a new instance: it takes the entry's number,
    the session, the nine words of struct utee_params (which become the answers) and the command, and gives
    the TEE_Result."""

    uuid: UUID
    flags: int
    stack_size: int
    data_size: int
    start: Callable[[System], EntryPoint]


def python_ta(kind: type[TrustedApplication]) -> PythonTa:
    """The class as a TA for a core. Raises UsageError for a class that is none."""
    commands_of(kind)
    return PythonTa(
        uuid_of(kind), flags_of(kind), kind.stack_size, kind.data_size, lambda system: Instance(kind, system)
    )
