# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's own test suite, as Debian ships it, on the emulator: what xtest says is held to, case by case."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import UUID

import pytest

from elfhaven.errors import PackageError
from elfhaven.target.qemu import parts
from elfhaven.target.qemu.large import KIT
from elfhaven.target.ree import run_client
from elfhaven.target.state import StateDirectory
from elfhaven.target.xtest import Reader, Report, words
from elfhaven.target.xtest_fixtures import PLUGINS, PSEUDO_TAS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

CASES = {"regression": 108, "pkcs11": 31}
SUBTESTS = {"regression": 33_000, "pkcs11": 5_000}  # at least
MAY_FAIL: dict[str, dict[str, str]] = {  # what is left to do; a case that passes is taken out
    "regression": {},
    "pkcs11": {
        "pkcs11_1026": "wrapping keys with AES",
        "pkcs11_1028": "objects that another session destroys",
    },
}
SKIPPED = {  # parts that xtest leaves out on the real OP-TEE too
    "regression": {"regression_1020": "no lock checks in the build", "regression_1041": "no fTPM"},
    "pkcs11": {},
}


@pytest.fixture(scope="module")
def guest() -> Path:
    try:
        return parts.guest(print)
    except PackageError as error:
        pytest.skip(f"Debian's archive cannot be had: {error.cause}")


def run(guest: Path, suite: str, device: Path) -> Report:
    state = StateDirectory(device)
    for image in (guest / KIT / "ta").glob("*.ta"):
        state.install(UUID(image.stem), image.read_bytes())
    reader = Reader(time.monotonic)
    command = words(suite, 0, ())
    status = run_client(
        guest / "usr/bin" / command[0],
        command,
        device=state,
        sysroot=guest,
        memory="large",
        stdout=reader.feed,
        stderr=reader.feed,
        pseudo_tas=PSEUDO_TAS,
        plugins=PLUGINS,
    )
    return reader.end(status)


@pytest.mark.parametrize("suite", ["regression", "pkcs11"])
def test_suite(suite: str, guest: Path, tmp_path: Path) -> None:
    report = run(guest, suite, tmp_path / "device")
    assert report.finished
    assert report.counted is not None
    assert report.subtests is not None
    failed = {case.name: case.first_error for case in report.of("failed", "unfinished")}
    assert failed.keys() <= MAY_FAIL[suite].keys(), failed
    assert report.counted.failed == len(failed), "our reading of xtest's lines differs from its own count"
    assert {case.name for case in report.cases if case.skipped} == SKIPPED[suite].keys()
    assert (report.counted.total, len(report.cases), report.left_out) == (CASES[suite], CASES[suite], 0)
    assert report.subtests.total >= SUBTESTS[suite]
