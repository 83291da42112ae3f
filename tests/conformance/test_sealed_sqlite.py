# SPDX-License-Identifier: BSD-2-Clause
"""Debian's sqlite3 with its database sealed, and the same database read and made outside with the key."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import elfhaven
from elfhaven.sdk.seal import device_key, seal, unseal

MANIFEST = 'name = "ledger"\n[files]\nsealed = ["db/"]\n'
MAKE = """
create table t(id integer primary key, text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
insert into t select i, 'entry ' || i from n;
begin; update t set text = 'lost'; rollback;
delete from t where id % 10 = 0;
"""
LOOK = "pragma integrity_check; select count(*), sum(id), max(text) from t;"
SEEN = "ok\n450|112500|entry 99\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sqlite")
    (made / "elfhaven.toml").write_text(MANIFEST)
    (made / "db").mkdir()
    return made


@pytest.fixture(scope="module")
def key(place: Path) -> bytes:
    """The program's; the device comes to be when something runs on it."""
    told(place, "first", "select 1;")
    return device_key("ledger", place / "state")


def inside(place: Path, name: str, text: str) -> elfhaven.Result:
    return elfhaven.run(
        "sqlite3",
        "-init",
        "/dev/null",
        f"db/{name}",
        text,
        debian=("sqlite3",),
        manifest=place / "elfhaven.toml",
        memory="large",
        state=place / "state",
        cwd=place,
        env={},
        capture=True,
    )


def told(place: Path, name: str, text: str) -> str:
    done = inside(place, name, text)
    assert (done.status, done.stderr, done.fault) == (0, b"", None)
    assert done.stdout is not None
    return done.stdout.decode()


@pytest.mark.parametrize("journal", ["delete", "truncate", "persist", "wal"])
def test_a_database_is_sealed(place: Path, key: bytes, journal: str) -> None:
    exclusive = (
        "pragma locking_mode = exclusive; " if journal == "wal" else ""
    )  # WAL's index is shared memory
    told(place, journal, f"{exclusive}pragma journal_mode = {journal}; {MAKE}")
    assert told(place, journal, exclusive + LOOK).endswith(SEEN)
    sealed = (place / "db" / journal).read_bytes()
    assert b"SQLite" not in sealed
    assert b"entry" not in sealed
    plain = place / f"{journal}.plain"
    plain.write_bytes(b"".join(unseal(place / "db" / journal, key)))
    with sqlite3.connect(plain) as base:
        assert base.execute("pragma integrity_check").fetchone() == ("ok",)
        assert base.execute("select count(*), sum(id), max(text) from t").fetchone() == (
            450,
            112500,
            "entry 99",
        )


def test_a_database_from_outside(place: Path, key: bytes) -> None:
    plain = place / "made.plain"
    with sqlite3.connect(plain) as base:
        base.executescript(MAKE)
    seal(plain, place / "db/made", key)
    assert told(place, "made", LOOK) == SEEN
    told(place, "made", "insert into t values (1000, 'more');")
    assert told(place, "made", "select text from t where id = 1000;") == "more\n"


def test_a_directory_that_was_put_back(place: Path) -> None:
    """All of it, the journal's absence too."""
    told(place, "back", MAKE)
    old = {path.name: path.read_bytes() for path in (place / "db").iterdir()}
    told(place, "back", "update t set text = 'new';")
    for path in (place / "db").iterdir():
        path.unlink()
    for name, data in old.items():
        (place / "db" / name).write_bytes(data)
    done = inside(place, "back", LOOK)
    assert done.status != 0
    assert done.stdout == b""
    assert "files.sealed" in done.violated


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--key", "00" * 32), "is not sealed with this key under this name"),
        (("--key", "0011"), "the key is not 64 hexadecimal digits"),
        (("--program", "another"), "is not sealed with this key under this name"),
        ((), "no key is named"),
    ],
)
def test_a_wrong_key_is_refused_with_its_reason(
    place: Path, key: bytes, words: tuple[str, ...], reason: str
) -> None:
    plain = place / "secret"
    plain.write_text("secret")
    seal(plain, place / "db/secret", key)
    command = [sys.executable, "-m", "elfhaven", "unseal", "db/secret", "--state", "state", *words]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stdout == ""
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
