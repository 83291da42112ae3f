# SPDX-License-Identifier: BSD-2-Clause
"""Programs of Debian's arm64 packages, as they are: inside, and outside under qemu's user mode."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from elfhaven.errors import ElfhavenError
from tests.conformance.debian import Case, Seen, run_inside, run_outside
from tests.conformance.debian_named import NAMED
from tests.conformance.debian_others import OTHERS, REFUSED

CASES = [pytest.param(case, id=case.name) for case in (*NAMED, *OTHERS)]


@pytest.mark.parametrize("case", CASES)
def test_a_program_of_debian_does_inside_what_it_does_outside(case: Case, tmp_path: Path) -> None:
    """The same output, status and files. What is sealed is no file of theirs outside."""
    expected = run_outside(case, tmp_path / "outside")
    seen = run_inside(case, tmp_path / "inside")
    assert (seen.status, seen.stdout, seen.files) == (expected.status, expected.stdout, expected.files)
    assert seen.same(expected), (seen.stderr, expected.stderr)
    for name in case.sealed:
        plain = (tmp_path / "outside" / name).read_bytes()
        assert plain[:16] not in (tmp_path / "inside" / name).read_bytes()


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_one_that_cannot_run_says_why(case: Case, tmp_path: Path) -> None:
    told = _told(case, tmp_path / "inside")
    assert re.search(case.refused, told), told


def _told(case: Case, place: Path) -> str:
    try:
        seen: Seen = run_inside(case, place)
    except ElfhavenError as error:
        return f"{error.cause}; {error.fix}"
    assert seen.status, "it runs"
    return "\n".join((*seen.told, seen.stderr.decode(errors="replace")))


def test_names_are_unique() -> None:
    names = [case.name for case in (*NAMED, *OTHERS, *REFUSED)]
    assert len(set(names)) == len(names)


def test_the_table_lists_the_same_cases() -> None:
    """It is made by a run, so what it says is not compared."""
    text = (Path(__file__).parents[2] / "docs/reference/debian-programs.md").read_text()
    rows = [re.split(r"(?<!\\) \| ", line) for line in text.splitlines() if line.startswith("| ")]
    listed = [row[2].replace("\\|", "|") for row in rows if row[2] != "what was run"]
    assert listed == [case.name for case in (*NAMED, *OTHERS, *REFUSED)]
