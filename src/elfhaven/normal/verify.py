# SPDX-License-Identifier: BSD-2-Clause
"""Verifying an audit log: the TEE reads it and says what it finds, because it alone has the key."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from elfhaven.abi.container import Command, Verdict, VerifyPhase
from elfhaven.errors import AuditError
from elfhaven.normal.audit import AuditLog, read_chunks
from elfhaven.normal.client import MemRef, Session, Value

_TEXTS: Final = {
    Verdict.CLOSED: "whole: {0} records, none deleted, moved or changed, and the log is closed",
    Verdict.OPEN: "open: {0} records, none deleted, moved or changed, but no closing record: the program "
    "still runs, or its end was not recorded",
    Verdict.BROKEN: "not whole: {0} records hold, and the next does not: it was changed or moved, or one "
    "before it was deleted",
    Verdict.TRUNCATED: "not whole: cut off after {0} records, and the program made more",
    Verdict.UNKNOWN: "unknown: no log of this program on this device",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What the TEE says of a log; `records` is the number of records, from the first, that hold."""

    verdict: Verdict
    records: int

    @property
    def good(self) -> bool:
        return self.verdict is Verdict.CLOSED

    @property
    def intact(self) -> bool:
        """Nothing is missing or changed; the log may still be open."""
        return self.verdict in (Verdict.CLOSED, Verdict.OPEN)

    @property
    def text(self) -> str:
        """One line for a user."""
        return _TEXTS[self.verdict].format(self.records)


def verify(session: Session, path: str | os.PathLike[str]) -> Finding:
    """Verifies the log at `path` in a session with the TA that made it. Raises AuditError, TeeError."""
    return verify_chunks(session, read_chunks(path))


def verify_before_continuing(session: Session, log: AuditLog) -> None:
    """AuditError unless a log that is not empty is intact: only then may a run continue it."""
    if log.empty:
        return
    finding = verify_chunks(session, log.chunks())
    if not finding.intact:
        raise AuditError(
            f"the audit log {log.path} cannot be continued: {finding.text}",
            "keep it as evidence and name another file",
        )


def verify_chunks(session: Session, chunks: Iterable[bytes]) -> Finding:
    """Feeds a log to the TEE piece by piece."""
    phase = VerifyPhase.BEGIN
    for chunk in chunks:
        _ask(session, chunk, phase)
        phase = VerifyPhase.MORE
    if phase is VerifyPhase.BEGIN:
        return Finding(Verdict.UNKNOWN, 0)
    answer = _ask(session, b"", VerifyPhase.END)
    try:
        return Finding(Verdict(answer.a), answer.b)
    except ValueError:
        raise AuditError(f"the TA gave the unknown verdict {answer.a}", "pack the program again") from None


def _ask(session: Session, chunk: bytes, phase: VerifyPhase) -> Value:
    answer = session.invoke(Command.AUDIT_VERIFY, MemRef.input(chunk), Value(phase), Value.output())[2]
    if not isinstance(answer, Value):
        raise AuditError("the TA gave no verdict", "the image does not come from elfhaven")
    return answer
