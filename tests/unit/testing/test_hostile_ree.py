# SPDX-License-Identifier: BSD-2-Clause
"""What a hostile normal world can do to a call, and what it cannot."""

from __future__ import annotations

from uuid import uuid4

import pytest

from elfhaven.abi.optee_msg import ATTR_VALUE_INPUT
from elfhaven.client import (
    BadParameters,
    Context,
    CorruptObject,
    Direction,
    ItemNotFound,
    MemRef,
    OutOfMemory,
    Session,
    TeeError,
    Value,
)
from elfhaven.errors import UsageError
from elfhaven.testing.device import Device
from elfhaven.testing.hostile import HostileRee, Rpc
from elfhaven.world.message import Message

from .conftest import CAREFUL, CARELESS, DOUBLE, EVIL, GOOD, LOAD, STORE, TIMES


def test_honest_until_told_otherwise(session: Session, hostile_ree: HostileRee) -> None:
    session.invoke(STORE, MemRef.input(b"data"))
    assert session.invoke(LOAD, MemRef.output(10)) == [b"data"]
    assert Rpc.FS in hostile_ree.seen
    assert hostile_ree.idle


def test_values_and_types(session: Session, hostile_ree: HostileRee) -> None:
    hostile_ree.set_value(0, 7)
    assert session.invoke(DOUBLE, Value.inout(1))[0].a == 14  # type: ignore[union-attr]
    hostile_ree.set_type(0, ATTR_VALUE_INPUT)
    with pytest.raises(BadParameters):
        session.invoke(DOUBLE, Value.inout(1))
    assert session.invoke(DOUBLE, Value.inout(1))[0].a == 2  # type: ignore[union-attr]


def test_a_size_beyond_the_memory(session: Session, hostile_ree: HostileRee) -> None:
    hostile_ree.set_size(0, 1 << 30)
    with pytest.raises(BadParameters) as caught:
        session.invoke(STORE, MemRef.input(b"data"))
    assert caught.value.origin_name == "the TEE"


@pytest.mark.parametrize("shared", [False, True])
def test_memory_that_changes_after_the_check(
    tee: Context, session: Session, hostile_ree: HostileRee, shared: bool
) -> None:
    """A TA that reads once is safe; one that reads again is not, and the fixture shows it."""
    order = MemRef.input(GOOD)
    if shared:
        memory = tee.allocate(5000)
        memory.view[4090 : 4090 + len(GOOD)] = GOOD  # over the end of a page
        order = memory.ref(Direction.INPUT, 4090, len(GOOD))
    hostile_ree.swap_after_read(0, EVIL)
    assert session.invoke(CAREFUL, order, MemRef.output(20))[1] == GOOD
    if shared:
        memory.view[4090 : 4090 + len(GOOD)] = GOOD
    hostile_ree.swap_after_read(0, EVIL)
    assert session.invoke(CARELESS, order, MemRef.output(20))[1] == EVIL
    assert hostile_ree.idle


def test_storage_that_is_spoiled(device: Device, session: Session, hostile_ree: HostileRee) -> None:
    session.invoke(STORE, MemRef.input(b"data"))
    session.close()
    with device.restart().open_session(session.uuid) as again:
        hostile_ree.spoil(Rpc.FS)
        with pytest.raises(TeeError) as caught:
            again.invoke(LOAD, MemRef.output(10))
        assert isinstance(caught.value, CorruptObject | ItemNotFound)


@pytest.mark.parametrize("how", ["withhold", "refuse"])
def test_rpcs_that_are_not_served(session: Session, hostile_ree: HostileRee, how: str) -> None:
    session.invoke(STORE, MemRef.input(b"old"))
    getattr(hostile_ree, how)(Rpc.FS, times=1000)
    with pytest.raises(TeeError):
        session.invoke(STORE, MemRef.input(b"new"))
    assert not hostile_ree.idle


def test_no_memory_and_no_ta(tee: Context, hostile_ree: HostileRee) -> None:
    hostile_ree.refuse(Rpc.LOAD_TA)
    with pytest.raises(TeeError):
        tee.open_session(uuid4())
    hostile_ree.refuse(Rpc.SHM_ALLOC, 0xFFFF000C, times=10)
    with pytest.raises(OutOfMemory), tee.open_session("c0c0a000-0000-4000-8000-0000000000a1") as session:
        session.invoke(STORE, MemRef.input(b"x"))


def test_a_clock_that_lies(session: Session, hostile_ree: HostileRee) -> None:
    def change(message: Message) -> None:
        message.params[0].a = 12345

    hostile_ree.change_answer(Rpc.GET_TIME, change)
    ree, _ = session.invoke(TIMES, Value.output(), Value.output())
    assert ree.a == 12345  # type: ignore[union-attr]
    ree, _ = session.invoke(TIMES, Value.output(), Value.output())
    assert ree.a > 1_700_000_000  # type: ignore[union-attr]


def test_a_plan_is_for_once_or_more(hostile_ree: HostileRee) -> None:
    with pytest.raises(UsageError):
        hostile_ree.withhold(Rpc.FS, times=0)
