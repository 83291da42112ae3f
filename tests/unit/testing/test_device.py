# SPDX-License-Identifier: BSD-2-Clause
"""Devices that are restarted, put back, cut from their power, and whose time and randomness repeat."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from elfhaven.client import Context, ItemNotFound, MemRef, Session, Value
from elfhaven.errors import UsageError
from elfhaven.testing.device import Device
from elfhaven.testing.power import PowerLoss
from elfhaven.testing.still import BEGINNING, StillClock

from .conftest import KEY, LOAD, LOAD_PAIR, PAIR, RANDOM, STORE, TIMES, WAIT, Vault


def store(tee: Context, data: bytes) -> None:
    with tee.open_session(Vault.uuid) as session:
        session.invoke(STORE, MemRef.input(data))


def load(tee: Context) -> bytes | None:
    with tee.open_session(Vault.uuid) as session:
        try:
            (data,) = session.invoke(LOAD, MemRef.output(1 << 16))
        except ItemNotFound:
            return None
    assert isinstance(data, bytes)
    return data


def test_restart_and_restore(device: Device) -> None:
    empty = device.save()
    store(device.tee, b"one")
    saved = device.save()
    store(device.tee, b"two")
    assert load(device.restart()) == b"two"
    assert load(device.restore(saved)) == b"one"
    assert load(device.restore(empty)) is None
    assert load(device.restore(saved)) == b"one"


def test_power_that_goes(device: Device) -> None:
    store(device.tee, b"old")
    device.cut_power(2)
    with pytest.raises(PowerLoss, match="write"):
        store(device.tee, b"new")
    with pytest.raises(PowerLoss):
        load(device.tee)
    assert load(device.restart()) == b"old"
    store(device.tee, b"new")
    assert load(device.tee) == b"new"
    with pytest.raises(UsageError):
        device.cut_power(0)


@pytest.mark.parametrize("size", [3, 5000])
def test_an_object_is_overwritten_as_a_whole(device: Device, size: int) -> None:
    old, new = b"o" * size, b"n" * size
    store(device.tee, old)
    seen = set()
    writes = device.power_losses(lambda tee: store(tee, new), lambda tee: seen.add(load(tee)))
    assert writes > 3
    assert seen == {old, new}


def test_two_objects_do_not_change_together(device: Device) -> None:
    """A TA's bug that power loss shows."""

    def pair(tee: Context, data: bytes) -> None:
        with tee.open_session(Vault.uuid) as session:
            session.invoke(PAIR, MemRef.input(data))

    def check(tee: Context) -> None:
        with tee.open_session(Vault.uuid) as session:
            left, right = session.invoke(LOAD_PAIR, MemRef.output(10), MemRef.output(10))
        assert left == right

    pair(device.tee, b"old")
    with pytest.raises(AssertionError, match="new"):
        device.power_losses(lambda tee: pair(tee, b"new"), check)


def test_work_that_writes_nothing(device: Device) -> None:
    store(device.tee, b"x")
    with pytest.raises(UsageError, match="writes nothing"):
        device.power_losses(load, load)


def test_writes_are_counted(device: Device) -> None:
    assert device.writes == 0
    store(device.tee, b"x")
    assert device.writes > 3


def test_time_stands_still(session: Session, clock: StillClock) -> None:
    def times() -> list[int]:
        return [value.a for value in session.invoke(TIMES, Value.output(), Value.output())]  # type: ignore[union-attr]

    assert times() == times() == [BEGINNING, 0]
    clock.advance(100)
    assert times() == [BEGINNING + 100, 100]
    began = time.monotonic()
    session.invoke(WAIT, Value(3_600_000))
    assert time.monotonic() - began < 60
    assert times() == [BEGINNING + 3700, 3700]
    clock.advance(-50)
    assert times() == [BEGINNING + 3650, 3700]


def drawn(path: Path, seed: int, clock: StillClock | None) -> list[object]:
    device = Device(path, [Vault], clock=clock, seed=seed)
    try:
        with device.tee.open_session(Vault.uuid) as session:
            made = [session.invoke(what, MemRef.output(32))[0] for what in (RANDOM, RANDOM, KEY)]
        store(device.tee, b"x")
        return [*made, *sorted(path.read_bytes() for path in (path / "tee").iterdir())]
    finally:
        device.off()


def test_randomness_repeats(tmp_path: Path) -> None:
    one, two, other, real = (
        drawn(tmp_path / str(number), seed, clock)
        for number, (seed, clock) in enumerate(
            ((1, StillClock()), (1, StillClock()), (2, StillClock()), (1, None))
        )
    )
    assert one == two
    assert one[0] != one[1]
    assert not set(one) & set(other)
    assert not set(one) & set(real)


@pytest.mark.deterministic(seed=1)
def test_the_mark(session: Session, tmp_path: Path) -> None:
    assert session.invoke(RANDOM, MemRef.output(32))[0] == drawn(tmp_path / "other", 1, StillClock())[0]


def test_a_start_draws_anew(tmp_path: Path) -> None:
    device = Device(tmp_path / "device", [Vault], clock=StillClock())
    found = set()
    for _ in range(2):
        with device.restart().open_session(Vault.uuid) as session:
            found.add(session.invoke(RANDOM, MemRef.output(32))[0])
    device.off()
    assert len(found) == 2
