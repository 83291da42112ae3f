# SPDX-License-Identifier: BSD-2-Clause
"""Calls of a TA to the core that fail: one by name, and each in turn."""

from __future__ import annotations

import pytest

from elfhaven.client import Context, MemRef, OutOfMemory, Session, StorageNoSpace
from elfhaven.errors import UsageError
from elfhaven.testing.device import Device
from elfhaven.testing.faults import Faults
from elfhaven.testing.hostile import HostileRee

from .conftest import CARELESS, CLUMSY, EVIL, GOOD, KEY, LOAD, RANDOM, STORE, Vault


def test_a_call_that_fails(session: Session, faults: Faults) -> None:
    session.invoke(STORE, MemRef.input(b"old"))
    faults.fail("storage_obj_create", StorageNoSpace)
    with pytest.raises(StorageNoSpace):
        session.invoke(STORE, MemRef.input(b"new"))
    assert faults.idle
    assert session.invoke(LOAD, MemRef.output(10)) == [b"old"]
    assert faults.calls.count("storage_obj_create") == 2


def test_which_and_how_often(session: Session, faults: Faults) -> None:
    faults.fail("cryp_random_number_generate", at=2, times=2)
    session.invoke(RANDOM, MemRef.output(8))
    for _ in range(2):
        with pytest.raises(OutOfMemory):
            session.invoke(RANDOM, MemRef.output(8))
    session.invoke(RANDOM, MemRef.output(8))


def test_each_call_fails_in_turn(tee: Context, device: Device, faults: Faults) -> None:
    """Nothing that the TA holds is left behind, whichever call fails."""
    outcomes = set()

    def work() -> None:
        with tee.open_session(Vault.uuid) as session:
            try:
                session.invoke(KEY, MemRef.output(64))
                outcomes.add("made")
            except OutOfMemory:
                outcomes.add("refused")

    assert faults.each(work) >= 4
    assert outcomes == {"made", "refused"}


def test_a_ta_that_dies_of_it(session: Session, faults: Faults) -> None:
    with pytest.raises(AssertionError, match="died where cryp_random_number_generate gave OutOfMemory"):
        faults.each(lambda: session.invoke(CLUMSY, MemRef.output(16)))


def test_beside_a_hostile_normal_world(session: Session, faults: Faults, hostile_ree: HostileRee) -> None:
    hostile_ree.swap_after_read(0, EVIL)
    assert session.invoke(CARELESS, MemRef.input(GOOD), MemRef.output(20))[1] == EVIL
    faults.fail("storage_obj_open")
    with pytest.raises(OutOfMemory):
        session.invoke(LOAD, MemRef.output(10))


def test_what_cannot_be(faults: Faults) -> None:
    with pytest.raises(UsageError, match="no call"):
        faults.fail("no_such_call")
    with pytest.raises(UsageError):
        faults.fail("log", at=0)
