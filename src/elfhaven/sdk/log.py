# SPDX-License-Identifier: BSD-2-Clause
"""Audit logs: whether what a program's TEE recorded is whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from elfhaven.errors import TargetError
from elfhaven.normal.audit import maker
from elfhaven.normal.verify import verify
from elfhaven.target.state import StateDirectory, default_directory
from elfhaven.target.targets import check, open_target


@dataclass(frozen=True, slots=True)
class Verdict:
    """`good`: every record is there, in order, unchanged, and the log is closed. `text`: one line."""

    good: bool
    text: str


def verify_audit(
    file: str | os.PathLike[str],
    *,
    target: str = "emulator",
    memory: str = "stock",
    state: str | os.PathLike[str] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> Verdict:
    """Asks the device that made the log `file`: only the TA that wrote it, on that device, has the key.

    `on_note` gets lines for the user. Raises AuditError, StateError, TargetError or TeeError.
    """
    uuid = maker(file)
    check(target)
    if target == "qemu":
        _expect_running(memory)
    device = StateDirectory(state or default_directory())
    with ExitStack() as stack:
        place = stack.enter_context(open_target(target, device, memory, {}, on_note or _nothing))
        finding = verify(stack.enter_context(place.context.open_session(uuid)), file)
    return Verdict(finding.good, finding.text)


def _expect_running(memory: str) -> None:
    """A machine that was switched off knows of no log: switching it on for that would be in vain."""
    from elfhaven.target.qemu.machine import Machine

    if Machine(memory).process() is None:
        raise TargetError(
            f"the machine {memory} is off: what it stored, the ends of its logs too, went with it",
            "verify a log before `elfhaven qemu down`",
        )


def _nothing(_: str) -> None:
    pass
