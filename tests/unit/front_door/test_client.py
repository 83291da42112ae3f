# SPDX-License-Identifier: BSD-2-Clause
"""The front door of clients: errors, pool, fake, asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.unit.python_ta.tas import Asking, Counter, HelloWorld

import elfhaven.client
import elfhaven.ta
from elfhaven import tee_errors
from elfhaven.abi import gp
from elfhaven.client import (
    AsyncContext,
    Cancelled,
    Context,
    Direction,
    FakeTransport,
    ItemNotFound,
    Login,
    MemRef,
    OwnError,
    SessionPool,
    ShortBuffer,
    TargetDead,
    TeeError,
    UsageError,
    Value,
)
from elfhaven.normal.transport import Parameter

UUID = "11111111-2222-4333-8444-555555555555"


def test_every_code_has_a_class() -> None:
    assert set(tee_errors.ERRORS) == set(gp.RESULT_NAMES) - {gp.TEE_SUCCESS}
    for code, kind in tee_errors.ERRORS.items():
        error = tee_errors.error_of(code, origin=gp.TEE_ORIGIN_TEE)
        assert type(error) is kind
        assert (error.code, error.name, error.origin_name) == (code, gp.RESULT_NAMES[code], "the TEE")
        assert error.meaning == error.cause
    own = tee_errors.error_of(0x1234)
    assert (type(own), own.code, own.name) == (OwnError, 0x1234, "0x00001234")


@pytest.mark.parametrize("module", [elfhaven.client, elfhaven.ta])
def test_the_front_doors_are_complete(module: object) -> None:
    names = list(module.__all__)  # type: ignore[attr-defined]
    assert len(names) == len(set(names))
    assert all(hasattr(module, name) for name in names)
    errors = {kind.__name__ for kind in tee_errors.ERRORS.values()} | {"OwnError", "TeeResultError"}
    assert errors <= set(names)
    classes = {
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", "").startswith("elfhaven") and not name.startswith("_")
    }
    assert classes <= set(names), classes - set(names)


def adder(command: int, params: Sequence[Parameter]) -> list[tuple[int, int] | bytes | None]:
    if command == 1:
        raise ItemNotFound
    if command == 2:
        return [b"0123456789"]
    (value,) = params
    assert isinstance(value, Value)
    return [(value.a + 1, value.b)]


def test_a_fake() -> None:
    fake = FakeTransport({UUID: adder})
    with Context(transport=fake) as tee:
        with pytest.raises(ItemNotFound):
            tee.open_session("11111111-2222-4333-8444-555555555556")
        with tee.open_session(UUID, login=Login.USER) as session:
            assert session.invoke(0, Value.inout(1, 5)) == [Value(2, 5, Direction.OUTPUT)]
            with pytest.raises(ItemNotFound, match="command 1"):
                session.invoke(1)
            assert session.invoke(2, MemRef.output(10)) == [b"0123456789"]
            with pytest.raises(ShortBuffer) as caught:
                session.invoke(2, MemRef.output(9))
            assert caught.value.sizes == (10,)
            with tee.allocate(32) as memory:
                assert session.invoke(2, memory.ref(Direction.OUTPUT, 4)) == [10]
                assert bytes(memory.view[4:14]) == b"0123456789"
    assert fake.logins == [Login.USER]
    assert [call.what for call in fake.calls] == ["open", "open", *["invoke"] * 5, "close"]
    assert tee.console == ()


def test_what_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="run on the emulator"):
        Context("device", tas=[HelloWorld], state=tmp_path)
    with pytest.raises(UsageError, match="transport"):
        Context(transport=FakeTransport({}), tas=[HelloWorld])
    with pytest.raises(UsageError, match="no target"):
        Context("nowhere", state=tmp_path)


def test_shared_memory_and_its_rights(tmp_path: Path) -> None:
    with Context(tas=[HelloWorld], state=tmp_path) as tee, tee.open_session(HelloWorld.uuid) as session:
        mine = bytearray(b"abcdef" + bytes(26))
        with tee.register(mine) as shared, tee.allocate(64) as fresh:
            assert session.invoke(2, shared.ref(Direction.INOUT, 0, 6)) == [6]
            assert mine[:6] == b"fedcba"
            fresh.view[:3] = b"you"
            answer = session.invoke(1, fresh.ref(Direction.INPUT, 0, 3), fresh.ref(Direction.OUTPUT, 16))
            assert bytes(fresh.view[16 : 16 + answer[1]]) == b"hello you"


def test_a_pool(tmp_path: Path) -> None:
    with Context(tas=[HelloWorld, Counter], state=tmp_path) as tee:
        with SessionPool(tee, HelloWorld.uuid, 2) as pool:
            with pool.session() as one, pool.session() as two:
                assert one is not two
                assert len(pool) == 0
            assert len(pool) == 2
            with pool.session() as again:
                assert again in (one, two)
                with pytest.raises(TeeError):
                    again.invoke(99)
            with pytest.raises(TargetDead), pool.session() as dying:
                dying.invoke(3)
            assert len(pool) == 1
            with pool.session() as alive:
                assert alive.invoke(0, Value.inout(1))[0].a == 2
        with pytest.raises(UsageError):
            SessionPool(tee, HelloWorld.uuid, 0)


def test_asyncio(tmp_path: Path) -> None:
    async def work(context: Context) -> None:
        async with AsyncContext(context) as tee:
            async with (
                await tee.open_session(HelloWorld.uuid) as one,
                await tee.open_session(HelloWorld.uuid) as two,
            ):
                calls = one.invoke(0, Value.inout(1)), two.invoke(0, Value.inout(2))
                assert [answer[0].a for answer in await asyncio.gather(*calls)] == [2, 3]
            async with await tee.open_session(Asking.uuid) as asking:
                began = time.monotonic()
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(asking.invoke(1, Value(20_000)), 0.2)
                with pytest.raises(Cancelled):
                    await asking.invoke(1, Value(20_000), timeout=0.2)
                assert time.monotonic() - began < 10

    asyncio.run(work(Context(tas=[HelloWorld, Asking], state=tmp_path)))
