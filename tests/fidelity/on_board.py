# SPDX-License-Identifier: BSD-2-Clause
"""Runs on the board, with its python3: plays on the board's own TEE and prints what it saw as JSON.

on_board.py operations          every operation of the transport, on TAs of OP-TEE's own test suite
on_board.py commands JSON       command lines in this process: [status, what stderr says] of each
on_board.py user UID GROUP JSON the same as another user, in one group
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from elfhaven.abi import tee_ioctl as tee
from elfhaven.errors import ElfhavenError, TeeError
from elfhaven.normal.client import Context, Direction, Login, MemRef, Operation, Session, Value
from elfhaven.target.device.node import find
from elfhaven.target.device.transport import DeviceTransport

CRYPT = UUID("cb3e5ba0-adf1-11e0-998b-0002a5d5c51b")  # of xtest: command 2 is SHA-256
OS_TEST = UUID("5b9e0e40-2636-11e1-ad9e-0002a5d5c51b")  # of xtest: see the two numbers
SHA256, WAIT, WHO = 2, 9, 20
PACKAGES = ("unicorn", "greenlet", "cryptography", "elftools", "msgspec", "click")


def seen(action: Callable[[], object]) -> object:
    """What an action gives: its result, or an error's code and origin."""
    try:
        return action()
    except TeeError as error:
        return [error.code, error.origin]
    except ElfhavenError as error:
        return str(error)


def _hashes(context: Context, session: Session, registers: bool = True) -> dict[str, object]:
    own = bytearray(b"......abc" + bytes(100))
    found: dict[str, object] = {}
    found["temporary"] = _hex(session.invoke(SHA256, MemRef.input(b"abc"), MemRef.output(32))[1])
    found["null"] = _hex(session.invoke(SHA256, MemRef(Direction.INPUT), MemRef.output(32))[1])
    with context.allocate(200000) as memory:
        memory.view[99999:100002] = b"abc"
        size = session.invoke(
            SHA256, memory.ref(Direction.INPUT, 99999, 3), memory.ref(Direction.OUTPUT, 7, 32)
        )
        found["allocated"] = [_hex(memory.view[7:39]), size[1]]
    if registers:
        with context.register(own) as memory:
            session.invoke(SHA256, memory.ref(Direction.INPUT, 6, 3), memory.ref(Direction.OUTPUT, 20, 32))
            found["registered"] = _hex(own[20:52])
    return found


def _hex(data: object) -> str:
    return bytes(data).hex()  # type: ignore[call-overload, no-any-return]


def _logins(context: Context) -> dict[str, object]:
    def who(login: Login, group: int) -> object:
        with context.open_session(OS_TEST, login=login, group=group) as session:
            value, uuid = session.invoke(WHO, Value.output(), MemRef.output(16))
            return [value.a, str(UUID(bytes_le=bytes(uuid)))]  # type: ignore[union-attr, arg-type]

    logins = (
        (Login.PUBLIC, 0),
        (Login.USER, 0),
        (Login.GROUP, 0),
        (Login.GROUP, 4321),
        (Login.APPLICATION, 0),
    )
    return {f"{login.name} {group}": seen(lambda a=login, b=group: who(a, b)) for login, group in logins}


def _cancelled(context: Context) -> object:
    with context.open_session(OS_TEST) as session:
        operation = Operation(Value(1500))
        threading.Timer(0.5, operation.cancel).start()
        before = seen(lambda: session.invoke(WAIT, Value(100)))
        return [before, seen(lambda: session.invoke(WAIT, operation=operation))]


def _limits(context: Context, session: Session) -> dict[str, object]:
    def share(mib: int) -> object:
        with context.allocate(mib << 20) as memory:
            session.invoke(SHA256, memory.ref(Direction.INPUT), MemRef.output(32))
        return "shared"

    return {str(mib): seen(lambda size=mib: share(size)) for mib in (1, 8, 32, 64, 4096)}


def operations() -> dict[str, object]:
    """Everything, in one process: Python takes seconds to begin on an emulated board."""
    before = len(os.listdir("/proc/self/fd"))
    found: dict[str, object] = {"packages": [name for name in PACKAGES if importlib.util.find_spec(name)]}
    transport = DeviceTransport(find())
    with Context(transport) as context, context.open_session(CRYPT) as session:
        found["hashes"] = _hashes(context, session)
        found["limits"] = _limits(context, session)
        found["logins"] = _logins(context)
        found["cancelled"] = _cancelled(context)
        found["no session"] = seen(lambda: Session(context, CRYPT, 4242, []).invoke(SHA256))
        found["no ta"] = seen(lambda: context.open_session(UUID(int=5)))
        found["a parameter too few"] = seen(lambda: session.invoke(SHA256, MemRef.input(b"abc")))
        transport.abort()
        found["aborted"] = seen(lambda: session.invoke(SHA256, MemRef.input(b"abc"), MemRef.output(32)))
    transport.close()
    node = find()
    node.version = replace(node.version, capabilities=tee.GEN_CAP_GP)  # as of a driver of long ago
    transport = DeviceTransport(node)
    with Context(transport) as context, context.open_session(CRYPT) as session:
        found["hashes by SHM_ALLOC"] = _hashes(context, session, registers=False)
        found["registering"] = seen(lambda: context.register(bytearray(10)))
    transport.close()
    found["descriptors"] = len(os.listdir("/proc/self/fd")) - before
    return found


def commands(lines: list[list[str]]) -> list[tuple[int, str]]:
    """Command lines; a word NAME=VALUE in front is a variable of the environment."""
    from elfhaven.cli.start import main

    found = []
    for words in lines:
        said = io.StringIO()
        variables = [word for word in words[:1] if "=" in word]
        os.environ.update(word.split("=", 1) for word in variables)
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            status = main(words[len(variables) :])
        for word in variables:
            del os.environ[word.split("=")[0]]
        found.append((status, said.getvalue()))
    return found


def play(words: list[str]) -> object:
    if words[0] == "operations":
        return operations()
    if words[0] == "user":
        os.setgroups([int(words[2])])
        os.setgid(int(words[2]))
        os.setuid(int(words[1]))
    return commands(json.loads(words[-1]))


if __name__ == "__main__":
    print(json.dumps(play(sys.argv[1:])))
