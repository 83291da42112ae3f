# SPDX-License-Identifier: BSD-2-Clause
"""The PTA and the plugin of OP-TEE's own test suite."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from elfhaven.errors import TeeError
from elfhaven.normal.client import MemRef, Result, Session, Value
from elfhaven.target import xtest_fixtures
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory
from elfhaven.target.xtest_fixtures import PSEUDO_TAS, InvokeTestsPta


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(StateDirectory(tmp_path), pseudo_tas=PSEUDO_TAS) as made:
        yield made


@pytest.fixture
def session(emulator: Emulator) -> Iterator[Session]:
    with emulator.context.open_session(InvokeTestsPta.uuid) as made:
        yield made


def test_an_ordinary_device_has_no_test_pta(tmp_path: Path) -> None:
    with Emulator(StateDirectory(tmp_path)) as plain, pytest.raises(TeeError) as raised:
        plain.context.open_session(InvokeTestsPta.uuid)
    assert raised.value.code == 0xFFFF0008


def pair(result: Result) -> tuple[int, int]:
    assert isinstance(result, Value)
    return result.a, result.b


def test_sums(session: Session) -> None:
    assert pair(session.invoke(1, Value.inout(40, 2))[0]) == (42, 2)
    assert pair(session.invoke(1, Value(1, 10), Value.output(), Value(2, 20), Value(3, 30))[1]) == (6, 60)
    data = bytearray(b"\xff\x02\x03")
    session.invoke(1, MemRef.inout(data))
    assert data == b"\x04\x02\x03"
    with pytest.raises(TeeError):
        session.invoke(1, Value(1, 2))


@pytest.mark.parametrize("command", [0, 2, 6, 11])
def test_tests_of_the_core_pass(session: Session, emulator: Emulator, command: int) -> None:
    before = emulator.core.leaks()["pages"]
    session.invoke(command)
    assert emulator.core.leaks()["pages"] == before


@pytest.mark.parametrize("command,code", [(8, 0xFFFF000A), (9, 0xFFFF000A), (77, 0xFFFF0006)])
def test_what_is_not_there(session: Session, command: int, code: int) -> None:
    with pytest.raises(TeeError) as raised:
        session.invoke(command)
    assert raised.value.code == code


def test_readers_together_and_writers_alone(emulator: Emulator) -> None:
    held: dict[int, list[int]] = {0: [], 1: []}

    def use(kind: int) -> None:
        with emulator.context.open_session(InvokeTestsPta.uuid) as own:
            for _ in range(10):
                answer = own.invoke(7, Value(kind, 1000), Value.output())[1]
                held[kind].append(pair(answer)[1])

    threads = [threading.Thread(target=use, args=(number % 3 > 0,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(held[0]), len(held[1])) == (20, 40)
    assert set(held[0]) == {1}
    assert max(held[1]) <= emulator.core.profile.threads


def test_the_plugin() -> None:
    data = bytearray((40).to_bytes(4, "little") + (2).to_bytes(4, "little"))
    assert xtest_fixtures.answer(1, ord("+"), memoryview(data)) == (0, 4)
    assert int.from_bytes(data[:4], "little") == 42
    assert xtest_fixtures.answer(1, ord("-"), memoryview(data)) == (0, 4)
    assert int.from_bytes(data[:4], "little") == 40
    data = bytearray(b"\xff\x02\x01")
    assert (xtest_fixtures.answer(2, 0, memoryview(data)), data[0]) == ((0, 1), 2)
    data = bytearray(32)
    assert xtest_fixtures.answer(3, 0, memoryview(data)) == (0, 18)
    assert data.startswith(b"Array from plugin\0")
    assert xtest_fixtures.answer(3, 0, memoryview(data)[:4])[0] == 0xFFFF0000
    assert [xtest_fixtures.answer(n, 0, memoryview(b""))[0] for n in (0, 1, 4)] == [0, 0xFFFF0006, 0xFFFF000A]
