# SPDX-License-Identifier: BSD-2-Clause
"""The plugin as a user has it: a project's tests in a process of their own, in parallel, with coverage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from elfhaven.sdk.new import new_project

TA = """
from elfhaven.ta import Access, PersistentObject, TrustedApplication, ValueInout, command
from elfhaven.ta.storage import ALL
from proto import UUID


def kept(value):
    with PersistentObject.create(b"it", bytes([value]), ALL | Access.OVERWRITE) as made:
        made.seek(0)
        return made.read()[0]


class Keeper(TrustedApplication):
    uuid = UUID

    @command(0)
    def keep(self, value: ValueInout) -> None:
        found = kept(value.a)
        value.a = found + 1

    @command(1)
    def never(self) -> None:
        print("nobody calls this")
"""
TESTS = """
import pytest
from elfhaven.client import Value


@pytest.mark.parametrize("number", range(4))
def test_keep(session, number):
    assert session.invoke(0, Value.inout(number))[0].a == number + 1


@pytest.mark.deterministic
def test_marks_and_fixtures(session, clock, hostile_ree, device, power_loss):
    assert device.path.is_dir() and callable(power_loss) and hostile_ree.idle
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    made = tmp_path / "keeper"
    new_project(made)
    (made / "ta.py").write_text(TA)
    (made / "tests/test_ta.py").write_text(TESTS)
    return made


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("COV", "PYTEST"))}
    return subprocess.run(
        [sys.executable, "-m", "elfhaven", "ta", "test", "--project", str(project), *words],
        env=environment | {"XDG_STATE_HOME": str(project / "state")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("workers", [0, 2])
def test_coverage_and_parallel_runs(project: Path, workers: int) -> None:
    """Lines behind a call that leaves the secure world count too."""
    done = run(project, "--strict-markers", "-n", str(workers), "--cov=ta", "--cov-report=json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout
    found = json.loads((project / "coverage.json").read_text())["files"]["ta.py"]
    lines = TA.splitlines()
    assert [lines[number - 1].strip() for number in found["missing_lines"]] == ['print("nobody calls this")']
