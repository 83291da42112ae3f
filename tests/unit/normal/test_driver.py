# SPDX-License-Identifier: BSD-2-Clause
"""The driver and the Client API against a secure world made of handlers."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from tests.unit.normal.tee import FakeTee, Work, answer_with, normal_memory

from elfhaven.abi import gp, smc
from elfhaven.abi import optee_msg as msg
from elfhaven.errors import TargetError, TeeError, UsageError
from elfhaven.normal.client import Context, Direction, Login, MemRef, Operation, SharedMemory, Value
from elfhaven.normal.driver import Driver
from elfhaven.normal.results import ShortBuffer
from elfhaven.normal.supplicant import Images
from elfhaven.world.message import Message, Param, build, parse
from elfhaven.world.shared_memory import NormalMemory

TA = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")


class Clock:
    def __init__(self) -> None:
        self.slept: list[float] = []

    def now_ns(self) -> int:
        return 1_700_000_000_123_456_789

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def double(tee: FakeTee, message: Message) -> Work:
    """Values are doubled, memory is upper-cased; an output that is too small says what it needs."""
    for param in message.params:
        if param.kind in (msg.ATTR_VALUE_INOUT, msg.ATTR_VALUE_OUTPUT):
            param.a, param.b = 2 * param.a, 7
        if param.kind == msg.ATTR_RMEM_INOUT:
            tee.write(param, tee.read(param).upper())
        if param.kind == msg.ATTR_RMEM_OUTPUT:
            if param.b < 4:
                param.b, message.result, message.origin = 4, gp.TEE_ERROR_SHORT_BUFFER, 4
            else:
                tee.write(param, b"done")
                param.b = 4
    yield from ()


def made(invoke: object = double, images: Images | None = None) -> tuple[FakeTee, Driver, NormalMemory]:
    memory = normal_memory()
    tee = FakeTee(memory, invoke)  # type: ignore[arg-type]
    return tee, Driver(tee, memory, images or Images(), Clock()), memory


def test_a_session_and_its_parameters() -> None:
    tee, driver, _ = made()
    buffer = bytearray(b"caller's")
    with Context(driver) as context, context.open_session(TA) as session:
        results = session.invoke(
            5, Value.inout(4, 1), MemRef.inout(buffer), MemRef.output(16), MemRef.input(b"in")
        )
        assert results[0] == Value(8, 7, Direction.OUTPUT)
        assert (bytes(results[1]), buffer) == (b"CALLER'S", b"CALLER'S")
        assert results[2:] == [b"done", None]
        assert tee.sessions == {1}
    assert not tee.sessions


def test_the_open_message_carries_the_identities() -> None:
    tee, driver, _ = made()
    context = Context(driver)
    context.open_session(str(TA), Value(1, 2), login=Login.USER)
    ta, client, value = tee.opened[0].params
    assert ta.attr == client.attr == msg.ATTR_META | msg.ATTR_VALUE_INPUT
    assert ta.a.to_bytes(8, "little") + ta.b.to_bytes(8, "little") == TA.bytes
    expected = uuid5(UUID("58ac9ca0-2086-4683-a1b8-ec4bc08e01b6"), f"uid={os.geteuid():x}")
    assert client.a.to_bytes(8, "little") + client.b.to_bytes(8, "little") == expected.bytes
    assert client.c == Login.USER
    assert (value.attr, value.a, value.b) == (msg.ATTR_VALUE_INPUT, 1, 2)
    with pytest.raises(TeeError, match="NOT_SUPPORTED"):
        context.open_session(TA, login=Login.APPLICATION)
    with pytest.raises(TeeError):
        context.open_session(TA, login=Login.GROUP, group=0x7FFF_FFF0)
    context.open_session(TA, login=Login.GROUP, group=os.getegid())


def test_shared_memory_whole_and_in_part() -> None:
    _, driver, _ = made()
    with Context(driver) as context:
        session = context.open_session(TA)
        shared = context.allocate(10_000)
        shared.view[:] = b"x" * 10_000
        assert session.invoke(0, shared.ref(Direction.INOUT, 4090, 20)) == [20]
        assert bytes(shared.view[4088:4112]) == b"xx" + b"X" * 20 + b"xx"
        assert session.invoke(0, shared.ref(Direction.OUTPUT)) == [4]
        with pytest.raises(UsageError):
            shared.ref(Direction.INPUT, 9_999, 2)
        shared.close()
        with pytest.raises(UsageError, match="released"):
            session.invoke(0, shared.ref(Direction.INPUT))


def test_registered_memory_is_the_callers() -> None:
    _, driver, _ = made()
    buffer = bytearray(b"abcdefgh")
    with Context(driver) as context:
        session = context.open_session(TA)
        shared: SharedMemory = context.register(buffer)
        buffer[0:1] = b"z"
        session.invoke(0, shared.ref(Direction.INOUT, 0, 4))
        assert buffer == b"ZBCDefgh"
        with pytest.raises(UsageError):
            context.register(memoryview(b"read-only"))


def test_everything_is_given_back() -> None:
    tee, driver, memory = made()
    before = memory.free_bytes
    with Context(driver) as context:
        session = context.open_session(TA)
        context.allocate(3 << 20)  # two page lists
        context.register(bytearray(5000))
        session.invoke(0, MemRef.input(bytes(2 << 20)), MemRef.output(100))
    driver.close()
    assert (memory.free_bytes, tee.registered, tee.sessions) == (before, {}, set())


def test_errors_have_code_origin_and_meaning() -> None:
    _, driver, _ = made(answer_with(gp.TEE_ERROR_TARGET_DEAD))
    session = Context(driver).open_session(TA)
    with pytest.raises(TeeError) as caught:
        session.invoke(3)
    assert (caught.value.code, caught.value.origin) == (gp.TEE_ERROR_TARGET_DEAD, 4)
    for words in ("command 3", "died", "0xffff3024", "trusted application", "secure console"):
        assert words in str(caught.value)


def test_a_short_buffer_tells_the_size() -> None:
    _, driver, _ = made()
    session = Context(driver).open_session(TA)
    with pytest.raises(ShortBuffer) as caught:
        session.invoke(0, Value(), MemRef.output(2))
    assert caught.value.sizes == (None, 4)


def test_a_parameter_too_many() -> None:
    with pytest.raises(UsageError):
        Operation(None, None, None, None, None)


def test_waiting_for_a_thread_of_the_tee() -> None:
    tee, driver, _ = made()
    session = Context(driver).open_session(TA)
    tee.busy_answers = 2
    assert session.invoke(0, Value.inout(1)) == [Value(2, 7, Direction.OUTPUT)]
    assert tee.busy_answers == 0


def test_not_an_optee() -> None:
    class Deaf:
        def smc(self, registers: object) -> tuple[int, int, int, int]:
            return smc.RETURN_UNKNOWN_FUNCTION, 0, 0, 0

    with pytest.raises(TargetError):
        Driver(Deaf(), normal_memory(), Images())


def test_a_refused_call() -> None:
    tee, driver, _ = made()
    tee.smc = lambda registers: (smc.RETURN_ENOMEM, 0, 0, 0)  # type: ignore[method-assign]
    driver._smc = tee.smc
    with pytest.raises(TeeError) as caught:
        Context(driver).open_session(TA)
    assert caught.value.code == gp.TEE_ERROR_OUT_OF_MEMORY


def test_cancelling_from_another_thread() -> None:
    inside, cancelled = threading.Event(), threading.Event()

    def wait(tee: FakeTee, message: Message) -> Work:
        inside.set()
        assert cancelled.wait(10)
        message.result, message.origin = gp.TEE_ERROR_CANCEL, 4
        yield from ()

    tee, driver, _ = made(wait)
    session = Context(driver).open_session(TA)
    operation = Operation(Value())

    def cancel() -> None:
        assert inside.wait(10)
        operation.cancel()
        cancelled.set()

    other = threading.Thread(target=cancel)
    other.start()
    with pytest.raises(TeeError, match="cancelled"):
        session.invoke(1, operation=operation)
    other.join()
    assert tee.cancelled[0][0] == session.number
    assert tee.cancelled[0][1] != 0
    operation.cancel()  # nothing is under way
    assert len(tee.cancelled) == 1


class Rpcs:
    """A TA that makes RPCs of one message and keeps the answers."""

    def __init__(self, *requests: Message) -> None:
        self.requests = requests
        self.answers: list[Message] = []
        self.image = b""

    def __call__(self, tee: FakeTee, message: Message) -> Work:
        answer = yield (smc.RPC_ALLOC, 4096, 0)
        address, cookie = smc.pair(answer[1], answer[2]), smc.pair(answer[4], answer[5])
        yield (smc.RPC_FOREIGN_INTR, 0, 0)
        for request in self.requests:
            tee.memory.write(address, build(request))
            yield (smc.RPC_CMD, *smc.split(cookie))
            self.answers.append(parse(tee.memory.read(address, 4096)))
        yield (smc.RPC_FREE, *smc.split(cookie))


def test_time_and_sleep_and_what_is_not_served() -> None:
    ta = Rpcs(
        Message(msg.RPC_CMD_GET_TIME, params=[Param(msg.ATTR_VALUE_OUTPUT)]),
        Message(msg.RPC_CMD_SUSPEND, params=[Param(msg.ATTR_VALUE_INPUT, 1500)]),
        Message(msg.RPC_CMD_FS, params=[]),
        Message(msg.RPC_CMD_GET_TIME, params=[Param(msg.ATTR_VALUE_INPUT)]),
    )
    tee, driver, _ = made(ta)
    Context(driver).open_session(TA).invoke(0)
    time, sleep, fs, wrong = ta.answers
    assert (time.params[0].a, time.params[0].b) == (1_700_000_000, 123_456_789)
    assert sleep.result == gp.TEE_SUCCESS
    assert driver._rpc._clock.slept == [1.5]  # type: ignore[attr-defined]
    assert fs.result == gp.TEE_ERROR_NOT_SUPPORTED
    assert wrong.result == gp.TEE_ERROR_BAD_PARAMETERS
    assert not tee._threads


def test_loading_a_ta(tmp_path: Path) -> None:
    image = os.urandom(5000)
    (tmp_path / f"{TA}.ta").write_bytes(image)
    uuid = (int.from_bytes(TA.bytes[:8], "little"), int.from_bytes(TA.bytes[8:], "little"))
    found: list[int] = []

    def load(tee: FakeTee, message: Message) -> Work:
        answer = yield (smc.RPC_ALLOC, 4096, 0)
        address, cookie = smc.pair(answer[1], answer[2]), smc.pair(answer[4], answer[5])

        def ask(command: int, *params: Param) -> Work:
            tee.memory.write(address, build(Message(command, params=list(params))))
            yield (smc.RPC_CMD, *smc.split(cookie))

        value = Param(msg.ATTR_VALUE_INPUT, *uuid)
        yield from ask(msg.RPC_CMD_LOAD_TA, value, Param(msg.ATTR_TMEM_OUTPUT))
        size = parse(tee.memory.read(address, 4096)).params[1].b
        yield from ask(msg.RPC_CMD_SHM_ALLOC, Param(msg.ATTR_VALUE_INPUT, 0, size, 8))
        shared = parse(tee.memory.read(address, 4096)).params[0]
        assert shared.attr == msg.ATTR_TMEM_OUTPUT | msg.ATTR_NONCONTIG
        pages = [int.from_bytes(tee.memory.read(shared.a + 8 * i, 8), "little") for i in range(2)]
        yield from ask(msg.RPC_CMD_LOAD_TA, value, Param(msg.ATTR_RMEM_OUTPUT, 0, size, shared.c))
        found.append(parse(tee.memory.read(address, 4096)).result)
        assert b"".join(tee.memory.read(page, 4096) for page in pages)[:size] == image
        yield from ask(msg.RPC_CMD_LOAD_TA, value, Param(msg.ATTR_RMEM_OUTPUT, 0, 10, shared.c))
        found.append(parse(tee.memory.read(address, 4096)).result)
        yield from ask(msg.RPC_CMD_SHM_FREE, Param(msg.ATTR_VALUE_INPUT, 0, shared.c))
        yield from ask(msg.RPC_CMD_SHM_FREE, Param(msg.ATTR_VALUE_INPUT, 0, shared.c))
        found.append(parse(tee.memory.read(address, 4096)).result)
        yield from ask(msg.RPC_CMD_LOAD_TA, Param(msg.ATTR_VALUE_INPUT), Param(msg.ATTR_TMEM_OUTPUT))
        found.append(parse(tee.memory.read(address, 4096)).result)
        yield (smc.RPC_FREE, *smc.split(cookie))

    _, driver, memory = made(load, Images([tmp_path / "none", tmp_path]))
    before = memory.free_bytes
    session = Context(driver).open_session(TA)
    session.invoke(0)
    assert found == [
        gp.TEE_SUCCESS,
        gp.TEE_ERROR_SHORT_BUFFER,
        gp.TEE_ERROR_BAD_PARAMETERS,
        gp.TEE_ERROR_ITEM_NOT_FOUND,
    ]
    driver.close()
    assert memory.free_bytes == before


def test_given_images_come_first(tmp_path: Path) -> None:
    (tmp_path / f"{TA}.ta").write_bytes(b"file")
    images = Images([tmp_path])
    assert (images.size(TA), images.load(TA)) == (4, b"file")
    images.add(TA, b"given")
    assert (images.size(TA), images.load(TA)) == (5, b"given")
    assert images.size(UUID(int=1)) is None


def test_one_thread_of_the_tee_wakes_another() -> None:
    waiting = Rpcs(Message(msg.RPC_CMD_NOTIFICATION, params=[Param(msg.ATTR_VALUE_INPUT, 0, 9)]))
    waking = Rpcs(Message(msg.RPC_CMD_NOTIFICATION, params=[Param(msg.ATTR_VALUE_INPUT, 1, 9)]))

    def either(tee: FakeTee, message: Message) -> Work:
        return (waiting if message.function == 1 else waking)(tee, message)

    _, driver, _ = made(either)
    session = Context(driver).open_session(TA)
    other = threading.Thread(target=session.invoke, args=(1,))
    other.start()
    session.invoke(2)
    other.join(10)
    assert not other.is_alive()
    assert waiting.answers[0].result == gp.TEE_SUCCESS


def test_an_interrupted_rpc_leaves_no_thread_behind() -> None:
    """Ctrl-C while the TEE sleeps: the call is brought to its end first, and then it is raised."""

    class Impatient(Clock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    ta = Rpcs(Message(msg.RPC_CMD_SUSPEND, params=[Param(msg.ATTR_VALUE_INPUT, 60_000)]))
    memory = normal_memory()
    tee = FakeTee(memory, ta)
    driver = Driver(tee, memory, Images(), Impatient())
    session = Context(driver).open_session(TA)
    with pytest.raises(KeyboardInterrupt):
        session.invoke(0)
    assert len(ta.answers) == 1
    assert not tee._threads
