# SPDX-License-Identifier: BSD-2-Clause
"""The client side in threads and in asyncio: pools that wait, shared memory, calls that are cancelled."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.unit.python_ta.tas import Asking, Counter, HelloWorld

from elfhaven.client import (
    AsyncContext,
    Cancelled,
    Context,
    Direction,
    FakeTransport,
    ItemNotFound,
    MemRef,
    Operation,
    SessionPool,
    TargetDead,
    UsageError,
    Value,
)
from elfhaven.normal.transport import Parameter

UUID = "11111111-2222-4333-8444-555555555555"


def test_a_pool_waits_while_all_are_lent(tmp_path: Path) -> None:
    """Eight threads share two sessions, and never more are open."""
    most, lock, inside = [0], threading.Lock(), [0]
    with Context(tas=[Asking], state=tmp_path) as tee, SessionPool(tee, Asking.uuid, 2) as pool:

        def work() -> None:
            with pool.session() as session:
                with lock:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                session.invoke(1, Value(20))
                with lock:
                    inside[0] -= 1

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert most == [2]
        assert len(pool) == 2


def test_shared_memory_in_asyncio(tmp_path: Path) -> None:
    async def work(context: Context) -> None:
        async with AsyncContext(context) as tee, await tee.open_session(HelloWorld.uuid) as session:
            mine = bytearray(b"abc" + bytes(5))
            with await tee.register(mine) as shared, await tee.allocate(64) as fresh:
                assert await session.invoke(2, shared.ref(Direction.INOUT, 0, 3)) == [3]
                assert mine[:3] == b"cba"
                fresh.view[:2] = b"me"
                told = await session.invoke(
                    1, fresh.ref(Direction.INPUT, 0, 2), fresh.ref(Direction.OUTPUT, 8)
                )
                assert bytes(fresh.view[8 : 8 + told[1]]) == b"hello me"
            with pytest.raises(TargetDead):
                await session.invoke(3)

    asyncio.run(work(Context(tas=[HelloWorld], state=tmp_path)))


def test_many_tasks_at_once(tmp_path: Path) -> None:
    """More calls than the TEE has threads: they wait for one another."""

    async def work(context: Context) -> None:
        async with AsyncContext(context) as tee:
            sessions = [await tee.open_session(Counter.uuid) for _ in range(6)]
            answers = await asyncio.gather(*(one.invoke(0, Value(1), Value.output()) for one in sessions))
            assert sorted(answer[1].a for answer in answers) == [1, 2, 3, 4, 5, 6]

    asyncio.run(work(Context(tas=[Counter], state=tmp_path)))


def test_memory_that_cannot_be_shared(tmp_path: Path) -> None:
    with Context(tas=[HelloWorld], state=tmp_path) as tee:
        for wrong in (lambda: tee.allocate(0), lambda: tee.register(memoryview(b"read-only"))):
            with pytest.raises(UsageError):
                wrong()
        with tee.allocate(10) as memory, pytest.raises(UsageError):
            memory.ref(Direction.INPUT, 5, 6)


def test_an_operation_is_cancelled_only_while_it_runs(tmp_path: Path) -> None:
    with Context(tas=[Asking], state=tmp_path) as tee, tee.open_session(Asking.uuid) as session:
        operation = Operation(Value(30))
        operation.cancel()  # nothing is under way
        session.invoke(1, operation=operation)
        session.invoke(1, operation=operation)
        began, waiting = time.monotonic(), Operation(Value(20_000))
        threading.Timer(0.2, waiting.cancel).start()
        with pytest.raises(Cancelled):
            session.invoke(1, operation=waiting)
        assert time.monotonic() - began < 10
        session.invoke(1, Value(1))


def test_a_fake_notes_cancelling_and_shared_memory() -> None:
    started = threading.Event()
    ended = threading.Event()

    def slow(command: int, params: Sequence[Parameter]) -> list[None]:
        started.set()
        ended.wait(10)
        if command == 9:
            raise ItemNotFound
        return []

    fake = FakeTransport({UUID: slow})
    with Context(transport=fake) as tee, tee.open_session(UUID) as session:
        operation = Operation(MemRef.input(b"x"))
        thread = threading.Thread(target=session.invoke, args=(0,), kwargs={"operation": operation})
        thread.start()
        started.wait(10)
        operation.cancel()
        ended.set()
        thread.join()
        with tee.register(bytearray(4)) as shared, pytest.raises(ItemNotFound):
            session.invoke(9, shared.ref(Direction.INOUT))
    assert [call.what for call in fake.calls] == ["open", "invoke", "cancel", "invoke", "close"]
