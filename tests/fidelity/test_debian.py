# SPDX-License-Identifier: BSD-2-Clause
"""Programs of Debian's arm64 packages with their shared libraries, from one packed file, on both places.

They need the large layout. What they were denied and how often they left the TEE must agree, too; programs of
fixed addresses are refused on the real OP-TEE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from elfhaven.errors import ImageError
from elfhaven.target.qemu.machine import Machine
from tests.conformance.debian import Case, Seen, pack, run_inside
from tests.conformance.debian_named import NAMED
from tests.conformance.debian_others import OTHERS

pytestmark = pytest.mark.timeout(900)  # the large build of OP-TEE is made first

ALL = (*NAMED, *OTHERS)
TAS = 60  # of some MB each
LOOSE = [pytest.param(case, id=case.name) for case in ALL if not case.fixed]
FIXED = [pytest.param(case, id=case.name) for case in ALL if case.fixed]


@pytest.fixture(scope="module")
def turns() -> Iterator[int]:
    return count(1)


@pytest.fixture(autouse=True)
def with_room(large: Machine, turns: Iterator[int]) -> None:
    """The guest keeps every TA that was run, in memory: it starts anew before that is full."""
    if next(turns) % TAS == 0:
        large.down()
        large.up("large", print)


def _told(seen: Seen, case: Case) -> Seen:
    """What must agree; how often a program that talks or has threads of its own leaves depends on time."""
    return replace(seen, told=(), crossings=0 if case.clients or case.serves or case.mask else seen.crossings)


@pytest.mark.parametrize("case", LOOSE)
def test_a_program_of_debian_does_the_same(large: Machine, case: Case, tmp_path: Path) -> None:
    ta = pack(case, tmp_path / "there") if not case.serves and not case.clients else None
    there = run_inside(case, tmp_path / "there", "qemu", ta)
    here = run_inside(case, tmp_path / "here", "emulator", ta)
    assert _told(here, case) == _told(there, case), "left: the emulator, right: the real OP-TEE"


@pytest.mark.parametrize("case", FIXED)
def test_one_of_fixed_addresses_is_refused_there(large: Machine, case: Case, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="fixed address"):
        run_inside(case, tmp_path / "there", "qemu")
