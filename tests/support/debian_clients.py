# SPDX-License-Identifier: BSD-2-Clause
"""Clients of TAs that Debian ships, written against elfhaven.client alone: each gives what it saw."""

from __future__ import annotations

import hashlib
import struct
import threading
from collections.abc import Callable
from typing import Any

from elfhaven.client import (
    BadParameters,
    Cancelled,
    Context,
    Direction,
    ItemNotFound,
    Login,
    MemRef,
    Operation,
    Session,
    SessionPool,
    ShortBuffer,
    TargetDead,
    Value,
)

OS_TEST = "5b9e0e40-2636-11e1-ad9e-0002a5d5c51b"
CRYPT = "cb3e5ba0-adf1-11e0-998b-0002a5d5c51b"
STORAGE = "b689f2a7-8adf-477a-9f99-32e90c0ad0a2"
PKCS11 = "fd02c9da-306c-48c7-a49c-bbd827ae86ee"
STORES = ("usr/lib/optee_armtz", "usr/lib/optee-os-dev/vexpress-qemu_armv8a/ta")  # in Debian's packages
PRIVATE, ALL_ACCESS = 1, 7
Client = Callable[[Context], list[Any]]


def os_test(tee: Context) -> list[Any]:
    """Values, identities, waiting and cancelling, a TA that panics."""
    panic, wait, global_var, identity = 6, 9, 18, 20
    seen: list[Any] = []
    with tee.open_session(OS_TEST) as session:
        seen.append(session.invoke(global_var, Value.output()))
        seen.append(session.invoke(identity, Value.output(), MemRef.output(16)))
        session.invoke(wait, Value(1))
        operation = Operation(Value(20_000))
        threading.Timer(0.2, operation.cancel).start()
        seen.append(_refused(Cancelled, lambda: session.invoke(wait, operation=operation)))
        seen.append(_refused(Cancelled, lambda: session.invoke(wait, Value(20_000), timeout=0.2)))
        seen.append(_refused(BadParameters, lambda: session.invoke(global_var)))
        seen += [_refused(TargetDead, lambda: session.invoke(panic)) for _ in range(2)]
    with tee.open_session(OS_TEST, login=Login.USER) as session:
        login, _ = session.invoke(identity, Value.output(), MemRef.output(16))
        seen.append(login)
    return seen


def crypt(tee: Context) -> list[Any]:
    """Buffers of all kinds: for one call, allocated, registered; sessions from a pool."""
    sha256, encrypt, decrypt, random = 2, 3, 4, 32
    text = bytes(range(64))
    seen: list[Any] = []
    with tee.open_session(CRYPT) as session:
        _, digest = session.invoke(sha256, MemRef.input(b"abc"), MemRef.output(32))
        assert digest == hashlib.sha256(b"abc").digest()
        _, hidden = session.invoke(encrypt, MemRef.input(text), MemRef.output(64))
        seen.append(hidden)
        mine = bytearray(128)
        with tee.register(mine) as shared, tee.allocate(4096) as fresh:
            mine[:64] = text
            halves = shared.ref(Direction.INPUT, 0, 64), shared.ref(Direction.OUTPUT, 64)
            assert session.invoke(encrypt, *halves)[1] == 64
            assert mine[64:] == hidden
            fresh.view[:64] = hidden
            halves = fresh.ref(Direction.INPUT, 0, 64), fresh.ref(Direction.OUTPUT, 1000, 64)
            assert session.invoke(decrypt, *halves)[1] == 64
            assert bytes(fresh.view[1000:1064]) == text
        one, two = (session.invoke(random, MemRef.output(32))[0] for _ in range(2))
        assert one != two
        seen.append(_refused(BadParameters, lambda: session.invoke(sha256, Value())))
    with SessionPool(tee, CRYPT, 2) as pool, pool.session() as a, pool.session() as b:
        seen += [each.invoke(encrypt, MemRef.input(text), MemRef.output(64))[1] == hidden for each in (a, b)]
    return seen


def storage(tee: Context) -> list[Any]:
    """An object through its life."""
    opening, closing, reading, writing, creating, unlinking = 0, 1, 2, 3, 4, 6
    name = MemRef.input(b"elfhaven")
    seen: list[Any] = []

    def handle(answer: list[Any]) -> Value:
        value = answer[1]
        assert isinstance(value, Value)
        return Value(value.b)

    with tee.open_session(STORAGE) as session:

        def found() -> Value:
            return handle(session.invoke(opening, name, Value.inout(ALL_ACCESS), Value(PRIVATE)))

        seen.append(_refused(ItemNotFound, found))
        flags = Value.inout(ALL_ACCESS)
        made = handle(session.invoke(creating, name, flags, Value(0, PRIVATE), MemRef.input(b"first")))
        session.invoke(writing, MemRef.input(b" and second"), made)
        session.invoke(closing, made)
        again = found()
        data, count = session.invoke(reading, MemRef.output(100), Value.inout(again.a))
        assert isinstance(count, Value)
        seen += [data, count.b]
        session.invoke(unlinking, again)
        seen.append(_refused(ItemNotFound, found))
    return seen


def pkcs11(tee: Context) -> list[Any]:
    """Answers in a protocol of the TA's own: a status in the first buffer, results in the third."""
    ping, slots, slot_info, mechanisms = 0, 1, 2, 4
    seen: list[Any] = []

    def ask(session: Session, command: int, room: int, *words: int) -> bytes:
        control = bytearray(struct.pack(f"<{len(words)}I", *words) or bytes(4))
        status, _, out = session.invoke(command, MemRef.inout(control), None, MemRef.output(room))
        assert isinstance(out, bytes)
        assert bytes(memoryview(status)[:4]) == bytes(4)  # type: ignore[arg-type]
        return out

    with tee.open_session(PKCS11) as session:
        seen.append(ask(session, ping, 12))
        seen.append(ask(session, slots, 64))
        seen.append(ask(session, slot_info, 104, 0).partition(b"UUID")[0])
        seen.append(len(ask(session, mechanisms, 4096, 0)) > 40)
        control = MemRef.inout(bytearray(4))
        with_little = [control, None, MemRef.output(4)]
        seen.append(_short(lambda: session.invoke(slots, *with_little)))
    return seen


CLIENTS: dict[str, Client] = {"os_test": os_test, "crypt": crypt, "storage": storage, "pkcs11": pkcs11}


def _refused(kind: type[Exception], call: Callable[[], object]) -> tuple[str, str]:
    """The name of the error that a call gives, and who it comes from."""
    try:
        call()
    except kind as error:
        return type(error).__name__, getattr(error, "origin_name", "")
    raise AssertionError(f"no {kind.__name__}")


def _short(call: Callable[[], object]) -> object:
    """What a call says that it needs: an error of the TEE, or a status of the TA's own."""
    try:
        return call()
    except ShortBuffer as error:
        return error.sizes
