# SPDX-License-Identifier: BSD-2-Clause
"""Audit logs: whether what a program's TEE recorded is whole."""

from __future__ import annotations

import os
from dataclasses import dataclass

from elfhaven.normal.audit import maker
from elfhaven.normal.verify import verify
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory, default_directory


@dataclass(frozen=True, slots=True)
class Verdict:
    """`good`: every record is there, in order, unchanged, and the log is closed. `text`: one line."""

    good: bool
    text: str


def verify_audit(file: str | os.PathLike[str], *, state: str | os.PathLike[str] | None = None) -> Verdict:
    """Asks the device that made the log `file`. Raises AuditError, StateError or TeeError."""
    uuid = maker(file)
    device = StateDirectory(state or default_directory())
    with Emulator(device) as emulator, emulator.context.open_session(uuid) as session:
        finding = verify(session, file)
    return Verdict(finding.good, finding.text)
