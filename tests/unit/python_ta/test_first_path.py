# SPDX-License-Identifier: BSD-2-Clause
"""A Python TA answers a Python client and a C client; what it does wrong is what an ELF TA would get."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.support import zig
from tests.unit.secure import probe
from tests.unit.secure.probe import Probe

from elfhaven.client import (
    AccessDenied,
    BadParameters,
    Busy,
    Context,
    MemRef,
    NotSupported,
    ShortBuffer,
    TargetDead,
    Value,
)
from elfhaven.ta import TaSession, TrustedApplication, ValueInout, command, python_ta
from elfhaven.target.emulator import Emulator
from elfhaven.target.ree import run_on
from elfhaven.target.state import StateDirectory

from .tas import Counter, HelloWorld

C_CLIENT = Path(__file__).parents[3] / "examples/ta/hello_world/client.c"
Boot = Callable[..., Emulator]
Tee = Callable[..., Context]


def test_python_client(boot: Boot) -> None:
    context = boot(HelloWorld).context
    with context.open_session(HelloWorld.uuid) as session:
        assert session.invoke(0, Value.inout(41, 7)) == [Value(42, 7, Value.output().direction)]
        assert session.invoke(1, MemRef.input(b"world"), MemRef.output(64)) == [None, b"hello world"]
        assert bytes(session.invoke(2, MemRef.inout(bytearray(b"abc")))[0]) == b"cba"


def test_c_client(boot: Boot) -> None:
    """A C program with the ioctls of <linux/tee.h>, as a process of the emulated normal world."""
    source = C_CLIENT.read_text()
    program = zig.compile_program(source, target=zig.AARCH64, flags=("-static", "-O1", "-w"))
    out = bytearray()
    status = run_on(boot(HelloWorld), program, [str(program), "41"], stdout=out.extend, env={})
    assert (status, out.decode()) == (0, "opened 0\nincremented 0 42\nwrong types 0 ffff0006 from 4\n")


def test_types_are_checked_before_the_body_runs(tee: Tee) -> None:
    context = tee(HelloWorld)
    with context.open_session(HelloWorld.uuid) as session:
        with pytest.raises(BadParameters) as caught:
            session.invoke(0, Value(1))
        assert caught.value.origin_name == "the trusted application"
        assert any("expected (value inout), got (value input)" in line for line in context.console)
        with pytest.raises(NotSupported):
            session.invoke(99)
        (_, _, _, types) = session.invoke(5, Value(), None, MemRef.input(b"x"), Value.output())
        assert types.a == 0x2501


def test_a_short_buffer_tells_the_size(tee: Tee) -> None:
    with tee(HelloWorld).open_session(HelloWorld.uuid) as session:
        with pytest.raises(ShortBuffer) as caught:
            session.invoke(1, MemRef.input(b"world"), MemRef.output(3))
        assert caught.value.sizes == (None, 11)


@pytest.mark.parametrize(
    "command, params, said", [(3, (), "KeyError: 'no such thing'"), (4, (Value(7),), "")]
)
def test_a_bug_and_a_panic_end_the_ta(boot: Boot, command: int, params: tuple[Value, ...], said: str) -> None:
    emulator = boot(HelloWorld)
    with emulator.context.open_session(HelloWorld.uuid) as session:
        for _ in range(2):
            with pytest.raises(TargetDead):
                session.invoke(command, *params)
        text = "\n".join(emulator.console)
        assert said in text
        assert f"TA panicked with code {'0x7' if params else '0xffff0000'}" in text
        with emulator.context.open_session(HelloWorld.uuid) as another:
            assert another.invoke(0, Value.inout(1))[0].a == 2


def test_instances_and_sessions(boot: Boot) -> None:
    context = boot(Counter, HelloWorld).context
    with context.open_session(Counter.uuid) as one, context.open_session(Counter.uuid) as two:
        assert one.invoke(0, Value(5), Value.output())[1].a == 5
        answer = two.invoke(0, Value(3), Value.output())[1]
        assert (answer.a, answer.b) == (8, 3)
        with pytest.raises(AccessDenied):
            context.open_session(Counter.uuid, Value(1))
    with context.open_session(Counter.uuid) as three:
        assert three.invoke(0, Value(1), Value.output())[1].a == 1


def test_one_session_at_a_time(tee: Tee) -> None:
    class Single(HelloWorld):
        uuid = "c0c0a000-0000-4000-8000-000000000002"
        single_instance = True

    context = tee(Single)
    with context.open_session(Single.uuid), pytest.raises(Busy):
        context.open_session(Single.uuid)


def test_many_sessions_leave_nothing(boot: Boot) -> None:
    """No page of the secure world, and nothing of the host's memory: what is held after 1,100 is what was
    held after 100."""
    emulator = boot(HelloWorld)

    def held(sessions: int) -> int:
        for _ in range(sessions):
            with emulator.context.open_session(HelloWorld.uuid) as session:
                session.invoke(0, Value.inout(1))
                session.invoke(1, MemRef.input(b"you"), MemRef.output(64))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    held(50)
    tracemalloc.start()
    try:
        grown = -held(100) + held(1000)
    finally:
        tracemalloc.stop()
    assert grown < 16 << 10
    assert emulator.core.leaks()["pages"] == 0


def test_an_elf_ta_is_asked(tmp_path: Path) -> None:
    """A Python TA opens a session with a TA that runs on the processor; both die and live apart."""
    uuid = uuid4()
    device = StateDirectory(tmp_path / "device")
    (tmp_path / "device" / "trusted").mkdir()
    pem = probe.key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "device" / "trusted" / "probe.pem").write_bytes(pem)

    class Asks(TrustedApplication):
        uuid = "c0c0a000-0000-4000-8000-000000000004"

        @command(0)
        def ask(self, value: ValueInout) -> None:
            with TaSession(uuid) as elf:
                (answer,) = elf.invoke(Probe.ECHO, ValueInout(value.a, value.b))
                assert isinstance(answer, tuple)
                value.a, value.b = answer

        @command(1)
        def kill(self) -> None:
            with TaSession(uuid) as elf:
                elf.invoke(Probe.TRAP)

    with (
        Emulator(device, images={uuid: probe.signed(uuid)}, hosted_tas=[python_ta(Asks)]) as emulator,
        emulator.context.open_session(uuid) as elf,
        emulator.context.open_session(Asks.uuid) as session,
    ):
        params = Value.inout(0x1234, 41)
        expected = elf.invoke(Probe.ECHO, params)
        assert session.invoke(0, params) == expected
        with pytest.raises(TargetDead) as caught:
            session.invoke(1)
        assert caught.value.origin_name == "the trusted application"
        assert session.invoke(0, params) == expected
