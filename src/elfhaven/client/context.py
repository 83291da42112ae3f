# SPDX-License-Identifier: BSD-2-Clause
"""A context by the name of its target."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, cast
from uuid import UUID

from elfhaven.errors import TeeError, UsageError
from elfhaven.normal import client as plain
from elfhaven.normal.transport import Transport
from elfhaven.target.state import StateDirectory, default_directory
from elfhaven.target.targets import TARGETS, Target, check, open_target

if TYPE_CHECKING:
    from elfhaven.normal.supplicant.plugin import Plugin
    from elfhaven.ta import TrustedApplication
    from elfhaven.target.emulator import Emulator


class Context(plain.Context):
    """A connection to the TEE `target`: "emulator", "qemu", "device" or "ssh:user@board", or an emulator that
    is on. Close it, or use `with`: closing switches the target off.

    `tas` are Python TAs, which the emulator runs, and `plugins` those of its supplicant; `images` are signed
    TA files by UUID, put on the target for as long as it is open. `state` is the emulator's device (the
    user's own unless given), `memory` the size of its secure world, `report` gets lines for the user. In
    place of a target a `transport` can be given: a fake for tests, or one of one's own. Raises UsageError,
    StateError or TargetError.
    """

    def __init__(
        self,
        target: str | Emulator = "emulator",
        *,
        tas: Sequence[type[TrustedApplication]] = (),
        plugins: Mapping[UUID, Plugin] | None = None,
        images: Mapping[UUID, bytes] | None = None,
        state: str | os.PathLike[str] | None = None,
        memory: str = "stock",
        report: Callable[[str], None] = lambda line: None,
        transport: Transport | None = None,
    ) -> None:
        self._target: Target | None = None
        self._tas = tas
        self._emulator = None if isinstance(target, str) else target
        with ExitStack() as stack:
            if self._emulator is not None:
                self._target = stack.enter_context(self._emulator)
                transport = self._emulator.driver
            elif transport is None:
                assert isinstance(target, str)
                device = StateDirectory(os.fspath(state) if state is not None else default_directory())
                self._target = stack.enter_context(
                    _open(target, device, memory, images or {}, tas, plugins, report)
                )
                transport = self._target.context.transport
                if target == TARGETS[0]:
                    self._emulator = cast("Emulator", self._target)
            elif tas or images or plugins:
                raise UsageError(
                    "a transport of one's own takes no TAs and no plugins", "give it what it serves yourself"
                )
            super().__init__(transport)
            self._stack = stack.pop_all()

    @property
    def console(self) -> Sequence[str]:
        """Lines of the secure console so far."""
        return self._target.console if self._target is not None else ()

    def heard(self) -> int:
        return 0 if self._emulator is None else self._emulator.console.said

    def explained(self, error: TeeError, heard: int, opening: UUID | None = None) -> TeeError:
        if self._emulator is not None:
            from elfhaven.client.notes import annotate

            annotate(error, self._emulator, self._tas, heard, opening)
        return error

    def interrupt(self) -> None:
        """Stops every TA that runs, from any thread; each dies as after a panic."""
        if self._target is not None:
            self._target.interrupt()

    def close(self) -> None:
        super().close()
        self._stack.close()


def _open(
    target: str,
    device: StateDirectory,
    memory: str,
    images: Mapping[UUID, bytes],
    tas: Sequence[type[TrustedApplication]],
    plugins: Mapping[UUID, Plugin] | None,
    report: Callable[[str], None],
) -> AbstractContextManager[Target]:
    check(target)
    if target == "emulator":
        from elfhaven.ta import python_ta
        from elfhaven.target.emulator import Emulator

        hosted = [python_ta(kind) for kind in tas]
        return Emulator(device, memory, images, hosted_tas=hosted, plugins=plugins)
    if tas or plugins:
        raise UsageError(
            f"Python TAs and plugins run on the emulator, and not on the target {target!r}",
            'leave the target out, or take "emulator"',
        )
    return open_target(target, device, memory, images, report)
