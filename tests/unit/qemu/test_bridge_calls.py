# SPDX-License-Identifier: BSD-2-Clause
"""The Client API through the real bridge, with a fake TEE behind it (fake_tee.c)."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from uuid import UUID

import pytest
from tests.unit.qemu.bridge_process import BridgeProcess

from elfhaven.abi import gp
from elfhaven.errors import TargetError, TeeError, UsageError
from elfhaven.normal.bridge_transport import BridgeTransport
from elfhaven.normal.client import Context, Direction, Login, MemRef, Operation, Session, Value
from elfhaven.normal.results import ShortBuffer

TA = UUID(int=1)
ABSENT = UUID("ffffffff-0000-0000-0000-000000000000")
INCREMENT, AWAIT_CANCEL, POKE, SHORT, HANG, REFUSED = 1, 2, 3, 4, 5, 6


@pytest.fixture
def session(context: Context) -> Session:
    return context.open_session(TA)


def test_values_of_every_direction(session: Session) -> None:
    results = session.invoke(INCREMENT, Value(1, 2), Value.output(), Value.inout(10, 2**32 - 2))
    assert results == [None, Value(7, 8, Direction.OUTPUT), Value(11, 2**32 - 1, Direction.OUTPUT)]


def test_temporary_memory_of_every_direction(session: Session) -> None:
    both = bytearray(b"abc" * 3000)
    results = session.invoke(INCREMENT, MemRef.input(b"in"), MemRef.inout(both), MemRef.output(4), None)
    assert results[0] is None
    assert bytes(both) == b"bcd" * 3000
    assert results[2] == b"\1\1\1\1"
    assert session.invoke(INCREMENT, MemRef.output(4)) == [b"\2\2\2\2"], "kept memory, not wiped"


def test_an_empty_and_a_null_reference(session: Session) -> None:
    assert session.invoke(INCREMENT, MemRef.input(b""), MemRef(Direction.INOUT)) == [None, 0]


def test_a_large_temporary_buffer_goes_in_pieces(session: Session) -> None:
    data = bytearray(range(256)) * (3 << 12)  # 3 MiB
    session.invoke(INCREMENT, MemRef.inout(data))
    assert data == bytearray((i + 1) % 256 for i in range(256)) * (3 << 12)


def test_shared_memory_crosses_as_what_changed(context: Context, session: Session) -> None:
    with context.allocate(1 << 20) as memory:
        memory.view[5000] = 9
        session.invoke(POKE, memory.ref(Direction.INOUT), Value(77, 700_000))
        assert (memory.view[5000], memory.view[700_000]) == (9, 77)
        session.invoke(INCREMENT, memory.ref(Direction.INOUT, 4096, 4096))
        assert (memory.view[5000], memory.view[4095], memory.view[4096], memory.view[8192]) == (10, 0, 1, 0)


def test_bytes_beside_a_reference_stay_the_clients_own(context: Context, session: Session) -> None:
    with context.allocate(4096) as memory:
        memory.view[:] = b"x" * 4096
        session.invoke(INCREMENT, memory.ref(Direction.INOUT, 100, 50))
        assert bytes(memory.view) == b"x" * 100 + b"\x79" * 50 + b"x" * 3946


def test_input_memory_is_not_written_back(context: Context, session: Session) -> None:
    with context.allocate(4096) as memory:
        session.invoke(POKE, memory.ref(Direction.INPUT), Value(1, 0))
        assert memory.view[0] == 0


def test_a_registered_buffer_is_the_callers(context: Context, session: Session) -> None:
    own = bytearray(b"q" * 70_000)
    with context.register(own) as memory:
        assert session.invoke(INCREMENT, memory.ref(Direction.INOUT)) == [70_000]
    assert own == b"r" * 70_000


def test_a_short_buffer_says_what_it_needs(session: Session) -> None:
    with pytest.raises(ShortBuffer) as caught:
        session.invoke(SHORT, MemRef.output(10))
    assert caught.value.sizes == (11,)
    assert caught.value.origin == gp.TEE_ORIGIN_TRUSTED_APP


def test_the_origin_of_a_refused_session(context: Context) -> None:
    with pytest.raises(TeeError) as caught:
        context.open_session(ABSENT)
    assert (caught.value.code, caught.value.origin) == (gp.TEE_ERROR_ITEM_NOT_FOUND, gp.TEE_ORIGIN_TEE)


def test_a_call_that_the_kernel_refuses(session: Session) -> None:
    with pytest.raises(TeeError) as caught:
        session.invoke(REFUSED)
    assert (caught.value.code, caught.value.origin) == (gp.TEE_ERROR_GENERIC, gp.TEE_ORIGIN_COMMS)


def test_the_login_reaches_the_kernel(context: Context) -> None:
    session = context.open_session(TA, Value.output(), login=Login.GROUP, group=27)
    assert session.opened == [Value(Login.GROUP, 27, Direction.OUTPUT)]


def test_memory_that_there_is_no_room_for(context: Context) -> None:
    with pytest.raises(TeeError) as caught:
        context.allocate(13 << 20)
    assert (caught.value.code, caught.value.origin) == (gp.TEE_ERROR_OUT_OF_MEMORY, gp.TEE_ORIGIN_COMMS)
    assert len(context.allocate(4096)) == 4096


def test_released_memory_cannot_be_referred_to(context: Context, session: Session) -> None:
    memory = context.allocate(4096)
    reference = memory.ref(Direction.INOUT)
    memory.close()
    with pytest.raises(UsageError, match="released"):
        session.invoke(INCREMENT, reference)
    assert session.invoke(INCREMENT, Value.output()) == [Value(7, 8, Direction.OUTPUT)]


def test_a_call_is_cancelled_while_another_is_made(session: Session) -> None:
    operation = Operation()
    codes: list[int] = []

    def wait() -> None:
        with pytest.raises(TeeError) as caught:
            session.invoke(AWAIT_CANCEL, operation=operation)
        codes.append(caught.value.code)

    waiting = threading.Thread(target=wait)
    waiting.start()
    deadline = time.monotonic() + 10
    while waiting.is_alive() and time.monotonic() < deadline:
        assert session.invoke(INCREMENT, Value.output())  # the other call blocks nothing
        operation.cancel()
        waiting.join(0.02)
    assert codes == [gp.TEE_ERROR_CANCEL]


def test_threads_get_their_own_answers(context: Context, session: Session) -> None:
    wrong: list[int] = []

    def work(number: int) -> None:
        for i in range(50):
            data = bytearray([number] * (100 + i))
            got = session.invoke(INCREMENT, MemRef.inout(data), Value.inout(number, i))
            if got[1] != Value(number + 1, i + 1, Direction.OUTPUT) or set(data) != {number + 1}:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []


def test_abort_ends_a_call_that_hangs(
    bridge: BridgeProcess, transport: BridgeTransport, session: Session
) -> None:
    threading.Timer(0.1, transport.abort).start()
    with pytest.raises(TeeError) as caught:
        session.invoke(HANG)
    assert caught.value.code == gp.TEE_ERROR_TARGET_DEAD
    with pytest.raises(TeeError):
        session.invoke(INCREMENT)
    assert bridge.ends() == 0


def test_after_an_abort_a_session_closes_quietly(transport: BridgeTransport, context: Context) -> None:
    """A signal may end the connection while a session is closed."""
    session = context.open_session(TA)
    transport.abort()
    session.close()


def test_after_an_abort_there_is_no_memory(transport: BridgeTransport, context: Context) -> None:
    transport.abort()
    with pytest.raises(TeeError) as caught:
        context.allocate(4096)
    assert caught.value.code == gp.TEE_ERROR_TARGET_DEAD


def test_a_bridge_that_dies_is_told_as_such(bridge: BridgeProcess, session: Session) -> None:
    bridge.process.kill()
    with pytest.raises(TargetError, match="the connection to the TEE ended"):
        session.invoke(INCREMENT)


def test_a_ta_file_is_installed_whole(transport: BridgeTransport, tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000  # more than one frame
    transport.install(TA, data)
    assert [path.name for path in tmp_path.iterdir()] == [f"{TA}.ta"]
    assert (tmp_path / f"{TA}.ta").read_bytes() == data
    transport.install(TA, b"newer")
    assert (tmp_path / f"{TA}.ta").read_bytes() == b"newer"


def test_a_ta_file_that_cannot_be_stored(transport: BridgeTransport, tmp_path: Path) -> None:
    (tmp_path / f"{TA}.ta").mkdir()
    with pytest.raises(TargetError, match="errno 21"):
        transport.install(TA, b"data")
    assert [path.name for path in tmp_path.iterdir()] == [f"{TA}.ta"]
    with pytest.raises(UsageError):
        transport.install(TA, b"")
