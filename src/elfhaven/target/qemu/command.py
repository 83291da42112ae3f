# SPDX-License-Identifier: BSD-2-Clause
"""A command of the guest, run as root: its input, what it prints and its status are the caller's.

Whoever runs it may die: the command ends with the connection.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from elfhaven.abi import bridge as wire
from elfhaven.errors import TargetError, UsageError
from elfhaven.normal.bridge_link import Link, frame
from elfhaven.target.qemu.initramfs import COMMANDS
from elfhaven.target.qemu.machine import Machine
from elfhaven.target.qemu.port import PATIENCE, free_port, stream_of

Sink = Callable[[bytes], object]
_POLL: Final = 0.05


def run_command(
    machine: Machine,
    words: Sequence[str],
    *,
    stdin: int | bytes = b"",
    output: Sink,
    errors: Sink,
    terminal: bool = False,
) -> int:
    """Runs `words` in the guest; its exit status, 128 + n where signal n ended it, 127 where it is none.

    `stdin`: a descriptor that is read to its end, or bytes. `terminal`: the command prints to one, so that
    each line comes at once. Raises UsageError for words that no command can have, TargetError.
    """
    payload = b"".join(word.encode() + b"\0" for word in words)
    if not words or len(words) > wire.WORDS or len(payload) > wire.INPUT_MAX:
        raise UsageError(
            f"a command of the guest has 1 to {wire.WORDS} words of {wire.INPUT_MAX} bytes together"
        )
    if any("\0" in word for word in words):
        raise UsageError("a word of a command cannot hold a NUL byte")
    link = _started(machine, payload, len(words), terminal)
    try:
        threading.Thread(target=_feed, args=(link, stdin), daemon=True).start()
        return _carry(machine, link, output, errors)
    finally:
        link.close()


def captured(machine: Machine, words: Sequence[str], stdin: int | bytes = b"") -> tuple[int, bytes, bytes]:
    """A command's status, and all that it printed on its standard output and error."""
    output, errors = bytearray(), bytearray()
    status = run_command(machine, words, stdin=stdin, output=output.extend, errors=errors.extend)
    return status, bytes(output), bytes(errors)


def _started(machine: Machine, payload: bytes, words: int, terminal: bool) -> Link:
    port, lock = free_port(machine, COMMANDS)
    try:
        for patience in PATIENCE:
            link = Link(stream_of(machine, port, lock))
            try:
                if _begin(link, payload, words, terminal, patience):
                    return link
            except (OSError, EOFError):
                pass
            link.close()
            time.sleep(_POLL)  # long enough for the guest to see that nobody is there
    finally:
        os.close(lock)
    raise machine.crashed("does not run the command")


def _begin(link: Link, payload: bytes, words: int, terminal: bool, patience: float) -> bool:
    """Whether the command started. What the port still carries of a command before is skipped."""
    nonce = secrets.randbits(64)
    link.send((frame(wire.Kind.COMMAND, 0, wire.COMMAND.struct.pack(nonce, terminal, words), payload),))
    return link.find(frame(wire.Kind.STARTED, 0, wire.STARTED.struct.pack(nonce)), patience)


def _carry(machine: Machine, link: Link, output: Sink, errors: Sink) -> int:
    while True:
        try:
            heard = link.take()
        except (EOFError, OSError):
            raise machine.lost(" while a command ran") from None
        if heard.kind == wire.Kind.OUTPUT:
            output(heard.payload)
        elif heard.kind == wire.Kind.ERRORS:
            errors(heard.payload)
        elif heard.kind == wire.Kind.EXITED:
            status: int = wire.EXITED.struct.unpack(heard.payload)[0]
            return status
        else:
            raise TargetError("the guest's end of the command died", "run it again")


def _feed(link: Link, stdin: int | bytes) -> None:
    try:
        if isinstance(stdin, bytes):
            for at in range(0, len(stdin), wire.INPUT_MAX):
                link.send((frame(wire.Kind.INPUT, 0, stdin[at : at + wire.INPUT_MAX]),))
        else:
            while data := os.read(stdin, wire.INPUT_MAX):
                link.send((frame(wire.Kind.INPUT, 0, data),))
        link.send((frame(wire.Kind.INPUT, 0),))
    except OSError:
        pass  # the command has ended: nobody reads its input any more
