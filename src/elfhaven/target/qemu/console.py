# SPDX-License-Identifier: BSD-2-Clause
"""The guest's shell on this terminal."""

from __future__ import annotations

import os
import select
import socket
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from elfhaven.target.qemu.boot import CONSOLE
from elfhaven.target.qemu.machine import Machine
from elfhaven.target.qemu.port import connected

LEAVE: Final = b"\x1d"  # Ctrl-]
_SIZE: Final = 65536


def attach(machine: Machine) -> None:
    """Joins standard input and output to a shell of the guest until one of them ends, or Ctrl-] is typed."""
    with connected(machine.path / CONSOLE) as console, _raw(sys.stdin.fileno()):
        console.sendall(b"\n")  # for a prompt
        _relay(console, sys.stdin.fileno(), sys.stdout.fileno())


def _relay(console: socket.socket, source: int, sink: int) -> None:
    """Where the input ends, what the guest still prints within a second is shown."""
    sources: list[int | socket.socket] = [console, source]
    while ready := select.select(sources, [], [], None if len(sources) == 2 else 1.0)[0]:
        if console in ready:
            data = console.recv(_SIZE)
            if not data:
                return
            _write(sink, data)
        if source in ready:
            data = os.read(source, _SIZE)
            if LEAVE in data:
                return
            if not data:
                sources.remove(source)
            console.sendall(data)


def _write(sink: int, data: bytes) -> None:
    while data:
        data = data[os.write(sink, data) :]


@contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """A terminal passes every key on meanwhile; anything else stays as it is."""
    if not os.isatty(terminal):
        yield
        return
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
