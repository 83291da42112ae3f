# SPDX-License-Identifier: BSD-2-Clause
"""The sqlite example with its database sealed: it gives what it gives elsewhere; outside lies ciphertext."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import cases
import pytest
from test_examples import ELFHAVEN, PACKAGE, built

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_sealed_database(tmp_path: Path) -> None:
    case = cases.load("sqlite")[0]
    state = ("--state", str(tmp_path / "state"))
    program = built("sqlite")
    command = (*ELFHAVEN, "run", *state, "-m", "sealed.toml", program)
    where = tmp_path / "place"
    cases.play("sqlite", case, where, command, {**os.environ, **PACKAGE})
    database = where / "out/library.db"
    assert b"SQLite" not in database.read_bytes()
    assert b"Tides" not in database.read_bytes()
    told = subprocess.run(
        [*ELFHAVEN, "unseal", *state, "--program", "sqlite3-sealed", str(database)],
        capture_output=True,
        check=True,
        env={**os.environ, **PACKAGE},
    )
    assert told.stdout.startswith(b"SQLite format 3\0")


def test_an_older_database_is_refused(tmp_path: Path) -> None:
    program, where = built("sqlite"), cases.directory("sqlite", tmp_path / "place")
    command = [*ELFHAVEN, "run", "--state", str(tmp_path / "state"), "-m", "sealed.toml", str(program)]
    env = {**os.environ, **PACKAGE}

    def query(text: str) -> subprocess.CompletedProcess[str]:
        words = [*command, "out/accounts.db", text]
        return subprocess.run(words, cwd=where, env=env, capture_output=True, text=True)

    assert query("CREATE TABLE account(money); INSERT INTO account VALUES (100)").returncode == 0
    rich = (where / "out/accounts.db").read_bytes()
    assert query("UPDATE account SET money = 0").returncode == 0
    (where / "out/accounts.db").write_bytes(rich)
    found = query("SELECT money FROM account")
    assert found.returncode != 0
    assert "100" not in found.stdout
    assert "files.sealed" in found.stderr
