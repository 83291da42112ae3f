# SPDX-License-Identifier: BSD-2-Clause
"""The audit log in the hands of a normal world that changes it afterwards, or cannot keep it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hostile import liar
from tests.hostile.inside import Device, Outcome

from elfhaven.abi.container import Verdict
from elfhaven.errors import AuditError, ProgramFault
from elfhaven.normal.agent import Agent
from elfhaven.normal.audit import AuditLog
from elfhaven.normal.verify import Finding, verify, verify_before_continuing

PROGRAM = r"""
int main(void) {
    struct stat st;
    for (int i = 0; i < 5; i++) {
        char path[32];
        sprintf(path, "in/f%d \"\\\x01", i);
        CALL(SYS_newfstatat, AT_FDCWD, path, &st, 0);
    }
    CALL(SYS_openat, AT_FDCWD, "/etc/shadow", O_RDONLY);
    say("done");
    return 3;
}
"""
OTHER = 'int main(void) { say("other"); return 0; }'
Lines = list[bytes]


def logged(device: Device, path: Path, source: str = PROGRAM) -> Outcome[liar.Witness]:
    log = AuditLog(path)
    try:
        if not log.empty:
            with device.session(device.pack(source)) as session:
                verify_before_continuing(session, log)
        return device.run(source, liar.Witness, audit=log)
    finally:
        log.close()


def finding(device: Device, path: Path, source: str = PROGRAM) -> Finding:
    with device.session(device.pack(source)) as session:
        return verify(session, path)


def test_one_record_for_each_call(device: Device, tmp_path: Path) -> None:
    outcome = logged(device, tmp_path / "log")
    assert (outcome.error, outcome.status) == (None, 3)
    records = [json.loads(line) for line in (tmp_path / "log").read_bytes().splitlines()]
    assert [record["seq"] for record in records] == list(range(len(records)))
    calls = [record["call"] for record in records]
    assert calls == ["elfhaven.start", *outcome.agent.seen.names, "elfhaven.exit"]
    stat = records[1]
    assert stat["rule"] == "files.read"
    assert stat["args"]["path"].endswith('/in/f0 "\\\x01')
    assert stat["result"] == -2
    assert records[-1]["args"]["status"] == 3
    assert "shadow" not in (tmp_path / "log").read_text()  # what was denied did not cross
    assert finding(device, tmp_path / "log") == Finding(Verdict.CLOSED, len(records))


def edit_result(lines: Lines) -> Lines:
    return [*lines[:2], lines[2].replace(b'"result":-2', b'"result":-3'), *lines[3:]]


def edit_path(lines: Lines) -> Lines:
    return [*lines[:1], lines[1].replace(b"in/f0", b"in/g0"), *lines[2:]]


def edit_mac(lines: Lines) -> Lines:
    digit = b"0" if lines[3][-3:-2] != b"0" else b"1"
    return [*lines[:3], lines[3][:-3] + digit + lines[3][-2:], *lines[4:]]


def renumber_without_one(lines: Lines) -> Lines:
    rest = [line.replace(b'"seq":%d,' % (i + 1), b'"seq":%d,' % i) for i, line in enumerate(lines) if i > 2]
    return [*lines[:2], *rest]


BROKEN: dict[str, Callable[[Lines], Lines]] = {
    "a result edited": edit_result,
    "a path edited": edit_path,
    "a MAC edited": edit_mac,
    "the first deleted": lambda lines: lines[1:],
    "one deleted": lambda lines: [*lines[:3], *lines[4:]],
    "one deleted and the rest renumbered": renumber_without_one,
    "two swapped": lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
    "one doubled": lambda lines: [*lines[:3], lines[2], *lines[3:]],
    "one added": lambda lines: [*lines, lines[-1]],
    "a blank line": lambda lines: [*lines[:2], b"", *lines[2:]],
    "nonsense": lambda lines: [*lines[:2], b"nonsense", *lines[2:]],
    "half a record at the end": lambda lines: [*lines[:-1], lines[-1][:40]],
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_a_changed_log_is_found_out(device: Device, tmp_path: Path, change: Callable[[Lines], Lines]) -> None:
    path = tmp_path / "log"
    logged(device, path)
    before = path.read_bytes().splitlines()
    after = change(before)
    assert after != before
    path.write_bytes(b"".join(line + b"\n" for line in after))
    found = finding(device, path)
    assert not found.intact, found.text
    assert not found.good
    log = AuditLog(path)
    with device.session(device.pack(PROGRAM)) as session, pytest.raises(AuditError):
        verify_before_continuing(session, log)
    log.close()


@pytest.mark.parametrize("kept", [1, 3, -1])
def test_a_log_cut_off_at_a_record(device: Device, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "log"
    logged(device, path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:kept]))
    assert finding(device, path).verdict is Verdict.TRUNCATED


def test_a_log_goes_on(device: Device, tmp_path: Path) -> None:
    path = tmp_path / "log"
    logged(device, path)
    first = path.read_bytes()
    assert logged(device, path).status == 3
    second = path.read_bytes()
    assert second.startswith(first)
    found = finding(device, path)
    assert found == Finding(Verdict.CLOSED, len(second.splitlines()))
    path.write_bytes(first)  # the older state of the same log: rolled back
    assert not finding(device, path).intact


def test_a_log_of_another_program(device: Device, tmp_path: Path) -> None:
    logged(device, tmp_path / "log", OTHER)
    assert finding(device, tmp_path / "log", OTHER).good
    assert not finding(device, tmp_path / "log", PROGRAM).intact


class Killer(Agent):
    """The normal world stops in the middle of a run."""

    def perform(self, call: liar.Call) -> int:
        if liar.NAMES[call.number] == "write":
            raise ProgramFault("the normal world stopped")
        return super().perform(call)


def killer(policy: object, streams: tuple[int, int, int]) -> Killer:
    return Killer(policy, streams=streams)  # type: ignore[arg-type]


def test_a_log_without_its_end_is_open(device: Device, tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log")
    outcome = device.run(PROGRAM, killer, audit=log)
    log.close()
    assert isinstance(outcome.error, ProgramFault)
    found = finding(device, tmp_path / "log")
    assert found.verdict is Verdict.OPEN
    assert not found.good
    assert "no closing record" in found.text


def test_no_call_when_the_log_cannot_be_kept(device: Device) -> None:
    log = AuditLog("/dev/full")
    outcome = device.run(PROGRAM, liar.Witness, audit=log)
    log.close()
    assert isinstance(outcome.error, AuditError)
    assert outcome.agent.seen.names == []
    assert outcome.output == b""


def test_a_program_that_wants_a_log_does_not_start_without(device: Device) -> None:
    outcome = device.run(PROGRAM, liar.Witness, text="[audit]\nrequired = true\n")
    assert outcome.status is None
    assert outcome.error is not None
    assert "ACCESS_DENIED" in str(outcome.error)
    assert outcome.agent.seen.names == []


def test_a_long_log(device: Device, tmp_path: Path) -> None:
    """More records than one log area, one chunk and one write to the secure storage hold."""
    source = r"""
    int main(void) {
        struct stat st;
        for (int i = 0; i < 700; i++)
            CALL(SYS_newfstatat, AT_FDCWD, "in/data", &st, 0);
        return 0;
    }
    """
    path = tmp_path / "log"
    assert logged(device, path, source).status == 0
    records = path.read_bytes().splitlines()
    assert len(records) == 702
    assert finding(device, path, source) == Finding(Verdict.CLOSED, 702)
    path.write_bytes(b"".join(line + b"\n" for line in (*records[:500], *records[501:])))
    assert not finding(device, path, source).intact
