# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's own test suite, as Debian ships it, on the emulator: what xtest says is held to, case by case."""

from __future__ import annotations

import os
import time
from importlib.util import find_spec
from pathlib import Path
from uuid import UUID

import pytest

from elfhaven.errors import PackageError
from elfhaven.target.emulator import AT_ONCE
from elfhaven.target.qemu import parts
from elfhaven.target.qemu.large import KIT
from elfhaven.target.ree import run_client
from elfhaven.target.state import StateDirectory
from elfhaven.target.xtest import Reader, Report, words
from elfhaven.target.xtest_fixtures import PLUGINS, PSEUDO_TAS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

CASES = {"regression": 108, "pkcs11": 31}
SUBTESTS = {"regression": 33_000, "pkcs11": 5_000}  # at least
SKIPPED: dict[str, dict[str, str]] = {  # what xtest leaves out, whole or in part, on the real OP-TEE too
    "regression": {
        "regression_1020": "no lock checks in the build",
        "regression_1029": "Debian's test TA is built without thread-local data",
        "regression_1036": "xtest is built without pointer authentication",
        "regression_1038": "xtest is built without memory tags",
        "regression_1041": "no fTPM",
    },
    "pkcs11": {},
}
# concurrent TAs, TAs that panic, TAs of TAs, digests, bignums, stored objects: what is run compiled, too
COMPILED = ("1004", "1011", "1013", "1021", "4001", "4106", "6019")


@pytest.fixture(scope="module")
def guest() -> Path:
    try:
        return parts.guest(print)
    except PackageError as error:
        pytest.skip(f"Debian's archive cannot be had: {error.cause}")


def run(
    guest: Path,
    suite: str,
    memory: str,
    device: Path,
    tests: tuple[str, ...] = (),
    engine: str | None = None,
) -> Report:
    state = StateDirectory(device)
    for image in (guest / KIT / "ta").glob("*.ta"):
        state.install(UUID(image.stem), image.read_bytes())
    reader = Reader(time.monotonic)
    command = words(suite, 0, tests)
    status = run_client(
        guest / "usr/bin" / command[0],
        command,
        device=state,
        sysroot=guest,
        memory=memory,
        stdout=reader.feed,
        stderr=reader.feed,
        pseudo_tas=PSEUDO_TAS,
        plugins=PLUGINS,
        engine=engine,
    )
    return reader.end(status)


@pytest.mark.parametrize(
    ("suite", "memory"), [("regression", "stock"), ("regression", "large"), ("pkcs11", "stock")]
)
def test_suite(suite: str, memory: str, guest: Path, tmp_path: Path) -> None:
    report = run(guest, suite, memory, tmp_path / "device")
    assert report.finished
    assert report.counted is not None
    assert report.subtests is not None
    failed = {case.name: case.first_error for case in report.of("failed", "unfinished")}
    assert not failed
    assert (report.counted.failed, report.subtests.failed, report.status) == (0, 0, 0)
    assert {case.name for case in report.cases if case.skipped} == SKIPPED[suite].keys()
    assert (report.counted.total, len(report.cases), report.left_out) == (CASES[suite], CASES[suite], 0)
    assert report.subtests.total >= SUBTESTS[suite]


@pytest.mark.skipif(
    find_spec("llvmlite") is None, reason="llvmlite is not installed: there is no native tier"
)
@pytest.mark.parametrize("suite", CASES if os.environ.get("ELFHAVEN_WHOLE") else ["regression"])
def test_compiled(suite: str, guest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TAs whose blocks are compiled at their 32nd meeting: some cases; all of both suites with
    ELFHAVEN_WHOLE=1."""
    monkeypatch.setenv(AT_ONCE, "32")
    whole = bool(os.environ.get("ELFHAVEN_WHOLE"))
    report = run(guest, suite, "stock", tmp_path / "device", () if whole else COMPILED, "native")
    assert report.finished
    assert not {case.name: case.first_error for case in report.of("failed", "unfinished")}
    assert len(report.of("ok", "skipped")) == (CASES[suite] if whole else len(COMPILED))
