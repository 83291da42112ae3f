# SPDX-License-Identifier: BSD-2-Clause
"""Time, random numbers, properties, other TAs, sockets, arithmetic, cancellation."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from uuid import UUID

import pytest

from elfhaven.client import AccessDenied, Cancelled, Context, MemRef, Operation, TargetDead, Value
from elfhaven.ta import (
    BadFormat,
    BadParameters,
    ItemNotFound,
    Properties,
    Room,
    ShortBuffer,
    TaSession,
    TcpStream,
    Time,
    TimeNotSet,
    UdpSocket,
    ValueInout,
    ValueInput,
    ValueOutput,
    arithmetic,
    is_cancelled,
    mask_cancellation,
    random_bytes,
    ree_time,
    set_ta_time,
    system_time,
    ta_time,
    unique_key,
    unmask_cancellation,
    wait,
)
from elfhaven.target.emulator import Emulator
from elfhaven.tee_errors import NumberOverflow

from .conftest import Inside
from .tas import Asking, Counter, HelloWorld

BENCH = UUID("c0c0a000-0000-4000-8000-00000000be9c")


def test_time(inside: Inside) -> None:
    def work() -> None:
        with pytest.raises(TimeNotSet):
            ta_time()
        set_ta_time(Time(1000, 500))
        assert ta_time().seconds in (1000, 1001)
        assert abs(ree_time().seconds - time.time()) < 5
        before = system_time()
        wait(20)
        after = system_time()
        assert 1000 * (after.seconds - before.seconds) + after.millis - before.millis >= 20

    inside(work)


def test_random(inside: Inside) -> None:
    one, two = inside(random_bytes, 10_000), inside(random_bytes, 10_000)
    assert len(one) == len(two) == 10_000
    assert one != two
    assert inside(random_bytes, 0) == b""


def test_properties(inside: Inside) -> None:
    def work() -> None:
        ta, client, tee = Properties.ta(), Properties.client(), Properties.tee()
        assert ta.uuid("gpd.ta.appID") == BENCH
        assert ta.u32("gpd.ta.dataSize") == 256 << 10
        assert ta.boolean("gpd.ta.singleInstance") is False
        assert ta.string("gpd.ta.singleInstance") == "false"
        assert ta.string("gpd.ta.version") == "1.0"
        assert client.identity("gpd.client.identity").login_name == "TEE_LOGIN_PUBLIC"
        assert client.string("gpd.client.identity") == f"0:{UUID(int=0)}"
        assert tee.string("gpd.tee.description") == "OPTEE"
        assert tee.u64("gpd.tee.systemTime.protectionLevel") == 1000
        assert len(tee.binary("com.microsoft.ta.endorsementSeed")) == 36
        assert "gpd.ta.appID" in list(ta)
        assert {"gpd.tee.apiversion", "gpd.tee.deviceID"} <= set(tee)
        with pytest.raises(ItemNotFound):
            ta.string("gpd.no.such")
        with pytest.raises(BadFormat):
            ta.u32("gpd.ta.version")

    inside(work)


def test_another_ta(inside: Inside) -> None:
    def work() -> None:
        with TaSession(HelloWorld.uuid) as session:
            value = ValueInout(41)
            assert session.invoke(0, value) == [(42, 0)]
            assert value.a == 42
            assert session.invoke(1, b"you", Room(20)) == [None, b"hello you"]
            assert session.invoke(2, bytearray(b"abc")) == [b"cba"]
            with pytest.raises(ShortBuffer) as caught:
                session.invoke(1, b"you", Room(2))
            assert caught.value.sizes == (None, 9)
            with pytest.raises(TargetDead) as dead:
                session.invoke(4, ValueInput(7))
            assert dead.value.origin_name == "the TEE"
        with TaSession(Asking.uuid) as session:
            uuid, login = session.invoke(0, Room(16), ValueOutput())
            assert (uuid, login) == (BENCH.bytes, (0xF000_0000, 0))
        with pytest.raises(ItemNotFound):
            TaSession(UUID(int=5))
        TaSession(Counter.uuid)  # left open: it ends with its owner

    inside(work)


def test_a_key_of_the_device(inside: Inside) -> None:
    keys = {inside(unique_key, 32, extra) for extra in (b"", b"1", b"")}
    assert len(keys) == 2
    assert {len(key) for key in keys} == {32}


def test_sockets(inside: Inside) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                peer.sendall(peer.recv(100).upper())

        def work() -> None:
            with TcpStream("127.0.0.1", server.getsockname()[1], 1) as stream:
                stream.send_all(b"hello")
                assert stream.receive(100, 5000) == b"HELLO"
                assert stream.receive(100, 5000) == b""

        thread = threading.Thread(target=serve)
        thread.start()
        inside(work)
        thread.join()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)

        def datagram() -> None:
            with UdpSocket("127.0.0.1", peer.getsockname()[1], 1) as udp:
                assert udp.send(b"ping") == 4

        inside(datagram)
        assert peer.recv(100) == b"ping"


def test_arithmetic(inside: Inside) -> None:
    a = arithmetic
    assert a.from_octets(b"\1\2", True) == -258
    assert a.to_octets(-258) == b"\1\2"
    assert a.to_octets(0) == b""
    assert (a.to_s32(-(1 << 31)), a.compare(-1, 2), a.compare(3, 3)) == (-(1 << 31), -1, 0)
    with pytest.raises(NumberOverflow):
        a.to_s32(1 << 31)
    assert (a.shift_right(-5, 1), a.bit(-4, 2), a.with_bit(-4, 0, True), a.bit_count(-8)) == (-2, True, -5, 4)
    assert [a.divide(*pair) for pair in ((53, 7), (-53, 7), (53, -7), (-53, -7))] == [
        (7, 4),
        (-7, -4),
        (-7, 4),
        (7, -4),
    ]
    assert (a.mod(-5, 7), a.add_mod(5, 6, 7), a.sub_mod(1, 6, 7), a.mul_mod(3, 5, 7)) == (2, 4, 2, 1)
    assert (a.exp_mod(3, 20, 7), a.inverse_mod(3, 7), a.relative_prime(6, 35)) == (2, 5, True)
    g, u, v = a.extended_gcd(-240, 46)
    assert (g, u * -240 + v * 46) == (2, 2)
    for wrong in (lambda: a.divide(1, 0), lambda: a.mod(1, 1), lambda: a.inverse_mod(2, 4)):
        with pytest.raises(BadParameters):
            wrong()
    with pytest.raises(BadParameters):
        a.exp_mod(2, 2, 8)
    primes = inside(lambda: [n for n in (0, 1, 2, 37, 561, 2**127 - 1, 2**127 - 3) if a.is_probable_prime(n)])
    assert primes == [2, 37, 2**127 - 1]


def test_masking(inside: Inside) -> None:
    assert inside(lambda: (unmask_cancellation(), mask_cancellation(), mask_cancellation())) == (
        True,
        False,
        True,
    )
    assert inside(is_cancelled) is False


def test_cancelling_from_another_thread(tee: Callable[..., Context]) -> None:
    with tee(Asking).open_session(Asking.uuid) as session:
        operation = Operation(Value(20_000))
        timer = threading.Timer(0.2, operation.cancel)
        timer.start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            session.invoke(1, operation=operation)
        with pytest.raises(Cancelled):
            session.invoke(1, Value(20_000), timeout=0.2)
        assert time.monotonic() - began < 10
        session.invoke(1, Value(1), timeout=10)


def test_the_rights_of_a_client(boot: Callable[..., Emulator]) -> None:
    with boot(Asking).context.open_session(Asking.uuid) as session:
        uuid, login = session.invoke(0, MemRef.output(16), Value.output())
        assert (uuid, login.a) == (bytes(16), 0)


def test_the_rights_of_memory(tee: Callable[..., Context]) -> None:
    """A client's memory is of the normal world; what a TA gives is secure."""
    with tee(Asking).open_session(Asking.uuid) as session:
        session.invoke(3, MemRef.input(b"data"), Value(0))
        with pytest.raises(AccessDenied):
            session.invoke(3, MemRef.input(b"data"), Value(1))


def test_a_ta_that_does_not_end(boot: Callable[..., Emulator]) -> None:
    """It is ended from another thread, as one that runs on the processor is; the emulator goes on."""
    emulator = boot(Asking, HelloWorld)
    with emulator.context.open_session(Asking.uuid) as session:
        timer = threading.Timer(0.3, emulator.interrupt)
        timer.start()
        with pytest.raises(TargetDead):
            session.invoke(2)
    assert any("stopped from outside" in line for line in emulator.console)
    with emulator.context.open_session(HelloWorld.uuid) as session:
        assert session.invoke(0, Value.inout(1))[0].a == 2


def test_a_ta_that_waits_is_ended_too(boot: Callable[..., Emulator]) -> None:
    emulator = boot(Asking)
    with emulator.context.open_session(Asking.uuid) as session:
        threading.Timer(0.3, emulator.interrupt).start()
        with pytest.raises(TargetDead):
            session.invoke(1, Value(20_000))
