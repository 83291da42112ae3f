# SPDX-License-Identifier: BSD-2-Clause
"""The audit log's file and its verification."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from uuid import UUID

import pytest
from tests.unit.normal.container import FakeContainer

from elfhaven.abi.container import Verdict, VerifyPhase
from elfhaven.errors import AuditError
from elfhaven.normal.audit import CHUNK, RECORD_MAX, AuditLog, maker, read_chunks
from elfhaven.normal.client import Context
from elfhaven.normal.linux.host import HostCalls
from elfhaven.normal.verify import Finding, verify, verify_before_continuing

TA = "8aaaf200-2450-11e4-abe2-0002a5d5c51b"


class FullDisk(HostCalls):
    """A disk on which nothing can be reserved beyond `limit` bytes, for the reason `why`."""

    def __init__(self, limit: int, why: int = errno.ENOSPC) -> None:
        super().__init__()
        self.limit, self.why, self.asked = limit, why, 0

    def reserve(self, fd: int, offset: int, length: int) -> None:
        self.asked += 1
        if offset + length > self.limit:
            raise OSError(self.why, os.strerror(self.why))


def test_records_are_lines(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log")
    assert log.empty
    log.reserve(1)
    log.append([b"one", b"two"])
    log.append([b"three"])
    log.close()
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\nthree\n"
    assert os.stat(tmp_path / "log").st_mode & 0o777 == 0o600
    assert os.stat(tmp_path / "log").st_blocks * 512 < RECORD_MAX  # the room was given back
    assert not AuditLog(tmp_path / "log").empty


def test_room_is_made_before_it_is_needed(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log", FullDisk(2 * RECORD_MAX))
    log.reserve(1)
    with pytest.raises(AuditError, match="no room"):
        log.reserve(2)
    log.append([b"x" * 100])
    with pytest.raises(AuditError, match="no room"):
        log.reserve(1)


def test_a_file_system_that_cannot_reserve(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log", FullDisk(0, errno.EOPNOTSUPP))
    log.reserve(1)
    log.append([b"fine"])
    log.close()


def test_room_is_asked_for_in_steps(tmp_path: Path) -> None:
    disk = FullDisk(1 << 30)
    log = AuditLog(tmp_path / "log", disk)
    for _ in range(100):
        log.reserve(1)
        log.append([b"y" * 100])
    assert disk.asked == 1
    log.close()


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none/log"):
        with pytest.raises(AuditError, match="cannot be opened"):
            AuditLog(path)


def test_two_writers(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log")
    with pytest.raises(AuditError, match="another run"):
        AuditLog(tmp_path / "log")
    log.close()
    AuditLog(tmp_path / "log").close()


def test_records_are_one_line_each(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log")
    with pytest.raises(AuditError, match="newline"):
        log.append([b"two\nlines"])
    log.close()
    assert (tmp_path / "log").read_bytes() == b""


def test_a_torn_record_is_cut_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AuditLog(tmp_path / "log")
    log.append([b"whole"])
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:3]))
    with pytest.raises(AuditError, match="No space"):
        log.append([b"torn apart"])
    monkeypatch.undo()
    log.close()
    assert (tmp_path / "log").read_bytes() == b"whole\n"


def test_chunks_are_whole_lines(tmp_path: Path) -> None:
    lines = [b"%d" % number * 1000 for number in range(400)]
    path = tmp_path / "log"
    path.write_bytes(b"\n".join(lines))
    chunks = list(read_chunks(path))
    assert b"".join(chunks) == path.read_bytes()
    assert len(chunks) > 3
    assert all(chunk.endswith(b"\n") for chunk in chunks[:-1])
    assert all(len(chunk) <= CHUNK for chunk in chunks)
    path.write_bytes(b"z" * (CHUNK + 1))
    with pytest.raises(AuditError, match="longer"):
        list(read_chunks(path))


def test_the_maker_is_in_the_first_record(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(json.dumps({"seq": 0, "args": {"uuid": TA, "log": "0f" * 16}}) + "\n{}\n")
    assert maker(path) == UUID(TA)
    log = AuditLog(path)
    assert log.log_id() == b"\x0f" * 16
    log.close()
    good = {"uuid": TA, "log": "0f" * 16}
    wrong = [{**good, "uuid": 5}, {**good, "uuid": "x"}, {**good, "log": "0f"}, {**good, "log": None}, {}]
    for text in ("", "{}\n", "nonsense\n", "[]\n", *(json.dumps({"args": args}) for args in wrong)):
        path.write_text(text)
        with pytest.raises(AuditError, match="first record"):
            maker(path)
    with pytest.raises(AuditError, match="cannot be read"):
        maker(tmp_path / "none")


def test_the_tee_gets_every_byte_and_its_verdict_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 999 + b"\n" + (b"y" * 999 + b"\n") * 300)
    tee = FakeContainer(lambda: iter(()))  # type: ignore[arg-type,return-value]
    tee.verdict = (Verdict.TRUNCATED, 301)
    with Context(tee) as context:
        finding = verify(context.open_session(TA), path)
    assert finding == Finding(Verdict.TRUNCATED, 301)
    assert not finding.good
    assert not finding.intact
    assert "301" in finding.text
    assert b"".join(chunk for _, chunk in tee.verified) == path.read_bytes()
    phases = [phase for phase, _ in tee.verified]
    assert phases == [VerifyPhase.BEGIN, *[VerifyPhase.MORE] * (len(phases) - 2), VerifyPhase.END]
    assert len(phases) > 3


def test_an_empty_log_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    tee = FakeContainer(lambda: iter(()))  # type: ignore[arg-type,return-value]
    with Context(tee) as context:
        assert verify(context.open_session(TA), tmp_path / "log").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("verdict", list(Verdict))
def test_only_an_intact_log_is_continued(tmp_path: Path, verdict: Verdict) -> None:
    (tmp_path / "log").write_bytes(b"record\n")
    tee = FakeContainer(lambda: iter(()))  # type: ignore[arg-type,return-value]
    tee.verdict = (verdict, 1)
    log = AuditLog(tmp_path / "log")
    with Context(tee) as context:
        session = context.open_session(TA)
        if verdict in (Verdict.CLOSED, Verdict.OPEN):
            verify_before_continuing(session, log)
        else:
            with pytest.raises(AuditError, match="cannot be continued"):
                verify_before_continuing(session, log)
    assert tee.verified == [(VerifyPhase.BEGIN, b"record\n"), (VerifyPhase.END, b"")]
    log.close()


def test_a_ta_that_gives_nonsense(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"record\n")
    tee = FakeContainer(lambda: iter(()))  # type: ignore[arg-type,return-value]
    tee.verdict = (77, 0)  # type: ignore[assignment]
    with Context(tee) as context, pytest.raises(AuditError, match="unknown verdict 77"):
        verify(context.open_session(TA), tmp_path / "log")
