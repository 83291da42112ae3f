# SPDX-License-Identifier: BSD-2-Clause
"""The Client API over a device node, with a fake behind ioctl: parameters, memory, cancellation, refusals."""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from elfhaven.abi import gp
from elfhaven.abi import tee_ioctl as tee
from elfhaven.errors import TargetError, TeeError, UsageError
from elfhaven.normal.client import Context, Direction, Login, MemRef, Operation, Session, Value
from elfhaven.normal.results import ShortBuffer
from elfhaven.target.device.transport import DeviceTransport
from elfhaven.target.interrupt import WATCHED, watch

from .fake_tee import ANSWER, NO_TA, REFUSE, SESSION, SWAP, WAIT, FakeTee

TA = UUID("11111111-2222-3333-4444-555555555555")
Opened = Callable[[FakeTee], Session]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    made: list[tuple[Context, DeviceTransport, FakeTee]] = []

    def open_on(fake: FakeTee) -> Session:
        transport = DeviceTransport(fake.node(tmp_path / "tee0"))
        context = Context(transport)
        made.append((context, transport, fake))
        return context.open_session(TA)

    yield open_on
    for context, transport, fake in made:
        context.close()
        transport.close()
        assert fake.live() == 0  # every shared memory was given back
        assert fake.closed == [SESSION]


def test_values_of_every_direction(opened: Opened) -> None:
    fake = FakeTee()
    results = opened(fake).invoke(SWAP, Value(1, 2), Value.output(), None, Value.inout(3, 0xFFFF_FFFF))
    assert results == [None, Value(0, 7, Direction.OUTPUT), None, Value(0xFFFF_FFFF, 3, Direction.OUTPUT)]
    kinds = [tee.ATTR_TYPE_VALUE_INPUT, tee.ATTR_TYPE_VALUE_OUTPUT, 0, tee.ATTR_TYPE_VALUE_INOUT]
    assert [param[0] for param in fake.seen[-1]] == kinds


def test_temporary_memory_of_every_direction(opened: Opened) -> None:
    session = opened(FakeTee())
    buffer = bytearray(b"turn me")
    results = session.invoke(SWAP, MemRef.input(b"in"), MemRef.output(100), MemRef.inout(buffer))
    assert results == [None, ANSWER, b"em nrut"]
    assert buffer == b"em nrut"


def test_temporary_memory_is_kept_and_shows_nothing_of_an_earlier_call(opened: Opened) -> None:
    fake = FakeTee()
    session = opened(fake)
    session.invoke(SWAP, MemRef.input(b"secret of one TA"))
    session.invoke(SWAP, MemRef.input(b"x"))
    assert len(fake.descriptors) == 1
    shared = session.context.transport._memories.borrow(10)  # type: ignore[attr-defined]
    assert bytes(shared.view) == bytes(4096)


def test_large_temporary_memory_is_given_back_at_once(opened: Opened) -> None:
    fake = FakeTee()
    session = opened(fake)
    data = bytes(range(256)) * 8192
    assert session.invoke(SWAP, MemRef.inout(bytearray(data)))[0] == data[::-1]
    assert fake.live() == 0


@pytest.mark.parametrize("registers", [True, False])
def test_allocated_memory_is_the_tees_own(opened: Opened, registers: bool) -> None:
    fake = FakeTee()
    if not registers:
        fake.capabilities &= ~tee.GEN_CAP_REG_MEM
    session = opened(fake)
    with session.context.allocate(10000) as memory:
        assert bytes(memory.view) == bytes(10000)
        memory.view[5000:5003] = b"abc"
        assert session.invoke(SWAP, memory.ref(Direction.INOUT, 5000, 3)) == [3]
        assert bytes(memory.view[4999:5004]) == b"\0cba\0"
        assert fake.seen[-1] == [(tee.ATTR_TYPE_MEMREF_INOUT, 5000, 3, 0)]
    assert fake.live() == 0


def test_registered_memory_is_the_callers_own(opened: Opened) -> None:
    session = opened(FakeTee())
    buffer = bytearray(b"..turn..")
    with session.context.register(buffer) as memory:
        session.invoke(SWAP, memory.ref(Direction.INOUT, 2, 4))
        assert buffer == b"..nrut.."


def test_a_tee_that_registers_nothing_says_so(opened: Opened) -> None:
    session = opened(FakeTee(capabilities=tee.GEN_CAP_GP))
    with pytest.raises(TeeError, match="takes no memory of its client's own") as caught:
        session.context.register(bytearray(8))
    assert caught.value.fix


def test_null_references(opened: Opened) -> None:
    fake = FakeTee()
    opened(fake).invoke(SWAP, MemRef(Direction.INPUT), MemRef(Direction.INOUT))
    assert fake.seen[-1] == [(5, 0, 0, tee.MEMREF_NULL), (7, 0, 0, tee.MEMREF_NULL)]


def test_null_references_where_the_driver_has_none_are_empty(opened: Opened) -> None:
    fake = FakeTee(capabilities=tee.GEN_CAP_GP | tee.GEN_CAP_REG_MEM)
    opened(fake).invoke(SWAP, MemRef(Direction.OUTPUT))
    assert fake.seen[-1] == [(6, 0, 0, 0)]


def test_memory_that_was_released_is_refused(opened: Opened) -> None:
    session = opened(FakeTee())
    memory = session.context.allocate(8)
    reference = memory.ref(Direction.INPUT)
    memory.close()
    with pytest.raises(UsageError, match="released"):
        session.invoke(SWAP, reference)


def test_a_short_buffer_tells_what_it_needs(opened: Opened) -> None:
    with pytest.raises(ShortBuffer) as caught:
        opened(FakeTee()).invoke(REFUSE, MemRef.output(50))
    assert caught.value.sizes == (100,)


def test_logins(tmp_path: Path) -> None:
    fake = FakeTee()
    transport = DeviceTransport(fake.node(tmp_path / "tee0"))
    with Context(transport) as context:
        context.open_session(TA, Value.inout(1, 2), login=Login.USER)
        session = context.open_session(TA, Value.inout(1, 2), login=Login.GROUP, group=0x11223344)
        assert session.opened == [Value(2, 1, Direction.OUTPUT)]
    transport.close()
    assert fake.opened[0] == (TA.bytes, bytes(16), tee.LOGIN_USER)
    assert fake.opened[1] == (TA.bytes, bytes.fromhex("44332211") + bytes(12), tee.LOGIN_GROUP)


def test_a_ta_that_is_not_there(tmp_path: Path) -> None:
    transport = DeviceTransport(FakeTee().node(tmp_path / "tee0"))
    with pytest.raises(TeeError) as caught:
        Context(transport).open_session(UUID(bytes=NO_TA))
    assert (caught.value.code, caught.value.origin) == (gp.TEE_ERROR_ITEM_NOT_FOUND, gp.TEE_ORIGIN_TEE)
    transport.close()


def test_a_call_is_cancelled_from_another_thread(opened: Opened) -> None:
    fake = FakeTee()
    session = opened(fake)
    operation = Operation()
    thread = threading.Thread(target=lambda: fake.waiting.wait(10) and operation.cancel())
    thread.start()
    with pytest.raises(TeeError) as caught:
        session.invoke(WAIT, operation=operation)
    thread.join()
    assert caught.value.code == gp.TEE_ERROR_CANCEL
    assert fake.cancels[0][0] == SESSION


def test_abort_cancels_what_runs_and_lets_nothing_begin(opened: Opened) -> None:
    fake = FakeTee()
    session = opened(fake)
    transport = session.context.transport
    thread = threading.Thread(target=lambda: fake.waiting.wait(10) and transport.abort())  # type: ignore[attr-defined]
    thread.start()
    for command, code in ((WAIT, gp.TEE_ERROR_CANCEL), (SWAP, gp.TEE_ERROR_TARGET_DEAD)):
        with pytest.raises(TeeError) as caught:
            session.invoke(command)
        assert caught.value.code == code
    thread.join()


def test_an_interrupted_or_busy_request_is_made_again(opened: Opened) -> None:
    fake = FakeTee(failures=[errno.EINTR, errno.EAGAIN, errno.EINTR])
    session = opened(fake)
    fake.failures += [errno.EINTR, 0, errno.EAGAIN]
    assert session.invoke(SWAP, Value.inout(1, 2)) == [Value(2, 1, Direction.OUTPUT)]
    assert session.invoke(SWAP, Value.inout(3, 4)) == [Value(4, 3, Direction.OUTPUT)]
    assert fake.failures == []


def test_a_tee_that_stays_busy_is_given_up(opened: Opened) -> None:
    fake = FakeTee()
    session = opened(fake)
    fake.failures += [errno.EAGAIN] * 200
    with pytest.raises(TeeError) as caught:
        session.invoke(SWAP)
    assert (caught.value.code, caught.value.origin) == (gp.TEE_ERROR_BUSY, gp.TEE_ORIGIN_COMMS)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOMEM, gp.TEE_ERROR_OUT_OF_MEMORY),
        (errno.EINVAL, gp.TEE_ERROR_BAD_PARAMETERS),
        (errno.EPERM, gp.TEE_ERROR_GENERIC),
    ],
)
def test_what_the_kernel_refuses(opened: Opened, number: int, code: int) -> None:
    fake = FakeTee()
    session = opened(fake)
    fake.failures.append(number)
    with pytest.raises(TeeError) as caught:
        session.invoke(SWAP)
    assert (caught.value.code, caught.value.origin) == (code, gp.TEE_ORIGIN_COMMS)


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EINVAL, errno.EFAULT, errno.EIO])
def test_memory_that_cannot_be_shared(opened: Opened, number: int) -> None:
    fake = FakeTee()
    session = opened(fake)
    fake.failures.append(number)
    with pytest.raises(TeeError, match="cannot share 64 bytes: "):
        session.context.allocate(64)


def test_more_memory_than_there_can_be(opened: Opened) -> None:
    with pytest.raises(TeeError, match="cannot share") as caught:
        opened(FakeTee()).context.allocate(1 << 62)
    assert caught.value.code == gp.TEE_ERROR_OUT_OF_MEMORY


def test_a_node_that_is_gone(opened: Opened) -> None:
    fake = FakeTee()
    session = opened(fake)
    fake.failures.append(errno.ENODEV)
    with pytest.raises(TargetError, match="tee0 is gone") as caught:
        session.invoke(SWAP)
    assert caught.value.fix


def test_a_signal_reaches_a_thread_that_is_not_in_the_call(opened: Opened) -> None:
    fake = FakeTee()
    session = opened(fake)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    operation = Operation()

    def send() -> None:
        fake.waiting.wait(10)
        os.kill(os.getpid(), signal.SIGTERM)

    with watch(operation.cancel) as seen:
        thread = threading.Thread(target=send)
        thread.start()
        with pytest.raises(TeeError) as caught:
            session.invoke(WAIT, operation=operation)
        thread.join()
    assert caught.value.code == gp.TEE_ERROR_CANCEL
    assert seen.signal == signal.SIGTERM
    assert set(WATCHED) <= fake.blocked
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
