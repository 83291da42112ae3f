# SPDX-License-Identifier: BSD-2-Clause
"""Targets by name. All have one face: a context to open sessions in, a secure console, and a way to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from elfhaven.errors import UsageError
from elfhaven.normal.client import Context
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory

TARGETS = ("emulator",)


class Target(Protocol):
    """A TEE to run programs on; leaving it switches off what it switched on."""

    @property
    def context(self) -> Context: ...

    @property
    def console(self) -> Sequence[str]:
        """Lines of the secure console so far."""
        ...

    def interrupt(self) -> None:
        """Stops what runs, from any thread."""
        ...


def open_target(
    name: str, device: StateDirectory, memory: str, images: Mapping[UUID, bytes]
) -> AbstractContextManager[Target]:
    """The target `name`, on which `images` can be opened. Raises UsageError, TargetError or StateError."""
    if name not in TARGETS:
        raise UsageError(f"no target called {name!r}", f"take one of: {', '.join(TARGETS)}")
    return Emulator(device, memory, images)
