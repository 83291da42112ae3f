# SPDX-License-Identifier: BSD-2-Clause
"""Manifests that `record` writes for programs of Debian: the run passes with them, and all else is denied."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

import elfhaven
from elfhaven import Result
from elfhaven.sdk.record import record
from tests.conformance.debian_files import fill
from tests.conformance.debian_named import CORE, MODULES, SQL
from tests.conformance.debian_others import COW, GIT, SMALL


@dataclass(frozen=True)
class Recorded:
    """`needs`: parts of lines of the manifest; `other` is another use of it, which `rule` denies."""

    packages: tuple[str, ...]
    command: tuple[str, ...]
    needs: tuple[str, ...]
    other: tuple[str, ...]
    rule: str = "files.read"


_PERL = ("perl", *MODULES[:2], "-e", 'print sum(1..9), sha1_hex("x")')
PROGRAMS = {
    "sort": Recorded(CORE, ("sort", "-o", "out", "text"), ('"text",', '"out",'), ("sort", "text2")),
    "sqlite3": Recorded(
        CORE,
        ("sqlite3", "-init", "/dev/null", "db", f"{SQL} select sum(a) from t"),
        ('"db",', '"db-journal",'),
        ("sqlite3", "-init", "/dev/null", "data.json", SQL),
        "files.write",
    ),
    "perl": Recorded(
        CORE, _PERL, ("List/Util/Util.so", "Digest/SHA/SHA.so"), ("perl", "-pe", "1", "text"), "files.read"
    ),
    "dash": Recorded(
        CORE,
        ("dash", "-c", "read a < text; echo $a > out"),
        ('"text",', '"out",'),
        ("dash", "-c", ": > new"),
        "files.write",
    ),
    "git": Recorded(GIT, ("git", "hash-object", "text"), ('"text",',), ("git", "hash-object", "text2")),
    "cowsay": Recorded(
        COW, ("/usr/bin/perl", "/usr/games/cowsay", "moo"), ("CharWidth.so",), ("/usr/bin/perl", "text")
    ),
    "xmllint": Recorded(
        SMALL, ("xmllint", "--format", "list.xml"), ('"list.xml",',), ("xmllint", "data.json")
    ),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    fill(tmp_path / "work")
    return tmp_path / "work"


def _run(program: Recorded, command: tuple[str, ...], manifest: Path, place: Path) -> Result:
    return elfhaven.run(
        *command,
        debian=program.packages,
        manifest=manifest,
        memory="large",
        state=place.with_suffix(".state"),
        env={},
        cwd=place,
        capture=True,
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_recorded_run_passes_and_no_other(name: str, place: Path, tmp_path: Path) -> None:
    program, manifest = PROGRAMS[name], tmp_path / "elfhaven.toml"
    words = {"debian": program.packages, "memory": "large", "env": {}, "cwd": place, "capture": True}
    state = {"state": place.with_suffix(".state"), "on_note": lambda line: None, "any_arguments": True}
    first = record(*program.command, output=manifest, **words, **state)  # type: ignore[arg-type]
    text = manifest.read_text()
    tomllib.loads(text)
    for need in program.needs:
        line = next(line for line in text.splitlines() if need in line)
        assert "  # " in line, "each line says why"
    fill_again(place)
    again = _run(program, program.command, manifest, place)
    assert (again.status, again.stdout, again.denied) == (first.status, first.stdout, first.denied)
    other = _run(program, program.other, manifest, place)
    assert program.rule in other.denied
    section, key = program.rule.split(".")
    assert any(f"add to elfhaven.toml: [{section}] {key} = [" in note for note in other.notes)


def fill_again(place: Path) -> None:
    """As before the recorded run: what it made is gone."""
    import shutil

    shutil.rmtree(place)
    fill(place)
