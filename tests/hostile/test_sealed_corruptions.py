# SPDX-License-Identifier: BSD-2-Clause
"""Sealed files whose bytes the normal world changed at random: every one is refused.

A seeded part runs with every test; ELFHAVEN_SEALED_CORRUPTIONS asks for more (`make endurance`).
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.hostile.inside import Device
from tests.hostile.test_sealed import Vault

from elfhaven.sdk import seal_format
from elfhaven.sdk.seal import device_key
from elfhaven.sdk.seal_format import UNIT

CORRUPTIONS = int(os.environ.get("ELFHAVEN_SEALED_CORRUPTIONS", "100"))
COUNT = 25  # files, each changed once in a turn
REFUSED = ("open 5", "read 5")  # EIO


@dataclass
class Subject:
    """A sealed file: what it holds, what it held, the offsets of the units it is read from, the others."""

    path: Path
    good: bytes
    before: list[bytes]
    live: list[int]
    others: list[Subject]

    def put(self, at: int, unit: bytes) -> bytes:
        return self.good[:at] + unit + self.good[at + len(unit) :]


Change = Callable[[Subject, random.Random], bytes]


def live_units(path: Path, key: bytes) -> list[int]:
    """The newest header, the nodes and the blocks that it leads to."""
    with path.open("rb") as file:
        return list(seal_format.units(file, seal_format.headers(file, key, str(path))[0]))


def bit(subject: Subject, chance: random.Random) -> bytes:
    at = chance.choice(subject.live) + chance.randrange(UNIT)
    return subject.put(at, bytes([subject.good[at] ^ 1 << chance.randrange(8)]))


def some_bytes(subject: Subject, chance: random.Random) -> bytes:
    return subject.put(chance.choice(subject.live) + chance.randrange(UNIT - 96), chance.randbytes(96))


def cut(subject: Subject, chance: random.Random) -> bytes:
    return subject.good[: chance.randrange(max(subject.live) + UNIT)]


def zeros(subject: Subject, chance: random.Random) -> bytes:
    return subject.put(chance.choice(subject.live), bytes(UNIT))


def swapped(subject: Subject, chance: random.Random) -> bytes:
    """A unit that is read, and any other."""
    a = chance.choice(subject.live)
    b = chance.choice([at for at in range(0, len(subject.good), UNIT) if at != a])
    units = [subject.good[at : at + UNIT] for at in (a, b)]
    changed = subject.put(b, units[0])
    return changed[:a] + units[1] + changed[a + UNIT :]


def back(subject: Subject, chance: random.Random) -> bytes:
    return chance.choice(subject.before)


def unit_back(subject: Subject, chance: random.Random) -> bytes:
    """A unit as an older state had it, where that was another; else the other slot's."""
    old = chance.choice(subject.before)
    at = chance.choice(subject.live)
    was = old[at : at + UNIT]
    if len(was) < UNIT or was == subject.good[at : at + UNIT]:
        at, was = subject.live[0], subject.good[UNIT - subject.live[0] : 2 * UNIT - subject.live[0]]
    return subject.put(at, was)


def of_another(subject: Subject, chance: random.Random) -> bytes:
    """A unit of another file, from the same place."""
    other = chance.choice(subject.others)
    at = chance.choice([at for at in subject.live if at in other.live] or [subject.live[0]])
    return subject.put(at, other.good[at : at + UNIT])


def another(subject: Subject, chance: random.Random) -> bytes:
    return chance.choice(subject.others).good


CHANGES: tuple[Change, ...] = (bit, some_bytes, cut, zeros, swapped, back, unit_back, of_another, another)


@pytest.fixture(scope="module")
def subjects(device: Device) -> tuple[Vault, list[Subject], list[str]]:
    """Files of several commits, so that both slots are used, and the lines that reading them gives."""
    vault = Vault(device, device.place / "vault")
    vault.place.mkdir(exist_ok=True)
    paths = [vault.place / f"many{i}" for i in range(COUNT)]
    states = []
    for mode in "WWU":
        assert vault.run(mode, "vault/many", str(COUNT)).lines == []
        states.append([path.read_bytes() for path in paths])
    key = device_key("sealed", device.state.path)
    made = [
        Subject(path, good, [states[0][i], states[1][i]], live_units(path, key), [])
        for i, (path, good) in enumerate(zip(paths, states[-1], strict=True))
    ]
    for subject in made:
        subject.others = [other for other in made if other is not subject]
    lines = vault.run("R", "vault/many", str(COUNT)).lines
    assert not set(lines) & set(REFUSED)
    assert len(set(lines)) == COUNT
    return vault, made, lines


@pytest.mark.timeout(7200)
def test_every_corruption_truncation_swap_and_rollback_is_refused(
    subjects: tuple[Vault, list[Subject], list[str]],
) -> None:
    vault, files, lines = subjects
    chance, kinds = random.Random(14), Counter[str]()
    for turn in range(-(-CORRUPTIONS // COUNT)):
        changes = [chance.choice(CHANGES) for _ in files]
        for subject, change in zip(files, changes, strict=True):
            data = change(subject, chance)
            assert data != subject.good, change
            subject.path.write_bytes(data)
        found = vault.run("R", "vault/many", str(COUNT))
        told = zip(changes, found.lines, strict=True)
        assert [change.__name__ for change, line in told if line not in REFUSED] == [], turn
        assert found.violated == ("files.sealed",)
        kinds.update(change.__name__ for change in changes)
        for subject in files:
            subject.path.write_bytes(subject.good)
    assert vault.run("R", "vault/many", str(COUNT)).lines == lines  # none of it left a trace
    assert len(kinds) == len(CHANGES)
    print(f"{kinds.total()} refused: {dict(kinds)}")
