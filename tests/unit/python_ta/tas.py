# SPDX-License-Identifier: BSD-2-Clause
"""TAs for the tests of this directory."""

from __future__ import annotations

from elfhaven.ta import (
    AccessDenied,
    MemrefInout,
    MemrefInput,
    MemrefOutput,
    Params,
    Session,
    TrustedApplication,
    ValueInout,
    ValueOutput,
    client_identity,
    command,
    panic,
    unmask_cancellation,
    wait,
)


class HelloWorld(TrustedApplication):
    """One instance a session."""

    uuid = "8aaaf200-2450-11e4-abe2-0002a5d5c51b"

    @command(0)
    def increment(self, value: ValueInout) -> None:
        value.a += 1

    @command(1)
    def greet(self, name: bytes, out: MemrefOutput) -> None:
        out.write(b"hello " + name)

    @command(2)
    def reverse(self, buffer: MemrefInout) -> None:
        buffer.write(buffer.read()[::-1])

    @command(3)
    def bug(self) -> None:
        raise KeyError("no such thing")

    @command(4)
    def panic(self, code: int) -> None:
        try:
            panic(code)
        except Exception:  # a panic cannot be caught
            return

    @command(5)
    def types(self, params: Params, out: Session) -> None:
        del out
        value = params[3]
        assert isinstance(value, ValueOutput)
        value.a = params.types


class Counter(TrustedApplication):
    """One instance for all; it says what becomes of it."""

    uuid = "c0c0a000-0000-4000-8000-000000000001"
    single_instance = True
    multi_session = True

    def create(self) -> None:
        self.total = 0

    def open_session(self, session: Session, params: Params) -> None:
        if params.types:
            raise AccessDenied("no parameters here")
        session.state = 0

    @command(0)
    def count(self, session: Session, by: int, out: ValueOutput) -> None:
        self.total += by
        session.state += by
        out.a, out.b = self.total, session.state


class Asking(TrustedApplication):
    """It says who its client is, and waits."""

    uuid = "c0c0a000-0000-4000-8000-000000000003"

    @command(0)
    def who(self, session: Session, out: MemrefOutput, login: ValueOutput) -> None:
        assert session.client == client_identity()
        out.write(session.client.uuid.bytes)
        login.a = session.client.login

    @command(1)
    def wait(self, milliseconds: int) -> None:
        unmask_cancellation()
        wait(milliseconds)

    @command(2)
    def spin(self) -> None:
        while True:
            pass

    @command(3)
    def rights(self, memory: MemrefInput, secure: int) -> None:
        memory.check(write=True)
        memory.check(secure=bool(secure))
